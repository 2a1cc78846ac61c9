//! The admin role behind the scopes: without one a token with every scope may do nothing.
//!
//! A custom role is read, permission by permission. What a standard role may do Okta tells nobody;
//! the table here is a third party's map and therefore inferred (facts of 2026-06, "Admin rights").
//! That a role below super administrator cannot act on administrators is inferred, too.
//!
//! Sources: Okta API, "List all client roles" (`GET /oauth2/v1/clients/{clientId}/roles`), "List all
//! custom role permissions" (`GET /api/v1/iam/roles/{roleIdOrLabel}/permissions`), both
//! `okta.roles.read` [docs*: neither is in our extract of the specification].

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::super::Okta;
use super::super::glance::{Glance, items, text};
use super::super::scopes::is_scope;
use super::super::settings::Auth;
use super::super::users;
use super::super::vendor::VENDOR;
use super::{finding, told};
use crate::model::{Action, ActionId, Finding, Severity};
use crate::transport::{Path, Reader};

const SUPER: &str = "SUPER_ADMIN";
const ROLES_READ: &str = "okta.roles.read";

/// Permissions by their beginning, and the standard roles that have them beside the super
/// administrator.
const STANDARD: &[(&str, &[&str])] = &[
    (
        "okta.users.lifecycle.clearSessions",
        &["ORG_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN"],
    ),
    ("okta.users.lifecycle.", &["ORG_ADMIN", "USER_ADMIN"]),
    (
        "okta.users.credentials.",
        &["ORG_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN"],
    ),
    (
        "okta.groups.members.",
        &["ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN"],
    ),
    (
        "okta.users.groupMembership.",
        &["ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN"],
    ),
    ("okta.apps.assignment.", &["ORG_ADMIN", "APP_ADMIN"]),
    ("okta.users.appAssignment.", &["ORG_ADMIN", "APP_ADMIN"]),
];

/// What our principal may do, as far as it is told.
struct Held {
    name: String,
    /// Types of standard roles, active ones alone.
    types: BTreeSet<String>,
    /// Permissions of its custom roles.
    permissions: BTreeSet<String>,
}

pub(super) async fn look(
    okta: &Okta,
    r: &Reader,
    wanted: &[ActionId],
    missing: &BTreeSet<&'static str>,
) -> Vec<Finding> {
    if missing.contains(ROLES_READ) {
        return Vec::new();
    }
    let held = match held(okta, r).await {
        Ok(held) => held,
        Err(why) => {
            let text = format!("the admin role behind our scopes could not be read: {why}");
            let hint = "scopes alone do nothing: look at its admin roles in the Admin console";
            return vec![told(Severity::Warning, "role_unread", text, hint)];
        }
    };
    if held.types.contains(SUPER) {
        return Vec::new();
    }
    if held.types.is_empty() && held.permissions.is_empty() {
        let text = format!(
            "{} has no admin role: every call is refused, whatever its scopes are",
            held.name
        );
        let hint = "give it the role SUPER_ADMIN, or a custom role (`oust check --grants`)";
        return vec![finding("no_admin_role", text, hint)];
    }
    judge(&held, wanted)
}

fn judge(held: &Held, wanted: &[ActionId]) -> Vec<Finding> {
    let declared = wanted
        .iter()
        .filter_map(|id| Some((id, VENDOR.action(id.verb())?)));
    let lacks: Vec<(&ActionId, Vec<&str>)> = declared
        .map(|(id, action)| (id, lacking(held, action)))
        .filter(|(_, lacks)| !lacks.is_empty())
        .collect();
    let roles: Vec<&str> = held.types.iter().map(String::as_str).collect();
    let roles = match roles.is_empty() {
        true => "a custom role".to_owned(),
        false => roles.join(" and "),
    };
    if lacks.is_empty() {
        let text = format!(
            "{} is no super administrator ({roles}): accounts that are administrators stay open to \
             whoever took them",
            held.name
        );
        let hint = "give it the role SUPER_ADMIN, or know that administrators need another way";
        return vec![told(Severity::Warning, "role_not_super", text, hint)];
    }
    let each: Vec<String> = lacks
        .iter()
        .map(|(id, lacks)| format!("`{id}` ({})", lacks.join(", ")))
        .collect();
    let severity = match lacks.iter().all(|(id, _)| id.verb() == "universal_logout") {
        true => Severity::Warning,
        false => Severity::High,
    };
    let text = format!(
        "the role of {} ({roles}) does not allow {}",
        held.name,
        each.join(", ")
    );
    let hint = "give it the role SUPER_ADMIN, or what `oust check --grants` lists";
    vec![told(severity, "role_lacks", text, hint)]
}

