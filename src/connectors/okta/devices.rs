//! `suspend_devices`: devices that were registered with the account within the window.
//!
//! A suspended device keeps its factors and links and comes back unharmed; a deactivated one does
//! not, so that this never deactivates. A device may be other people's, too: it is suspended only
//! where the account is its sole user. Classic Engine has no such list.
//!
//! Source: Okta API, "Devices": list all users, suspend, unsuspend; "User resources": devices.

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Glance, Unread, items, text};
use super::made_in_window::{self, Dated, Given, Made, judged, minute, told};
use super::users;
use super::verb::{Planning, Seen, Verb, moment, only_undoes, target, undoing};
use super::{Okta, crowd::in_order};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Undo, UserId,
    count,
};
use crate::transport::{Path, Write, Writer};

const NO_STATUS: &str = "Okta's answer names no status";

pub(super) struct SuspendDevices;

#[async_trait]
impl Verb for SuspendDevices {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let path = users::path(&who.subject.id).then("/devices");
        let devices = p.glance.list(path);
        let (got, made) = join(devices, Made::read(p, who, made_in_window::DEVICE)).await;
        let devices = match &*got {
            Ok(devices) => items(devices),
            Err(unread) => return Planned::skipped(not_listed(unread)),
        };
        let made = match made {
            Ok(made) => made,
            Err(unread) => {
                let why = format!("who added his devices cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let answers = in_order(devices, |item| Box::pin(asked(p, who, item, &made))).await;
        let mut planned = Planned::default();
        for (item, answer) in devices.iter().zip(answers) {
            let device = &item["device"];
            let label = text(&device["profile"], "displayName");
            let target = target("device", text(device, "id"), label);
            match answer {
                Ok(reason) => {
                    let sentence = match &reason {
                        Reason::Event(given) => {
                            told(format!("suspend device {}", target.label), Some(given))
                        }
                        Reason::Date(made) => {
                            format!("suspend device {} (made {made})", target.label)
                        }
                        Reason::Selected => format!("suspend device {}", target.label),
                    };
                    let added = match &reason {
                        Reason::Event(given) => given.before(),
                        Reason::Date(_) | Reason::Selected => Value::Null,
                    };
                    let before = json!({ "device": item, "added": added });
                    let change = p.change(who, target, sentence, before);
                    planned.changes.push(change);
                }
                Err(Stays::Kept(why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                Err(Stays::Unread(why)) => {
                    let why = format!("who else uses {} cannot be read: {why}", target.label);
                    planned.skip = Some(Skip::Unread { why });
                }
            }
        }
        if planned.changes.is_empty() && planned.skip.is_none() {
            let why = match planned.kept.len() {
                0 => "has no device".to_owned(),
                n => format!("none of {} selected", count(n, "device")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = device(change).then("/lifecycle/suspend");
        outcome(change, send(w, &Write::post(path)).await, true)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match status(&e.glance, &done.change).await {
            Ok(status) => match status.as_str() {
                "" => (ProofState::Pending, NO_STATUS.into()),
                "SUSPENDED" | "DEACTIVATED" => (ProofState::Proven, format!("it is {status}")),
                _ => (ProofState::Refuted, format!("it is {status}")),
            },
            Err(Unread::Absent { code }) if code != "E0000008" => (
                ProofState::Proven,
                "there is no such device any more".into(),
            ),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = format!("unsuspend device {}", done.change.target.label);
        let mut back = undoing(
            &done.change,
            "unsuspend_device",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        back.id = ChangeId::new(format!("{}/back", done.change.id));
        back.target = done.change.target.clone();
        Ok(vec![back])
    }
}

pub(super) struct UnsuspendDevice;

#[async_trait]
impl Verb for UnsuspendDevice {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("suspend_devices")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = device(change).then("/lifecycle/unsuspend");
        outcome(change, send(w, &Write::post(path)).await, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match status(&e.glance, &done.change).await {
            Ok(status) if status == "ACTIVE" => (ProofState::Proven, "it is ACTIVE".into()),
            Ok(status) => (ProofState::Refuted, format!("it is {status}")),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

/// Why a device is taken.
enum Reason<'a> {
    /// An event says that a subject added it.
    Event(&'a Given),
    /// It was made within the window, by Okta's own date.
    Date(String),
    /// The step takes all, or lists it.
    Selected,
}

/// Why it stays.
enum Stays {
    /// Why, and whether a person should look at it.
    Kept(String, bool),
    /// Who else uses it could not be read.
    Unread(String),
}

/// Whether the step takes this device of his.
async fn asked<'a>(
    p: &Planning<'_>,
    who: &Identified,
    item: &Value,
    made: &'a Made,
) -> Result<Reason<'a>, Stays> {
    let kept = |(why, suspect)| Stays::Kept(why, suspect);
    let device = &item["device"];
    let id = text(device, "id");
    let reason = selected(p, item, made.of(made_in_window::DEVICE, id)).map_err(kept)?;
    let status = text(device, "status");
    if status != "ACTIVE" {
        return Err(Stays::Kept(format!("it is {status}"), false));
    }
    let path = Path::new("/api/v1/devices").seg(id).then("/users");
    match &*p.glance.list(path).await {
        Ok(users) => sole(items(users), &who.subject.id)
            .map(|()| reason)
            .map_err(|why| Stays::Kept(why, true)),
        Err(unread) => Err(Stays::Unread(unread.why())),
    }
}

/// A device that is dated within the window is taken even where the log says nothing of it: the
/// account itself is its user. Where the log names somebody else, it stays.
fn selected<'a>(
    p: &Planning<'_>,
    item: &Value,
    given: Option<&'a Given>,
) -> Result<Reason<'a>, (String, bool)> {
    let id = text(&item["device"], "id");
    if p.step.select != Select::InWindow || id.is_empty() {
        let stays = p.not_selected(&item["device"], id);
        return stays.map_or(Ok(Reason::Selected), Err);
    }
    let created = moment(item, "created").or_else(|| moment(&item["device"], "created"));
    match (given, created) {
        (None, Some(at)) if p.case.window.contains(at) => Ok(Reason::Date(minute(at))),
        (None, Some(at)) => Err((at.to_string()[..10].to_owned(), false)),
        (None, None) => Err(("Okta gives no date".into(), true)),
        (given, _) => judged(given, Dated::Before(String::new())).map(Reason::Event),
    }
}

/// # Errors
/// Who else uses it.
fn sole(users: &[Value], who: &UserId) -> Result<(), String> {
    let is_he = |user: &&Value| text(&user["user"], "id") == who.as_str();
    let others: Vec<&Value> = users.iter().filter(|user| !is_he(user)).collect();
    match others[..] {
        [] if users.is_empty() => Err("Okta names no user of it".into()),
        [] => Ok(()),
        [first, ..] => {
            let login: String = text(&first["user"]["profile"], "login")
                .chars()
                .take(super::verb::LABEL_MAX)
                .collect();
            let more = match others.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            Err(format!("{login}{more} would lose it, too"))
        }
    }
}

fn not_listed(unread: &Unread) -> Skip {
    match unread {
        Unread::Absent { .. } => Skip::Unsupported {
            why: "this org lists no devices: it is on Classic Engine, or the feature is off".into(),
        },
        Unread::Refused { code, .. } if code == "E0000015" => Skip::Unsupported {
            why: "this org lists no devices: the feature is off".into(),
        },
        _ => Skip::Unread { why: unread.why() },
    }
}

fn device(change: &Change) -> Path {
    Path::new("/api/v1/devices").seg(&change.target.id)
}

async fn status(glance: &Glance, change: &Change) -> Result<String, Unread> {
    match &*glance.one(device(change)).await {
        Ok(device) => Ok(text(device, "status").to_owned()),
        Err(unread) => Err(unread.clone()),
    }
}
