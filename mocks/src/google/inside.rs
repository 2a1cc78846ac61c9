//! What tests and the intruder know of the Workspace without asking its API: the truth.

use serde_json::json;

use super::Google;
use super::state::{Activity, AppPassword, AppToken, Session, User};
use crate::accounts::google_id;
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many app passwords, and how many apps, he leaves before he is content.
const GREED_MAX: usize = 5;

impl Google {
    /// SHA-256 over all people. No reports, no quotas, no tokens of ours.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&self.users)
    }

    /// A person by id or primary address.
    #[must_use]
    pub fn user(&self, key: &str) -> Option<&User> {
        self.users
            .get(key)
            .or_else(|| self.users.values().find(|u| u.primary_email == key))
    }

    /// What the intruder still holds of a person, in words; what sleeps while the person is suspended
    /// is marked `(revives at release)`.
    #[must_use]
    pub fn holds(&self, user: &str) -> Vec<String> {
        let Some(user) = self.user(user) else {
            return Vec::new();
        };
        let asleep = if user.suspended || user.archived {
            " (revives at release)"
        } else {
            ""
        };
        let sessions = user.sessions.values().filter(|s| s.intruder);
        let tokens = user.tokens.values().filter(|t| t.intruder);
        let asps = user.asps.values().filter(|a| a.intruder);
        let codes = (user.codes_stolen && !user.backup_codes.is_empty())
            .then(|| format!("{} backup codes{asleep}", user.backup_codes.len()));
        sessions
            .map(|s| format!("session {} from {}", s.id, s.ip))
            .chain(tokens.map(|t| format!("token of {} {}{asleep}", t.display_text, t.client_id)))
            .chain(asps.map(|a| format!("app password {} \"{}\"{asleep}", a.code_id, a.name)))
            .chain(codes)
            .collect()
    }

    /// Lets a person sign in. Returns the session's id; none if he cannot.
    pub fn sign_in(&mut self, user: &str, ip: &str, intruder: bool, now_ms: i64) -> Option<String> {
        let id = format!("gs{}", self.rng.text(12));
        let user = self.users.get_mut(user)?;
        if user.suspended || user.archived {
            return None;
        }
        user.last_login_ms = Some(now_ms);
        let session = Session {
            id: id.clone(),
            created_ms: now_ms,
            ip: ip.to_owned(),
            intruder,
        };
        user.sessions.insert(id.clone(), session);
        Some(id)
    }

    /// Lets a person authorise an app, with its row in Reports. Returns the client id.
    pub fn authorize_app(
        &mut self,
        user: &str,
        name: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<String> {
        let tail = name.to_lowercase().replace(' ', "");
        let client_id = format!("407408718192-{tail}.apps.googleusercontent.com");
        let scopes = vec![
            "https://mail.google.com/".to_owned(),
            "https://www.googleapis.com/auth/drive.readonly".to_owned(),
        ];
        let visible_ms = now_ms + self.settings.report_delay_ms;
        let user = self.users.get_mut(user)?;
        let token = AppToken {
            client_id: client_id.clone(),
            display_text: name.to_owned(),
            native_app: false,
            scopes: scopes.clone(),
            authorized_ms: now_ms,
            intruder,
        };
        user.tokens.insert(client_id.clone(), token);
        self.activities.push(Activity {
            at_ms: now_ms,
            visible_ms,
            application: "token",
            actor_id: user.id.clone(),
            actor_email: user.primary_email.clone(),
            ip: if intruder {
                "203.0.113.66"
            } else {
                "198.51.100.20"
            }
            .to_owned(),
            kind: "auth",
            name: "authorize",
            parameters: json!([
                { "name": "client_id", "value": client_id },
                { "name": "app_name", "value": name },
                { "name": "client_type", "value": "WEB" },
                { "name": "scope", "multiValue": scopes },
            ]),
        });
        Some(client_id)
    }

    /// Makes an app password. Returns its id.
    pub fn make_app_password(
        &mut self,
        user: &str,
        name: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<i32> {
        let user = self.users.get_mut(user)?;
        let code_id = user.asps.keys().next_back().map_or(1, |last| last + 1);
        let asp = AppPassword {
            code_id,
            name: name.to_owned(),
            created_ms: now_ms,
            last_used_ms: None,
            intruder,
        };
        user.asps.insert(code_id, asp);
        Some(code_id)
    }

    /// The intruder makes new backup codes and keeps them.
    pub fn steal_backup_codes(&mut self, user: &str) {
        let codes = (0..10)
            .map(|_| format!("{:08}", self.rng.below(100_000_000)))
            .collect();
        if let Some(user) = self.users.get_mut(user) {
            user.backup_codes = codes;
            user.codes_stolen = true;
        }
    }
}

impl Downstream for Google {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        self.sign_in(id, ip, true, now_ms).is_some()
    }

    fn is_inside(&self, id: &str) -> bool {
        self.users
            .get(id)
            .is_some_and(|u| u.sessions.values().any(|s| s.intruder))
    }

    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str {
        let Some(user) = self.users.get(id) else {
            return "google_nothing";
        };
        match chance.below(3) {
            0 if user.asps.len() < GREED_MAX => {
                let name = format!("Mail {}", chance.text(3));
                self.make_app_password(id, &name, true, now_ms);
                "google_app_password"
            }
            1 if user.tokens.len() < GREED_MAX => {
                let name = format!("Sync {}", chance.text(3));
                self.authorize_app(id, &name, true, now_ms);
                "google_consent"
            }
            2 if !user.codes_stolen => {
                self.steal_backup_codes(id);
                "google_backup_codes"
            }
            _ => "google_nothing",
        }
    }
}

impl Service for Google {
    fn id_of(&self, login: &str) -> String {
        google_id(login)
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
        self.rng = Rng::new(seed ^ 0x6006);
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
        self.users.remove(&google_id(login));
    }

    fn evacuate(&mut self) {
        self.users.clear();
    }
}
