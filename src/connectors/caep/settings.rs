//! A receiver's part of the config file, parsed and checked.
//!
//! Which of the directory's apps lead there stands under `apps:`, as for every system; a receiver
//! that no app leads to says `subjects: all`.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::connectors::kit::subject::{Format, Identifier, Subject};
use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "url",
    "issuer",
    "audience",
    "key_id",
    "private_key",
    "format",
    "identifier",
    "subject_issuer",
    "subjects",
    "dialect",
    "authorization",
];

/// The settings of one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Where it takes tokens.
    pub(super) url: Url,
    /// `iss`: who says so, as the receiver knows us.
    pub(super) issuer: String,
    /// `aud`: as the receiver calls itself.
    pub(super) audience: String,
    /// The id by which it knows the public half.
    pub(super) key_id: String,
    /// An RSA or P-256 key, PEM.
    pub(super) private_key: SecretRef,
    /// How it is told who is meant.
    pub(super) subject: Subject,
    /// Whom it knows.
    pub(super) knows: KnowsOf,
    /// How a token is laid out.
    pub(super) dialect: Dialect,
    /// What stands in `Authorization`, if it wants that.
    pub(super) authorization: Option<SecretRef>,
}

/// Whom a receiver knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KnowsOf {
    /// Whoever has an app that leads there (`apps:`).
    #[default]
    ByApp,
    /// Everybody of the directory: a hub, another org.
    All,
}

/// How a token is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dialect {
    /// As SSF 1.0 and CAEP 1.0 have it: the subject at the top, `sub_id`.
    #[default]
    Final,
    /// As Okta's receiver has it: the subject within the event, under `user`.
    Okta,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    url: String,
    issuer: String,
    audience: String,
    key_id: String,
    private_key: SecretRef,
    format: Format,
    identifier: Option<Identifier>,
    subject_issuer: Option<String>,
    #[serde(default)]
    subjects: KnowsOf,
    #[serde(default)]
    dialect: Dialect,
    authorization: Option<SecretRef>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let url = origin_of(&raw.url)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("`url` has neither a query nor a fragment".into());
        }
        for (key, value) in [
            ("issuer", &raw.issuer),
            ("audience", &raw.audience),
            ("key_id", &raw.key_id),
        ] {
            if value.trim().is_empty() {
                return Err(format!("`{key}` is empty"));
            }
        }
        Ok(Self {
            subject: Subject::of(
                raw.format,
                raw.identifier,
                raw.subject_issuer,
                "subject_issuer",
            )?,
            url,
            issuer: raw.issuer,
            audience: raw.audience,
            key_id: raw.key_id,
            private_key: raw.private_key,
            knows: raw.subjects,
            dialect: raw.dialect,
            authorization: raw.authorization,
        })
    }

    /// What is missing behind the address as the client joins it: the address is the whole of it.
    pub(super) fn last_slash(&self) -> &'static str {
        if self.url.path().ends_with('/') {
            "/"
        } else {
            ""
        }
    }

    /// What people call it.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(patch: &Value) -> Result<Settings, String> {
        let mut all = json!({
            "url": "https://hub.example/events", "issuer": "https://oust.example",
            "audience": "https://hub.example", "key_id": "k1",
            "private_key": { "file": "/k" }, "format": "email",
        });
        for (key, value) in patch.as_object().unwrap() {
            all[key] = value.clone();
        }
        Settings::parse(&all)
    }

    #[test]
    fn what_is_not_said_is_the_standard_s() {
        let settings = with(&json!({})).unwrap();
        assert_eq!(settings.dialect, Dialect::Final);
        assert_eq!(settings.knows, KnowsOf::ByApp);
        assert_eq!(settings.authorization, None);
        let okta = with(&json!({ "dialect": "okta", "subjects": "all" })).unwrap();
        assert_eq!((okta.dialect, okta.knows), (Dialect::Okta, KnowsOf::All));
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = with(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "private_key": "hunter2" }), "never inline");
        wrong(json!({ "authorization": "Bearer hunter2" }), "never inline");
        wrong(json!({ "url": "http://hub.example/events" }), "https");
        wrong(json!({ "url": "https://hub.example/events?a=b" }), "query");
        wrong(json!({ "format": "iss_sub" }), "subject_issuer");
        wrong(json!({ "subject_issuer": "https://x.example" }), "iss_sub");
        wrong(json!({ "audience": " " }), "audience");
        wrong(json!({ "dialect": "apple" }), "apple");
        wrong(json!({ "colour": "red" }), "colour");
    }
}
