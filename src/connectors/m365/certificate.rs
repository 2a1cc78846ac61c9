//! The certificate of an app and its key: assertions signed PS256, named by `x5t#S256`.
//!
//! Does not look into the certificate: that it has expired is told by Entra's answer, and before
//! the night by [`preflight`](super::preflight). The key leaves its secret type only inside the signer.
//! Source: Microsoft, "Application authentication certificate credentials".

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How long an assertion holds, in seconds. Entra recommends five to ten minutes.
const ASSERTION_SECONDS: i64 = 300;

/// A key that signs assertions, and the name of its certificate.
pub(super) struct Signer {
    key: EncodingKey,
    thumbprint: String,
}

/// What one assertion says.
pub(super) struct Claims<'a> {
    /// The app.
    pub(super) client_id: &'a str,
    /// The token URL.
    pub(super) audience: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
    /// New each time.
    pub(super) jti: &'a str,
}

impl Signer {
    /// Reads both PEMs.
    ///
    /// # Errors
    /// A sentence that says what kind of file is needed; never any part of one.
    pub(super) fn from_pem(certificate: &str, key: &SecretString) -> Result<Self, String> {
        let der = der_of(certificate)?;
        let pem = key.expose_secret();
        if pem.contains("ENCRYPTED") {
            return Err(
                "`private_key` is encrypted: give it decrypted, for example by `command:`".into(),
            );
        }
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())
            .map_err(|_| "`private_key` is no PEM private key of type RSA")?;
        Ok(Self {
            key,
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(der)),
        })
    }

    /// A client assertion for one token request.
    ///
    /// # Errors
    /// A sentence, if the key cannot sign.
    pub(super) fn assertion(&self, claims: &Claims<'_>) -> Result<String, String> {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.thumbprint.clone());
        let body = json!({
            "iss": claims.client_id, "sub": claims.client_id, "aud": claims.audience,
            "iat": claims.now, "nbf": claims.now, "exp": claims.now + ASSERTION_SECONDS,
            "jti": claims.jti,
        });
        jsonwebtoken::encode(&header, &body, &self.key)
            .map_err(|_| "`private_key` cannot sign: it is damaged or too short".to_owned())
    }
}

/// The first certificate of a PEM file, as DER.
fn der_of(pem: &str) -> Result<Vec<u8>, String> {
    let wrong = || "`certificate` is no PEM certificate".to_owned();
    let (_, rest) = pem
        .split_once("-----BEGIN CERTIFICATE-----")
        .ok_or_else(wrong)?;
    let (body, _) = rest
        .split_once("-----END CERTIFICATE-----")
        .ok_or_else(wrong)?;
    let text: String = body.split_whitespace().collect();
    let der = STANDARD.decode(text).map_err(|_| wrong())?;
    if der.is_empty() {
        Err(wrong())
    } else {
        Ok(der)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_named_by_the_hash_of_its_der() {
        let pem = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        assert_eq!(der_of(pem).unwrap(), b"abc");
        for bad in [
            "",
            "abc",
            "-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----",
        ] {
            assert!(der_of(bad).unwrap_err().contains("certificate"), "{bad}");
        }
    }

    #[test]
    fn a_wrong_key_is_refused_in_words_that_do_not_repeat_it() {
        let pem = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        for (key, word) in [
            ("hunter2", "RSA"),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2",
                "encrypted",
            ),
        ] {
            let error = Signer::from_pem(pem, &SecretString::from(key))
                .err()
                .unwrap();
            assert!(
                error.contains(word) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}
