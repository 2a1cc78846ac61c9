//! The service account's key: taken from its JSON file or from its parts, and what it signs.
//!
//! Signs RS256 alone, which is all that Google takes. The key leaves its secret type only inside
//! the signer; the `token_uri` of a key file is not followed: where tokens are asked for is the
//! config's to say. Source: Google, "OAuth 2.0 for server-to-server applications" [docs*].

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::settings::Account;
use crate::connectors::kit::TokenEndpoint;
use crate::transport::AuthError;

/// How long an assertion holds, in seconds. Google allows an hour; ours are used at once.
const ASSERTION_SECONDS: i64 = 600;

/// A service account that can sign.
pub(super) struct Signer {
    /// Its address.
    pub(super) email: String,
    key_id: String,
    key: EncodingKey,
}

/// What an assertion says.
pub(super) struct Asserting<'a> {
    /// The administrator acted for.
    pub(super) admin: &'a str,
    /// For what.
    pub(super) scope: &'a str,
    /// The token endpoint.
    pub(super) audience: &'a str,
    /// Seconds since 1970, by Google's clock.
    pub(super) now: i64,
}

/// A JSON key as Google gives it out, as far as it is used.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    #[serde(deserialize_with = "secret")]
    private_key: SecretString,
    private_key_id: String,
}

impl Signer {
    /// Fetches the key.
    ///
    /// # Errors
    /// [`AuthError::Secret`] that says what is wrong with it; never any part of it.
    pub(super) async fn fetch(
        account: &Account,
        endpoint: &TokenEndpoint,
    ) -> Result<Self, AuthError> {
        let signer = match account {
            Account::KeyFile(place) => Self::from_file(&endpoint.secret(place).await?),
            Account::Parts {
                client_email,
                private_key,
                key_id,
            } => {
                let pem = endpoint.secret(private_key).await?;
                Self::from_parts(client_email.clone(), key_id.clone(), &pem)
            }
        };
        if signer.is_err() {
            endpoint.forget_secrets();
        }
        signer
    }

    fn from_file(text: &SecretString) -> Result<Self, AuthError> {
        // The parser's own words may quote what stands there.
        let file: KeyFile = serde_json::from_str(text.expose_secret())
            .ok()
            .filter(|file: &KeyFile| file.kind == "service_account")
            .ok_or_else(|| {
                unusable(
                    "`key_file` is no JSON key of a service account".into(),
                    "give it as Google gives it out: with `type`, `client_email`, `private_key` \
                     and `private_key_id`",
                )
            })?;
        Self::from_parts(file.client_email, file.private_key_id, &file.private_key)
    }

    fn from_parts(email: String, key_id: String, pem: &SecretString) -> Result<Self, AuthError> {
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| {
            unusable(
                format!("the private key of {email} is no PEM of an RSA key"),
                "in a variable of the environment write line ends, not `\\n`",
            )
        })?;
        Ok(Self { email, key_id, key })
    }

    /// An assertion for one token request.
    ///
    /// # Errors
    /// [`AuthError::Secret`], if the key is damaged.
    pub(super) fn assertion(&self, what: &Asserting<'_>) -> Result<SecretString, AuthError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        let claims = json!({
            "iss": self.email, "sub": what.admin, "scope": what.scope, "aud": what.audience,
            "iat": what.now, "exp": what.now + ASSERTION_SECONDS,
        });
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map(SecretString::from)
            .map_err(|_| {
                let what = format!("the private key of {} cannot sign", self.email);
                unusable(what, "make a new key in Google Cloud")
            })
    }
}

fn unusable(what: String, hint: &str) -> AuthError {
    AuthError::Secret {
        what,
        hint: hint.into(),
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let wrong = Signer::from_file(&SecretString::from(text.to_owned()));
        wrong.err().expect("it is no key").to_string()
    }

    #[test]
    fn a_key_file_that_is_none_is_refused_and_not_repeated() {
        let user = r#"{"type":"authorized_user","client_email":"hunter2"}"#;
        let number = r#"{"type":"service_account","client_email":"a","private_key":"hunter2"}"#;
        let pem = r#"{"type":"service_account","client_email":"a@b","private_key":"hunter2",
            "private_key_id":"k"}"#;
        for text in ["hunter2", user, number, pem] {
            let error = refusal(text);
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(refusal(user).contains("service account"));
        assert!(refusal(pem).contains("RSA"));
    }
}
