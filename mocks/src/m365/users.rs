//! People: look-up with `$select`, enabling and disabling, revoking sessions, roles, risk.

use serde_json::{Value, json};

use super::answers::{bad, not_allowed, refusal};
use super::odata::{filter, matches, select};
use super::state::User;
use super::{Call, M365, SyncedWrite};
use crate::time::iso;
use crate::vendor::Answer;

/// What Graph shows of a user without `$select`.
const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];
const FILTERABLE: &[&str] = &[
    "id",
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "onPremisesImmutableId",
    "onPremisesSyncEnabled",
    "accountEnabled",
    "userType",
    "displayName",
];
/// The default life of an access token, milliseconds.
const ACCESS_MS: i64 = 3_600_000;

impl M365 {
    pub(super) fn get_user(&mut self, call: &Call<'_>) -> Answer {
        let user = match self.find(call.param(0)) {
            Ok(id) => self.user_json(&self.users[&id], call.now_ms),
            Err(refusal) => return refusal,
        };
        match select(call, user, DEFAULT) {
            Ok(mut user) => {
                let context = format!("{}/graph/v1.0/$metadata#users/$entity", self.base_url);
                user["@odata.context"] = json!(context);
                Answer::json(200, user)
            }
            Err(refusal) => refusal,
        }
    }

    pub(super) fn list_users(&mut self, call: &Call<'_>) -> Answer {
        let tests = match filter(call, FILTERABLE) {
            Ok(tests) => tests,
            Err(refusal) => return refusal,
        };
        let found = self
            .users
            .values()
            .map(|u| self.user_json(u, call.now_ms))
            .filter(|u| matches(&tests, u));
        match found.map(|u| select(call, u, DEFAULT)).collect() {
            Ok(items) => self.page(call, "users", items, 100),
            Err(refusal) => refusal,
        }
    }

