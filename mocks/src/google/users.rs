//! People of the directory: look-up, search, suspension, administrator roles.

use serde_json::{Value, json};

use super::answers::refusal;
use super::state::User;
use super::{CUSTOMER, Call, DOMAIN, Google};
use crate::time::iso;
use crate::vendor::Answer;

/// The ids of the two roles the mock knows.
const SUPER_ROLE: &str = "13801188331880449";
const USER_ROLE: &str = "13801188331880451";

/// What an update may carry; the mock refuses the rest rather than drop it silently.
const UPDATABLE: [&str; 4] = ["suspended", "archived", "recoveryEmail", "recoveryPhone"];

impl Google {
    pub(super) fn get_user(&mut self, call: &Call<'_>) -> Answer {
        match self.find(call.param(0)) {
            Ok(id) => Answer::json(200, user_json(&self.users[&id])),
            Err(refusal) => refusal,
        }
    }

    /// `users.list` by customer or domain, with `query=email:…`.
    pub(super) fn list_users(&mut self, call: &Call<'_>) -> Answer {
        let ours = match (call.query("customer"), call.query("domain")) {
            (Some(customer), _) => customer == "my_customer" || customer == CUSTOMER,
            (None, Some(domain)) => domain == DOMAIN,
            (None, None) => return refusal(400, "badRequest", "Bad Request"),
        };
        if !ours {
            return super::answers::not_authorized();
        }
        let wanted = match call.query("query").map(wanted_email) {
            None => None,
            Some(Some(email)) => Some(email),
            Some(None) => return refusal(400, "invalid", "Invalid Input: query"),
        };
        let limit = match call.query("maxResults").map(str::parse::<usize>) {
            None => 100,
            Some(Ok(n @ 1..=500)) => n,
            Some(_) => return refusal(400, "invalid", "Invalid Input: maxResults"),
        };
        let after = call.query("pageToken").unwrap_or_default();
        let mut rest = self
            .users
            .values()
            .filter(|u| u.id.as_str() > after)
            .filter(|u| wanted.as_deref().is_none_or(|w| has_email(u, w)));
        let page: Vec<&User> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(page.last()).map(|u| u.id.clone());
        let mut body = json!({ "kind": "admin#directory#users", "etag": "\"mock\"" });
        if !page.is_empty() {
            body["users"] = page.into_iter().map(user_json).collect();
        }
        if let Some(next) = next {
            body["nextPageToken"] = json!(next);
        }
        Answer::json(200, body)
    }

