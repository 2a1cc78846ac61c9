//! Okta sessions: cleared by user, read and ended by id; and global token revocation.

use serde_json::json;

use super::{Answer, Call, Okta};
use crate::time::iso;

impl Okta {
    /// `DELETE /users/{userId}/sessions`: OAuth tokens only when asked, devices by the engine's default.
    pub(super) fn clear_sessions(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let oauth = call.flag("oauthTokens", false);
        let forget = call.flag("forgetDevices", self.settings.oie);
        let user = self.user_mut(&id);
        let mut changed = !user.sessions.is_empty();
        user.sessions.clear();
        if oauth {
            changed |= !user.tokens.is_empty();
            user.tokens.clear();
        }
        if forget {
            changed |= user.remembered_devices > 0;
            user.remembered_devices = 0;
        }
        let (origin, target) = (self.origin(call), self.user_ref(&id));
        self.event(
            &origin,
            "user.session.clear",
            ("SUCCESS", None),
            vec![target],
            &[],
        );
        Answer::empty(204).changed(changed)
    }

    pub(super) fn get_session(&mut self, call: &Call<'_>) -> Answer {
        let found = self
            .users
            .values()
            .find_map(|u| Some((u, u.sessions.get(call.param(0))?)));
        let Some((user, session)) = found else {
            return Answer::not_found(call.param(0), "Session");
        };
        Answer::json(
            200,
            json!({
                "id": session.id,
                "userId": user.id,
                "login": user.login,
                "status": "ACTIVE",
                "createdAt": iso(session.created_ms),
                "expiresAt": iso(session.expires_ms),
                "amr": ["pwd", "mfa"],
                "idp": { "id": self.org_id, "type": "OKTA" },
            }),
        )
    }

    pub(super) fn delete_session(&mut self, call: &Call<'_>) -> Answer {
        let session = call.param(0).to_owned();
        let owner = self
            .users
            .values()
            .find(|u| u.sessions.contains_key(&session));
        let Some(owner) = owner.map(|u| u.id.clone()) else {
            return Answer::not_found(&session, "Session");
        };
        self.user_mut(&owner).sessions.remove(&session);
        let (mut origin, target) = (self.origin(call), self.user_ref(&owner));
        origin.session = Some(session);
        self.event(
            &origin,
            "user.session.end",
            ("SUCCESS", None),
            vec![target],
            &[],
        );
        Answer::empty(204).changed(true)
    }

    /// `POST /oauth2/v1/global-token-revocation`: sessions, OAuth tokens and SSWS tokens, agents' too.
    pub(super) fn universal_logout(&mut self, call: &Call<'_>) -> Answer {
        if !self.settings.universal_logout {
            let text = "You do not have permission to access the feature you are requesting";
            return Answer::error(403, "E0000015", text, &[]);
        }
        let body = call.json();
        let subject = &body["sub_id"];
        if subject["format"] != "opaque" || !subject["id"].is_string() {
            return Answer::oauth_error(400, "invalid_request", "sub_id is missing or malformed");
        }
        let id = subject["id"].as_str().unwrap_or_default().to_owned();
        if let Err(refusal) = self.strict(&id) {
            return refusal;
        }
        self.stop_agents_of(&id);
        self.api_tokens.retain(|_, token| token.user_id != id);
        let user = self.user_mut(&id);
        user.sessions.clear();
        user.tokens.clear();
        let (origin, target) = (self.origin(call), self.user_ref(&id));
        let trace = [("traceId", self.rng.uuid())];
        let scheduled = "user.authentication.universal_logout.scheduled";
        self.event(
            &origin,
            scheduled,
            ("SUCCESS", None),
            vec![target.clone()],
            &trace,
        );
        let apps: Vec<_> = self.users[&id].apps.keys().cloned().collect();
        for app in apps {
            if self.apps.get(&app).is_some_and(|a| a.universal_logout) {
                let target = vec![target.clone(), self.app_ref(&app)];
                self.event(
                    &origin,
                    "user.authentication.universal_logout",
                    ("SUCCESS", None),
                    target,
                    &trace,
                );
            }
        }
        Answer::empty(204).changed(true)
    }

    /// A suspended, deactivated or logged-out owner takes his agents down with him.
    pub(super) fn stop_agents_of(&mut self, user_id: &str) {
        self.set_agents(user_id, false);
    }

    pub(super) fn start_agents_of(&mut self, user_id: &str) {
        self.set_agents(user_id, true);
    }

    fn set_agents(&mut self, user_id: &str, running: bool) {
        for token in self.api_tokens.values().filter(|t| t.user_id == user_id) {
            if let Some(agent) = token
                .agent
                .as_ref()
                .and_then(|name| self.agents.get_mut(name))
            {
                agent.running = running;
            }
        }
    }
}
