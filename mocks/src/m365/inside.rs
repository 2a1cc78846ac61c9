//! What tests and the intruder know of the tenant without asking its API: the truth.

use serde_json::{Value, json};

use super::M365;
use super::state::{Grant, Method, Rule, ServicePrincipal, Session, User};
use crate::accounts::{guid, m365_id};
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many methods, consents and rules he leaves before he is content.
const GREED_MAX: usize = 5;
const INTRUDER_IP: &str = "203.0.113.66";

impl M365 {
    /// SHA-256 over people, consents and apps. No audit, no quotas, no tokens of ours.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&json!([self.users, self.grants, self.service_principals]))
    }

    /// A person by object id or principal name.
    #[must_use]
    pub fn user(&self, key: &str) -> Option<&User> {
        self.users
            .get(key)
            .or_else(|| self.users.values().find(|u| u.upn == key))
    }

    /// What the intruder still holds of a person, in words; what sleeps while the account is disabled
    /// is marked `(revives at release)`. Rules work on whatever the account does, unless disabled.
    #[must_use]
    pub fn holds(&self, user: &str) -> Vec<String> {
        let Some(user) = self.user(user) else {
            return Vec::new();
        };
        let asleep = if user.account_enabled {
            ""
        } else {
            " (revives at release)"
        };
        let sessions = user.sessions.values().filter(|s| s.intruder);
        let tokens = user.refresh_tokens.values().filter(|s| s.intruder);
        let methods = user.methods.values().filter(|m| m.intruder);
        let rules = user.rules.values().filter(|r| r.intruder && r.enabled);
        let devices = user.devices.values();
        let devices = devices.filter(|d| d.intruder && d.account_enabled);
        let grants = self.grants.values();
        let grants = grants.filter(|g| g.intruder && g.principal_id.as_ref() == Some(&user.id));
        sessions
            .map(|s| format!("session {} from {}{asleep}", s.id, s.ip))
            .chain(tokens.map(|s| format!("refresh token {} from {}{asleep}", s.id, s.ip)))
            .chain(methods.map(|m| format!("method {} in {}{asleep}", m.id, m.segment)))
            .chain(
                grants
                    .map(|g| format!("consent {} of {} to {}{asleep}", g.id, g.client_id, g.scope)),
            )
            .chain(rules.map(|r| format!("inbox rule {} \"{}\"", r.id, r.name)))
            .chain(devices.map(|d| format!("device {} \"{}\"{asleep}", d.id, d.name)))
            .collect()
    }

    /// Signs a person in: a browser session and a refresh token. False if he cannot.
    pub fn sign_in(&mut self, user: &str, ip: &str, intruder: bool, now_ms: i64) -> bool {
        let ids = [self.rng.text(12), self.rng.text(12)];
        let Some(user) = self.users.get_mut(user).filter(|u| u.account_enabled) else {
            return false;
        };
        let session = |id: &str| Session {
            id: id.to_owned(),
            created_ms: now_ms,
            ip: ip.to_owned(),
            intruder,
        };
        user.sessions.insert(ids[0].clone(), session(&ids[0]));
        user.refresh_tokens.insert(ids[1].clone(), session(&ids[1]));
        true
    }

    /// Registers a method, with its event in the audit. Returns its id.
    pub fn register_method(
        &mut self,
        user: &str,
        segment: &str,
        detail: Value,
        intruder: bool,
        now_ms: i64,
    ) -> Option<String> {
        let id = self.rng.uuid();
        let method = Method {
            id: id.clone(),
            segment: segment.to_owned(),
            created_ms: Some(now_ms),
            detail,
            default: false,
            intruder,
        };
        self.users.get_mut(user)?.methods.insert(id.clone(), method);
        self.audit_registration(user, ip_of(intruder), now_ms);
        Some(id)
    }

    /// Lets a person consent to an app, with its event in the audit. Returns the grant's id.
    pub fn consent(
        &mut self,
        user: &str,
        app: &str,
        scope: &str,
        intruder: bool,
        now_ms: i64,
    ) -> String {
        let client_id = self.service_principal(app);
        let id = self.rng.text(43);
        let grant = Grant {
            id: id.clone(),
            client_id,
            principal_id: Some(user.to_owned()),
            resource_id: self.service_principal("Microsoft Graph"),
            scope: scope.to_owned(),
            created_ms: now_ms,
            intruder,
        };
        self.grants.insert(id.clone(), grant);
        self.audit_consent(&id, ip_of(intruder), now_ms);
        id
    }

    /// Makes an inbox rule. Returns its id.
    pub fn make_rule(
        &mut self,
        user: &str,
        name: &str,
        actions: Value,
        intruder: bool,
    ) -> Option<String> {
        let id = format!("AQAA{}=", self.rng.text(8));
        let user = self.users.get_mut(user)?;
        let rule = Rule {
            id: id.clone(),
            name: name.to_owned(),
            enabled: true,
            sequence: u32::try_from(user.rules.len() + 1).unwrap_or(u32::MAX),
            conditions: json!({}),
            actions,
            intruder,
        };
        user.rules.insert(id.clone(), rule);
        Some(id)
    }

    /// The object id of an app, which is known from now on.
    pub(super) fn service_principal(&mut self, name: &str) -> String {
        let id = guid("service principal", name);
        let app = ServicePrincipal {
            id: id.clone(),
            app_id: guid("app", name),
            name: name.to_owned(),
        };
        self.service_principals.entry(id.clone()).or_insert(app);
        id
    }
}

