//! Tokens by JWT bearer, and what Salesforce's refusals mean, each in its own words.
//!
//! One word of Salesforce's, `invalid_grant`, stands for an app that nobody approved, a wrong
//! audience, and a key that is not (or no longer) the certificate's: its description tells them apart
//! and only chooses the words. A token tells no lifetime
//! (the org's session timeout, 15 minutes at least): a new one is asked for after five, and at once
//! when Salesforce ends it early. If Salesforce's clock is not ours, assertions go by its own: a
//! laptop whose clock is wrong must still be able to kill.
//!
//! Does not look into the certificate: it is not ours to hold, only its key is. Source: "OAuth 2.0
//! JWT Bearer Flow" [docs]; the descriptions, and that an assertion may hold three minutes [docs*].

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Method, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::settings::Settings;
use crate::connectors::kit::{Answered, Bearer, Issued, Issuer, TokenEndpoint};
use crate::model::Utc;
use crate::transport::{Answer, AuthError, Credential};

/// One token does everything.
pub(super) const API: &str = "api";

/// Where tokens are revoked; what is sent there authenticates itself.
pub(super) const REVOKE: &str = "/services/oauth2/revoke";

/// RFC 7523.
const BY_ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion holds, in seconds. Salesforce allows three minutes.
const ASSERTION_SECONDS: i64 = 150;

/// How far our clock may be off, in seconds, before it is called wrong.
const CLOCK_OFF: i64 = 60;

/// The instance that Salesforce's last token was for.
pub(super) type Instance = Arc<Mutex<Option<String>>>;

/// An app that acts as the integration user.
pub(super) struct Integration {
    /// Where tokens are asked for.
    pub(super) endpoint: TokenEndpoint,
    /// Who asks.
    pub(super) settings: Settings,
    /// What Salesforce's clock is ahead of ours, in seconds, once that was learnt.
    pub(super) ahead: AtomicI64,
    /// Told to the preflight.
    pub(super) instance: Instance,
}

#[async_trait]
impl Issuer for Integration {
    async fn issue(&self, _power: &'static str) -> Result<Issued, AuthError> {
        let pem = self.endpoint.secret(&self.settings.private_key).await?;
        let mut answered = self.ask(&pem).await?;
        if answered.error() == "invalid_grant" && self.learn_time(&answered) {
            answered = self.ask(&pem).await?;
        }
        let Some(issued) = answered.token() else {
            return Err(self.refused(&answered));
        };
        let instance = Some(answered.says("instance_url")).filter(|url| !url.is_empty());
        *self
            .instance
            .lock()
            .expect("no code panics while it holds this lock") = instance;
        Ok(issued)
    }
}

impl Integration {
    async fn ask(&self, pem: &SecretString) -> Result<Answered, AuthError> {
        let now = self.endpoint.clock.now().seconds() + self.ahead.load(Ordering::Relaxed);
        let assertion = assertion(&self.settings, pem, now)?;
        let form = [
            ("grant_type", BY_ASSERTION),
            ("assertion", assertion.expose_secret()),
        ];
        self.endpoint.ask(&form).await
    }

    /// Whether Salesforce's clock differs from what we took it for by more than is forgiven.
    fn learn_time(&self, answered: &Answered) -> bool {
        let Some(at) = answered.at else {
            return false;
        };
        let ahead = self.ahead_of_us(at);
        if (ahead - self.ahead.load(Ordering::Relaxed)).abs() <= CLOCK_OFF {
            return false;
        }
        self.ahead.store(ahead, Ordering::Relaxed);
        true
    }

    fn ahead_of_us(&self, at: Utc) -> i64 {
        at.seconds() - self.endpoint.clock.now().seconds()
    }

    fn refused(&self, answered: &Answered) -> AuthError {
        let system = self.endpoint.system.clone();
        let why = answered.sentence();
        if answered.is_passing() || (200..300).contains(&answered.status) {
            return AuthError::Unreachable { system, why };
        }
        let hint = self.hint(&answered.error(), &answered.description());
        AuthError::Refused { system, why, hint }
    }

    fn hint(&self, error: &str, description: &str) -> String {
        let Settings {
            username,
            audience,
            client_id,
            ..
        } = &self.settings;
        let text = description.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match error {
            "invalid_client_id" | "invalid_client" => format!(
                "Salesforce knows no app with the consumer key {client_id}: check `client_id` and \
                 `login_url`; a new app takes some minutes to be known"
            ),
            "invalid_app_access" => self.not_approved(),
            "invalid_scope" => "let the app have the OAuth scope `api`".into(),
            "invalid_grant" if has(&["approved", "pre-authorized"]) => self.not_approved(),
            "invalid_grant" if has(&["audience"]) => format!(
                "check `audience` ({audience}): https://login.salesforce.com for production, \
                 https://test.salesforce.com for a sandbox"
            ),
            _ if has(&["frozen", "inactive", "locked", "deactivated"]) => format!(
                "the integration user {username} cannot log in: unfreeze or activate it in Setup, \
                 Users, and find out who did that; an intruder with the rights may have"
            ),
            "invalid_grant" if has(&["expired"]) => {
                "the app's certificate has expired: make a new one, upload it to the app, and put \
                 its key where `private_key` points to"
                    .into()
            }
            "invalid_grant" if has(&["ip restricted", "login hours"]) => format!(
                "let {username} in from here: login hours and IP ranges of its profile, and the \
                 IP relaxation of the app's policies"
            ),
            "invalid_grant" if has(&["assertion", "signature"]) => {
                "`private_key` is not the key of the certificate that the app has, or that \
                 certificate has expired: upload a new one to the app and put its key there"
                    .into()
            }
            _ => format!(
                "check `username` ({username}), `client_id`, and the app's policies in Setup, \
                 External Client App Manager"
            ),
        }
    }

    fn not_approved(&self) -> String {
        format!(
            "let the app's policies say \"Admin approved users are pre-authorized\", and give {} a \
             permission set that the app names (Setup, External Client App Manager)",
            self.settings.username
        )
    }
}

/// What one token request says, signed.
fn assertion(settings: &Settings, pem: &SecretString, now: i64) -> Result<SecretString, AuthError> {
    let unusable = |what: &str| AuthError::Secret {
        what: format!("`private_key` {what}"),
        hint: "put there the PEM key of the app's certificate, decrypted; in a variable of the \
               environment write line ends, not `\\n`"
            .into(),
    };
    let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
        .map_err(|_| unusable("is no PEM of an RSA key"))?;
    let claims = json!({
        "iss": settings.client_id, "sub": settings.username, "aud": settings.audience,
        "exp": now + ASSERTION_SECONDS,
    });
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
        .map(SecretString::from)
        .map_err(|_| unusable("cannot sign"))
}

/// Signs every request but those that revoke a token: they carry it, and need nothing of ours.
pub(super) struct Signer(pub(super) Arc<Bearer>);

#[async_trait]
impl Credential for Signer {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        if request.uri().path().ends_with(REVOKE) {
            return Ok(());
        }
        self.0.sign(request).await
    }

    async fn warm(&self) {
        self.0.warm().await;
    }

    async fn renew(&self, answer: &Answer) -> bool {
        self.0.renew(answer).await
    }

    async fn fall_back(&self) -> bool {
        false
    }

    fn told(&self) -> Vec<String> {
        Vec::new()
    }

    /// A revocation that is refused has nothing to do with our session.
    fn concerns(&self, answer: &Answer) -> bool {
        answer.json["error"].is_null()
    }
}

/// One token does everything.
pub(super) fn power_of(_method: &Method, _path: &str) -> &'static str {
    API
}
