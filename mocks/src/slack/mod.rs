//! Slack Enterprise, as far as throwing a member out goes: the Web API's `admin.users.*` and SCIM.
//!
//! The Web API stands at `/api/<method>`, SCIM at `/scim/v2/…`. The Web API answers its own
//! failures with HTTP 200 and `ok: false`. Shapes, scopes, tiers and error names are those of
//! Slack's method reference; what is assumed says so where it stands.
//!
//! Absent: everything that is no account or session (messages, channels, files), and
//! `admin.users.deactivate`, whose scope and tier are not established.

mod args;
mod contoso;
mod inside;
mod members;
mod methods;
mod scim;
mod sessions;
pub mod state;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use contoso::{ENTERPRISE, READ_TOKEN, SCOPES, TOKEN, WORKSPACES};
pub use methods::methods;

use crate::http::{self, Request, Response};
use crate::rng::Rng;
use crate::vendor::{Answer, Handled, Trouble, Vendor, Windows};
use state::{AdminToken, Member, ResetJob, Workspace};

/// How this organisation differs from the ordinary one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the plan is Enterprise; without it `admin.*` answers `feature_not_enabled`.
    pub enterprise: bool,
    /// Whether `users.lookupByEmail` refuses the organisation's token (`enterprise_is_restricted`).
    pub lookup_restricted: bool,
    /// How long a bulk reset stays in the queue, milliseconds.
    pub bulk_delay_ms: i64,
    /// Requests a minute that replace a method's tier, by method.
    pub limits: BTreeMap<String, u32>,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// One Slack organisation.
#[derive(Debug, Clone)]
pub struct Slack {
    /// How it is configured.
    pub settings: Settings,
    /// Where it stands; `/api` and `/scim` lie below. No slash at the end.
    pub base_url: String,
    /// `E…`.
    pub enterprise_id: String,
    /// Workspaces by id.
    pub workspaces: BTreeMap<String, Workspace>,
    /// Members by id.
    pub members: BTreeMap<String, Member>,
    /// Tokens of administrators' apps, by name.
    pub admin_tokens: BTreeMap<String, AdminToken>,
    pub(crate) jobs: Vec<ResetJob>,
    pub(crate) windows: Windows,
    pub(crate) rng: Rng,
}

/// Who holds the token of a request.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// An administrator's app, by the name of its token.
    Admin(String),
    /// An app of a member, by member and token id.
    App(String, String),
}

impl Slack {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        self.carry_out_jobs(now_ms);
        let segments = http::segments(&request.path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (caller, answer) = match parts.as_slice() {
            ["api", method] => self.web_api(method, request, now_ms),
            ["scim", "v2", rest @ ..] => self.scim(rest, request, now_ms),
            _ => (None, Answer::empty(404)),
        };
        let mutating = self.is_write(request);
        let effective = answer.effective;
        let mut response = answer.response("application/json; charset=utf-8");
        self.finish(&mut response, caller.as_ref(), now_ms);
        Handled {
            response,
            principal: caller.map_or_else(String::new, |c| c.name()),
            mutating,
            effective,
        }
    }

    /// Who holds this token, or the Web API's name for what is wrong with it.
    pub(crate) fn caller(&self, request: &Request) -> Result<Caller, &'static str> {
        let header = request.header("authorization").unwrap_or_default();
        let Some(secret) = header.strip_prefix("Bearer ") else {
            return Err("not_authed");
        };
        if let Some(token) = self.admin_tokens.values().find(|t| t.secret == secret) {
            let active = self.members.get(&token.user_id).is_some_and(|m| m.active);
            return match (token.revoked, active) {
                (true, _) => Err("token_revoked"),
                (false, false) => Err("account_inactive"),
                (false, true) => Ok(Caller::Admin(token.id.clone())),
            };
        }
        self.members
            .values()
            .find_map(|m| {
                let token = m.app_tokens.values().find(|t| t.secret == secret)?;
                Some(Caller::App(m.id.clone(), token.id.clone()))
            })
            .ok_or("invalid_auth")
    }

    pub(crate) fn scopes_of(&self, caller: &Caller) -> Vec<String> {
        match caller {
            Caller::Admin(id) => self.admin_tokens[id].scopes.iter().cloned().collect(),
            Caller::App(..) => vec!["identify".to_owned()],
        }
    }

    fn finish(&mut self, response: &mut Response, caller: Option<&Caller>, now_ms: i64) {
        let mut put = |name: &str, value: String| response.headers.push((name.to_owned(), value));
        put("Date", crate::time::http_date(now_ms));
        put("X-Slack-Req-Id", self.rng.text(32).to_lowercase());
        if let Some(caller) = caller {
            put("X-OAuth-Scopes", self.scopes_of(caller).join(","));
        }
    }
}

impl Caller {
    fn name(&self) -> String {
        match self {
            Self::Admin(id) => format!("slack:{id}"),
            Self::App(user, token) => format!("slack:{user}:{token}"),
        }
    }
}

/// A failure as the Web API tells it: HTTP 200 and `ok: false`.
pub(crate) fn failure(error: &str) -> Answer {
    Answer::json(200, json!({ "ok": false, "error": error }))
}

/// A success, with what else there is to say.
pub(crate) fn success(mut rest: Value) -> Answer {
    let mut body = json!({ "ok": true });
    if let (Some(all), Some(more)) = (body.as_object_mut(), rest.as_object_mut()) {
        all.append(more);
    }
    Answer::json(200, body)
}

/// A SCIM error in the shape of SCIM 2.0.
pub(crate) fn scim_error(status: u16, detail: &str) -> Answer {
    Answer::json(
        status,
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "detail": detail,
            "status": status.to_string(),
        }),
    )
}

/// The body of a Web API failure, for [`FaultKind::Status`](crate::FaultKind::Status) with 200.
#[must_use]
pub fn slack_error(error: &str) -> String {
    json!({ "ok": false, "error": error }).to_string()
}

impl Vendor for Slack {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        methods::is_write(request)
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
        self.finish(&mut answer, None, now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let scim = request.path.starts_with("/scim/");
        // The Web API says no with 200; SCIM with a status.
        let error = |status: u16, web: &str| {
            if scim {
                scim_error(status, web)
            } else {
                failure(web)
            }
        };
        let throttle = |wait: Option<&str>| {
            let answer = Answer {
                status: 429,
                ..error(429, "ratelimited")
            };
            match wait {
                Some(seconds) => answer.header("Retry-After", seconds),
                None => answer,
            }
        };
        let answer = match what {
            Trouble::Status(status) => Answer {
                status,
                ..error(status, "internal_error")
            },
            Trouble::LieOk if scim => Answer::json(200, json!({})),
            Trouble::LieOk => success(json!({})),
            Trouble::AlreadyDone => error(409, "user_already_deleted"),
            Trouble::Unauthorized => error(401, "invalid_auth"),
            Trouble::Forbidden => error(403, "not_an_admin"),
            Trouble::NotFound => error(404, "user_not_found"),
            Trouble::Conflict => error(409, "restricted_action"),
            Trouble::ThrottleMinute => throttle(Some("30")),
            Trouble::ThrottleConcurrency => throttle(Some("1")),
            Trouble::ThrottleNoHeaders => throttle(None),
            Trouble::Internal => Answer {
                status: 500,
                ..error(500, "internal_error")
            },
            Trouble::ReadOnly => Answer {
                status: 503,
                ..error(503, "service_unavailable")
            },
        };
        let mut response = answer.response("application/json; charset=utf-8");
        self.finish(&mut response, None, now_ms);
        response
    }
}
