//! The private key of a service app: which algorithm it signs with is told from the PEM.
//!
//! RSA signs RS256, P-256 signs ES256; anything else is refused in words. The key leaves its
//! secret type only inside the signer.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

/// How long a client assertion holds, in seconds. Okta allows an hour; ours are used at once.
const ASSERTION_SECONDS: i64 = 300;

/// A key that signs client assertions.
pub(super) struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Reads a PEM.
    ///
    /// # Errors
    /// A sentence that says what kind of key is needed; never any part of the key.
    pub(super) fn from_pem(pem: &SecretString) -> Result<Self, String> {
        let pem = pem.expose_secret().as_bytes();
        let has = |label: &str| {
            let line = format!("-----BEGIN {label}-----");
            pem.windows(line.len()).any(|part| part == line.as_bytes())
        };
        if has("ENCRYPTED PRIVATE KEY") {
            return Err("is encrypted: give it decrypted, for example by `command:`".into());
        }
        if has("EC PRIVATE KEY") {
            return Err(
                "is in the old EC form: convert it by `openssl pkcs8 -topk8 -nocrypt`".into(),
            );
        }
        let ec = EncodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256));
        let (key, algorithm) = ec
            .or_else(|_| EncodingKey::from_rsa_pem(pem).map(|key| (key, Algorithm::RS256)))
            .map_err(|_| "is no PEM private key of type RSA or P-256")?;
        Ok(Self { key, algorithm })
    }

    /// A client assertion for one token request.
    ///
    /// `now` is in seconds since 1970, by the vendor's clock; `jti` must be new each time.
    ///
    /// # Errors
    /// A sentence, if the key cannot sign: a curve other than P-256, or a damaged key.
    ///
    /// Source: Okta, "Implement OAuth for Okta with a service app": `iss` = `sub` = client id,
    /// `aud` the token URL, `exp` at most an hour ahead.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        key_id: Option<&str>,
        audience: &str,
        now: i64,
        jti: &str,
    ) -> Result<String, String> {
        let mut header = Header::new(self.algorithm);
        header.kid = key_id.map(str::to_owned);
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience,
            "iat": now, "exp": now + ASSERTION_SECONDS, "jti": jti,
        });
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|_| "cannot sign: only RSA and P-256 keys can".to_owned())
    }
}
