//! Okta as one of the range's vendors: its own words for the trouble that a fault shows.

use super::{Handled, Okta, rate_headers};
use crate::http::{Request, Response};
use crate::vendor::{Trouble, Vendor};

impl Vendor for Okta {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        Self::is_write(self, request)
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms
    }

    fn canned(&mut self, status: u16, body: Vec<u8>, request: &Request, now_ms: i64) -> Response {
        Self::canned(self, status, body, request, now_ms)
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let mut error = |status: u16, code: &str, summary: &str, causes: &[&str]| {
            self.canned_error(status, code, summary, causes, request, now_ms)
        };
        match what {
            Trouble::Status(code) => Self::canned(self, code, Vec::new(), request, now_ms),
            Trouble::LieOk => {
                let (code, body) = match request.method.as_str() {
                    "GET" => (200, b"[]".to_vec()),
                    "POST" if request.path.contains("/lifecycle/") => (200, Vec::new()),
                    _ => (204, Vec::new()),
                };
                Self::canned(self, code, body, request, now_ms)
            }
            Trouble::AlreadyDone => {
                let cause = "Cannot suspend a user that is not active";
                let summary = "Api validation failed: suspendUser";
                error(400, "E0000001", summary, &[cause])
            }
            Trouble::Unauthorized => error(401, "E0000011", "Invalid token provided", &[]),
            Trouble::Forbidden => error(
                403,
                "E0000006",
                "You do not have permission to perform the requested action",
                &[],
            ),
            Trouble::NotFound => error(404, "E0000007", "Not found: Resource not found", &[]),
            Trouble::Conflict => error(409, "E0000195", "Conflict", &[]),
            Trouble::ThrottleMinute => throttled(self, request, now_ms),
            Trouble::ThrottleConcurrency => {
                let useless = rate_headers(0, 0, now_ms / 1000 + 120);
                untold(self, request, now_ms, useless)
            }
            Trouble::ThrottleNoHeaders => untold(self, request, now_ms, []),
            Trouble::Internal => error(500, "E0000009", "Internal Server Error", &[]),
            Trouble::ReadOnly => error(503, "E0000010", "Service is in read only mode", &[]),
        }
    }

    fn foreign_next(&self) -> fn(&mut Response) {
        |response| {
            response
                .headers
                .retain(|(name, value)| name != "Link" || !value.contains("rel=\"next\""));
            let link = "<http://evil.example/api/v1/next>; rel=\"next\"".to_owned();
            response.headers.push(("Link".to_owned(), link));
        }
    }
}

/// The 429 of a minute that is used up: of the bucket that the request falls in.
fn throttled(okta: &mut Okta, request: &Request, now_ms: i64) -> Response {
    let mut answer = refused(okta, request, now_ms);
    let reset = (now_ms / 1000 + 60).to_string();
    for (name, value) in &mut answer.headers {
        match name.as_str() {
            "X-Rate-Limit-Remaining" => "0".clone_into(value),
            "X-Rate-Limit-Reset" => reset.clone_into(value),
            _ => {}
        }
    }
    answer
}

/// A 429 with these headers and none of the bucket's: of too many at once all figures are useless.
fn untold(
    okta: &mut Okta,
    request: &Request,
    now_ms: i64,
    headers: impl IntoIterator<Item = (String, String)>,
) -> Response {
    let mut answer = refused(okta, request, now_ms);
    answer
        .headers
        .retain(|(name, _)| !name.starts_with("X-Rate-Limit"));
    answer.headers.extend(headers);
    answer
}

fn refused(okta: &mut Okta, request: &Request, now_ms: i64) -> Response {
    let text = "API call exceeded rate limit due to too many requests.";
    okta.canned_error(429, "E0000047", text, &[], request, now_ms)
}
