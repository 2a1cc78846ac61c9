//! From what a SIEM sends to an `Alert`: who sent it, and what it says.
//!
//! One file a kind of sender; its [`Kind`] says which forms of authentication it can do, what it is
//! answered, how large a body may be and which template to set up there. [`KINDS`] is the register. A
//! [`Source`] is one configured sender. It authenticates before it parses, and never guesses a
//! subject: what names nobody says so (`Alert::needs_lookup`).
//!
//! Does not keep alerts (`inbox`), does not believe them (`server::work`), knows no HTTP server.

mod auth;
mod datadog;
mod draft;
mod elastic;
mod generic;
mod json;
mod kind;
mod log_event;
mod okta_hook;
mod opsgenie;
mod pagerduty;
mod shapes;
mod source;
mod splunk;
mod ssf;

use std::net::IpAddr;

use http::{HeaderMap, Method};

pub use auth::{AuthSettings, Form};
pub use kind::{Key, Kind, Opener, Parts};
pub use source::{Source, SourceSettings};

use crate::model::{Alert, Utc};

/// Every kind of sender, in the order of the docs.
pub const KINDS: &[&Kind] = &[
    &elastic::KIND,
    &datadog::KIND,
    &okta_hook::KIND,
    &splunk::KIND,
    &ssf::KIND,
    &pagerduty::KIND,
    &opsgenie::KIND,
    &generic::KIND,
];

/// What `map:` of a generic source can say, each with what it is.
#[must_use]
pub fn mapped() -> &'static [(&'static str, &'static str)] {
    generic::mapped()
}

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}

/// One request to a source, as far as a source may look at it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'r> {
    /// How it was sent.
    pub method: &'r Method,
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// The secret in its path, if there is one.
    pub path_secret: Option<&'r str>,
    /// Its body, whole and bounded.
    pub body: &'r [u8],
    /// Who sent it: the peer, or whom a trusted proxy names.
    pub from: IpAddr,
    /// Now.
    pub at: Utc,
}

/// What a request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The alerts, each with its own key.
    pub alerts: Vec<Alert>,
    /// What is to be noted and is no alert: a verification, an event about our own work.
    pub notes: Vec<String>,
}

/// An answer to the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty with an empty body.
    pub content_type: &'static str,
    /// Further headers, by their names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A status alone.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// Why a request was refused. What it says goes into our log; the sender is told no more than the
/// status and what its protocol asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No or a wrong credential or signature: 401.
    #[error("not authenticated: {0}")]
    Unauthenticated(String),
    /// It comes from an address that may not send: 403.
    #[error("{0} may not send to this source")]
    Address(IpAddr),
    /// Signed too long ago, or in the future: 401.
    #[error("its signature is of another time: {0}")]
    Stale(String),
    /// This source does not speak that way: 405.
    #[error("this source takes no {0}")]
    Method(String),
    /// Another content type than the kind sends: 415.
    #[error("content type `{0}` is none that this source sends")]
    ContentType(String),
    /// A body that is larger than the kind's: 413.
    #[error("the body is larger than {max} bytes")]
    TooLarge {
        /// How large it may be.
        max: usize,
    },
    /// The body is not what the kind sends: 400.
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    /// The body is signed, and not by whom or for whom it should be: 400 with a code of RFC 8935.
    #[error("the token is refused ({code}): {why}")]
    Token {
        /// The code.
        code: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It could not be judged for now, and may be sent again: 503.
    #[error("it cannot be judged for now: {0}")]
    Unready(String),
}

impl Refused {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Token { .. } => 400,
            Self::Unauthenticated(_) | Self::Stale(_) => 401,
            Self::Address(_) => 403,
            Self::Method(_) => 405,
            Self::TooLarge { .. } => 413,
            Self::ContentType(_) => 415,
            Self::Unready(_) => 503,
        }
    }
}
