//! The kinds of fault: their names on the command line, and what each makes of an answer.

use std::fmt;

use serde_json::json;

use crate::http::{Reply, Request, Response};
use crate::okta::{Okta, rate_headers};

/// One more than the largest body a client should take, bytes.
const OVERSIZED: usize = 8 * 1024 * 1024 + 1;

/// What a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what the variants do not")]
pub enum FaultKind {
    /// This status and body, without effect.
    Status { code: u16, body: String },
    /// The status of a success (200 or 204), without effect.
    LieOk,
    /// 400 `E0000001` "Cannot suspend a user that is not active".
    AlreadyDone400,
    /// 401 `E0000011`.
    Unauthorized401,
    /// 403 `E0000006`.
    Forbidden403,
    /// 404 `E0000007`.
    NotFound404,
    /// 409 `E0000195`.
    Conflict409,
    /// 429: the minute's requests are used up; the reset is a minute away.
    ThrottleMinute,
    /// 429: too many at once; limit 0, remaining 0, a reset that means nothing.
    ThrottleConcurrency,
    /// 429 without any rate header, as from a proxy.
    ThrottleNoHeaders,
    /// 500 `E0000009`.
    Internal500,
    /// 502 with a page of HTML.
    Html502,
    /// 503 `E0000010`, read-only mode.
    ReadOnly503,
    /// No answer ever, and no effect.
    TimeoutBefore,
    /// No answer ever, but the effect happened.
    TimeoutAfter,
    /// The connection closes before the effect.
    CutBeforeEffect,
    /// The connection closes after the effect, without an answer.
    CutAfterEffect,
    /// The connection dies in the middle of the body, after the effect.
    ResetMidBody,
    /// A complete answer whose JSON stops half-way.
    TruncatedJson,
    /// A valid body of more than 8 MiB.
    OversizedBody,
    /// 302 to `http://evil.example/`.
    ForeignRedirect,
    /// The true answer, with a next link to a foreign origin.
    ForeignNext,
    /// The true answer, `Date` and `X-Rate-Limit-Reset` off by so much.
    ClockSkew { ms: i64 },
    /// The true answer, so much later.
    Latency { ms: u64 },
    /// The process is killed before the effect.
    KillBefore { pid: u32 },
    /// The process is killed after the effect, before the answer.
    KillAfterEffect { pid: u32 },
    /// The process is killed once the answer is written.
    KillAfterAnswer { pid: u32 },
}

/// Makes a kind from the value behind its name.
type Make = fn(i64) -> FaultKind;

/// The names on the command line; those with a value are written `name:value`.
#[rustfmt::skip]
const NAMES: &[(&str, Make)] = &[
    ("status", |n| FaultKind::Status {
        code: u16::try_from(n).unwrap_or(500),
        body: String::new(),
    }),
    ("lie_ok", |_| FaultKind::LieOk),
    ("already_done", |_| FaultKind::AlreadyDone400),
    ("unauthorized", |_| FaultKind::Unauthorized401),
    ("forbidden", |_| FaultKind::Forbidden403),
    ("not_found", |_| FaultKind::NotFound404),
    ("conflict", |_| FaultKind::Conflict409),
    ("throttle_minute", |_| FaultKind::ThrottleMinute),
    ("throttle_concurrency", |_| FaultKind::ThrottleConcurrency),
    ("throttle_no_headers", |_| FaultKind::ThrottleNoHeaders),
    ("internal", |_| FaultKind::Internal500),
    ("html_502", |_| FaultKind::Html502),
    ("read_only", |_| FaultKind::ReadOnly503),
    ("timeout_before", |_| FaultKind::TimeoutBefore),
    ("timeout_after", |_| FaultKind::TimeoutAfter),
    ("cut_before_effect", |_| FaultKind::CutBeforeEffect),
    ("cut_after_effect", |_| FaultKind::CutAfterEffect),
    ("reset_mid_body", |_| FaultKind::ResetMidBody),
    ("truncated_json", |_| FaultKind::TruncatedJson),
    ("oversized_body", |_| FaultKind::OversizedBody),
    ("foreign_redirect", |_| FaultKind::ForeignRedirect),
    ("foreign_next", |_| FaultKind::ForeignNext),
    ("clock_skew", |n| FaultKind::ClockSkew { ms: n }),
    ("latency", |n| FaultKind::Latency {
        ms: n.unsigned_abs(),
    }),
    ("kill_before", |n| FaultKind::KillBefore {
        pid: u32::try_from(n).unwrap_or(0),
    }),
    ("kill_after_effect", |n| FaultKind::KillAfterEffect {
        pid: u32::try_from(n).unwrap_or(0),
    }),
    ("kill_after_answer", |n| FaultKind::KillAfterAnswer {
        pid: u32::try_from(n).unwrap_or(0),
    }),
];

