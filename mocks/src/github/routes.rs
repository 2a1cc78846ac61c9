//! The operations the mock knows: path, who may, whether it changes something, who carries it out.
//!
//! `writes` is the mock's own judgement. Paths are those of the OpenAPI description, with which a test
//! compares them; `GET /user/{account_id}` is a documented call that the trimmed one lacks. What
//! `GET /users/{username}/keys` needs of an App is assumed.

use super::{Call, GitHub};
use crate::http::{self, Request};
use crate::vendor::Answer;

type Run = fn(&mut GitHub, &Call<'_>) -> Answer;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// The App itself.
    Jwt,
    /// A token of an installation.
    Token,
    /// Any token: what is told is public.
    Anything,
    /// The token of a person.
    Person,
    /// An installation with the permission, or an owner with any of the scopes; none are for Apps alone,
    /// and no permission is for owners alone.
    Right {
        permission: &'static str,
        level: &'static str,
        scopes: &'static [&'static str],
    },
}

/// One operation.
pub(super) struct Route {
    method: &'static str,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    writes: bool,
    pub(super) run: Run,
}

const fn right(
    permission: &'static str,
    level: &'static str,
    scopes: &'static [&'static str],
) -> Needs {
    Needs::Right {
        permission,
        level,
        scopes,
    }
}

const SEE: Needs = right(
    "organization_administration",
    "read",
    &["read:org", "admin:org"],
);
const REVOKE: Needs = right("organization_administration", "write", &["admin:org"]);
const SEE_MEMBERS: Needs = right("members", "read", &["read:org", "admin:org"]);
const CHANGE_MEMBERS: Needs = right("members", "write", &["admin:org"]);
const SEE_GRANTS: Needs = right("organization_personal_access_tokens", "read", &[]);
const END_GRANTS: Needs = right("organization_personal_access_tokens", "write", &[]);
const SEE_REQUESTS: Needs = right("organization_personal_access_token_requests", "read", &[]);
const DENY_REQUESTS: Needs = right("organization_personal_access_token_requests", "write", &[]);
const ENTERPRISE: Needs = right("", "", &["admin:enterprise"]);
const SCIM: Needs = right("", "", &["scim:enterprise", "admin:enterprise"]);

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    writes: bool,
    run: Run,
) -> Route {
    Route {
        method,
        path,
        needs,
        writes,
        run,
    }
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route("GET", "/app", Needs::Jwt, false, GitHub::get_app),
    route("GET", "/app/installations", Needs::Jwt, false, GitHub::list_installations),
    route("GET", "/app/installations/{installation_id}", Needs::Jwt, false, GitHub::get_installation),
    route("POST", "/app/installations/{installation_id}/access_tokens", Needs::Jwt, false, GitHub::create_token),
    route("GET", "/orgs/{org}/installation", Needs::Jwt, false, GitHub::get_org_installation),
    route("DELETE", "/installation/token", Needs::Token, false, GitHub::drop_token),
    route("GET", "/user", Needs::Person, false, GitHub::get_self),
    route("GET", "/user/{account_id}", Needs::Anything, false, GitHub::get_by_id),
    route("GET", "/users/{username}", Needs::Anything, false, GitHub::get_by_login),
    route("GET", "/users/{username}/keys", Needs::Anything, false, GitHub::list_keys),
    route("GET", "/orgs/{org}", Needs::Anything, false, GitHub::get_org),
    route("GET", "/orgs/{org}/credential-authorizations", SEE, false, GitHub::list_authorizations),
    route("DELETE", "/orgs/{org}/credential-authorizations/{credential_id}", REVOKE, true, GitHub::delete_authorization),
    route("POST", "/orgs/{org}/credential-authorizations/{username}/revoke", REVOKE, true, GitHub::revoke_in_org),
    route("POST", "/orgs/{org}/credential-authorizations/{username}/revoke-credential-type", REVOKE, true, GitHub::revoke_type_in_org),
    route("POST", "/enterprises/{enterprise}/credential-authorizations/{username}/revoke", ENTERPRISE, true, GitHub::revoke_in_enterprise),
    route("POST", "/enterprises/{enterprise}/credential-authorizations/{username}/revoke-credential-type", ENTERPRISE, true, GitHub::revoke_type_in_enterprise),
    route("GET", "/orgs/{org}/personal-access-tokens", SEE_GRANTS, false, GitHub::list_grants),
    route("POST", "/orgs/{org}/personal-access-tokens", END_GRANTS, true, GitHub::revoke_grants),
    route("POST", "/orgs/{org}/personal-access-tokens/{pat_id}", END_GRANTS, true, GitHub::revoke_grant),
    route("GET", "/orgs/{org}/personal-access-token-requests", SEE_REQUESTS, false, GitHub::list_requests),
    route("POST", "/orgs/{org}/personal-access-token-requests", DENY_REQUESTS, true, GitHub::review_requests),
    route("GET", "/orgs/{org}/members/{username}", SEE_MEMBERS, false, GitHub::check_member),
    route("DELETE", "/orgs/{org}/members/{username}", CHANGE_MEMBERS, true, GitHub::remove_member),
    route("GET", "/orgs/{org}/memberships/{username}", SEE_MEMBERS, false, GitHub::get_membership),
    route("PUT", "/orgs/{org}/memberships/{username}", CHANGE_MEMBERS, true, GitHub::set_membership),
    route("DELETE", "/orgs/{org}/memberships/{username}", CHANGE_MEMBERS, true, GitHub::remove_member),
    route("GET", "/scim/v2/organizations/{org}/Users", SEE_MEMBERS, false, GitHub::scim_list_org),
    route("GET", "/scim/v2/organizations/{org}/Users/{scim_user_id}", SEE_MEMBERS, false, GitHub::scim_get_org),
    route("PATCH", "/scim/v2/organizations/{org}/Users/{scim_user_id}", CHANGE_MEMBERS, true, GitHub::scim_patch_org),
    route("DELETE", "/scim/v2/organizations/{org}/Users/{scim_user_id}", CHANGE_MEMBERS, true, GitHub::scim_delete_org),
    route("GET", "/scim/v2/enterprises/{enterprise}/Users", SCIM, false, GitHub::scim_list_enterprise),
    route("GET", "/scim/v2/enterprises/{enterprise}/Users/{scim_user_id}", SCIM, false, GitHub::scim_get_enterprise),
    route("PATCH", "/scim/v2/enterprises/{enterprise}/Users/{scim_user_id}", SCIM, true, GitHub::scim_patch_enterprise),
];

