//! GitHub's part of the config file, parsed and checked.
//!
//! One instance is one organisation, one enterprise, or an organisation within its enterprise.
//! All addresses follow from `api_url`: github.com, a tenant with data residency
//! (`https://api.TENANT.ghe.com`) or a server of one's own (`https://HOST/api/v3`). Source: GitHub,
//! "Getting started with the REST API", "Data residency" [docs*].

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "org",
    "enterprise",
    "shortcode",
    "app_id",
    "installation_id",
    "private_key",
    "token",
    "api_url",
    "graphql_url",
];

/// Where the REST API of github.com is.
const API_URL: &str = "https://api.github.com";

/// The settings of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The organisation's login.
    pub(super) org: Option<String>,
    /// The enterprise's slug.
    pub(super) enterprise: Option<String>,
    /// What ends the logins of the enterprise's managed users, behind `_`.
    pub(super) shortcode: Option<String>,
    /// Who we are.
    pub(super) auth: Auth,
    /// The REST API.
    pub(super) api_url: Url,
    /// The GraphQL API.
    pub(super) graphql_url: Url,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// A GitHub App by one of its installations.
    App {
        /// Its client id, or its number.
        app_id: String,
        /// Which of its installations.
        installation: Installed,
        /// Its RSA key, PEM.
        private_key: SecretRef,
    },
    /// The personal access token (classic) of an owner.
    Token(SecretRef),
}

/// Which installation of an App.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Installed {
    /// The one with this number.
    Id(String),
    /// The one at this organisation.
    At(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    org: Option<String>,
    enterprise: Option<String>,
    shortcode: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    app_id: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    installation_id: Option<String>,
    private_key: Option<SecretRef>,
    token: Option<SecretRef>,
    api_url: Option<String>,
    graphql_url: Option<String>,
}

/// An id as people write it: `12345` or `Iv23li…`.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(serde::de::Error::custom("an id is a number or a text")),
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let org = name("org", raw.org)?;
        let enterprise = name("enterprise", raw.enterprise)?;
        if org.is_none() && enterprise.is_none() {
            return Err(
                "name the organisation (`org`), the enterprise (`enterprise`) or both".into(),
            );
        }
        let api_url = address("api_url", raw.api_url.as_deref().unwrap_or(API_URL))?;
        let graphql_url = match raw.graphql_url.as_deref() {
            Some(text) => address("graphql_url", text)?,
            None => graphql_of(&api_url),
        };
        let auth = match (raw.app_id, raw.private_key, raw.token) {
            (Some(app_id), Some(private_key), None) if !app_id.trim().is_empty() => Auth::App {
                app_id,
                installation: installed(raw.installation_id, org.as_deref())?,
                private_key,
            },
            (None, None, Some(token)) if raw.installation_id.is_none() => Auth::Token(token),
            _ => {
                return Err(
                    "oust is a GitHub App (`app_id` and `private_key`), or else an owner's \
                     personal access token (`token`)"
                        .into(),
                );
            }
        };
        Ok(Self {
            org,
            enterprise,
            shortcode: name("shortcode", raw.shortcode)?,
            auth,
            api_url,
            graphql_url,
        })
    }

    /// Where its secret is.
    pub(super) fn secret(&self) -> &SecretRef {
        match &self.auth {
            Auth::App { private_key, .. } => private_key,
            Auth::Token(token) => token,
        }
    }

    /// Whether we act by a person's token.
    pub(super) fn is_person(&self) -> bool {
        matches!(self.auth, Auth::Token(_))
    }

    /// What people call it: the organisation, else the enterprise.
    pub(super) fn place(&self) -> &str {
        let org = self.org.as_deref();
        org.or(self.enterprise.as_deref()).unwrap_or_default()
    }

    /// The pages that people use, without a slash at the end.
    pub(super) fn web(&self) -> String {
        let host = self.api_url.host_str().unwrap_or_default();
        let host = if self.api_url.path().trim_matches('/').is_empty() {
            host.strip_prefix("api.").unwrap_or(host)
        } else {
            host
        };
        let port = self.api_url.port();
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{host}{port}", self.api_url.scheme())
    }
}

