//! Tokens by client credentials, and what Entra's refusals mean, each in its own words.
//!
//! One token carries all that was granted to the app (`.default`), so that there is one power
//! only, for reads and writes alike. Its `roles` are read, never checked: they only help to say
//! which permission is missing. The token itself is shown to nobody.
//!
//! [docs*]: the numbers of the errors and that `roles`, `tid` and `appid` stand in the token.
//! Source: Microsoft, "OAuth 2.0 client credentials flow".

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::certificate::{Claims, Signer};
use super::settings::{Auth, Settings};
use crate::connectors::kit::{Answered, Issued, Issuer, TokenEndpoint};
use crate::transport::AuthError;

/// How an app signs in with its own key (RFC 7523).
const BY_JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The number of a refusal of an assertion's times.
const WRONG_TIME: &str = "700024";

/// The only power: everything that was granted to the app.
pub(super) const GRANTED: &str = "granted";

/// Every request is made with it.
pub(super) fn power_of(_method: &Method, _path: &str) -> &'static str {
    GRANTED
}

/// What the last token says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The permissions granted to the app.
    pub(super) roles: BTreeSet<String>,
    /// The tenant's id.
    pub(super) tenant: String,
    /// The app.
    pub(super) client_id: String,
}

/// Kept for those who must say what is missing; `None` until a token told it.
pub(super) type Known = Arc<Mutex<Option<Told>>>;

/// Asks Entra.
pub(super) struct Entra {
    pub(super) endpoint: TokenEndpoint,
    pub(super) settings: Settings,
    pub(super) known: Known,
    /// What Entra's clock is ahead of ours, in seconds, once an assertion was refused for it.
    pub(super) ahead: AtomicI64,
}

#[async_trait]
impl Issuer for Entra {
    async fn issue(&self, _power: &'static str) -> Result<Issued, AuthError> {
        let mut answered = self.ask().await?;
        if aadsts(&answered.description()) == WRONG_TIME && self.learn_time(&answered) {
            answered = self.ask().await?;
        }
        let Some(issued) = answered.token() else {
            return Err(self.refused(&answered));
        };
        let told = told_by(issued.token.expose_secret());
        *self
            .known
            .lock()
            .expect("no code panics while it holds this lock") = told;
        Ok(issued)
    }
}

