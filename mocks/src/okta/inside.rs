//! What tests and the attacker know of the org without asking its API: the truth.
//!
//! Digests to compare states by, what the intruder still holds, and changes made by hand.
//! Changes leave System Log events, as they would at Okta.

use serde_json::json;

use super::factors::event_name;
use super::state::{ApiToken, Factor, Session, User};
use super::tokens::token_ref;
use super::{Okta, Origin};
use crate::time::DAY;
use crate::vendor::sha;

/// The addresses the intruder of the story comes from; the second is no known proxy.
pub(crate) const INTRUDER_IPS: [&str; 2] = ["203.0.113.66", "203.0.113.140"];
pub(crate) const INTRUDER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const SESSION_LIFE_MS: i64 = DAY / 2;

impl Okta {
    /// The actor of an import that gives a suspended account back.
    pub const IMPORT: &str = "SystemPrincipal";

    /// A user by id or login.
    #[must_use]
    pub fn user(&self, key: &str) -> Option<&User> {
        self.users
            .get(key)
            .or_else(|| self.users.values().find(|u| u.login == key))
    }

    /// Puts an event into the System Log, as it is; it can be read `late_ms` after it was published.
    pub fn tell(&mut self, event: serde_json::Value, late_ms: i64) {
        let published = event["published"].as_str().and_then(crate::time::parse);
        let published_ms = published.unwrap_or_default();
        self.log.push(super::events::LogRow {
            published_ms,
            visible_ms: published_ms + late_ms,
            event,
        });
    }

    /// Every event of this type, visible or not, in order.
    #[must_use]
    pub fn events_of(&self, event_type: &str) -> Vec<serde_json::Value> {
        let rows = self
            .log
            .iter()
            .filter(|row| row.event["eventType"] == event_type);
        rows.map(|row| row.event.clone()).collect()
    }

