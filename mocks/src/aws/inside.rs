//! What tests and the intruder know of the accounts without asking them: the truth.
//!
//! He comes in by the identity provider's assertion, chains into another role, there and in the other
//! account, makes access keys, and takes new sessions from the access portal as long as it is open.
//! He chains from sessions that an assertion or the portal gave him, never twice in a row.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{Origin, Person, Session};
use super::{Aws, contoso, trail};
use crate::rng::Rng;
use crate::vendor::{Downstream, Service, sha};

/// How many things of one kind he has before he is content.
const GREED_MAX: usize = 3;
/// How long a session from an assertion lasts, and one that follows from another.
const BY_SAML_MS: i64 = 8 * 3_600_000;
const CHAINED_MS: i64 = 3_600_000;

impl Aws {
    /// SHA-256 over all that belongs to people, and all policies.
    #[must_use]
    pub fn digest(&self) -> String {
        let roles: Vec<_> = self.accounts.values().map(|a| (&a.id, &a.roles)).collect();
        let portal = (&self.center.users, &self.organization.policies);
        sha(&(&self.people, &self.sessions, roles, portal))
    }

    /// A person by his login at Okta.
    #[must_use]
    pub fn person(&self, login: &str) -> Option<&Person> {
        self.people.get(login)
    }

    /// Somebody's sessions that have not ended by themselves, and whether policies forbid them all.
    #[must_use]
    pub fn sessions_of(&self, owner: &str) -> Vec<(&Session, bool)> {
        let all = self.sessions.values().filter(|s| s.owner == owner);
        all.filter(|s| s.expires_ms > self.now_ms)
            .map(|session| (session, self.is_denied(session)))
            .collect()
    }

    /// Everybody with all that is his and whether it is denied, machines under no name, and under
    /// `ACCOUNT/ROLE` the policies on it that nobody called `ours`: what must be as it was for all but
    /// the subject.
    #[must_use]
    pub fn everybody(&self, ours: &str) -> BTreeMap<String, Value> {
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for login in self.people.keys().map(String::as_str).chain([""]) {
            let held = self.sessions.iter().filter(|(_, s)| s.owner == login);
            let held: Vec<Value> = held
                .map(|(key, s)| json!([key, s, self.is_denied(s)]))
                .collect();
            all.insert(login.to_owned(), json!([self.people.get(login), held]));
        }
        for account in self.accounts.values() {
            for role in account.roles.values() {
                let mut role = role.clone();
                role.inline.remove(ours);
                all.insert(format!("{}/{}", account.id, role.name), json!(role));
            }
        }
        all
    }

    /// What the intruder still holds of a person that could be ended, in words.
    #[must_use]
    pub fn holds(&self, login: &str) -> Vec<String> {
        let his = self.his(login);
        his.filter(|session| self.could_be_known(session))
            .map(|s| format!("session {} of {} in {}", s.name, s.role, s.account))
            .collect()
    }

    /// What he goes on with: sessions in another account and those of which no answer has told, keys
    /// of other users, and the portal.
    #[must_use]
    pub fn lingers(&self, login: &str) -> Vec<String> {
        let his = self.his(login);
        let mut all: Vec<String> = his
            .filter(|session| !self.could_be_known(session))
            .map(|s| format!("session {} of {} in {}", s.name, s.role, s.account))
            .collect();
        if let Some(person) = self.person(login) {
            let keys = person.minted.iter();
            all.extend(keys.map(|(account, key)| format!("access key {key} in {account}")));
            if self.portal_is_open(person) {
                all.push("access portal session".to_owned());
            }
        }
        all
    }

    /// His sessions that can do something.
    fn his(&self, login: &str) -> impl Iterator<Item = &Session> {
        let all = self.sessions.values();
        all.filter(move |s| s.intruder && s.owner == login && self.is_alive(s))
    }

    fn could_be_known(&self, session: &Session) -> bool {
        match &session.origin {
            Origin::Saml | Origin::Portal => true,
            Origin::Chain(event) => self.was_told(&session.account, event),
            Origin::Abroad | Origin::Machine => false,
        }
    }

    fn portal_is_open(&self, person: &Person) -> bool {
        let user = person.portal_user.as_ref();
        let user = user.and_then(|id| self.center.users.get(id));
        self.center.enabled
            && user.is_some_and(|user| user.enabled)
            && person.portal_until_ms.is_some_and(|end| end > self.now_ms)
    }

    /// A session by the identity provider's assertion; none if it could do nothing.
    pub(super) fn by_saml(
        &mut self,
        login: &str,
        (account, role): (&str, &str),
        ip: &str,
        intruder: bool,
        at_ms: i64,
    ) -> bool {
        let Some(name) = self.person(login).map(|who| who.session_name.clone()) else {
            return false;
        };
        let Some(mut session) = self.draft(login, (account, role), &name, intruder, at_ms) else {
            return false;
        };
        session.expires_ms = at_ms + BY_SAML_MS;
        if self.is_denied(&session) {
            return false;
        }
        let key = self.key_id("ASIA");
        self.record_saml(&session, &key, ip);
        self.sessions.insert(key, session);
        true
    }

