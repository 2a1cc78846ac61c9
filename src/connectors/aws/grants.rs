//! What AWS has to grant: a policy for the role that is assumed in each account, its trust, and
//! what oust's own principal needs to get there.
//!
//! The policies are made from the actions' declarations and from the calls we make, nothing more.
//! Whose keys oust holds is not known here: an account of zeros stands for theirs. Inline policies
//! are written to any role that people come in by, and never to our own.

use serde_json::{Value, json};

use super::policy::listed;
use super::settings::{Auth, Place, RoleToAssume, Settings};
use super::vendor::{BLOCKS, DENIES};
use crate::connectors::rights;
use crate::model::{Access, Action, Grant, GrantPolicy, each_once};

/// Stands for the account of our own keys.
const OURS: &str = "000000000000";

/// Rights that AWS weighs by role.
const ON_ROLES: &[&str] = &[
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:SimulatePrincipalPolicy",
];

pub(super) fn grants(settings: &Value, actions: &[&'static Action], access: Access) -> Grant {
    let settings = Settings::parse(settings).ok();
    let place = settings.as_ref().map(|settings| &settings.place);
    let here: Vec<&'static Action> = actions
        .iter()
        .filter(|action| match place {
            Some(Place::Account(_)) => DENIES.contains(&action.verb),
            Some(Place::IdentityCenter(_)) => BLOCKS.contains(&action.verb),
            None => true,
        })
        .copied()
        .collect();
    let all = each_once(rights(&here, access));
    if all.is_empty() {
        return Grant::default();
    }
    let mut policies = vec![GrantPolicy {
        name: "permissions of the role that oust assumes".into(),
        document: policy(&statements(settings.as_ref(), &all)),
    }];
    let mut notes = Vec::new();
    if let Some(settings) = &settings
        && let Some(role) = settings.role()
    {
        policies.push(trust(settings, role));
        policies.push(GrantPolicy {
            name: "permissions of oust's own principal".into(),
            document: policy(&[json!({
                "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role.arn.to_string(),
            })]),
        });
        notes.push(format!(
            "let the principal in the trust be the one that oust's keys belong to ({OURS} stands \
             for its account)"
        ));
    }
    if matches!(place, Some(Place::IdentityCenter(_))) && access == Access::Write {
        policies.push(GrantPolicy {
            name: "service control policy, attached to the root".into(),
            document: listed::prepared(),
        });
    }
    if access == Access::Read {
        notes.push("with a `role_arn` a dry run asks for a session that is held to this".into());
    }
    Grant {
        policies,
        notes,
        ..Grant::of("IAM role", all.iter().map(String::as_str))
    }
}

fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Rights by what they may be held to.
fn statements(settings: Option<&Settings>, all: &[String]) -> Vec<Value> {
    let on_roles = |right: &&String| ON_ROLES.contains(&right.as_str());
    let on_policy = |right: &&String| right.as_str() == "organizations:UpdatePolicy";
    let mut statements = Vec::new();
    let mut allow = |actions: Vec<&String>, resource: String| {
        if !actions.is_empty() {
            statements.push(json!({ "Effect": "Allow", "Action": actions, "Resource": resource }));
        }
    };
    let (partition, account) = match settings {
        Some(settings) => (
            settings.partition.id(),
            match &settings.place {
                Place::Account(account) => account.id.as_str(),
                Place::IdentityCenter(_) => "*",
            },
        ),
        None => ("aws", "*"),
    };
    let roles = format!("arn:{partition}:iam::{account}:role/*");
    allow(all.iter().filter(on_roles).collect(), roles);
    let scp = settings.and_then(|settings| settings.scp.as_deref());
    let policies = scp.map_or_else(
        || "*".to_owned(),
        |scp| format!("arn:{partition}:organizations::*:policy/*/service_control_policy/{scp}"),
    );
    allow(all.iter().filter(on_policy).collect(), policies);
    let others = |right: &&String| !on_roles(right) && !on_policy(right);
    allow(all.iter().filter(others).collect(), "*".to_owned());
    statements
}

/// Who may assume the role.
fn trust(settings: &Settings, role: &RoleToAssume) -> GrantPolicy {
    let principal = match &settings.auth {
        Auth::WebIdentity { role, .. } => role.to_string(),
        Auth::Keys(_) | Auth::Profile(_) => {
            format!("arn:{}:iam::{OURS}:root", settings.partition.id())
        }
    };
    let mut statement = json!({
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole",
    });
    if let Some(id) = &role.external_id {
        statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": id } });
    }
    GrantPolicy {
        name: format!("trust of {}", role.arn),
        document: policy(&[statement]),
    }
}
