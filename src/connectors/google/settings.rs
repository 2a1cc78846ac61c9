//! Google's part of the config file, parsed and checked.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "key_file",
    "client_email",
    "private_key",
    "key_id",
    "admin",
    "customer",
    "api_url",
    "token_url",
];

/// Where the APIs are.
const API_URL: &str = "https://admin.googleapis.com";
/// Where tokens are asked for.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// The customer that the administrator belongs to.
const MY_CUSTOMER: &str = "my_customer";

/// The settings of one Workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Who signs assertions.
    pub(super) account: Account,
    /// The address of the administrator whom it acts for (`sub`).
    pub(super) admin: String,
    /// The customer whose people alone are contained; `None`: the administrator's own.
    pub(super) customer: Option<String>,
    /// Directory and Reports API.
    pub(super) api_url: Url,
    /// The token endpoint.
    pub(super) token_url: Url,
}

/// The service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The JSON key as Google gives it out.
    KeyFile(SecretRef),
    /// Its parts.
    Parts {
        /// Its address.
        client_email: String,
        /// Its private key, PEM.
        private_key: SecretRef,
        /// The key's id.
        key_id: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    key_file: Option<SecretRef>,
    client_email: Option<String>,
    private_key: Option<SecretRef>,
    key_id: Option<String>,
    admin: String,
    customer: Option<String>,
    api_url: Option<String>,
    token_url: Option<String>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let customer = customer(raw.customer.as_deref().unwrap_or(MY_CUSTOMER))?;
        let api_url = address("api_url", raw.api_url.as_deref().unwrap_or(API_URL))?;
        let token_url = address("token_url", raw.token_url.as_deref().unwrap_or(TOKEN_URL))?;
        let account = match (raw.key_file, raw.client_email, raw.private_key, raw.key_id) {
            (Some(file), None, None, None) => Account::KeyFile(file),
            (None, Some(client_email), Some(private_key), Some(key_id))
                if client_email.contains('@') && !key_id.is_empty() =>
            {
                Account::Parts {
                    client_email,
                    private_key,
                    key_id,
                }
            }
            _ => {
                return Err(
                    "the service account is `key_file` (its JSON key), or `client_email` \
                     (an address), `private_key` and `key_id` together"
                        .into(),
                );
            }
        };
        let admin = raw.admin.trim().to_owned();
        if admin.split('@').filter(|part| !part.is_empty()).count() != 2 {
            return Err("`admin` is the e-mail address of an administrator".into());
        }
        if admin.ends_with(".gserviceaccount.com") {
            return Err(
                "`admin` is the administrator whom the service account acts for, not the service \
                 account itself"
                    .into(),
            );
        }
        Ok(Self {
            account,
            admin,
            customer,
            api_url,
            token_url,
        })
    }

    /// Where its secret is.
    pub(super) fn secret(&self) -> &SecretRef {
        match &self.account {
            Account::KeyFile(secret) => secret,
            Account::Parts { private_key, .. } => private_key,
        }
    }
}

fn address(key: &str, text: &str) -> Result<Url, String> {
    let url = origin_of(text).map_err(|why| format!("`{key}`: {why}"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{key}` has neither a query nor a fragment"));
    }
    Ok(url)
}

fn customer(text: &str) -> Result<Option<String>, String> {
    let is_id = text.starts_with('C') && text.chars().all(|c| c.is_ascii_alphanumeric());
    match text {
        MY_CUSTOMER => Ok(None),
        id if is_id => Ok(Some(id.to_owned())),
        _ => Err(format!(
            "`customer` is `{MY_CUSTOMER}` or a customer id such as C03az79cb"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({ "key_file": { "file": "/key.json" }, "admin": "it@example.com" })
    }

    #[test]
    fn what_is_left_out_is_google_s_own() {
        let settings = Settings::parse(&good()).unwrap();
        assert_eq!(settings.api_url.as_str(), "https://admin.googleapis.com/");
        assert_eq!(settings.token_url.as_str(), TOKEN_URL);
        assert_eq!(settings.customer, None);
        let parts = json!({
            "client_email": "oust@x.iam.gserviceaccount.com", "private_key": { "env": "KEY" },
            "key_id": "k1", "admin": "it@example.com", "customer": "C03az79cb",
            "api_url": "http://127.0.0.1:8080/google/api",
        });
        let settings = Settings::parse(&parts).unwrap();
        assert!(matches!(settings.account, Account::Parts { .. }));
        assert_eq!(settings.customer.as_deref(), Some("C03az79cb"));
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let mut bad = good();
            for (key, value) in patch.as_object().unwrap() {
                bad[key] = value.clone();
            }
            let error = Settings::parse(&bad).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "key_file": "hunter2" }), "never inline");
        wrong(json!({ "private_key": { "env": "KEY" } }), "key_file");
        wrong(json!({ "key_file": null }), "client_email");
        wrong(json!({ "admin": "it" }), "address");
        wrong(json!({ "admin": "o@x.iam.gserviceaccount.com" }), "itself");
        wrong(json!({ "customer": "example.com" }), "my_customer");
        wrong(json!({ "api_url": "http://admin.googleapis.com" }), "https");
        wrong(json!({ "token_url": "https://x.example/?a=b" }), "query");
        wrong(json!({ "colour": "red" }), "colour");
    }
}
