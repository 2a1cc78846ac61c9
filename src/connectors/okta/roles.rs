//! `remove_admin_roles`: admin roles of an account, those given within the window or all.
//!
//! Oddities: a role that comes by a group cannot be taken from the person; a role may be scoped
//! to groups or apps, and giving it back without its scope would grant more than there was, so
//! that scoped kinds are not given back by us. The event of a grant tells all roles that the
//! account has by then and not the one that was given: it is found by its time, which is that of
//! the assignment ([inferred]), and says who did it ([`made_in_window`]).
//! Source: Okta API, "Role assignments: user"; event type `user.account.privilege.grant`.

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Unread, items, text};
use super::made_in_window::{self, Dated, Given, Made, judged, told};
use super::users;
use super::verb::{Planning, Seen, Verb, moment, only_undoes, target, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Undo, count,
};
use crate::transport::{Write, Writer};

/// Kinds that are never scoped.
const UNSCOPED: &[&str] = &[
    "SUPER_ADMIN",
    "ORG_ADMIN",
    "READ_ONLY_ADMIN",
    "REPORT_ADMIN",
    "MOBILE_ADMIN",
    "API_ACCESS_MANAGEMENT_ADMIN",
];

pub(super) struct RemoveAdminRoles;

#[async_trait]
impl Verb for RemoveAdminRoles {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let roles = p.glance.list(users::path(&who.subject.id).then("/roles"));
        let (got, made) = join(roles, Made::read(p, who, made_in_window::ROLE)).await;
        let roles = match &*got {
            Ok(roles) => items(roles),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let made = match made {
            Ok(made) => made,
            Err(unread) => {
                let why = format!("who granted his roles cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for role in roles {
            let target = target("admin_role", text(role, "id"), text(role, "type"));
            match selected(p, role, &made) {
                Err((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                Ok(given) => {
                    let sentence = told(format!("remove admin role {}", target.label), given);
                    let before = json!({ "role": role, "granted": given.map(Given::before) });
                    planned.changes.push(Change {
                        made_at: given.map(|given| given.at),
                        ..p.change(who, target, sentence, before)
                    });
                }
            }
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "has no admin role".to_owned(),
                n => format!("none of {} selected", count(n, "admin role")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = users::path(&change.subject)
            .then("/roles")
            .seg(&change.target.id);
        outcome(change, send(w, &Write::delete(path)).await, true)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match holds(e, done, |role| role["id"] == *done.change.target.id).await {
            Ok(true) => (ProofState::Refuted, "the role is still assigned".into()),
            Ok(false) => (ProofState::Proven, "not among the roles any more".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        let role = &done.change.before["role"];
        let kind = text(role, "type");
        let body = match kind {
            "CUSTOM" if !text(role, "role").is_empty() => json!({
                "type": kind, "role": role["role"], "resource-set": role["resource-set"],
            }),
            _ if UNSCOPED.contains(&kind) => json!({ "type": kind }),
            _ => {
                return Err(CannotUndo::Never(format!(
                    "{kind} may have been scoped: assign it by hand"
                )));
            }
        };
        let sentence = format!("assign admin role {kind}");
        let mut change = undoing(
            &done.change,
            "assign_admin_role",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        change.id = crate::model::ChangeId::new(format!("{}/assign", done.change.id));
        change.before["assign"] = body;
        Ok(vec![change])
    }
}

/// The event that justifies taking a role, if the step selects by it; else why it stays, and
/// whether a person should look.
fn selected<'a>(
    p: &Planning<'_>,
    role: &Value,
    made: &'a Made,
) -> Result<Option<&'a Given>, (String, bool)> {
    if let Some(stays) = p.not_selected(role, text(role, "id")) {
        return Err(stays);
    }
    if text(role, "assignmentType") == "GROUP" {
        let why = "it comes by a group: remove the membership".to_owned();
        return Err((why, true));
    }
    match (p.step.select, moment(role, "created")) {
        (Select::InWindow, Some(at)) => judged(made.near(at), Dated::Within(at)).map(Some),
        _ => Ok(None),
    }
}

pub(super) struct AssignAdminRole;

#[async_trait]
impl Verb for AssignAdminRole {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("remove_admin_roles")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = users::path(&change.subject).then("/roles");
        let write = Write::post(path).json(change.before["assign"].clone());
        let sent = send(w, &write).await;
        // E0000090: he has it already.
        if sent
            .answer
            .as_ref()
            .is_ok_and(|answer| answer.json["errorCode"] == "E0000090")
        {
            return Outcome {
                kind: OutcomeKind::AlreadyDone,
                receipts: vec![sent.receipt],
            };
        }
        outcome(change, sent, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let wanted = &done.change.before["assign"];
        let same = |role: &Value| role["type"] == wanted["type"] && role["role"] == wanted["role"];
        match holds(e, done, same).await {
            Ok(true) => (ProofState::Proven, "among the roles".into()),
            Ok(false) => (ProofState::Refuted, "not among the roles".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

async fn holds(
    e: &Evidence<'_>,
    done: &Applied,
    which: impl Fn(&Value) -> bool + Send,
) -> Result<bool, Unread> {
    let path = users::path(&done.change.subject).then("/roles");
    match &*e.glance.list(path).await {
        Ok(roles) => Ok(items(roles).iter().any(which)),
        Err(unread) => Err(unread.clone()),
    }
}