    /// `users.update`: PUT with the meaning of a patch. Suspending ends sessions and the tokens of
    /// apps; app passwords and backup codes sleep and wake again.
    pub(super) fn update_user(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let body = call.json();
        let Some(changes) = body.as_object() else {
            return refusal(400, "parseError", "Parse Error");
        };
        if let Some(name) = changes.keys().find(|k| !UPDATABLE.contains(&k.as_str())) {
            return refusal(400, "invalid", &format!("the mock does not update {name}"));
        }
        let flag = |name: &str| match &changes.get(name) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(_) => Err(refusal(400, "invalid", &format!("Invalid Input: {name}"))),
        };
        let (suspend, archive) = match (flag("suspended"), flag("archived")) {
            (Ok(suspend), Ok(archive)) => (suspend, archive),
            (Err(refusal), _) | (_, Err(refusal)) => return refusal,
        };
        if suspend == Some(true) && self.users[&id].suspended && self.settings.repeat_is_412 {
            return refusal(412, "conditionNotMet", "Precondition Failed");
        }
        let before = self.users[&id].clone();
        let user = self.users.get_mut(&id).expect("it was found");
        if let Some(archive) = archive {
            user.archived = archive;
        }
        for (name, place) in [
            ("recoveryEmail", &mut user.recovery_email),
            ("recoveryPhone", &mut user.recovery_phone),
        ] {
            if let Some(text) = changes.get(name).and_then(Value::as_str) {
                *place = (!text.is_empty()).then(|| text.to_owned());
            }
        }
        if let Some(suspend) = suspend {
            user.suspended = suspend;
            user.suspension_reason = suspend.then(|| "ADMIN".to_owned());
            if suspend {
                user.sessions.clear();
                user.tokens.clear();
            }
        }
        let answer = user_json(user);
        let (was, is) = (before.suspended, user.suspended);
        let changed = serde_json::to_value(&before).ok() != serde_json::to_value(&*user).ok();
        if was != is {
            let name = if is { "SUSPEND_USER" } else { "UNSUSPEND_USER" };
            self.report_admin(call, name, &id, json!([]));
        }
        Answer::json(200, answer).changed(changed)
    }

    pub(super) fn list_roles(&mut self, _call: &Call<'_>) -> Answer {
        let role = |id: &str, name: &str, is_super: bool| {
            json!({
                "kind": "admin#directory#role", "roleId": id, "roleName": name,
                "isSystemRole": true, "isSuperAdminRole": is_super,
            })
        };
        let items = json!([
            role(SUPER_ROLE, "_SEED_ADMIN_ROLE", true),
            role(USER_ROLE, "_USER_MANAGEMENT_ADMIN_ROLE", false),
        ]);
        Answer::json(
            200,
            json!({ "kind": "admin#directory#roles", "items": items }),
        )
    }

    pub(super) fn list_role_assignments(&mut self, call: &Call<'_>) -> Answer {
        let only = match call.query("userKey").map(|key| self.find(key)) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(refusal)) => return refusal,
        };
        let items: Vec<Value> = self
            .users
            .values()
            .filter(|u| only.as_ref().is_none_or(|id| *id == u.id))
            .filter_map(|u| {
                let role = match (u.is_admin, u.is_delegated_admin) {
                    (true, _) => SUPER_ROLE,
                    (false, true) => USER_ROLE,
                    (false, false) => return None,
                };
                Some(json!({
                    "kind": "admin#directory#roleAssignment", "roleAssignmentId": u.id, "roleId": role,
                    "assignedTo": u.id, "assigneeType": "user", "scopeType": "CUSTOMER",
                }))
            })
            .collect();
        let mut body = json!({ "kind": "admin#directory#roleAssignments" });
        if !items.is_empty() {
            body["items"] = json!(items);
        }
        Answer::json(200, body)
    }
}

/// The address in `email:x`, `email=x` or `email:x*`; the mock knows no other search.
fn wanted_email(query: &str) -> Option<String> {
    let rest = query.strip_prefix("email")?;
    let value = rest.strip_prefix(':').or_else(|| rest.strip_prefix('='))?;
    Some(value.trim_matches(['"', '\'']).to_lowercase())
}

fn has_email(user: &User, wanted: &str) -> bool {
    let mut names = user.aliases.iter().chain([&user.primary_email]);
    names.any(|name| match wanted.strip_suffix('*') {
        Some(start) => name.to_lowercase().starts_with(start),
        None => name.to_lowercase() == wanted,
    })
}

fn user_json(user: &User) -> Value {
    let never = "1970-01-01T00:00:00.000Z".to_owned();
    let mut body = json!({
        "kind": "admin#directory#user", "id": user.id, "etag": "\"mock\"",
        "primaryEmail": user.primary_email,
        "name": {
            "givenName": user.given_name, "familyName": user.family_name,
            "fullName": format!("{} {}", user.given_name, user.family_name),
        },
        "isAdmin": user.is_admin, "isDelegatedAdmin": user.is_delegated_admin,
        "lastLoginTime": user.last_login_ms.map_or(never, iso), "creationTime": iso(user.created_ms),
        "agreedToTerms": true, "suspended": user.suspended, "archived": user.archived,
        "changePasswordAtNextLogin": false, "ipWhitelisted": false,
        "emails": [{ "address": user.primary_email, "primary": true }],
        "customerId": CUSTOMER, "orgUnitPath": "/", "isMailboxSetup": true,
        "isEnrolledIn2Sv": user.enrolled_2sv, "isEnforcedIn2Sv": user.enforced_2sv,
        "includeInGlobalAddressList": true,
    });
    if !user.aliases.is_empty() {
        body["aliases"] = json!(user.aliases);
    }
    for (name, value) in [
        ("suspensionReason", &user.suspension_reason),
        ("recoveryEmail", &user.recovery_email),
        ("recoveryPhone", &user.recovery_phone),
    ] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    body
}
