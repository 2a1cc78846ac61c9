//! Membership: read, given, taken.
//!
//! Whoever is removed loses his authorisations and the access of his fine-grained tokens, but stays in
//! by an enterprise team; an invitation is pending until it is accepted. That the last owner cannot be
//! removed is assumed to be a 403, and too many invitations a 422.

use serde_json::{Value, json};

use super::answers::{invalid, not_found, refusal};
use super::state::{Membership, Person};
use super::{Call, GitHub};
use crate::vendor::Answer;

impl GitHub {
    pub(super) fn check_member(&mut self, call: &Call<'_>) -> Answer {
        let person = self.by_login(call.param(1));
        match person.and_then(|p| p.membership.as_ref()) {
            Some(membership) if !membership.pending => Answer::empty(204),
            _ => not_found(),
        }
    }

    pub(super) fn get_membership(&mut self, call: &Call<'_>) -> Answer {
        let person = self.by_login(call.param(1));
        match person.and_then(|p| Some((p, p.membership.as_ref()?))) {
            Some((person, membership)) => Answer::json(200, self.membership(person, membership)),
            None => not_found(),
        }
    }

    fn membership(&self, person: &Person, membership: &Membership) -> Value {
        let org = format!("{}/orgs/{}", self.base_url, self.org);
        json!({
            "url": format!("{org}/memberships/{}", person.login),
            "state": if membership.pending { "pending" } else { "active" },
            "role": membership.role, "direct_membership": membership.direct,
            "enterprise_teams_providing_indirect_membership": membership.teams,
            "organization_url": org, "organization": { "login": self.org, "id": self.org_id },
            "user": self.simple(person),
        })
    }

    pub(super) fn remove_member(&mut self, call: &Call<'_>) -> Answer {
        let Some(person) = self.by_login(call.param(1)) else {
            return not_found();
        };
        let Some(membership) = &person.membership else {
            return not_found();
        };
        if !membership.direct {
            return refusal(403, "The member is in by an enterprise team only.");
        }
        let is_owner = |p: &&Person| {
            let own = p.membership.as_ref();
            own.is_some_and(|m| m.role == "admin" && !m.pending)
        };
        if membership.role == "admin" && self.people.values().filter(is_owner).count() == 1 {
            return refusal(403, "The last owner cannot be removed.");
        }
        let id = person.id;
        if let Some(person) = self.people.get_mut(&id) {
            expel(person);
        }
        Answer::empty(204).changed(true)
    }

    pub(super) fn set_membership(&mut self, call: &Call<'_>) -> Answer {
        let role = call.json()["role"].as_str().unwrap_or("member").to_owned();
        if !["member", "admin"].contains(&role.as_str()) {
            return invalid("Validation Failed: role");
        }
        let Some(id) = self.by_login(call.param(1)).map(|p| p.id) else {
            return not_found();
        };
        let managed = self.settings.managed_users;
        let is_new = self.people[&id].membership.is_none();
        if is_new && self.invited >= self.settings.invitations_max {
            return invalid("Validation Failed: Over invitation rate limit");
        }
        let Some(person) = self.people.get_mut(&id) else {
            return not_found();
        };
        let changed = match &mut person.membership {
            Some(membership) => {
                let before = (membership.role.clone(), membership.direct);
                membership.role.clone_from(&role);
                membership.direct = true;
                before != (role, true)
            }
            none => {
                // Nobody asks a managed user whether he wants to.
                *none = Some(Membership {
                    role,
                    pending: !managed,
                    direct: true,
                    teams: Vec::new(),
                });
                true
            }
        };
        self.invited += u32::from(is_new);
        let person = &self.people[&id];
        let body = person.membership.as_ref();
        let body = body.map(|m| self.membership(person, m));
        Answer::json(200, body.unwrap_or_default()).changed(changed)
    }
}

/// Takes somebody out of the organisation, as far as he is in by himself.
pub(super) fn expel(person: &mut Person) {
    match &mut person.membership {
        Some(membership) if !membership.teams.is_empty() => {
            membership.direct = false;
            "member".clone_into(&mut membership.role);
        }
        membership => {
            *membership = None;
            person.grants.clear();
            person.requests.clear();
            for credential in person.credentials.values_mut() {
                credential.authorization = None;
            }
        }
    }
}