const WITH_VALUE: &[&str] = &[
    "status",
    "clock_skew",
    "latency",
    "kill_before",
    "kill_after_effect",
    "kill_after_answer",
];

/// What the vendor does about one request.
pub(crate) enum Shown {
    /// It answers as always.
    Truth,
    /// It answers this instead, and nothing happens.
    Instead(Response),
    /// No answer, and nothing happens.
    Nothing(Reply),
    /// It happens, and then the answer is made into this.
    After(Box<dyn FnOnce(Response, u64) -> Reply>),
}

/// Reads `name` or `name:value`.
pub(super) fn parse_kind(text: &str) -> Result<FaultKind, String> {
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let Some((_, make)) = NAMES.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = NAMES.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "unknown kind `{name}`; known are {}",
            known.join(", ")
        ));
    };
    let value: i64 = match (value, WITH_VALUE.contains(&name)) {
        (Some(value), true) => value
            .parse()
            .map_err(|_| format!("`{value}` is no number"))?,
        (None, true) => return Err(format!("`{name}` needs a value, as in `{name}:500`")),
        (Some(_), false) => return Err(format!("`{name}` takes no value")),
        (None, false) => 0,
    };
    Ok(make(value))
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { code, .. } => write!(f, "status:{code}"),
            Self::ClockSkew { ms } => write!(f, "clock_skew:{ms}"),
            Self::Latency { ms } => write!(f, "latency:{ms}"),
            Self::KillBefore { pid } => write!(f, "kill_before:{pid}"),
            Self::KillAfterEffect { pid } => write!(f, "kill_after_effect:{pid}"),
            Self::KillAfterAnswer { pid } => write!(f, "kill_after_answer:{pid}"),
            plain => {
                let name = NAMES
                    .iter()
                    .find(|(_, make)| make(0) == *plain)
                    .map_or("?", |(n, _)| n);
                f.write_str(name)
            }
        }
    }
}

impl FaultKind {
    /// How much later the answer comes, milliseconds.
    pub(crate) fn extra_ms(&self) -> u64 {
        if let Self::Latency { ms } = self {
            *ms
        } else {
            0
        }
    }

