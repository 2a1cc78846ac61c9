//! Asking Okta's token endpoint for an access token: one request at a time, and what it means.
//!
//! Speaks OAuth through the `oauth2` crate over our own [`Wire`]; knows `private_key_jwt`,
//! DPoP and its nonce. Which scopes to ask for and what to do with a refusal is
//! [`auth`](super::auth)'s to decide.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderValue, Uri};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, ClientId, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse,
    TokenUrl,
};
use secrecy::SecretString;

use super::dpop::{ProofKey, Proving};
use super::key::SigningKey;
use crate::given::{Clock, Rng};
use crate::model::Utc;
use crate::transport::{Wire, WireError, WireLimits};

/// How a service app signs its assertions (RFC 7523).
const BY_JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a token request needs of the outside.
pub(super) struct Endpoint {
    /// The network.
    pub(super) wire: Arc<dyn Wire>,
    /// The clock.
    pub(super) clock: Arc<dyn Clock>,
    /// For `jti`.
    pub(super) rng: Arc<dyn Rng>,
    /// `https://{org}/oauth2/v1/token`
    pub(super) url: String,
    /// `oust/<version> run=<id>`
    pub(super) user_agent: String,
}

/// What one request says.
pub(super) struct Asking<'a> {
    /// Who asks.
    pub(super) client_id: &'a str,
    /// With which key.
    pub(super) key: &'a SigningKey,
    /// By which name Okta knows the key.
    pub(super) key_id: Option<&'a str>,
    /// For what.
    pub(super) scopes: &'a [&'static str],
    /// The DPoP key, once the org has asked for one.
    pub(super) proof_key: Option<&'a ProofKey>,
    /// The nonce that the org last sent.
    pub(super) nonce: Option<&'a str>,
    /// What the vendor's clock is ahead of ours, in seconds.
    pub(super) skew: i64,
}

/// A token as it was given.
pub(super) struct Given {
    /// The access token.
    pub(super) token: SecretString,
    /// How long it holds.
    pub(super) holds: Duration,
    /// Whether it is bound to our DPoP key.
    pub(super) bound: bool,
    /// The scopes that it has, where the answer tells them.
    pub(super) scopes: Option<Vec<String>>,
}

impl Given {
    /// Those of `asked` that it does not have. Okta refuses a request for a scope that is not
    /// granted; a token that comes with fewer is compared all the same.
    pub(super) fn lacks(&self, asked: &[&'static str]) -> Vec<&'static str> {
        let Some(has) = &self.scopes else {
            return Vec::new();
        };
        let lacks = |scope: &&&'static str| !has.iter().any(|each| each == **scope);
        asked.iter().filter(lacks).copied().collect()
    }
}

/// Why no token came.
#[derive(Debug)]
pub(super) enum NoToken {
    /// A scope is not granted to the app.
    InvalidScope(String),
    /// The org wants a DPoP proof.
    WantsProof,
    /// The org wants this nonce in the proof.
    WantsNonce(String),
    /// The assertion's times do not fit the vendor's clock, which says this.
    WrongTime(Utc, String),
    /// The credential is refused.
    Refused(String),
    /// Nothing usable came; trying again may help.
    Unreachable(String),
    /// We could not even ask.
    CannotSign(String),
}

impl Endpoint {
    /// Sends one token request.
    ///
    /// # Errors
    /// [`NoToken`], a variant for each thing that the caller can do about it.
    pub(super) async fn ask(&self, what: &Asking<'_>) -> Result<Given, NoToken> {
        let now = self.clock.now().seconds() + what.skew;
        let assertion = what
            .key
            .assertion(what.client_id, what.key_id, &self.url, now, &self.jti())
            .map_err(NoToken::CannotSign)?;
        let carrier = Carrier {
            endpoint: self,
            proof: self.proof(what, now)?,
            seen: Mutex::default(),
        };
        let url = TokenUrl::new(self.url.clone())
            .map_err(|error| NoToken::CannotSign(error.to_string()))?;
        let answer = BasicClient::new(ClientId::new(what.client_id.to_owned()))
            .set_token_uri(url)
            .exchange_client_credentials()
            .add_scopes(
                what.scopes
                    .iter()
                    .map(|name| Scope::new((*name).to_owned())),
            )
            .add_extra_param("client_assertion_type", BY_JWT)
            .add_extra_param("client_assertion", assertion)
            .request_async(&carrier)
            .await;
        let seen = carrier
            .seen
            .into_inner()
            .expect("no code panics while it holds this lock");
        match answer {
            Ok(answer) => Ok(Given {
                token: SecretString::from(answer.access_token().secret().clone()),
                holds: answer.expires_in().unwrap_or(Duration::from_secs(300)),
                bound: answer.token_type().as_ref().eq_ignore_ascii_case("dpop"),
                scopes: answer
                    .scopes()
                    .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
            }),
            Err(error) => Err(meaning(error, &seen, what.proof_key.is_some())),
        }
    }

    /// A new single-use id.
    pub(super) fn jti(&self) -> String {
        format!("{:016x}{:016x}", self.rng.next(), self.rng.next())
    }

    fn proof(&self, what: &Asking<'_>, now: i64) -> Result<Option<String>, NoToken> {
        let Some(key) = what.proof_key else {
            return Ok(None);
        };
        let url: Uri = self
            .url
            .parse()
            .map_err(|_| NoToken::CannotSign("the token URL is not a URL".into()))?;
        key.proof(&Proving {
            method: "POST",
            url: &url,
            now,
            jti: &self.jti(),
            nonce: what.nonce,
            token: None,
        })
        .map(Some)
        .map_err(NoToken::CannotSign)
    }
}

/// What an answer's headers said beside its body.
#[derive(Default)]
struct Seen {
    status: u16,
    date: Option<Utc>,
    nonce: Option<String>,
}

/// Our wire in the words of the `oauth2` crate.
struct Carrier<'a> {
    endpoint: &'a Endpoint,
    proof: Option<String>,
    seen: Mutex<Seen>,
}

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = WireError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WireError>> + Send + 'c>>;

