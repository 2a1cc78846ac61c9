//! The token endpoint: client credentials by a secret or by a certificate's assertion.
//!
//! Assertions are verified by the public key of the registered certificate that `x5t#S256` names.
//! PS256 is what Microsoft documents; RS256 is taken too. `aud` may be the endpoint's address
//! here or Microsoft's own. The access token is a JWT whose claims can be read and whose signature
//! nobody made: Graph's clients are not to verify it. Error numbers 700021, 700023 and 700024 are
//! known from Entra's list of errors and not documented for this flow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::json;

use super::M365;
use super::answers::oauth_refusal;
use super::state::{AccessToken, App};
use crate::http::{Request, form};
use crate::jwt;
use crate::vendor::Answer;

/// The life of an access token, seconds.
const LIFE_S: i64 = 3599;
/// How far an assertion's clock may be off, seconds.
const SKEW_S: i64 = 300;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is wrong with a credential: the number and the sentence.
type Wrong = (u32, &'static str);

impl M365 {
    pub(super) fn token(&mut self, tenant: &str, request: &Request, now_ms: i64) -> Answer {
        let refuse = |status, error, code, text| oauth_refusal(status, error, code, text, now_ms);
        let fields = form(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        if tenant != self.tenant_id && tenant != "contoso.example" {
            let text = "Tenant not found. Check to make sure you have the correct tenant ID.";
            return refuse(400, "invalid_request", 90_002, text);
        }
        if field("grant_type") != "client_credentials" {
            let text = "The app requested an unsupported grant type.";
            return refuse(400, "unsupported_grant_type", 70_003, text);
        }
        let own = format!("{}/graph/.default", self.base_url);
        if !["https://graph.microsoft.com/.default", own.as_str()].contains(&field("scope")) {
            let text = "The provided value for the input parameter 'scope' is not valid.";
            return refuse(400, "invalid_scope", 70_011, text);
        }
        let Some(app) = self.apps.get(field("client_id")) else {
            let text = "Application was not found in the directory.";
            return refuse(400, "unauthorized_client", 700_016, text);
        };
        let checked = match (field("client_secret"), field("client_assertion")) {
            ("", "") => Err((
                7_000_218,
                "The request body must contain client_assertion or client_secret.",
            )),
            ("", jwt) if field("client_assertion_type") == ASSERTION => {
                self.check_assertion(app, tenant, jwt, now_ms)
            }
            ("", _) => Err((50_027, "The client assertion type is not supported.")),
            (secret, _) => check_secret(app, secret, now_ms),
        };
        if let Err((code, text)) = checked {
            return refuse(401, "invalid_client", code, text);
        }
        let app = app.clone();
        self.issue(&app, now_ms)
    }

    fn check_assertion(
        &self,
        app: &App,
        tenant: &str,
        assertion: &str,
        now_ms: i64,
    ) -> Result<(), Wrong> {
        let header = jsonwebtoken::decode_header(assertion)
            .map_err(|_| (50_027, "JWT token is invalid or malformed."))?;
        let registered = app
            .certificates
            .iter()
            .find(|c| header.x5t_s256.as_deref() == Some(c.thumbprint.as_str()))
            .ok_or((700_027, "The certificate with identifier used to sign the client assertion is not registered on application."))?;
        if registered.expires_ms <= now_ms {
            return Err((
                700_027,
                "The certificate used to sign the client assertion is expired on application.",
            ));
        }
        let claims = Some(header.alg)
            .filter(|alg| [Algorithm::PS256, Algorithm::RS256].contains(alg))
            .and_then(|alg| jwt::verify_by(assertion, alg, &registered.jwk))
            .ok_or((700_027, "Client assertion failed signature validation."))?;
        if claims["iss"] != *app.client_id || claims["sub"] != *app.client_id {
            return Err((
                700_021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            ));
        }
        let tail = format!("{tenant}/oauth2/v2.0/token");
        let audiences = [
            format!("{}/login/{tail}", self.base_url),
            format!("https://login.microsoftonline.com/{tail}"),
        ];
        if !claims["aud"]
            .as_str()
            .is_some_and(|aud| audiences.iter().any(|a| a == aud))
        {
            return Err((
                700_023,
                "Client assertion audience claim does not match Realm issuer.",
            ));
        }
        if claims["jti"].as_str().is_none_or(str::is_empty) {
            return Err((50_027, "JWT token is invalid or malformed: no jti."));
        }
        let now_s = now_ms / 1000;
        let times = claims["nbf"].as_i64().zip(claims["exp"].as_i64());
        let timely = times.is_some_and(|(nbf, exp)| {
            nbf <= now_s + SKEW_S && exp > now_s - SKEW_S && exp - nbf <= 86_400
        });
        if timely {
            Ok(())
        } else {
            Err((
                700_024,
                "Client assertion is not within its valid time range.",
            ))
        }
    }

    fn issue(&mut self, app: &App, now_ms: i64) -> Answer {
        let now_s = now_ms / 1000;
        let claims = json!({
            "aud": "https://graph.microsoft.com", "iss": format!("https://sts.windows.net/{}/", self.tenant_id),
            "iat": now_s, "nbf": now_s, "exp": now_s + LIFE_S,
            "appid": app.client_id, "idtyp": "app", "tid": self.tenant_id, "ver": "1.0",
            "roles": app.permissions, "uti": self.rng.text(22),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({ "typ": "JWT", "alg": "RS256", "kid": "mock" }));
        let token = format!("{head}.{}.{}", part(&claims), self.rng.text(86));
        self.access_tokens.insert(
            token.clone(),
            AccessToken {
                client_id: app.client_id.clone(),
                permissions: app.permissions.clone(),
                expires_ms: now_ms + LIFE_S * 1000,
            },
        );
        Answer::json(
            200,
            json!({
                "token_type": "Bearer", "expires_in": LIFE_S, "ext_expires_in": LIFE_S,
                "access_token": token,
            }),
        )
    }
}

fn check_secret(app: &App, secret: &str, now_ms: i64) -> Result<(), Wrong> {
    match app.secrets.iter().find(|s| s.value == secret) {
        None => Err((7_000_215, "Invalid client secret provided.")),
        Some(found) if found.expires_ms <= now_ms => {
            Err((7_000_222, "The provided client secret keys are expired."))
        }
        Some(_) => Ok(()),
    }
}
