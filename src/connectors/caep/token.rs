//! What is said, and the signature under it: one security event token, `session-revoked`.
//!
//! A token about the same change in the same run has the same `jti` until the receiver has taken it:
//! whatever is sent again because no answer came is told from something new. No `sub` and no `exp`
//! stand in it, as the framework forbids both. Sources: RFC 8417; OpenID SSF 1.0, "Security Event
//! Token Profile"; CAEP 1.0, "Session Revoked"; Okta, "SSF Security Event Tokens" [docs].

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::settings::{Dialect, Settings};
use crate::given::Clock;
use crate::model::{ChangeId, SystemId, Utc, hex};
use crate::transport::{AuthError, SecretRef};

/// What the header says it is.
const TYPE: &str = "secevent+jwt";

/// The one event.
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// Characters of a `jti`.
const JTI: usize = 32;

/// Which token it is: the same for whatever says the same again.
pub(super) struct Which<'w> {
    /// What tells one run from another.
    pub(super) run: &'w str,
    /// The system told.
    pub(super) system: &'w SystemId,
    /// What it is about.
    pub(super) change: &'w ChangeId,
    /// How often the receiver has taken one about it.
    pub(super) taken: u32,
}

impl Which<'_> {
    fn jti(&self) -> String {
        let mut hash = Sha256::new();
        let taken = self.taken.to_string();
        for text in [self.run, self.system.as_str(), self.change.as_str(), &taken] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let mut jti = hex(&hash.finalize());
        jti.truncate(JTI);
        jti
    }
}

/// The claims of a token about whoever has this identifier.
pub(super) fn claims(settings: &Settings, id: &str, which: &Which<'_>, now: Utc) -> Value {
    let at = now.seconds();
    let subject = settings.subject.written(id);
    let mut event = json!({
        "event_timestamp": at,
        "initiating_entity": "admin",
        "reason_admin": { "en": "The account is being contained after a compromise" },
        "reason_user": { "en": "Please sign in again" },
    });
    let mut claims = json!({
        "iss": settings.issuer, "aud": settings.audience, "iat": at, "jti": which.jti(),
    });
    match settings.dialect {
        Dialect::Final => claims["sub_id"] = subject,
        Dialect::Okta => event["subject"] = json!({ "user": subject }),
    }
    claims["events"] = json!({ SESSION_REVOKED: event });
    claims
}

/// Signs tokens.
pub(super) struct Signer {
    system: SystemId,
    key_id: String,
    place: SecretRef,
    clock: Arc<dyn Clock>,
    /// Fetched once: the program that prints it may take seconds.
    pem: OnceCell<SecretString>,
}

impl Signer {
    /// Nothing fetched yet.
    pub(super) fn new(
        system: SystemId,
        key_id: String,
        place: SecretRef,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            system,
            key_id,
            place,
            clock,
            pem: OnceCell::new(),
        }
    }

    /// Whether there is a key to sign with.
    ///
    /// # Errors
    /// [`AuthError`] that says what is wrong with it.
    pub(super) async fn ready(&self) -> Result<(), AuthError> {
        self.key().await.map(drop)
    }

    /// The signed token, as it is sent.
    ///
    /// # Errors
    /// [`AuthError`] if there is no key, or it cannot sign.
    pub(super) async fn sign(&self, claims: &Value) -> Result<SecretString, AuthError> {
        let (algorithm, key) = self.key().await?;
        let mut header = Header::new(algorithm);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &key)
            .map(SecretString::from)
            .map_err(|_| self.unusable("cannot sign"))
    }

    /// The algorithm is the key's: RS256 for RSA, ES256 for P-256.
    async fn key(&self) -> Result<(Algorithm, EncodingKey), AuthError> {
        let fetch = || self.place.fetch(&*self.clock);
        let pem = self.pem.get_or_try_init(fetch).await?;
        let pem = pem.expose_secret().as_bytes();
        let rsa = EncodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key));
        rsa.or_else(|_| EncodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)))
            .map_err(|_| self.unusable("is no PEM of an RSA or P-256 key"))
    }

    fn unusable(&self, why: &str) -> AuthError {
        AuthError::Secret {
            what: format!("{}: `private_key` {why}", self.system),
            hint: "put there the key whose public half the receiver knows, with its line ends"
                .into(),
        }
    }
}