/// A name becomes part of an address.
fn name(key: &str, text: Option<String>) -> Result<Option<String>, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match text {
        Some(text) if text.is_empty() || !text.chars().all(fits) || text.starts_with('.') => Err(
            format!("`{key}` is its name as it stands in GitHub's addresses"),
        ),
        text => Ok(text),
    }
}

fn installed(id: Option<String>, org: Option<&str>) -> Result<Installed, String> {
    match (id, org) {
        (Some(id), _) if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) => {
            Err("`installation_id` is a number".into())
        }
        (Some(id), _) => Ok(Installed::Id(id)),
        (None, Some(org)) => Ok(Installed::At(org.to_owned())),
        (None, None) => {
            Err("without `org`, say which installation of the App: `installation_id`".into())
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

/// `https://HOST/api/v3` has its GraphQL at `/api/graphql`, everybody else beside the REST API.
fn graphql_of(api_url: &Url) -> Url {
    let mut url = api_url.clone();
    let base = api_url.path().trim_end_matches('/');
    let base = base.strip_suffix("/v3").unwrap_or(base).to_owned();
    url.set_path(&format!("{base}/graphql"));
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(patch: &Value) -> Result<Settings, String> {
        let mut all = json!({
            "org": "contoso", "app_id": 12345, "private_key": { "file": "/key.pem" },
        });
        for (key, value) in patch.as_object().unwrap() {
            all[key] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        Settings::parse(&all)
    }

    #[test]
    fn every_address_follows_from_the_api_s() {
        for (api, graphql, web) in [
            (
                "https://api.github.com",
                "https://api.github.com/graphql",
                "https://github.com",
            ),
            (
                "https://api.contoso.ghe.com/",
                "https://api.contoso.ghe.com/graphql",
                "https://contoso.ghe.com",
            ),
            (
                "https://github.contoso.example/api/v3",
                "https://github.contoso.example/api/graphql",
                "https://github.contoso.example",
            ),
            (
                "https://api.contoso.example:8443/api/v3/",
                "https://api.contoso.example:8443/api/graphql",
                "https://api.contoso.example:8443",
            ),
        ] {
            let settings = with(&json!({ "api_url": api })).unwrap();
            assert_eq!(settings.graphql_url.as_str(), graphql);
            assert_eq!(settings.web(), web);
        }
        let own = json!({ "graphql_url": "http://127.0.0.1:8080/github/graphql" });
        let own = with(&own).unwrap();
        assert_eq!(own.graphql_url.path(), "/github/graphql");
        assert_eq!(own.api_url.as_str(), "https://api.github.com/");
    }

    #[test]
    fn an_app_or_a_person_s_token_and_where() {
        let app = with(&json!({ "app_id": "Iv23liABC", "installation_id": 7 })).unwrap();
        assert!(!app.is_person());
        let pat = json!({ "token": { "env": "PAT" }, "app_id": null, "private_key": null });
        assert!(with(&pat).unwrap().is_person());
        let whole = json!({ "org": null, "enterprise": "contoso-inc", "installation_id": "7" });
        assert_eq!(with(&whole).unwrap().place(), "contoso-inc");
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = with(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "private_key": "hunter2" }), "never inline");
        wrong(json!({ "token": { "env": "PAT" } }), "or else");
        wrong(json!({ "private_key": null }), "GitHub App");
        wrong(json!({ "org": null }), "enterprise");
        wrong(json!({ "org": null, "enterprise": "e" }), "installation_id");
        wrong(json!({ "org": "../other" }), "addresses");
        wrong(json!({ "installation_id": "seven" }), "number");
        wrong(json!({ "app_id": ["hunter2"] }), "id is");
        wrong(json!({ "api_url": "http://api.github.com" }), "https");
        wrong(json!({ "graphql_url": "https://x.example/?a=b" }), "query");
        wrong(json!({ "colour": "red" }), "colour");
    }
}
