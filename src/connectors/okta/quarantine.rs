//! `quarantine_user`: puts the account into one pre-made group whose policy denies sign-in.
//!
//! Works in any status and survives imports, where suspending does not. It ends no session:
//! `clear_sessions` does. The group and its policy are the org's; oust makes neither.

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Glance, Unread, items, text};
use super::users;
use super::verb::{Planning, Seen, Verb, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target, Undo, UserId};
use crate::transport::{Path, Write, Writer};

pub(super) const NOT_CONFIGURED: &str = "no `quarantine_group` is configured: make a group whose sign-on policy \
                              denies access to all apps and Okta, and give its id";

pub(super) struct QuarantineUser;

#[async_trait]
impl Verb for QuarantineUser {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let Some(group) = &p.okta.settings.quarantine_group else {
            let why = NOT_CONFIGURED.to_owned();
            return Planned::skipped(Skip::Unsupported { why });
        };
        let member = match is_member(p.glance, &who.subject.id, group).await {
            Ok(member) => member,
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({
            "group": group, "member": member, "status": who.subject.status,
            "mastered_by": who.subject.mastered_by,
        });
        let sentence = format!("put the account into the quarantine group {group}");
        Planned::one(p.change(who, target, sentence, before))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        match membership(change) {
            Some(path) => outcome(change, send(w, &Write::put(path)).await, false),
            None => no_group(),
        }
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let change = &done.change;
        match is_member(&e.glance, &change.subject, text(&change.before, "group")).await {
            Ok(true) => (ProofState::Proven, "member of the quarantine group".into()),
            Ok(false) => (ProofState::Refuted, "not in the quarantine group".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.change.before["member"] == true {
            return Err(CannotUndo::NotOurs);
        }
        let mut leave = undoing(
            &done.change,
            "unquarantine_user",
            "take the account out of the quarantine group",
            Undo::Restores,
            json!({}),
        );
        leave.before["group"] = done.change.before["group"].clone();
        // As long as the group keeps him out, the old password lets nobody in.
        let reset = undoing(
            &done.change,
            "reset_password",
            "reset the password: the intruder may know it",
            Undo::PersonRedoes,
            json!({ "send_email": true }),
        );
        Ok(match done.change.before["mastered_by"] == "OKTA" {
            true => vec![reset, leave],
            false => vec![leave],
        })
    }
}

pub(super) struct UnquarantineUser;

#[async_trait]
impl Verb for UnquarantineUser {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let Some(group) = &p.okta.settings.quarantine_group else {
            let why = NOT_CONFIGURED.to_owned();
            return Planned::skipped(Skip::Unsupported { why });
        };
        match is_member(p.glance, &who.subject.id, group).await {
            Ok(true) => {
                let target = Target::user(&who.subject.id, &who.subject.login);
                let sentence = "take the account out of the quarantine group".to_owned();
                let before = json!({ "group": group, "member": true });
                Planned::one(p.change(who, target, sentence, before))
            }
            Ok(false) => Planned::skipped(Skip::NothingSelected {
                why: "not in the quarantine group".into(),
            }),
            Err(unread) => Planned::skipped(Skip::Unread { why: unread.why() }),
        }
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        match membership(change) {
            Some(path) => outcome(change, send(w, &Write::delete(path)).await, true),
            None => no_group(),
        }
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let change = &done.change;
        match is_member(&e.glance, &change.subject, text(&change.before, "group")).await {
            Ok(false) => (ProofState::Proven, "not in the quarantine group".into()),
            Ok(true) => (
                ProofState::Refuted,
                "still in the quarantine group: a group rule may put him back".into(),
            ),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let mut back = undoing(
            &done.change,
            "quarantine_user",
            "put the account into the quarantine group",
            Undo::Restores,
            json!({}),
        );
        back.before["group"] = done.change.before["group"].clone();
        Ok(vec![back])
    }
}

/// Where the membership stands; `None` if the change names no group.
fn membership(change: &Change) -> Option<Path> {
    let group = text(&change.before, "group");
    (!group.is_empty()).then(|| {
        Path::new("/api/v1/groups")
            .seg(group)
            .then("/users")
            .seg(change.subject.as_str())
    })
}

fn no_group() -> Outcome {
    Outcome::bare(OutcomeKind::Failed {
        why: NOT_CONFIGURED.into(),
        hint: "set `quarantine_group`, then plan again".into(),
    })
}

async fn is_member(glance: &Glance, who: &UserId, group: &str) -> Result<bool, Unread> {
    let groups = glance.list(users::path(who).then("/groups")).await;
    match &*groups {
        Ok(groups) => Ok(items(groups).iter().any(|each| each["id"] == *group)),
        Err(unread) => Err(unread.clone()),
    }
}
