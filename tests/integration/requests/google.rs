//! What the Google connector can send. Source of the `spec` rows: the Directory API's discovery
//! document, revision 20261104; it names no statuses, so that 204 is `inferred` throughout.

use super::{Request, all_sent};
use crate::google;

/// The table. `/api` and `/oauth` are where the mock stands.
#[rustfmt::skip]
pub(crate) const TABLE: &[Request] = &[
    Request { method: "POST", path: "/oauth/token", query: &[], body: &["(client assertion)"], good: &[200],
        source: "docs*: OAuth 2.0 for server-to-server applications" },
    Request { method: "GET", path: "/api/admin/directory/v1/users/{userKey}", query: &["projection"], body: &[], good: &[200],
        source: "spec: users.get" },
    Request { method: "PUT", path: "/api/admin/directory/v1/users/{userKey}", query: &[], body: &["suspended"], good: &[200],
        source: "spec: users.update" },
    Request { method: "POST", path: "/api/admin/directory/v1/users/{userKey}/signOut", query: &[], body: &[], good: &[200, 204],
        source: "spec: users.signOut" },
    Request { method: "GET", path: "/api/admin/directory/v1/users/{userKey}/tokens", query: &[], body: &[], good: &[200],
        source: "spec: tokens.list" },
    Request { method: "DELETE", path: "/api/admin/directory/v1/users/{userKey}/tokens/{clientId}", query: &[], body: &[], good: &[200, 204],
        source: "spec: tokens.delete" },
    Request { method: "GET", path: "/api/admin/directory/v1/users/{userKey}/asps", query: &[], body: &[], good: &[200],
        source: "spec: asps.list" },
    Request { method: "DELETE", path: "/api/admin/directory/v1/users/{userKey}/asps/{codeId}", query: &[], body: &[], good: &[200, 204],
        source: "spec: asps.delete" },
    Request { method: "POST", path: "/api/admin/directory/v1/users/{userKey}/verificationCodes/invalidate", query: &[], body: &[], good: &[200, 204],
        source: "spec: verificationCodes.invalidate" },
    Request { method: "GET", path: "/api/admin/reports/v1/activity/users/{userKey}/applications/token",
        query: &["eventName", "startTime", "maxResults", "pageToken?"], body: &[], good: &[200],
        source: "docs: Reports API, authorization token activity report" },
];

#[test]
fn every_request_of_the_table_is_sent_by_a_story() {
    all_sent(TABLE, google::STORIES);
}
