//! GitHub Enterprise Cloud, as far as throwing a member out goes: REST, GraphQL and SCIM on one host.
//!
//! One organisation within one enterprise, and an App installed at the organisation. REST stands at the
//! root and below `/api/v3`, GraphQL at `/graphql` and `/api/graphql`: github.com and a server of one's
//! own. Paths and shapes are those of the trimmed OpenAPI description and of the GraphQL schema; prose
//! of errors, the order of checks and which permission opens what is partly assumed, and said so.
//!
//! Absent: repositories, deploy keys, Codespaces, blocks, the audit log, and the revocation of known
//! token strings. Nobody's browser can be thrown out by API, as at GitHub.

mod answers;
mod app;
mod callers;
mod contoso;
mod credentials;
mod grants;
mod graphql;
mod inside;
mod limits;
mod members;
mod people;
mod queue;
mod routes;
mod schema;
mod scim;
pub mod state;

use std::collections::BTreeMap;

use serde_json::Value;

pub use answers::github_error;
pub use contoso::{
    APP_ID, ENTERPRISE, INSTALLATION_ID, ORG, PERMISSIONS, SHORTCODE, TOKEN, app_id_of,
    enterprise_of, org_of, token_of,
};
pub use routes::operations;

use crate::http::{self, Request, Response};
use crate::rng::Rng;
use crate::time::http_date;
use crate::vendor::{Answer, Handled, Trouble, Vendor, Windows};
use answers::{not_found, refusal};
use callers::Caller;
use limits::Quotas;
use state::{App, InstallationToken, Job, OwnersToken, Person};

/// Where single sign-on is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saml {
    /// Nowhere.
    None,
    /// At the organisation.
    Org,
    /// At the enterprise, for all of its organisations.
    Enterprise,
}

/// How this organisation differs from the ordinary one.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a trait that hosts differ by"
)]
pub struct Settings {
    /// Where single sign-on is configured.
    pub saml: Saml,
    /// Whether the enterprise manages its users.
    pub managed_users: bool,
    /// A server of one's own: nothing stands at the root.
    pub own_server: bool,
    /// A host that does not know the calls which revoke all of somebody's authorisations at once.
    pub revokes_one_by_one: bool,
    /// Whether fine-grained tokens need somebody's approval.
    pub grants_need_approval: bool,
    /// Whether a browser that has signed on may authorise credentials without signing on again. That it
    /// may not is inferred.
    pub browser_authorises: bool,
    /// How long an accepted revocation stays in the queue, milliseconds.
    pub queue_ms: i64,
    /// Of the owners by whom a list of fine-grained tokens is filtered, so many are heeded: the last.
    pub owners_heeded: usize,
    /// Requests an hour, of GraphQL as many points.
    pub per_hour: u32,
    /// Changes a minute.
    pub writes_per_minute: u32,
    /// Invitations in 24 hours.
    pub invitations_max: u32,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One organisation and its enterprise.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// Its name among the systems: `github`, `github:eng`.
    pub name: String,
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands. No slash at the end.
    pub base_url: String,
    /// The organisation's login.
    pub org: String,
    /// Its number.
    pub org_id: u64,
    /// The enterprise's slug.
    pub enterprise: String,
    /// What ends the logins of managed users, behind `_`.
    pub shortcode: String,
    /// People by id.
    pub people: BTreeMap<u64, Person>,
    /// The App of ours.
    pub app: App,
    /// Owners' tokens by name.
    pub owners_tokens: BTreeMap<String, OwnersToken>,
    pub(crate) installation_tokens: BTreeMap<String, InstallationToken>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) quotas: Quotas,
    pub(crate) windows: Windows,
    pub(crate) invited: u32,
    /// When anything last happened: nobody says the time to [`Downstream`](crate::vendor::Downstream).
    pub(crate) clock_ms: i64,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) now_ms: i64,
    pub(crate) caller: &'a Caller,
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

