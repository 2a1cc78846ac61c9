//! The shapes of Okta's answers: JSON, nothing, or an `Error` object.

use serde_json::{Value, json};

use crate::http::Response;

/// What an operation answers, before Okta's headers are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    /// Whether the operation changed the org.
    pub(crate) effective: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            ..Self::default()
        }
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::json(200, Value::Array(items))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Marks that the org is now different.
    pub(crate) fn changed(mut self, changed: bool) -> Self {
        self.effective = changed;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn error(status: u16, code: &str, summary: &str, causes: &[&str]) -> Self {
        let causes: Vec<Value> = causes
            .iter()
            .map(|c| json!({ "errorSummary": c }))
            .collect();
        Self::json(
            status,
            json!({
                "errorCode": code,
                "errorSummary": summary,
                "errorLink": code,
                "errorId": "",
                "errorCauses": causes,
            }),
        )
    }

    /// OAuth endpoints have their own error shape.
    pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Self {
        Self::json(
            status,
            json!({ "error": error, "error_description": description }),
        )
    }

    /// E0000001 with the real reason as its cause.
    pub(crate) fn refused(what: &str, cause: &str) -> Self {
        Self::error(
            400,
            "E0000001",
            &format!("Api validation failed: {what}"),
            &[cause],
        )
    }

    pub(crate) fn not_found(id: &str, kind: &str) -> Self {
        let text = format!("Not found: Resource not found: {id} ({kind})");
        Self::error(404, "E0000007", &text, &[])
    }

    pub(crate) fn no_such_path() -> Self {
        Self::error(404, "E0000008", "The requested path was not found", &[])
    }

    pub(crate) fn wrong_method() -> Self {
        let text = "The endpoint does not support the provided HTTP method";
        Self::error(405, "E0000022", text, &[])
    }

    pub(crate) fn bad_token() -> Self {
        Self::error(401, "E0000011", "Invalid token provided", &[])
    }

    pub(crate) fn forbidden() -> Self {
        let text = "You do not have permission to perform the requested action";
        Self::error(403, "E0000006", text, &[])
    }

    pub(crate) fn throttled() -> Self {
        let text = "API call exceeded rate limit due to too many requests.";
        Self::error(429, "E0000047", text, &[])
    }

    /// The answer with its content type, and the request id as the id of an error.
    pub(crate) fn response(self, request_id: &str) -> Response {
        let mut headers = self.headers;
        let body = self.body.map(|mut body| {
            if let Some(id) = body.get_mut("errorId") {
                *id = format!("oae{request_id}").into();
            }
            headers.insert(
                0,
                ("Content-Type".to_owned(), "application/json".to_owned()),
            );
            body.to_string().into_bytes()
        });
        Response {
            status: self.status,
            headers,
            body: body.unwrap_or_default(),
        }
    }
}
