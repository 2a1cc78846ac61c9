//! What tests and the intruder know of the org without asking its API: the truth.

use super::Salesforce;
use super::state::{OauthToken, Session, User};
use crate::accounts::salesforce_id_at;
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many tokens, and how many sessions, an account has before he is content.
const GREED_MAX: usize = 10;
const INTRUDER_IP: &str = "203.0.113.66";
/// How long a session lasts unused: two hours, as Salesforce ships it.
const SESSION_S: i64 = 7_200;

impl Salesforce {
    /// SHA-256 over all people. No quota, no tokens of ours.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&self.users)
    }

    /// A person by id or user name.
    #[must_use]
    pub fn user(&self, key: &str) -> Option<&User> {
        self.users
            .get(key)
            .or_else(|| self.users.values().find(|u| u.username == key))
    }

    /// What the intruder still holds of a person, in words; what sleeps while the person is deactivated
    /// is marked `(revives at release)`. Sessions that have expired are not held.
    #[must_use]
    pub fn holds(&self, user: &str, now_ms: i64) -> Vec<String> {
        let Some(user) = self.user(user) else {
            return Vec::new();
        };
        let asleep = if user.is_active {
            ""
        } else {
            " (revives at release)"
        };
        let sessions = user.sessions.values();
        let sessions = sessions.filter(|s| s.intruder && s.is_live(now_ms));
        let tokens = user.tokens.values().filter(|t| t.intruder);
        sessions
            .map(|s| format!("session {} ({}) from {}", s.id, s.session_type, s.source_ip))
            .chain(tokens.map(|t| format!("token of {}{asleep}", t.app_name)))
            .collect()
    }

    /// Signs a person in: a session of the browser. Returns its id; none if he cannot.
    pub fn sign_in(&mut self, user: &str, ip: &str, intruder: bool, now_ms: i64) -> Option<String> {
        let allowed = |u: &&User| u.is_active && !u.is_frozen;
        self.users.get(user).filter(allowed)?;
        self.open(
            user,
            None,
            ("UI", "SAML Sfdc Initiated SSO"),
            ip,
            intruder,
            now_ms,
        )
    }

    /// Opens a session within another, as pages and the API do. Returns its id.
    pub fn open_within(
        &mut self,
        user: &str,
        parent: &str,
        kind: &str,
        now_ms: i64,
    ) -> Option<String> {
        let parent = self.users.get(user)?.sessions.get(parent)?.clone();
        let how = (kind, parent.login_type.as_str());
        let id = self.open(
            user,
            Some(&parent.id),
            how,
            &parent.source_ip,
            parent.intruder,
            now_ms,
        )?;
        let session = self.users.get_mut(user)?.sessions.get_mut(&id)?;
        session.token = parent.token;
        Some(id)
    }

    fn open(
        &mut self,
        user: &str,
        parent: Option<&str>,
        (kind, login): (&str, &str),
        ip: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<String> {
        let id = format!("0Ak{}", self.rng.text(15));
        let session = Session {
            id: id.clone(),
            parent_id: parent.map(str::to_owned),
            session_type: kind.to_owned(),
            login_type: login.to_owned(),
            created_ms: now_ms,
            last_modified_ms: now_ms,
            num_seconds_valid: SESSION_S,
            source_ip: ip.to_owned(),
            token: None,
            intruder,
        };
        let user = self.users.get_mut(user)?;
        user.sessions.insert(id.clone(), session);
        Some(id)
    }

    /// Gives an app a token in somebody's name. Returns its delete token; none if he is frozen, for
    /// authorising an app is a login.
    pub fn authorize_app(
        &mut self,
        user: &str,
        app: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<String> {
        let delete_token = format!("del.{}", self.rng.text(40));
        let access_token = format!("5Aep{}", self.rng.text(40));
        let allowed = |u: &&mut User| u.is_active && !u.is_frozen;
        let user = self.users.get_mut(user).filter(allowed)?;
        let token = OauthToken {
            delete_token: delete_token.clone(),
            access_token,
            app_name: app.to_owned(),
            app_menu_item_id: crate::accounts::salesforce_key("0DS", &self.name, app),
            created_ms: now_ms,
            last_used_ms: Some(now_ms),
            use_count: 1,
            intruder,
        };
        user.tokens.insert(delete_token.clone(), token);
        Some(delete_token)
    }

    /// The intruder opens a session by a token that he holds. Returns its id.
    pub fn use_token(&mut self, user: &str, now_ms: i64) -> Option<String> {
        let works_frozen = self.settings.tokens_work_while_frozen;
        let allowed = |u: &&User| u.is_active && (!u.is_frozen || works_frozen);
        let found = self.users.get(user).filter(allowed)?;
        let token = found.tokens.values().find(|t| t.intruder)?;
        let token = token.delete_token.clone();
        let how = ("Oauth2", "Remote Access 2.0");
        let id = self.open(user, None, how, INTRUDER_IP, true, now_ms)?;
        let user = self.users.get_mut(user)?;
        if let Some(used) = user.tokens.get_mut(&token) {
            used.last_used_ms = Some(now_ms);
            used.use_count += 1;
        }
        user.sessions.get_mut(&id)?.token = Some(token);
        Some(id)
    }
}

impl Downstream for Salesforce {
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
            return "salesforce_nothing";
        };
        let mine = user.sessions.values().find(|s| s.intruder);
        let mine = mine.map(|s| s.id.clone());
        match (chance.below(2), mine) {
            (0, _) if user.tokens.len() < GREED_MAX => {
                let app = format!("Data Loader {}", chance.text(3));
                match self.authorize_app(id, &app, true, now_ms) {
                    Some(_) => "salesforce_token",
                    None => "salesforce_nothing",
                }
            }
            (1, Some(parent)) if user.sessions.len() < GREED_MAX => {
                self.open_within(id, &parent, "API", now_ms);
                "salesforce_session"
            }
            _ => "salesforce_nothing",
        }
    }

    fn come_back(&mut self, id: &str, now_ms: i64) -> Option<&'static str> {
        self.use_token(id, now_ms).map(|_| "salesforce_refresh")
    }
}

impl Service for Salesforce {
    fn id_of(&self, login: &str) -> String {
        salesforce_id_at(&self.name, login)
    }

    fn digest(&self) -> String {
        Self::digest(self)
    }

    fn holds(&self, id: &str, now_ms: i64) -> Vec<String> {
        Self::holds(self, id, now_ms)
    }

    fn set_base_url(&mut self, url: String) {
        self.base_url = url;
    }

    fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0x5F0C);
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

    fn use_daily(&mut self, login: &str, now_ms: i64) {
        let id = salesforce_id_at(&self.name, login);
        self.authorize_app(&id, "Salesforce for Android", false, now_ms - 4_000_000);
        self.sign_in(&id, "192.0.2.10", false, now_ms - 2_000_000);
    }

    fn dismiss(&mut self, login: &str) {
        self.users.remove(&salesforce_id_at(&self.name, login));
    }

    fn evacuate(&mut self) {
        self.users.clear();
    }
}
