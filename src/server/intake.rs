//! Takes alerts: who sent it, is it within its bounds, what does it say; and says yes when it is
//! durable.
//!
//! Bounds come before reading, authentication before parsing. Every refusal is one line in the log
//! and one in the counts; the sender learns its status. A source that does not exist is answered as
//! one whose credential was wrong. Looks into nothing: that is `work`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use tower::ServiceExt as _;

use super::limits::{self, NoBody, Pace};
use super::{Item, Peer, Shared, metrics, peer};
use crate::alerts::{Answer, Incoming, Reading, Refused, Source};
use crate::inbox::{Accepted, InboxError, Received};
use crate::report::escape::visible;

/// Bytes that are kept of one request, for people.
const RAW_MAX: usize = 64 * 1024;
/// Bytes that are kept with one alert at least, of a request that has many.
const RAW_MIN: usize = 4 * 1024;
/// When to come again: to a full inbox, and to one that cannot be written.
const FULL: Duration = Duration::from_secs(30);
const BROKEN: Duration = Duration::from_secs(5);

/// The routes that take alerts.
#[derive(Clone)]
pub struct Intake(Arc<Inside>);

struct Inside {
    shared: Shared,
    sources: BTreeMap<String, (Source, Pace)>,
    next: Router,
}

impl Intake {
    /// Takes alerts of these sources; everything else is `next`'s.
    pub fn router(shared: Shared, sources: Vec<Source>, next: Router) -> Router {
        let sources = sources.into_iter().map(|source| {
            let pace = Pace::new(source.per_minute(), &shared.clock);
            (source.name().to_owned(), (source, pace))
        });
        let sources = sources.collect();
        let intake = Self(Arc::new(Inside {
            shared,
            sources,
            next: next.clone(),
        }));
        Router::new()
            .route("/v1/alerts/{source}", any(take))
            .route("/v1/alerts/{source}/{secret}", any(take))
            .with_state(intake)
            .fallback_service(next)
    }
}

async fn take(State(intake): State<Intake>, path: RawPathParams, request: Request) -> Response {
    let mut named = path.iter().map(|(_, value)| value.to_owned());
    let (name, secret) = (named.next().unwrap_or_default(), named.next());
    let found = intake.0.sources.get(&name);
    let greets = found.is_some_and(|(source, _)| source.kind().greets);
    if request.method() != Method::POST && (secret.is_some() || !greets) {
        // The API's: `GET /v1/alerts/SOURCE/ID` is one alert. Nobody greets with a secret in the path.
        let Ok(mut answer) = intake.0.next.clone().oneshot(request).await;
        if let Some(allowed) = answer.headers_mut().get_mut(header::ALLOW) {
            // The path is shared: what is posted is ours.
            let both = [allowed.as_bytes(), b",POST"].concat();
            *allowed = HeaderValue::from_bytes(&both).unwrap_or_else(|_| allowed.clone());
        }
        return answer;
    }
    let from = request.extensions().get().copied();
    let Some(from) = from else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (parts, body) = request.into_parts();
    let one = One {
        shared: &intake.0.shared,
        from,
        parts,
        secret,
    };
    match found {
        Some((source, pace)) => one.take(source, pace, body).await,
        None => {
            let stranger = Refused::Unauthenticated("there is no such source".into());
            one.no("", &stranger, plain(StatusCode::UNAUTHORIZED))
        }
    }
}

/// One request.
struct One<'r> {
    shared: &'r Shared,
    from: Peer,
    parts: Parts,
    secret: Option<String>,
}