    /// Turns the fault into what the vendor does.
    pub(crate) fn show(self, okta: &mut Okta, request: &Request, now_ms: i64) -> Shown {
        let mut error = |status: u16, code: &str, summary: &str, causes: &[&str]| {
            Shown::Instead(okta.canned_error(status, code, summary, causes, now_ms))
        };
        match self {
            Self::Status { code, body } => {
                Shown::Instead(okta.canned(code, body.into_bytes(), now_ms))
            }
            Self::LieOk => {
                let (code, body) = match request.method.as_str() {
                    "GET" => (200, b"[]".to_vec()),
                    "POST" if request.path.contains("/lifecycle/") => (200, Vec::new()),
                    _ => (204, Vec::new()),
                };
                Shown::Instead(okta.canned(code, body, now_ms))
            }
            Self::AlreadyDone400 => {
                let cause = "Cannot suspend a user that is not active";
                error(
                    400,
                    "E0000001",
                    "Api validation failed: suspendUser",
                    &[cause],
                )
            }
            Self::Unauthorized401 => error(401, "E0000011", "Invalid token provided", &[]),
            Self::Forbidden403 => error(
                403,
                "E0000006",
                "You do not have permission to perform the requested action",
                &[],
            ),
            Self::NotFound404 => error(404, "E0000007", "Not found: Resource not found", &[]),
            Self::Conflict409 => error(409, "E0000195", "Conflict", &[]),
            Self::ThrottleMinute => {
                Shown::Instead(throttled(okta, Some((600, now_ms / 1000 + 60)), now_ms))
            }
            Self::ThrottleConcurrency => Shown::Instead(concurrency(okta, now_ms)),
            Self::ThrottleNoHeaders => Shown::Instead(throttled(okta, None, now_ms)),
            Self::Internal500 => error(500, "E0000009", "Internal Server Error", &[]),
            Self::Html502 => {
                let mut page = okta.canned(
                    502,
                    b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
                    now_ms,
                );
                strip_rate_headers(&mut page);
                page.headers.retain(|(name, _)| name != "Content-Type");
                page.headers
                    .push(("Content-Type".to_owned(), "text/html".to_owned()));
                Shown::Instead(page)
            }
            Self::ReadOnly503 => error(503, "E0000010", "Service is in read only mode", &[]),
            Self::TimeoutBefore => Shown::Nothing(Reply::Hang),
            Self::TimeoutAfter => Shown::After(Box::new(|_, _| Reply::Hang)),
            Self::CutBeforeEffect => Shown::Nothing(Reply::Cut {
                delay_ms: okta.settings.latency_ms,
            }),
            Self::CutAfterEffect => Shown::After(Box::new(|_, delay_ms| Reply::Cut { delay_ms })),
            Self::OversizedBody => {
                let mut body = vec![b' '; OVERSIZED];
                body[0] = b'[';
                body[OVERSIZED - 1] = b']';
                Shown::Instead(okta.canned(200, body, now_ms))
            }
            Self::ForeignRedirect => {
                let mut answer = okta.canned(302, Vec::new(), now_ms);
                answer
                    .headers
                    .push(("Location".to_owned(), "http://evil.example/".to_owned()));
                Shown::Instead(answer)
            }
            Self::KillBefore { pid } => Shown::Nothing(Reply::Kill {
                pid,
                answer: None,
                delay_ms: 0,
            }),
            other => Shown::After(Box::new(move |response, delay_ms| {
                other.spoil(response, delay_ms)
            })),
        }
    }

    /// What becomes of the true answer.
    fn spoil(self, mut response: Response, delay_ms: u64) -> Reply {
        match self {
            Self::ResetMidBody if response.body.len() < 2 => return Reply::Cut { delay_ms },
            Self::ResetMidBody => {
                let bytes = response.body.len() / 2;
                return Reply::CutMidBody { response, bytes };
            }
            Self::TruncatedJson => {
                let half = response.body.len() / 2;
                response.body.truncate(half);
            }
            Self::ForeignNext => {
                response
                    .headers
                    .retain(|(name, value)| name != "Link" || !value.contains("rel=\"next\""));
                let link = "<http://evil.example/api/v1/next>; rel=\"next\"".to_owned();
                response.headers.push(("Link".to_owned(), link));
            }
            Self::ClockSkew { ms } => crate::http::skew(&mut response, ms),
            Self::KillAfterEffect { pid } => {
                return Reply::Kill {
                    pid,
                    answer: None,
                    delay_ms,
                };
            }
            Self::KillAfterAnswer { pid } => {
                return Reply::Kill {
                    pid,
                    answer: Some(response),
                    delay_ms,
                };
            }
            _ => {}
        }
        Reply::Answer { response, delay_ms }
    }
}

fn strip_rate_headers(response: &mut Response) {
    response
        .headers
        .retain(|(name, _)| !name.starts_with("X-Rate-Limit"));
}

/// A 429 of the minute kind with limit and reset, or without any rate header.
fn throttled(okta: &mut Okta, figures: Option<(u32, i64)>, now_ms: i64) -> Response {
    let text = "API call exceeded rate limit due to too many requests.";
    let mut answer = okta.canned_error(429, "E0000047", text, &[], now_ms);
    strip_rate_headers(&mut answer);
    if let Some((limit, reset)) = figures {
        answer.headers.extend(rate_headers(limit, 0, reset));
    }
    answer
}

/// The 429 for too many requests at once: all figures are useless.
pub(crate) fn concurrency(okta: &mut Okta, now_ms: i64) -> Response {
    let mut answer = throttled(okta, None, now_ms);
    answer
        .headers
        .extend(rate_headers(0, 0, now_ms / 1000 + 120));
    answer
}

/// The body of an Okta error, for [`FaultKind::Status`].
#[must_use]
pub fn okta_error(code: &str, summary: &str) -> String {
    json!({ "errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeFault", "errorCauses": [] })
        .to_string()
}
