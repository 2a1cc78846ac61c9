//! `block_identity_center_user` and its undoing, `unblock_identity_center_user`.
//!
//! No API ends a session of Identity Center or disables a user; AWS's own runbook denies him
//! everything by his id in a service control policy that stands ready. It holds for what is signed in
//! already, in all member accounts that it is attached to and in the management account never.
//! Without such a policy nothing is done, and what to deploy is said. Source: Identity Center User
//! Guide, "Revoke active IAM role sessions" [docs].

use async_trait::async_trait;
use serde_json::json;

use super::Aws;
use super::identity_center::Users;
use super::policy::listed;
use super::scp::{self, Attached};
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{Glance, Planning, Seen, Verb, change, target, text, undoing};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::Writer;

/// Names of places that are named.
const NAMED_MAX: usize = 5;

pub(super) struct BlockUser;

#[async_trait]
impl Verb<Aws> for BlockUser {
    async fn plan(&self, p: &Planning<'_, Aws>, who: &Identified) -> Planned {
        plan(p, who, true).await
    }

    async fn apply(&self, aws: &Aws, w: &Writer<'_>, change: &Change) -> Outcome {
        set(aws, w, change, true).await
    }

    async fn prove(&self, _aws: &Aws, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, done, true).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.change.before["listed"] == true {
            return Err(CannotUndo::NotOurs);
        }
        inverse(done, "unblock_identity_center_user", false)
    }
}

pub(super) struct UnblockUser;

#[async_trait]
impl Verb<Aws> for UnblockUser {
    async fn plan(&self, p: &Planning<'_, Aws>, who: &Identified) -> Planned {
        plan(p, who, false).await
    }

    async fn apply(&self, aws: &Aws, w: &Writer<'_>, change: &Change) -> Outcome {
        set(aws, w, change, false).await
    }

    async fn prove(&self, _aws: &Aws, glance: &Glance, done: &Applied) -> Seen {
        seen(glance, done, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        inverse(done, "block_identity_center_user", true)
    }
}

fn sentence(scp: &str, listed: bool) -> String {
    match listed {
        true => format!("deny everything in the member accounts, by his user id in {scp}"),
        false => format!("take his user id out of {scp} again"),
    }
}

async fn plan(p: &Planning<'_, Aws>, who: &Identified, listed: bool) -> Planned {
    let Some(scp) = &p.service.settings.scp else {
        return not_prepared();
    };
    let unread = |why| Planned::skipped(Skip::Unread { why });
    let policy = match scp::read(p.glance, scp).await {
        Ok(policy) => policy,
        Err(why) => return unread(why),
    };
    let is_listed = policy.users.contains(&who.id);
    if !listed && !is_listed {
        let why = format!("his user id is not in {scp}");
        return Planned::skipped(Skip::NothingSelected { why });
    }
    if let Err(why) = policy.with(&who.id, listed) {
        return Planned::skipped(Skip::Unsupported { why });
    }
    let mut notes = Vec::new();
    match scp::attached(p.glance, scp).await {
        Ok(Attached::Root) => {}
        Ok(Attached::Some(places)) => notes.push(only_at(scp, &places)),
        Ok(Attached::Nowhere) if listed => {
            let why = format!(
                "{scp} is attached to nothing and would deny nothing: attach it to the root of the \
                 organisation, then plan again"
            );
            return Planned::skipped(Skip::Unsupported { why });
        }
        Ok(Attached::Nowhere) => {}
        Err(why) => return unread(why),
    }
    if is_listed && listed {
        notes.push(format!("in {scp} already: a release leaves him so"));
    }
    let users = Users::new(p.service, p.glance);
    if let Ok(Some(user)) = users.by_id(&who.id).await
        && user.status == "DISABLED"
    {
        notes.push("disabled at Identity Center already; what is signed in goes on".into());
    }
    let target = target("user", &who.id, &who.subject.login);
    let before = json!({ "scp": scp, "listed": is_listed });
    Planned {
        notes,
        ..Planned::one(change(
            &VENDOR,
            p.step,
            who,
            target,
            sentence(scp, listed),
            before,
        ))
    }
}

/// What to deploy, for the next time; nothing that a run could do.
fn not_prepared() -> Planned {
    let policy = listed::prepared();
    Planned {
        notes: vec![
            format!("an SCP to deploy, attach to the root, and name as `scp`: {policy}"),
            "until then by hand: remove his assignments and delete his sessions in the Identity \
             Center console"
                .into(),
        ],
        ..Planned::skipped(Skip::Unsupported {
            why: "no SCP prepared".into(),
        })
    }
}

fn only_at(scp: &str, places: &[String]) -> String {
    let named = places.iter().take(NAMED_MAX).map(String::as_str);
    let mut text = named.collect::<Vec<_>>().join(", ");
    if places.len() > NAMED_MAX {
        text.push_str(&format!(" and {} more", places.len() - NAMED_MAX));
    }
    format!("{scp} is attached to {text} alone: he keeps what he has in other accounts")
}

async fn set(aws: &Aws, w: &Writer<'_>, change: &Change, listed: bool) -> Outcome {
    let scp = text(&change.before, "scp");
    if aws.settings.scp.as_deref() != Some(scp) {
        return Outcome::bare(OutcomeKind::Failed {
            why: format!("this was planned for {scp}, and the config names another SCP now"),
            hint: "plan again".into(),
        });
    }
    scp::bring(aws, w, change, scp, &change.target.id, listed).await
}

async fn seen(glance: &Glance, done: &Applied, listed: bool) -> Seen {
    let scp = text(&done.change.before, "scp");
    let policy = match scp::read(glance, scp).await {
        Ok(policy) => policy,
        Err(why) => return (ProofState::Pending, why),
    };
    let is_listed = policy.users.contains(&done.change.target.id);
    let how = match is_listed {
        true => format!("his user id read in {scp}"),
        false => format!("no user id of his read in {scp}"),
    };
    if is_listed != listed {
        return (ProofState::Refuted, how);
    }
    if !listed {
        return (ProofState::Proven, how);
    }
    match scp::attached(glance, scp).await {
        Ok(Attached::Nowhere) => (
            ProofState::Refuted,
            format!("{how}, and it is attached to nothing"),
        ),
        Ok(_) => (ProofState::Proven, format!("{how}, which is attached")),
        Err(why) => (ProofState::Pending, why),
    }
}

/// Somebody else had done it before any call of ours took effect: an unanswered call of ours leaves
/// a receipt, and what it may have done is ours.
fn inverse(done: &Applied, verb: &str, listed: bool) -> Result<Vec<Change>, CannotUndo> {
    let by_others =
        done.outcome.kind == OutcomeKind::AlreadyDone && done.outcome.receipts.is_empty();
    if by_others {
        return Err(CannotUndo::NotOurs);
    }
    let scp = text(&done.change.before, "scp");
    Ok(vec![undoing(
        &VENDOR,
        &done.change,
        verb,
        &sentence(scp, listed),
        json!({}),
    )])
}