impl One<'_> {
    async fn take(&self, source: &Source, pace: &Pace, body: Body) -> Response {
        metrics::received(source.name());
        if !source.is_authenticated() && !peer::is_local(self.from, &self.parts.headers) {
            let refused = Refused::Address(self.from.0);
            return self.refused(source, &refused);
        }
        if self.parts.method == Method::GET {
            let greeted = source.greet(&self.incoming(&[])).await;
            return match greeted {
                Ok(answer) => sent(&answer),
                Err(refused) => self.refused(source, &refused),
            };
        }
        if let Err(refused) = source.admit(&self.incoming(&[])) {
            return self.refused(source, &refused);
        }
        let max = source.body_max();
        let body = match limits::body(body, max, &*self.shared.clock).await {
            Ok(body) => body,
            Err(NoBody::TooLarge) => {
                return self.refused(source, &Refused::TooLarge { max });
            }
            Err(NoBody::Slow) => {
                let answer = plain(StatusCode::REQUEST_TIMEOUT);
                return self.no(source.name(), "the body took too long", answer);
            }
            Err(NoBody::Broken) => {
                let answer = plain(StatusCode::BAD_REQUEST);
                return self.no(source.name(), "the body ended before its end", answer);
            }
        };
        let reading = match source.receive(&self.incoming(&body)).await {
            Ok(reading) => reading,
            Err(refused) => return self.refused(source, &refused),
        };
        // Only what is authentic counts: nobody else can use up what a source may send.
        if let Err(wait) = pace.one_more() {
            let answer = later(StatusCode::TOO_MANY_REQUESTS, wait);
            return self.no(source.name(), "it sends more often than it may", answer);
        }
        self.keep(source, reading, &body).await
    }

    async fn keep(&self, source: &Source, reading: Reading, body: &[u8]) -> Response {
        for note in &reading.notes {
            let note = visible(note);
            tracing::info!(source = source.name(), note, "{}: {note}", source.name());
        }
        if reading.alerts.is_empty() {
            return sent(&source.accepted());
        }
        let raw = raw(body, reading.alerts.len());
        let at = self.shared.clock.now();
        let received = reading.alerts.into_iter().map(|alert| Received {
            alert,
            at,
            from: Some(self.from.0),
            raw: raw.clone(),
        });
        let kept = keep(
            self.shared.clone(),
            received.collect(),
            source.name().to_owned(),
        );
        // A sender that hangs up meanwhile must not keep the bell from being rung.
        match tokio::spawn(kept).await {
            Ok(Ok(())) => sent(&source.accepted()),
            Ok(Err(error @ InboxError::Full { .. })) => {
                let answer = later(StatusCode::SERVICE_UNAVAILABLE, FULL);
                self.no(source.name(), error, answer)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "an alert could not be kept: {error}");
                let answer = later(StatusCode::SERVICE_UNAVAILABLE, BROKEN);
                self.no(source.name(), "it could not be kept", answer)
            }
            Err(_) => {
                let answer = later(StatusCode::SERVICE_UNAVAILABLE, BROKEN);
                self.no(source.name(), "a fault of our own", answer)
            }
        }
    }

    fn incoming<'a>(&'a self, body: &'a [u8]) -> Incoming<'a> {
        Incoming {
            method: &self.parts.method,
            headers: &self.parts.headers,
            path_secret: self.secret.as_deref(),
            body,
            from: self.from.0,
            at: self.shared.clock.now(),
        }
    }

    fn refused(&self, source: &Source, refused: &Refused) -> Response {
        let mut answer = sent(&source.refused(refused));
        if let Refused::Unready(_) = refused {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds(BROKEN));
        }
        self.no(source.name(), refused, answer)
    }

    /// Says no, and says so in the log: never the address that was asked for, a secret may be in it.
    fn no(&self, source: &str, reason: impl ToString, answer: Response) -> Response {
        let (status, peer) = (answer.status().as_u16(), self.from.0);
        metrics::refused(
            source,
            answer.status().canonical_reason().unwrap_or("other"),
        );
        let reason = visible(&reason.to_string());
        let of = if source.is_empty() { "nobody" } else { source };
        tracing::warn!(
            source, %peer, status, reason,
            "refused an alert of {of} from {peer} with {status}: {reason}"
        );
        answer
    }
}

/// Keeps them, and tells whoever waits for them.
async fn keep(shared: Shared, received: Vec<Received>, source: String) -> Result<(), InboxError> {
    let began = shared.clock.elapsed();
    let accepted = shared.inbox.accept(received, None).await?;
    metrics::committed(shared.clock.elapsed() - began);
    let mut any = false;
    for one in accepted {
        match one {
            Accepted::New(id) => {
                metrics::accepted(&source);
                tracing::info!(source, id, "took alert {id} of {source}");
                shared.news.tell(Item::Alert(id));
                any = true;
            }
            Accepted::Again(id) => {
                metrics::duplicate(&source);
                tracing::debug!(source, id, "alert {id} of {source} came again");
            }
        }
    }
    if any {
        shared.bell.notify_one();
    }
    Ok(())
}

/// The body for people, shared among the alerts of one request.
fn raw(body: &[u8], alerts: usize) -> String {
    let most = (RAW_MAX / alerts.max(1)).max(RAW_MIN).min(body.len());
    String::from_utf8_lossy(&body[..most]).into_owned()
}

fn sent(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body.clone()).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if !answer.content_type.is_empty() {
        let content_type = HeaderValue::from_static(answer.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    for (name, value) in &answer.headers {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// A status, and with it what HTTP asks for.
fn plain(status: StatusCode) -> Response {
    let mut answer = status.into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"oust\"");
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::REQUEST_TIMEOUT {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

fn later(status: StatusCode, wait: Duration) -> Response {
    let mut answer = status.into_response();
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds(wait));
    answer
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}
