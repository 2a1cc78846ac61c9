//! The keys of approvers: Ed25519, in the files and texts that OpenSSL makes and reads.
//!
//! A private key is PKCS#8 PEM as `openssl genpkey -algorithm ed25519` writes it; a public one is the
//! single base64 line between the marks of `openssl pkey -pubout`. A private key leaves its secret
//! type only inside the signer. Does not look for files (`cli`).

use std::fmt;

use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// Before the 32 bytes of a public key in its DER form.
///
/// Source: RFC 8410, §4: `SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING }`.
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What one of the texts is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The private key.
    #[error("it is no Ed25519 private key in PKCS#8 PEM")]
    NoPrivateKey,
    /// It asks for a passphrase.
    #[error("it is encrypted: decrypt it first, with `openssl pkey`")]
    Encrypted,
    /// The public key.
    #[error("it is no Ed25519 public key: the base64 line of `openssl pkey -pubout`")]
    NoPublicKey,
    /// The machine.
    #[error("no key could be made: the operating system gives no randomness")]
    NotMade,
}

/// What a signature is checked with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads the base64 line; the marks around it may be there.
    ///
    /// # Errors
    /// [`KeyError::NoPublicKey`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let lines = text.lines().map(str::trim);
        let body: String = lines.filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).map_err(|_| KeyError::NoPublicKey)?;
        let raw = der.strip_prefix(&SPKI).ok_or(KeyError::NoPublicKey)?;
        let raw = raw.try_into().map_err(|_| KeyError::NoPublicKey)?;
        // A point that is none would refuse every signature, at three in the morning.
        ParsedPublicKey::new(&ED25519, &der).map_err(|_| KeyError::NoPublicKey)?;
        Ok(Self(raw))
    }

    /// Whether `signature` over `bytes` was made with its private key.
    #[must_use]
    pub(super) fn made(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(bytes, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode([&SPKI[..], &self.0].concat()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// What an approver signs with.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// Reads a PEM.
    ///
    /// # Errors
    /// [`KeyError`]; never any part of the key.
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let pem = pem.expose_secret();
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Err(KeyError::Encrypted);
        }
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .map(|(body, _)| body)
            .ok_or(KeyError::NoPrivateKey)?;
        let packed: SecretString = body.split_whitespace().collect::<String>().into();
        let der = STANDARD.decode(packed.expose_secret());
        let der: SecretSlice<u8> = der.map_err(|_| KeyError::NoPrivateKey)?.into();
        let pair = Ed25519KeyPair::from_pkcs8(der.expose_secret());
        pair.map(Self).map_err(|_| KeyError::NoPrivateKey)
    }

    /// Makes a new one, and its PEM to keep.
    ///
    /// # Errors
    /// [`KeyError::NotMade`].
    pub fn generate() -> Result<(Self, SecretString), KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
        let der = pair.to_pkcs8v1().map_err(|_| KeyError::NotMade)?;
        let body: SecretString = STANDARD.encode(der.as_ref()).into();
        // 48 bytes are 64 characters, which is one line of a PEM.
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            body.expose_secret()
        );
        Ok((Self(pair), pem.into()))
    }

    /// What others check its signatures with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let raw = self.0.public_key().as_ref();
        PublicKey(raw.try_into().expect("an Ed25519 public key is 32 bytes"))
    }

    /// Signs.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 8410, §10, in the form that OpenSSL writes.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_key_of_openssl_is_read_and_its_public_half_agrees() {
        let key = SigningKey::from_pem(&PRIVATE.into()).unwrap();
        assert_eq!(key.public(), PublicKey::parse(PUBLIC).unwrap());
        let line = key.public().to_string();
        assert!(PUBLIC.contains(&line), "{line}");
        assert_eq!(PublicKey::parse(&line), Ok(key.public()));
    }

    #[test]
    fn a_new_key_is_read_back_from_its_pem() {
        let (key, pem) = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(key.public(), again.public());
        let signature = again.sign(b"yes");
        assert!(key.public().made(b"yes", &signature));
        assert!(!key.public().made(b"no", &signature));
        assert!(
            !SigningKey::generate()
                .unwrap()
                .0
                .public()
                .made(b"yes", &signature)
        );
    }

    #[test]
    fn whatever_is_no_key_is_refused_in_words() {
        for text in [
            "",
            "MCowBQYDK2VwAyEA",
            "-----BEGIN PUBLIC KEY-----",
            "no key",
        ] {
            assert_eq!(PublicKey::parse(text), Err(KeyError::NoPublicKey), "{text}");
        }
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n";
        let refused = SigningKey::from_pem(&encrypted.into()).unwrap_err();
        assert_eq!(refused, KeyError::Encrypted);
        let rsa = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
        assert_eq!(
            SigningKey::from_pem(&rsa.into()).unwrap_err(),
            KeyError::NoPrivateKey
        );
    }
}