    /// `PATCH /users/{id}`; the mock takes `accountEnabled` and refuses the rest.
    pub(super) fn update_user(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_change(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let body = call.json();
        let only = body.as_object().filter(|o| o.len() == 1);
        let Some(enabled) = only.and_then(|o| o.get("accountEnabled")?.as_bool()) else {
            return bad("the mock updates accountEnabled, by a boolean, and nothing else");
        };
        let privileged = self.apps.get(&call.client_id).is_some_and(|a| a.privileged);
        let settings = self.settings.clone();
        let user = self.users.get_mut(&id).expect("it was found");
        if !user.roles.is_empty() && !privileged {
            return not_allowed();
        }
        if user.synced && settings.synced_write == SyncedWrite::Refused {
            return bad(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
            );
        }
        let changed = user.account_enabled != enabled;
        user.account_enabled = enabled;
        if user.synced && enabled != user.enabled_on_premises {
            let due_ms = call.now_ms + settings.sync_after_ms;
            user.sync_due_ms = Some(due_ms);
            self.next_sync_ms = Some(self.next_sync_ms.map_or(due_ms, |next| next.min(due_ms)));
        }
        if changed {
            let name = if enabled {
                "Enable account"
            } else {
                "Disable account"
            };
            self.audit_by_app(call, name, &id);
        }
        Answer::empty(204).changed(changed)
    }

    /// `revokeSignInSessions`: refresh tokens and browser sessions end at once, replicas show it
    /// later. A guest's live on, at his home tenant.
    pub(super) fn revoke_sessions(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_change(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        if !matches!(call.request.body.as_slice(), b"" | b"{}") {
            return bad("revokeSignInSessions takes no body");
        }
        let settings = self.settings.clone();
        let user = self.users.get_mut(&id).expect("it was found");
        user.valid_from_was_ms = valid_from(user, call.now_ms);
        user.valid_from_ms = call.now_ms;
        user.replica_until_ms = call.now_ms + settings.replica_lag_ms;
        if !user.guest {
            if !(user.sessions.is_empty() && user.refresh_tokens.is_empty()) {
                user.access_until_ms = Some(call.now_ms + ACCESS_MS);
            }
            user.sessions.clear();
            user.refresh_tokens.clear();
        }
        self.audit_by_app(call, "Update StsRefreshTokenValidFrom Timestamp", &id);
        let context = format!("{}/graph/v1.0/$metadata#Edm.Boolean", self.base_url);
        if settings.revoke_answers_204 {
            return Answer::empty(204).changed(true);
        }
        Answer::json(200, json!({ "@odata.context": context, "value": true })).changed(true)
    }

    /// Directory roles only; not in the OpenAPI subset, shape from the reference of `memberOf`.
    pub(super) fn member_of(&mut self, call: &Call<'_>) -> Answer {
        let user = match self.find(call.param(0)) {
            Ok(id) => &self.users[&id],
            Err(refusal) => return refusal,
        };
        let roles = user.roles.iter().map(|name| {
            json!({
                "@odata.type": "#microsoft.graph.directoryRole",
                "id": crate::accounts::guid("role", name), "displayName": name,
            })
        });
        self.page(call, "directoryObjects", roles.collect(), 100)
    }

    pub(super) fn get_risk(&mut self, call: &Call<'_>) -> Answer {
        if !self.settings.p2 {
            return not_licensed();
        }
        let user = match self.find(call.param(0)) {
            Ok(id) => &self.users[&id],
            Err(refusal) => return refusal,
        };
        let (level, state, detail) = if user.risk == "high" {
            (
                "high",
                "confirmedCompromised",
                "adminConfirmedUserCompromised",
            )
        } else {
            ("none", "none", "none")
        };
        Answer::json(
            200,
            json!({
                "id": user.id, "userPrincipalName": user.upn, "userDisplayName": name_of(user),
                "riskLevel": level, "riskState": state, "riskDetail": detail,
                "isDeleted": false, "isProcessing": false,
            }),
        )
    }

    pub(super) fn confirm_compromised(&mut self, call: &Call<'_>) -> Answer {
        self.set_risk(call, "high")
    }

    pub(super) fn dismiss_risk(&mut self, call: &Call<'_>) -> Answer {
        self.set_risk(call, "none")
    }

    /// Up to 60 ids; all of them exist or nothing happens (assumed).
    fn set_risk(&mut self, call: &Call<'_>, risk: &str) -> Answer {
        if !self.settings.p2 {
            return not_licensed();
        }
        let body = call.json();
        let ids: Vec<&str> = body["userIds"]
            .as_array()
            .map(|all| all.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if ids.is_empty() || ids.len() > 60 {
            return bad("userIds needs 1 to 60 ids");
        }
        if let Some(unknown) = ids.iter().find(|id| !self.users.contains_key(**id)) {
            return super::answers::no_such_resource(unknown);
        }
        let mut changed = false;
        for id in ids {
            let user = self.users.get_mut(id).expect("it was found");
            changed |= user.risk != risk;
            risk.clone_into(&mut user.risk);
        }
        Answer::empty(204).changed(changed)
    }

    /// Every property the mock knows; `$select` takes from it.
    fn user_json(&self, user: &User, now_ms: i64) -> Value {
        let guest = user.guest;
        json!({
            "id": user.id, "userPrincipalName": user.upn, "mail": user.mail,
            "displayName": name_of(user), "givenName": user.given_name, "surname": user.family_name,
            "businessPhones": [], "jobTitle": null, "mobilePhone": null, "officeLocation": null,
            "preferredLanguage": null, "employeeId": null, "usageLocation": null,
            "accountEnabled": user.account_enabled, "createdDateTime": seconds(user.created_ms),
            "userType": if guest { "Guest" } else { "Member" },
            "externalUserState": guest.then_some("Accepted"),
            "signInSessionsValidFromDateTime": seconds(valid_from(user, now_ms)),
            "onPremisesSyncEnabled": user.synced.then_some(true),
            "onPremisesImmutableId": immutable_id(user),
            "onPremisesLastSyncDateTime": user.synced.then(|| seconds(user.created_ms)),
            "isManagementRestricted": user.restricted.then_some(true),
            "mailNickname": user.upn.split('@').next(), "otherMails": [],
            "lastPasswordChangeDateTime": seconds(user.created_ms),
            "proxyAddresses": [format!("SMTP:{}", user.mail)],
        })
    }
}

/// What a replica shows at this moment.
fn valid_from(user: &User, now_ms: i64) -> i64 {
    if now_ms < user.replica_until_ms {
        user.valid_from_was_ms
    } else {
        user.valid_from_ms
    }
}

fn name_of(user: &User) -> String {
    format!("{} {}", user.given_name, user.family_name)
}

/// What Okta's federation names the person by.
fn immutable_id(user: &User) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(&user.id[..16])
}

/// Graph writes these times in whole seconds.
pub(super) fn seconds(ms: i64) -> String {
    let text = iso(ms);
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

fn not_licensed() -> Answer {
    refusal(
        403,
        "Forbidden",
        "Your tenant is not licensed for this feature.",
    )
}
