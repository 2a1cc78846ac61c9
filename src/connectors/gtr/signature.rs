//! Signs each request by a JWT of its own, as Okta does when it asks such an endpoint.
//!
//! Made anew for every attempt, because `jti` must not come twice. Valid from five minutes ago for
//! five minutes to come, so that a clock that is a little off does no harm. RS256 alone. Source:
//! Okta, Universal Logout; type and claims from independent receivers [docs*].

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderValue, Request, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::OnceCell;

use super::settings::Jwt;
use crate::given::{Clock, Rng};
use crate::model::SystemId;
use crate::transport::{Answer, AuthError, Credential};

/// What the header says it is.
const TYPE: &str = "global-token-revocation+jwt";

/// How long a signature holds, and how far it is dated back, seconds.
const FIVE_MINUTES: i64 = 300;

/// What signs.
pub(super) struct Signed {
    system: SystemId,
    jwt: Jwt,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// Fetched once: the program that prints it may take seconds.
    pem: OnceCell<SecretString>,
}

impl Signed {
    /// Nothing fetched yet.
    pub(super) fn new(
        system: SystemId,
        jwt: Jwt,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self {
            system,
            jwt,
            clock,
            rng,
            pem: OnceCell::new(),
        }
    }

    async fn key(&self) -> Result<EncodingKey, AuthError> {
        let fetch = || self.jwt.private_key.fetch(&*self.clock);
        let pem = self.pem.get_or_try_init(fetch).await?;
        EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| AuthError::Secret {
            what: format!("{}: `private_key` is no PEM of an RSA key", self.system),
            hint: "put there the RSA key whose public half the app knows, with its line ends"
                .into(),
        })
    }

    fn token(&self, key: &EncodingKey) -> Result<SecretString, AuthError> {
        let now = self.clock.now().seconds();
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.jwt.key_id.clone());
        let claims = json!({
            "jti": format!("{:016x}{:016x}", self.rng.next(), self.rng.next()),
            "iss": self.jwt.issuer, "sub": self.jwt.subject, "aud": self.jwt.audience,
            "iat": now, "nbf": now - FIVE_MINUTES, "exp": now + FIVE_MINUTES,
        });
        jsonwebtoken::encode(&header, &claims, key)
            .map(SecretString::from)
            .map_err(|_| AuthError::Secret {
                what: format!("{}: `private_key` cannot sign", self.system),
                hint: "make a new key, and give its public half to the app".into(),
            })
    }
}

#[async_trait]
impl Credential for Signed {
    async fn sign(&self, request: &mut Request<Vec<u8>>) -> Result<(), AuthError> {
        let token = self.token(&self.key().await?)?;
        let text = format!("Bearer {}", token.expose_secret());
        let mut value = HeaderValue::from_str(&text).map_err(|_| AuthError::Secret {
            what: format!("{}: the signature is no header", self.system),
            hint: "make a new key, and give its public half to the app".into(),
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Ok(())
    }

    /// Every request has a new one already.
    async fn renew(&self, _answer: &Answer) -> bool {
        false
    }

    async fn fall_back(&self) -> bool {
        false
    }

    fn told(&self) -> Vec<String> {
        Vec::new()
    }
}
