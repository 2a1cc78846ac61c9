//! What members authorised for single sign-on: listed, ended one by one, or all of somebody's at once.
//!
//! Ending all is only accepted, and done later. Of managed users the credentials themselves can be
//! destroyed, by the enterprise. An organisation without single sign-on has none of these calls.

use serde_json::{Value, json};

use super::answers::{invalid, not_found};
use super::callers::Caller;
use super::state::{Credential, Job, Person, Revoked};
use super::{Call, GitHub, Saml};
use crate::time::iso;
use crate::vendor::Answer;

/// Every kind, as the list calls it.
const KINDS: [&str; 4] = [
    "personal access token",
    "SSH key",
    "OAuth app token",
    "GitHub app token",
];

impl GitHub {
    pub(super) fn list_authorizations(&mut self, call: &Call<'_>) -> Answer {
        if self.settings.saml == Saml::None {
            return not_found();
        }
        let login = call.query("login");
        let his = |p: &&Person| login.is_none_or(|login| p.login.eq_ignore_ascii_case(login));
        let rows = self.people.values().filter(his).flat_map(|person| {
            let all = person.credentials.values();
            all.filter_map(|c| row(person, c))
        });
        let rows = rows.collect();
        self.paged(rows, call)
    }

    pub(super) fn delete_authorization(&mut self, call: &Call<'_>) -> Answer {
        let id = call.param(1);
        let mut all = self
            .people
            .values_mut()
            .flat_map(|p| p.credentials.values_mut());
        let found = all.find(|c| {
            c.authorization
                .as_ref()
                .is_some_and(|a| a.id.to_string() == id)
        });
        match found {
            Some(credential) => {
                credential.authorization = None;
                Answer::empty(204).changed(true)
            }
            None => not_found(),
        }
    }

    pub(super) fn revoke_in_org(&mut self, call: &Call<'_>) -> Answer {
        if self.settings.saml == Saml::None || self.settings.revokes_one_by_one {
            return not_found();
        }
        self.queue(call, KINDS.to_vec(), false, false)
    }

    pub(super) fn revoke_type_in_org(&mut self, call: &Call<'_>) -> Answer {
        if self.settings.saml == Saml::None || self.settings.revokes_one_by_one {
            return not_found();
        }
        match kinds_of(&call.json()) {
            Ok((kinds, grants)) => self.queue(call, kinds, false, grants),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn revoke_in_enterprise(&mut self, call: &Call<'_>) -> Answer {
        let destroy = call.json()["revoke_credentials"] == true;
        self.of_enterprise(call, KINDS.to_vec(), destroy, destroy)
    }

    pub(super) fn revoke_type_in_enterprise(&mut self, call: &Call<'_>) -> Answer {
        let destroy = call.json()["revoke_credentials"] == true;
        match kinds_of(&call.json()) {
            Ok((kinds, grants)) => self.of_enterprise(call, kinds, destroy, grants),
            Err(refusal) => refusal,
        }
    }

    fn of_enterprise(
        &mut self,
        call: &Call<'_>,
        kinds: Vec<&'static str>,
        destroy: bool,
        grants: bool,
    ) -> Answer {
        if self.settings.revokes_one_by_one {
            return not_found();
        }
        if destroy && !self.settings.managed_users {
            return invalid(
                "The `revoke_credentials` option is only available for Enterprise Managed User (EMU) enterprises",
            );
        }
        if self.by_login(call.param(1)).is_some_and(|p| p.first_owner) {
            return invalid("The first EMU owner cannot be targeted for credential revocation.");
        }
        self.queue(call, kinds, destroy, grants)
    }

    /// Accepts it, with the warning if the caller may cut himself off.
    fn queue(
        &mut self,
        call: &Call<'_>,
        kinds: Vec<&'static str>,
        destroy: bool,
        grants: bool,
    ) -> Answer {
        let Some(person) = self.by_login(call.param(1)) else {
            return not_found();
        };
        let meant = |c: &&Credential| kinds.contains(&c.kind.as_str());
        let mut credentials = person.credentials.values().filter(meant);
        let changes = credentials.any(|c| destroy || c.authorization.is_some())
            || (grants && !person.grants.is_empty());
        let (id, login) = (person.id, person.login.clone());
        let text =
            format!("Credential authorization revocation for user '{login}' has been queued");
        let mut body = json!({ "message": text });
        if let Caller::Owner(name) = call.caller
            && self.owners_tokens[name].user_id == id
        {
            body["warning"] = "The token used for this request may also have its authorization revoked as part of this operation".into();
        }
        self.jobs.push(Job {
            due_ms: call.now_ms + self.settings.queue_ms,
            asked_ms: call.now_ms,
            person: id,
            what: Revoked::Credentials {
                kinds,
                destroy,
                grants,
            },
        });
        Answer::json(202, body).changed(changes)
    }
}

/// The kinds behind a `credential_type`, and whether fine-grained tokens are meant. Those are no rows
/// of the list; that this ends their access to the organisation is assumed.
fn kinds_of(body: &Value) -> Result<(Vec<&'static str>, bool), Answer> {
    match body["credential_type"].as_str() {
        Some("classic_pat") => Ok((vec!["personal access token"], false)),
        Some("fine_grained_pat") => Ok((Vec::new(), true)),
        Some("ssh_key") => Ok((vec!["SSH key"], false)),
        Some("oauth_app_token") => Ok((vec!["OAuth app token", "GitHub app token"], false)),
        _ => Err(invalid(
            "The `credential_type` parameter is required and must be one of: classic_pat, fine_grained_pat, ssh_key, oauth_app_token",
        )),
    }
}

/// A row of the list; none for what is not authorised.
fn row(person: &Person, credential: &Credential) -> Option<Value> {
    let authorization = credential.authorization.as_ref()?;
    let is_key = credential.kind == "SSH key";
    let mut row = json!({
        "login": person.login, "credential_id": authorization.id, "credential_type": credential.kind,
        "credential_authorized_at": iso(authorization.authorized_ms),
        "credential_accessed_at": authorization.accessed_ms.map(iso),
        "authorized_credential_id": credential.id,
    });
    if is_key {
        row["fingerprint"] = credential.tail.clone().into();
        row["authorized_credential_title"] = credential.title.clone().into();
    } else {
        row["token_last_eight"] = credential.tail.clone().into();
        row["scopes"] = json!(credential.scopes);
        row["authorized_credential_note"] = credential.title.clone().into();
        row["authorized_credential_expires_at"] = json!(credential.expires_ms.map(iso));
    }
    Some(row)
}