    fn call(&'c self, mut request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let headers = request.headers_mut();
            if let Ok(agent) = HeaderValue::from_str(&self.endpoint.user_agent) {
                headers.insert(http::header::USER_AGENT, agent);
            }
            if let Some(proof) = &self.proof {
                let mut value = HeaderValue::from_str(proof)
                    .map_err(|_| WireError::NotSent("a proof is no header".into()))?;
                value.set_sensitive(true);
                headers.insert("dpop", value);
            }
            let limits = WireLimits {
                body_max: 64 << 10,
                ..WireLimits::default()
            };
            let answer = self.endpoint.wire.send(request, limits).await?;
            let header = |name: &str| {
                answer
                    .headers()
                    .get(name)
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)
            };
            *self
                .seen
                .lock()
                .expect("no code panics while it holds this lock") = Seen {
                status: answer.status().as_u16(),
                date: header("date").and_then(|text| http_date(&text)),
                nonce: header("dpop-nonce").filter(|nonce| nonce.len() <= 512),
            };
            Ok(answer)
        })
    }
}

/// The time of a `Date` header.
fn http_date(text: &str) -> Option<Utc> {
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new();
    PARSER.parse_timestamp(text).ok().map(Utc::from)
}

type AskError = RequestTokenError<WireError, oauth2::StandardErrorResponse<BasicErrorResponseType>>;

fn meaning(error: AskError, seen: &Seen, proved: bool) -> NoToken {
    let body = match error {
        RequestTokenError::ServerResponse(body) => body,
        RequestTokenError::Request(error) => return NoToken::Unreachable(error.to_string()),
        // The body is not shown: an answer we cannot read may hold a token.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) if seen.status == 401 => {
            return NoToken::Refused("answered 401".into());
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            return NoToken::Unreachable(format!("answered {} and no token", seen.status));
        }
    };
    let mut said = body.error().to_string();
    let text: String = body
        .error_description()
        .map(|text| text.chars().take(300).collect())
        .unwrap_or_default();
    if !text.is_empty() {
        said = format!("{said}: {text}");
    }
    let lower = text.to_lowercase();
    let about_time = ["exp", "iat", "future", "issued"]
        .iter()
        .any(|word| lower.contains(word));
    match (body.error().to_string().as_str(), seen.date) {
        ("invalid_scope", _) => NoToken::InvalidScope(said),
        ("use_dpop_nonce", _) => match &seen.nonce {
            Some(nonce) => NoToken::WantsNonce(nonce.clone()),
            None => NoToken::Refused(said),
        },
        ("invalid_dpop_proof", _) if !proved => NoToken::WantsProof,
        ("invalid_dpop_proof", Some(date)) if about_time => NoToken::WrongTime(date, said),
        ("invalid_client" | "invalid_request", Some(date)) if about_time => {
            NoToken::WrongTime(date, said)
        }
        ("temporarily_unavailable" | "server_error", _) => NoToken::Unreachable(said),
        _ if seen.status >= 500 || seen.status == 429 => NoToken::Unreachable(said),
        _ => NoToken::Refused(said),
    }
}
