//! What the GitHub connector can send.
//!
//! Sources: [spec] is `github.json`, with its statuses, or the external identities of the GraphQL
//! schema; [docs] is GitHub's REST reference where the trimmed description has no such call.

use std::cell::RefCell;
use std::collections::BTreeSet;

use oust_mocks::Entry;

use super::{Row, all_sent, sent};
use crate::github;

const SPEC: &str = "github.json [spec]";
const GRAPH: &str = "github-external-identities.graphql [spec]";
const BY_ID: &str = "Get a user using their ID, users/get-by-id [docs]";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("GET", "/orgs/{}/installation", &[], &[], &[200], SPEC),
    row("GET", "/app/installations/{}", &[], &[], &[200], SPEC),
    row("POST", "/app/installations/{}/access_tokens", &[], &["permissions"], &[201], SPEC),
    row("GET", "/user", &[], &[], &[200], SPEC),
    row("GET", "/user/{}", &[], &[], &[200], BY_ID),
    row("POST", "/graphql", &[], &["query", "variables"], &[200], GRAPH),
    row("GET", "/scim/v2/organizations/{}/Users/{}", &[], &[], &[200], SPEC),
    row("GET", "/scim/v2/enterprises/{}/Users", &["filter"], &[], &[200], SPEC),
    row("GET", "/scim/v2/enterprises/{}/Users/{}", &[], &[], &[200], SPEC),
    row("PATCH", "/scim/v2/enterprises/{}/Users/{}", &[], &["Operations", "schemas"], &[200], SPEC),
    row("GET", "/users/{}", &[], &[], &[200], SPEC),
    row("GET", "/users/{}/keys", &["per_page"], &[], &[200], SPEC),
    row("GET", "/orgs/{}/credential-authorizations", &["login", "per_page"], &[], &[200], SPEC),
    row("GET", "/orgs/{}/credential-authorizations", &["per_page"], &[], &[200], SPEC),
    row("POST", "/orgs/{}/credential-authorizations/{}/revoke", &[], &[], &[202], SPEC),
    row("DELETE", "/orgs/{}/credential-authorizations/{}", &[], &[], &[204], SPEC),
    row("POST", "/enterprises/{}/credential-authorizations/{}/revoke", &[], &[], &[202], SPEC),
    row("POST", "/enterprises/{}/credential-authorizations/{}/revoke", &[], &["revoke_credentials"], &[202], SPEC),
    row("GET", "/orgs/{}/personal-access-tokens", &["per_page"], &[], &[200], SPEC),
    row("GET", "/orgs/{}/personal-access-tokens", &["owner%5B%5D", "per_page"], &[], &[200], SPEC),
    row("POST", "/orgs/{}/personal-access-tokens", &[], &["action", "pat_ids"], &[202], SPEC),
    row("POST", "/orgs/{}/personal-access-tokens/{}", &[], &["action"], &[204], SPEC),
    row("GET", "/orgs/{}/memberships/{}", &[], &[], &[200], SPEC),
    row("DELETE", "/orgs/{}/memberships/{}", &[], &[], &[204], SPEC),
    row("PUT", "/orgs/{}/memberships/{}", &[], &["role"], &[200], SPEC),
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    good: &'static [u16],
    source: &'static str,
) -> Row {
    Row {
        method,
        path,
        query,
        body,
        good,
        source,
    }
}

thread_local! {
    /// The rows that stories on this thread sent.
    static SENT: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// Holds a story's requests against the table, as it ends.
pub(crate) fn check(entries: &[Entry]) {
    let rows = sent(TABLE, entries.iter());
    SENT.with_borrow_mut(|sent| sent.extend(rows));
}

/// Runs stories that together send everything.
#[test]
fn every_row_is_sent_by_a_story() {
    SENT.take();
    for story in github::STORIES {
        story();
    }
    all_sent(TABLE, &SENT.take());
}