impl GitHub {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        self.carry_out_jobs(now_ms);
        let (principal, answer) = self.answer(request, now_ms);
        let effective = answer.effective;
        let mut response = answer.response(content_type(request));
        finish(&mut response, now_ms);
        Handled {
            response,
            principal,
            mutating: routes::is_write(request),
            effective,
        }
    }

    fn answer(&mut self, request: &Request, now_ms: i64) -> (String, Answer) {
        let nobody = |answer| (String::new(), answer);
        if request.header("user-agent").is_none_or(str::is_empty) {
            let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
            return nobody(refusal(403, text));
        }
        if let Some(version) = request.header("x-github-api-version")
            && !["2022-11-28", "2026-03-10"].contains(&version)
        {
            let text = format!("{version} is not a supported version of the API.");
            return nobody(refusal(400, &text));
        }
        let caller = match self.caller(request, now_ms) {
            Ok(caller) => caller,
            Err(refusal) => return nobody(refusal),
        };
        let principal = caller.name(&self.name);
        let Some(path) = routes::place(request, self.settings.own_server) else {
            return (principal, not_found());
        };
        let graphql = path == "/graphql";
        let resource = limits::resource(&path);
        if path == "/rate_limit" {
            let answer = self.rate_limit(&principal, now_ms);
            return (principal, answer);
        }
        if let Err(refusal) = self.throttle(&principal, resource, request, now_ms) {
            return (principal, *refusal);
        }
        let answer = if graphql {
            self.graphql(request, &caller)
        } else {
            self.rest(&path, request, &caller, now_ms)
        };
        let answer = self.with_quota(answer, &principal, resource, now_ms);
        (principal, self.with_scopes(answer, &caller))
    }

    fn rest(&mut self, path: &str, request: &Request, caller: &Caller, now_ms: i64) -> Answer {
        let segments = http::segments(path);
        let Some((route, at)) = routes::find(&request.method, &segments) else {
            return not_found();
        };
        let call = Call {
            request,
            at,
            query: http::form(&request.query),
            now_ms,
            caller,
        };
        if let Err(refusal) = self.admit(route, &call) {
            return *refusal;
        }
        (route.run)(self, &call)
    }

    /// The page of a list that a request asks for, with links to the others.
    pub(crate) fn paged(&self, all: Vec<Value>, call: &Call<'_>) -> Answer {
        let number = |name: &str, default: usize| {
            let given = call.query(name).and_then(|text| text.parse().ok());
            given.unwrap_or(default).max(1)
        };
        let (size, page) = (number("per_page", 30).min(100), number("page", 1));
        let pages = all.len().div_ceil(size).max(1);
        let link = |n: usize, rel: &str| {
            let others = call.query.iter().filter(|(key, _)| key != "page");
            let query: String = others
                .map(|(key, value)| format!("{}={}&", http::encode(key), http::encode(value)))
                .collect();
            let path = &call.request.path;
            format!("<{}{path}?{query}page={n}>; rel=\"{rel}\"", self.base_url)
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page - 1, "prev"));
        }
        if page < pages {
            links.push(link(page + 1, "next"));
            links.push(link(pages, "last"));
        }
        let rows = all.into_iter().skip((page - 1) * size).take(size);
        let answer = Answer::json(200, Value::Array(rows.collect()));
        match links.is_empty() {
            true => answer,
            false => answer.header("Link", links.join(", ")),
        }
    }
}

fn content_type(request: &Request) -> &'static str {
    if request.path.contains("/scim/") {
        "application/scim+json"
    } else {
        "application/json; charset=utf-8"
    }
}

fn finish(response: &mut Response, now_ms: i64) {
    let date = ("Date".to_owned(), http_date(now_ms));
    response.headers.push(date);
    let id = format!("MOCK:{now_ms:X}");
    response
        .headers
        .push(("X-GitHub-Request-Id".to_owned(), id));
}

impl Vendor for GitHub {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        routes::is_write(request)
    }

    fn advance(&mut self, now_ms: i64) {
        self.carry_out_jobs(now_ms);
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
            let kind = "application/json; charset=utf-8".to_owned();
            answer.headers.push(("Content-Type".to_owned(), kind));
        }
        finish(&mut answer, now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let path = routes::place(request, self.settings.own_server).unwrap_or_default();
        let quota = (limits::resource(&path), self.settings.per_hour);
        let answer = answers::trouble(what, request, quota, now_ms);
        let mut response = answer.response(content_type(request));
        finish(&mut response, now_ms);
        response
    }

    fn foreign_next(&self) -> fn(&mut Response) {
        |response| {
            let away = "<https://evil.example/orgs/contoso?page=2>; rel=\"next\"";
            for (name, value) in &mut response.headers {
                if name == "Link" {
                    away.clone_into(value);
                }
            }
        }
    }
}
