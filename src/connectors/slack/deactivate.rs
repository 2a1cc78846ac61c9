//! `deactivate_user` and what undoes it, by SCIM. In no shipped playbook.
//!
//! The only way on plans below Enterprise. Source: Slack, SCIM API, `PATCH /Users/{id}`.

use async_trait::async_trait;
use serde_json::json;

use super::super::kit::{Glance, Planning, Seen, Unread, Verb, change, send, undoing};
use super::voice::VOICE;
use super::{SCIM, Slack, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target};
use crate::transport::{Path, Write, Writer};

pub(super) struct DeactivateUser;
pub(super) struct ReactivateUser;

#[async_trait]
impl Verb<Slack> for DeactivateUser {
    async fn plan(&self, p: &Planning<'_, Slack>, who: &Identified) -> Planned {
        if !p.service.scim {
            let why = "SCIM is switched off in the config (`scim: false`)".into();
            return Planned::skipped(Skip::Unsupported { why });
        }
        let active = match &*p.glance.one(user(&who.id)).await {
            Ok(user) => user["active"] != false,
            Err(Unread::Absent { .. }) => return Planned::skipped(Skip::NoAccount),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let target = Target {
            kind: "user".into(),
            id: who.id.clone(),
            label: who.subject.login.clone(),
        };
        let before = json!({ "active": active });
        let sentence = "deactivate the Slack member".to_owned();
        Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }

    async fn apply(&self, _slack: &Slack, w: &Writer<'_>, change: &Change) -> Outcome {
        set_active(w, change, false).await
    }

    async fn prove(&self, _slack: &Slack, glance: &Glance, done: &Applied) -> Seen {
        is_active(glance, done, false).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let was_active = done.change.before["active"] != false;
        if !was_active || done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "reactivate_user",
            "activate the Slack member again",
            json!({}),
        )])
    }
}

#[async_trait]
impl Verb<Slack> for ReactivateUser {
    async fn plan(&self, _p: &Planning<'_, Slack>, _who: &Identified) -> Planned {
        let why = "it only undoes `slack.deactivate_user`".into();
        Planned::skipped(Skip::Unsupported { why })
    }

    async fn apply(&self, _slack: &Slack, w: &Writer<'_>, change: &Change) -> Outcome {
        set_active(w, change, true).await
    }

    async fn prove(&self, _slack: &Slack, glance: &Glance, done: &Applied) -> Seen {
        is_active(glance, done, true).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("it undoes something itself".into()))
    }
}

fn user(id: &str) -> Path {
    Path::new("/v2/Users").seg(id).on(SCIM)
}

async fn set_active(w: &Writer<'_>, change: &Change, active: bool) -> Outcome {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": active }],
    });
    let write = Write::patch(user(&change.target.id)).json(body);
    VOICE.outcome(change, send(w, &write).await, false)
}

async fn is_active(glance: &Glance, done: &Applied, wanted: bool) -> Seen {
    match &*glance.one(user(&done.change.target.id)).await {
        Ok(user) => match user["active"].as_bool() {
            Some(active) if active == wanted => {
                (ProofState::Proven, format!("active: {active} read"))
            }
            Some(active) => (ProofState::Refuted, format!("active: {active} read")),
            None => (
                ProofState::Pending,
                "Slack's answer says no `active`".into(),
            ),
        },
        Err(Unread::Absent { .. }) if !wanted => (ProofState::Proven, "the member is gone".into()),
        Err(unread) => (ProofState::Pending, unread.why()),
    }
}
