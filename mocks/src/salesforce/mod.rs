//! A Salesforce org, as far as throwing a person out goes: SOQL, three kinds of record, OAuth.
//!
//! All stands below `/services`, as at a My Domain host. Salesforce publishes no machine-readable
//! description; shapes follow its object reference and REST guide, and what they leave open is said
//! where it stands. Errors are arrays; an object that somebody may not see is unknown to him
//! (`INVALID_TYPE`), and rows that he may not see are simply not there.
//!
//! Absent: whatever is no account, session or token; JWT-based access tokens, which no REST call ends;
//! the Connect API's usage of apps.

mod answers;
mod contoso;
mod inside;
mod oauth;
pub(crate) mod objects;
mod query;
mod records;
mod routes;
mod soql;
pub mod state;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use answers::salesforce_error;
pub use contoso::{CLIENT_ID, USERNAME, client_id_of, username_of};
pub use routes::operations;

use crate::http::{self, Request, Response};
use crate::rng::Rng;
use crate::time::http_date;
use crate::vendor::{Answer, Handled, Trouble, Vendor};
use answers::{not_found, refusal, trouble};
use state::{AccessToken, App, Cursor, User};

/// The oldest and the newest version of the API here: Winter '23 and Spring '26.
const VERSIONS: std::ops::RangeInclusive<u32> = 56..=66;

/// How this org differs from the ordinary one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A sandbox, whose assertions are for `https://test.salesforce.com`.
    pub sandbox: bool,
    /// The newest version of the API that the org has.
    pub newest_version: u32,
    /// How many rows one answer holds, unless asked for less.
    pub batch_rows: usize,
    /// The same for `OauthToken`; 500.
    pub token_batch_rows: usize,
    /// How many rows of `OauthToken` a query gives in all; 2,500.
    pub token_rows_max: usize,
    /// Requests in 24 hours, whoever makes them.
    pub daily_max: u32,
    /// How long an access token of ours lives after it was given, milliseconds.
    pub token_life_ms: i64,
    /// Whether the composite delete takes rows of `AuthSession`; nobody says that it does.
    pub composite_takes_sessions: bool,
    /// Sessions, by id, whose row somebody else is at: they cannot be deleted.
    pub locked: BTreeSet<String>,
    /// Whether an app's token opens sessions of a frozen person. Freezing stops logins; Salesforce
    /// does not say whether this is one, and the mock assumes the worse.
    pub tokens_work_while_frozen: bool,
    /// Whether business rules forbid to deactivate anybody.
    pub deactivation_blocked: bool,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One org.
#[derive(Debug, Clone)]
pub struct Salesforce {
    /// Its name among the systems: `salesforce`, `salesforce:eu`.
    pub name: String,
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands; `/services` lies below. No slash at the end.
    pub base_url: String,
    /// `00D…`.
    pub org_id: String,
    /// People by id.
    pub users: BTreeMap<String, User>,
    /// The app of ours.
    pub app: App,
    /// How many requests were counted in these 24 hours.
    pub requests_used: u32,
    /// How often anybody selected `OauthToken.AccessToken`, which nobody ever should.
    pub access_token_reads: u32,
    pub(crate) access_tokens: BTreeMap<String, AccessToken>,
    pub(crate) cursors: BTreeMap<String, Cursor>,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    /// Such as `v66.0`.
    pub(crate) version: String,
    /// Who asks, by id.
    pub(crate) user_id: String,
}