impl Entra {
    /// One token request.
    async fn ask(&self) -> Result<Answered, AuthError> {
        let scope = self.settings.scope();
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.settings.client_id.as_str()),
            ("scope", scope.as_str()),
        ];
        match &self.settings.auth {
            Auth::Secret(secret) => {
                let secret = self.endpoint.secret(secret).await?;
                form.push(("client_secret", secret.expose_secret()));
                self.endpoint.ask(&form).await
            }
            Auth::Certificate {
                certificate,
                private_key,
            } => {
                let certificate = self.endpoint.secret(certificate).await?;
                let key = self.endpoint.secret(private_key).await?;
                let signer = Signer::from_pem(certificate.expose_secret(), &key);
                let assertion = signer
                    .and_then(|signer| self.assertion(&signer))
                    .map_err(|why| self.unfit(&why))?;
                form.push(("client_assertion_type", BY_JWT));
                form.push(("client_assertion", &assertion));
                self.endpoint.ask(&form).await
            }
        }
    }

    fn assertion(&self, signer: &Signer) -> Result<String, String> {
        signer.assertion(&Claims {
            client_id: &self.settings.client_id,
            audience: &self.settings.token_url(),
            now: self.endpoint.clock.now().seconds() + self.ahead.load(Ordering::Relaxed),
            jti: &self.endpoint.jti(),
        })
    }

    /// A file that is there and cannot be used.
    fn unfit(&self, why: &str) -> AuthError {
        self.endpoint.forget_secrets();
        AuthError::Secret {
            what: format!("{}: {why}", self.endpoint.system),
            hint: "put there the certificate that the app has, and its key; both PEM".into(),
        }
    }

    /// Whether the answer's `Date` tells that our clock is wrong; then assertions go by Entra's.
    fn learn_time(&self, answered: &Answered) -> bool {
        let Some(at) = answered.at else {
            return false;
        };
        let ahead = at.seconds() - self.endpoint.clock.now().seconds();
        self.ahead.swap(ahead, Ordering::Relaxed) != ahead
    }

    /// A refusal in words; what may pass is worth another attempt.
    fn refused(&self, answered: &Answered) -> AuthError {
        let system = self.endpoint.system.clone();
        let code = aadsts(&answered.description());
        let known = self.in_words(&code, &answered.description());
        let no_token = (200..300).contains(&answered.status);
        if known.is_none() && (no_token || answered.is_passing()) {
            let why = answered.sentence();
            return AuthError::Unreachable { system, why };
        }
        let (why, hint) = known.unwrap_or_else(|| {
            (
                answered.sentence(),
                "look at the app under Entra admin center > App registrations".into(),
            )
        });
        let why = if code.is_empty() {
            why
        } else {
            format!("{why} (AADSTS{code})")
        };
        AuthError::Refused { system, why, hint }
    }

    /// What we know better than Entra's own sentence: why, and what to do.
    fn in_words(&self, code: &str, text: &str) -> Option<(String, String)> {
        let Settings {
            tenant, client_id, ..
        } = &self.settings;
        let (why, hint) = match code {
            "7000215" => (
                "the client secret is not the app's".to_owned(),
                "`client_secret` is the secret's value, not its id; it may have been deleted: make \
                 a new one under App registrations > Certificates & secrets",
            ),
            "7000222" => (
                "the client secret has expired".to_owned(),
                "make a new one under App registrations > Certificates & secrets and put it where \
                 `client_secret` points to",
            ),
            "700027" if text.to_lowercase().contains("expired") => (
                "the certificate has expired".to_owned(),
                "make a new certificate, upload it under App registrations > Certificates & \
                 secrets, and put it with its key where the config points to",
            ),
            "700027" => (
                "the app does not know the certificate, or the key is not the certificate's"
                    .to_owned(),
                "upload this certificate under App registrations > Certificates & secrets, and \
                 check that `certificate` and `private_key` belong together",
            ),
            WRONG_TIME => (
                "the assertion's times do not fit Entra's clock".to_owned(),
                "set this machine's clock",
            ),
            "700016" => (
                format!("tenant {tenant} knows no app {client_id}"),
                "check `client_id` and `tenant`; an admin of the tenant must have consented to \
                 the app",
            ),
            "90002" => (
                format!("there is no tenant {tenant}"),
                "check `tenant`, and `cloud` for a national cloud",
            ),
            "70011" => (
                format!("the scope {} is not known there", self.settings.scope()),
                "`login_url` and `graph_url` must be of the same cloud: use `cloud`",
            ),
            _ => return None,
        };
        Some((why, hint.into()))
    }
}

/// The number after `AADSTS`; empty if there is none.
fn aadsts(text: &str) -> String {
    let rest = text.split_once("AADSTS").map_or("", |(_, rest)| rest);
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// What a token says of itself; `None` if it is none that can be read.
fn told_by(token: &str) -> Option<Told> {
    let body = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1)?.trim_end_matches('='))
        .ok()?;
    let claims: Value = serde_json::from_slice(&body).ok()?;
    let text = |key: &str| claims[key].as_str().unwrap_or_default().to_owned();
    let roles = claims["roles"].as_array().map_or(&[][..], Vec::as_slice);
    Some(Told {
        roles: roles
            .iter()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
        tenant: text("tid"),
        client_id: text("appid"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_refusal_is_found_in_its_sentence() {
        assert_eq!(aadsts("AADSTS7000215: Invalid client secret"), "7000215");
        assert_eq!(aadsts("invalid"), "");
    }

    #[test]
    fn a_token_tells_its_roles_and_an_opaque_one_nothing() {
        let claims = r#"{"tid":"t1","appid":"a1","roles":["User.Read.All"]}"#;
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let told = told_by(&token).unwrap();
        assert_eq!(
            (told.tenant.as_str(), told.client_id.as_str()),
            ("t1", "a1")
        );
        assert!(told.roles.contains("User.Read.All"));
        for opaque in ["", "opaque", "a.%%.b", "a.YWJj.c"] {
            assert_eq!(told_by(opaque), None, "{opaque}");
        }
    }
}
