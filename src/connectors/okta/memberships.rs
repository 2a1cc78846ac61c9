//! `remove_group_memberships`: groups that an account was put into within the window.
//!
//! Oddities: a membership has no date, the log has, and says who did it ([`made_in_window`]):
//! what somebody outside the case did stays. Only Okta's own groups can be changed here, and a
//! group rule may put the person back. The quarantine group is never left by this.
//! Source: Okta API, "Unassign a user from a group".

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Unread, items, text};
use super::made_in_window::{self, Dated, Given, Made, told};
use super::users;
use super::verb::{Planning, Seen, Verb, only_undoes, target, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Undo, UserId,
    count,
};
use crate::transport::{Path, Write, Writer};

pub(super) struct RemoveGroupMemberships;

#[async_trait]
impl Verb for RemoveGroupMemberships {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let groups = p.glance.list(users::path(&who.subject.id).then("/groups"));
        let (got, made) = join(groups, Made::read(p, who, made_in_window::GROUP)).await;
        let groups = match &*got {
            Ok(groups) => items(groups),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let made = match made {
            Ok(made) => made,
            Err(unread) => {
                let why = format!("when he joined cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for group in groups {
            let target = target("group", text(group, "id"), text(&group["profile"], "name"));
            match selected(p, group, made.of(made_in_window::GROUP, &target.id)) {
                Err((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                Ok(given) => {
                    let sentence = told(format!("remove from group {}", target.label), given);
                    let before = json!({ "group": group, "added": given.map(Given::before) });
                    planned.changes.push(Change {
                        made_at: given.map(|given| given.at),
                        ..p.change(who, target, sentence, before)
                    });
                }
            }
        }
        if planned.changes.is_empty() {
            let why = format!("none of {} selected", count(groups.len(), "group"));
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = membership(&change.target.id, &change.subject);
        outcome(change, send(w, &Write::delete(path)).await, true)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match is_member(e, done).await {
            Ok(false) => (ProofState::Proven, "not among the groups any more".into()),
            Ok(true) => (
                ProofState::Refuted,
                "still a member: a group rule may put him back".into(),
            ),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = format!("put back into group {}", done.change.target.label);
        let mut back = undoing(
            &done.change,
            "add_group_membership",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        back.id = ChangeId::new(format!("{}/back", done.change.id));
        back.target = done.change.target.clone();
        Ok(vec![back])
    }
}

pub(super) struct AddGroupMembership;

#[async_trait]
impl Verb for AddGroupMembership {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("remove_group_memberships")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = membership(&change.target.id, &change.subject);
        outcome(change, send(w, &Write::put(path)).await, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match is_member(e, done).await {
            Ok(true) => (ProofState::Proven, "among the groups".into()),
            Ok(false) => (ProofState::Refuted, "not among the groups".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

/// The event that justifies leaving a group, if the step selects by it; else why it stays, and
/// whether a person should look.
fn selected<'a>(
    p: &Planning<'_>,
    group: &Value,
    given: Option<&'a Given>,
) -> Result<Option<&'a Given>, (String, bool)> {
    let id = text(group, "id");
    if p.okta.settings.quarantine_group.as_deref() == Some(id) {
        return Err(("the quarantine group".into(), false));
    }
    let justified = if p.step.select == Select::InWindow && !id.is_empty() {
        Some(judged(given)?)
    } else {
        p.not_selected(group, id).map_or(Ok(None), Err)?
    };
    match text(group, "type") {
        "OKTA_GROUP" => Ok(justified),
        kind => Err((
            format!("{kind}: it is changed elsewhere"),
            justified.is_some(),
        )),
    }
}

fn judged(given: Option<&Given>) -> Result<&Given, (String, bool)> {
    made_in_window::judged(given, Dated::Before("joined before the window".into()))
}

fn membership(group: &str, who: &UserId) -> Path {
    Path::new("/api/v1/groups")
        .seg(group)
        .then("/users")
        .seg(who.as_str())
}

async fn is_member(e: &Evidence<'_>, done: &Applied) -> Result<bool, Unread> {
    let path = users::path(&done.change.subject).then("/groups");
    match &*e.glance.list(path).await {
        Ok(groups) => Ok(items(groups)
            .iter()
            .any(|each| each["id"] == *done.change.target.id)),
        Err(unread) => Err(unread.clone()),
    }
}
