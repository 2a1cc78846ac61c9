//! What GitHub has accepted and does later.
//!
//! A revocation ends what there was when it was asked for. Whether GitHub's own also ends what comes
//! while it waits is unknown; the mock assumes the worse.

use super::GitHub;
use super::state::{Job, Person, Revoked};

impl GitHub {
    pub(super) fn carry_out_jobs(&mut self, now_ms: i64) {
        self.clock_ms = now_ms;
        let (due, later) = std::mem::take(&mut self.jobs)
            .into_iter()
            .partition(|job: &Job| job.due_ms <= now_ms);
        self.jobs = later;
        for job in due {
            self.carry_out(&job);
        }
    }

    fn carry_out(&mut self, job: &Job) {
        let Some(person) = self.people.get_mut(&job.person) else {
            return;
        };
        match &job.what {
            Revoked::Grants(ids) => person.grants.retain(|id, _| !ids.contains(id)),
            Revoked::Credentials {
                kinds,
                destroy,
                grants,
            } => {
                revoke(person, kinds, *destroy, job.asked_ms);
                if *grants {
                    person.grants.retain(|_, g| g.granted_ms > job.asked_ms);
                }
                let cuts_us = kinds.contains(&"personal access token");
                for token in self.owners_tokens.values_mut() {
                    if cuts_us && token.user_id == job.person {
                        token.authorized = false;
                        token.revoked |= *destroy;
                    }
                }
            }
        }
    }
}

fn revoke(person: &mut Person, kinds: &[&str], destroy: bool, asked_ms: i64) {
    let meant = |kind: &str| kinds.contains(&kind);
    let later = |at_ms: i64| at_ms > asked_ms;
    for credential in person.credentials.values_mut() {
        let stays = credential
            .authorization
            .as_ref()
            .is_some_and(|a| later(a.authorized_ms));
        if meant(&credential.kind) && !stays {
            credential.authorization = None;
        }
    }
    if destroy {
        // Tokens of apps can only lose their authorisation.
        let own = |kind: &str| ["personal access token", "SSH key"].contains(&kind);
        person.credentials.retain(|_, c| {
            let is_new = c.authorization.is_some();
            is_new || !(meant(&c.kind) && own(&c.kind))
        });
    }
}
