//! Who asks, and whether he may: SSWS tokens, OAuth access tokens, DPoP proofs, scopes and roles.
//!
//! Scopes are taken literally (`manage` does not imply `read`), because that is the stricter
//! reading of Okta's operation list.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::routes::Route;
use super::state::ServiceToken;
use super::{Answer, Call, Okta};
use crate::http::{Request, form};
use crate::jwt;

/// How far a proof's `iat` may be from the mock's clock, seconds.
const PROOF_AGE_MAX_S: i64 = 300;
/// The longest life of a client assertion, seconds.
const ASSERTION_MAX_S: i64 = 3600;
/// The life of an access token, seconds; fixed at Okta.
const TOKEN_LIFE_S: i64 = 3600;

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A public endpoint, or one that authenticates by its body.
    Nobody,
    /// A service app with these scopes.
    Client {
        id: String,
        scopes: BTreeSet<String>,
    },
    /// An API token, acting as its owner.
    Ssws { token_id: String, user_id: String },
}

impl Principal {
    /// As the journal and the rate limits name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Nobody => String::new(),
            Self::Client { id, .. } => format!("client:{id}"),
            Self::Ssws { token_id, .. } => format!("ssws:{token_id}"),
        }
    }
}

impl Okta {
    /// Finds out who asks.
    pub(super) fn authenticate(
        &mut self,
        route: &Route,
        request: &Request,
        now_ms: i64,
    ) -> Result<Principal, Answer> {
        if route.scope.is_empty() && !route.path.starts_with("/api/") {
            return Ok(Principal::Nobody);
        }
        let header = request.header("authorization").unwrap_or_default();
        match header.split_once(' ') {
            Some(("SSWS", secret)) => self.by_api_token(secret),
            Some(("Bearer", token)) => {
                let found = self.service_token(token, now_ms)?;
                match found.jkt {
                    None => Ok(Principal::Client {
                        id: found.client_id,
                        scopes: found.scopes,
                    }),
                    Some(_) => Err(proof_refused("The access token is bound to a DPoP key")),
                }
            }
            Some(("DPoP", token)) => {
                let found = self.service_token(token, now_ms)?;
                self.check_bound(request, token, &found, now_ms)?;
                Ok(Principal::Client {
                    id: found.client_id,
                    scopes: found.scopes,
                })
            }
            _ => Err(Answer::bad_token()),
        }
    }

