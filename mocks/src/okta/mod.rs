//! Okta, as its documentation describes it: the state of one org and the calls that read and change it.
//!
//! [`Okta::handle`] answers one request: finds the route, checks the caller, counts the rate
//! buckets, runs the operation, and lets the System Log say what happened. Everything an
//! operation needs to know of the outside (time, who asks) stands in its `Call`.
//!
//! The files follow Okta's own areas; [`state`] holds the values, `routes` the list of
//! operations with their scopes and whether they change anything. Absent: faults and the
//! journal ([`range`](crate::range)), and any idea of what a client ought to do.

mod answer;
mod apps;
mod auth;
mod devices;
mod events;
mod factors;
mod groups;
mod inside;
mod limits;
mod listing;
mod logs;
mod oauth;
mod org;
mod policies;
mod plant;
mod routes;
mod sessions;
pub mod state;
mod tokens;
mod trouble;
mod users;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use limits::rate_headers;
pub use limits::{Column, Limits};
pub use routes::operations;

pub(crate) use answer::Answer;
pub(crate) use auth::Principal;
use events::LogRow;
pub(crate) use events::Origin;
use state::{
    Agent, ApiToken, App, Device, Group, Idp, OauthClient, ServiceApp, ServiceToken, SupportCase,
    User, Zone,
};

use crate::http::{self, Request, Response};
use crate::rng::Rng;
pub use crate::vendor::Handled;

/// How this org differs from the ordinary one. Set before the first request.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Identity Engine (`idx`); false is Classic (`v1`).
    pub oie: bool,
    /// Whether the org may call global token revocation.
    pub universal_logout: bool,
    /// Whether suspending ends the user's sessions at once; sources disagree.
    pub suspend_ends_sessions: bool,
    /// Whether a session that a suspension ended leaves an event that names the suspension's request.
    pub suspend_tells_of_sessions: bool,
    /// Whether factors of a suspended account can be deleted.
    pub factors_go_while_suspended: bool,
    /// How long a log event stays invisible, milliseconds.
    pub log_delay_ms: i64,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
    /// Factors that the enrolment policy hides from `GET /factors`.
    pub hidden_factors: BTreeSet<String>,
    /// How far the clock in `Date` and `X-Rate-Limit-Reset` is off, milliseconds.
    pub date_skew_ms: i64,
    /// The nonce that the token endpoint wants in DPoP proofs at present.
    pub dpop_nonce: String,
    /// Whether the policy of the quarantine group denies sign-in. Only what is shown of it: nobody
    /// signs in here but the intruder, whom membership alone keeps out.
    pub quarantine_denies: bool,
    /// Whether another policy stands before it.
    pub before_quarantine: bool,
}

/// One Okta org.
#[derive(Debug, Clone)]
pub struct Okta {
    /// How it is configured.
    pub settings: Settings,
    /// `00o…`.
    pub org_id: String,
    /// Scheme and authority that links, `aud` and `htu` are made of; no slash at the end.
    pub base_url: String,
    /// The group whose policy denies sign-in.
    pub quarantine_group: String,
    /// Users by id.
    pub users: BTreeMap<String, User>,
    /// SSWS tokens by id.
    pub api_tokens: BTreeMap<String, ApiToken>,
    /// Directory agents by name.
    pub agents: BTreeMap<String, Agent>,
    /// Apps by id.
    pub apps: BTreeMap<String, App>,
    /// Groups by id.
    pub groups: BTreeMap<String, Group>,
    /// OAuth clients users consented to, by id.
    pub oauth_clients: BTreeMap<String, OauthClient>,
    /// Devices by id.
    pub devices: BTreeMap<String, Device>,
    /// Identity providers by id.
    pub idps: BTreeMap<String, Idp>,
    /// Network zones by id.
    pub zones: BTreeMap<String, Zone>,
    /// Event hooks by id, as the API shows them.
    pub event_hooks: BTreeMap<String, serde_json::Value>,
    /// Log streams by id, as the API shows them.
    pub log_streams: BTreeMap<String, serde_json::Value>,
    /// ThreatInsight: `none`, `audit` or `block`.
    pub threat_action: String,
    /// Zones ThreatInsight leaves alone.
    pub threat_exclude: Vec<String>,
    /// Until when Okta support may impersonate, milliseconds.
    pub support_until_ms: Option<i64>,
    /// Cases of Okta support by number; none: access is for the org as a whole.
    pub support_cases: BTreeMap<String, SupportCase>,
    /// Service apps by client id.
    pub service_apps: BTreeMap<String, ServiceApp>,
    /// The rate limits and how far they are used.
    pub limits: Limits,
    pub(crate) service_tokens: BTreeMap<String, ServiceToken>,
    pub(crate) used_jtis: BTreeSet<String>,
    pub(crate) log: Vec<LogRow>,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The path parameters, decoded, in order.
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) now_ms: i64,
    pub(crate) request_id: String,
    pub(crate) who: Principal,
}

