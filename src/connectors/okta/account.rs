//! `deactivate_user` and `reset_factors`: the blunt ones, in no shipped playbook.
//!
//! Deactivating is destructive: Okta deprovisions the account from all apps, and mail and files
//! may go with it. Source: Okta API, "Deactivate a user", "Reset all factors".

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Unread, items};
use super::suspend::lifecycle;
use super::users::{self, UserState, status_of};
use super::verb::{Planning, Seen, Verb};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target, count, count_and,
};
use crate::transport::{Path, Write, Writer};

pub(super) struct DeactivateUser;

#[async_trait]
impl Verb for DeactivateUser {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({ "status": who.subject.status });
        let sentence = "deactivate the account, which deprovisions it from all apps".to_owned();
        let mut planned = Planned::one(p.change(who, target, sentence, before));
        planned
            .notes
            .push("cannot be undone: mail and files at apps may be deleted".into());
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = Path::new("/api/v1/users")
            .seg(change.subject.as_str())
            .then("/lifecycle/deactivate")
            .query("sendEmail", "false");
        let sent = send(w, &Write::post(path)).await;
        if sent.wants_reread()
            && status_of(w.reader(), &change.subject).await.as_deref() == Ok("DEPROVISIONED")
        {
            return Outcome {
                kind: OutcomeKind::AlreadyDone,
                receipts: vec![sent.receipt],
            };
        }
        outcome(change, sent, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match UserState::read(&e.glance, &done.change.subject).await {
            UserState::Is(status) if status == "DEPROVISIONED" => {
                (ProofState::Proven, "DEPROVISIONED read".into())
            }
            UserState::Is(status) => (
                ProofState::Refuted,
                format!("{status} read, not DEPROVISIONED"),
            ),
            UserState::Gone => (ProofState::Proven, "the account is gone".into()),
            UserState::Unread(why) => (ProofState::Pending, why),
        }
    }

    fn is_proven_by_account(&self) -> bool {
        true
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never(
            "activating it again brings back neither apps nor their data".into(),
        ))
    }
}

pub(super) struct ResetFactors;

#[async_trait]
impl Verb for ResetFactors {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let got = p
            .glance
            .list(users::path(&who.subject.id).then("/factors"))
            .await;
        let factors = match &*got {
            Ok(factors) => factors,
            Err(Unread::Absent { .. }) => {
                let none = users::has_no_factors(p.glance, &who.subject.id).await;
                return Planned::skipped(match none {
                    Ok(why) => Skip::NothingSelected { why: why.into() },
                    Err(why) => Skip::Unread { why },
                });
            }
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let target = Target::user(&who.subject.id, &who.subject.login);
        let sentence = format!(
            "remove all factors: {}",
            count(items(factors).len(), "factor")
        );
        Planned::one(p.change(who, target, sentence, json!({ "factors": factors })))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        outcome(
            change,
            send(w, &lifecycle(change, "reset_factors")).await,
            false,
        )
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let path = users::path(&done.change.subject).then("/factors");
        match &*e.glance.list(path).await {
            Ok(list) if items(list).is_empty() => (ProofState::Proven, "no factor listed".into()),
            Ok(list) => (ProofState::Refuted, {
                let number = items(list).len();
                format!(
                    "{} still listed",
                    count_and(number, "factor", ("is", "are"))
                )
            }),
            Err(Unread::Absent { .. }) => {
                match users::has_no_factors(&e.glance, &done.change.subject).await {
                    Ok(why) => (ProofState::Proven, why.into()),
                    Err(why) => (ProofState::Pending, why),
                }
            }
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes(
            "enrols again, with IT present".into(),
        ))
    }
}