impl Call<'_> {
    pub(crate) fn param(&self, n: usize) -> &str {
        self.at.get(n).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Salesforce {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        let segments = http::segments(&request.path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (principal, answer) = match parts.as_slice() {
            ["services", "oauth2", rest @ ..] => (String::new(), self.oauth(rest, request, now_ms)),
            ["services", "data"] => (String::new(), self.versions(request)),
            ["services", "data", version, ..] => {
                self.data(version, &segments[3..], request, now_ms)
            }
            _ => (String::new(), not_found()),
        };
        let effective = answer.effective;
        let mut response = answer.response("application/json;charset=UTF-8");
        self.finish(&mut response, request, now_ms);
        Handled {
            response,
            principal,
            mutating: routes::is_write(request),
            effective,
        }
    }

    /// The list of versions, which needs no token.
    fn versions(&self, request: &Request) -> Answer {
        if request.method != "GET" {
            return answers::not_allowed(&request.method);
        }
        let all = (*VERSIONS.start()..=self.settings.newest_version).map(|n| {
            json!({ "label": label(n), "url": format!("/services/data/v{n}.0"), "version": format!("{n}.0") })
        });
        Answer::json(200, Value::Array(all.collect()))
    }

    fn data(
        &mut self,
        version: &str,
        rest: &[String],
        request: &Request,
        now_ms: i64,
    ) -> (String, Answer) {
        let bearer = request
            .header("authorization")
            .and_then(|h| h.strip_prefix("Bearer "));
        let token = bearer.and_then(|t| self.access_tokens.get(t));
        let caller = token
            .filter(|t| t.expires_ms > now_ms)
            .and_then(|t| self.users.get(&t.user_id))
            .filter(|user| user.is_active);
        let Some(caller) = caller else {
            let text = "Session expired or invalid";
            return (String::new(), refusal(401, "INVALID_SESSION_ID", text));
        };
        let principal = format!("{}:{}", self.name, caller.username);
        let user_id = caller.id.clone();
        if self.requests_used >= self.settings.daily_max {
            let text = "TotalRequests Limit exceeded.";
            return (principal, refusal(403, "REQUEST_LIMIT_EXCEEDED", text));
        }
        self.requests_used += 1;
        let number = version
            .strip_prefix('v')
            .and_then(|v| v.strip_suffix(".0"))
            .and_then(|v| v.parse().ok());
        let known = *VERSIONS.start()..=self.settings.newest_version;
        if !number.is_some_and(|n: u32| known.contains(&n)) {
            return (principal, not_found());
        }
        if !self.may(&user_id, "ApiEnabled") {
            let text = "The REST API is not enabled for this Organization.";
            return (principal, refusal(403, "API_DISABLED_FOR_ORG", text));
        }
        let answer = match routes::find(&request.method, rest) {
            Err(refusal) => refusal,
            Ok((run, at)) => run(
                self,
                &Call {
                    request,
                    at,
                    query: http::form(&request.query),
                    version: version.to_owned(),
                    user_id,
                },
            ),
        };
        (principal, answer)
    }

    /// Whether a person holds a permission such as `ManageUsers`.
    pub(crate) fn may(&self, user: &str, permission: &str) -> bool {
        self.users
            .get(user)
            .is_some_and(|u| u.permissions.contains(permission))
    }

    fn limits(&mut self, _call: &Call<'_>) -> Answer {
        let max = self.settings.daily_max;
        Answer::json(
            200,
            json!({ "DailyApiRequests": { "Max": max, "Remaining": max.saturating_sub(self.requests_used) } }),
        )
    }

    fn finish(&self, response: &mut Response, request: &Request, now_ms: i64) {
        let mut put = |name: &str, value: String| response.headers.push((name.to_owned(), value));
        put("Date", http_date(now_ms));
        if request.path.starts_with("/services/data/") {
            let usage = format!(
                "api-usage={}/{}",
                self.requests_used, self.settings.daily_max
            );
            put("Sforce-Limit-Info", usage);
        }
    }
}

/// The name of a release: two and a half years of which Spring '26 is the last.
fn label(version: u32) -> String {
    let season = ["Spring", "Summer", "Winter"][usize::try_from(version % 3).unwrap_or(0)];
    // 66 is Spring '26, 65 Winter '26, 64 Summer '25.
    let year = 26 - (66 - version.min(66)).div_ceil(3) + u32::from(version % 3 == 2);
    format!("{season} '{year}")
}

impl Vendor for Salesforce {
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
            let kind = "application/json;charset=UTF-8".to_owned();
            answer.headers.push(("Content-Type".to_owned(), kind));
        }
        self.finish(&mut answer, &Request::default(), now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let mut response = trouble(what, request).response("application/json;charset=UTF-8");
        self.finish(&mut response, request, now_ms);
        response
    }

    fn foreign_next(&self) -> fn(&mut Response) {
        |response| {
            let mut body = response.json();
            if body.get("nextRecordsUrl").is_some() {
                body["nextRecordsUrl"] = "https://evil.example/services/data/query/01g-1".into();
                response.body = body.to_string().into_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn releases_are_named_as_salesforce_names_them() {
        let names = [66, 65, 64, 63, 62, 61, 60].map(super::label);
        let known = [
            "Spring '26",
            "Winter '26",
            "Summer '25",
            "Spring '25",
            "Winter '25",
            "Summer '24",
            "Spring '24",
        ];
        assert_eq!(names, known);
    }
}
