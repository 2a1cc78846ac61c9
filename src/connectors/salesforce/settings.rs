//! Salesforce's part of the config file, parsed and checked.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "client_id",
    "username",
    "private_key",
    "instance_url",
    "login_url",
    "audience",
    "api_version",
];

/// The version that this connector was written for. Source: Spring '26 [docs*].
const API_VERSION: &str = "66.0";
/// The oldest that has all that is read here.
const OLDEST: u32 = 60;

const PRODUCTION: &str = "https://login.salesforce.com";
const SANDBOX: &str = "https://test.salesforce.com";

/// The settings of one org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The consumer key of the External Client App.
    pub(super) client_id: String,
    /// The integration user whom it acts as.
    pub(super) username: String,
    /// The key of the app's certificate, PEM.
    pub(super) private_key: SecretRef,
    /// The org's My Domain.
    pub(super) instance_url: Url,
    /// Where tokens are asked for, without a slash at its end.
    pub(super) login_url: String,
    /// For whom assertions are (`aud`).
    pub(super) audience: String,
    /// `66.0`
    pub(super) api_version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    client_id: String,
    username: String,
    private_key: SecretRef,
    instance_url: String,
    login_url: Option<String>,
    audience: Option<String>,
    api_version: Option<String>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let instance_url = address("instance_url", &raw.instance_url)?;
        let login_url = match raw.login_url {
            Some(text) => address("login_url", &text)?,
            None => instance_url.clone(),
        };
        let audience = match raw.audience {
            Some(text) => address("audience", &text)?.to_string(),
            None if is_sandbox(&instance_url) || is_sandbox(&login_url) => SANDBOX.to_owned(),
            None => PRODUCTION.to_owned(),
        };
        Ok(Self {
            client_id: filled(&raw.client_id, "`client_id` is the app's consumer key")?,
            username: username(&raw.username)?,
            private_key: raw.private_key,
            instance_url,
            login_url: bare(login_url.as_str()),
            audience: bare(&audience),
            api_version: version(raw.api_version.as_deref().unwrap_or(API_VERSION))?,
        })
    }

    /// Where tokens are asked for.
    pub(super) fn token_url(&self) -> String {
        format!("{}/services/oauth2/token", self.login_url)
    }

    /// Where the org's data is: `/services/data/v66.0`.
    pub(super) fn data(&self) -> String {
        format!("/services/data/v{}", self.api_version)
    }
}

fn bare(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn filled(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(what.to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// User names have the form of an address and are unique among all orgs.
fn username(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.split('@').filter(|part| !part.is_empty()).count() != 2 {
        return Err(
            "`username` is the integration user's user name: it has the form of an e-mail \
             address, and often a suffix"
                .into(),
        );
    }
    Ok(text.to_owned())
}

fn address(key: &str, text: &str) -> Result<Url, String> {
    let url = origin_of(text).map_err(|why| format!("`{key}`: {why}"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{key}` has neither a query nor a fragment"));
    }
    let host = url.host_str().unwrap_or_default();
    if host.ends_with(".lightning.force.com") {
        return Err(format!(
            "`{key}` is where pages are shown: the API is at https://MYDOMAIN.my.salesforce.com"
        ));
    }
    Ok(url)
}

/// A sandbox, by the name that My Domain gives it.
fn is_sandbox(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.contains(".sandbox.") || host == "test.salesforce.com"
}

fn version(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`api_version` is a version such as \"{API_VERSION}\", from {OLDEST}.0 on");
    let number = text.trim().trim_start_matches('v');
    let major: u32 = number
        .strip_suffix(".0")
        .and_then(|major| major.parse().ok())
        .ok_or_else(wrong)?;
    if major < OLDEST {
        return Err(wrong());
    }
    Ok(format!("{major}.0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(patch: &Value) -> Result<Settings, String> {
        let mut settings = json!({
            "client_id": "3MVG9consumer", "username": "oust@contoso.example.prod",
            "private_key": { "file": "/k.pem" },
            "instance_url": "https://contoso.my.salesforce.com",
        });
        for (key, value) in patch.as_object().unwrap() {
            settings[key] = value.clone();
        }
        Settings::parse(&settings)
    }

    #[test]
    fn the_instance_tells_where_tokens_come_from_and_whose_they_are() {
        let settings = with(&json!({})).unwrap();
        assert_eq!(
            settings.token_url(),
            "https://contoso.my.salesforce.com/services/oauth2/token"
        );
        assert_eq!(settings.audience, PRODUCTION);
        assert_eq!(settings.data(), "/services/data/v66.0");
        let sandbox = "https://contoso--dev.sandbox.my.salesforce.com";
        let settings = with(&json!({ "instance_url": sandbox })).unwrap();
        assert_eq!(settings.audience, SANDBOX);
        let own = with(&json!({
            "login_url": "http://127.0.0.1:8080/salesforce/", "audience": "https://x.example/",
            "api_version": "v62.0",
        }));
        let own = own.unwrap();
        assert_eq!(
            own.token_url(),
            "http://127.0.0.1:8080/salesforce/services/oauth2/token"
        );
        assert_eq!(
            (own.audience.as_str(), own.api_version.as_str()),
            ("https://x.example", "62.0")
        );
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = with(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "private_key": "hunter2" }), "never inline");
        wrong(json!({ "client_id": " " }), "consumer key");
        wrong(json!({ "username": "oust" }), "suffix");
        wrong(
            json!({ "instance_url": "http://contoso.my.salesforce.com" }),
            "https",
        );
        wrong(
            json!({ "instance_url": "https://contoso.lightning.force.com" }),
            "my.salesforce.com",
        );
        wrong(json!({ "login_url": "https://x.example/?a=b" }), "query");
        for version in ["59.0", "66", "latest", "66.0/../61.0"] {
            wrong(json!({ "api_version": version }), "66.0");
        }
        wrong(json!({ "colour": "red" }), "colour");
    }
}