    /// Every access token that was issued to a service app, for whoever searches for leaks.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<String> {
        self.service_tokens.keys().cloned().collect()
    }

    /// SHA-256 over all that belongs to the org: no logs, no rate windows, no tokens of our own clients.
    #[must_use]
    pub fn digest(&self) -> String {
        let rest = json!({
            "api_tokens": self.api_tokens, "agents": self.agents, "apps": self.apps,
            "groups": self.groups, "hooks": self.event_hooks, "streams": self.log_streams, "devices": self.devices, "idps": self.idps, "zones": self.zones,
            "threats": [self.threat_action, self.threat_exclude], "support": [json!(self.support_until_ms), json!(self.support_cases)],
        });
        sha(&(&self.users, rest))
    }

    /// The same over one user and the API tokens and devices of his.
    #[must_use]
    pub fn user_digest(&self, user_id: &str) -> String {
        let tokens: Vec<_> = self
            .api_tokens
            .values()
            .filter(|t| t.user_id == user_id)
            .collect();
        let devices: Vec<_> = self
            .devices
            .values()
            .filter(|d| d.users.contains(user_id))
            .collect();
        sha(&(self.users.get(user_id), tokens, devices))
    }

    /// Whether the sign-in policy lets this user in at all.
    #[must_use]
    pub fn can_sign_in(&self, user_id: &str) -> bool {
        let Some(user) = self.users.get(user_id) else {
            return false;
        };
        let quarantined = user
            .groups
            .iter()
            .any(|g| self.groups.get(g).is_some_and(|g| g.denies));
        user.status == "ACTIVE" && !quarantined
    }

    /// Cannot sign in, has no session, and no token of his works (agents' tokens aside).
    ///
    /// API tokens work for ACTIVE owners only; OAuth tokens are taken to work in any status but
    /// SUSPENDED and DEPROVISIONED.
    #[must_use]
    pub fn is_contained(&self, user_id: &str) -> bool {
        let Some(user) = self.users.get(user_id) else {
            return false;
        };
        let stopped = is_stopped(user);
        let api_token = user.status == "ACTIVE"
            && self
                .api_tokens
                .values()
                .any(|t| t.user_id == user_id && t.agent.is_none());
        let oauth_token = !stopped && !user.tokens.is_empty();
        let shut_out = stopped || self.is_quarantined(user_id);
        shut_out && user.sessions.is_empty() && !api_token && !oauth_token
    }

    /// Whether he is in a group whose policy denies sign-in.
    #[must_use]
    pub fn is_quarantined(&self, user_id: &str) -> bool {
        self.users.get(user_id).is_some_and(|u| {
            u.groups
                .iter()
                .any(|g| self.groups.get(g).is_some_and(|g| g.denies))
        })
    }

    /// What the intruder can still use of this account, in words; what sleeps while the user is
    /// suspended is marked `(revives at release)`. Empty when nothing of his is left.
    #[must_use]
    pub fn attacker_holds(&self, user_id: &str) -> Vec<String> {
        let Some(user) = self.users.get(user_id) else {
            return Vec::new();
        };
        let asleep = if user.status == "ACTIVE" {
            ""
        } else {
            " (revives at release)"
        };
        let mut out: Vec<String> = Vec::new();
        out.extend(
            user.sessions
                .values()
                .filter(|s| s.intruder)
                .map(|s| format!("session {} from {}", s.id, s.ip)),
        );
        let api = self
            .api_tokens
            .values()
            .filter(|t| t.user_id == user_id && t.intruder);
        out.extend(api.map(|t| format!("API token {} {}{asleep}", t.name, t.id)));
        out.extend(user.tokens.values().filter(|t| t.intruder).map(|t| {
            let kind = if t.refresh {
                "refresh token"
            } else {
                "access token"
            };
            format!("{kind} {} of {}{asleep}", t.id, t.client_id)
        }));
        out.extend(
            user.grants
                .values()
                .filter(|g| g.intruder)
                .map(|g| format!("consent {} of {} to {}", g.id, g.client_id, g.scope)),
        );
        out.extend(
            user.factors
                .values()
                .filter(|f| f.intruder)
                .map(|f| format!("factor {} {} \"{}\"", f.kind, f.id, f.name)),
        );
        out.extend(
            user.enrollments
                .values()
                .filter(|e| e.intruder)
                .map(|e| format!("enrollment {} {}", e.kind, e.id)),
        );
        out
    }

    /// The intruder signs in; `None` and a failed sign-in in the log if the org does not let him.
    pub fn sign_in_as_attacker(&mut self, user_id: &str, now_ms: i64) -> Option<String> {
        let session = format!("idx{}", self.rng.text(22));
        let ip = INTRUDER_IPS[usize::try_from(self.rng.below(2)).unwrap_or(0)];
        let origin = self.intruder(user_id, ip, Some(&session), "/idp/idx/identify", now_ms);
        let user = self.users.get(user_id)?;
        let has_factor = user.factors.values().any(|f| f.intruder) || user.factors.is_empty();
        if !self.can_sign_in(user_id) || !user.password_stolen || !has_factor {
            let reason = if user.status == "LOCKED_OUT" {
                "LOCKED_OUT"
            } else {
                "INVALID_CREDENTIALS"
            };
            self.event(
                &origin,
                "user.session.start",
                ("FAILURE", Some(reason)),
                Vec::new(),
                &[],
            );
            return None;
        }
        let live = Session {
            id: session.clone(),
            created_ms: now_ms,
            expires_ms: now_ms + SESSION_LIFE_MS,
            ip: ip.to_owned(),
            intruder: true,
        };
        let user = self.user_mut(user_id);
        user.sessions.insert(session.clone(), live);
        user.last_login_ms = Some(now_ms);
        let target = self.user_ref(user_id);
        self.event(
            &origin,
            "user.authentication.auth_via_mfa",
            ("SUCCESS", None),
            vec![target],
            &[("factor", "OKTA_VERIFY_PUSH".to_owned())],
        );
        self.event(
            &origin,
            "user.session.start",
            ("SUCCESS", None),
            Vec::new(),
            &[],
        );
        Some(session)
    }

    /// The intruder signs on to one of the user's apps with a session of his.
    pub(crate) fn sso_as_attacker(&mut self, user_id: &str, app: &str, now_ms: i64) -> bool {
        let Some((session, ip)) = self.intruder_session(user_id, now_ms) else {
            return false;
        };
        let origin = self.intruder(user_id, &ip, Some(&session), "/app/sso", now_ms);
        let target = vec![self.app_ref(app), self.user_ref(user_id)];
        self.event(
            &origin,
            "user.authentication.sso",
            ("SUCCESS", None),
            target,
            &[("initiationType", "IDP_INITIATED".to_owned())],
        );
        true
    }

    /// A live session of the intruder and where it comes from.
    #[must_use]
    pub(crate) fn intruder_session(&self, user_id: &str, now_ms: i64) -> Option<(String, String)> {
        let user = self.users.get(user_id)?;
        user.sessions
            .values()
            .find(|s| s.intruder && s.expires_ms > now_ms)
            .map(|s| (s.id.clone(), s.ip.clone()))
    }

    /// Whether an API token of the intruder's works right now.
    pub(crate) fn intruder_api_token(&self, user_id: &str) -> bool {
        self.users
            .get(user_id)
            .is_some_and(|u| u.status == "ACTIVE")
            && self
                .api_tokens
                .values()
                .any(|t| t.user_id == user_id && t.intruder)
    }

    /// Enrols a factor of the intruder's, without asking whether he may. Returns its id.
    pub fn enrol_factor_by_hand(
        &mut self,
        user_id: &str,
        kind: &str,
        name: &str,
        now_ms: i64,
    ) -> String {
        let factor = Factor {
            id: self.rng.id("opf"),
            kind: kind.to_owned(),
            provider: if kind == "webauthn" { "FIDO" } else { "OKTA" }.to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: now_ms,
            last_updated_ms: now_ms,
            name: name.to_owned(),
            phone: None,
            intruder: true,
        };
        let id = factor.id.clone();
        let session = self.intruder_session(user_id, now_ms);
        let ip = session
            .as_ref()
            .map_or(INTRUDER_IPS[0], |(_, ip)| ip.as_str());
        let origin = self.intruder(
            user_id,
            ip,
            session.as_ref().map(|(s, _)| s.as_str()),
            "/idp/idx/challenge/poll",
            now_ms,
        );
        let (target, word) = (self.factor_targets(user_id, &factor), event_name(&factor));
        self.user_mut(user_id).factors.insert(id.clone(), factor);
        let reason = format!("User set up {word} factor");
        self.event(
            &origin,
            "user.mfa.factor.activate",
            ("SUCCESS", Some(&reason)),
            target,
            &[("factor", word.to_owned())],
        );
        id
    }

    /// Makes an API token of the intruder's, owned by the user. Returns its id.
    pub fn mint_api_token_by_hand(&mut self, user_id: &str, name: &str, now_ms: i64) -> String {
        let token = ApiToken {
            id: self.rng.id("00T"),
            name: name.to_owned(),
            user_id: user_id.to_owned(),
            client_name: "Okta API".to_owned(),
            created_ms: now_ms,
            connection: "ANYWHERE".to_owned(),
            agent: None,
            secret: self.rng.text(42),
            intruder: true,
        };
        let (id, target) = (token.id.clone(), token_ref(&token));
        let session = self.intruder_session(user_id, now_ms);
        let ip = session
            .as_ref()
            .map_or(INTRUDER_IPS[0], |(_, ip)| ip.as_str());
        let origin = self.intruder(
            user_id,
            ip,
            session.as_ref().map(|(s, _)| s.as_str()),
            "/api/internal/tokens",
            now_ms,
        );
        self.api_tokens.insert(id.clone(), token);
        self.event(
            &origin,
            "system.api_token.create",
            ("SUCCESS", None),
            vec![target],
            &[("networkConnection", "ANYWHERE".to_owned())],
        );
        id
    }

    /// Another administrator gives the account back, as `by` in the log. False if it was not suspended.
    /// `by` may be [`IMPORT`](Self::IMPORT): a profile source that knows nothing of incidents.
    pub fn unsuspend_by_hand(&mut self, user_id: &str, by: &str, now_ms: i64) -> bool {
        if self
            .users
            .get(user_id)
            .is_none_or(|u| u.status != "SUSPENDED")
        {
            return false;
        }
        let user = self.user_mut(user_id);
        "ACTIVE".clone_into(&mut user.status);
        user.status_changed_ms = now_ms;
        user.last_updated_ms = now_ms;
        self.start_agents_of(user_id);
        let by_hand = self.intruder(by, INTRUDER_IPS[1], None, "/admin/user/unsuspend", now_ms);
        let origin = match by {
            Self::IMPORT => Origin {
                now_ms,
                actor: by_hand.actor,
                request_id: by_hand.request_id,
                job: true,
                ..Origin::default()
            },
            _ => by_hand,
        };
        let target = self.user_ref(user_id);
        self.event(
            &origin,
            "user.lifecycle.unsuspend",
            ("SUCCESS", None),
            vec![target],
            &[],
        );
        true
    }

    /// The user gives himself another login, which every app that had the old one as his user
    /// name is told from now on. That the apps' own events stay away is an assumption: the
    /// catalogue has one for a changed user name, and says not when it is written.
    pub fn rename_by_hand(&mut self, user_id: &str, login: &str, now_ms: i64) {
        let user = self.user_mut(user_id);
        let before = std::mem::replace(&mut user.login, login.to_owned());
        user.last_updated_ms = now_ms;
        for app in user.apps.values_mut().filter(|a| a.user_name == before) {
            login.clone_into(&mut app.user_name);
            app.last_updated_ms = now_ms;
        }
        let uri = "/api/internal/user/profile";
        let origin = self.intruder(user_id, INTRUDER_IPS[0], None, uri, now_ms);
        let target = self.user_ref(user_id);
        self.event(
            &origin,
            "user.account.update_profile",
            ("SUCCESS", None),
            vec![target],
            &[],
        );
    }

    pub(crate) fn intruder(
        &mut self,
        user_id: &str,
        ip: &str,
        session: Option<&str>,
        uri: &str,
        now_ms: i64,
    ) -> Origin {
        Origin {
            now_ms,
            actor: self.user_ref(user_id),
            ip: ip.to_owned(),
            proxy: ip == INTRUDER_IPS[0],
            user_agent: INTRUDER_AGENT.to_owned(),
            session: session.map(str::to_owned),
            client_id: None,
            api_token: None,
            request_id: self.rng.text(27),
            uri: uri.to_owned(),
            job: false,
        }
    }
}

/// Whether the status refuses everything, tokens included.
fn is_stopped(user: &User) -> bool {
    matches!(user.status.as_str(), "SUSPENDED" | "DEPROVISIONED")
}
