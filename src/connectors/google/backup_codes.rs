//! `invalidate_backup_codes`: the printed codes that pass for a second step.
//!
//! Blind, on purpose: the only call that would show whether there are any answers with the live
//! codes, so that it is never made; the outcome is unverifiable. Google refuses with 400 `invalid`
//! where there is no second step and so no codes, and for suspended accounts, whose codes wake
//! with them; told apart by reading the account [inferred, from how administrators' tools treat
//! this call]. Source: Directory API, verificationCodes.invalidate (discovery document).

use async_trait::async_trait;
use serde_json::json;

use super::Google;
use super::accounts::{self, State};
use super::answers::VOICE;
use super::vendor::{NO_CODES_READ, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Verb, account_of, change, login_of, send, target,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState};
use crate::transport::{Meaning, Write, Writer};

pub(super) struct InvalidateBackupCodes;

#[async_trait]
impl Verb<Google> for InvalidateBackupCodes {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let (account, notes) = match accounts::planned(p, &who.id).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let target = target("user", &who.id, &who.subject.login);
        let before = json!({
            "enrolled_2sv": account.enrolled_2sv, "super_admin": account.super_admin,
        });
        let sentence = "invalidate all backup codes, unseen".to_owned();
        Planned {
            notes,
            ..Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
        }
    }

    async fn apply(&self, _google: &Google, w: &Writer<'_>, change: &Change) -> Outcome {
        let id = account_of(change);
        let path = accounts::path(id).then("/verificationCodes/invalidate");
        let sent = send(w, &Write::post(path)).await;
        let refused = |answer| VOICE.meaning(answer) == Meaning::Invalid;
        if !sent.answer.as_ref().is_ok_and(refused) {
            return VOICE.outcome(change, sent, false);
        }
        let glance = Glance::new(w.reader(), &VOICE);
        let kind = match State::read(&glance, id).await {
            State::Is(account) if account.suspended => OutcomeKind::Failed {
                why: format!(
                    "{} is suspended at Google, which keeps the backup codes of suspended accounts",
                    login_of(change)
                ),
                hint: "invalidate them when the account is given back: they work again then".into(),
            },
            State::Is(account) if account.enrolled_2sv == Some(false) => OutcomeKind::AlreadyDone,
            _ => return VOICE.outcome(change, sent, false),
        };
        Outcome {
            kind,
            receipts: vec![sent.receipt],
        }
    }

    async fn prove(&self, _google: &Google, _glance: &Glance, _done: &Applied) -> Seen {
        (ProofState::Unverifiable, NO_CODES_READ.into())
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("makes new backup codes".into()))
    }
}
