//! A GitHub App: its signature, its installation, and the tokens made from both.
//!
//! Planning and proving hold a token cut down to reading, which GitHub makes from a list of
//! permissions; one that was not granted would fail it whole, so that the installation is asked
//! first for what it has. An enterprise's installation cannot be cut down: its one token does both.
//! A signature whose times GitHub refuses is made again by GitHub's own clock. Every refusal says
//! what to do. Source: `github.json` (installations, access tokens); claims of the signature and
//! the texts of its refusals [docs*], which only choose the hint.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Method, Request, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::HEADERS;
use super::settings::Installed;
use super::vendor::PERMISSIONS;
use crate::connectors::kit::{Answered, Issued, Issuer, TokenEndpoint, bounded, moment, text};
use crate::transport::{AuthError, SecretRef};

/// A token that can only read.
pub(super) const READING: &str = "reading";
/// A token that can do what the installation may.
pub(super) const WRITING: &str = "writing";

/// How long a signature holds, in seconds; GitHub takes ten minutes at most.
const SIGNED_FOR: i64 = 540;
/// How far it is dated back, for clocks that differ a little.
const DATED_BACK: i64 = 60;
/// How far our clock may be off, in seconds, before it is called wrong.
const CLOCK_OFF: i64 = 30;
/// How long a token holds that does not say.
const HOUR: Duration = Duration::from_secs(3600);

/// One installation of an App.
pub(super) struct App {
    /// Where it asks; the URL is the REST API's.
    pub(super) endpoint: TokenEndpoint,
    /// Its client id or number.
    pub(super) app_id: String,
    /// Its key.
    pub(super) private_key: SecretRef,
    /// Which installation.
    pub(super) installation: Installed,
    /// The organisation that it must be at, if one was named.
    pub(super) org: Option<String>,
    /// What it learns.
    pub(super) learnt: Arc<Learnt>,
}

/// What an App learns of itself and of GitHub, for all who act as it.
#[derive(Default)]
pub(super) struct Learnt {
    /// What the installation has, as read last.
    installation: Mutex<Option<Installation>>,
    /// What GitHub's clock is ahead of ours, in seconds.
    ahead: AtomicI64,
}

impl Learnt {
    /// What the installation has, as read last; `None` before.
    pub(super) fn installation(&self) -> Option<Installation> {
        self.place().clone()
    }

    fn place(&self) -> MutexGuard<'_, Option<Installation>> {
        self.installation
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// An installation as GitHub tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installation {
    /// Its number.
    pub(super) id: String,
    /// Whose it is.
    pub(super) account: String,
    /// Whether it is an enterprise's.
    pub(super) of_enterprise: bool,
    /// `name` and `read` or `write`.
    pub(super) permissions: Map<String, Value>,
}

impl Installation {
    /// Whether it has `name` at `level` or above.
    pub(super) fn has(&self, name: &str, level: &str) -> bool {
        match self.permissions.get(name).and_then(Value::as_str) {
            Some("write" | "admin") => true,
            Some(held) => held == level,
            None => false,
        }
    }

    fn of(body: &Value) -> Option<Self> {
        Some(Self {
            id: body["id"].as_u64()?.to_string(),
            account: text(&body["account"], "login").to_owned(),
            of_enterprise: text(body, "target_type") == "Enterprise",
            permissions: body["permissions"].as_object().cloned().unwrap_or_default(),
        })
    }

    /// What to ask for; `None` for all there is.
    fn asked(&self, power: &str) -> Option<Value> {
        if self.of_enterprise {
            return None;
        }
        let held = PERMISSIONS.iter().filter_map(|name| {
            let level = self.permissions.get(*name)?.as_str()?;
            let level = if power == READING { "read" } else { level };
            Some(((*name).to_owned(), json!(level)))
        });
        let held: Map<String, Value> = held.collect();
        // An empty list would be read as "everything".
        (!held.is_empty()).then(|| json!({ "permissions": held }))
    }
}

