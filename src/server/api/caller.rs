//! Who calls, what he asks for in the query, and what he sends: read strictly, an unknown word is an
//! error.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::{Problem, ROWS, ROWS_MAX};
use crate::desk::Power;
use crate::model::count;
use crate::server::session::{Who, by_bearer, peer, public_part};
use crate::server::site::Site;

/// Whoever calls with a token that opens something.
pub(in crate::server) struct Caller(pub(in crate::server) Who);

impl Caller {
    /// Himself, if he may do what takes this.
    pub(super) fn with(self, power: Power) -> Result<Who, Problem> {
        if self.0.may(power) {
            return Ok(self.0);
        }
        Err(Problem::forbidden(power_word(power)))
    }
}

/// A power, for people.
pub(in crate::server) fn power_word(power: Power) -> &'static str {
    match power {
        Power::Viewer => "viewer",
        Power::Responder => "responder",
        Power::Approver => "approver",
        Power::Admin => "admin",
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        match by_bearer(site, &parts.headers).await? {
            Some(who) => Ok(Self(who)),
            None => {
                // Only who fails is counted: nobody is kept out by another's attempts.
                let from = peer(&parts.extensions);
                let sent = parts.headers.get(header::AUTHORIZATION);
                let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or("");
                let token = public_part(sent.split_once(' ').map_or("", |(_, token)| token));
                tracing::warn!(%from, token, "the API was asked without a token that opens anything");
                match site.attempts.count(from, token) {
                    Ok(()) => Err(Problem::unauthenticated()),
                    Err(seconds) => Err(Problem::too_often(seconds)),
                }
            }
        }
    }
}

/// The query, word by word.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Ok(Self(pairs.into_owned().take(20).collect()))
    }
}

impl Query {
    /// Refuses every word but these.
    pub(super) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Problem::malformed(format!(
                    "the query has a word that is not taken here; known: {}",
                    known.join(", ")
                )));
            }
            if self.0[..place].iter().any(|(other, _)| other == name) {
                return Err(Problem::malformed(format!("`{name}` stands there twice")));
            }
        }
        Ok(self)
    }

    /// What is said to a word.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// How many rows are asked for.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.get("limit").map(str::parse) {
            None => Ok(ROWS),
            Some(Ok(number)) if (1..=ROWS_MAX).contains(&number) => Ok(number),
            Some(_) => Err(Problem::malformed(format!(
                "`limit` is a number from 1 to {ROWS_MAX}"
            ))),
        }
    }

    /// A record's number to go on after; none is the beginning.
    pub(super) fn number(&self, name: &str) -> Result<u64, Problem> {
        // As far as the description says.
        let read = |text: &str| {
            text.parse::<i64>()
                .ok()
                .and_then(|it| u64::try_from(it).ok())
        };
        match self.get(name).map(read) {
            None => Ok(0),
            Some(Some(number)) => Ok(number),
            Some(None) => Err(Problem::malformed(format!("`{name}` is a number"))),
        }
    }
}

/// A part of the path.
pub(super) fn one(
    path: Result<Path<String>, PathRejection>,
    what: &str,
) -> Result<String, Problem> {
    match path {
        Ok(Path(text)) if text.len() <= 200 => Ok(text),
        _ => Err(Problem::not_found(what)),
    }
}

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Site> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::content_type());
        }
        let bytes = Bytes::from_request(request, site).await;
        let bytes = bytes.map_err(|error| too_large(&error))?;
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Problem::malformed(format!("the body is not what is taken here ({place})"))
        })
    }
}

fn too_large(error: &BytesRejection) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::malformed("the body did not come whole"),
    }
}

/// That a text is longer than is kept.
pub(super) fn bounded(text: &str, name: &str, most: usize) -> Result<(), Problem> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(Problem::malformed(format!(
        "`{name}` has at most {}",
        count(most, "character")
    )))
}
