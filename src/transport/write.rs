//! Requests that change something, and the only thing that can send them.

use std::borrow::Cow;

use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;

use super::client::{CallError, Outgoing};
use super::handover::Handover;
use super::hold::Hold;
use super::limit::{Bucket, Rank};
use super::meaning::Answer;
use super::read::Reader;
use super::request::{Body, OwnHeader, Path};
use super::wire::BODY_MAX;
use crate::consent::Consent;

/// A request that changes something at the vendor.
#[derive(Clone, Debug)]
pub struct Write {
    method: Method,
    path: Path,
    body: Option<Body>,
    headers: Vec<OwnHeader>,
    bucket: Option<Bucket>,
}

impl Write {
    /// A POST without a body.
    #[must_use]
    pub fn post(path: Path) -> Self {
        Self::new(Method::POST, path)
    }

    /// A PUT without a body.
    #[must_use]
    pub fn put(path: Path) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A PATCH without a body.
    #[must_use]
    pub fn patch(path: Path) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            body: None,
            headers: Vec::new(),
            bucket: None,
        }
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(Body::Json(body));
        self
    }

    /// With this form as its body; the values may be secrets.
    #[must_use]
    pub fn form(mut self, pairs: Vec<(Cow<'static, str>, SecretString)>) -> Self {
        self.body = Some(Body::Form(pairs));
        self
    }

    /// With this text as its body, which may be a secret: a signed statement.
    #[must_use]
    pub fn text(mut self, media_type: &'static str, text: SecretString) -> Self {
        self.body = Some(Body::Text(media_type, text));
        self
    }

    /// With a header of its own, by its lower-case name; it replaces the usual one.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Counted against this bucket, where method and path do not tell what is asked.
    #[must_use]
    pub fn paced(mut self, bucket: Bucket) -> Self {
        self.bucket = Some(bucket);
        self
    }
}

/// Sends [`Write`]s. Cannot exist without [`Consent`].
pub struct Writer<'run> {
    reader: &'run Reader,
    consent: &'run Consent,
    handover: Option<&'run dyn Handover>,
    hold: Option<Hold>,
}

impl<'run> Writer<'run> {
    /// A writer beside `reader`, for the plan that `consent` was given to.
    #[must_use]
    pub fn new(reader: &'run Reader, consent: &'run Consent) -> Self {
        Self {
            reader,
            consent,
            handover: None,
            hold: None,
        }
    }

    /// With somebody who takes secrets for a person.
    #[must_use]
    pub fn handing_to(mut self, handover: Option<&'run dyn Handover>) -> Self {
        self.handover = handover;
        self
    }

    /// Only until the run is stopped: what has not left by then is not sent, but what this writer has
    /// begun it may finish.
    #[must_use]
    pub fn until(mut self, stop: watch::Receiver<bool>) -> Self {
        self.hold = Some(Hold::new(stop));
        self
    }

    /// Who takes secrets for a person, if anybody does.
    #[must_use]
    pub fn handover(&self) -> Option<&'run dyn Handover> {
        self.handover
    }

    /// For reading before and after a write.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        self.reader
    }

    /// The consent it writes by.
    #[must_use]
    pub fn consent(&self) -> &Consent {
        self.consent
    }

    /// Sends one write. It is repeated only while it certainly had no effect.
    ///
    /// # Errors
    /// [`CallError`] if no answer came; [`CallError::may_have_happened`] tells whether it is
    /// in doubt.
    pub async fn send(&self, write: &Write) -> Result<Answer, CallError> {
        let client = &self.reader.client;
        let call = Outgoing {
            method: write.method.clone(),
            url: client.url(&write.path),
            body: write.body.as_ref(),
            place: write.path.host(),
            headers: &write.headers,
            bucket: write.bucket,
            is_write: true,
            rank: self.reader.rank.min(Rank::Contain),
            turn: self.reader.turn,
            patience: self.reader.patience,
            body_max: BODY_MAX,
            is_of_many: false,
            hold: self.hold.as_ref(),
        };
        client.send(&call).await
    }
}
