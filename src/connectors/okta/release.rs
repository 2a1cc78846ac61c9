//! What gives an account back: `unsuspend_user`, and `reset_password` or
//! `expire_password_with_temp`.
//!
//! Never before a suspension: they move the account to `RECOVERY` or `PASSWORD_EXPIRED`, which
//! Okta does not suspend. What Okta answers once (a link, a temporary password) goes to the
//! person who carries it out and is kept nowhere; where nobody is there to take it, nothing is
//! sent. Source: Okta API, "Unsuspend a user", "Reset a password", "Expire the password with a
//! temporary password".

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{Sent, login_of, outcome, send};
use super::events::Evidence;
use super::suspend::lifecycle;
use super::users::{UserState, status_of};
use super::verb::{Planning, Seen, Verb, flag, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    ActionId, Applied, Change, ChangeId, NewPassword, Outcome, OutcomeKind, ProofState, Skip,
    Target, Undo, Utc,
};
use crate::transport::{Handed, Handover, Parcel, Path, Write, Writer};

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

    fn is_proven_by_account(&self) -> bool {
        true
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

/// Bytes of a link or password that are carried along.
const SECRET_MAX: usize = 4096;

pub(super) struct ResetPassword;

#[async_trait]
impl Verb for ResetPassword {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        plan(p, who, "reset the password")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let email = flag(&change.settings, "send_email", true);
        let path = lifecycle_path(change, "reset_password").query("sendEmail", email.to_string());
        if email {
            return outcome(change, send(w, &Write::post(path)).await, false);
        }
        let Some(person) = w.handover() else {
            return nobody_takes(Parcel::PasswordLink);
        };
        let sent = send(w, &Write::post(path)).await;
        hand_over(person, change, &sent, Parcel::PasswordLink);
        outcome(change, sent, false)
    }

    /// The account waits for a new password, or has one that is younger than our call.
    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        is_replaced(e, done, "RECOVERY").await
    }

    fn is_proven_by_account(&self) -> bool {
        true
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("chooses a new password".into()))
    }
}

pub(super) struct ExpirePasswordWithTemp;

#[async_trait]
impl Verb for ExpirePasswordWithTemp {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        plan(p, who, "set a temporary password")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let Some(person) = w.handover() else {
            return nobody_takes(Parcel::TemporaryPassword);
        };
        let path = lifecycle_path(change, "expire_password_with_temp_password");
        let sent = send(w, &Write::post(path)).await;
        hand_over(person, change, &sent, Parcel::TemporaryPassword);
        outcome(change, sent, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        is_replaced(e, done, "PASSWORD_EXPIRED").await
    }

    fn is_proven_by_account(&self) -> bool {
        true
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("chooses a new password".into()))
    }
}

/// The link of an undoing chain that replaces the password, made to reach the person in this
/// way; `None` for any other link.
pub(super) fn password_step(link: &Change, how: NewPassword) -> Option<Change> {
    if !matches!(
        link.action.verb(),
        "reset_password" | "expire_password_with_temp"
    ) {
        return None;
    }
    let (verb, settings, sentence) = match how {
        NewPassword::Mail => (
            "reset_password",
            json!({ "send_email": true }),
            "reset the password: Okta mails him a link",
        ),
        NewPassword::Link => (
            "reset_password",
            json!({ "send_email": false }),
            "reset the password: the link is handed to you",
        ),
        NewPassword::Temporary => (
            "expire_password_with_temp",
            json!({}),
            "set a temporary password: it is handed to you",
        ),
    };
    let plain = Change::id_of(link.step, &link.subject, &link.target);
    Some(Change {
        id: ChangeId::new(format!("{plain}/{verb}")),
        action: ActionId::new(super::vendor::VENDOR.id, verb),
        settings: settings.into(),
        sentence: sentence.into(),
        ..link.clone()
    })
}

fn plan(p: &Planning<'_>, who: &Identified, sentence: &str) -> Planned {
    if who.subject.mastered_by != "OKTA" {
        let why = format!("the password lives at {}", who.subject.mastered_by);
        return Planned::skipped(Skip::Unsupported { why });
    }
    let target = Target::user(&who.subject.id, &who.subject.login);
    let before = json!({ "status": who.subject.status });
    Planned::one(p.change(who, target, sentence.into(), before))
}

fn lifecycle_path(change: &Change, what: &str) -> Path {
    Path::new("/api/v1/users")
        .seg(change.subject.as_str())
        .then("/lifecycle/")
        .then(what)
}

/// What Okta tells once would be lost, and the person locked out.
fn nobody_takes(what: Parcel) -> Outcome {
    Outcome::bare(OutcomeKind::Failed {
        why: format!("not sent: nobody is here to take the {}", what.words()),
        hint: "a person carries it out: oust release, at a terminal or with --secrets FILE".into(),
    })
}

/// Gives what was answered to the person. An answer without it is good all the same: the old
/// password is no more, and whoever waits for the new one is told that none came.
fn hand_over(person: &dyn Handover, change: &Change, sent: &Sent, what: Parcel) {
    let key = match what {
        Parcel::PasswordLink => "resetPasswordUrl",
        Parcel::TemporaryPassword => "tempPassword",
    };
    let Ok(answer) = sent.answer.as_ref() else {
        return;
    };
    let told = answer.json.get(key).and_then(Value::as_str);
    let Some(secret) = told.filter(|text| !text.is_empty() && text.len() <= SECRET_MAX) else {
        return;
    };
    person.take(Handed {
        subject: change.subject.clone(),
        login: login_of(change),
        system: change.system.clone(),
        what,
        secret: SecretString::from(secret),
    });
}

/// The account waits for a new password, or has one that is younger than our call.
async fn is_replaced(e: &Evidence<'_>, done: &Applied, waiting: &str) -> Seen {
    let got = e.glance.account(&done.change.subject).await;
    let user = match &*got {
        Ok(user) => user,
        Err(unread) => return (ProofState::Pending, unread.why()),
    };
    let status = super::glance::text(user, "status");
    let changed = user["passwordChanged"]
        .as_str()
        .and_then(|text| text.parse::<Utc>().ok());
    let receipts = done.outcome.receipts.iter();
    let sent = receipts.map(|receipt| receipt.server_at).min();
    match (changed, sent) {
        _ if status == waiting => (ProofState::Proven, format!("{status} read")),
        // To the second: that is how exact `Date` is, by which we know when we called.
        (Some(changed), Some(sent)) if changed >= sent => {
            (ProofState::Proven, format!("password changed at {changed}"))
        }
        _ => (ProofState::Refuted, format!("{status} read, not {waiting}")),
    }
}
