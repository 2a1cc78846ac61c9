//! `sign_out`: ends every web and device session of Google's own.
//!
//! Tokens of apps and app passwords outlive it, so that it comes last. Google has no call that
//! lists sessions and keeps no time of the last forced sign-out: unverifiable. Cookies end within
//! a few minutes [docs*]. Source: Directory API, users.signOut (discovery document): the body
//! must be empty, and a second call harms nobody.

use async_trait::async_trait;
use serde_json::json;

use super::Google;
use super::accounts;
use super::answers::VOICE;
use super::vendor::{NO_SESSIONS_READ, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{Glance, Planning, Seen, Verb, account_of, change, send, target};
use crate::model::{Applied, Change, Outcome, ProofState};
use crate::transport::{Write, Writer};

pub(super) struct SignOut;

#[async_trait]
impl Verb<Google> for SignOut {
    async fn plan(&self, p: &Planning<'_, Google>, who: &Identified) -> Planned {
        let (account, notes) = match accounts::planned(p, &who.id).await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let target = target("user", &who.id, &who.subject.login);
        let before = json!({ "super_admin": account.super_admin });
        let sentence = "sign out of all web and device sessions".to_owned();
        Planned {
            notes,
            ..Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
        }
    }

    async fn apply(&self, _google: &Google, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = accounts::path(account_of(change)).then("/signOut");
        VOICE.outcome(change, send(w, &Write::post(path)).await, false)
    }

    async fn prove(&self, _google: &Google, _glance: &Glance, _done: &Applied) -> Seen {
        (ProofState::Unverifiable, NO_SESSIONS_READ.into())
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}
