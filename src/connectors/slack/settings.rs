//! Slack's part of the config file, parsed and checked.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &["token", "scim", "api_url", "scim_url"];

/// The settings of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// A user token (`xoxp-`) of an owner or admin of the organisation.
    pub(super) token: SecretRef,
    /// Whether the token may use SCIM (scope `admin`).
    pub(super) scim: bool,
    /// The Web API.
    pub(super) api_url: Url,
    /// SCIM.
    pub(super) scim_url: Url,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    token: SecretRef,
    #[serde(default = "yes")]
    scim: bool,
    #[serde(default = "api_url")]
    api_url: String,
    #[serde(default = "scim_url")]
    scim_url: String,
}

fn yes() -> bool {
    true
}

fn api_url() -> String {
    "https://slack.com/api".into()
}

fn scim_url() -> String {
    "https://api.slack.com/scim".into()
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        Ok(Self {
            token: raw.token,
            scim: raw.scim,
            api_url: origin_of(&raw.api_url)?,
            scim_url: origin_of(&raw.scim_url)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_never_inline_and_addresses_are_https() {
        let parse = |value: Value| Settings::parse(&value);
        assert!(parse(json!({ "token": { "env": "SLACK" } })).is_ok());
        let inline = parse(json!({ "token": "xoxp-1" })).unwrap_err();
        assert!(!inline.contains("xoxp-1"), "{inline}");
        let plain = json!({ "token": { "env": "SLACK" }, "api_url": "http://slack.com/api" });
        assert!(parse(plain).unwrap_err().contains("https"));
    }
}
