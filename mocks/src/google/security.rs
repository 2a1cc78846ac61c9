//! What a person let in: sessions, tokens of apps, app passwords, backup codes, the second step.

use serde_json::{Value, json};

use super::answers::refusal;
use super::state::{AppPassword, AppToken};
use super::{Call, Google};
use crate::vendor::Answer;

impl Google {
    /// `users.signOut`: ends web and device sessions, and nothing else. No API shows that it did.
    pub(super) fn sign_out(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.act_without_body(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        let changed = !user.sessions.is_empty();
        user.sessions.clear();
        self.report_admin(call, "RESET_SIGNIN_COOKIES", &id, json!([]));
        Answer::empty(204).changed(changed)
    }

    pub(super) fn list_tokens(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let items = self.users[&id].tokens.values();
        list(
            "admin#directory#tokenList",
            items.map(|t| token_json(&id, t)),
        )
    }

    pub(super) fn get_token(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        match self.users[&id].tokens.get(call.param(1)) {
            Some(token) => Answer::json(200, token_json(&id, token)),
            None => gone("clientId"),
        }
    }

    /// `tokens.delete`: all that the person gave this app.
    pub(super) fn delete_token(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        let Some(token) = user.tokens.remove(call.param(1)) else {
            return gone("clientId");
        };
        let app = json!([{ "name": "APP_ID", "value": token.client_id }]);
        self.report_admin(call, "REVOKE_3LO_TOKEN", &id, app);
        Answer::empty(204).changed(true)
    }

    pub(super) fn list_asps(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let items = self.users[&id].asps.values();
        list(
            "admin#directory#aspList",
            items.map(|a| self.asp_json(&id, a)),
        )
    }

    pub(super) fn get_asp(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let code = call.param(1).parse::<i32>().ok();
        match code.and_then(|code| self.users[&id].asps.get(&code)) {
            Some(asp) => Answer::json(200, self.asp_json(&id, asp)),
            None => gone("codeId"),
        }
    }

    pub(super) fn delete_asp(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let Ok(code) = call.param(1).parse::<i32>() else {
            return refusal(400, "invalid", "Invalid value for: codeId");
        };
        let user = self.users.get_mut(&id).expect("it was found");
        if user.asps.remove(&code).is_none() {
            return gone("codeId");
        }
        let which = json!([{ "name": "ASP_ID", "value": code.to_string() }]);
        self.report_admin(call, "REVOKE_ASP", &id, which);
        Answer::empty(204).changed(true)
    }

    /// `verificationCodes.list` shows live codes; the mock counts whoever looks.
    pub(super) fn list_codes(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find_to_act(call.param(0), call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        self.backup_code_reads += 1;
        let codes = self.users[&id].backup_codes.iter();
        let items = codes.map(|code| {
            json!({ "kind": "admin#directory#verificationCode", "userId": id, "verificationCode": code })
        });
        list("admin#directory#verificationCodesList", items)
    }

    pub(super) fn invalidate_codes(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.act_without_body(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        let changed = !user.backup_codes.is_empty();
        user.backup_codes.clear();
        user.codes_stolen = false;
        Answer::empty(204).changed(changed)
    }

    /// `twoStepVerification.turnOff`: weakens the account; refused where a second step is enforced.
    pub(super) fn turn_off_2sv(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.act_without_body(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        if user.enforced_2sv {
            return refusal(
                400,
                "invalid",
                "2-step verification is enforced for this user",
            );
        }
        let changed = user.enrolled_2sv || !user.backup_codes.is_empty();
        user.enrolled_2sv = false;
        user.backup_codes.clear();
        user.codes_stolen = false;
        Answer::empty(204).changed(changed)
    }

    fn act_without_body(&self, call: &Call<'_>) -> Result<String, Answer> {
        let id = self.find_to_act(call.param(0), call)?;
        if call.request.body.is_empty() {
            Ok(id)
        } else {
            Err(refusal(400, "invalid", "The request body must be empty"))
        }
    }

    fn asp_json(&self, user: &str, asp: &AppPassword) -> Value {
        let unit = if self.settings.asp_times_in_ms {
            1
        } else {
            1000
        };
        let time = |ms: i64| (ms / unit).to_string();
        json!({
            "kind": "admin#directory#asp", "etag": "\"mock\"", "codeId": asp.code_id, "name": asp.name,
            "creationTime": time(asp.created_ms), "lastTimeUsed": time(asp.last_used_ms.unwrap_or(0)),
            "userKey": user,
        })
    }
}

fn token_json(user: &str, token: &AppToken) -> Value {
    json!({
        "kind": "admin#directory#token", "etag": "\"mock\"", "clientId": token.client_id,
        "displayText": token.display_text, "anonymous": false, "nativeApp": token.native_app,
        "userKey": user, "scopes": token.scopes,
    })
}

/// A list without pages; empty ones have no `items`.
fn list(kind: &str, items: impl Iterator<Item = Value>) -> Answer {
    let items: Vec<Value> = items.collect();
    let mut body = json!({ "kind": kind, "etag": "\"mock\"" });
    if !items.is_empty() {
        body["items"] = json!(items);
    }
    Answer::json(200, body)
}

fn gone(what: &str) -> Answer {
    let text = format!("Resource Not Found: {what}");
    refusal(404, "notFound", &text)
}
