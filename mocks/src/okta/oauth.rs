//! OAuth clients, refresh tokens and consents of a user.

use serde_json::{Value, json};

use super::state::{Grant, OauthToken};
use super::{Answer, Call, Okta};
use crate::time::iso;

/// The default and the largest page of tokens and grants.
const PAGE: (usize, usize) = (20, 200);

impl Okta {
    /// Clients with consents or refresh tokens.
    pub(super) fn user_clients(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = &self.users[&id];
        let used = |client: &str| {
            user.grants.values().any(|g| g.client_id == client)
                || user
                    .tokens
                    .values()
                    .any(|t| t.refresh && t.client_id == client)
        };
        let base = format!("{}/api/v1/users/{id}/clients", self.base_url);
        let clients = self
            .oauth_clients
            .values()
            .filter(|c| used(&c.id))
            .map(|c| {
                json!({
                    "client_id": c.id, "client_name": c.name, "client_uri": null, "logo_uri": null,
                    "_links": {
                        "grants": { "href": format!("{base}/{}/grants", c.id) },
                        "tokens": { "href": format!("{base}/{}/tokens", c.id) },
                    },
                })
            });
        Answer::list(clients.collect())
    }

    pub(super) fn list_tokens(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let items = self.users[&id]
            .tokens
            .values()
            .filter(|t| t.refresh && t.client_id == call.param(1))
            .map(|t| (t.id.clone(), self.refresh_json(&id, t)));
        self.page(call, items, PAGE.0, PAGE.1)
    }

    pub(super) fn get_token(&mut self, call: &Call<'_>) -> Answer {
        let token = self
            .users
            .get(call.param(0))
            .and_then(|u| u.tokens.get(call.param(2)));
        match token.filter(|t| t.refresh && t.client_id == call.param(1)) {
            Some(token) => Answer::json(200, self.refresh_json(call.param(0), token)),
            None => Answer::not_found(call.param(2), "OAuth2RefreshToken"),
        }
    }

    pub(super) fn revoke_tokens(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let client = call.param(1).to_owned();
        // Access tokens issued without a refresh token survive this, as at Okta.
        let gone: Vec<String> = self.users[&id]
            .tokens
            .values()
            .filter(|t| t.refresh && t.client_id == client)
            .map(|t| t.id.clone())
            .collect();
        for token in &gone {
            self.user_mut(&id).tokens.remove(token);
        }
        self.oauth_event(call, &id, "app.oauth2.token.revoke", &client);
        Answer::empty(204).changed(!gone.is_empty())
    }

    pub(super) fn revoke_one_token(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let (client, token) = (call.param(1).to_owned(), call.param(2));
        let there = self.users[&id]
            .tokens
            .get(token)
            .is_some_and(|t| t.refresh && t.client_id == client);
        if !there {
            return Answer::not_found(token, "OAuth2RefreshToken");
        }
        self.user_mut(&id).tokens.remove(token);
        self.oauth_event(call, &id, "app.oauth2.token.revoke", &client);
        Answer::empty(204).changed(true)
    }

    /// Grants of a user, or of a user at one client: the route decides by its parameters.
    pub(super) fn list_grants(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let client = call.at.get(1);
        let items = self.users[&id]
            .grants
            .values()
            .filter(|g| client.is_none_or(|c| *c == g.client_id))
            .filter(|g| call.query("scopeId").is_none_or(|s| s == g.scope))
            .map(|g| (g.id.clone(), self.grant_json(&id, g)));
        self.page(call, items, PAGE.0, PAGE.1)
    }

    pub(super) fn revoke_grants(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let client = call.at.get(1).cloned();
        let before = self.users[&id].grants.len();
        self.user_mut(&id)
            .grants
            .retain(|_, g| client.as_ref().is_some_and(|c| *c != g.client_id));
        let changed = before != self.users[&id].grants.len();
        self.oauth_event(
            call,
            &id,
            "app.oauth2.consent.revoke",
            client.as_deref().unwrap_or("all"),
        );
        Answer::empty(204).changed(changed)
    }

    pub(super) fn get_grant(&mut self, call: &Call<'_>) -> Answer {
        match self
            .users
            .get(call.param(0))
            .and_then(|u| u.grants.get(call.param(1)))
        {
            Some(grant) => Answer::json(200, self.grant_json(call.param(0), grant)),
            None => Answer::not_found(call.param(1), "OAuth2ScopeConsentGrant"),
        }
    }

    pub(super) fn revoke_one_grant(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let Some(grant) = self.user_mut(&id).grants.remove(call.param(1)) else {
            return Answer::not_found(call.param(1), "OAuth2ScopeConsentGrant");
        };
        self.oauth_event(call, &id, "app.oauth2.consent.revoke", &grant.client_id);
        Answer::empty(204).changed(true)
    }

    fn oauth_event(&mut self, call: &Call<'_>, user: &str, event: &str, client: &str) {
        let name = self
            .oauth_clients
            .get(client)
            .map_or(client, |c| c.name.as_str());
        let app = json!({ "id": client, "type": "PublicClientApp", "alternateId": client, "displayName": name, "detailEntry": null });
        let (origin, target) = (self.origin(call), vec![self.user_ref(user), app]);
        self.event(&origin, event, ("SUCCESS", None), target, &[]);
    }

    fn refresh_json(&self, user: &str, token: &OauthToken) -> Value {
        json!({
            "id": token.id, "status": "ACTIVE", "clientId": token.client_id, "userId": user,
            "issuer": self.base_url, "scopes": token.scopes,
            "created": iso(token.created_ms), "lastUpdated": iso(token.created_ms),
            "expiresAt": iso(token.expires_ms),
            "_links": { "self": { "href": format!("{}/api/v1/users/{user}/clients/{}/tokens/{}", self.base_url, token.client_id, token.id) } },
        })
    }

    fn grant_json(&self, user: &str, grant: &Grant) -> Value {
        json!({
            "id": grant.id, "status": "ACTIVE", "clientId": grant.client_id, "userId": user,
            "issuer": self.base_url, "scopeId": grant.scope, "source": grant.source,
            "created": iso(grant.created_ms), "lastUpdated": iso(grant.created_ms),
            "createdBy": { "id": user, "type": "User" },
            "_links": { "self": { "href": format!("{}/api/v1/users/{user}/grants/{}", self.base_url, grant.id) } },
        })
    }
}
