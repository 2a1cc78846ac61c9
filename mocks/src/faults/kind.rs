//! The kinds of fault: their names on the command line, and what each makes of an answer.
//!
//! What an error or a throttle looks like is the vendor's affair ([`Vendor::trouble`]).

use std::fmt;

use serde_json::json;

use crate::http::{Reply, Request, Response};
use crate::vendor::{Trouble, Vendor};

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
    /// It was done before: Okta's 400 `E0000001` "Cannot suspend a user that is not active".
    AlreadyDone400,
    /// The credentials are refused: Okta's 401 `E0000011`.
    Unauthorized401,
    /// It is not allowed: Okta's 403 `E0000006`.
    Forbidden403,
    /// There is no such thing: Okta's 404 `E0000007`.
    NotFound404,
    /// A conflict: Okta's 409 `E0000195`.
    Conflict409,
    /// The minute's requests are used up: Okta's 429 with a reset a minute away.
    ThrottleMinute,
    /// Too many at once: Okta's 429 with limit 0, remaining 0, a reset that means nothing.
    ThrottleConcurrency,
    /// A 429 that does not say when to come back, as from a proxy.
    ThrottleNoHeaders,
    /// An error of the vendor's own: Okta's 500 `E0000009`.
    Internal500,
    /// 502 with a page of HTML.
    Html502,
    /// 503; at Okta `E0000010`, read-only mode.
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
    /// From the first match on, no answer for so long, and no effect; then it is over.
    Hang { seconds: u64 },
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
    ("hang", |n| FaultKind::Hang {
        seconds: n.unsigned_abs(),
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
    "hang",
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
            Self::Hang { seconds } => write!(f, "hang:{seconds}"),
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
    pub(crate) fn show(self, vendor: &mut dyn Vendor, request: &Request, now_ms: i64) -> Shown {
        let mut trouble = |what| Shown::Instead(vendor.trouble(what, request, now_ms));
        match self {
            Self::Status { code, body } if body.is_empty() => trouble(Trouble::Status(code)),
            Self::Status { code, body } => {
                Shown::Instead(vendor.canned(code, body.into_bytes(), request, now_ms))
            }
            Self::LieOk => trouble(Trouble::LieOk),
            Self::AlreadyDone400 => trouble(Trouble::AlreadyDone),
            Self::Unauthorized401 => trouble(Trouble::Unauthorized),
            Self::Forbidden403 => trouble(Trouble::Forbidden),
            Self::NotFound404 => trouble(Trouble::NotFound),
            Self::Conflict409 => trouble(Trouble::Conflict),
            Self::ThrottleMinute => trouble(Trouble::ThrottleMinute),
            Self::ThrottleConcurrency => trouble(Trouble::ThrottleConcurrency),
            Self::ThrottleNoHeaders => trouble(Trouble::ThrottleNoHeaders),
            Self::Internal500 => trouble(Trouble::Internal),
            Self::ReadOnly503 => trouble(Trouble::ReadOnly),
            Self::Html502 => {
                let page = b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec();
                let mut page = vendor.canned(502, page, request, now_ms);
                page.headers.retain(|(name, _)| {
                    !name.starts_with("X-Rate-Limit") && name != "Content-Type"
                });
                page.headers
                    .push(("Content-Type".to_owned(), "text/html".to_owned()));
                Shown::Instead(page)
            }
            Self::TimeoutBefore | Self::Hang { .. } => Shown::Nothing(Reply::Hang),
            Self::TimeoutAfter => Shown::After(Box::new(|_, _| Reply::Hang)),
            Self::CutBeforeEffect => Shown::Nothing(Reply::Cut {
                delay_ms: vendor.latency_ms(),
            }),
            Self::CutAfterEffect => Shown::After(Box::new(|_, delay_ms| Reply::Cut { delay_ms })),
            Self::OversizedBody => {
                let mut body = vec![b' '; OVERSIZED];
                body[0] = b'[';
                body[OVERSIZED - 1] = b']';
                Shown::Instead(vendor.canned(200, body, request, now_ms))
            }
            Self::ForeignRedirect => {
                let mut answer = vendor.canned(302, Vec::new(), request, now_ms);
                answer
                    .headers
                    .push(("Location".to_owned(), "http://evil.example/".to_owned()));
                Shown::Instead(answer)
            }
            Self::ForeignNext => {
                let lead_away = vendor.foreign_next();
                Shown::After(Box::new(move |mut response, delay_ms| {
                    lead_away(&mut response);
                    Reply::Answer { response, delay_ms }
                }))
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

/// The body of an Okta error, for [`FaultKind::Status`].
#[must_use]
pub fn okta_error(code: &str, summary: &str) -> String {
    json!({ "errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeFault", "errorCauses": [] })
        .to_string()
}
