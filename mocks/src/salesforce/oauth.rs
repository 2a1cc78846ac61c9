//! The token endpoint and the revoke endpoint.
//!
//! A signed assertion of the app, for a pre-authorised person, becomes an access token; there is no
//! refresh token and no `expires_in`. The signature is verified. The order of the checks, and the
//! words for a person who is inactive or frozen, are assumed; `aud` is Salesforce's own host whatever
//! the address. Revoking needs no authentication: the token is the right.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::Salesforce;
use super::answers::oauth_refusal;
use super::state::AccessToken;
use crate::http::{Request, form};
use crate::jwt;
use crate::vendor::Answer;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How far ahead an assertion may expire, and how far its clock may be off, seconds.
const AHEAD_MAX_S: i64 = 180;
const SKEW_S: i64 = 30;

impl Salesforce {
    pub(super) fn oauth(&mut self, rest: &[&str], request: &Request, now_ms: i64) -> Answer {
        match (request.method.as_str(), rest) {
            ("POST", ["token"]) => self.token(request, now_ms),
            ("POST", ["revoke"]) => self.revoke(&String::from_utf8_lossy(&request.body)),
            ("GET", ["revoke"]) => self.revoke(&request.query),
            _ => Answer::empty(404),
        }
    }

    fn token(&mut self, request: &Request, now_ms: i64) -> Answer {
        let fields = form(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        if field("grant_type") != GRANT {
            return oauth_refusal("unsupported_grant_type", "grant type not supported");
        }
        let user = match self.check(field("assertion"), now_ms) {
            Ok(user) => user,
            Err(refusal) => return refusal,
        };
        let token = format!("{}!{}", &self.org_id[..15], self.rng.text(80));
        let expires_ms = now_ms + self.settings.token_life_ms;
        let access = AccessToken {
            user_id: user.clone(),
            expires_ms,
        };
        self.access_tokens.insert(token.clone(), access);
        let id = format!("{}/id/{}/{user}", self.audience(), self.org_id);
        Answer::json(
            200,
            json!({
                "access_token": token, "scope": self.app.scopes.join(" "),
                "instance_url": self.base_url, "id": id, "token_type": "Bearer",
            }),
        )
    }

    /// The id of the person that an assertion speaks for.
    fn check(&self, assertion: &str, now_ms: i64) -> Result<String, Answer> {
        let refuse = |text: &str| oauth_refusal("invalid_grant", text);
        let bad = || refuse("invalid assertion");
        let claims = jwt::unverified(assertion).ok_or_else(bad)?;
        if claims["iss"] != *self.app.client_id {
            let text = "client identifier invalid";
            return Err(oauth_refusal("invalid_client_id", text));
        }
        if self.app.key_expires_ms.is_some_and(|end| end <= now_ms) {
            return Err(bad());
        }
        let header = jsonwebtoken::decode_header(assertion).map_err(|_| bad())?;
        let key = self.app.key.as_ref();
        let claims = key
            .filter(|_| header.alg == Algorithm::RS256)
            .and_then(|key| jwt::verify_by(assertion, Algorithm::RS256, key))
            .ok_or_else(bad)?;
        if claims["aud"] != *self.audience() {
            return Err(refuse("audience is invalid"));
        }
        let now_s = now_ms / 1000;
        let timely = claims["exp"]
            .as_i64()
            .is_some_and(|exp| exp > now_s - SKEW_S && exp <= now_s + AHEAD_MAX_S + SKEW_S);
        if !timely {
            return Err(bad());
        }
        self.permitted(&claims)
    }

    fn permitted(&self, claims: &Value) -> Result<String, Answer> {
        let name = claims["sub"].as_str().unwrap_or_default();
        let user = self
            .users
            .values()
            .find(|u| u.username.eq_ignore_ascii_case(name))
            .ok_or_else(|| oauth_refusal("invalid_grant", "user hasn't approved this consumer"))?;
        if self.app.blocked {
            let text = "user is not admin approved to access this app";
            return Err(oauth_refusal("invalid_app_access", text));
        }
        if !user.is_active {
            return Err(oauth_refusal("inactive_user", "user is inactive"));
        }
        if user.is_frozen {
            return Err(oauth_refusal("inactive_user", "user is frozen"));
        }
        if !self.app.approved.contains(&user.username) {
            let text = "user hasn't approved this consumer";
            return Err(oauth_refusal("invalid_grant", text));
        }
        if !self.app.scopes.iter().any(|s| s == "api") {
            let text = "the requested scope is not allowed";
            return Err(oauth_refusal("invalid_scope", text));
        }
        Ok(user.id.clone())
    }

    /// Who assertions must be for.
    pub(crate) fn audience(&self) -> &'static str {
        if self.settings.sandbox {
            "https://test.salesforce.com"
        } else {
            "https://login.salesforce.com"
        }
    }

    /// Ends what an app holds, by its delete token or by the token itself, and the sessions opened by it.
    fn revoke(&mut self, text: &str) -> Answer {
        let fields = form(text);
        let token = fields.iter().find(|(key, _)| key == "token");
        let Some((_, token)) = token.filter(|(_, token)| !token.is_empty()) else {
            return Answer::json(400, json!({ "error": "unsupported_token_type" }));
        };
        if self.access_tokens.remove(token).is_some() {
            return Answer::empty(200);
        }
        for user in self.users.values_mut() {
            let found = user
                .tokens
                .values()
                .find(|t| t.delete_token == *token || t.access_token == *token)
                .map(|t| t.delete_token.clone());
            if let Some(key) = found {
                user.tokens.remove(&key);
                let by_it = |s: &super::state::Session| s.token.as_ref() == Some(&key);
                user.sessions.retain(|_, session| !by_it(session));
                return Answer::empty(200).changed(true);
            }
        }
        Answer::json(400, json!({ "error": "invalid_token" }))
    }
}
