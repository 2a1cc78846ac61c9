//! `deny_sessions` and its undoing, `allow_sessions`.
//!
//! No call of AWS ends a session. A statement in the role denies everything to it instead, for as
//! long as its keys hold: [`plan`] finds out which sessions in which roles, [`write`] puts the
//! statement there or takes it out. What is proven is read back from the role, and AWS's simulator
//! is asked what it makes of it, where it can be.
//!
//! Undoing takes out what this run put in: a session that was denied before stays so. What others
//! took out meanwhile is done, and so is everything in a role that is not there any more: its
//! sessions can do nothing. Source: AWS, "Revoke IAM role temporary security credentials" [docs].

pub(super) mod plan;
pub(super) mod write;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::Aws;
use super::held::{self, Held};
use super::policy::revoke::{SessionId, written};
use super::roles::{self, Role};
use super::simulate::{Simulated, simulate};
use super::vendor::VENDOR;
use super::voice::why;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{Glance, Planning, Seen, Verb, text, undoing};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Utc};
use crate::transport::Writer;

/// How long after the write sessions are denied that begin then. Whoever holds an assertion of the
/// identity provider can make a session of it for some minutes more [inferred]; the rest is for
/// clocks. The person himself can come in again when it is over, and need not be given back.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// A cut-off that is at least this far ahead does as well: an assertion's own life [inferred].
const ENOUGH: Duration = Duration::from_secs(5 * 60);

pub(super) struct DenySessions;

#[async_trait]
impl Verb<Aws> for DenySessions {
    async fn plan(&self, p: &Planning<'_, Aws>, who: &Identified) -> Planned {
        plan::denying(p, who).await
    }

    async fn apply(&self, aws: &Aws, w: &Writer<'_>, change: &Change) -> Outcome {
        write::one(aws, w, change, write::Wanted::Denied).await
    }

    async fn prove(&self, _aws: &Aws, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, done, write::Wanted::Denied).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if !done.change.before["cut_off"].is_null() || is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "allow_sessions",
            &format!("take our statement about {} out", done.change.target.label),
            json!({}),
        )])
    }
}

pub(super) struct AllowSessions;

#[async_trait]
impl Verb<Aws> for AllowSessions {
    async fn plan(&self, p: &Planning<'_, Aws>, who: &Identified) -> Planned {
        plan::allowing(p, who).await
    }

    async fn apply(&self, aws: &Aws, w: &Writer<'_>, change: &Change) -> Outcome {
        write::one(aws, w, change, write::Wanted::Allowed).await
    }

    async fn prove(&self, _aws: &Aws, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, done, write::Wanted::Allowed).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if is_by_others(done) {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "deny_sessions",
            &format!("deny everything to {}", done.change.target.label),
            json!({}),
        )])
    }
}

/// Somebody else had done it before any call of ours took effect, or could not be told from us.
/// A call of ours leaves a receipt, answered or not; and where the plan read that nothing was
/// denied, a statement of ours there is this run's.
fn is_by_others(done: &Applied) -> bool {
    done.outcome.kind == OutcomeKind::AlreadyDone
        && done.outcome.receipts.is_empty()
        && done.change.before["read"] != true
}

/// The session that a change is about; `None` if a plan of another version made it.
fn session_of(change: &Change) -> Option<SessionId> {
    SessionId::parse(&change.target.id)
}

/// The name of its role.
fn role_of(change: &Change) -> &str {
    text(&change.before, "role")
}

/// The role of a change as it is now.
enum Now {
    /// It is there.
    Role(Role),
    /// It is gone, or another has taken its name: no session of it can do anything.
    Gone,
}

async fn role_now(glance: &Glance, change: &Change, session: &SessionId) -> Result<Now, String> {
    let role = roles::one(glance, role_of(change)).await;
    Ok(match role.map_err(|unread| why(&unread))? {
        Some(role) if role.id == session.role() => Now::Role(role),
        Some(_) | None => Now::Gone,
    })
}

/// Reads back one change.
async fn seen(glance: &Glance, done: &Applied, wanted: write::Wanted) -> Seen {
    let change = &*done.change;
    let Some(session) = session_of(change) else {
        return (ProofState::Unverifiable, "its target is no session".into());
    };
    let role = match role_now(glance, change, &session).await {
        Ok(Now::Role(role)) => role,
        Ok(Now::Gone) => {
            let how = "the role is not there any more: its sessions can do nothing";
            return (ProofState::Proven, how.into());
        }
        Err(why) => return (ProofState::Pending, why),
    };
    let held = match held::ours(glance, &role.name).await {
        Ok(held) => held,
        Err(unread) => return (ProofState::Pending, why(&unread)),
    };
    let cut_off = match &held {
        Held::Ours(ours) => ours.cut_off(&change.subject, &session),
        Held::Nothing => None,
        Held::Foreign(why) => {
            return (
                ProofState::Refuted,
                format!("not our policy any more: {why}"),
            );
        }
    };
    match (wanted, cut_off) {
        (write::Wanted::Allowed, None) => (ProofState::Proven, "no statement of ours read".into()),
        (write::Wanted::Allowed, Some(_)) => {
            (ProofState::Refuted, "our statement still stands".into())
        }
        (write::Wanted::Denied, None) => (ProofState::Refuted, "no statement of ours read".into()),
        (write::Wanted::Denied, Some(cut_off)) if cut_off < last_write(done) => {
            let how = format!("our statement ends at {}", written(cut_off));
            (ProofState::Refuted, how)
        }
        (write::Wanted::Denied, Some(cut_off)) => denied(glance, &role, &session, cut_off).await,
    }
}

/// When our last call was answered: sessions of before then must be denied.
fn last_write(done: &Applied) -> Utc {
    let receipts = done.outcome.receipts.iter();
    let last = receipts.map(|receipt| receipt.server_at).max();
    last.unwrap_or(Utc::from_millis(0))
}

/// The statement stands; what AWS makes of it.
async fn denied(glance: &Glance, role: &Role, session: &SessionId, cut_off: Utc) -> Seen {
    let until = written(cut_off);
    let stands = format!("our statement read: all denied to sessions from before {until}");
    match simulate(glance, role, session, cut_off).await {
        Simulated::Exact => (
            ProofState::Proven,
            format!("{stands}; so says AWS's simulator, and denies no other session of the role"),
        ),
        Simulated::Unasked(why) => (
            ProofState::Proven,
            format!("{stands}; by the statement alone: AWS's simulator could not be asked ({why})"),
        ),
        Simulated::Silent(why) => (ProofState::Pending, why),
        Simulated::NotDenied => (
            ProofState::Pending,
            format!("{stands}; AWS's simulator does not deny them (yet)"),
        ),
        Simulated::TooMuch(what) => (
            ProofState::Refuted,
            format!("{stands}; AWS's simulator denies {what} as well"),
        ),
    }
}
