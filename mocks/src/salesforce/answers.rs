//! The shapes of Salesforce's refusals, and its own words for the trouble that a fault shows.

use serde_json::{Value, json};

use crate::http::{Request, form};
use crate::vendor::{Answer, Trouble};

/// An error of the REST API: an array of one.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, body(code, message))
}

pub(crate) fn not_found() -> Answer {
    refusal(404, "NOT_FOUND", "The requested resource does not exist")
}

pub(crate) fn not_allowed(method: &str) -> Answer {
    let text = format!("HTTP Method '{method}' not allowed. Allowed are GET");
    refusal(405, "METHOD_NOT_ALLOWED", &text)
}

/// The 403 for a record that is not his to change.
pub(crate) fn no_access() -> Answer {
    let text = "insufficient access rights on object id";
    refusal(403, "INSUFFICIENT_ACCESS_OR_READONLY", text)
}

/// The OAuth endpoints have their own shape.
pub(crate) fn oauth_refusal(error: &str, description: &str) -> Answer {
    Answer::json(
        400,
        json!({ "error": error, "error_description": description }),
    )
}

/// The body of an error, for [`FaultKind::Status`](crate::FaultKind::Status).
#[must_use]
pub fn salesforce_error(code: &str, message: &str) -> String {
    body(code, message).to_string()
}

fn body(code: &str, message: &str) -> Value {
    json!([{ "message": message, "errorCode": code }])
}

pub(super) fn trouble(what: Trouble, request: &Request) -> Answer {
    if request.path.starts_with("/services/oauth2/") {
        return at_oauth(what, request);
    }
    match what {
        Trouble::Status(status) => refusal(status, code_of(status), "As the fault says"),
        Trouble::LieOk => lie(request),
        Trouble::AlreadyDone => refusal(404, "ENTITY_IS_DELETED", "entity is deleted"),
        Trouble::Unauthorized => refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        Trouble::Forbidden => no_access(),
        Trouble::NotFound => not_found(),
        Trouble::Conflict => refusal(
            409,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access",
        ),
        Trouble::ThrottleMinute => refusal(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        ),
        Trouble::ThrottleConcurrency => refusal(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentPerOrgLongTxn Limit exceeded.",
        ),
        Trouble::ThrottleNoHeaders => refusal(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests"),
        Trouble::Internal => refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Trouble::ReadOnly => refusal(503, "SERVER_UNAVAILABLE", "Service is unavailable"),
    }
}

/// A success that nothing stands behind.
fn lie(request: &Request) -> Answer {
    match request.method.as_str() {
        "DELETE" if request.path.ends_with("/composite/sobjects") => {
            let query = form(&request.query);
            let ids = query.iter().find(|(key, _)| key == "ids");
            let all = ids.map_or("", |(_, ids)| ids.as_str()).split(',');
            let rows = all.map(|id| json!({ "id": id, "success": true, "errors": [] }));
            Answer::json(200, Value::Array(rows.collect()))
        }
        "GET" => Answer::json(200, json!({})),
        _ => Answer::empty(204),
    }
}

fn at_oauth(what: Trouble, request: &Request) -> Answer {
    let other = |status, error: &str| Answer {
        status,
        ..oauth_refusal(error, "As the fault says")
    };
    match what {
        Trouble::Status(status) => other(status, "invalid_request"),
        Trouble::LieOk if request.path.ends_with("/revoke") => Answer::empty(200),
        Trouble::LieOk => Answer::json(200, json!({})),
        Trouble::AlreadyDone | Trouble::NotFound | Trouble::Conflict
            if request.path.ends_with("/revoke") =>
        {
            Answer::json(400, json!({ "error": "invalid_token" }))
        }
        Trouble::AlreadyDone | Trouble::NotFound | Trouble::Conflict => {
            oauth_refusal("invalid_grant", "authentication failure")
        }
        Trouble::Unauthorized => other(401, "invalid_client"),
        Trouble::Forbidden => other(403, "invalid_app_access"),
        Trouble::ThrottleMinute | Trouble::ThrottleConcurrency => other(403, "login_rate_exceeded"),
        Trouble::ThrottleNoHeaders => other(429, "login_rate_exceeded"),
        Trouble::Internal => other(500, "server_error"),
        Trouble::ReadOnly => other(503, "server_unavailable"),
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        401 => "INVALID_SESSION_ID",
        403 => "INSUFFICIENT_ACCESS_OR_READONLY",
        404 => "NOT_FOUND",
        500 => "UNKNOWN_EXCEPTION",
        503 => "SERVER_UNAVAILABLE",
        _ => "INVALID_OPERATION",
    }
}
