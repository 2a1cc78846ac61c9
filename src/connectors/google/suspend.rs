//! `suspend_user` and its undoing, `unsuspend_user`.
//!
//! In no shipped playbook: mail to a suspended account bounces and its calendar stands still.
//! Ends sessions and tokens of apps; app passwords and backup codes sleep and wake with it.
//! Oddity: PUT means a patch here and is what Google prefers; suspending the suspended may be a
//! 412 [docs*], which is never believed: the account is read. Source: Directory API, users.update
//! (discovery document).

use async_trait::async_trait;
use serde_json::json;

use super::Google;
use super::accounts::{self, State};
use super::answers::VOICE;
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Verb, account_of, change, send, target, undoing,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::{Meaning, Write, Writer};

pub(super) struct SuspendUser;

#[async_trait]
impl Verb<Google> for SuspendUser {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let (account, notes) = match accounts::planned(p, &who.id).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let target = target("user", &who.id, &who.subject.login);
        let before = json!({
            "suspended": account.suspended, "archived": account.archived,
            "super_admin": account.super_admin,
        });
        let sentence = "suspend the account".to_owned();
        Planned {
            notes,
            ..Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
        }
    }

    async fn apply(&self, _google: &Google, w: &Writer<'_>, change: &Change) -> Outcome {
        set(w, change, true).await
    }

    async fn prove(&self, _google: &Google, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, &done.change, true).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.change.before["suspended"] == true || is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = "give the suspended account back";
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "unsuspend_user",
            sentence,
            json!({}),
        )])
    }
}

pub(super) struct UnsuspendUser;

#[async_trait]
impl Verb<Google> for UnsuspendUser {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let (account, _) = match accounts::planned(p, &who.id).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        if !account.suspended {
            let why = "not suspended at Google".into();
            return Planned::skipped(Skip::NothingSelected { why });
        }
        let target = target("user", &who.id, &who.subject.login);
        let before = json!({ "suspended": true, "super_admin": account.super_admin });
        let sentence = "give the suspended account back".to_owned();
        Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }

    async fn apply(&self, _google: &Google, w: &Writer<'_>, change: &Change) -> Outcome {
        set(w, change, false).await
    }

    async fn prove(&self, _google: &Google, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, &done.change, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = "suspend the account";
        let settings = json!({});
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "suspend_user",
            sentence,
            settings,
        )])
    }
}

/// Reads, then writes if it is not so yet: a 200 would not say who had done it.
async fn set(w: &Writer<'_>, change: &Change, suspended: bool) -> Outcome {
    let id = account_of(change);
    let is_so = || async {
        let glance = Glance::new(w.reader(), &VOICE);
        matches!(State::read(&glance, id).await, State::Is(now) if now.suspended == suspended)
    };
    if is_so().await {
        return Outcome::bare(OutcomeKind::AlreadyDone);
    }
    let write = Write::put(accounts::path(id)).json(json!({ "suspended": suspended }));
    let sent = send(w, &write).await;
    let refused = |answer| matches!(VOICE.meaning(answer), Meaning::Conflict | Meaning::Invalid);
    if sent.answer.as_ref().is_ok_and(refused) && is_so().await {
        return Outcome::bare(OutcomeKind::AlreadyDone);
    }
    VOICE.outcome(change, sent, false)
}

/// Somebody else had done it before any call of ours took effect. An unanswered call of ours
/// leaves a receipt: what it may have done is ours.
fn is_by_others(done: &Applied) -> bool {
    done.outcome.kind == OutcomeKind::AlreadyDone && done.outcome.receipts.is_empty()
}

async fn seen(glance: &Glance, change: &Change, suspended: bool) -> Seen {
    let word = |is: bool| if is { "suspended" } else { "not suspended" };
    match State::read(glance, account_of(change)).await {
        State::Is(now) if now.suspended == suspended => {
            (ProofState::Proven, format!("{} read", word(suspended)))
        }
        State::Is(now) => (ProofState::Refuted, format!("{} read", word(now.suspended))),
        State::Gone if suspended => (ProofState::Proven, "the account is gone".into()),
        State::Gone => (ProofState::Refuted, "the account is gone".into()),
        State::Unread(why) => (ProofState::Pending, why),
    }
}
