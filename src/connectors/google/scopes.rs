//! The scopes that oust asks Google for, one set at a time, and which request needs which.
//!
//! One scope that is missing from the delegation fails the whole token request, so that each set
//! is a *power* with a token of its own: without Reports nothing is dated, and the kill goes on.
//! There is no read-only scope for tokens and app passwords: even a dry run holds the kill scope.
//! Source: Directory API discovery document, revision 20261104 (scopes per method); Reports API
//! reference for the last one.

use http::Method;

/// What a token may be asked for: a single scope.
pub(super) type Power = &'static str;

/// Tokens of apps, app passwords, backup codes, sign-out: to list them, too.
pub(super) const SECURITY: Power = "https://www.googleapis.com/auth/admin.directory.user.security";
/// Suspending.
pub(super) const USER: Power = "https://www.googleapis.com/auth/admin.directory.user";
/// Looking somebody up.
pub(super) const USER_READ: Power = "https://www.googleapis.com/auth/admin.directory.user.readonly";
/// When an app was authorised; nothing else needs it.
pub(super) const REPORTS: Power = "https://www.googleapis.com/auth/admin.reports.audit.readonly";

/// Those that every run needs.
pub(super) const ALWAYS: &[Power] = &[USER_READ, SECURITY];

/// Where the Directory API keeps its users.
pub(super) const USERS: &str = "/admin/directory/v1/users";

/// The power that a request needs, by method and path.
pub(super) fn power_of(method: &Method, path: &str) -> Power {
    let Some((_, rest)) = path.split_once(USERS) else {
        return REPORTS;
    };
    let below_a_user = rest.trim_matches('/').contains('/');
    match (below_a_user, method == Method::GET) {
        (true, _) => SECURITY,
        (false, true) => USER_READ,
        (false, false) => USER,
    }
}

/// Whether a request goes to the Reports API, which has a quota of its own.
pub(super) fn is_report(path: &str) -> bool {
    !path.contains(USERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_signed_with_the_one_scope_that_it_needs() {
        let of = |method: Method, path: &str| power_of(&method, path);
        let user = "/admin/directory/v1/users/1";
        assert_eq!(of(Method::GET, user), USER_READ);
        assert_eq!(of(Method::PUT, user), USER);
        for below in ["tokens", "asps", "tokens/a", "signOut"] {
            assert_eq!(of(Method::GET, &format!("{user}/{below}")), SECURITY);
            assert_eq!(of(Method::POST, &format!("{user}/{below}")), SECURITY);
        }
        let report = "/base/admin/reports/v1/activity/users/1/applications/token";
        assert_eq!(of(Method::GET, report), REPORTS);
        assert_eq!(of(Method::GET, &format!("/base{user}")), USER_READ);
        assert!(is_report(report) && !is_report(user));
    }
}
