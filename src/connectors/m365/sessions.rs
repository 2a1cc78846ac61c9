//! `revoke_sessions`: browser sessions end, refresh tokens become invalid.
//!
//! Graph sets `signInSessionsValidFromDateTime` to now; the proof is that it is not older than the
//! answer's own `Date`, less five seconds. Replicas lag by minutes, so that an old value is pending,
//! never refuted: the value cannot go back. It proves that no new access token comes from what was
//! issued before, not that those issued are dead. Nothing happens to people who sign in at another
//! organisation: they are told as unsupported. Known issue at Microsoft: the status is 200 or 204.
//! Source: "user: revokeSignInSessions". [inferred]: the five seconds, and that accounts with
//! `#EXT#` in their name are external whatever their type.

use std::time::Duration;

use async_trait::async_trait;

use super::M365;
use super::together::Ask;
use super::users::{self, User};
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{Glance, Planning, Seen, Unread, Verb, change, target};
use crate::model::{Applied, Change, Outcome, ProofState, Skip, Utc};
use crate::transport::Writer;

/// How far two clocks at Microsoft may be apart.
const SKEW: Duration = Duration::from_secs(5);

pub(super) struct RevokeSessions;

#[async_trait]
impl Verb<M365> for RevokeSessions {
    async fn plan(&self, p: &Planning<'_, M365>, who: &Identified) -> Planned {
        let user = match User::read(p.glance, &who.id).await {
            Ok(user) => user,
            Err(unread) => {
                let why = p.service.no_account("revoke_sessions", &unread);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        if user.is_external() {
            let why = format!(
                "{} signs in at another organisation, where alone his sessions can be ended: \
                 `m365.disable_account` keeps him out of this tenant",
                user.name()
            );
            return Planned::skipped(Skip::Unsupported { why });
        }
        let target = target("user", &who.id, user.name());
        let sentence = "end browser sessions and make refresh tokens invalid".to_owned();
        let mut planned = Planned::one(change(
            &VENDOR,
            p.step,
            who,
            target,
            sentence,
            user.before(),
        ));
        planned.notes = user.notes();
        planned
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = users::path(&change.target.id).then("/revokeSignInSessions");
        m365.outcome(change, m365.send(w, Ask::post(path)).await, false)
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        let user = match User::read(glance, &done.change.target.id).await {
            Ok(user) => user,
            Err(Unread::Absent { .. }) => {
                return (ProofState::Proven, "the account is gone".into());
            }
            Err(unread) => return (ProofState::Pending, m365.unread("revoke_sessions", &unread)),
        };
        let value = user.get("signInSessionsValidFromDateTime").as_str();
        let Some(from) = value.and_then(|text| text.parse::<Utc>().ok()) else {
            let how = "signInSessionsValidFromDateTime is not set".to_owned();
            return (ProofState::Pending, how);
        };
        if is_after_the_call(from, done) {
            let how = format!("only sessions from {from} on are valid");
            (ProofState::Proven, how)
        } else {
            let how = format!("sessions from {from} on are still valid");
            (ProofState::Pending, how)
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}

/// Whether sessions are valid only from our call on. Without a trace of the call, they must be so
/// from later than when it was planned.
fn is_after_the_call(from: Utc, done: &Applied) -> bool {
    match done.outcome.receipts.last() {
        Some(receipt) => from >= receipt.server_at.minus(SKEW),
        None => {
            let before = done.change.before["valid_from"].as_str();
            let before = before.and_then(|text| text.parse::<Utc>().ok());
            before.is_some_and(|before| from > before)
        }
    }
}
