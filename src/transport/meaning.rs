//! What a status means. The table exists once, here.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

use crate::model::Utc;

/// What an answer's status means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Done.
    Done,
    /// Queued.
    Accepted,
    /// The request is wrong for the state things are in.
    Invalid,
    /// Who are you?
    Unauthenticated,
    /// You may not.
    Forbidden,
    /// There is no such thing (any more).
    Gone,
    /// Something else changed it.
    Conflict,
    /// Too fast; it had no effect.
    Throttled,
    /// The vendor broke; it may have had effect.
    Broken,
    /// Sent elsewhere; we do not go.
    Elsewhere,
}

impl Meaning {
    /// The table.
    #[must_use]
    pub fn of(status: u16) -> Self {
        match status {
            202 => Self::Accepted,
            200..=299 => Self::Done,
            300..=399 => Self::Elsewhere,
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 | 410 => Self::Gone,
            409 | 412 => Self::Conflict,
            // Somebody on the way waited too long, maybe for an answer to what had arrived.
            408 => Self::Broken,
            429 => Self::Throttled,
            400..=499 => Self::Invalid,
            _ => Self::Broken,
        }
    }
}

/// A vendor's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON; null if it is empty or not JSON.
    pub json: Value,
    /// The vendor's id of the request.
    pub request_id: Option<Arc<str>>,
    /// When it left, by our clock.
    pub sent_at: Utc,
    /// When it was answered: by `Date`, else by our clock.
    pub server_at: Utc,
    /// All headers.
    pub headers: HeaderMap,
}

impl Answer {
    /// An answer that was had without a client, for whoever fetches credentials.
    #[must_use]
    pub fn read(parts: &http::response::Parts, json: Option<Value>, sent_at: Utc) -> Self {
        Self {
            status: parts.status.as_u16(),
            json: json.unwrap_or_default(),
            request_id: None,
            sent_at,
            server_at: super::retry::date(&parts.headers).unwrap_or(sent_at),
            headers: parts.headers.clone(),
        }
    }

    /// What the status means.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        Meaning::of(self.status)
    }

    /// Whether the status says yes.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.meaning(), Meaning::Done | Meaning::Accepted)
    }

    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The target of `Link: <…>; rel="next"`, among any number of `Link` headers.
    #[must_use]
    pub fn next_link(&self) -> Option<String> {
        self.headers
            .get_all(http::header::LINK)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(",<").collect::<Vec<_>>())
            .find(|part| part.contains("rel=\"next\""))
            .and_then(|part| part.split('>').next())
            .map(|link| link.trim_start().trim_start_matches('<').to_owned())
    }
}
