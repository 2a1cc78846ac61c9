//! Accounts as everybody sees them, and the organisation.

use serde_json::{Value, json};

use super::answers::{not_for_apps, not_found};
use super::callers::Caller;
use super::state::Person;
use super::{Call, GitHub};
use crate::time::iso;
use crate::vendor::Answer;

impl GitHub {
    /// Somebody by the login that he has at this moment.
    pub(super) fn by_login(&self, login: &str) -> Option<&Person> {
        let mut people = self.people.values();
        people.find(|p| p.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn get_self(&mut self, call: &Call<'_>) -> Answer {
        let Caller::Owner(name) = call.caller else {
            return not_for_apps();
        };
        let owner = self.owners_tokens.get(name);
        match owner.and_then(|token| self.people.get(&token.user_id)) {
            Some(person) => Answer::json(200, self.user(person)),
            None => not_found(),
        }
    }

    pub(super) fn get_by_id(&mut self, call: &Call<'_>) -> Answer {
        let id = call.param(0).parse().ok();
        match id.and_then(|id: u64| self.people.get(&id)) {
            Some(person) => Answer::json(200, self.user(person)),
            None => not_found(),
        }
    }

    pub(super) fn get_by_login(&mut self, call: &Call<'_>) -> Answer {
        match self.by_login(call.param(0)) {
            Some(person) => Answer::json(200, self.user(person)),
            None => not_found(),
        }
    }

    /// The SSH keys that somebody signs in with, which are public.
    pub(super) fn list_keys(&mut self, call: &Call<'_>) -> Answer {
        let Some(person) = self.by_login(call.param(0)) else {
            return not_found();
        };
        let keys = person.credentials.values().filter(|c| c.kind == "SSH key");
        let rows =
            keys.map(|c| json!({ "id": c.id, "key": format!("ssh-ed25519 AAAAMock{}", c.id) }));
        let rows = rows.collect();
        self.paged(rows, call)
    }

    pub(super) fn get_org(&mut self, call: &Call<'_>) -> Answer {
        if !call.param(0).eq_ignore_ascii_case(&self.org) {
            return not_found();
        }
        Answer::json(
            200,
            json!({
                "login": self.org, "id": self.org_id, "type": "Organization",
                "url": format!("{}/orgs/{}", self.base_url, self.org),
                "html_url": format!("https://github.com/{}", self.org),
            }),
        )
    }

    pub(super) fn user(&self, person: &Person) -> Value {
        let mut body = self.simple(person);
        body["name"] = person.name.clone().into();
        body["created_at"] = iso(person.created_ms).into();
        body
    }

    pub(super) fn simple(&self, person: &Person) -> Value {
        let login = &person.login;
        json!({
            "login": login, "id": person.id, "node_id": format!("U_mock{}", person.id),
            "url": format!("{}/users/{login}", self.base_url),
            "html_url": format!("https://github.com/{login}"), "type": "User", "site_admin": false,
        })
    }
}