/// The path below the root of the API; none where nothing stands.
pub(super) fn place(request: &Request, own_server: bool) -> Option<String> {
    let path = request.path.as_str();
    if path == "/api/graphql" {
        return Some("/graphql".to_owned());
    }
    match path.strip_prefix("/api/v3") {
        Some(below) => Some(below.to_owned()).filter(|below| below.starts_with('/')),
        None if own_server => None,
        None => Some(path.to_owned()),
    }
}

/// The route of a request, and its path parameters.
pub(super) fn find(method: &str, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, http::fit(route.path, segments)?)))
}

/// Whether a request goes to something that changes the organisation or the enterprise. Tokens for us
/// do not, nor does GraphQL, for the mock has no mutations; what is unknown is taken to, unless read by GET.
pub(super) fn is_write(request: &Request) -> bool {
    match place(request, false) {
        Some(path) if path == "/graphql" => false,
        Some(path) => find(&request.method, &http::segments(&path))
            .map_or(request.method != "GET", |(route, _)| route.writes),
        None => request.method != "GET",
    }
}

/// Method, path, the App's permission with its level, and effect of every operation.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str, String, bool)> {
    ROUTES
        .iter()
        .map(|r| {
            let needs = match r.needs {
                Needs::Right {
                    permission: "",
                    scopes,
                    ..
                } => scopes.join(" "),
                Needs::Right {
                    permission, level, ..
                } => format!("{permission}: {level}"),
                _ => String::new(),
            };
            (r.method, r.path, needs, r.writes)
        })
        .collect()
}
