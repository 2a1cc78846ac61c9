//! The shapes of Google's refusals, and its own words for the trouble that a fault shows.

use serde_json::{Value, json};

use crate::http::Request;
use crate::vendor::{Answer, Trouble};

/// An error as Google's APIs tell it; `reason` is what a client must read, not the status.
pub(crate) fn refusal(status: u16, reason: &str, message: &str) -> Answer {
    Answer::json(status, body(status, reason, message))
}

/// The 403 for whatever is not his to do.
pub(crate) fn not_authorized() -> Answer {
    let text = "Not Authorized to access this resource/api";
    refusal(403, "forbidden", text)
}

/// The token endpoint has its own shape.
pub(crate) fn oauth_refusal(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        json!({ "error": error, "error_description": description }),
    )
}

/// The body of an error, for [`FaultKind::Status`](crate::FaultKind::Status).
#[must_use]
pub fn google_error(status: u16, reason: &str, message: &str) -> String {
    body(status, reason, message).to_string()
}

fn body(status: u16, reason: &str, message: &str) -> Value {
    json!({ "error": {
        "code": status, "message": message,
        "errors": [{ "domain": "global", "reason": reason, "message": message }],
    } })
}

pub(super) fn trouble(what: Trouble, request: &Request) -> Answer {
    if request.path.starts_with("/oauth/") {
        return at_the_token_endpoint(what);
    }
    match what {
        Trouble::Status(status) => refusal(status, reason_of(status), "As the fault says"),
        Trouble::LieOk if matches!(request.method.as_str(), "GET" | "PUT") => {
            Answer::json(200, json!({}))
        }
        Trouble::LieOk => Answer::empty(204),
        Trouble::AlreadyDone => refusal(412, "conditionNotMet", "Precondition Failed"),
        Trouble::Unauthorized => refusal(401, "authError", "Invalid Credentials"),
        Trouble::Forbidden => not_authorized(),
        Trouble::NotFound => refusal(404, "notFound", "Resource Not Found"),
        Trouble::Conflict => refusal(409, "duplicate", "Entity already exists."),
        Trouble::ThrottleMinute => {
            refusal(403, "userRateLimitExceeded", "User Rate Limit Exceeded")
        }
        Trouble::ThrottleConcurrency => refusal(403, "quotaExceeded", "Quota Exceeded"),
        Trouble::ThrottleNoHeaders => refusal(429, "rateLimitExceeded", "Rate Limit Exceeded"),
        Trouble::Internal => refusal(500, "backendError", "Internal Error"),
        Trouble::ReadOnly => refusal(503, "backendError", "Service unavailable. Please try again"),
    }
}

fn at_the_token_endpoint(what: Trouble) -> Answer {
    match what {
        Trouble::Status(status) => oauth_refusal(status, "invalid_request", "As the fault says"),
        Trouble::LieOk => Answer::json(200, json!({})),
        Trouble::AlreadyDone | Trouble::Conflict | Trouble::NotFound => {
            oauth_refusal(400, "invalid_grant", "Invalid grant")
        }
        Trouble::Unauthorized => oauth_refusal(401, "unauthorized_client", "Unauthorized"),
        Trouble::Forbidden => {
            oauth_refusal(403, "access_denied", "Requested client not authorized.")
        }
        Trouble::ThrottleMinute | Trouble::ThrottleConcurrency | Trouble::ThrottleNoHeaders => {
            oauth_refusal(429, "rate_limit_exceeded", "Rate Limit Exceeded")
        }
        Trouble::Internal => oauth_refusal(500, "internal_failure", "Internal Error"),
        Trouble::ReadOnly => oauth_refusal(503, "backend_error", "Service unavailable"),
    }
}

fn reason_of(status: u16) -> &'static str {
    match status {
        400 => "invalid",
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        409 => "duplicate",
        412 => "conditionNotMet",
        429 => "rateLimitExceeded",
        _ => "backendError",
    }
}