fn ip_of(intruder: bool) -> &'static str {
    if intruder {
        INTRUDER_IP
    } else {
        "198.51.100.20"
    }
}

/// What a rule does that sends everything out and hides it.
pub(super) fn forwards_out() -> Value {
    json!({
        "forwardTo": [{ "emailAddress": { "name": "billing", "address": "billing@fasthost.example" } }],
        "markAsRead": true, "stopProcessingRules": true,
    })
}

impl Downstream for M365 {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        self.sign_in(id, ip, true, now_ms)
    }

    fn is_inside(&self, id: &str) -> bool {
        let user = self.users.get(id).filter(|u| u.account_enabled);
        user.is_some_and(|u| {
            let mut held = u.sessions.values().chain(u.refresh_tokens.values());
            held.any(|s| s.intruder)
        })
    }

    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str {
        let Some(user) = self.users.get(id) else {
            return "m365_nothing";
        };
        let (methods, rules) = (user.methods.len(), user.rules.len());
        let grants = self.grants.values();
        let grants = grants
            .filter(|g| g.principal_id.as_deref() == Some(id))
            .count();
        match chance.below(3) {
            0 if methods < GREED_MAX => {
                let detail = json!({ "displayName": format!("Pixel {}", chance.text(3)), "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2404" });
                let segment = "microsoftAuthenticatorMethods";
                self.register_method(id, segment, detail, true, now_ms);
                "m365_method"
            }
            1 if grants < GREED_MAX => {
                let app = format!("Sync {}", chance.text(3));
                self.consent(id, &app, "Mail.Read offline_access", true, now_ms);
                "m365_consent"
            }
            2 if rules < GREED_MAX => {
                self.make_rule(id, "..", forwards_out(), true);
                "m365_rule"
            }
            _ => "m365_nothing",
        }
    }
}

impl Service for M365 {
    fn id_of(&self, login: &str) -> String {
        m365_id(login)
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
        self.rng = Rng::new(seed ^ 0x0365);
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
        let id = m365_id(login);
        self.users.remove(&id);
        self.grants
            .retain(|_, g| g.principal_id.as_ref() != Some(&id));
    }

    fn evacuate(&mut self) {
        self.users.clear();
        self.grants.retain(|_, g| g.principal_id.is_none());
    }
}
