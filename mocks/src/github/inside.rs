//! What tests and the intruder know of the organisation without asking its API: the truth.

use super::state::{Authorization, Browser, Credential, Grant, Person};
use super::{GitHub, Saml};
use crate::accounts::{github_number_at, github_scim_id_at};
use crate::rng::Rng;
use crate::time::DAY;
use crate::vendor::{Downstream, Service, sha};

/// How many credentials, and how many grants, an account has before he is content.
const GREED_MAX: usize = 8;

impl GitHub {
    /// SHA-256 over all people. No quotas, no queue, no tokens of ours.
    #[must_use]
    pub fn digest(&self) -> String {
        sha(&self.people)
    }

    /// Somebody by number, by login or by the name at his identity.
    #[must_use]
    pub fn person(&self, key: &str) -> Option<&Person> {
        let named = |p: &&Person| {
            let name = p.identity.as_ref().map(|i| i.name_id.as_str());
            p.login == key || p.plain_login == key || name == Some(key)
        };
        let number = key.parse().ok().and_then(|id: u64| self.people.get(&id));
        number.or_else(|| self.people.values().find(named))
    }

    /// What the intruder can still use in the organisation, in words; what sleeps while the user is
    /// suspended is marked `(revives at release)`. Without membership nothing opens it.
    #[must_use]
    pub fn holds(&self, user: &str) -> Vec<String> {
        let Some(person) = self.person(user).filter(|p| is_in(p)) else {
            return Vec::new();
        };
        let asleep = if person.suspended {
            " (revives at release)"
        } else {
            ""
        };
        let open = self.settings.saml == Saml::None;
        let credentials = person.credentials.values();
        let credentials = credentials.filter(|c| c.intruder && (open || c.authorization.is_some()));
        let grants = person.grants.values().filter(|g| g.intruder);
        credentials
            .map(|c| format!("{} {} \"{}\"{asleep}", c.kind, c.id, c.title))
            .chain(
                grants.map(|g| format!("fine-grained token {} \"{}\"{asleep}", g.id, g.token_name)),
            )
            .collect()
    }

    /// His browser, which no API can throw out, for as long as single sign-on holds.
    #[must_use]
    pub fn lingers(&self, user: &str, now_ms: i64) -> Vec<String> {
        let person = self.person(user).filter(|p| is_in(p) && !p.suspended);
        let browser = person.and_then(|p| p.browser.as_ref());
        browser
            .filter(|b| b.intruder && b.until_ms > now_ms)
            .map(|b| {
                format!(
                    "browser session from {} until {}",
                    b.ip,
                    crate::time::iso(b.until_ms)
                )
            })
            .into_iter()
            .collect()
    }

    /// Signs somebody on with his browser, for a day. False if the organisation does not let him.
    pub fn sign_on(&mut self, id: u64, ip: &str, intruder: bool, now_ms: i64) -> bool {
        let linked = |p: &&mut Person| {
            is_in(p) && !p.suspended && p.identity.as_ref().is_some_and(|i| i.linked)
        };
        let Some(person) = self.people.get_mut(&id).filter(linked) else {
            return false;
        };
        person.browser = Some(Browser {
            ip: ip.to_owned(),
            until_ms: now_ms + DAY,
            intruder,
        });
        true
    }

    /// Ends somebody's browser session, as an owner can on the web and by no API.
    pub fn end_browser_by_hand(&mut self, id: u64) {
        if let Some(person) = self.people.get_mut(&id) {
            person.browser = None;
        }
    }

    /// Makes a credential of this kind and authorises it. Returns its own id.
    pub fn authorize(
        &mut self,
        id: u64,
        kind: &str,
        title: &str,
        intruder: bool,
        now_ms: i64,
    ) -> Option<u64> {
        let numbers = [self.number(), self.number()];
        let is_key = kind == "SSH key";
        let tail = self.rng.text(if is_key { 43 } else { 8 });
        let single_sign_on = self.settings.saml != Saml::None;
        let person = self.people.get_mut(&id).filter(|p| !p.suspended)?;
        let authorization = single_sign_on.then_some(Authorization {
            id: numbers[1],
            authorized_ms: now_ms,
            accessed_ms: Some(now_ms),
        });
        let credential = Credential {
            id: numbers[0],
            kind: kind.to_owned(),
            title: title.to_owned(),
            tail,
            scopes: if is_key {
                Vec::new()
            } else {
                vec!["repo".to_owned()]
            },
            expires_ms: (!is_key).then_some(now_ms + 90 * DAY),
            authorization,
            intruder,
        };
        person.credentials.insert(numbers[0], credential);
        Some(numbers[0])
    }

