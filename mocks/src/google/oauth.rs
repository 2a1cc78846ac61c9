//! The token endpoint: a signed assertion of the service account becomes a token of an administrator.
//!
//! The signature is verified. Every scope asked for must be in the delegation: one that is not
//! fails the whole request. `aud` may be the endpoint's address here or Google's own.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::Google;
use super::answers::oauth_refusal;
use super::state::AccessToken;
use crate::http::{Request, form};
use crate::jwt;
use crate::vendor::Answer;

/// The life of an access token, seconds, as told and as kept.
const LIFE_S: i64 = 3599;
/// The longest life of an assertion, and how far its clock may be off, seconds.
const ASSERTION_MAX_S: i64 = 3600;
const SKEW_S: i64 = 300;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl Google {
    pub(super) fn oauth(
        &mut self,
        rest: &[String],
        request: &Request,
        now_ms: i64,
    ) -> (String, Answer) {
        let parts: Vec<&str> = rest.iter().map(String::as_str).collect();
        let answer = match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["token"]) => self.token(request, now_ms),
            ("GET" | "POST", ["tokeninfo"]) => self.token_info(request, now_ms),
            _ => oauth_refusal(404, "invalid_request", "Not Found"),
        };
        (String::new(), answer)
    }

    fn token(&mut self, request: &Request, now_ms: i64) -> Answer {
        let fields = form(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        if field("grant_type") != GRANT {
            let text = "Invalid grant_type";
            return oauth_refusal(400, "unsupported_grant_type", text);
        }
        let claims = match self.check(field("assertion"), now_ms) {
            Ok(claims) => claims,
            Err(refusal) => return refusal,
        };
        let scopes: Vec<String> = claims["scope"]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        if scopes.is_empty() {
            let text = "Empty or missing scope not allowed.";
            return oauth_refusal(400, "invalid_scope", text);
        }
        if !scopes
            .iter()
            .all(|s| self.service_account.delegated.contains(s))
        {
            let text = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
            return oauth_refusal(401, "unauthorized_client", text);
        }
        let sub = match claims["sub"].as_str() {
            None => String::new(),
            Some(email) => match self.find(email) {
                Ok(id) if !self.users[&id].suspended => id,
                _ => {
                    let text = "Invalid email or User ID";
                    return oauth_refusal(400, "invalid_grant", text);
                }
            },
        };
        let token = format!("ya29.c.{}", self.rng.text(60));
        self.access_tokens.insert(
            token.clone(),
            AccessToken {
                sub,
                scopes: scopes.into_iter().collect(),
                expires_ms: now_ms + LIFE_S * 1000,
            },
        );
        Answer::json(
            200,
            json!({ "access_token": token, "expires_in": LIFE_S, "token_type": "Bearer" }),
        )
    }

    fn check(&self, assertion: &str, now_ms: i64) -> Result<Value, Answer> {
        let refuse = |text: &str| oauth_refusal(400, "invalid_grant", text);
        let claims = jwt::unverified(assertion).ok_or_else(|| refuse("Bad Request"))?;
        let account = &self.service_account;
        if claims["iss"] != *account.email {
            return Err(refuse("Invalid grant: account not found"));
        }
        let header = jsonwebtoken::decode_header(assertion).map_err(|_| refuse("Bad Request"))?;
        let key = header.kid.as_deref().and_then(|kid| account.keys.get(kid));
        let claims = key
            .filter(|_| header.alg == Algorithm::RS256)
            .and_then(|key| jwt::verify_by(assertion, Algorithm::RS256, key))
            .ok_or_else(|| refuse("Invalid JWT Signature."))?;
        if account.disabled {
            let text = "The OAuth client was disabled.";
            return Err(oauth_refusal(401, "disabled_client", text));
        }
        let own = format!("{}/oauth/token", self.base_url);
        let audiences = [own.as_str(), "https://oauth2.googleapis.com/token"];
        if !claims["aud"]
            .as_str()
            .is_some_and(|aud| audiences.contains(&aud))
        {
            return Err(refuse("Invalid JWT: Failed audience check."));
        }
        let now_s = now_ms / 1000;
        let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        let timely = iat.zip(exp).is_some_and(|(iat, exp)| {
            iat <= now_s + SKEW_S && exp > now_s - SKEW_S && exp - iat <= ASSERTION_MAX_S
        });
        if !timely {
            return Err(refuse(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
            ));
        }
        Ok(claims)
    }

    /// `tokeninfo`, by query or by form.
    fn token_info(&self, request: &Request, now_ms: i64) -> Answer {
        let mut fields = form(&request.query);
        fields.extend(form(&String::from_utf8_lossy(&request.body)));
        let token = fields
            .iter()
            .find(|(key, _)| key == "access_token")
            .and_then(|(_, token)| self.access_tokens.get(token))
            .filter(|t| t.expires_ms > now_ms);
        let Some(token) = token else {
            return oauth_refusal(400, "invalid_token", "Invalid Value");
        };
        let scopes: Vec<&str> = token.scopes.iter().map(String::as_str).collect();
        Answer::json(
            200,
            json!({
                "azp": self.service_account.email, "aud": self.service_account.email,
                "scope": scopes.join(" "), "exp": (token.expires_ms / 1000).to_string(),
                "expires_in": ((token.expires_ms - now_ms) / 1000).to_string(),
                "access_type": "online",
            }),
        )
    }
}
