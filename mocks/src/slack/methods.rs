//! The Web API's methods: verb, scope, tier, whether it changes something, who carries it out.
//!
//! Every answer but a throttle has status 200. The order of the checks (method, token, rate,
//! scope, plan, role, arguments) is assumed: Slack documents the errors, not their order.

use serde_json::json;

use super::args::Args;
use super::{Caller, Slack, failure};
use crate::http::Request;
use crate::time::MINUTE;
use crate::vendor::Answer;

/// One call on its way through a method.
pub(crate) struct Call<'a> {
    pub(crate) args: Args,
    pub(crate) caller: &'a Caller,
    pub(crate) now_ms: i64,
}

type Run = fn(&mut Slack, &Call<'_>) -> Answer;

/// One method.
struct Method {
    name: &'static str,
    verb: &'static str,
    /// The scope it needs; empty for none.
    scope: &'static str,
    /// Calls a minute.
    tier: u32,
    takes_json: bool,
    /// Whether it changes the organisation, by the mock's own judgement.
    writes: bool,
    run: Run,
}

const READ: &str = "admin.users:read";
const WRITE: &str = "admin.users:write";
/// "Tier 2: 20+ per minute" and so on; the mock gives what is promised and no more.
const TIER_2: u32 = 20;
const TIER_3: u32 = 50;
const TIER_4: u32 = 100;
/// `auth.test` has a tier of its own; Slack says "hundreds of requests per minute".
const SPECIAL: u32 = 300;

#[rustfmt::skip]
const METHODS: &[Method] = &[
    Method { name: "auth.test", verb: "POST", scope: "", tier: SPECIAL, takes_json: true, writes: false, run: Slack::auth_test },
    Method { name: "auth.teams.list", verb: "POST", scope: "", tier: TIER_2, takes_json: false, writes: false, run: Slack::teams_list },
    Method { name: "auth.revoke", verb: "GET", scope: "", tier: TIER_3, takes_json: false, writes: true, run: Slack::auth_revoke },
    Method { name: "users.lookupByEmail", verb: "GET", scope: "users:read.email", tier: TIER_3, takes_json: false, writes: false, run: Slack::lookup_by_email },
    Method { name: "users.info", verb: "GET", scope: "users:read", tier: TIER_4, takes_json: false, writes: false, run: Slack::users_info },
    Method { name: "admin.teams.list", verb: "POST", scope: "admin.teams:read", tier: TIER_3, takes_json: true, writes: false, run: Slack::teams_list },
    Method { name: "admin.users.list", verb: "POST", scope: READ, tier: TIER_4, takes_json: true, writes: false, run: Slack::admin_users_list },
    Method { name: "admin.users.session.list", verb: "POST", scope: READ, tier: TIER_2, takes_json: true, writes: false, run: Slack::session_list },
    Method { name: "admin.users.session.reset", verb: "POST", scope: WRITE, tier: TIER_2, takes_json: true, writes: true, run: Slack::session_reset },
    Method { name: "admin.users.session.resetBulk", verb: "POST", scope: WRITE, tier: TIER_2, takes_json: true, writes: true, run: Slack::session_reset_bulk },
    Method { name: "admin.users.session.invalidate", verb: "POST", scope: WRITE, tier: TIER_2, takes_json: true, writes: true, run: Slack::session_invalidate },
    Method { name: "admin.users.remove", verb: "POST", scope: WRITE, tier: TIER_2, takes_json: true, writes: true, run: Slack::remove_from_workspace },
    Method { name: "admin.users.assign", verb: "POST", scope: WRITE, tier: TIER_2, takes_json: true, writes: true, run: Slack::assign_to_workspace },
];

/// Name, verb, scope and effect of every Web API method the mock carries out.
#[must_use]
pub fn methods() -> Vec<(&'static str, &'static str, &'static str, bool)> {
    METHODS
        .iter()
        .map(|m| (m.name, m.verb, m.scope, m.writes))
        .collect()
}

/// Whether a request goes to something that changes the organisation. `auth.revoke` with `test=1`
/// is a dry run; what is unknown is taken to write unless it is read by GET.
pub(super) fn is_write(request: &Request) -> bool {
    let Some(name) = request.path.strip_prefix("/api/") else {
        return request.method != "GET";
    };
    if name == "auth.revoke" {
        let args = Args::read(request, false).unwrap_or_default();
        return !args.flag("test");
    }
    METHODS
        .iter()
        .find(|m| m.name == name)
        .map_or(request.method != "GET", |m| m.writes)
}

impl Slack {
    /// Carries out one method, and says who called.
    pub(super) fn web_api(
        &mut self,
        name: &str,
        request: &Request,
        now_ms: i64,
    ) -> (Option<Caller>, Answer) {
        // Slack takes some methods by both verbs; the mock only by the documented one.
        let known = METHODS.iter().find(|m| m.name == name);
        let Some(method) = known.filter(|m| m.verb == request.method) else {
            return (None, failure("unknown_method"));
        };
        let caller = match self.caller(request) {
            Ok(caller) => caller,
            Err(error) => return (None, failure(error)),
        };
        let answer = self.permitted(method, &caller, request, now_ms);
        (Some(caller), answer)
    }

    fn permitted(
        &mut self,
        method: &Method,
        caller: &Caller,
        request: &Request,
        now_ms: i64,
    ) -> Answer {
        let limit = self.settings.limits.get(method.name);
        let limit = limit.copied().unwrap_or(method.tier);
        let key = format!("{} {}", method.name, caller.name());
        if let Err(wait_s) = self.windows.take(&key, 1, limit, MINUTE, now_ms) {
            return Answer {
                status: 429,
                ..failure("ratelimited")
            }
            .header("Retry-After", wait_s.to_string());
        }
        let answer = match self.may(method, caller) {
            Err(refusal) => refusal,
            Ok(()) => match Args::read(request, method.takes_json) {
                Err(error) => failure(error),
                Ok(args) => (method.run)(
                    self,
                    &Call {
                        args,
                        caller,
                        now_ms,
                    },
                ),
            },
        };
        if method.scope.is_empty() {
            answer
        } else {
            answer.header("X-Accepted-OAuth-Scopes", method.scope)
        }
    }

    fn may(&self, method: &Method, caller: &Caller) -> Result<(), Answer> {
        let held = self.scopes_of(caller);
        if !method.scope.is_empty() && !held.iter().any(|s| s == method.scope) {
            return Err(Answer::json(
                200,
                json!({ "ok": false, "error": "missing_scope", "needed": method.scope, "provided": held.join(",") }),
            ));
        }
        if method.name.starts_with("admin.") {
            if !self.settings.enterprise {
                return Err(failure("feature_not_enabled"));
            }
            if !self.is_administrator(caller) {
                return Err(failure("not_an_admin"));
            }
        }
        Ok(())
    }

    /// Whether the one who installed the app is still an owner or admin of the organisation.
    pub(super) fn is_administrator(&self, caller: &Caller) -> bool {
        self.owner_of(caller)
            .is_some_and(|m| m.is_admin || m.is_owner || m.is_primary_owner)
    }

    /// The member in whose name a token speaks.
    pub(super) fn owner_of(&self, caller: &Caller) -> Option<&super::state::Member> {
        let id = match caller {
            Caller::Admin(token) => &self.admin_tokens.get(token)?.user_id,
            Caller::App(user, _) => user,
        };
        self.members.get(id)
    }
}