    /// Whose credential a request carries, by its name; empty if nobody's. Nothing is verified, and no
    /// proof used up.
    pub(super) fn bearer_of(&self, request: &Request) -> String {
        let header = request.header("authorization").unwrap_or_default();
        let client = |token: &ServiceToken| format!("client:{}", token.client_id);
        match header.split_once(' ') {
            Some(("SSWS", secret)) => self.by_api_token(secret).map(|who| who.name()).ok(),
            Some(("Bearer" | "DPoP", token)) => self.service_tokens.get(token).map(client),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn by_api_token(&self, secret: &str) -> Result<Principal, Answer> {
        let token = self.api_tokens.values().find(|t| t.secret == secret);
        let token = token.ok_or_else(Answer::bad_token)?;
        let owner_active = self
            .users
            .get(&token.user_id)
            .is_some_and(|u| u.status == "ACTIVE");
        if !owner_active {
            return Err(Answer::bad_token());
        }
        Ok(Principal::Ssws {
            token_id: token.id.clone(),
            user_id: token.user_id.clone(),
        })
    }

    fn service_token(&self, token: &str, now_ms: i64) -> Result<ServiceToken, Answer> {
        self.service_tokens
            .get(token)
            .filter(|t| t.expires_ms > now_ms)
            .cloned()
            .ok_or_else(Answer::bad_token)
    }

    fn check_bound(
        &mut self,
        request: &Request,
        token: &str,
        found: &ServiceToken,
        now_ms: i64,
    ) -> Result<(), Answer> {
        let Some(proof) = request.header("dpop") else {
            return Err(proof_refused("The DPoP proof JWT header is missing."));
        };
        let url = format!("{}{}", self.base_url, request.path);
        let (jkt, claims) = self
            .check_proof(proof, &request.method, &url, now_ms)
            .map_err(|why| proof_refused(&why))?;
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
        if claims["ath"] != Value::String(ath) {
            return Err(proof_refused("The DPoP proof JWT has a wrong ath"));
        }
        if found.jkt.as_deref() != Some(jkt.as_str()) {
            return Err(proof_refused("The access token is not bound to this key"));
        }
        Ok(())
    }

    /// Checks signature, `htm`, `htu`, `iat` and single use; returns the key's thumbprint and the claims.
    fn check_proof(
        &mut self,
        proof: &str,
        method: &str,
        url: &str,
        now_ms: i64,
    ) -> Result<(String, Value), String> {
        let header = jsonwebtoken::decode_header(proof).map_err(|_| "The DPoP proof is no JWT")?;
        if header.typ.as_deref() != Some("dpop+jwt") {
            return Err("The DPoP proof JWT has a wrong typ".to_owned());
        }
        let jwk = header.jwk.ok_or("The DPoP proof JWT has no jwk")?;
        let claims = verify(proof, header.alg, &jwk).ok_or("The DPoP proof JWT is not valid")?;
        if claims["htm"] != method || claims["htu"] != url {
            return Err(format!("The DPoP proof JWT is not for {method} {url}"));
        }
        let age_s = now_ms / 1000 - claims["iat"].as_i64().unwrap_or(i64::MIN / 2);
        if age_s.abs() > PROOF_AGE_MAX_S {
            return Err("The DPoP proof JWT is too old or from the future".to_owned());
        }
        let jti = claims["jti"]
            .as_str()
            .filter(|j| !j.is_empty())
            .ok_or("The DPoP proof JWT has no jti")?;
        if !self.used_jtis.insert(format!("proof {jti}")) {
            return Err("The DPoP proof JWT has been used before".to_owned());
        }
        let jkt = jwk
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| "The DPoP key is not usable")?;
        Ok((jkt, claims))
    }

    /// Whether the caller's scopes and admin role allow the operation on its subject.
    pub(super) fn permit(&self, route: &Route, call: &Call<'_>) -> Result<(), Answer> {
        if let Principal::Client { scopes, .. } = &call.who
            && !route.scope.is_empty()
            && !scopes.contains(route.scope)
        {
            return Err(Answer::forbidden());
        }
        let role = self.role_of(&call.who);
        let own_affair =
            call.who == Principal::Nobody || route.scope.is_empty() || call.param(0) == "me";
        let on_user = route.path.contains("/users/{");
        let subject_is_admin = role != "SUPER_ADMIN"
            && on_user
            && call
                .at
                .iter()
                .any(|key| self.find_user(key).is_some_and(|u| !u.roles.is_empty()));
        let allowed = match role.as_str() {
            "SUPER_ADMIN" => true,
            _ if own_affair => true,
            "" => false,
            "READ_ONLY_ADMIN" => !route.writes && !route.path.starts_with("/api/v1/api-tokens"),
            _ => {
                let supers_only =
                    route.path.starts_with("/api/v1/api-tokens") || route.path.contains("/roles");
                !route.writes || !(subject_is_admin || supers_only)
            }
        };
        if allowed {
            Ok(())
        } else {
            Err(Answer::forbidden())
        }
    }

    fn role_of(&self, who: &Principal) -> String {
        match who {
            Principal::Nobody => String::new(),
            Principal::Client { id, .. } => self
                .service_apps
                .get(id)
                .map_or_else(String::new, |app| app.role.clone()),
            Principal::Ssws { user_id, .. } => {
                let roles = self.users.get(user_id).map(|u| &u.roles);
                let kinds: Vec<&str> = roles
                    .into_iter()
                    .flat_map(|r| r.values())
                    .map(|r| r.kind.as_str())
                    .collect();
                let best = kinds
                    .iter()
                    .find(|k| **k == "SUPER_ADMIN")
                    .or(kinds.first());
                best.map_or_else(String::new, |k| (*k).to_owned())
            }
        }
    }

    /// `POST /oauth2/v1/token`: client credentials by `private_key_jwt`, with or without DPoP.
    pub(super) fn token(&mut self, call: &Call<'_>) -> Answer {
        let fields = form(&String::from_utf8_lossy(&call.request.body));
        let field = |name: &str| {
            fields
                .iter()
                .find(|(key, _)| key == name)
                .map_or("", |(_, value)| value.as_str())
        };
        if field("grant_type") != "client_credentials" {
            return Answer::oauth_error(
                400,
                "unsupported_grant_type",
                "The grant type is not supported.",
            );
        }
        let client_id = match self.check_assertion(
            field("client_assertion_type"),
            field("client_assertion"),
            call.now_ms,
        ) {
            Ok(id) => id,
            Err(why) => return Answer::oauth_error(401, "invalid_client", &why),
        };
        let jkt = match self.token_proof(call, &client_id) {
            Ok(jkt) => jkt,
            Err(refusal) => return refusal,
        };
        let wanted: BTreeSet<String> = field("scope")
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let granted = &self.service_apps[&client_id].scopes;
        if wanted.is_empty() || !wanted.is_subset(granted) {
            let text =
                "One or more scopes are not configured for the authorization server resource.";
            return Answer::oauth_error(400, "invalid_scope", text);
        }
        let mut origin = self.origin(call);
        self.sign_as_client(&mut origin, &client_id);
        let withheld = &self.service_apps[&client_id].withheld;
        let wanted: BTreeSet<String> = wanted.difference(withheld).cloned().collect();
        let scopes = wanted.iter().cloned().collect::<Vec<_>>().join(",");
        let debug = [
            ("grantType", "client_credentials".to_owned()),
            ("grantedScopes", scopes),
        ];
        let event = "app.oauth2.token.grant.access_token";
        self.event(&origin, event, ("SUCCESS", None), Vec::new(), &debug);
        self.issue(client_id, wanted, jkt, call.now_ms)
    }

    fn check_assertion(&mut self, kind: &str, jwt: &str, now_ms: i64) -> Result<String, String> {
        if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
            return Err("Client authentication failed. private_key_jwt is required.".to_owned());
        }
        let header =
            jsonwebtoken::decode_header(jwt).map_err(|_| "The client_assertion is no JWT")?;
        let client_id = unverified_subject(jwt).ok_or("The client_assertion has no sub")?;
        let app = self
            .service_apps
            .get(&client_id)
            .ok_or("Invalid value for 'client_id' parameter.")?;
        let key = app
            .keys
            .iter()
            .find(|key| header.kid.is_none() || key["kid"].as_str() == header.kid.as_deref())
            .ok_or("The client_assertion was signed by an unknown key.")?;
        let jwk: Jwk =
            serde_json::from_value(key.clone()).map_err(|_| "The registered key is unusable")?;
        let claims =
            verify(jwt, header.alg, &jwk).ok_or("The client_assertion signature is invalid.")?;
        let audience = format!("{}/oauth2/v1/token", self.base_url);
        let audience_fits = match &claims["aud"] {
            Value::Array(all) => all.iter().any(|a| *a == *audience),
            one => *one == *audience,
        };
        if claims["iss"] != *client_id || claims["sub"] != *client_id || !audience_fits {
            return Err(format!(
                "The client_assertion needs iss = sub and aud = {audience}"
            ));
        }
        let left_s = claims["exp"].as_i64().unwrap_or(0) - now_ms / 1000;
        if left_s <= 0 {
            return Err("The client_assertion token is expired.".to_owned());
        }
        if left_s > ASSERTION_MAX_S {
            return Err(
                "The client_assertion token has an expiration too far into the future.".to_owned(),
            );
        }
        if let Some(jti) = claims["jti"].as_str()
            && !self
                .used_jtis
                .insert(format!("assertion {client_id} {jti}"))
        {
            return Err("The client_assertion token has already been used.".to_owned());
        }
        Ok(client_id)
    }

