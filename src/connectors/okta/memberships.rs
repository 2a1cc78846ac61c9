//! `remove_group_memberships`: groups that an account was put into within the window.
//!
//! Oddities: a membership has no date, the log has; only Okta's own groups can be changed here,
//! and a group rule may put the person back. The quarantine group is never left by this.
//! Source: Okta API, "Unassign a user from a group".

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::{Evidence, log_path};
use super::glance::{Unread, items, text};
use super::users;
use super::verb::{Planning, Seen, Verb, only_undoes, target, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Undo, UserId,
    count,
};
use crate::transport::{Path, Write, Writer};

/// Subjects named in one filter at most: the address of a read has no documented limit, and
/// should stay far from any.
const NAMED_MAX: usize = 20;

pub(super) struct RemoveGroupMemberships;

#[async_trait]
impl Verb for RemoveGroupMemberships {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let got = p
            .glance
            .list(users::path(&who.subject.id).then("/groups"))
            .await;
        let groups = match &*got {
            Ok(groups) => items(groups),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let added = match added(p, &who.subject.id).await {
            Ok(added) => added,
            Err(unread) => {
                let why = format!("when he joined cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for group in groups {
            let target = target("group", text(group, "id"), text(&group["profile"], "name"));
            match stays(p, group, added.get(&target.id)) {
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                None => {
                    let sentence = format!("remove from group {}", target.label);
                    let before = json!({ "group": group, "added": added.get(&target.id) });
                    planned
                        .changes
                        .push(p.change(who, target, sentence, before));
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

/// Why the selector leaves a group alone, and whether a person should look.
fn stays(p: &Planning<'_>, group: &Value, added: Option<&String>) -> Option<(String, bool)> {
    let id = text(group, "id");
    if id.is_empty() {
        return p.not_selected(group, id);
    }
    if p.okta.settings.quarantine_group.as_deref() == Some(id) {
        return Some(("the quarantine group".into(), false));
    }
    let selected = match (p.step.select, added) {
        (Select::InWindow, Some(_)) => true,
        (Select::InWindow, None) => return Some(("joined before the window".into(), false)),
        _ => match p.not_selected(group, id) {
            None => true,
            stays => return stays,
        },
    };
    let kind = text(group, "type");
    (selected && kind != "OKTA_GROUP")
        .then(|| (format!("{kind}: it is changed elsewhere"), added.is_some()))
}

/// Group ids that the log saw the account join within the window, and when.
async fn added(p: &Planning<'_>, who: &UserId) -> Result<BTreeMap<String, String>, Unread> {
    if p.step.select != Select::InWindow {
        return Ok(BTreeMap::new());
    }
    let named: Vec<String> = beside(p.who, who)
        .iter()
        .map(|each| format!("target.id eq \"{}\"", each.subject.id))
        .collect();
    let filter = format!(
        "eventType eq \"group.user_membership.add\" and ({})",
        named.join(" or ")
    );
    let since = p.case.window.start;
    let path = || log_path(since, p.glance.reader().vendor_now(), &filter);
    let what = format!("{filter} since {since}");
    let got = p.glance.list_with(&p.okta.together, &what, path).await;
    let events = got.as_ref().as_ref().map_err(Unread::clone)?;
    let mut added = BTreeMap::new();
    for event in items(events) {
        let targets = items(&event["target"]);
        let at = super::events::published(event);
        let is_his = targets.iter().any(|target| target["id"] == *who.as_str());
        if !is_his || !at.is_some_and(|at| p.case.window.contains(at)) {
            continue;
        }
        for target in targets.iter().filter(|t| t["type"] == "UserGroup") {
            added.insert(
                text(target, "id").to_owned(),
                text(event, "published").to_owned(),
            );
        }
    }
    Ok(added)
}

/// Those who are asked about in one read together with `who`.
fn beside<'a>(all: &'a [Identified], who: &UserId) -> &'a [Identified] {
    let place = all.iter().position(|each| each.subject.id == *who);
    let first = place.unwrap_or(0) / NAMED_MAX * NAMED_MAX;
    &all[first..all.len().min(first + NAMED_MAX)]
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