#[async_trait]
impl Issuer for App {
    async fn issue(&self, power: &'static str) -> Result<Issued, AuthError> {
        let key = self.key().await?;
        let installation = self.installation(&key).await?;
        let path = format!("/app/installations/{}/access_tokens", installation.id);
        let answered = self
            .ask(&key, Method::POST, &path, installation.asked(power))
            .await?;
        let body = answered.body();
        let token = body["token"].as_str().filter(|token| !token.is_empty());
        let Some(token) = token.filter(|_| is_good(&answered)) else {
            return Err(self.refused(&answered));
        };
        let ends = moment(body, "expires_at");
        let holds = ends.map(|ends| ends.since(answered.at.unwrap_or(self.endpoint.clock.now())));
        Ok(Issued {
            token: SecretString::from(token),
            holds: Some(holds.unwrap_or(HOUR).min(HOUR)),
        })
    }
}

impl App {
    async fn key(&self) -> Result<EncodingKey, AuthError> {
        let pem = self.endpoint.secret(&self.private_key).await?;
        EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| {
            self.endpoint.forget_secrets();
            AuthError::Secret {
                what: format!(
                    "{}: `private_key` is no PEM of an RSA key",
                    self.endpoint.system
                ),
                hint: "put there the key as GitHub gives it out under the App's settings, with \
                       its line ends"
                    .into(),
            }
        })
    }

    /// The installation, read anew for each token: an owner may have changed or suspended it.
    async fn installation(&self, key: &EncodingKey) -> Result<Installation, AuthError> {
        let path = match &self.installation {
            Installed::Id(id) => format!("/app/installations/{id}"),
            Installed::At(org) => format!("/orgs/{org}/installation"),
        };
        let answered = self.ask(key, Method::GET, &path, None).await?;
        let read = Installation::of(answered.body()).filter(|_| is_good(&answered));
        let Some(read) = read else {
            return Err(self.refused(&answered));
        };
        if !answered.body()["suspended_at"].is_null() {
            return Err(self.suspended());
        }
        if let Some(org) = self.elsewhere(&read) {
            return Err(org);
        }
        *self.learnt.place() = Some(read.clone());
        Ok(read)
    }

    /// One request, signed by the App; once more by GitHub's clock if ours is wrong.
    async fn ask(
        &self,
        key: &EncodingKey,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answered, AuthError> {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let answered = self.send(key, &method, path, &body).await?;
        if is_about_time(&answered) && self.learn_time(&answered) {
            return self.send(key, &method, path, &body).await;
        }
        Ok(answered)
    }

    async fn send(
        &self,
        key: &EncodingKey,
        method: &Method,
        path: &str,
        body: &str,
    ) -> Result<Answered, AuthError> {
        let mut request = Request::new(body.as_bytes().to_vec());
        *request.method_mut() = method.clone();
        let url = format!("{}{path}", self.endpoint.url.trim_end_matches('/'));
        *request.uri_mut() = url
            .parse()
            .map_err(|_| self.endpoint.unreachable("`api_url` is not a URL".into()))?;
        let signature = format!("Bearer {}", self.signature(key)?.expose_secret());
        let mut signature = HeaderValue::from_str(&signature).map_err(|_| {
            self.endpoint
                .unreachable("the signature is no header".into())
        })?;
        signature.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, signature);
        for (name, value) in HEADERS {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        self.endpoint.send(request).await
    }

    fn signature(&self, key: &EncodingKey) -> Result<SecretString, AuthError> {
        let now = self.endpoint.clock.now().seconds() + self.learnt.ahead.load(Ordering::Relaxed);
        let claims = json!({
            "iat": now - DATED_BACK, "exp": now + SIGNED_FOR, "iss": self.app_id,
        });
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, key)
            .map(SecretString::from)
            .map_err(|_| AuthError::Secret {
                what: format!("{}: `private_key` cannot sign", self.endpoint.system),
                hint: "make a new key under the App's settings".into(),
            })
    }

    /// Whether GitHub's clock differs from ours by more than is forgiven.
    fn learn_time(&self, answered: &Answered) -> bool {
        let now = self.endpoint.clock.now().seconds();
        let ahead = answered.at.map(|at| at.seconds() - now);
        let known = self.learnt.ahead.load(Ordering::Relaxed);
        match ahead.filter(|ahead| (ahead - known).abs() > CLOCK_OFF) {
            Some(ahead) => {
                self.learnt.ahead.store(ahead, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    /// A refusal in words; what may pass is worth another attempt.
    fn refused(&self, answered: &Answered) -> AuthError {
        let told = bounded(text(answered.body(), "message"), 200);
        let status = answered.status;
        let why = if told.is_empty() {
            format!("answered {status} and no token")
        } else {
            told
        };
        let lower = why.to_lowercase();
        if answered.is_passing() || (200..400).contains(&status) || lower.contains("rate limit") {
            return self.endpoint.unreachable(why);
        }
        if lower.contains("suspended") {
            return self.suspended();
        }
        let (app, place) = (&self.app_id, self.place());
        let hint = match status {
            401 if is_about_time(answered) => match answered.at {
                Some(at) => format!(
                    "set the clock: ours says {}, GitHub's {at}",
                    self.endpoint.clock.now()
                ),
                None => format!("set the clock: ours says {}", self.endpoint.clock.now()),
            },
            401 => format!(
                "the key is not one of App {app} (any more), or `app_id` is another App's: make a \
                 new key under the App's settings"
            ),
            // The signature's issuer is unknown, whatever was asked for.
            404 if lower.contains("integration not found") => {
                format!("GitHub knows no App {app}: check `app_id`, and the host in `api_url`")
            }
            404 => format!(
                "App {app} is not installed at {place}: install it there, or check `org` and \
                 `installation_id`"
            ),
            422 => format!(
                "what App {app} may do at {place} was changed just now: run it again, and see \
                 which permissions an owner must accept"
            ),
            _ => format!("look at App {app} under the settings of {place}"),
        };
        self.words(why, hint)
    }

    fn suspended(&self) -> AuthError {
        let (app, place) = (&self.app_id, self.place());
        self.words(
            format!("the installation of App {app} at {place} is suspended"),
            format!(
                "have an owner of {place} unsuspend it (Settings, GitHub Apps); find out who \
                 suspended it"
            ),
        )
    }

    /// An installation of somebody else's organisation.
    fn elsewhere(&self, read: &Installation) -> Option<AuthError> {
        let org = self.org.as_ref()?;
        let differs = !read.of_enterprise && !read.account.eq_ignore_ascii_case(org);
        (differs && !read.account.is_empty()).then(|| {
            self.words(
                format!("installation {} is at {}, not {org}", read.id, read.account),
                "check `installation_id`, or leave it out".into(),
            )
        })
    }

    fn place(&self) -> String {
        match (&self.org, &self.installation) {
            (Some(org), _) | (None, Installed::At(org)) => org.clone(),
            (None, Installed::Id(id)) => format!("installation {id}"),
        }
    }

    fn words(&self, why: String, hint: String) -> AuthError {
        AuthError::Refused {
            system: self.endpoint.system.clone(),
            why,
            hint,
        }
    }
}

fn is_good(answered: &Answered) -> bool {
    (200..300).contains(&answered.status)
}

/// "'Issued at' claim ('iat') must be …", "'Expiration time' claim ('exp') is too far …"
fn is_about_time(answered: &Answered) -> bool {
    let told = text(answered.body(), "message").to_lowercase();
    let words = [
        "('exp')",
        "('iat')",
        "expiration time",
        "issued at",
        "expired",
    ];
    answered.status == 401 && words.iter().any(|word| told.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::vendor::TOKENS;
    use super::*;

    fn installation(permissions: Value, target: &str) -> Installation {
        let body = json!({
            "id": 7, "account": { "login": "contoso" }, "target_type": target,
            "permissions": permissions,
        });
        Installation::of(&body).unwrap()
    }

    #[test]
    fn planning_asks_for_reading_alone_and_for_nothing_that_was_not_granted() {
        let some = json!({ "members": "write", "issues": "write", TOKENS: "read" });
        let some = installation(some, "Organization");
        let reading = json!({ "permissions": { "members": "read", TOKENS: "read" } });
        assert_eq!(some.asked(READING), Some(reading));
        let writing = json!({ "permissions": { "members": "write", TOKENS: "read" } });
        assert_eq!(some.asked(WRITING), Some(writing));
        assert!(some.has("members", "read") && !some.has(TOKENS, "write"));
        let whole = installation(json!({ "members": "write" }), "Enterprise");
        assert_eq!(whole.asked(READING), None, "it cannot be cut down");
    }
}