    fn token_proof(&mut self, call: &Call<'_>, client_id: &str) -> Result<Option<String>, Answer> {
        let Some(proof) = call.request.header("dpop").map(str::to_owned) else {
            if self.service_apps[client_id].dpop {
                let text = "The DPoP proof JWT header is missing.";
                return Err(Answer::oauth_error(400, "invalid_dpop_proof", text));
            }
            return Ok(None);
        };
        let url = format!("{}{}", self.base_url, call.request.path);
        let (jkt, claims) = self
            .check_proof(&proof, "POST", &url, call.now_ms)
            .map_err(|why| Answer::oauth_error(400, "invalid_dpop_proof", &why))?;
        if claims["nonce"] != *self.settings.dpop_nonce {
            let text = "Authorization server requires nonce in DPoP proof.";
            return Err(Answer::oauth_error(400, "use_dpop_nonce", text)
                .header("dpop-nonce", self.settings.dpop_nonce.clone()));
        }
        Ok(Some(jkt))
    }

    fn issue(
        &mut self,
        client_id: String,
        scopes: BTreeSet<String>,
        jkt: Option<String>,
        now_ms: i64,
    ) -> Answer {
        let token = format!(
            "eyJraWQiOiJtb2NrIn0.{}.{}",
            self.rng.text(60),
            self.rng.text(43)
        );
        let body = serde_json::json!({
            "token_type": if jkt.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": TOKEN_LIFE_S,
            "access_token": token,
            "scope": scopes.iter().cloned().collect::<Vec<_>>().join(" "),
        });
        let expires_ms = now_ms + TOKEN_LIFE_S * 1000;
        self.service_tokens.insert(
            token,
            ServiceToken {
                client_id,
                scopes,
                expires_ms,
                jkt,
            },
        );
        Answer::json(200, body)
    }
}

fn proof_refused(why: &str) -> Answer {
    Answer::bad_token().header(
        "WWW-Authenticate",
        format!("DPoP algs=\"RS256 RS384 RS512 ES256 ES384 ES512\", error=\"invalid_dpop_proof\", error_description=\"{why}\""),
    )
}

/// The claims, if Okta takes the algorithm and the signature fits the key.
fn verify(jwt: &str, algorithm: Algorithm, key: &Jwk) -> Option<Value> {
    use Algorithm::{ES256, ES384, RS256, RS384, RS512};
    if ![ES256, ES384, RS256, RS384, RS512].contains(&algorithm) {
        return None;
    }
    jwt::verify(jwt, algorithm, key)
}

fn unverified_subject(jwt: &str) -> Option<String> {
    jwt::unverified(jwt)?["sub"].as_str().map(str::to_owned)
}
