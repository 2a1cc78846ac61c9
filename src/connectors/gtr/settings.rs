//! An endpoint's part of the config file, parsed and checked.
//!
//! Which of the directory's apps lead there stands under `apps:`, as for every system.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::connectors::kit::subject::{Format, Identifier, Subject};
use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &["url", "format", "identifier", "issuer", "body", "auth"];

/// The settings of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The endpoint itself.
    pub(super) url: Url,
    /// How it is told who is meant.
    pub(super) subject: Subject,
    /// The body's one member.
    pub(super) member: Member,
    /// Who asks.
    pub(super) auth: Auth,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// A token that the app gave out.
    Token(SecretRef),
    /// A signature of ours.
    Jwt(Jwt),
}

impl Auth {
    /// What to do where it is not accepted.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Token(place) => format!(
                "put a token that it accepts into {}, then `oust runs resume`",
                place.place()
            ),
            Self::Jwt(jwt) => format!(
                "look at `auth`: the app must trust the issuer {} and know the public half of key \
                 {}, the audience must be what it expects, and the clocks must agree",
                jwt.issuer, jwt.key_id
            ),
        }
    }
}

/// What a JWT is made from. Source: what Okta sends [docs*]; what its `sub` is there is not
/// established: ours is the issuer again unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jwt {
    /// `iss`: whom the app trusts.
    pub(super) issuer: String,
    /// `sub`.
    pub(super) subject: String,
    /// `aud`: the endpoint unless said otherwise.
    pub(super) audience: String,
    /// The id by which the app knows the public half.
    pub(super) key_id: String,
    /// An RSA key, PEM.
    pub(super) private_key: SecretRef,
}

/// How the body's one member is spelt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Member {
    /// As in the draft.
    #[default]
    SubId,
    /// As in its older versions, after which receivers for Okta were built.
    Subject,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    url: String,
    format: Format,
    identifier: Option<Identifier>,
    issuer: Option<String>,
    #[serde(default)]
    body: Member,
    auth: RawAuth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuth {
    token: Option<SecretRef>,
    issuer: Option<String>,
    subject: Option<String>,
    audience: Option<String>,
    key_id: Option<String>,
    private_key: Option<SecretRef>,
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
        Ok(Self {
            subject: Subject::of(raw.format, raw.identifier, raw.issuer, "issuer")?,
            member: raw.body,
            auth: auth(raw.auth, &url)?,
            url,
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

    /// The body that names whoever has this identifier.
    pub(super) fn body(&self, id: &str) -> Value {
        let subject = self.subject.written(id);
        match self.member {
            Member::SubId => json!({ "sub_id": subject }),
            Member::Subject => json!({ "subject": subject }),
        }
    }

    /// What people call it.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn auth(raw: RawAuth, url: &Url) -> Result<Auth, String> {
    let RawAuth {
        token,
        issuer,
        subject,
        audience,
        key_id,
        private_key,
    } = raw;
    match (token, issuer, key_id, private_key) {
        (Some(token), None, None, None) if subject.is_none() && audience.is_none() => {
            Ok(Auth::Token(token))
        }
        (None, Some(issuer), Some(key_id), Some(private_key)) => Ok(Auth::Jwt(Jwt {
            subject: subject.unwrap_or_else(|| issuer.clone()),
            audience: audience.unwrap_or_else(|| url.to_string()),
            issuer,
            key_id,
            private_key,
        })),
        _ => Err(
            "`auth` is a signature (`issuer`, `key_id` and `private_key`), or else a `token` that \
             the app gave out"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(patch: &Value) -> Result<Settings, String> {
        let mut all = json!({
            "url": "https://app.example/revoke", "format": "email",
            "auth": { "token": { "env": "GTR" } },
        });
        for (key, value) in patch.as_object().unwrap() {
            all[key] = value.clone();
        }
        Settings::parse(&all)
    }

    #[test]
    fn each_format_has_its_identifier_and_what_it_needs() {
        let email = with(&json!({})).unwrap();
        assert_eq!(email.subject.identifier, Identifier::UserName);
        let iss = json!({ "format": "iss_sub", "issuer": "https://contoso.okta.com" });
        let iss = with(&iss).unwrap();
        assert_eq!(iss.subject.identifier, Identifier::OktaId);
        let opaque = with(&json!({ "format": "opaque", "body": "subject" })).unwrap();
        assert_eq!(opaque.subject.identifier, Identifier::ExternalId);
        assert_eq!(opaque.member, Member::Subject);
        let body = json!({ "subject": { "format": "opaque", "id": "app-1" } });
        assert_eq!(opaque.body("app-1"), body);
    }

    #[test]
    fn a_signature_is_for_the_endpoint_itself_unless_said_otherwise() {
        let signed = json!({ "auth": {
            "issuer": "https://oust.example", "key_id": "k1", "private_key": { "file": "/k" },
        }});
        let Auth::Jwt(jwt) = with(&signed).unwrap().auth else {
            panic!("it signs")
        };
        assert_eq!(jwt.audience, "https://app.example/revoke");
        assert_eq!(jwt.subject, jwt.issuer);
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = with(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        wrong(json!({ "auth": { "token": "hunter2" } }), "never inline");
        wrong(json!({ "auth": {} }), "or else");
        let both = json!({ "token": { "env": "A" }, "issuer": "x" });
        wrong(json!({ "auth": both }), "or else");
        wrong(json!({ "url": "http://app.example/revoke" }), "https");
        wrong(json!({ "url": "https://app.example/revoke?a=b" }), "query");
        wrong(json!({ "format": "iss_sub" }), "issuer");
        wrong(json!({ "issuer": "https://x.example" }), "iss_sub");
        wrong(json!({ "identifier": "okta_id" }), "user_name");
        wrong(json!({ "format": "phone_number" }), "phone_number");
        wrong(json!({ "colour": "red" }), "colour");
        assert!(with(&json!({ "url": "http://127.0.0.1:8080/gtr" })).is_ok());
    }
}
