//! The shapes of Graph's and Entra's refusals, and their words for the trouble that a fault shows.

use serde_json::{Value, json};

use crate::http::Request;
use crate::time::iso;
use crate::vendor::{Answer, Trouble};

/// An OData error; the request's id is added when the answer leaves.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, body(code, message))
}

/// The body of an error, for [`FaultKind::Status`](crate::FaultKind::Status).
#[must_use]
pub fn graph_error(code: &str, message: &str) -> String {
    body(code, message).to_string()
}

fn body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "innerError": {} } })
}

/// The 403 for a missing permission, a missing role and a protected account alike.
pub(crate) fn not_allowed() -> Answer {
    let text = "Insufficient privileges to complete the operation.";
    refusal(403, "Authorization_RequestDenied", text)
}

pub(crate) fn no_such_resource(key: &str) -> Answer {
    let text = format!(
        "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    );
    refusal(404, "Request_ResourceNotFound", &text)
}

pub(crate) fn no_such_segment() -> Answer {
    refusal(400, "BadRequest", "Resource not found for the segment.")
}

pub(crate) fn bad(message: &str) -> Answer {
    refusal(400, "Request_BadRequest", message)
}

/// A 429, with the seconds to wait where the service tells them.
pub(crate) fn throttled(wait_s: Option<i64>) -> Answer {
    let answer = refusal(429, "TooManyRequests", "Too many requests.");
    match wait_s {
        None => answer,
        Some(seconds) => answer
            .header("Retry-After", seconds.to_string())
            .header("x-ms-throttle-scope", "Tenant_Application/ReadWrite/mock")
            .header("x-ms-throttle-information", "ResourceUnitLimitExceeded"),
    }
}

/// An error of the token endpoint.
pub(crate) fn oauth_refusal(
    status: u16,
    error: &str,
    code: u32,
    text: &str,
    now_ms: i64,
) -> Answer {
    let at = iso(now_ms).replace('T', " ");
    let at = at.split('.').next().unwrap_or_default();
    Answer::json(
        status,
        json!({
            "error": error, "error_description": format!("AADSTS{code}: {text} Timestamp: {at}Z"),
            "error_codes": [code], "timestamp": format!("{at}Z"),
            "trace_id": "00000000-0000-4000-8000-00000000aaaa",
            "correlation_id": "00000000-0000-4000-8000-00000000bbbb",
        }),
    )
}

pub(super) fn trouble(what: Trouble, request: &Request, now_ms: i64) -> Answer {
    if request.path.starts_with("/login/") {
        return at_the_token_endpoint(what, now_ms);
    }
    match what {
        Trouble::Status(status) => refusal(status, code_of(status), "As the fault says"),
        Trouble::LieOk if request.method == "GET" => Answer::json(200, json!({ "value": [] })),
        Trouble::LieOk if request.path.ends_with("/revokeSignInSessions") => {
            Answer::json(200, json!({ "value": true }))
        }
        Trouble::LieOk => Answer::empty(204),
        Trouble::AlreadyDone => bad("The operation has been carried out before."),
        Trouble::Unauthorized => {
            let text = "Access token has expired or is not yet valid.";
            refusal(401, "InvalidAuthenticationToken", text)
        }
        Trouble::Forbidden => not_allowed(),
        Trouble::NotFound => no_such_resource("?"),
        Trouble::Conflict => refusal(409, "Request_MultipleObjectsWithSameKeyValue", "Conflict"),
        Trouble::ThrottleMinute => throttled(Some(30)),
        Trouble::ThrottleConcurrency => throttled(Some(1)),
        Trouble::ThrottleNoHeaders => throttled(None),
        Trouble::Internal => refusal(500, "InternalServerError", "Internal Server Error"),
        Trouble::ReadOnly => refusal(503, "serviceNotAvailable", "Service unavailable"),
    }
}

fn at_the_token_endpoint(what: Trouble, now_ms: i64) -> Answer {
    let error = |status, error, code, text| oauth_refusal(status, error, code, text, now_ms);
    match what {
        Trouble::Status(status) => error(status, "invalid_request", 90_013, "As the fault says."),
        Trouble::LieOk => Answer::json(200, json!({})),
        Trouble::Unauthorized => error(401, "invalid_client", 7_000_215, "Invalid client secret."),
        Trouble::Forbidden | Trouble::NotFound | Trouble::Conflict | Trouble::AlreadyDone => error(
            400,
            "unauthorized_client",
            700_016,
            "Application not found.",
        ),
        Trouble::ThrottleMinute | Trouble::ThrottleConcurrency => {
            error(429, "temporarily_unavailable", 90_055, "Throttled.").header("Retry-After", "30")
        }
        Trouble::ThrottleNoHeaders => error(429, "temporarily_unavailable", 90_055, "Throttled."),
        Trouble::Internal => error(500, "server_error", 90_033, "A transient error."),
        Trouble::ReadOnly => error(503, "temporarily_unavailable", 90_033, "A transient error."),
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        400 => "Request_BadRequest",
        401 => "InvalidAuthenticationToken",
        403 => "Authorization_RequestDenied",
        404 => "Request_ResourceNotFound",
        429 => "TooManyRequests",
        503 => "serviceNotAvailable",
        _ => "InternalServerError",
    }
}
