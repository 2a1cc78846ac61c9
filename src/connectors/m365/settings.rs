//! Microsoft 365's part of the config file, parsed and checked.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "tenant",
    "client_id",
    "client_secret",
    "certificate",
    "private_key",
    "cloud",
    "login_url",
    "graph_url",
];

/// The settings of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Its id, or one of its domains.
    pub(super) tenant: String,
    /// The app that we act as.
    pub(super) client_id: String,
    /// What it signs in with.
    pub(super) auth: Auth,
    /// Where tokens come from, without a slash at its end.
    pub(super) login_url: String,
    /// Microsoft Graph, without its version.
    pub(super) graph_url: Url,
}

/// The credential of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// A client secret.
    Secret(SecretRef),
    /// A certificate whose key signs assertions.
    Certificate {
        /// The certificate, PEM.
        certificate: SecretRef,
        /// Its RSA key, PEM.
        private_key: SecretRef,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    tenant: String,
    client_id: String,
    client_secret: Option<SecretRef>,
    certificate: Option<SecretRef>,
    private_key: Option<SecretRef>,
    #[serde(default)]
    cloud: Cloud,
    login_url: Option<String>,
    graph_url: Option<String>,
}

/// A national cloud: both addresses at once.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cloud {
    #[default]
    Public,
    Usgov,
    UsgovDod,
    China,
}

impl Cloud {
    /// Where tokens come from, and Graph.
    fn urls(self) -> (&'static str, &'static str) {
        match self {
            Self::Public => (
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
            ),
            Self::Usgov => (
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
            ),
            Self::UsgovDod => (
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
            ),
            Self::China => (
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn",
            ),
        }
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let (login, graph) = raw.cloud.urls();
        Ok(Self {
            tenant: tenant(raw.tenant)?,
            client_id: client_id(raw.client_id)?,
            auth: auth(raw.client_secret, raw.certificate, raw.private_key)?,
            login_url: address("login_url", raw.login_url.as_deref().unwrap_or(login))?
                .as_str()
                .trim_end_matches('/')
                .to_owned(),
            graph_url: graph_url(raw.graph_url.as_deref().unwrap_or(graph))?,
        })
    }

    /// Where tokens of this tenant come from; also the audience of an assertion.
    pub(super) fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.login_url, self.tenant)
    }

    /// "Whatever was granted to the app at Graph."
    pub(super) fn scope(&self) -> String {
        format!("{}/.default", self.graph_url.as_str().trim_end_matches('/'))
    }

    /// Where the secrets are.
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        match &self.auth {
            Auth::Secret(secret) => vec![secret],
            // A certificate is no secret.
            Auth::Certificate { private_key, .. } => vec![private_key],
        }
    }
}

/// A tenant's name becomes part of an address.
fn tenant(name: String) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if name.is_empty() || !name.chars().all(fits) || name.starts_with('.') {
        return Err("`tenant` is the tenant's id or one of its domains".into());
    }
    if ["common", "organizations", "consumers"].contains(&name.as_str()) {
        return Err(format!(
            "`tenant: {name}` is no tenant: give its id or one of its domains"
        ));
    }
    Ok(name)
}

fn client_id(id: String) -> Result<String, String> {
    if id.trim().is_empty() {
        return Err("`client_id` is empty: give the app's Application (client) ID".into());
    }
    Ok(id)
}

fn auth(
    client_secret: Option<SecretRef>,
    certificate: Option<SecretRef>,
    private_key: Option<SecretRef>,
) -> Result<Auth, String> {
    match (client_secret, certificate, private_key) {
        (Some(secret), None, None) => Ok(Auth::Secret(secret)),
        (None, Some(certificate), Some(private_key)) => Ok(Auth::Certificate {
            certificate,
            private_key,
        }),
        _ => Err(
            "a credential is `certificate` with `private_key` (better), or `client_secret`".into(),
        ),
    }
}

fn address(key: &str, text: &str) -> Result<Url, String> {
    let url = origin_of(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{key}` has no query and no fragment"));
    }
    Ok(url)
}

fn graph_url(text: &str) -> Result<Url, String> {
    let url = address("graph_url", text)?;
    if url.path().contains("/v1.0") || url.path().contains("/beta") {
        return Err("`graph_url` is without a version: https://graph.microsoft.com".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "tenant": "contoso.example",
            "client_id": "11111111-2222-4333-8444-555555555555",
            "client_secret": { "env": "M365_SECRET" },
        })
    }

    fn with(patch: &Value) -> Result<Settings, String> {
        let mut settings = good();
        for (key, value) in patch.as_object().unwrap() {
            settings[key] = value.clone();
        }
        Settings::parse(&settings)
    }

    #[test]
    fn a_cloud_picks_both_addresses_and_an_address_of_ones_own_wins() {
        let public = Settings::parse(&good()).unwrap();
        assert_eq!(
            public.token_url(),
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
        );
        assert_eq!(public.scope(), "https://graph.microsoft.com/.default");
        for (cloud, login, graph) in [
            (
                "usgov",
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us/.default",
            ),
            (
                "usgov_dod",
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us/.default",
            ),
            (
                "china",
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn/.default",
            ),
        ] {
            let settings = with(&json!({ "cloud": cloud })).unwrap();
            assert_eq!(
                (settings.login_url.as_str(), settings.scope().as_str()),
                (login, graph)
            );
        }
        let own = with(&json!({
            "cloud": "usgov",
            "login_url": "http://127.0.0.1:8080/m365/login/",
            "graph_url": "http://127.0.0.1:8080/m365/graph",
        }));
        let own = own.unwrap();
        assert_eq!(own.login_url, "http://127.0.0.1:8080/m365/login");
        assert_eq!(own.scope(), "http://127.0.0.1:8080/m365/graph/.default");
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = with(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "client_secret": "hunter2" }), "never inline");
        wrong(
            json!({ "private_key": { "file": "/k.pem" } }),
            "certificate",
        );
        wrong(json!({ "tenant": "common" }), "no tenant");
        wrong(json!({ "tenant": "../other" }), "domains");
        wrong(json!({ "client_id": " " }), "client_id");
        wrong(json!({ "cloud": "moon" }), "moon");
        wrong(
            json!({ "graph_url": "http://graph.microsoft.com" }),
            "https",
        );
        wrong(
            json!({ "graph_url": "https://graph.microsoft.com/v1.0" }),
            "version",
        );
        wrong(json!({ "login_url": "https://login.example?a=b" }), "query");
        wrong(json!({ "colour": "red" }), "colour");
    }
}