/// The rights of an action that the role does not give.
fn lacking(held: &Held, action: &'static Action) -> Vec<&'static str> {
    let rights = action.needs.iter().filter(|right| !is_scope(right));
    rights
        .filter(|right| !gives(held, right))
        .copied()
        .collect()
}

fn gives(held: &Held, right: &str) -> bool {
    if let Some(roles) = right.strip_prefix("role ") {
        return roles
            .split(" or ")
            .any(|role| held.types.contains(role.trim()));
    }
    if held.permissions.contains(right) {
        return true;
    }
    // `okta.users.manage` of a custom role holds all below it [inferred].
    if right.starts_with("okta.users.") && held.permissions.contains("okta.users.manage") {
        return true;
    }
    let known = STANDARD.iter().find(|(begin, _)| right.starts_with(begin));
    match known {
        Some((_, roles)) => roles.iter().any(|role| held.types.contains(*role)),
        // Unknown of this right: only the organisation's administrator may be trusted with it.
        None => held.types.contains("ORG_ADMIN"),
    }
}

async fn held(okta: &Okta, r: &Reader) -> Result<Held, String> {
    let glance = Glance::new(r);
    let auth = &okta.settings.auth;
    let path = match auth {
        Auth::ServiceApp { client_id, .. } => Path::new("/oauth2/v1/clients")
            .seg(client_id)
            .then("/roles"),
        Auth::ApiToken(_) => match okta.own_user(&glance).await? {
            Some(own) => users::path(&own).then("/roles"),
            None => return Err("whose API token it is, is not told".into()),
        },
    };
    let got = glance.list(path).await;
    let roles = got.as_ref().as_ref().map_err(|unread| unread.why())?;
    let active: Vec<&Value> = items(roles)
        .iter()
        .filter(|role| role["status"] != "INACTIVE")
        .collect();
    let customs = active
        .iter()
        .filter(|role| text(role, "type") == "CUSTOM")
        .map(|role| permissions(&glance, text(role, "role")));
    let mut permissions = BTreeSet::new();
    for each in join_all(customs).await {
        permissions.extend(each?);
    }
    let types = active.iter().map(|role| text(role, "type").to_owned());
    Ok(Held {
        name: match auth {
            Auth::ServiceApp { .. } => auth.name(),
            Auth::ApiToken(_) => "the owner of the API token".into(),
        },
        types: types.filter(|kind| kind != "CUSTOM").collect(),
        permissions,
    })
}

/// What a custom role may do.
async fn permissions(glance: &Glance, role: &str) -> Result<Vec<String>, String> {
    let path = Path::new("/api/v1/iam/roles")
        .seg(role)
        .then("/permissions");
    let got = glance.one(path).await;
    let answer = got.as_ref().as_ref().map_err(|unread| unread.why())?;
    let labels = items(&answer["permissions"])
        .iter()
        .map(|each| text(each, "label").to_owned());
    Ok(labels.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(types: &[&str], permissions: &[&str]) -> Held {
        let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Held {
            name: "service app 0oa1".into(),
            types: all(types),
            permissions: all(permissions),
        }
    }

    fn wanted(verbs: &[&str]) -> Vec<ActionId> {
        verbs
            .iter()
            .map(|verb| ActionId::new("okta", verb))
            .collect()
    }

    #[test]
    fn a_role_that_reads_lacks_every_write_and_names_them() {
        let found = judge(
            &held(&["READ_ONLY_ADMIN"], &[]),
            &wanted(&["clear_sessions", "revoke_api_tokens"]),
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::High);
        for word in [
            "READ_ONLY_ADMIN",
            "`okta.clear_sessions` (okta.users.lifecycle.clearSessions)",
            "`okta.revoke_api_tokens` (role SUPER_ADMIN)",
        ] {
            assert!(found[0].text.contains(word), "{}", found[0].text);
        }
    }

    #[test]
    fn a_custom_role_is_held_to_its_permissions() {
        let sessions = held(&[], &["okta.users.lifecycle.clearSessions"]);
        let found = judge(&sessions, &wanted(&["clear_sessions", "suspend_user"]));
        assert!(
            found[0].text.contains("lifecycle.suspend"),
            "{}",
            found[0].text
        );
        assert!(
            !found[0].text.contains("clear_sessions`"),
            "{}",
            found[0].text
        );
        let enough = judge(&sessions, &wanted(&["clear_sessions"]));
        assert_eq!(enough[0].id, "role_not_super");
    }
}
