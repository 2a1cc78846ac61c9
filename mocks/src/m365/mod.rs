//! Microsoft 365, as far as throwing a person out goes: Entra's token endpoint and Graph v1.0.
//!
//! Graph stands at `/graph/v1.0/…`, sign-in at `/login/{tenant}/oauth2/v2.0/token`. Paths,
//! permissions, properties and statuses follow the OpenAPI subset of Graph; what is assumed says
//! so where it stands.
//!
//! Absent: Exchange beyond inbox rules (SMTP forwarding, delegates: not in Graph), app role
//! assignments, mailbox settings, groups, and `$filter` beyond what an incident asks.

mod answers;
mod audits;
mod batch;
mod contoso;
mod devices;
mod grants;
mod inside;
mod mail;
mod methods;
mod oauth;
mod odata;
mod routes;
pub mod state;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use answers::graph_error;
pub use contoso::{
    CLIENT_ID, PERMISSIONS, READ_PERMISSIONS, READER_CLIENT_ID, READER_SECRET, SECRET, TENANT,
};
pub use methods::KINDS;
pub use routes::operations;

use crate::http::{self, Request, Response};
use crate::rng::Rng;
use crate::time::http_date;
use crate::vendor::{Answer, Handled, Trouble, Vendor, Windows};
use answers::refusal;
use audits::Audit;
use state::{AccessToken, App, Grant, ServicePrincipal, User};

/// What becomes of a change to the state of an account that an on-premises directory manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncedWrite {
    /// It is taken, and overwritten at the next sync.
    Reverted,
    /// It is refused.
    Refused,
}

/// How this tenant differs from the ordinary one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long `signInSessionsValidFromDateTime` shows its old value after a revocation, milliseconds.
    pub replica_lag_ms: i64,
    /// Whether revoking answers 204 and no 200.
    pub revoke_answers_204: bool,
    /// What becomes of a change to a synced account.
    pub synced_write: SyncedWrite,
    /// How long after a change the next sync comes, milliseconds.
    pub sync_after_ms: i64,
    /// Whether the tenant has Entra ID P2, for risky users.
    pub p2: bool,
    /// Resource units an app may use in ten seconds.
    pub units_per_10_s: u32,
    /// Writes of an app in 150 seconds.
    pub writes_per_150_s: u32,
    /// Audit reports of an app in ten seconds.
    pub reports_per_10_s: u32,
    /// How long an audit event stays invisible, milliseconds.
    pub audit_delay_ms: i64,
    /// Whether batches are taken.
    pub takes_batches: bool,
    /// People, by object id, of whom no answer to a batch tells.
    pub batch_leaves_out: BTreeSet<String>,
    /// People, by object id, of whom an answer to a batch says this instead, whatever happened.
    pub batch_says: BTreeMap<String, u16>,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One tenant.
#[derive(Debug, Clone)]
pub struct M365 {
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands; `/graph` and `/login` lie below. No slash at the end.
    pub base_url: String,
    /// The tenant's id.
    pub tenant_id: String,
    /// People by object id.
    pub users: BTreeMap<String, User>,
    /// Consents by id.
    pub grants: BTreeMap<String, Grant>,
    /// Apps by object id.
    pub service_principals: BTreeMap<String, ServicePrincipal>,
    /// App registrations of ours by client id.
    pub apps: BTreeMap<String, App>,
    pub(crate) access_tokens: BTreeMap<String, AccessToken>,
    pub(crate) audits: Vec<Audit>,
    /// When the first of all [`User::sync_due_ms`] comes.
    pub(crate) next_sync_ms: Option<i64>,
    pub(crate) windows: Windows,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) now_ms: i64,
    /// The app that asks.
    pub(crate) client_id: String,
    pub(crate) permissions: BTreeSet<String>,
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

impl M365 {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        self.sync(now_ms);
        let segments = http::segments(&request.path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (principal, answer) = match parts.as_slice() {
            ["login", tenant, "oauth2", "v2.0", "token"] if request.method == "POST" => {
                (String::new(), self.token(tenant, request, now_ms))
            }
            ["graph", "v1.0", ..] => self.graph(&segments[2..], request, now_ms),
            _ => (String::new(), answers::no_such_segment()),
        };
        let effective = answer.effective;
        let response = self.finish(answer, request, now_ms);
        Handled {
            response,
            principal,
            mutating: routes::is_write(request),
            effective,
        }
    }

    fn graph(&mut self, segments: &[String], request: &Request, now_ms: i64) -> (String, Answer) {
        let header = request.header("authorization").unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let Some(token) = self.access_tokens.get(token).cloned() else {
            let text = "CompactToken parsing failed with error code: 80049217";
            return (
                String::new(),
                refusal(401, "InvalidAuthenticationToken", text),
            );
        };
        if token.expires_ms <= now_ms {
            let text = "Lifetime validation failed, the token is expired.";
            return (
                String::new(),
                refusal(401, "InvalidAuthenticationToken", text),
            );
        }
        let principal = format!("m365:{}", token.client_id);
        if segments == ["$batch"] && request.method == "POST" {
            return (principal, self.batch(request, now_ms));
        }
        let Some((route, at)) = routes::find(&request.method, segments) else {
            return (principal, answers::no_such_segment());
        };
        let call = Call {
            request,
            at,
            query: http::form(&request.query),
            now_ms,
            client_id: token.client_id,
            permissions: token.permissions,
        };
        let answer = match self.take_quota(route, &call) {
            Err(throttled) => throttled,
            Ok(units) if route.is_allowed(&call) => {
                (route.run)(self, &call).header("x-ms-resource-unit", units.to_string())
            }
            Ok(_) => answers::not_allowed(),
        };
        (principal, answer)
    }

