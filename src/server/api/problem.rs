//! What went wrong, for scripts: RFC 9457, with what to do next.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::inbox::InboxError;
use crate::ledger::StoreError;
use crate::server::decide::Hindrance;
use crate::sqlite::FileError;

/// What went wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::server) struct Problem {
    /// A stable name: `urn:oust:problem:stale_plan`.
    r#type: String,
    /// In a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened.
    detail: String,
    /// What to do next; empty if nothing.
    next: String,
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            r#type: format!("urn:oust:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            next: String::new(),
            retry_after: None,
        }
    }

    fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// The sentence and what to do next.
    pub(in crate::server) fn says(&self) -> (u16, &str, &str) {
        (self.status, &self.detail, &self.next)
    }

    pub(in crate::server) fn other_host() -> Self {
        let detail = "the request calls this server by a name that is not its own";
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "other_host",
            "Another server's name",
            detail,
        )
        .next("use the name in `server.public_url`")
    }

    pub(super) fn unauthenticated() -> Self {
        let detail = "no token that opens anything came with the request";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Not signed in",
            detail,
        )
        .next("send `Authorization: Bearer oust_…`; `oust token add` gives one out")
    }

    pub(in crate::server) fn too_often(seconds: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_often",
            "Too many attempts",
            "too many attempts to get in came from this address",
        )
        .next(format!("try again in {seconds} s"));
        problem.retry_after = Some(seconds);
        problem
    }

    pub(super) fn forbidden(takes: &str) -> Self {
        let detail = format!("the token does not allow this: it takes a {takes}");
        Self::new(StatusCode::FORBIDDEN, "power", "Not allowed", detail)
            .next("ask an admin for a token that does")
    }

    pub(in crate::server) fn not_found(what: &str) -> Self {
        let detail = format!("there is no such {what}");
        Self::new(StatusCode::NOT_FOUND, "unknown", "Not found", detail)
            .next("see /openapi.json for what there is")
    }

    pub(in crate::server) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "Not that way",
            "this path takes another method",
        )
        .next("see the `Allow` header")
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Cannot be read",
            detail,
        )
        .next("see /openapi.json for what is taken")
    }

    pub(super) fn content_type() -> Self {
        let detail = "the body is to be `application/json`";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type",
            "Another content type",
            detail,
        )
    }

    pub(super) fn too_large() -> Self {
        let detail = "the body is larger than is taken here";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            detail,
        )
    }

    pub(super) fn purged(detail: String) -> Self {
        Self::new(StatusCode::GONE, "purged", "Gone", detail)
    }

    /// What is wrong with a file stands in our log: its path is this machine's business.
    fn state(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the state cannot be read or written");
        Self::unavailable("the state of this server cannot be read or written")
    }

    pub(in crate::server) fn unavailable(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Cannot be told now",
            detail,
        )
        .next("try again; `oust runs` reads the ledger without this server");
        problem.retry_after = Some(5);
        problem
    }
}

impl From<Hindrance> for Problem {
    fn from(why: Hindrance) -> Self {
        let (status, title) = match why {
            Hindrance::Unknown => (StatusCode::NOT_FOUND, "Not found"),
            Hindrance::Power | Hindrance::Subject | Hindrance::Requester => {
                (StatusCode::FORBIDDEN, "Not yours to decide")
            }
            Hindrance::Already | Hindrance::Over(_) | Hindrance::Expired(_) => {
                (StatusCode::CONFLICT, "Decided already")
            }
            Hindrance::Stale | Hindrance::Gone => (StatusCode::CONFLICT, "Another plan"),
            Hindrance::Other(_) => (StatusCode::CONFLICT, "Does not count"),
        };
        Self::new(status, why.kind(), title, why.sentence()).next(why.next())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRun { .. } => Self::not_found("run"),
            StoreError::Purged { .. } => Self::purged(error.to_string()),
            other => Self::state(&other),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        Self::state(&error)
    }
}

impl From<InboxError> for Problem {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::File(error) => error.into(),
            InboxError::NoAlert { .. } => Self::not_found("alert"),
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).expect("a status of ours");
        let text = serde_json::to_string(&problem).expect("a problem is plain text");
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(HeaderName::from_static("www-authenticate"), scheme);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into()
    }
}