    /// Makes a fine-grained token with access, or asks for the access. Returns the id of either.
    pub fn grant(&mut self, id: u64, name: &str, intruder: bool, now_ms: i64) -> Option<u64> {
        let grant = Grant {
            id: self.number(),
            token_id: self.number(),
            token_name: name.to_owned(),
            granted_ms: now_ms,
            last_used_ms: Some(now_ms),
            expires_ms: Some(now_ms + 30 * DAY),
            intruder,
        };
        let asks = self.settings.grants_need_approval;
        let person = self
            .people
            .get_mut(&id)
            .filter(|p| is_in(p) && !p.suspended)?;
        let number = grant.id;
        if asks {
            person.requests.insert(number, grant);
        } else {
            person.grants.insert(number, grant);
        }
        Some(number)
    }

    /// Somebody who was invited comes.
    pub fn accept_invitation(&mut self, id: u64) {
        let person = self.people.get_mut(&id);
        if let Some(membership) = person.and_then(|p| p.membership.as_mut()) {
            membership.pending = false;
        }
    }

    fn number(&mut self) -> u64 {
        10_000_000 + self.rng.below(80_000_000)
    }
}

fn is_in(person: &Person) -> bool {
    person.membership.as_ref().is_some_and(|m| !m.pending)
}

impl Downstream for GitHub {
    fn enter(&mut self, id: &str, ip: &str, now_ms: i64) -> bool {
        let id = id.parse().unwrap_or_default();
        self.settings.saml != Saml::None && self.sign_on(id, ip, true, now_ms)
    }

    fn is_inside(&self, id: &str) -> bool {
        !self.lingers(id, self.clock_ms).is_empty()
    }

    fn dig_in(&mut self, id: &str, chance: &mut Rng, now_ms: i64) -> &'static str {
        let Some(person) = self.person(id) else {
            return "github_nothing";
        };
        let (id, room) = (person.id, person.credentials.len() < GREED_MAX);
        let name = chance.text(3);
        let made = match chance.below(3) {
            0 if room => {
                let title = format!("ci {name}");
                let made = self.authorize(id, "personal access token", &title, true, now_ms);
                made.map(|_| "github_token")
            }
            1 if room => {
                let title = format!("laptop {name}");
                let made = self.authorize(id, "SSH key", &title, true, now_ms);
                made.map(|_| "github_key")
            }
            2 if self.people[&id].grants.len() < GREED_MAX => {
                let made = self.grant(id, &format!("sync {name}"), true, now_ms);
                made.map(|_| "github_grant")
            }
            _ => None,
        };
        made.unwrap_or("github_nothing")
    }

    fn asks_for_sign_on(&self) -> bool {
        !self.settings.browser_authorises
    }
}

impl Service for GitHub {
    fn id_of(&self, login: &str) -> String {
        github_number_at(&self.name, login).to_string()
    }

    fn external_id_of(&self, login: &str) -> String {
        github_scim_id_at(&self.name, login)
    }

    fn digest(&self) -> String {
        Self::digest(self)
    }

    fn holds(&self, id: &str, _now_ms: i64) -> Vec<String> {
        Self::holds(self, id)
    }

    fn lingers(&self, id: &str, now_ms: i64) -> Vec<String> {
        Self::lingers(self, id, now_ms)
    }

    fn set_base_url(&mut self, url: String) {
        self.base_url = url;
    }

    fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0x6174);
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
        let id = github_number_at(&self.name, login);
        self.authorize(id, "SSH key", "desk", false, now_ms - 50 * DAY);
        self.authorize(
            id,
            "personal access token",
            "scripts",
            false,
            now_ms - 40 * DAY,
        );
        self.grant(id, "release bot", false, now_ms - 30 * DAY);
        self.sign_on(id, "192.0.2.10", false, now_ms - 2_000_000);
    }

    fn dismiss(&mut self, login: &str) {
        self.people.remove(&github_number_at(&self.name, login));
    }

    fn evacuate(&mut self) {
        self.people.clear();
    }
}
