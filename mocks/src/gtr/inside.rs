//! What tests and the intruder know of the intranet without asking it: the truth.

use super::Gtr;
use super::state::Person;
use crate::accounts::gtr_id;
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many refresh tokens he takes before he is content.
const GREED_MAX: usize = 4;

impl Gtr {
    /// SHA-256 over everybody and what is alive of his.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&self.people)
    }

    /// A person by the app's id or by address.
    #[must_use]
    pub fn person(&self, key: &str) -> Option<&Person> {
        self.people
            .get(key)
            .or_else(|| self.people.values().find(|who| who.email == key))
    }

    /// What the intruder still holds of a person, in words.
    #[must_use]
    pub fn holds(&self, key: &str) -> Vec<String> {
        let Some(person) = self.person(key) else {
            return Vec::new();
        };
        let sessions = person.sessions.iter().filter(|(_, s)| s.intruder);
        let tokens = person.refresh_tokens.iter().filter(|(_, t)| t.intruder);
        sessions
            .map(|(number, s)| format!("session {number} from {}", s.ip))
            .chain(tokens.map(|(number, t)| format!("refresh token {number} of {}", t.client)))
            .collect()
    }
}

impl Downstream for Gtr {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        self.sign_in(id, ip, true, now_ms)
    }

    fn is_inside(&self, id: &str) -> bool {
        self.people
            .get(id)
            .is_some_and(|who| who.sessions.values().any(|s| s.intruder))
    }

    fn dig_in(&mut self, id: &str, _chance: &mut Rng, _now_ms: i64) -> &'static str {
        let room = self
            .people
            .get(id)
            .is_some_and(|who| who.refresh_tokens.len() < GREED_MAX);
        if !room {
            return "gtr_nothing";
        }
        self.give_token(id, true);
        "gtr_token"
    }

    /// A refresh token is as good as a session.
    fn come_back(&mut self, id: &str, now_ms: i64) -> Option<&'static str> {
        let person = self.people.get(id)?;
        let has_token = person.refresh_tokens.values().any(|t| t.intruder);
        (has_token && self.sign_in(id, "203.0.113.140", true, now_ms)).then_some("gtr_refresh")
    }
}

impl Service for Gtr {
    fn id_of(&self, login: &str) -> String {
        gtr_id(login)
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
        self.rng = Rng::new(seed ^ 0x67D2);
    }

    fn set_latency_ms(&mut self, ms: u64) {
        self.settings.latency_ms = ms;
    }

    fn employ(&mut self, login: &str, _first: &str, _last: &str, _created_ms: i64) {
        self.join(login);
    }

    fn befall(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        self.take_over(login, start_ms, now_ms);
    }

    fn dismiss(&mut self, login: &str) {
        self.people.remove(&gtr_id(login));
    }

    fn evacuate(&mut self) {
        self.people.clear();
    }
}
