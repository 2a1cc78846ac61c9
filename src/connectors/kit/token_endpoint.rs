//! Asks a token endpoint: one form, one answer. What the answer means is the vendor's to say.
//!
//! Keeps the secrets that it is asked with: tokens are asked for every few minutes, and a program
//! that prints a secret may be slow, or wait for a person. Refused, they are fetched anew.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, header};
use jiff::fmt::rfc2822::DateTimeParser;
use secrecy::SecretString;
use serde_json::Value;

use super::bearer::Issued;
use super::changes::bounded;
use crate::connectors::Opening;
use crate::given::{Clock, Rng};
use crate::model::Utc;
use crate::transport::{AuthError, SecretRef, Wire, WireLimits};

/// Where tokens are asked for, and what is needed of the outside to do so.
pub(in crate::connectors) struct TokenEndpoint {
    /// The system, for errors.
    pub(in crate::connectors) system: String,
    /// The network.
    pub(in crate::connectors) wire: Arc<dyn Wire>,
    /// The clock.
    pub(in crate::connectors) clock: Arc<dyn Clock>,
    /// For `jti`.
    pub(in crate::connectors) rng: Arc<dyn Rng>,
    /// Its address.
    pub(in crate::connectors) url: String,
    /// `oust/<version> run=<id>`
    pub(in crate::connectors) user_agent: String,
    /// Nothing fetched yet.
    pub(in crate::connectors) secrets: Secrets,
}

/// Secrets by where they come from.
#[derive(Default)]
pub(in crate::connectors) struct Secrets(Mutex<Vec<(SecretRef, SecretString)>>);

impl Secrets {
    fn lock(&self) -> MutexGuard<'_, Vec<(SecretRef, SecretString)>> {
        self.0
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// What the endpoint answered.
pub(in crate::connectors) struct Answered {
    /// The HTTP status.
    pub(in crate::connectors) status: u16,
    /// When, by the vendor's clock.
    pub(in crate::connectors) at: Option<Utc>,
    /// The body; null if it is no JSON. May hold a token: never shown.
    body: Value,
}

impl TokenEndpoint {
    /// The endpoint at `url` of an instance.
    pub(in crate::connectors) fn of(opening: &Opening, url: String) -> Self {
        Self {
            system: opening.id.to_string(),
            wire: Arc::clone(&opening.wire),
            clock: Arc::clone(&opening.clock),
            rng: Arc::clone(&opening.rng),
            url,
            user_agent: opening.user_agent.clone(),
            secrets: Secrets::default(),
        }
    }

    /// A secret, as it was fetched before or is fetched now.
    ///
    /// # Errors
    /// [`AuthError::Secret`], if it cannot be had.
    pub(in crate::connectors) async fn secret(
        &self,
        from: &SecretRef,
    ) -> Result<SecretString, AuthError> {
        let known = {
            let secrets = self.secrets.lock();
            let known = secrets.iter().find(|(place, _)| place == from);
            known.map(|(_, secret)| secret.clone())
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let secret = from.fetch(&*self.clock).await?;
        self.secrets.lock().push((from.clone(), secret.clone()));
        Ok(secret)
    }

    /// They are no good: somebody may have put better ones in their place.
    pub(in crate::connectors) fn forget_secrets(&self) {
        self.secrets.lock().clear();
    }

    /// Sends one form.
    ///
    /// # Errors
    /// [`AuthError::Unreachable`], if no answer came.
    pub(in crate::connectors) async fn ask(
        &self,
        form: &[(&str, &str)],
    ) -> Result<Answered, AuthError> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::new(body.into_bytes());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self
            .url
            .parse()
            .map_err(|_| self.unreachable("the token URL is not a URL".into()))?;
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        self.send(request).await
    }

    /// Sends one request of another form, for vendors whose endpoint is none of OAuth's.
    ///
    /// # Errors
    /// [`AuthError::Unreachable`], if no answer came.
    pub(in crate::connectors) async fn send(
        &self,
        mut request: Request<Vec<u8>>,
    ) -> Result<Answered, AuthError> {
        let headers = request.headers_mut();
        if let Ok(agent) = HeaderValue::from_str(&self.user_agent) {
            headers.insert(header::USER_AGENT, agent);
        }
        let limits = WireLimits {
            body_max: 64 << 10,
            ..WireLimits::default()
        };
        let answer = self.wire.send(request, limits).await;
        let answer = answer.map_err(|error| self.unreachable(error.to_string()))?;
        if matches!(answer.status().as_u16(), 400 | 401 | 403) {
            self.forget_secrets();
        }
        Ok(Answered {
            status: answer.status().as_u16(),
            at: date(answer.headers()),
            body: serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
        })
    }

    /// That no usable answer came.
    pub(in crate::connectors) fn unreachable(&self, why: String) -> AuthError {
        AuthError::Unreachable {
            system: self.system.clone(),
            why,
        }
    }

    /// A new single-use id.
    pub(in crate::connectors) fn jti(&self) -> String {
        format!("{:016x}{:016x}", self.rng.next(), self.rng.next())
    }
}

fn date(headers: &HeaderMap) -> Option<Utc> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = headers.get(header::DATE)?.to_str().ok()?;
    PARSER.parse_timestamp(text).ok().map(Utc::from)
}

impl Answered {
    /// The bearer token, if one was given.
    pub(in crate::connectors) fn token(&self) -> Option<Issued> {
        if !(200..300).contains(&self.status) {
            return None;
        }
        let token = self.body["access_token"]
            .as_str()
            .filter(|token| !token.is_empty())?;
        let seconds = self.body["expires_in"]
            .as_u64()
            .unwrap_or(300)
            .min(24 * 3600);
        Some(Issued {
            token: SecretString::from(token),
            holds: Some(Duration::from_secs(seconds)),
        })
    }

    /// The body, null if it is no JSON. May hold a token: never shown.
    pub(in crate::connectors) fn body(&self) -> &Value {
        &self.body
    }

    /// Something else that it says, which is no secret; bounded, empty if it does not.
    pub(in crate::connectors) fn says(&self, key: &str) -> String {
        bounded(self.body[key].as_str().unwrap_or_default(), 300)
    }

    /// The `error` word.
    pub(in crate::connectors) fn error(&self) -> String {
        bounded(self.body["error"].as_str().unwrap_or_default(), 60)
    }

    /// What it says about the error, bounded.
    pub(in crate::connectors) fn description(&self) -> String {
        bounded(
            self.body["error_description"].as_str().unwrap_or_default(),
            300,
        )
    }

    /// Error and description in one sentence; the status alone if it says neither.
    pub(in crate::connectors) fn sentence(&self) -> String {
        match (self.error(), self.description()) {
            (error, text) if error.is_empty() && text.is_empty() => {
                format!("answered {} and no token", self.status)
            }
            (error, text) if text.is_empty() => error,
            (error, text) => format!("{error}: {text}"),
        }
    }

    /// Whether asking again may help.
    pub(in crate::connectors) fn is_passing(&self) -> bool {
        let busy = ["temporarily_unavailable", "server_error"];
        self.status == 429 || self.status >= 500 || busy.contains(&self.error().as_str())
    }
}
