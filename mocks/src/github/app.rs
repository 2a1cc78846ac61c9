//! The App: its JWTs are verified, its installation told, its tokens given.
//!
//! A JWT lives ten minutes at most and may be dated back. GitHub documents 401 for what is wrong with
//! one; the sentences are those that it is known to answer with.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::answers::{invalid, not_found, refusal};
use super::callers::has;
use super::state::InstallationToken;
use super::{Call, GitHub};
use crate::jwt;
use crate::time::{DAY, iso};
use crate::vendor::Answer;

/// The life of an installation's token, milliseconds.
const LIFE_MS: i64 = 3_600_000;
/// How far ahead a JWT may expire, and how far its clock may be off, seconds.
const AHEAD_MAX_S: i64 = 600;
const SKEW_S: i64 = 30;

impl GitHub {
    pub(super) fn check_jwt(&self, token: &str, now_ms: i64) -> Result<(), Answer> {
        let undecodable = || refusal(401, "A JSON web token could not be decoded");
        let claims = jwt::unverified(token).ok_or_else(undecodable)?;
        let iss = match &claims["iss"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if iss != self.app.id.to_string() && iss != self.app.client_id {
            return Err(refusal(404, "Integration not found"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| undecodable())?;
        let key = self.app.key.as_ref();
        let claims = key
            .filter(|_| header.alg == Algorithm::RS256)
            .and_then(|key| jwt::verify_by(token, Algorithm::RS256, key))
            .ok_or_else(undecodable)?;
        let now_s = now_ms / 1000;
        let exp = claims["exp"].as_i64().unwrap_or_default();
        if exp <= now_s - SKEW_S {
            let text = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
            return Err(refusal(401, text));
        }
        if exp > now_s + AHEAD_MAX_S + SKEW_S {
            let text = "'Expiration time' claim ('exp') is too far in the future";
            return Err(refusal(401, text));
        }
        if claims["iat"]
            .as_i64()
            .is_none_or(|iat| iat > now_s + SKEW_S)
        {
            let text = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
            return Err(refusal(401, text));
        }
        Ok(())
    }

    pub(super) fn get_app(&mut self, call: &Call<'_>) -> Answer {
        let since = iso(call.now_ms - 300 * DAY);
        Answer::json(
            200,
            json!({
                "id": self.app.id, "slug": "oust", "client_id": self.app.client_id, "name": "oust",
                "node_id": "A_mock", "owner": { "login": self.org, "id": self.org_id },
                "description": null, "external_url": "https://oust.example", "events": [],
                "html_url": "https://github.com/apps/oust", "created_at": since, "updated_at": since,
                "permissions": self.app.permissions, "installations_count": usize::from(self.app.installed),
            }),
        )
    }

    pub(super) fn list_installations(&mut self, call: &Call<'_>) -> Answer {
        let all = self.app.installed.then(|| self.installation());
        self.paged(all.into_iter().collect(), call)
    }

    pub(super) fn get_installation(&mut self, call: &Call<'_>) -> Answer {
        let known = self.app.installed && call.param(0) == self.app.installation_id.to_string();
        if known {
            Answer::json(200, self.installation())
        } else {
            not_found()
        }
    }

    pub(super) fn get_org_installation(&mut self, call: &Call<'_>) -> Answer {
        if self.app.installed && call.param(0).eq_ignore_ascii_case(&self.org) {
            Answer::json(200, self.installation())
        } else {
            not_found()
        }
    }

    fn installation(&self) -> Value {
        let id = self.app.installation_id;
        let suspended = self.app.suspended_ms.map(iso);
        let by = suspended
            .as_ref()
            .map(|_| json!({ "login": "somebody", "id": 1 }));
        json!({
            "id": id, "account": { "login": self.org, "id": self.org_id, "type": "Organization" },
            "repository_selection": "all", "app_id": self.app.id, "app_slug": "oust",
            "client_id": self.app.client_id, "target_id": self.org_id, "target_type": "Organization",
            "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", self.base_url),
            "repositories_url": format!("{}/installation/repositories", self.base_url),
            "html_url": format!("https://github.com/organizations/{}/settings/installations/{id}", self.org),
            "permissions": self.app.permissions, "events": [], "single_file_name": null,
            "created_at": "2025-06-01T09:00:00Z", "updated_at": "2025-06-01T09:00:00Z",
            "suspended_by": by, "suspended_at": suspended,
        })
    }

    pub(super) fn create_token(&mut self, call: &Call<'_>) -> Answer {
        if !self.app.installed || call.param(0) != self.app.installation_id.to_string() {
            return not_found();
        }
        if self.app.suspended_ms.is_some() {
            return refusal(403, "This installation has been suspended");
        }
        let mut permissions = self.app.permissions.clone();
        if let Some(asked) = call.json()["permissions"].as_object() {
            let level = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let granted = asked
                .iter()
                .all(|(name, value)| has(&self.app.permissions, name, &level(value)));
            if !granted {
                let text = "The permissions requested are not granted to this installation.";
                return invalid(text);
            }
            permissions = asked.iter().map(|(k, v)| (k.clone(), level(v))).collect();
        }
        let token = format!("ghs_{}", self.rng.text(36));
        let expires_ms = call.now_ms + LIFE_MS;
        let body = json!({
            "token": token, "expires_at": iso(expires_ms),
            "permissions": permissions, "repository_selection": "all",
        });
        let kept = InstallationToken {
            permissions,
            expires_ms,
        };
        self.installation_tokens.insert(token, kept);
        Answer::json(201, body)
    }

    pub(super) fn drop_token(&mut self, call: &Call<'_>) -> Answer {
        let header = call.request.header("authorization").unwrap_or_default();
        if let Some((_, token)) = header.split_once(' ') {
            self.installation_tokens.remove(token);
        }
        Answer::empty(204)
    }
}
