//! SCIM, for the organisation and for the enterprise; they do different things with `active: false`.
//!
//! At the organisation it removes the member, and the identity with its id is gone. At the enterprise
//! it suspends a managed user: login and address are disguised, SCIM's own data stay, and `true` gives
//! all of it back. How the disguise looks is assumed.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answers::scim_refusal;
use super::members::expel;
use super::state::{Identity, Person};
use super::{Call, GitHub, Saml};
use crate::scim::Filter;
use crate::time::iso;
use crate::vendor::Answer;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

impl GitHub {
    pub(super) fn scim_list_org(&mut self, call: &Call<'_>) -> Answer {
        match self.settings.saml {
            Saml::Org => self.scim_list(call, &["id", "userName", "emails", "externalId"]),
            _ => no_such(),
        }
    }

    pub(super) fn scim_list_enterprise(&mut self, call: &Call<'_>) -> Answer {
        match self.settings.managed_users {
            true => self.scim_list(call, &["userName", "externalId", "id", "displayName"]),
            false => no_such(),
        }
    }

    fn scim_list(&self, call: &Call<'_>, known: &[&str]) -> Answer {
        let filter = match call.query("filter").map(Filter::parse) {
            None => None,
            Some(Err(why)) => return scim_refusal(400, &why),
            Some(Ok(filter)) => {
                let fits = |(path, op): &(&str, &str)| known.contains(path) && *op == "eq";
                if !filter.tests().iter().all(fits) {
                    return scim_refusal(400, "Invalid filter: an attribute with eq");
                }
                Some(filter)
            }
        };
        let seen = |p: &&Person| p.identity.is_some();
        let all: Vec<Value> = self
            .people
            .values()
            .filter(seen)
            .map(|p| self.scim_user(p, call))
            .filter(|user| filter.as_ref().is_none_or(|f| f.matches(user)))
            .collect();
        let number = |name: &str, default: usize| {
            let given = call.query(name).and_then(|text| text.parse().ok());
            given.unwrap_or(default)
        };
        let (start, count) = (number("startIndex", 1).max(1), number("count", 30).min(100));
        let total = all.len();
        let page: Vec<Value> = all.into_iter().skip(start - 1).take(count).collect();
        Answer::json(
            200,
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total,
                "itemsPerPage": page.len(), "startIndex": start, "Resources": page,
            }),
        )
    }

    fn scim_user(&self, person: &Person, call: &Call<'_>) -> Value {
        let none = Identity::default();
        let identity = person.identity.as_ref().unwrap_or(&none);
        let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
        let path = call.request.path.split("/Users").next().unwrap_or_default();
        json!({
            "schemas": [USER], "id": identity.guid, "externalId": identity.external_id,
            "userName": identity.name_id, "displayName": person.name,
            "name": { "givenName": first, "familyName": last, "formatted": person.name },
            "emails": [{ "value": identity.name_id, "primary": true, "type": "work" }],
            "active": !person.suspended, "groups": [],
            "meta": {
                "resourceType": "User", "created": iso(person.created_ms), "lastModified": iso(person.created_ms),
                "location": format!("{}{path}/Users/{}", self.base_url, identity.guid),
            },
        })
    }

    pub(super) fn scim_get_org(&mut self, call: &Call<'_>) -> Answer {
        self.scim_get(call, self.settings.saml == Saml::Org)
    }

    pub(super) fn scim_get_enterprise(&mut self, call: &Call<'_>) -> Answer {
        self.scim_get(call, self.settings.managed_users)
    }

    fn scim_get(&self, call: &Call<'_>, exists: bool) -> Answer {
        match self.by_guid(call.param(1)).filter(|_| exists) {
            Some(person) => Answer::json(200, self.scim_user(person, call)),
            None => no_such(),
        }
    }

    fn by_guid(&self, guid: &str) -> Option<&Person> {
        let mut people = self.people.values();
        people.find(|p| p.identity.as_ref().is_some_and(|i| i.guid == guid))
    }

    pub(super) fn scim_patch_org(&mut self, call: &Call<'_>) -> Answer {
        let active = match active_of(&call.json(), false) {
            Ok(active) => active,
            Err(refusal) => return refusal,
        };
        let found = self.by_guid(call.param(1)).map(|p| p.id);
        let Some(id) = found.filter(|_| self.settings.saml == Saml::Org) else {
            return no_such();
        };
        let mut body = self.scim_user(&self.people[&id], call);
        if !active {
            body["active"] = false.into();
            self.forget(id);
        }
        Answer::json(200, body).changed(!active)
    }

    pub(super) fn scim_delete_org(&mut self, call: &Call<'_>) -> Answer {
        let found = self.by_guid(call.param(1)).map(|p| p.id);
        match found.filter(|_| self.settings.saml == Saml::Org) {
            Some(id) => {
                self.forget(id);
                Answer::empty(204).changed(true)
            }
            None => no_such(),
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(person) = self.people.get_mut(&id) {
            person.identity = None;
            expel(person);
        }
    }

    pub(super) fn scim_patch_enterprise(&mut self, call: &Call<'_>) -> Answer {
        let active = match active_of(&call.json(), true) {
            Ok(active) => active,
            Err(refusal) => return refusal,
        };
        let found = self.by_guid(call.param(1)).map(|p| p.id);
        let Some(id) = found.filter(|_| self.settings.managed_users) else {
            return no_such();
        };
        let shortcode = self.shortcode.clone();
        let Some(person) = self.people.get_mut(&id) else {
            return no_such();
        };
        if person.first_owner {
            return scim_refusal(403, "The setup user cannot be changed by SCIM");
        }
        let changed = person.suspended == active;
        person.suspended = !active;
        person.login = if active {
            person.plain_login.clone()
        } else {
            disguise(&person.plain_login, &shortcode)
        };
        let body = self.scim_user(&self.people[&id], call);
        Answer::json(200, body).changed(changed)
    }
}

fn no_such() -> Answer {
    scim_refusal(404, "Resource not found")
}

/// A login that tells nothing.
fn disguise(login: &str, shortcode: &str) -> String {
    use std::fmt::Write as _;
    let bytes = Sha256::digest(login);
    let hex = bytes[..8].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    });
    format!("{hex}_{shortcode}")
}

/// What a patch sets `active` to: the mock takes nothing else.
fn active_of(body: &Value, needs_schema: bool) -> Result<bool, Answer> {
    if needs_schema && body["schemas"] != json!([PATCH]) {
        return Err(scim_refusal(400, "schemas must be PatchOp"));
    }
    let operations = body["Operations"].as_array();
    let value = operations.and_then(|all| match all.as_slice() {
        [only] if only["op"].as_str()?.eq_ignore_ascii_case("replace") => {
            let value = match only["path"].as_str() {
                Some("active") => &only["value"],
                None => &only["value"]["active"],
                Some(_) => return None,
            };
            let text = value.as_str().map(str::to_lowercase);
            match text.as_deref() {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => value.as_bool(),
            }
        }
        _ => None,
    });
    let text = "the mock knows one operation: replace active by a boolean";
    value.ok_or_else(|| scim_refusal(400, text))
}
