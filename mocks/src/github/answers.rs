//! The shapes of GitHub's refusals, and its own words for the trouble that a fault shows.

use serde_json::{Value, json};

use super::limits::secondary;
use crate::http::Request;
use crate::vendor::{Answer, Trouble};

/// An error of the REST API.
pub(crate) fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, body(status, message))
}

pub(crate) fn not_found() -> Answer {
    refusal(404, "Not Found")
}

/// The 403 for an App without the permission.
pub(crate) fn not_for_apps() -> Answer {
    refusal(403, "Resource not accessible by integration")
}

/// The 422 for what was asked wrongly.
pub(crate) fn invalid(message: &str) -> Answer {
    refusal(422, message)
}

/// An error of SCIM.
pub(crate) fn scim_refusal(status: u16, detail: &str) -> Answer {
    let error = "urn:ietf:params:scim:api:messages:2.0:Error";
    Answer::json(
        status,
        json!({
            "schemas": [error], "status": status, "detail": detail,
            "message": detail, "documentation_url": DOCS,
        }),
    )
}

/// An error of GraphQL, which comes with status 200.
pub(crate) fn graphql_refusal(kind: &str, path: &[&str], message: &str) -> Value {
    json!({ "type": kind, "path": path, "locations": [{ "line": 1, "column": 1 }], "message": message })
}

/// The body of a REST error, for [`FaultKind::Status`](crate::FaultKind::Status).
#[must_use]
pub fn github_error(status: u16, message: &str) -> String {
    body(status, message).to_string()
}

const DOCS: &str = "https://docs.github.com/rest";

fn body(status: u16, message: &str) -> Value {
    json!({ "message": message, "documentation_url": DOCS, "status": status.to_string() })
}

pub(super) fn trouble(
    what: Trouble,
    request: &Request,
    (resource, per_hour): (&'static str, u32),
    now_ms: i64,
) -> Answer {
    let said = |status: u16, message: &str| {
        if request.path.contains("/scim/") {
            scim_refusal(status, message)
        } else {
            refusal(status, message)
        }
    };
    if request.path.ends_with("/graphql")
        && let Some(answer) = at_graphql(what)
    {
        return answer;
    }
    match what {
        Trouble::Status(status) => said(status, "As the fault says"),
        Trouble::LieOk => lie(request),
        Trouble::AlreadyDone | Trouble::NotFound => said(404, "Not Found"),
        Trouble::Unauthorized => said(401, "Bad credentials"),
        Trouble::Forbidden => said(403, "Resource not accessible by integration"),
        Trouble::Conflict => said(409, "Conflict"),
        Trouble::ThrottleMinute => {
            let reset = now_ms / 1000 + 60;
            said(403, "API rate limit exceeded for installation ID 1.")
                .header("x-ratelimit-limit", per_hour.to_string())
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-used", per_hour.to_string())
                .header("x-ratelimit-reset", reset.to_string())
                .header("x-ratelimit-resource", resource)
        }
        Trouble::ThrottleConcurrency => secondary(60),
        Trouble::ThrottleNoHeaders => said(429, "You have exceeded a secondary rate limit."),
        Trouble::Internal => said(500, "Server Error"),
        Trouble::ReadOnly => said(503, "Service Unavailable"),
    }
}

/// GraphQL says no with status 200; what it has no word for is the host's trouble.
fn at_graphql(what: Trouble) -> Option<Answer> {
    let (kind, message) = match what {
        Trouble::LieOk => return Some(Answer::json(200, json!({ "data": {} }))),
        Trouble::Forbidden => ("FORBIDDEN", "Resource not accessible by integration"),
        Trouble::AlreadyDone | Trouble::NotFound => ("NOT_FOUND", "Could not resolve"),
        Trouble::Conflict => ("UNPROCESSABLE", "Conflict"),
        _ => return None,
    };
    let error = graphql_refusal(kind, &["organization"], message);
    let body = json!({ "data": { "organization": null }, "errors": [error] });
    Some(Answer::json(200, body))
}

/// A success that nothing stands behind.
fn lie(request: &Request) -> Answer {
    match request.method.as_str() {
        "POST" if request.path.contains("/credential-authorizations/") => {
            Answer::json(202, json!({ "message": "revocation has been queued" }))
        }
        "POST" if request.path.ends_with("/personal-access-tokens") => Answer::json(202, json!({})),
        "POST" if request.path.ends_with("/access_tokens") => Answer::json(201, json!({})),
        "DELETE" | "POST" => Answer::empty(204),
        _ => Answer::json(200, json!({})),
    }
}
