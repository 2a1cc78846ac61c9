//! What gives an account back: `unsuspend_user` and `reset_password`.
//!
//! Never before a suspension: `reset_password` moves the account to `RECOVERY`, which Okta does
//! not suspend. Source: Okta API, "Unsuspend a user", "Reset a password".

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::suspend::lifecycle;
use super::users::{UserState, status_of};
use super::verb::{Planning, Seen, Verb, flag, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target, Undo};
use crate::transport::{Path, Write, Writer};

pub(super) struct UnsuspendUser;

#[async_trait]
impl Verb for UnsuspendUser {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        if who.subject.status != "SUSPENDED" {
            let why = format!("{}: not suspended", who.subject.status);
            return Planned::skipped(Skip::NothingSelected { why });
        }
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({ "status": who.subject.status });
        Planned::one(p.change(who, target, "unsuspend the account".into(), before))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let sent = send(w, &lifecycle(change, "unsuspend")).await;
        if sent.wants_reread()
            && let Ok(status) = status_of(w.reader(), &change.subject).await
            && !matches!(status.as_str(), "SUSPENDED" | "DEPROVISIONED")
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
            UserState::Is(status) if matches!(status.as_str(), "SUSPENDED" | "DEPROVISIONED") => {
                (ProofState::Refuted, format!("{status} read"))
            }
            UserState::Is(status) => (ProofState::Proven, format!("{status} read")),
            UserState::Gone => (ProofState::Refuted, "the account is gone".into()),
            UserState::Unread(why) => (ProofState::Pending, why),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &done.change,
            "suspend_user",
            "suspend the account",
            Undo::Restores,
            json!({ "if_locked_out": "report" }),
        )])
    }
}

pub(super) struct ResetPassword;

#[async_trait]
impl Verb for ResetPassword {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        if who.subject.mastered_by != "OKTA" {
            let why = format!("the password lives at {}", who.subject.mastered_by);
            return Planned::skipped(Skip::Unsupported { why });
        }
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({ "status": who.subject.status });
        Planned::one(p.change(who, target, "reset the password".into(), before))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let email = flag(&change.settings, "send_email", true);
        let path = Path::new("/api/v1/users")
            .seg(change.subject.as_str())
            .then("/lifecycle/reset_password")
            .query("sendEmail", email.to_string());
        outcome(change, send(w, &Write::post(path)).await, false)
    }

    /// The account waits for a new password, or has one that is younger than our call.
    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let got = e.glance.one(super::users::path(&done.change.subject)).await;
        let user = match &*got {
            Ok(user) => user,
            Err(unread) => return (ProofState::Pending, unread.why()),
        };
        let status = super::glance::text(user, "status");
        let changed = user["passwordChanged"]
            .as_str()
            .and_then(|text| text.parse::<crate::model::Utc>().ok());
        let sent = done
            .outcome
            .receipts
            .iter()
            .map(|receipt| receipt.server_at)
            .min();
        match (status, changed, sent) {
            ("RECOVERY", _, _) => (ProofState::Proven, "RECOVERY read".into()),
            (_, Some(changed), Some(sent)) if changed >= sent => {
                (ProofState::Proven, format!("password changed at {changed}"))
            }
            _ => (ProofState::Refuted, format!("{status} read, not RECOVERY")),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("chooses a new password".into()))
    }
}