    /// Counts a request against all that limits it; the result is what it cost.
    fn take_quota(&mut self, route: &routes::Route, call: &Call<'_>) -> Result<u32, Answer> {
        let (app, now_ms) = (&call.client_id, call.now_ms);
        let path = route.path;
        let units = match path {
            "/users" | "/users/{id}" if !route.writes && call.query("$select").is_none() => 2,
            _ => 1,
        };
        if path.starts_with("/identityProtection/") {
            // This service says nothing of when to come back.
            let key = "identity protection";
            let taken = self.windows.take(key, 1, 1, 1_000, now_ms);
            taken.map_err(|_| answers::throttled(None))?;
        }
        let mut limits = vec![(
            format!("units {app}"),
            units,
            self.settings.units_per_10_s,
            10_000,
        )];
        if path.starts_with("/auditLogs/") {
            let limit = self.settings.reports_per_10_s;
            limits.push((format!("reports {app}"), 1, limit, 10_000));
        }
        if route.writes {
            let limit = self.settings.writes_per_150_s;
            limits.push((format!("writes {app}"), 1, limit, 150_000));
        }
        for (key, units, limit, span_ms) in limits {
            let taken = self.windows.take(&key, units, limit, span_ms, now_ms);
            taken.map_err(|wait_s| answers::throttled(Some(wait_s)))?;
        }
        Ok(units)
    }

    /// The answer with Graph's headers, and the request's id inside an error too.
    fn finish(&mut self, mut answer: Answer, request: &Request, now_ms: i64) -> Response {
        let id = self.rng.uuid();
        if let Some(error) = answer.body.as_mut().and_then(|b| b.get_mut("error"))
            && error.is_object()
        {
            error["innerError"] = serde_json::json!({
                "date": crate::time::iso(now_ms).trim_end_matches(".000Z"),
                "request-id": id, "client-request-id": id,
            });
        }
        let mut response = answer.response("application/json;odata.metadata=minimal;charset=utf-8");
        let mut put = |name: &str, value: String| response.headers.push((name.to_owned(), value));
        put("Date", http_date(now_ms));
        if let Some(theirs) = request.header("client-request-id") {
            put("client-request-id", theirs.to_owned());
        }
        put("request-id", id);
        response
    }

    /// The person behind an object id or a principal name.
    pub(crate) fn find(&self, key: &str) -> Result<String, Answer> {
        if self.users.contains_key(key) {
            return Ok(key.to_owned());
        }
        self.users
            .values()
            .find(|u| u.upn.eq_ignore_ascii_case(key))
            .map(|u| u.id.clone())
            .ok_or_else(|| answers::no_such_resource(key))
    }

    /// The same for a write, which a restricted-management unit refuses.
    pub(crate) fn find_to_change(&self, key: &str) -> Result<String, Answer> {
        let id = self.find(key)?;
        if self.users[&id].restricted {
            return Err(answers::not_allowed());
        }
        Ok(id)
    }

    /// The on-premises directory has its way.
    fn sync(&mut self, now_ms: i64) {
        if self.next_sync_ms.is_none_or(|next| next > now_ms) {
            return;
        }
        self.next_sync_ms = None;
        for user in self.users.values_mut() {
            if user.sync_due_ms.is_some_and(|due| due <= now_ms) {
                user.sync_due_ms = None;
                user.account_enabled = user.enabled_on_premises;
            }
            self.next_sync_ms = [self.next_sync_ms, user.sync_due_ms]
                .into_iter()
                .flatten()
                .min();
        }
    }
}

impl Vendor for M365 {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        routes::is_write(request)
    }

    fn advance(&mut self, now_ms: i64) {
        self.sync(now_ms);
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms
    }

    fn canned(&mut self, status: u16, body: Vec<u8>, _request: &Request, now_ms: i64) -> Response {
        let asked = Request::default();
        let mut answer = self.finish(Answer::empty(status), &asked, now_ms);
        if !body.is_empty() {
            let kind = "application/json".to_owned();
            answer.headers.push(("Content-Type".to_owned(), kind));
        }
        answer.body = body;
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let answer = answers::trouble(what, request, now_ms);
        self.finish(answer, request, now_ms)
    }

    fn foreign_next(&self) -> fn(&mut Response) {
        |response| {
            let mut body = response.json();
            if body["value"].is_array() {
                body["@odata.nextLink"] = "http://evil.example/v1.0/next".into();
                response.body = body.to_string().into_bytes();
            }
        }
    }
}
