//! API (SSWS) tokens. The list hides those of suspended owners; reading and revoking by id still works.

use serde_json::{Value, json};

use super::state::ApiToken;
use super::{Answer, Call, Okta, Principal};
use crate::time::{DAY, iso};

impl Okta {
    /// `GET /api/v1/api-tokens`: active tokens, unpaged.
    pub(super) fn list_api_tokens(&mut self, call: &Call<'_>) -> Answer {
        let active = |t: &&ApiToken| {
            self.users
                .get(&t.user_id)
                .is_some_and(|u| u.status != "SUSPENDED")
        };
        Answer::list(
            self.api_tokens
                .values()
                .filter(active)
                .map(|t| self.token_json(t, call.now_ms))
                .collect(),
        )
    }

    pub(super) fn get_api_token(&mut self, call: &Call<'_>) -> Answer {
        match self.api_tokens.get(call.param(0)) {
            Some(token) => Answer::json(200, self.token_json(token, call.now_ms)),
            None => Answer::not_found(call.param(0), "ApiToken"),
        }
    }

    pub(super) fn revoke_api_token(&mut self, call: &Call<'_>) -> Answer {
        self.revoke_token(call, call.param(0))
    }

    pub(super) fn revoke_current_token(&mut self, call: &Call<'_>) -> Answer {
        match &call.who {
            Principal::Ssws { token_id, .. } => self.revoke_token(call, &token_id.clone()),
            _ => Answer::forbidden(),
        }
    }

    fn revoke_token(&mut self, call: &Call<'_>, id: &str) -> Answer {
        let Some(token) = self.api_tokens.remove(id) else {
            return Answer::not_found(id, "ApiToken");
        };
        if let Some(agent) = token
            .agent
            .as_ref()
            .and_then(|name| self.agents.get_mut(name))
        {
            agent.running = false;
        }
        let origin = self.origin(call);
        self.event(
            &origin,
            "system.api_token.revoke",
            ("SUCCESS", None),
            vec![token_ref(&token)],
            &[],
        );
        Answer::empty(204).changed(true)
    }

    fn token_json(&self, token: &ApiToken, now_ms: i64) -> Value {
        json!({
            "id": token.id,
            "name": token.name,
            "userId": token.user_id,
            "clientName": token.client_name,
            "tokenWindow": "P30D",
            "created": iso(token.created_ms),
            "lastUpdated": iso(token.created_ms),
            "expiresAt": iso(now_ms + 29 * DAY),
            "network": { "connection": token.connection },
            "_link": {
                "self": { "href": format!("{}/api/v1/api-tokens/{}", self.base_url, token.id), "hints": { "allow": ["GET", "DELETE"] } },
                "user": { "href": format!("{}/api/v1/users/{}", self.base_url, token.user_id) },
            },
        })
    }
}

/// An API token as a log target.
pub(super) fn token_ref(token: &ApiToken) -> Value {
    json!({ "id": token.id, "type": "Token", "alternateId": "unknown", "displayName": token.name, "detailEntry": null })
}
