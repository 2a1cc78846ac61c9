//! IAM: roles and their inline policies.
//!
//! Documents come out percent-encoded, as IAM sends them. The order of the checks of a write
//! (permission, role, protection, text, size) is assumed.

use serde_json::{Value, json};

use super::answers::{Done, Outcome, Refusal, encoded, refuse};
use super::roles::inline_size;
use super::state::Role;
use super::{Aws, Call, policy};
use crate::time::second;

impl Aws {
    pub(super) fn list_roles(&mut self, call: &Call<'_>) -> Outcome {
        let account = call.account();
        let all = format!("arn:aws:iam::{account}:role/");
        self.allow(call.caller, "iam:ListRoles", &all, &all)?;
        let prefix = call.given("PathPrefix").unwrap_or("/");
        let roles = self.accounts[account].roles.values();
        let rows: Vec<Value> = roles
            .filter(|role| role.path.starts_with(prefix))
            .map(|role| shown(account, role))
            .collect();
        page(call, rows, self.settings.roles_page, "Roles")
    }

    pub(super) fn get_role(&mut self, call: &Call<'_>) -> Outcome {
        let role = self.permitted(call, "iam:GetRole")?;
        let mut shown = shown(call.account(), role);
        shown["RoleLastUsed"] = json!({});
        Ok(Done::told(json!({ "Role": shown })))
    }

    pub(super) fn list_role_policies(&mut self, call: &Call<'_>) -> Outcome {
        let role = self.permitted(call, "iam:ListRolePolicies")?;
        let names = role.inline.keys().map(|name| json!(name)).collect();
        page(call, names, 100, "PolicyNames")
    }

    pub(super) fn get_role_policy(&mut self, call: &Call<'_>) -> Outcome {
        let role = self.permitted(call, "iam:GetRolePolicy")?;
        let name = call.field("PolicyName");
        let Some(text) = role.inline.get(name) else {
            return Err(no_policy(name));
        };
        Ok(Done::told(json!({
            "RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(text),
        })))
    }

    pub(super) fn put_role_policy(&mut self, call: &Call<'_>) -> Outcome {
        let role = self.changeable(call, "iam:PutRolePolicy")?.clone();
        let (name, text) = (call.field("PolicyName"), call.field("PolicyDocument"));
        let good = (1..=128).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        if !good {
            let text = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
            return Err(refuse(400, "ValidationError", text));
        }
        policy::check(text).map_err(|why| refuse(400, "MalformedPolicyDocument", why))?;
        if (self.settings.minds.as_ref()).is_some_and(|minded| text.contains(minded)) {
            return Err(refuse(
                400,
                "MalformedPolicyDocument",
                "Syntax errors in policy.",
            ));
        }
        let mut changed = role.clone();
        changed.inline.insert(name.to_owned(), text.to_owned());
        let max = self.settings.inline_max;
        if inline_size(&changed) > max {
            let text = format!(
                "Maximum policy size of {max} bytes exceeded for role {}",
                role.name
            );
            return Err(refuse(409, "LimitExceeded", text));
        }
        if self.disturbed() {
            return Err(concurrent());
        }
        let effective = role.inline != changed.inline;
        self.record_written(call, "PutRolePolicy", &role);
        self.replace(call.account(), changed);
        Ok(Done::changed(Value::Null, effective))
    }

    pub(super) fn delete_role_policy(&mut self, call: &Call<'_>) -> Outcome {
        let role = self.changeable(call, "iam:DeleteRolePolicy")?.clone();
        let name = call.field("PolicyName");
        let mut changed = role.clone();
        if changed.inline.remove(name).is_none() {
            return Err(no_policy(name));
        }
        if self.disturbed() {
            return Err(concurrent());
        }
        self.record_written(call, "DeleteRolePolicy", &role);
        self.replace(call.account(), changed);
        Ok(Done::changed(Value::Null, true))
    }

    fn replace(&mut self, account: &str, role: Role) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.roles.insert(role.name.clone(), role);
        }
    }

    /// The role that a call names, if the caller may do this to it.
    fn permitted(&self, call: &Call<'_>, action: &str) -> Result<&Role, Refusal> {
        let (account, name) = (call.account(), call.field("RoleName"));
        let role = self.role(account, name);
        let arn = role.map_or_else(
            || format!("arn:aws:iam::{account}:role/{name}"),
            |role| role.arn(account),
        );
        self.allow(call.caller, action, &arn, &format!("role {name}"))?;
        role.ok_or_else(|| {
            let text = format!("The role with name {name} cannot be found.");
            refuse(404, "NoSuchEntity", text)
        })
    }

    /// The same for a change, which AWS alone may make to some roles.
    fn changeable(&self, call: &Call<'_>, action: &str) -> Result<&Role, Refusal> {
        let role = self.permitted(call, action)?;
        if role.is_protected() {
            let text = format!(
                "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
                role.name
            );
            return Err(refuse(400, "UnmodifiableEntity", text));
        }
        Ok(role)
    }
}

/// A role as the lists show it.
fn shown(account: &str, role: &Role) -> Value {
    json!({
        "Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": role.arn(account),
        "CreateDate": second(role.created_ms),
        "AssumeRolePolicyDocument": encoded(&role.trust.to_string()),
        "MaxSessionDuration": role.max_session_s,
    })
}

/// One page of a list; its marker is the number of the next row, and looks like nothing.
pub(super) fn page(call: &Call<'_>, mut rows: Vec<Value>, usual: usize, name: &str) -> Outcome {
    let wrong = |what: &str| {
        let text = format!("Invalid {what}");
        refuse(400, "ValidationError", text)
    };
    let max = match call.given("MaxItems") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .ok_or_else(|| wrong("MaxItems"))?,
        None => usual,
    }
    .min(usual);
    let from: usize = match call.given("Marker") {
        Some(text) => text
            .strip_prefix("AAYA")
            .and_then(|rest| usize::from_str_radix(rest, 16).ok())
            .filter(|from| *from < rows.len())
            .ok_or_else(|| wrong("Marker"))?,
        None => 0,
    };
    let rest = rows.split_off(from);
    let more = rest.len() > max;
    let mut result = json!({ "IsTruncated": more });
    result[name] = rest.into_iter().take(max).collect();
    if more {
        result["Marker"] = json!(format!("AAYA{:08x}", from + max));
    }
    Ok(Done::told(result))
}

fn no_policy(name: &str) -> Refusal {
    let text = format!("The role policy with name {name} cannot be found.");
    refuse(404, "NoSuchEntity", text)
}

fn concurrent() -> Refusal {
    let text = "The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.";
    refuse(409, "ConcurrentModification", text)
}
