//! What tests and the intruder know of the organisation without asking its API: the truth.

use serde_json::json;

use super::Slack;
use super::state::{AppToken, Member, Session};
use crate::accounts::slack_id;
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many sessions he opens before he is content.
const GREED_MAX: usize = 6;

impl Slack {
    /// SHA-256 over all that belongs to the organisation: members, workspaces. No limits, no queue.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&json!([self.members, self.workspaces, self.enterprise_id]))
    }

    /// A member by id or mail address.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members
            .get(key)
            .or_else(|| self.members.values().find(|m| m.email == key))
    }

    /// What the intruder still holds of a member, in words. A deactivated member has none of it.
    #[must_use]
    pub fn holds(&self, user: &str) -> Vec<String> {
        let Some(member) = self.member(user) else {
            return Vec::new();
        };
        let sessions = member.sessions.values().filter(|s| s.intruder);
        let tokens = member.app_tokens.values().filter(|t| t.intruder);
        sessions
            .map(|s| format!("session {} in {} from {}", s.id, s.team_id, s.ip))
            .chain(tokens.map(|t| format!("user token {} of {}", t.id, t.app)))
            .collect()
    }

    /// Gives the intruder a user token of an app, which no session reset ends. Returns its id.
    pub fn plant_app_token(&mut self, user: &str, app: &str) -> Option<String> {
        let secret = format!("xoxp-{}", self.rng.text(24));
        let member = self.members.get_mut(user)?;
        let id = format!("apptoken{}", member.app_tokens.len() + 1);
        let token = AppToken {
            id: id.clone(),
            app: app.to_owned(),
            secret,
            intruder: true,
        };
        member.app_tokens.insert(id.clone(), token);
        Some(id)
    }

    /// Signs a member in to a team. Returns the session's id.
    pub fn sign_in(
        &mut self,
        user: &str,
        team: &str,
        ip: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<u64> {
        let id = 1_000_000_000_000 + self.rng.below(9_000_000_000_000);
        let member = self.members.get_mut(user).filter(|m| m.active)?;
        let session = Session {
            id,
            team_id: team.to_owned(),
            created_ms: now_ms,
            ip: ip.to_owned(),
            os: if intruder { "Windows" } else { "OS X" }.to_owned(),
            mobile: false,
            intruder,
        };
        member.sessions.insert(id, session);
        Some(id)
    }
}

impl Downstream for Slack {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        let team = self.enterprise_id.clone();
        self.sign_in(id, &team, ip, true, now_ms).is_some()
    }

    fn is_inside(&self, id: &str) -> bool {
        self.members
            .get(id)
            .is_some_and(|m| m.sessions.values().any(|s| s.intruder))
    }

    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str {
        let Some(member) = self.members.get(id) else {
            return "slack_nothing";
        };
        if member.sessions.len() >= GREED_MAX {
            return "slack_nothing";
        }
        let teams: Vec<&String> = member.workspaces.iter().collect();
        let at = usize::try_from(chance.below(teams.len() as u64)).unwrap_or(0);
        let Some(team) = teams.get(at).map(|t| (*t).clone()) else {
            return "slack_nothing";
        };
        self.sign_in(id, &team, "203.0.113.140", true, now_ms);
        "slack_session"
    }
}

impl Service for Slack {
    fn id_of(&self, login: &str) -> String {
        slack_id(login)
    }

    fn digest(&self) -> String {
        Self::digest(self)
    }

    fn holds(&self, id: &str, _now_ms: i64) -> Vec<String> {
        Self::holds(self, id)
    }

    fn set_base_url(&mut self, url: String) {
        self.base_url = url;
    }

    fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0x51AC);
    }

    fn set_latency_ms(&mut self, ms: u64) {
        self.settings.latency_ms = ms;
    }

    fn employ(&mut self, login: &str, first: &str, last: &str, created_ms: i64) {
        self.join(login, first, last, created_ms);
    }

    fn befall(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        self.take_over(login, start_ms, now_ms);
    }

    fn dismiss(&mut self, login: &str) {
        self.members.remove(&slack_id(login));
    }

    fn evacuate(&mut self) {
        self.members.clear();
    }
}
