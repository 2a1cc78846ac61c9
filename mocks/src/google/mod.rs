//! Google Workspace, as far as throwing a person out goes: the Directory API and two of Reports.
//!
//! The APIs stand at `/api/admin/…`, the token endpoint at `/oauth/token`. Paths, scopes and
//! shapes are those of the Directory API's discovery document; Reports is not in it and follows
//! Google's reference. Google throttles with 403 and a reason, answers POST and DELETE with 204,
//! and leaves `items` out of an empty list.
//!
//! Absent: Gmail settings (forwarding, delegates: another API, another impersonation), devices.

mod answers;
mod contoso;
mod inside;
mod oauth;
mod reports;
mod routes;
mod security;
pub mod state;
mod users;

use std::collections::BTreeMap;

use serde_json::Value;

pub use answers::google_error;
pub use contoso::{ADMIN, CUSTOMER, DOMAIN, SCOPES, SERVICE_ACCOUNT};
pub use routes::operations;

use crate::http::{self, Request, Response};
use crate::rng::Rng;
use crate::time::{MINUTE, http_date};
use crate::vendor::{Answer, Handled, Trouble, Vendor, Windows};
use answers::{refusal, trouble};
use state::{AccessToken, Activity, ServiceAccount, User};

/// What an administrator may ask in a minute.
const PER_MINUTE: u32 = 2_400;

/// How this Workspace differs from the ordinary one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether app passwords are dated in milliseconds; the reference only says "Unix time".
    pub asp_times_in_ms: bool,
    /// Whether suspending the suspended is a 412 (`conditionNotMet`) and no 200.
    pub repeat_is_412: bool,
    /// How long an activity stays out of Reports, milliseconds.
    pub report_delay_ms: i64,
    /// What one administrator may ask in a minute.
    pub per_minute: u32,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One Workspace.
#[derive(Debug, Clone)]
pub struct Google {
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands; `/api` and `/oauth` lie below. No slash at the end.
    pub base_url: String,
    /// People by id.
    pub users: BTreeMap<String, User>,
    /// The service account of ours.
    pub service_account: ServiceAccount,
    /// How often anybody read the live backup codes, which nobody ever should.
    pub backup_code_reads: u32,
    pub(crate) access_tokens: BTreeMap<String, AccessToken>,
    pub(crate) activities: Vec<Activity>,
    pub(crate) windows: Windows,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) now_ms: i64,
    /// The administrator acted for, by id; empty for the service account itself.
    pub(crate) sub: String,
}

impl Call<'_> {
    pub(crate) fn param(&self, n: usize) -> &str {
        self.at.get(n).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.request.body).unwrap_or(Value::Null)
    }
}

impl Google {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        let segments = http::segments(&request.path);
        let (principal, answer) = match segments.first().map(String::as_str) {
            Some("oauth") => self.oauth(&segments[1..], request, now_ms),
            Some("api") => self.api(&segments[1..], request, now_ms),
            _ => (String::new(), refusal(404, "notFound", "Not Found")),
        };
        let effective = answer.effective;
        let mut response = answer.response("application/json; charset=UTF-8");
        finish(&mut response, now_ms);
        Handled {
            response,
            principal,
            mutating: routes::is_write(request),
            effective,
        }
    }

    fn api(&mut self, segments: &[String], request: &Request, now_ms: i64) -> (String, Answer) {
        let Some((route, at)) = routes::find(&request.method, segments) else {
            return (String::new(), refusal(404, "notFound", "Not Found"));
        };
        let bearer = request
            .header("authorization")
            .and_then(|h| h.strip_prefix("Bearer "));
        let token = bearer.and_then(|t| self.access_tokens.get(t));
        let Some(token) = token.filter(|t| t.expires_ms > now_ms).cloned() else {
            return (
                String::new(),
                refusal(401, "authError", "Invalid Credentials"),
            );
        };
        let principal = format!("google:{}", token.sub);
        let limit = self.settings.per_minute;
        if self
            .windows
            .take(&token.sub, 1, limit, MINUTE, now_ms)
            .is_err()
        {
            let text =
                "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'";
            return (principal, refusal(403, "userRateLimitExceeded", text));
        }
        let answer = if !route
            .scopes
            .iter()
            .any(|s| token.scopes.contains(&scope(s)))
        {
            let text = "Request had insufficient authentication scopes.";
            refusal(403, "insufficientPermissions", text)
        } else if self
            .users
            .get(&token.sub)
            .is_none_or(|u| !is_administrator(u))
        {
            answers::not_authorized()
        } else {
            let call = Call {
                request,
                at,
                query: http::form(&request.query),
                now_ms,
                sub: token.sub,
            };
            (route.run)(self, &call)
        };
        (principal, answer)
    }

    /// The person behind a key: id, primary address or alias. A foreign address is a 403.
    pub(crate) fn find(&self, key: &str) -> Result<String, Answer> {
        if self.users.contains_key(key) {
            return Ok(key.to_owned());
        }
        if let Some((_, domain)) = key.split_once('@')
            && !domain.eq_ignore_ascii_case(DOMAIN)
        {
            return Err(answers::not_authorized());
        }
        self.users
            .values()
            .find(|u| {
                let mut names = u.aliases.iter().chain([&u.primary_email]);
                names.any(|name| name.eq_ignore_ascii_case(key))
            })
            .map(|u| u.id.clone())
            .ok_or_else(|| refusal(404, "notFound", "Resource Not Found: userKey"))
    }

    /// The same for what changes a person or shows his secrets: a delegated administrator cannot
    /// act on a super administrator.
    pub(crate) fn find_to_act(&self, key: &str, call: &Call<'_>) -> Result<String, Answer> {
        let id = self.find(key)?;
        let by_super = self.users.get(&call.sub).is_some_and(|u| u.is_admin);
        if self.users[&id].is_admin && !by_super {
            return Err(answers::not_authorized());
        }
        Ok(id)
    }
}

fn is_administrator(user: &User) -> bool {
    (user.is_admin || user.is_delegated_admin) && !user.suspended
}

/// A scope in full.
pub(crate) fn scope(name: &str) -> String {
    format!("https://www.googleapis.com/auth/{name}")
}

fn finish(response: &mut Response, now_ms: i64) {
    let date = ("Date".to_owned(), http_date(now_ms));
    response.headers.push(date);
}

impl Vendor for Google {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        routes::is_write(request)
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms
    }

    fn canned(&mut self, status: u16, body: Vec<u8>, _request: &Request, now_ms: i64) -> Response {
        let mut answer = Response {
            status,
            headers: Vec::new(),
            body,
        };
        if !answer.body.is_empty() {
            let kind = "application/json; charset=UTF-8".to_owned();
            answer.headers.push(("Content-Type".to_owned(), kind));
        }
        finish(&mut answer, now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let answer = trouble(what, request);
        let mut response = answer.response("application/json; charset=UTF-8");
        finish(&mut response, now_ms);
        response
    }
}
