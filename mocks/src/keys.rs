//! Throwaway key pairs for service apps and DPoP: a private PEM and the public JWK.
//!
//! Generated anew each time and never written to disk. Not deterministic: key material plays
//! no part in the state a [`Range`](crate::Range) is compared by.

use std::fmt::Write as _;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};

/// A private key and its public half.
#[derive(Clone)]
pub struct KeyPair {
    /// PKCS#8, PEM.
    pub private_pem: String,
    /// The public key with `kid` and `alg`, as an app registers it.
    pub public_jwk: serde_json::Value,
    /// The key id that the JWK carries.
    pub kid: String,
    /// How it signs: ES256 or RS256.
    pub algorithm: Algorithm,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A P-256 key for ES256.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn es256(kid: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("a P-256 key can be made when the system has randomness");
        let der = key.to_pkcs8v1().expect("a fresh key can be encoded");
        Self::from_der(der.as_ref(), kid, Algorithm::ES256)
    }

    /// A 2048-bit RSA key for RS256.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn rs256(kid: &str) -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048)
            .expect("an RSA key can be made when the system has randomness");
        let der = key.as_der().expect("a fresh key can be encoded");
        Self::from_der(der.as_ref(), kid, Algorithm::RS256)
    }

    /// The key as `jsonwebtoken` signs with.
    ///
    /// # Panics
    /// Never for a key made here.
    #[must_use]
    pub fn encoding_key(&self) -> EncodingKey {
        encoding_key(&self.private_pem, self.algorithm)
    }

    fn from_der(der: &[u8], kid: &str, algorithm: Algorithm) -> Self {
        let private_pem = armour("PRIVATE KEY", der);
        let key = encoding_key(&private_pem, algorithm);
        let mut jwk =
            Jwk::from_encoding_key(&key, algorithm).expect("a fresh key has a public half");
        jwk.common.key_id = Some(kid.to_owned());
        Self {
            private_pem,
            public_jwk: serde_json::to_value(jwk).expect("a JWK is JSON"),
            kid: kid.to_owned(),
            algorithm,
        }
    }
}

fn encoding_key(pem: &str, algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .expect("a key made here can be read back")
}

/// DER as PEM.
pub(crate) fn armour(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    let _ = writeln!(out, "-----END {label}-----");
    out
}

/// The DER of a PEM made here.
pub(crate) fn unarmour(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    STANDARD.decode(text).expect("a PEM made here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Header, Validation};

    #[test]
    fn what_a_key_signs_its_jwk_verifies() {
        for key in [KeyPair::es256("a"), KeyPair::rs256("b")] {
            let claims = serde_json::json!({ "sub": "x" });
            let token =
                jsonwebtoken::encode(&Header::new(key.algorithm), &claims, &key.encoding_key())
                    .unwrap();
            let jwk: Jwk = serde_json::from_value(key.public_jwk.clone()).unwrap();
            let mut rules = Validation::new(key.algorithm);
            rules.required_spec_claims.clear();
            rules.validate_exp = false;
            let back: serde_json::Value =
                jsonwebtoken::decode(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &rules)
                    .unwrap()
                    .claims;
            assert_eq!(back, claims);
        }
    }
}