    /// A session of the portal; none if it could do nothing.
    pub(super) fn by_portal(&mut self, login: &str, ip: &str, at_ms: i64) -> bool {
        let Some(person) = self.person(login).cloned() else {
            return false;
        };
        let Some((account, role)) = person.portal_roles.first() else {
            return false;
        };
        let place = (account.as_str(), role.as_str());
        let Some(mut session) = self.draft(login, place, login, true, at_ms) else {
            return false;
        };
        session.origin = Origin::Portal;
        session.portal_user = person.portal_user;
        if self.is_denied(&session) {
            return false;
        }
        let key = self.key_id("ASIA");
        self.record_saml(&session, &key, ip);
        self.sessions.insert(key, session);
        true
    }

    /// From a session he has into a role that lets its account in, of the same or of another account.
    pub(super) fn chain(
        &mut self,
        from: &str,
        (account, role): (&str, &str),
        name: &str,
        at_ms: i64,
    ) -> bool {
        let Some(parent) = self.sessions.get(from).cloned() else {
            return false;
        };
        let drafted = self.draft(&parent.owner, (account, role), name, parent.intruder, at_ms);
        let Some(mut session) = drafted.filter(|session| !self.is_denied(session)) else {
            return false;
        };
        let key = self.key_id("ASIA");
        let event = self.record_chained(&parent, from, &session, &key);
        session.origin = if parent.account == account {
            Origin::Chain(event)
        } else {
            Origin::Abroad
        };
        self.sessions.insert(key, session);
        true
    }

    /// A key of a user who is there for something else.
    pub(super) fn mint(&mut self, from: &str, at_ms: i64) {
        let Some(session) = self.sessions.get(from).cloned() else {
            return;
        };
        let key = self.key_id("AKIA");
        let what = trail::Happening {
            name: "CreateAccessKey",
            source: "iam.amazonaws.com",
            username: session.name.clone(),
            actor: self.actor(&session.principal(), from, session.issued_ms),
            request: json!({ "userName": "backup" }),
            response: json!({ "accessKey": { "userName": "backup", "accessKeyId": key, "status": "Active" } }),
            ip: contoso::PROXY.to_owned(),
            at_ms,
        };
        self.happens(&session.account, what);
        if let Some(person) = self.people.get_mut(&session.owner) {
            person.minted.push((session.account, key));
        }
    }

    fn draft(
        &self,
        owner: &str,
        (account, role): (&str, &str),
        name: &str,
        intruder: bool,
        at_ms: i64,
    ) -> Option<Session> {
        let role_id = self.role(account, role)?.id.clone();
        Some(Session {
            account: account.to_owned(),
            role: role.to_owned(),
            role_id,
            name: name.to_owned(),
            issued_ms: at_ms,
            expires_ms: at_ms + CHAINED_MS,
            owner: owner.to_owned(),
            intruder,
            origin: Origin::Saml,
            portal_user: None,
        })
    }

    fn record_saml(&mut self, session: &Session, key: &str, ip: &str) {
        let Some(role) = self.role(&session.account, &session.role).cloned() else {
            return;
        };
        let (account, name) = (&session.account, &session.name);
        let provider = if session.portal_user.is_some() {
            "AWSSSO_0123456789abcdef_DO_NOT_DELETE"
        } else {
            "Okta"
        };
        let mut response = trail::assumed(account, &role, name, key, session.expires_ms);
        response["subject"] = json!(name);
        response["subjectType"] = json!("unspecified");
        response["issuer"] = json!("http://www.okta.com/exkAwsFederation5d7");
        response["audience"] = json!("https://signin.aws.amazon.com/saml");
        let what = trail::Happening {
            name: "AssumeRoleWithSAML",
            source: "sts.amazonaws.com",
            username: name.clone(),
            actor: json!({
                "type": "SAMLUser", "principalId": format!("Okta5d7=:{name}"), "userName": name,
                "identityProvider": "Okta5d7=",
            }),
            request: json!({
                "sAMLAssertionID": format!("id{key}"), "roleSessionName": name,
                "durationSeconds": (session.expires_ms - session.issued_ms) / 1000,
                "roleArn": role.arn(account),
                "principalArn": format!("arn:aws:iam::{account}:saml-provider/{provider}"),
            }),
            response,
            ip: ip.to_owned(),
            at_ms: session.issued_ms,
        };
        self.happens(account, what);
    }

