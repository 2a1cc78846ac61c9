//! Users: finding one, showing him, and the lifecycle operations with their exact preconditions.

use serde_json::{Value, json};

use super::state::User;
use super::{Answer, Call, Okta, Principal};
use crate::time::{iso, iso_or_null};

impl User {
    /// First and last name.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    fn set_status(&mut self, status: &str, now_ms: i64) {
        status.clone_into(&mut self.status);
        self.status_changed_ms = now_ms;
        self.last_updated_ms = now_ms;
    }
}

impl Okta {
    /// A user by id, login or unambiguous shortname: what `{id}` accepts.
    pub(crate) fn find_user(&self, key: &str) -> Option<&User> {
        if key.contains('/') {
            return None; // a login with a slash cannot stand in a path
        }
        if let Some(user) = self.users.get(key) {
            return Some(user);
        }
        let same = |login: &str| login.eq_ignore_ascii_case(key);
        if let Some(user) = self.users.values().find(|u| same(&u.login)) {
            return Some(user);
        }
        let mut short = self
            .users
            .values()
            .filter(|u| u.login.split_once('@').is_some_and(|(name, _)| same(name)));
        match (short.next(), short.next()) {
            (Some(user), None) => Some(user),
            _ => None,
        }
    }

    fn loose(&self, call: &Call<'_>) -> Result<String, Answer> {
        let key = call.param(0);
        if key == "me" {
            return match &call.who {
                Principal::Ssws { user_id, .. } => Ok(user_id.clone()),
                _ => Err(Answer::not_found("me", "User")),
            };
        }
        self.find_user(key)
            .map(|u| u.id.clone())
            .ok_or_else(|| Answer::not_found(key, "User"))
    }

    /// A user by id alone: what `{userId}` accepts.
    pub(super) fn strict(&self, key: &str) -> Result<String, Answer> {
        if self.users.contains_key(key) {
            Ok(key.to_owned())
        } else {
            Err(Answer::not_found(key, "User"))
        }
    }

    pub(super) fn user_mut(&mut self, id: &str) -> &mut User {
        self.users.get_mut(id).expect("the id was just looked up")
    }