impl Call<'_> {
    /// The n-th path parameter; the routes promise that it exists.
    pub(crate) fn param(&self, n: usize) -> &str {
        self.at.get(n).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.query(name).map_or(default, |v| v == "true")
    }

    /// Whether an item stands behind the cursor of a paged list.
    pub(crate) fn is_after(&self, id: &str) -> bool {
        self.query("after").is_none_or(|after| id > after)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.request.body).unwrap_or(serde_json::Value::Null)
    }
}

impl Okta {
    /// Answers one request at `now_ms`. Never fails: whatever cannot be answered is an Okta error.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        let request_id = self.rng.text(27);
        let segments = http::segments(&request.path);
        let found = routes::find(&request.method, &segments);
        let mutating = self.is_write(request);
        let (principal, bucket, answer) = match found {
            None if routes::is_known(&segments) => (String::new(), None, Answer::wrong_method()),
            None => (String::new(), None, Answer::no_such_path()),
            Some((route, at)) => self.run(route, at, request, &request_id, now_ms),
        };
        let effective = answer.effective;
        let mut response = answer.response(&request_id);
        self.finish(
            &mut response,
            request_id,
            bucket.as_deref(),
            &principal,
            now_ms,
        );
        Handled {
            response,
            principal,
            mutating,
            effective,
        }
    }

    fn run(
        &mut self,
        route: &routes::Route,
        at: Vec<String>,
        request: &Request,
        request_id: &str,
        now_ms: i64,
    ) -> (String, Option<String>, Answer) {
        let who = match self.authenticate(route, request, now_ms) {
            Ok(who) => who,
            Err(answer) => return (String::new(), None, answer),
        };
        let principal = who.name();
        let bucket = limits::bucket(&request.method, &request.path);
        if !self.limits.take(bucket, &principal, now_ms) {
            return (principal, Some(bucket.to_owned()), Answer::throttled());
        }
        let call = Call {
            request,
            at,
            query: http::form(&request.query),
            now_ms,
            request_id: request_id.to_owned(),
            who,
        };
        let answer = match self.permit(route, &call) {
            Ok(()) => (route.run)(self, &call),
            Err(refusal) => refusal,
        };
        (principal, Some(bucket.to_owned()), answer)
    }

    /// Whether the endpoint of this request changes things. An unknown one is taken to, unless read by GET.
    #[must_use]
    pub fn is_write(&self, request: &Request) -> bool {
        routes::find(&request.method, &http::segments(&request.path))
            .map_or(request.method != "GET", |(r, _)| r.writes)
    }

    /// An answer that no operation made, with Okta's headers: what a fault shows. It counts against no
    /// bucket, and tells how the one stands that the request falls in.
    pub(crate) fn canned(
        &mut self,
        status: u16,
        body: Vec<u8>,
        request: &Request,
        now_ms: i64,
    ) -> Response {
        let mut answer = Response {
            status,
            headers: Vec::new(),
            body,
        };
        if !answer.body.is_empty() {
            answer
                .headers
                .push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let request_id = self.rng.text(27);
        self.finish_for(request, &mut answer, request_id, now_ms);
        answer
    }

    /// The same with an Okta error as its body.
    pub(crate) fn canned_error(
        &mut self,
        status: u16,
        code: &str,
        summary: &str,
        causes: &[&str],
        request: &Request,
        now_ms: i64,
    ) -> Response {
        let request_id = self.rng.text(27);
        let mut answer = Answer::error(status, code, summary, causes).response(&request_id);
        self.finish_for(request, &mut answer, request_id, now_ms);
        answer
    }

    fn finish_for(
        &self,
        request: &Request,
        answer: &mut Response,
        request_id: String,
        now_ms: i64,
    ) {
        let bucket = limits::bucket(&request.method, &request.path);
        let principal = self.bearer_of(request);
        self.finish(answer, request_id, Some(bucket), &principal, now_ms);
    }

    fn finish(
        &self,
        answer: &mut Response,
        request_id: String,
        bucket: Option<&str>,
        principal: &str,
        now_ms: i64,
    ) {
        let date = crate::time::http_date(now_ms);
        answer.headers.push(("Date".to_owned(), date));
        answer
            .headers
            .push(("X-Okta-Request-Id".to_owned(), request_id));
        answer
            .headers
            .extend(self.limits.headers(bucket, principal, now_ms));
        crate::http::skew(answer, self.settings.date_skew_ms);
    }
}