    /// Seen in both accounts if there are two; the id of the event in that of the role.
    fn record_chained(
        &mut self,
        parent: &Session,
        parent_key: &str,
        session: &Session,
        key: &str,
    ) -> String {
        let Some(role) = self.role(&session.account, &session.role).cloned() else {
            return String::new();
        };
        let response = trail::assumed(
            &session.account,
            &role,
            &session.name,
            key,
            session.expires_ms,
        );
        let request =
            json!({ "roleArn": role.arn(&session.account), "roleSessionName": session.name });
        let own = self.actor(&parent.principal(), parent_key, parent.issued_ms);
        let foreign = json!({
            "type": "AWSAccount", "accountId": parent.account,
            "principalId": format!("{}:{}", parent.role_id, parent.name),
        });
        let here = parent.account == session.account;
        let what = |username: &str, actor: &Value| trail::Happening {
            name: "AssumeRole",
            source: "sts.amazonaws.com",
            username: username.to_owned(),
            actor: actor.clone(),
            request: request.clone(),
            response: response.clone(),
            ip: contoso::PROXY.to_owned(),
            at_ms: session.issued_ms,
        };
        if here {
            return self.happens(&session.account, what(&parent.name, &own));
        }
        self.happens(&parent.account, what(&parent.name, &own));
        self.happens(&session.account, what("", &foreign))
    }

    /// Keys of his sessions that chain on: by assertion, alive.
    fn parents(&self, login: &str) -> Vec<String> {
        let all = self.sessions.iter();
        all.filter(|(_, s)| {
            s.intruder && s.owner == login && s.origin == Origin::Saml && self.is_alive(s)
        })
        .map(|(key, _)| key.clone())
        .collect()
    }

    fn count(&self, login: &str, is: impl Fn(&Origin) -> bool) -> usize {
        let all = self.sessions.values();
        all.filter(|s| s.intruder && s.owner == login && is(&s.origin))
            .count()
    }
}

impl Downstream for Aws {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        let Some(roles) = self.person(id).map(|who| who.roles.clone()) else {
            return false;
        };
        let from = usize::try_from(self.rng.below(roles.len() as u64)).unwrap_or(0);
        let turned = roles[from..].iter().chain(&roles[..from]);
        for (account, role) in turned {
            if self.by_saml(id, (account, role), ip, true, now_ms) {
                return true;
            }
        }
        false
    }

    /// What is in another account does not count: he would not come back for it.
    fn is_inside(&self, id: &str) -> bool {
        let mut his = self.his(id);
        his.any(|session| session.origin != Origin::Abroad)
    }

    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str {
        let parents = self.parents(id);
        let at = usize::try_from(chance.below(parents.len() as u64)).unwrap_or(0);
        let what = chance.below(3);
        let tail = chance.text(4);
        let Some(from) = parents.get(at) else {
            return "aws_nothing";
        };
        let account = self.sessions[from].account.clone();
        match what {
            0 if self.count(id, |o| matches!(o, Origin::Chain(_))) < GREED_MAX => {
                let name = format!("ops-{tail}");
                self.chain(from, (&account, contoso::DEPLOY), &name, now_ms);
                "aws_chain"
            }
            1 if self.count(id, |o| *o == Origin::Abroad) < GREED_MAX => {
                let other = contoso::other(&account);
                let name = format!("audit-{tail}");
                self.chain(from, (other, contoso::AUDIT), &name, now_ms);
                "aws_abroad"
            }
            2 if self
                .person(id)
                .is_some_and(|who| who.minted.len() < GREED_MAX) =>
            {
                self.mint(from, now_ms);
                "aws_key"
            }
            _ => "aws_nothing",
        }
    }

    /// The portal gives new sessions as long as it is open and they can do something.
    fn come_back(&mut self, id: &str, now_ms: i64) -> Option<&'static str> {
        let person = self.person(id)?;
        let open = self.portal_is_open(person);
        (open && self.by_portal(id, contoso::PROXY, now_ms)).then_some("aws_portal")
    }
}

impl Service for Aws {
    fn id_of(&self, login: &str) -> String {
        login.to_owned()
    }

    fn digest(&self) -> String {
        Self::digest(self)
    }

    fn holds(&self, id: &str, _now_ms: i64) -> Vec<String> {
        Self::holds(self, id)
    }

    fn lingers(&self, id: &str, _now_ms: i64) -> Vec<String> {
        Self::lingers(self, id)
    }

    fn set_base_url(&mut self, url: String) {
        self.base_url = url;
    }

    fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0xA115);
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

    fn use_daily(&mut self, login: &str, now_ms: i64) {
        self.work(login, now_ms);
    }

    fn dismiss(&mut self, login: &str) {
        self.people.remove(login);
        self.sessions.retain(|_, session| session.owner != login);
        self.center.users.retain(|_, user| user.user_name != login);
    }

    fn evacuate(&mut self) {
        self.people.clear();
        self.sessions.clear();
        self.center.users.clear();
    }
}
