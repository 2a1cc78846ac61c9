//! The operations the mock knows: path, scopes, whether it changes something, who carries it out.
//!
//! `writes` is the mock's own judgement. A test compares paths and scopes with the Directory
//! API's discovery document; Reports and the token endpoint are not in it.

use super::{Call, Google};
use crate::http::{self, Request};
use crate::vendor::Answer;

type Run = fn(&mut Google, &Call<'_>) -> Answer;

/// One operation.
pub(super) struct Route {
    method: &'static str,
    path: &'static str,
    /// Any of these is enough, without their common prefix.
    pub(super) scopes: &'static [&'static str],
    writes: bool,
    pub(super) run: Run,
}

const SECURITY: &[&str] = &["admin.directory.user.security"];
const READ: &[&str] = &["admin.directory.user", "admin.directory.user.readonly"];
const CHANGE: &[&str] = &["admin.directory.user"];
const ROLES: &[&str] = &[
    "admin.directory.rolemanagement",
    "admin.directory.rolemanagement.readonly",
];
const REPORTS: &[&str] = &["admin.reports.audit.readonly"];

const fn route(
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    writes: bool,
    run: Run,
) -> Route {
    Route {
        method,
        path,
        scopes,
        writes,
        run,
    }
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route("GET", "/admin/directory/v1/users", READ, false, Google::list_users),
    route("GET", "/admin/directory/v1/users/{userKey}", READ, false, Google::get_user),
    route("PUT", "/admin/directory/v1/users/{userKey}", CHANGE, true, Google::update_user),
    route("POST", "/admin/directory/v1/users/{userKey}/signOut", SECURITY, true, Google::sign_out),
    route("GET", "/admin/directory/v1/users/{userKey}/tokens", SECURITY, false, Google::list_tokens),
    route("GET", "/admin/directory/v1/users/{userKey}/tokens/{clientId}", SECURITY, false, Google::get_token),
    route("DELETE", "/admin/directory/v1/users/{userKey}/tokens/{clientId}", SECURITY, true, Google::delete_token),
    route("GET", "/admin/directory/v1/users/{userKey}/asps", SECURITY, false, Google::list_asps),
    route("GET", "/admin/directory/v1/users/{userKey}/asps/{codeId}", SECURITY, false, Google::get_asp),
    route("DELETE", "/admin/directory/v1/users/{userKey}/asps/{codeId}", SECURITY, true, Google::delete_asp),
    route("GET", "/admin/directory/v1/users/{userKey}/verificationCodes", SECURITY, false, Google::list_codes),
    route("POST", "/admin/directory/v1/users/{userKey}/verificationCodes/invalidate", SECURITY, true, Google::invalidate_codes),
    route("POST", "/admin/directory/v1/users/{userKey}/twoStepVerification/turnOff", SECURITY, true, Google::turn_off_2sv),
    route("GET", "/admin/directory/v1/customer/{customer}/roles", ROLES, false, Google::list_roles),
    route("GET", "/admin/directory/v1/customer/{customer}/roleassignments", ROLES, false, Google::list_role_assignments),
    route("GET", "/admin/reports/v1/activity/users/{userKey}/applications/{applicationName}", REPORTS, false, Google::list_activities),
];

/// The route of a request below `/api`, and its path parameters.
pub(super) fn find(method: &str, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, http::fit(route.path, segments)?)))
}

/// Whether a request goes to something that changes the Workspace. Tokens for us do not; what is
/// unknown is taken to, unless read by GET.
pub(super) fn is_write(request: &Request) -> bool {
    let segments = http::segments(&request.path);
    match segments.first().map(String::as_str) {
        Some("oauth") => false,
        Some("api") => {
            find(&request.method, &segments[1..]).map_or(request.method != "GET", |(r, _)| r.writes)
        }
        _ => request.method != "GET",
    }
}

/// Method, path, scopes and effect of every operation the mock carries out.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str, &'static [&'static str], bool)> {
    ROUTES
        .iter()
        .map(|r| (r.method, r.path, r.scopes, r.writes))
        .collect()
}
