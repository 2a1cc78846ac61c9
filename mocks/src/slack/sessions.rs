//! Sessions: the list whose emptiness is an error, the reset, its bulk form, the single one.

use serde_json::{Value, json};

use super::methods::Call;
use super::state::{ResetJob, Session, Which};
use super::{Slack, failure, success};
use crate::vendor::Answer;

/// The largest page of sessions.
const PAGE_MAX: usize = 1000;
/// The most users of one bulk reset.
const BULK_MAX: usize = 1000;

impl Slack {
    /// `admin.users.session.list`: of one user in one team, or of everybody. A team is a workspace or
    /// the enterprise itself, as in Slack's own example; each has its own sessions (assumed).
    pub(super) fn session_list(&mut self, call: &Call<'_>) -> Answer {
        let (team, user) = (call.args.text("team_id"), call.args.text("user_id"));
        match (team, user) {
            (None, Some(_)) => return failure("missing_team"),
            (Some(_), None) => return failure("missing_user"),
            _ => {}
        }
        if let Some(id) = user {
            match self.members.get(id) {
                None => return failure("user_not_found"),
                Some(member) if member.is_bot => return failure("bots_not_allowed"),
                Some(_) => {}
            }
        }
        if team.is_some_and(|t| t != self.enterprise_id && !self.workspaces.contains_key(t)) {
            return failure("team_not_found");
        }
        let limit = match call.args.number("limit") {
            Ok(None) => PAGE_MAX,
            Ok(Some(n @ 1..=1000)) => usize::try_from(n).unwrap_or(PAGE_MAX),
            _ => return failure("invalid_arguments"),
        };
        let after = match call.args.text("cursor").map(after) {
            None => 0,
            Some(Some(id)) => id,
            Some(None) => return failure("invalid_cursor"),
        };
        let mut found: Vec<(&str, &Session)> = self
            .members
            .values()
            .filter(|m| user.is_none_or(|id| id == m.id))
            .flat_map(|m| m.sessions.values().map(|s| (m.id.as_str(), s)))
            .filter(|(_, s)| team.is_none_or(|t| t == s.team_id))
            .collect();
        if found.is_empty() {
            return failure("no_active_sessions");
        }
        found.sort_by_key(|(_, s)| s.id);
        found.retain(|(_, s)| s.id > after);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(_, s)| cursor(s.id));
        let rows: Vec<Value> = found.iter().map(|(id, s)| session_json(id, s)).collect();
        success(json!({
            "active_sessions": rows,
            "response_metadata": { "next_cursor": next.unwrap_or_default() },
        }))
    }

    /// `admin.users.session.reset`.
    pub(super) fn session_reset(&mut self, call: &Call<'_>) -> Answer {
        let Some(id) = call.args.text("user_id").map(str::to_owned) else {
            return failure("invalid_arguments");
        };
        let Some(which) = which(call) else {
            return failure("invalid_arguments");
        };
        if let Err(error) = self.may_reset(&id, call) {
            return failure(error);
        }
        let changed = self.end_sessions(&id, which);
        success(json!({})).changed(changed)
    }

    /// `admin.users.session.resetBulk`: `ok` means that a job waits, not that anything ended.
    pub(super) fn session_reset_bulk(&mut self, call: &Call<'_>) -> Answer {
        let ids = call.args.list("user_ids");
        let Some(which) = which(call) else {
            return failure("invalid_arguments");
        };
        if ids.is_empty() || ids.len() > BULK_MAX {
            return failure("invalid_arguments");
        }
        for id in &ids {
            match self.may_reset(id, call) {
                Ok(()) => {}
                Err("cannot_reset_primary_owner") => return failure("session_reset_not_allowed"),
                Err(error) => return failure(error),
            }
        }
        let changed = ids.iter().any(|id| !self.members[id].sessions.is_empty());
        self.jobs.push(ResetJob {
            due_ms: call.now_ms.saturating_add(self.settings.bulk_delay_ms),
            user_ids: ids,
            which,
        });
        success(json!({})).changed(changed)
    }

    /// `admin.users.session.invalidate`; `team_id` is being phased out and only looked at if given.
    pub(super) fn session_invalidate(&mut self, call: &Call<'_>) -> Answer {
        let (Some(id), Ok(Some(session))) =
            (call.args.text("user_id"), call.args.number("session_id"))
        else {
            return failure("invalid_arguments");
        };
        let by_primary = self
            .owner_of(call.caller)
            .is_some_and(|m| m.is_primary_owner);
        let team = call.args.text("team_id");
        let Some(member) = self.members.get_mut(id) else {
            return failure("user_not_found");
        };
        if member.is_primary_owner && !by_primary {
            return failure("cannot_invalidate_primary_owner");
        }
        let there = member
            .sessions
            .get(&session)
            .is_some_and(|s| team.is_none_or(|t| t == s.team_id));
        if !there {
            return failure("session_not_found");
        }
        member.sessions.remove(&session);
        success(json!({})).changed(true)
    }

    /// Carries out the bulk resets whose time has come. Sessions that began meanwhile end too.
    pub(super) fn carry_out_jobs(&mut self, now_ms: i64) {
        let (due, later) = std::mem::take(&mut self.jobs)
            .into_iter()
            .partition(|job| job.due_ms <= now_ms);
        self.jobs = later;
        let due: Vec<ResetJob> = due;
        for job in due {
            for id in &job.user_ids {
                self.end_sessions(id, job.which);
            }
        }
    }

    fn may_reset(&self, id: &str, call: &Call<'_>) -> Result<(), &'static str> {
        let member = self.members.get(id).ok_or("user_not_found")?;
        if member.is_bot {
            return Err("cannot_reset_bot");
        }
        let by_primary = self
            .owner_of(call.caller)
            .is_some_and(|m| m.is_primary_owner);
        if member.is_primary_owner && !by_primary {
            return Err("cannot_reset_primary_owner");
        }
        Ok(())
    }

    /// Ends sessions and nothing else: tokens of apps live on.
    fn end_sessions(&mut self, id: &str, which: Which) -> bool {
        let Some(member) = self.members.get_mut(id) else {
            return false;
        };
        let before = member.sessions.len();
        member.sessions.retain(|_, s| match which {
            Which::All => false,
            Which::Mobile => !s.mobile,
            Which::Web => s.mobile,
        });
        before != member.sessions.len()
    }
}

/// `mobile_only` and `web_only`; both at once is taken to be wrong.
fn which(call: &Call<'_>) -> Option<Which> {
    match (call.args.flag("mobile_only"), call.args.flag("web_only")) {
        (false, false) => Some(Which::All),
        (true, false) => Some(Which::Mobile),
        (false, true) => Some(Which::Web),
        (true, true) => None,
    }
}

fn session_json(user: &str, session: &Session) -> Value {
    let client = json!({
        "device_hardware": if session.mobile { "Phone" } else { "Intel" },
        "os": session.os, "os_version": "1.0", "slack_client_version": "4.41.0", "ip": session.ip,
    });
    json!({
        "user_id": user, "team_id": session.team_id, "session_id": session.id,
        "created": client, "recent": client,
    })
}

fn cursor(id: u64) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("session:{id}"))
}

fn after(cursor: &str) -> Option<u64> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD
        .decode(cursor)
        .ok()?;
    let text = String::from_utf8(text).ok()?;
    text.strip_prefix("session:")?.parse().ok()
}
