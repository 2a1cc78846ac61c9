//! DPoP: every request proves that we hold the key its token is bound to.
//!
//! The key is made anew in each process and never leaves it. Source: RFC 9449; Okta, "Configure
//! OAuth 2.0 Demonstrating Proof-of-Possession".

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// A throwaway P-256 key.
pub(super) struct ProofKey {
    key: EncodingKey,
    public: Jwk,
}

/// What one proof is for.
pub(super) struct Proving<'a> {
    /// `POST`, `GET`, …
    pub(super) method: &'a str,
    /// The request's URL; query and fragment are left out of the proof.
    pub(super) url: &'a Uri,
    /// Seconds since 1970, by the vendor's clock.
    pub(super) now: i64,
    /// New each time.
    pub(super) jti: &'a str,
    /// What the token endpoint last asked for.
    pub(super) nonce: Option<&'a str>,
    /// The access token that goes along; none in a token request.
    pub(super) token: Option<&'a str>,
}

impl ProofKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// A sentence, if the machine has no randomness.
    pub(super) fn generate() -> Result<Self, String> {
        let no_key = |_| "no DPoP key can be made on this machine".to_owned();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(no_key)?;
        let der = pair.to_pkcs8v1().map_err(no_key)?;
        let key = EncodingKey::from_ec_der(der.as_ref());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256)
            .map_err(|_| "no DPoP key can be made on this machine".to_owned())?;
        Ok(Self { key, public })
    }

    /// The `DPoP` header of one request.
    ///
    /// # Errors
    /// A sentence, if signing failed.
    pub(super) fn proof(&self, what: &Proving<'_>) -> Result<String, String> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".into());
        header.jwk = Some(self.public.clone());
        let mut claims = json!({
            "htm": what.method, "htu": without_query(what.url), "iat": what.now, "jti": what.jti,
        });
        if let Some(nonce) = what.nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = what.token {
            claims["ath"] = URL_SAFE_NO_PAD
                .encode(Sha256::digest(token.as_bytes()))
                .into();
        }
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|_| "a DPoP proof could not be signed".to_owned())
    }
}

fn without_query(url: &Uri) -> String {
    let text = url.to_string();
    match text.split_once(['?', '#']) {
        Some((bare, _)) => bare.to_owned(),
        None => text,
    }
}
