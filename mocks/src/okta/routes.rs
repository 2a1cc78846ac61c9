//! The operations the mock knows: path, scope, whether it changes things, who carries it out.
//!
//! `writes` is the mock's own judgement of effect, for the journal: the witness against a
//! client that mislabels a write. A test compares the paths with Okta's operation list.

use super::{Answer, Call, Okta};
use crate::http;

type Run = fn(&mut Okta, &Call<'_>) -> Answer;

/// One operation.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// With `{name}` for a parameter.
    pub(crate) path: &'static str,
    /// The OAuth scope it needs; empty: public, or whoever is signed in.
    pub(crate) scope: &'static str,
    /// Whether it changes the org.
    pub(crate) writes: bool,
    pub(crate) run: Run,
}

const fn read(path: &'static str, scope: &'static str, run: Run) -> Route {
    Route {
        method: "GET",
        path,
        scope,
        writes: false,
        run,
    }
}

const fn write(method: &'static str, path: &'static str, scope: &'static str, run: Run) -> Route {
    Route {
        method,
        path,
        scope,
        writes: true,
        run,
    }
}

const USERS_READ: &str = "okta.users.read";
const USERS_MANAGE: &str = "okta.users.manage";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    read("/.well-known/okta-organization", "", Okta::organization),
    // Issues a token to the caller; changes nothing that belongs to the org.
    Route {
        method: "POST",
        path: "/oauth2/v1/token",
        scope: "",
        writes: false,
        run: Okta::token,
    },
    write("POST", "/oauth2/v1/global-token-revocation", "okta.universalLogout.manage", Okta::universal_logout),
    read("/api/v1/logs", "okta.logs.read", Okta::logs),
    // users
    read("/api/v1/users", USERS_READ, Okta::list_users),
    read("/api/v1/users/{id}", USERS_READ, Okta::get_user),
    read("/api/v1/users/{id}/blocks", USERS_READ, Okta::blocks),
    read("/api/v1/users/{id}/appLinks", USERS_READ, Okta::app_links),
    read("/api/v1/users/{id}/groups", USERS_READ, Okta::user_groups),
    read("/api/v1/users/{id}/idps", USERS_READ, Okta::user_idps),
    write("POST", "/api/v1/users/{id}/lifecycle/suspend", USERS_MANAGE, Okta::suspend),
    write("POST", "/api/v1/users/{id}/lifecycle/unsuspend", USERS_MANAGE, Okta::unsuspend),
    write("POST", "/api/v1/users/{id}/lifecycle/deactivate", USERS_MANAGE, Okta::deactivate),
    write("POST", "/api/v1/users/{id}/lifecycle/unlock", USERS_MANAGE, Okta::unlock),
    write("POST", "/api/v1/users/{id}/lifecycle/reset_factors", USERS_MANAGE, Okta::reset_factors),
    write("POST", "/api/v1/users/{id}/lifecycle/reset_password", USERS_MANAGE, Okta::reset_password),
    write("POST", "/api/v1/users/{id}/lifecycle/expire_password", USERS_MANAGE, Okta::expire_password),
    write("POST", "/api/v1/users/{id}/lifecycle/expire_password_with_temp_password", USERS_MANAGE, Okta::expire_with_temp_password),
    // sessions
    write("DELETE", "/api/v1/users/{userId}/sessions", USERS_MANAGE, Okta::clear_sessions),
    read("/api/v1/sessions/{sessionId}", "okta.sessions.read", Okta::get_session),
    write("DELETE", "/api/v1/sessions/{sessionId}", "okta.sessions.manage", Okta::delete_session),
    // factors
    read("/api/v1/users/{userId}/factors", USERS_READ, Okta::list_factors),
    read("/api/v1/users/{userId}/factors/{factorId}", USERS_READ, Okta::get_factor),
    write("DELETE", "/api/v1/users/{userId}/factors/{factorId}", USERS_MANAGE, Okta::delete_factor),
    read("/api/v1/users/{userId}/authenticator-enrollments", USERS_READ, Okta::list_enrollments),
    read("/api/v1/users/{userId}/authenticator-enrollments/{enrollmentId}", USERS_READ, Okta::get_enrollment),
    write("DELETE", "/api/v1/users/{userId}/authenticator-enrollments/{enrollmentId}", USERS_MANAGE, Okta::delete_enrollment),
    read("/webauthn-registration/api/v1/users/{userId}/enrollments", USERS_READ, Okta::list_preregistered),
    write("DELETE", "/webauthn-registration/api/v1/users/{userId}/enrollments/{authenticatorEnrollmentId}", USERS_MANAGE, Okta::delete_preregistered),
    // API tokens; `current` stands before `{apiTokenId}`
    read("/api/v1/api-tokens", "okta.apiTokens.read", Okta::list_api_tokens),
    write("DELETE", "/api/v1/api-tokens/current", "", Okta::revoke_current_token),
    read("/api/v1/api-tokens/{apiTokenId}", "okta.apiTokens.read", Okta::get_api_token),
    write("DELETE", "/api/v1/api-tokens/{apiTokenId}", "okta.apiTokens.manage", Okta::revoke_api_token),
    // OAuth of a user
    read("/api/v1/users/{userId}/clients", USERS_READ, Okta::user_clients),
    read("/api/v1/users/{userId}/clients/{clientId}/tokens", USERS_READ, Okta::list_tokens),
    write("DELETE", "/api/v1/users/{userId}/clients/{clientId}/tokens", USERS_MANAGE, Okta::revoke_tokens),
    read("/api/v1/users/{userId}/clients/{clientId}/tokens/{tokenId}", USERS_READ, Okta::get_token),
    write("DELETE", "/api/v1/users/{userId}/clients/{clientId}/tokens/{tokenId}", USERS_MANAGE, Okta::revoke_one_token),
    read("/api/v1/users/{userId}/clients/{clientId}/grants", USERS_READ, Okta::list_grants),
    write("DELETE", "/api/v1/users/{userId}/clients/{clientId}/grants", USERS_MANAGE, Okta::revoke_grants),
    read("/api/v1/users/{userId}/grants", USERS_READ, Okta::list_grants),
    write("DELETE", "/api/v1/users/{userId}/grants", USERS_MANAGE, Okta::revoke_grants),
    read("/api/v1/users/{userId}/grants/{grantId}", USERS_READ, Okta::get_grant),
    write("DELETE", "/api/v1/users/{userId}/grants/{grantId}", USERS_MANAGE, Okta::revoke_one_grant),
    // apps, groups, roles
    read("/api/v1/apps", "okta.apps.read", Okta::list_apps),
    read("/api/v1/apps/{appId}", "okta.apps.read", Okta::get_app),
    read("/api/v1/apps/{appId}/users", "okta.apps.read", Okta::app_users),
    write("POST", "/api/v1/apps/{appId}/users", "okta.apps.manage", Okta::assign_app),
    read("/api/v1/apps/{appId}/users/{userId}", "okta.apps.read", Okta::get_app_user),
    write("DELETE", "/api/v1/apps/{appId}/users/{userId}", "okta.apps.manage", Okta::unassign_app),
    read("/api/v1/groups/{groupId}/users", "okta.groups.read", Okta::group_users),
    read("/api/v1/groups/{groupId}", "okta.groups.read", Okta::get_group),
    read("/oauth2/v1/clients/{clientId}/roles", "okta.roles.read", Okta::client_roles),
    write("PUT", "/api/v1/groups/{groupId}/users/{userId}", "okta.groups.manage", Okta::add_to_group),
    write("DELETE", "/api/v1/groups/{groupId}/users/{userId}", "okta.groups.manage", Okta::remove_from_group),
    read("/api/v1/iam/roles/{roleIdOrLabel}/permissions", "okta.roles.read", Okta::role_permissions),
    read("/api/v1/users/{userId}/roles", "okta.roles.read", Okta::user_roles),
    write("POST", "/api/v1/users/{userId}/roles", "okta.roles.manage", Okta::assign_role),
    read("/api/v1/users/{userId}/roles/{roleAssignmentId}", "okta.roles.read", Okta::get_role),
    write("DELETE", "/api/v1/users/{userId}/roles/{roleAssignmentId}", "okta.roles.manage", Okta::remove_role),
    read("/api/v1/iam/assignees/users", "okta.roles.read", Okta::assignees),
    // devices, identity providers, risk
    read("/api/v1/users/{userId}/devices", USERS_READ, Okta::user_devices),
    read("/api/v1/devices", "okta.devices.read", Okta::list_devices),
    read("/api/v1/devices/{deviceId}", "okta.devices.read", Okta::get_device),
    read("/api/v1/devices/{deviceId}/users", "okta.devices.read", Okta::device_users),
    write("POST", "/api/v1/devices/{deviceId}/lifecycle/suspend", "okta.devices.manage", Okta::suspend_device),
    write("POST", "/api/v1/devices/{deviceId}/lifecycle/unsuspend", "okta.devices.manage", Okta::unsuspend_device),
    write("POST", "/api/v1/devices/{deviceId}/lifecycle/deactivate", "okta.devices.manage", Okta::deactivate_device),
    read("/api/v1/idps", "okta.idps.read", Okta::list_idps),
    read("/api/v1/idps/{idpId}/users/{userId}", "okta.idps.read", Okta::linked_idp),
    write("DELETE", "/api/v1/idps/{idpId}/users/{userId}", "okta.idps.manage", Okta::unlink_idp),
    read("/api/v1/users/{userId}/risk", "okta.userRisk.read", Okta::get_risk),
    write("PUT", "/api/v1/users/{userId}/risk", "okta.userRisk.manage", Okta::put_risk),
    // the org
    read("/api/v1/threats/configuration", "okta.threatInsights.read", Okta::get_threats),
    write("POST", "/api/v1/threats/configuration", "okta.threatInsights.manage", Okta::set_threats),
    read("/api/v1/zones", "okta.networkZones.read", Okta::list_zones),
    write("POST", "/api/v1/zones", "okta.networkZones.manage", Okta::create_zone),
    read("/api/v1/zones/{zoneId}", "okta.networkZones.read", Okta::get_zone),
    write("PUT", "/api/v1/zones/{zoneId}", "okta.networkZones.manage", Okta::replace_zone),
    write("DELETE", "/api/v1/zones/{zoneId}", "okta.networkZones.manage", Okta::delete_zone),
    write("POST", "/api/v1/zones/{zoneId}/lifecycle/activate", "okta.networkZones.manage", Okta::activate_zone),
    write("POST", "/api/v1/zones/{zoneId}/lifecycle/deactivate", "okta.networkZones.manage", Okta::deactivate_zone),
    read("/api/v1/policies", "okta.policies.read", Okta::list_policies),
    read("/api/v1/policies/{policyId}/rules", "okta.policies.read", Okta::list_rules),
    read("/api/v1/eventHooks", "okta.eventHooks.read", Okta::list_event_hooks),
    read("/api/v1/logStreams", "okta.logStreams.read", Okta::list_log_streams),
    read("/api/v1/principal-rate-limits", "okta.principalRateLimits.read", Okta::principal_limits),
    read("/api/v1/org/privacy/oktaSupport", "okta.orgs.read", Okta::get_support),
    write("POST", "/api/v1/org/privacy/oktaSupport/revoke", "okta.orgs.manage", Okta::revoke_support),
    read("/api/v1/org/privacy/oktaSupport/cases", "okta.orgs.read", Okta::list_support_cases),
    write("PATCH", "/api/v1/org/privacy/oktaSupport/cases/{caseNumber}", "okta.orgs.manage", Okta::update_support_case),
];

/// The route of a request, and its path parameters in order.
pub(crate) fn find(method: &str, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, http::fit(route.path, segments)?)))
}

/// Whether the path exists with another method.
pub(crate) fn is_known(segments: &[String]) -> bool {
    ROUTES
        .iter()
        .any(|route| http::fit(route.path, segments).is_some())
}

/// Method, path, scope and effect of every operation the mock carries out.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str, &'static str, bool)> {
    ROUTES
        .iter()
        .map(|r| (r.method, r.path, r.scope, r.writes))
        .collect()
}