    pub(super) fn get_user(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.loose(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = &self.users[&id];
        let mut body = self.user_json(user);
        if call.query("expand") == Some("blocks") {
            body["_embedded"] = json!({ "blocks": [] });
        }
        Answer::json(200, body).header("Etag", format!("W/\"{}\"", user.last_updated_ms))
    }

    pub(super) fn blocks(&mut self, call: &Call<'_>) -> Answer {
        self.loose(call)
            .map_or_else(|refusal| refusal, |_| Answer::list(Vec::new()))
    }

    pub(super) fn suspend(&mut self, call: &Call<'_>) -> Answer {
        self.transition(call, |okta, id| {
            if okta.users[id].status != "ACTIVE" {
                return Err(Answer::refused(
                    "suspendUser",
                    "Cannot suspend a user that is not active",
                ));
            }
            okta.user_mut(id).set_status("SUSPENDED", call.now_ms);
            if okta.settings.suspend_ends_sessions {
                let was_in = !okta.users[id].sessions.is_empty();
                okta.user_mut(id).sessions.clear();
                if was_in && okta.settings.suspend_tells_of_sessions {
                    let (origin, target) = (okta.origin(call), okta.user_ref(id));
                    let done = ("SUCCESS", None);
                    okta.event(&origin, "user.session.end", done, vec![target], &[]);
                }
            }
            okta.stop_agents_of(id);
            Ok("user.lifecycle.suspend")
        })
    }

    pub(super) fn unsuspend(&mut self, call: &Call<'_>) -> Answer {
        self.transition(call, |okta, id| {
            if okta.users[id].status != "SUSPENDED" {
                return Err(Answer::refused(
                    "unsuspendUser",
                    "Cannot unsuspend a user that is not suspended",
                ));
            }
            okta.user_mut(id).set_status("ACTIVE", call.now_ms);
            okta.start_agents_of(id);
            Ok("user.lifecycle.unsuspend")
        })
    }

    pub(super) fn deactivate(&mut self, call: &Call<'_>) -> Answer {
        self.transition(call, |okta, id| {
            if okta.users[id].status == "DEPROVISIONED" {
                return Err(Answer::refused(
                    "deactivateUser",
                    "The user is already deactivated",
                ));
            }
            okta.stop_agents_of(id);
            okta.api_tokens.retain(|_, token| token.user_id != *id);
            let user = okta.user_mut(id);
            user.set_status("DEPROVISIONED", call.now_ms);
            user.sessions.clear();
            user.tokens.clear();
            user.apps.clear();
            user.factors.clear();
            Ok("user.lifecycle.deactivate")
        })
    }

    pub(super) fn unlock(&mut self, call: &Call<'_>) -> Answer {
        self.transition(call, |okta, id| {
            if okta.users[id].status != "LOCKED_OUT" || okta.users[id].provider != "OKTA" {
                let text = "Unlock is not allowed for this user.";
                return Err(Answer::error(403, "E0000032", text, &[]));
            }
            okta.user_mut(id).set_status("ACTIVE", call.now_ms);
            Ok("user.account.unlock_by_admin")
        })
    }

    pub(super) fn expire_password(&mut self, call: &Call<'_>) -> Answer {
        let answer = self.transition(call, |okta, id| {
            okta.password_operation(id)?;
            okta.user_mut(id)
                .set_status("PASSWORD_EXPIRED", call.now_ms);
            Ok("user.account.expire_password")
        });
        self.with_body(call, answer, |okta, id| okta.user_json(&okta.users[id]))
    }

    pub(super) fn expire_with_temp_password(&mut self, call: &Call<'_>) -> Answer {
        let revoke = call.flag("revokeSessions", false);
        let answer = self.transition(call, |okta, id| {
            okta.password_operation(id)?;
            let user = okta.user_mut(id);
            user.set_status("PASSWORD_EXPIRED", call.now_ms);
            user.password_changed_ms = Some(call.now_ms);
            user.password_stolen = false;
            if revoke {
                user.sessions.clear();
            }
            Ok("user.account.expire_password")
        });
        let temporary = self.rng.text(12);
        self.with_body(call, answer, |_, _| json!({ "tempPassword": temporary }))
    }

    pub(super) fn reset_password(&mut self, call: &Call<'_>) -> Answer {
        let Some(send_email) = call.query("sendEmail").map(|v| v == "true") else {
            let text = "The request is missing a required parameter.";
            return Answer::error(400, "E0000028", text, &["sendEmail"]);
        };
        let revoke = call.flag("revokeSessions", false);
        let answer = self.transition(call, |okta, id| {
            okta.password_operation(id)?;
            let user = okta.user_mut(id);
            user.set_status("RECOVERY", call.now_ms);
            user.password_stolen = false;
            if revoke {
                user.sessions.clear();
            }
            Ok("user.account.reset_password")
        });
        let secret = self.rng.text(20);
        let url = format!("{}/reset_password/{secret}", self.base_url);
        self.with_body(call, answer, |_, _| {
            if send_email {
                json!({})
            } else {
                json!({ "resetPasswordUrl": url })
            }
        })
    }

    /// A suspended user can only be unsuspended or deactivated.
    fn password_operation(&self, id: &str) -> Result<(), Answer> {
        match self.users[id].status.as_str() {
            "ACTIVE" | "PASSWORD_EXPIRED" | "RECOVERY" | "LOCKED_OUT" | "PROVISIONED" => Ok(()),
            _ => {
                let text = "This operation is not allowed in the user's current status.";
                Err(Answer::error(403, "E0000038", text, &[]))
            }
        }
    }

    pub(super) fn reset_factors(&mut self, call: &Call<'_>) -> Answer {
        self.transition(call, |okta, id| {
            if okta.users[id].status == "DEPROVISIONED" {
                return Err(Answer::not_found(id, "User"));
            }
            okta.user_mut(id).factors.clear();
            okta.user_mut(id).last_updated_ms = call.now_ms;
            Ok("user.mfa.factor.reset_all")
        })
    }

    /// Runs one lifecycle change and logs it with the user as target; 200 and an empty body.
    fn transition(
        &mut self,
        call: &Call<'_>,
        change: impl FnOnce(&mut Self, &str) -> Result<&'static str, Answer>,
    ) -> Answer {
        let id = match self.loose(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        match change(self, &id) {
            Ok(event) => {
                let (origin, target) = (self.origin(call), self.user_ref(&id));
                self.event(&origin, event, ("SUCCESS", None), vec![target], &[]);
                Answer::empty(200).changed(true)
            }
            Err(refusal) => refusal,
        }
    }

    fn with_body(
        &self,
        call: &Call<'_>,
        answer: Answer,
        body: impl FnOnce(&Self, &str) -> Value,
    ) -> Answer {
        match self.loose(call) {
            Ok(id) if answer.effective => Answer::json(200, body(self, &id)).changed(true),
            _ => answer,
        }
    }

    /// The user as the API shows him, with the operations his status allows as links.
    pub(crate) fn user_json(&self, user: &User) -> Value {
        let url = format!("{}/api/v1/users/{}", self.base_url, user.id);
        let mut links = json!({ "self": { "href": url } });
        for verb in allowed(user) {
            let path = format!("{url}/lifecycle/{}", verb.1);
            links[verb.0] = json!({ "href": path, "method": "POST" });
        }
        json!({
            "id": user.id,
            "status": user.status,
            "created": iso(user.created_ms),
            "activated": iso(user.created_ms),
            "statusChanged": iso(user.status_changed_ms),
            "lastLogin": iso_or_null(user.last_login_ms),
            "lastUpdated": iso(user.last_updated_ms),
            "passwordChanged": iso_or_null(user.password_changed_ms),
            "type": { "id": "oty0000000000000005d7" },
            "profile": {
                "firstName": user.first_name,
                "lastName": user.last_name,
                "login": user.login,
                "email": user.login,
                "secondEmail": user.second_email,
                "mobilePhone": user.mobile_phone,
            },
            "credentials": { "provider": { "type": user.provider, "name": user.provider } },
            "_links": links,
        })
    }
}

/// Link names and lifecycle verbs that the status allows.
fn allowed(user: &User) -> Vec<(&'static str, &'static str)> {
    let mut out = match user.status.as_str() {
        "ACTIVE" => vec![
            ("suspend", "suspend"),
            ("deactivate", "deactivate"),
            ("resetPassword", "reset_password"),
            ("expirePassword", "expire_password"),
        ],
        "SUSPENDED" => vec![("unsuspend", "unsuspend"), ("deactivate", "deactivate")],
        "LOCKED_OUT" => vec![
            ("unlock", "unlock"),
            ("deactivate", "deactivate"),
            ("resetPassword", "reset_password"),
        ],
        "DEPROVISIONED" => vec![("activate", "activate")],
        _ => vec![
            ("deactivate", "deactivate"),
            ("resetPassword", "reset_password"),
        ],
    };
    if user.status == "ACTIVE" && !user.factors.is_empty() {
        out.push(("resetFactors", "reset_factors"));
    }
    out
}
