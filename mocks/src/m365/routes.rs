//! The operations the mock knows: path, permissions, whether it changes something, who does it.
//!
//! `writes` is the mock's own judgement. Permissions are any of several sets; a test compares
//! paths and the least of them with the OpenAPI subset. The nine kinds of authentication method
//! share one handler, and their permissions stand with their kinds.

use super::methods::KINDS;
use super::{Call, M365, batch};
use crate::http::{self, Request};
use crate::vendor::Answer;

type Run = fn(&mut M365, &Call<'_>) -> Answer;

/// One operation.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// Below `/v1.0`.
    pub(super) path: &'static str,
    /// Any of these sets is enough.
    permissions: &'static [&'static [&'static str]],
    pub(super) writes: bool,
    pub(super) run: Run,
}

const READ_USERS: &[&[&str]] = &[
    &["User.Read.All"],
    &["User.ReadWrite.All"],
    &["Directory.Read.All"],
    &["Directory.ReadWrite.All"],
];
const REVOKE: &[&[&str]] = &[
    &["User.RevokeSessions.All"],
    &["User.ReadWrite.All"],
    &["Directory.ReadWrite.All"],
];
const CHANGE_USERS: &[&[&str]] = &[
    &["User.EnableDisableAccount.All", "User.Read.All"],
    &["User.ReadWrite.All"],
    &["Directory.ReadWrite.All"],
];
const READ_METHODS: &[&[&str]] = &[
    &["UserAuthenticationMethod.Read.All"],
    &["UserAuthenticationMethod.ReadWrite.All"],
];
/// Decided by the kind of method.
const BY_KIND: &[&[&str]] = &[];
const READ_GRANTS: &[&[&str]] = &[
    &["Directory.Read.All"],
    &["DelegatedPermissionGrant.ReadWrite.All"],
    &["Directory.ReadWrite.All"],
];
const DELETE_GRANTS: &[&[&str]] = &[
    &["DelegatedPermissionGrant.ReadWrite.All"],
    &["Directory.ReadWrite.All"],
];
const READ_RULES: &[&[&str]] = &[&["MailboxSettings.Read"], &["MailboxSettings.ReadWrite"]];
const CHANGE_RULES: &[&[&str]] = &[&["MailboxSettings.ReadWrite"]];
const CHANGE_DEVICES: &[&[&str]] = &[&["Device.ReadWrite.All"], &["Directory.ReadWrite.All"]];
const READ_APPS: &[&[&str]] = &[&["Application.Read.All"], &["Directory.Read.All"]];
const READ_RISK: &[&[&str]] = &[
    &["IdentityRiskyUser.Read.All"],
    &["IdentityRiskyUser.ReadWrite.All"],
];
const CHANGE_RISK: &[&[&str]] = &[&["IdentityRiskyUser.ReadWrite.All"]];
const READ_AUDITS: &[&[&str]] = &[&["AuditLog.Read.All"]];

const fn route(
    method: &'static str,
    path: &'static str,
    permissions: &'static [&'static [&'static str]],
    run: Run,
) -> Route {
    Route {
        method,
        path,
        permissions,
        writes: !matches!(method.as_bytes(), b"GET"),
        run,
    }
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route("GET", "/users", READ_USERS, M365::list_users),
    route("GET", "/users/{id}", READ_USERS, M365::get_user),
    route("PATCH", "/users/{id}", CHANGE_USERS, M365::update_user),
    route("POST", "/users/{id}/revokeSignInSessions", REVOKE, M365::revoke_sessions),
    route("GET", "/users/{id}/memberOf", READ_USERS, M365::member_of),
    route("GET", "/users/{id}/authentication/methods", READ_METHODS, M365::list_methods),
    route("GET", "/users/{id}/authentication/{kind}/{id}", BY_KIND, M365::get_method),
    route("DELETE", "/users/{id}/authentication/{kind}/{id}", BY_KIND, M365::delete_method),
    route("GET", "/users/{id}/oauth2PermissionGrants", READ_GRANTS, M365::grants_of_user),
    route("GET", "/oauth2PermissionGrants", READ_GRANTS, M365::list_grants),
    route("GET", "/oauth2PermissionGrants/{id}", READ_GRANTS, M365::get_grant),
    route("DELETE", "/oauth2PermissionGrants/{id}", DELETE_GRANTS, M365::delete_grant),
    route("GET", "/servicePrincipals/{id}", READ_APPS, M365::get_service_principal),
    route("GET", "/users/{id}/mailFolders/inbox/messageRules", READ_RULES, M365::list_rules),
    route("GET", "/users/{id}/mailFolders/inbox/messageRules/{id}", READ_RULES, M365::get_rule),
    route("PATCH", "/users/{id}/mailFolders/inbox/messageRules/{id}", CHANGE_RULES, M365::update_rule),
    route("DELETE", "/users/{id}/mailFolders/inbox/messageRules/{id}", CHANGE_RULES, M365::delete_rule),
    route("GET", "/users/{id}/registeredDevices", READ_USERS, M365::list_devices),
    route("GET", "/users/{id}/ownedDevices", READ_USERS, M365::list_devices),
    route("PATCH", "/devices/{id}", CHANGE_DEVICES, M365::update_device),
    route("GET", "/identityProtection/riskyUsers/{id}", READ_RISK, M365::get_risk),
    route("POST", "/identityProtection/riskyUsers/confirmCompromised", CHANGE_RISK, M365::confirm_compromised),
    route("POST", "/identityProtection/riskyUsers/dismiss", CHANGE_RISK, M365::dismiss_risk),
    route("GET", "/auditLogs/directoryAudits", READ_AUDITS, M365::list_audits),
];

impl Route {
    /// Whether the caller's permissions are enough.
    pub(super) fn is_allowed(&self, call: &Call<'_>) -> bool {
        let holds = |name: &str| call.permissions.contains(name);
        if self.permissions.is_empty() {
            let kind = KINDS.iter().find(|k| k.segment == call.param(1));
            let own = kind.is_none_or(|k| holds(&format!("{}.ReadWrite.All", k.permission)));
            let all = holds("UserAuthenticationMethod.ReadWrite.All");
            let reads = kind.is_some_and(|k| holds(&format!("{}.Read.All", k.permission)))
                || holds("UserAuthenticationMethod.Read.All");
            return own || all || (!self.writes && reads);
        }
        self.permissions
            .iter()
            .any(|set| set.iter().all(|p| holds(p)))
    }
}

/// The route of a request below `/graph/v1.0`, and its path parameters.
pub(super) fn find(method: &str, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, http::fit(route.path, segments)?)))
}

/// Whether a request goes to something that changes the tenant. Tokens for us do not; what is
/// unknown is taken to, unless read by GET.
pub(super) fn is_write(request: &Request) -> bool {
    if request.path == "/graph/v1.0/$batch" {
        return batch::is_write(request);
    }
    !request.path.starts_with("/login/") && request.method != "GET"
}

/// Method, path, the least permissions and effect of every operation the mock carries out.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str, &'static [&'static str], bool)> {
    ROUTES
        .iter()
        .map(|r| {
            (
                r.method,
                r.path,
                r.permissions.first().copied().unwrap_or_default(),
                r.writes,
            )
        })
        .collect()
}
