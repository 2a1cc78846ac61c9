//! `suspend_user` and its undoing, and `deactivate_user`.
//!
//! Oddity: Okta answers the same 400 to "already suspended" and to "cannot be suspended"
//! (locked out, expired, staged, …). It is never believed: the account is read, and only
//! `SUSPENDED` or `DEPROVISIONED` counts. Source: Okta API, "Suspend a user".

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{Sent, login_of, outcome, send};
use super::events::Evidence;
use super::users::{UserState, status_of};
use super::verb::{Planning, Seen, Verb, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target, Undo};
use crate::transport::{Answer, Meaning, Path, Write, Writer};

/// Statuses that Okta never suspends, with what stands in for it.
const CANNOT: &[&str] = &["STAGED", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED"];

pub(super) struct SuspendUser;

#[async_trait]
impl Verb for SuspendUser {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let status = who.subject.status.as_str();
        let unlock = p.word("if_locked_out") == "unlock";
        let why = match status {
            "LOCKED_OUT" if !unlock => {
                "LOCKED_OUT: cannot be suspended; `if_locked_out: unlock` unlocks first, \
                 `quarantine_user` works as it is"
            }
            _ if CANNOT.contains(&status) => "cannot be suspended; `quarantine_user` works",
            _ => "",
        };
        if !why.is_empty() {
            let why = match status {
                "LOCKED_OUT" => why.to_owned(),
                _ => format!("{status}: {why}"),
            };
            return Planned::skipped(Skip::NothingSelected { why });
        }
        let sentence = match status {
            "LOCKED_OUT" => "unlock the account and suspend it at once",
            _ => "suspend the account",
        };
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({ "status": status, "mastered_by": who.subject.mastered_by });
        let mut planned = Planned::one(p.change(who, target, sentence.into(), before));
        if who.subject.mastered_by != "OKTA" {
            planned.notes.push(format!(
                "the profile is mastered by {}: an import may activate the account again",
                who.subject.mastered_by
            ));
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let may_unlock = change.settings["if_locked_out"] == "unlock";
        let mut receipts = Vec::new();
        let mut unlocking = None;
        let mut locked = change.before["status"] == "LOCKED_OUT";
        loop {
            if locked && may_unlock && unlocking.is_none() {
                let sent = send(w, &lifecycle(change, "unlock")).await;
                receipts.push(sent.receipt.clone());
                if !sent.is_good() && !may_be_unlocked(&sent) {
                    return with(receipts, outcome(change, sent, false));
                }
                unlocking = Some(sent);
            }
            let sent = send(w, &lifecycle(change, "suspend")).await;
            receipts.push(sent.receipt.clone());
            if !sent.wants_reread() {
                return with(receipts, outcome(change, sent, false));
            }
            let status = status_of(w.reader(), &change.subject).await;
            locked = status.as_deref() == Ok("LOCKED_OUT");
            match unlocking.take() {
                None if locked && may_unlock => {}
                // It was the unlocking that failed: what Okta said to that is the reason.
                Some(refused) if locked && !refused.is_good() => {
                    return with(receipts, outcome(change, refused, false));
                }
                _ => {
                    let kind = after_refusal(change, &sent, status);
                    return Outcome { kind, receipts };
                }
            }
        }
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match UserState::read(&e.glance, &done.change.subject).await {
            UserState::Is(status) if is_out(&status) => {
                (ProofState::Proven, format!("{status} read"))
            }
            UserState::Is(status) => (ProofState::Refuted, format!("{status} read, not SUSPENDED")),
            UserState::Gone => (ProofState::Proven, "the account is gone".into()),
            UserState::Unread(why) => (ProofState::Pending, why),
        }
    }

    fn is_proven_by_account(&self) -> bool {
        true
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone || is_out_before(&done.change) {
            return Err(CannotUndo::NotOurs);
        }
        let change = &done.change;
        let unsuspend = undoing(
            change,
            "unsuspend_user",
            "unsuspend the account",
            Undo::Restores,
            json!({}),
        );
        let reset = undoing(
            change,
            "reset_password",
            "reset the password: the intruder may know it",
            Undo::PersonRedoes,
            json!({ "send_email": true }),
        );
        let clear = undoing(
            change,
            "clear_sessions",
            "end all Okta sessions once more",
            Undo::PersonRedoes,
            json!({ "oauth_tokens": true, "forget_devices": true }),
        );
        let chain = if change.before["mastered_by"] == "OKTA" {
            vec![unsuspend, reset, clear]
        } else {
            vec![unsuspend, clear]
        };
        Ok(chain)
    }
}

/// Okta's answer to unlocking an account that is not locked (any more): an earlier call of
/// ours that was never answered may have done it. Suspending shows what is so.
fn may_be_unlocked(sent: &Sent) -> bool {
    let refused = |answer: &Answer| answer.meaning() == Meaning::Forbidden;
    sent.wants_reread() || sent.answer.as_ref().is_ok_and(refused)
}

/// Whether this status keeps him out.
fn is_out(status: &str) -> bool {
    matches!(status, "SUSPENDED" | "DEPROVISIONED")
}

fn is_out_before(change: &Change) -> bool {
    change.before["status"].as_str().is_some_and(is_out)
}

/// `POST /api/v1/users/{id}/lifecycle/{what}`
pub(super) fn lifecycle(change: &Change, what: &str) -> Write {
    let path = Path::new("/api/v1/users")
        .seg(change.subject.as_str())
        .then("/lifecycle/")
        .then(what);
    Write::post(path)
}

fn with(receipts: Vec<crate::model::Receipt>, outcome: Outcome) -> Outcome {
    Outcome {
        receipts,
        ..outcome
    }
}

/// The same 400 for everything: what the account's status says about it.
fn after_refusal(change: &Change, sent: &Sent, status: Result<String, String>) -> OutcomeKind {
    let who = login_of(change);
    match status {
        Ok(status) if is_out(&status) => OutcomeKind::AlreadyDone,
        Ok(status) => OutcomeKind::Failed {
            why: format!("{who} is {status}: Okta suspends only ACTIVE accounts"),
            hint: match status.as_str() {
                "LOCKED_OUT" if change.settings["if_locked_out"] == "unlock" => {
                    "quarantine the account: unlocking it did not help"
                }
                "LOCKED_OUT" => "set `if_locked_out: unlock`, or quarantine the account",
                "ACTIVE" => "`oust runs resume` tries again",
                _ => "quarantine the account (`quarantine_group`)",
            }
            .into(),
        },
        Err(why) => match &sent.answer {
            Ok(answer) => OutcomeKind::Failed {
                why: format!(
                    "{}; and the account's status could not be read: {why}",
                    super::answers::sentence(answer)
                ),
                hint: "`oust runs resume` reads the truth first".into(),
            },
            Err(error) => super::answers::unanswered(error),
        },
    }
}
