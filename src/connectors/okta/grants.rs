//! What Okta has to grant: scopes to a service app, and the admin role behind them.
//!
//! Scopes alone do nothing and a role alone does nothing. Where a custom role can give what is
//! needed its permissions are listed as the body that creates it; a few steps take a standard role,
//! which is named. Source: Okta, "Role permissions"; `POST /api/v1/iam/roles` [docs*].

use serde_json::{Value, json};

use super::scopes::{CHECKED, is_scope};
use crate::model::{Access, Action, Grant, GrantPolicy, each_once};

/// What every run reads, with the permission of a custom role beside each scope.
const EVERY_RUN: &[(&str, &str)] = &[
    ("okta.users.read", "okta.users.read"),
    ("okta.logs.read", "okta.logs.read"),
    ("okta.roles.read", ""),
    ("okta.apiTokens.read", "okta.users.apitokens.read"),
    ("okta.apps.read", "okta.apps.read"),
    ("okta.groups.read", "okta.groups.read"),
];

pub(super) fn grants(_settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    match access {
        Access::Read => reading(actions),
        Access::Write => writing(actions),
    }
}

fn reading(actions: &[&'static Action]) -> Grant {
    let every = EVERY_RUN.iter().map(|(scope, _)| *scope);
    let of_actions = actions.iter().flat_map(|action| action.reads).copied();
    let checked = CHECKED.iter().map(|(_, scope)| *scope);
    let permissions = EVERY_RUN.iter().map(|(_, permission)| *permission);
    let permissions = permissions.filter(|permission| !permission.is_empty());
    Grant {
        roles: vec![
            "READ_ONLY_ADMIN for all but other people's API tokens; SUPER_ADMIN for those".into(),
        ],
        policies: vec![role("oust reads", permissions)],
        notes: vec![
            "okta.policies.read and okta.principalRateLimits.read are for `oust check` alone"
                .into(),
            "set this app as `read_auth`, so that a dry run holds nothing that could write".into(),
        ],
        ..Grant::of(
            "service app (private_key_jwt)",
            every
                .chain(of_actions.filter(|right| is_scope(right)))
                .chain(checked),
        )
    }
}

fn writing(actions: &[&'static Action]) -> Grant {
    let needs = || actions.iter().flat_map(|action| action.needs).copied();
    let standard = needs().filter_map(|right| right.strip_prefix("role "));
    let mut roles = each_once(standard);
    let permissions = needs().filter(|right| !is_scope(right) && !right.starts_with("role "));
    let policies = match permissions.clone().next() {
        Some(_) => vec![role("oust writes", permissions)],
        None => Vec::new(),
    };
    let mut notes = Vec::new();
    if !actions.is_empty() {
        notes.push(
            "accounts that are administrators are contained by SUPER_ADMIN alone, whatever a custom \
             role may do"
                .into(),
        );
        notes
            .push("without `read_auth` this app reads, too, and needs those scopes as well".into());
    }
    if roles.len() > 1 && roles.iter().any(|each| each == "SUPER_ADMIN") {
        roles.retain(|each| {
            !each.contains(" or SUPER_ADMIN") && !each.starts_with("SUPER_ADMIN or")
        });
    }
    Grant {
        roles,
        policies,
        notes,
        ..Grant::of(
            "service app (private_key_jwt)",
            needs().filter(|right| is_scope(right)),
        )
    }
}

/// The body that makes a custom role.
fn role<'p>(label: &str, permissions: impl Iterator<Item = &'p str>) -> GrantPolicy {
    GrantPolicy {
        name: "custom admin role (POST /api/v1/iam/roles), on all users, groups and apps".into(),
        document: json!({
            "label": label,
            "description": "least privilege for oust",
            "permissions": each_once(permissions),
        }),
    }
}
