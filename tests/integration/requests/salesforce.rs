//! What the Salesforce connector can send.
//!
//! Salesforce publishes no machine-readable description, so that this table is held against our
//! sheet of facts about its documentation and nothing else: a mistake there is a mistake here.
//! Beside the keys of the others it tells what stands in a query, because that is where a secret
//! could be selected. `/services` stands at a My Domain host; the mock strips its own name.

use std::cell::RefCell;
use std::collections::BTreeSet;

use oust_mocks::Entry;

use super::{Row, all_sent, sent};
use crate::salesforce;

const SOQL: &str = "REST API, Query [docs*]";
const JWT: &str = "OAuth 2.0 JWT Bearer Flow [docs]";
const REVOKE: &str = "Revoke OAuth Tokens [docs]";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("POST", "/services/oauth2/token", &[], &[], JWT),
    row("POST", "/services/oauth2/revoke", &[], &[], REVOKE),
    row("GET", "/services/data", &[], &[], "REST API, Versions [docs*]"),
    row("GET", "/services/data/{}/limits", &[], &[], "REST API, Limits [docs*]"),
    row("GET", "/services/data/{}/query", &["q"], &[], SOQL),
    row("GET", "/services/data/{}/query/{}", &[], &[], SOQL),
    row("GET", "/services/data/{}/sobjects/{}/describe", &[], &[], "REST API, sObject Describe [docs*]"),
    row("PATCH", "/services/data/{}/sobjects/UserLogin/{}", &[], &["IsFrozen"], "UserLogin [docs]"),
    row("DELETE", "/services/data/{}/sobjects/AuthSession/{}", &[], &[], "AuthSession [docs]"),
    row("DELETE", "/services/data/{}/composite/sobjects", &["allOrNone", "ids"], &[], "sObject Collections [docs*]; for AuthSession [inferred]"),
];

/// The object and the fields of every query that may be made, in their order.
const QUERIES: &[&str] = &[
    "SELECT Id, Username, FederationIdentifier FROM User",
    "SELECT Id FROM User",
    "SELECT COUNT() FROM User",
    "SELECT Id, UserId, IsFrozen FROM UserLogin",
    "SELECT COUNT() FROM OauthToken",
    "SELECT AppName, AppMenuItemId, LastUsedDate, UseCount FROM OauthToken",
    "SELECT AppName, AppMenuItemId, LastUsedDate, UseCount, UserId FROM OauthToken",
    "SELECT AppName, AppMenuItemId, DeleteToken FROM OauthToken",
    "SELECT Id, ParentId, SessionType, LoginType, SourceIp, CreatedDate, LastModifiedDate, \
     NumSecondsValid FROM AuthSession",
    "SELECT Id, ParentId, SessionType, LoginType, SourceIp, CreatedDate, LastModifiedDate, \
     NumSecondsValid, UsersId FROM AuthSession",
    "SELECT PermissionsApiEnabled, PermissionsManageUsers, PermissionsCustomizeApplication FROM \
     UserPermissionAccess",
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    source: &'static str,
) -> Row {
    let good: &[u16] = match (method.as_bytes(), query.len()) {
        (b"GET" | b"POST", _) | (b"DELETE", 2) => &[200],
        _ => &[204],
    };
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
    /// The queries that they made.
    static ASKED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// Holds a story's requests against the table, as it ends.
pub(crate) fn check(entries: &[Entry]) {
    let rows = sent(TABLE, entries.iter());
    SENT.with_borrow_mut(|sent| sent.extend(rows));
    for entry in entries {
        let pairs = url::form_urlencoded::parse(entry.query.as_bytes());
        for (_, soql) in pairs.filter(|(key, _)| key == "q") {
            let selected = soql.split(" WHERE ").next().unwrap_or_default();
            let row = QUERIES.iter().position(|query| *query == selected);
            let row = row.unwrap_or_else(|| panic!("no row for {soql}"));
            ASKED.with_borrow_mut(|asked| asked.insert(row));
        }
    }
}

/// Runs stories that together send everything.
#[test]
fn every_row_is_sent_by_a_story() {
    SENT.take();
    ASKED.take();
    for story in salesforce::STORIES {
        story();
    }
    all_sent(TABLE, &SENT.take());
    let asked = ASKED.take();
    let silent = (0..QUERIES.len()).filter(|row| !asked.contains(row));
    let silent: Vec<&str> = silent.map(|row| QUERIES[row]).collect();
    assert!(silent.is_empty(), "queries that no story makes: {silent:?}");
}
