//! What the Google connector can send.
//!
//! Sources: [spec] is the Directory API's discovery document, revision 20261104, which names no
//! statuses: 204 is [inferred] throughout. `/api` and `/oauth` are where the mock stands.

use std::cell::RefCell;
use std::collections::BTreeSet;

use oust_mocks::Entry;

use super::{Row, all_sent, sent};
use crate::google;

const REPORTS: &str = "Reports API, authorization token activity report [docs]";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("POST", "/oauth/token", &[], &[], "OAuth 2.0 for server-to-server applications [docs*]"),
    row("GET", "/api/admin/directory/v1/users/{}", &["projection"], &[], "users.get [spec]"),
    row("PUT", "/api/admin/directory/v1/users/{}", &[], &["suspended"], "users.update [spec]"),
    row("POST", "/api/admin/directory/v1/users/{}/signOut", &[], &[], "users.signOut [spec]"),
    row("GET", "/api/admin/directory/v1/users/{}/tokens", &[], &[], "tokens.list [spec]"),
    row("DELETE", "/api/admin/directory/v1/users/{}/tokens/{}", &[], &[], "tokens.delete [spec]"),
    row("GET", "/api/admin/directory/v1/users/{}/asps", &[], &[], "asps.list [spec]"),
    row("DELETE", "/api/admin/directory/v1/users/{}/asps/{}", &[], &[], "asps.delete [spec]"),
    row("POST", "/api/admin/directory/v1/users/{}/verificationCodes/invalidate", &[], &[], "verificationCodes.invalidate [spec]"),
    row("GET", "/api/admin/reports/v1/activity/users/{}/applications/token", &["eventName", "maxResults", "startTime"], &[], REPORTS),
    row("GET", "/api/admin/reports/v1/activity/users/{}/applications/token", &["eventName", "maxResults", "pageToken", "startTime"], &[], REPORTS),
];

const fn row(
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    body: &'static [&'static str],
    source: &'static str,
) -> Row {
    let good: &[u16] = match method.as_bytes() {
        b"GET" | b"PUT" => &[200],
        _ => &[200, 204],
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
    for story in google::STORIES {
        story();
    }
    all_sent(TABLE, &SENT.take());
}
