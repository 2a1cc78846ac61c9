//! Fine-grained tokens: their access to the organisation, and the requests for it.
//!
//! Only Apps may ask. Many at once are accepted and done later, one is done at once; the token itself
//! lives on. A list that names an id of no grant is refused as a whole, which is assumed.

use serde_json::{Value, json};

use super::answers::{invalid, not_found};
use super::state::{Grant, Job, Person, Revoked};
use super::{Call, GitHub};
use crate::time::iso;
use crate::vendor::Answer;

/// The most ids that one call takes.
const MANY_MAX: usize = 100;

impl GitHub {
    pub(super) fn list_grants(&mut self, call: &Call<'_>) -> Answer {
        self.listed(call, |person| &person.grants, false)
    }

    pub(super) fn list_requests(&mut self, call: &Call<'_>) -> Answer {
        self.listed(call, |person| &person.requests, true)
    }

    fn listed(
        &self,
        call: &Call<'_>,
        of: fn(&Person) -> &std::collections::BTreeMap<u64, Grant>,
        asked: bool,
    ) -> Answer {
        let owners: Vec<&str> = call
            .query
            .iter()
            .filter(|(key, _)| key == "owner[]" || key == "owner")
            .map(|(_, value)| value.as_str())
            .collect();
        let left_out = owners.len().saturating_sub(self.settings.owners_heeded);
        let owners = &owners[left_out..];
        let his = |p: &&Person| {
            owners.is_empty() || owners.iter().any(|o| p.login.eq_ignore_ascii_case(o))
        };
        let mut all: Vec<(i64, Value)> = self
            .people
            .values()
            .filter(his)
            .flat_map(|person| {
                let grants = of(person).values();
                grants.map(|g| (g.granted_ms, self.row(person, g, asked, call.now_ms)))
            })
            .collect();
        all.sort_by_key(|(at_ms, _)| -at_ms);
        self.paged(all.into_iter().map(|(_, row)| row).collect(), call)
    }

    fn row(&self, person: &Person, grant: &Grant, asked: bool, now_ms: i64) -> Value {
        let mut row = json!({
            "id": grant.id, "owner": self.simple(person), "repository_selection": "all",
            "repositories_url": format!("{}/orgs/{}/personal-access-tokens/{}/repositories", self.base_url, self.org, grant.id),
            "permissions": { "repository": { "contents": "write", "metadata": "read" } },
            "token_id": grant.token_id, "token_name": grant.token_name,
            "token_expired": grant.expires_ms.is_some_and(|end| end <= now_ms),
            "token_expires_at": grant.expires_ms.map(iso), "token_last_used_at": grant.last_used_ms.map(iso),
        });
        if asked {
            row["created_at"] = iso(grant.granted_ms).into();
            row["reason"] = Value::Null;
        } else {
            row["access_granted_at"] = iso(grant.granted_ms).into();
        }
        row
    }

    pub(super) fn revoke_grants(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        if body["action"] != "revoke" {
            return invalid("Validation Failed: action must be revoke");
        }
        let Some(ids) = ids(&body["pat_ids"]) else {
            return invalid("Validation Failed: pat_ids are 1 to 100 numbers");
        };
        let known = |id: &u64| self.people.values().any(|p| p.grants.contains_key(id));
        if !ids.iter().all(known) {
            return invalid("Validation Failed: a pat_id is not known");
        }
        let owners: Vec<u64> = self
            .people
            .values()
            .filter(|p| ids.iter().any(|id| p.grants.contains_key(id)))
            .map(|p| p.id)
            .collect();
        for person in owners {
            self.jobs.push(Job {
                due_ms: call.now_ms + self.settings.queue_ms,
                asked_ms: call.now_ms,
                person,
                what: Revoked::Grants(ids.clone()),
            });
        }
        Answer::json(202, json!({})).changed(true)
    }

    pub(super) fn revoke_grant(&mut self, call: &Call<'_>) -> Answer {
        if call.json()["action"] != "revoke" {
            return invalid("Validation Failed: action must be revoke");
        }
        let id = call.param(1).parse().unwrap_or_default();
        let mut people = self.people.values_mut();
        match people.find_map(|p| p.grants.remove(&id)) {
            Some(_) => Answer::empty(204).changed(true),
            None => not_found(),
        }
    }

    pub(super) fn review_requests(&mut self, call: &Call<'_>) -> Answer {
        let body = call.json();
        let approve = match body["action"].as_str() {
            Some("approve") => true,
            Some("deny") => false,
            _ => return invalid("Validation Failed: action must be approve or deny"),
        };
        let Some(ids) = ids(&body["pat_request_ids"]) else {
            return invalid("Validation Failed: pat_request_ids are 1 to 100 numbers");
        };
        let mut changed = false;
        for person in self.people.values_mut() {
            for id in &ids {
                if let Some(grant) = person.requests.remove(id) {
                    changed = true;
                    if approve {
                        person.grants.insert(grant.id, grant);
                    }
                }
            }
        }
        Answer::json(202, json!({})).changed(changed)
    }
}

/// One to a hundred numbers.
fn ids(value: &Value) -> Option<Vec<u64>> {
    let ids: Option<Vec<u64>> = value.as_array()?.iter().map(Value::as_u64).collect();
    ids.filter(|ids| (1..=MANY_MAX).contains(&ids.len()))
}
