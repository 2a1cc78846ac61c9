//! Okta's part of the config file, parsed and checked.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &["org_url", "auth", "read_auth", "second", "quarantine_group"];

/// The settings of one org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `https://example.okta.com`, or a custom domain.
    pub(super) org_url: Url,
    /// What writes are signed with.
    pub(super) auth: Auth,
    /// What plan and proof are signed with, if it is something else.
    pub(super) read_auth: Option<Auth>,
    /// Used once, when the first is refused in mid-run.
    pub(super) second: Option<Auth>,
    /// The id of the pre-made group whose policy denies sign-in.
    pub(super) quarantine_group: Option<String>,
}

/// One credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// An SSWS token.
    ApiToken(SecretRef),
    /// A service app that signs with its own key.
    ServiceApp {
        /// Its client id.
        client_id: String,
        /// Its private key, PEM.
        private_key: SecretRef,
        /// The `kid` the key is registered with.
        key_id: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    org_url: String,
    auth: Auth,
    read_auth: Option<Auth>,
    second: Option<Auth>,
    quarantine_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuth {
    client_id: Option<String>,
    private_key: Option<SecretRef>,
    key_id: Option<String>,
    api_token: Option<SecretRef>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let org_url = origin_of(&raw.org_url)?;
        if org_url.query().is_some() || org_url.fragment().is_some() || org_url.path() != "/" {
            return Err("`org_url` is scheme and host only: https://example.okta.com".into());
        }
        if raw.quarantine_group.as_deref() == Some("") {
            return Err("`quarantine_group` is empty: give the group's id".into());
        }
        Ok(Self {
            org_url,
            auth: raw.auth,
            read_auth: raw.read_auth,
            second: raw.second,
            quarantine_group: raw.quarantine_group,
        })
    }
}

impl Auth {
    /// Where its secret is.
    pub(super) fn secret(&self) -> &SecretRef {
        match self {
            Self::ApiToken(secret) => secret,
            Self::ServiceApp { private_key, .. } => private_key,
        }
    }

    /// The client id, if it is a service app.
    pub(super) fn client_id(&self) -> Option<&str> {
        match self {
            Self::ApiToken(_) => None,
            Self::ServiceApp { client_id, .. } => Some(client_id),
        }
    }

    /// For people: which credential this is.
    pub(super) fn name(&self) -> String {
        match self {
            Self::ApiToken(_) => "the API token".into(),
            Self::ServiceApp { client_id, .. } => format!("service app {client_id}"),
        }
    }
}

impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawAuth::deserialize(from)?;
        match raw {
            RawAuth {
                client_id: None,
                private_key: None,
                key_id: None,
                api_token: Some(token),
            } => Ok(Self::ApiToken(token)),
            RawAuth {
                client_id: Some(client_id),
                private_key: Some(private_key),
                key_id,
                api_token: None,
            } if !client_id.is_empty() => Ok(Self::ServiceApp {
                client_id,
                private_key,
                key_id,
            }),
            _ => Err(serde::de::Error::custom(
                "a credential is `{ client_id, private_key, key_id? }` (better) or `{ api_token }`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let good = json!({
            "org_url": "https://example.okta.com",
            "auth": { "client_id": "0oa1", "private_key": { "file": "/k.pem" } },
            "second": { "api_token": { "env": "OKTA_SECOND" } },
        });
        let settings = Settings::parse(&good).unwrap();
        assert_eq!(settings.auth.client_id(), Some("0oa1"));

        let wrong = |patch: Value, word: &str| {
            let mut bad = good.clone();
            for (key, value) in patch.as_object().unwrap() {
                bad[key] = value.clone();
            }
            let error = Settings::parse(&bad).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "org_url": "http://example.okta.com" }), "https");
        wrong(
            json!({ "org_url": "https://x.okta.com/admin" }),
            "host only",
        );
        wrong(
            json!({ "auth": { "api_token": "hunter2" } }),
            "never inline",
        );
        wrong(json!({ "auth": { "client_id": "0oa1" } }), "private_key");
        wrong(json!({ "colour": "red" }), "colour");
    }
}
