//! `remove_app_assignments`: apps that were assigned to the account itself. In no shipped playbook.
//!
//! Destructive: Okta drops the profile at the app, an app with provisioning deactivates the
//! account there, and an account whose password is a directory's is left without one, so that
//! a directory's own app is only taken by its id. An assignment that comes by a group would come
//! back at once ([inferred]). Given back is what was read, where Okta held all of it.
//!
//! Source: Okta API, "Application users": unassign, assign; `AppUser.scope`.

use async_trait::async_trait;
use futures_util::future::join;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::directory::{OWN_APPS, apps_path};
use super::events::Evidence;
use super::glance::{Glance, Unread, items, text};
use super::made_in_window::{self, Dated, Given, Made, judged, told};
use super::verb::{Planning, Seen, Verb, moment, only_undoes, target, undoing};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Undo, UserId,
    count,
};
use crate::transport::{Path, Write, Writer};

/// Apps that are directories, by how their catalogue names begin. [inferred]
const DIRECTORIES: &[&str] = &["active_directory", "ldap"];

/// Sign-on by a password that Okta keeps for the app and shows nobody.
const BY_PASSWORD: &[&str] = &[
    "AUTO_LOGIN",
    "BASIC_AUTH",
    "BROWSER_PLUGIN",
    "SECURE_PASSWORD_STORE",
];

pub(super) struct RemoveAppAssignments;

#[async_trait]
impl Verb for RemoveAppAssignments {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let apps = p.glance.list(apps_path(&who.subject.id));
        let (got, made) = join(apps, Made::read(p, who, made_in_window::APP)).await;
        let apps = match &*got {
            Ok(apps) => items(apps),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let made = match made {
            Ok(made) => made,
            Err(unread) => {
                let why = format!("who assigned his apps cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        for app in apps {
            let target = target("app", text(app, "id"), text(app, "label"));
            match selected(p, app, made.of(made_in_window::APP, &target.id)) {
                Err((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
                Ok(given) => {
                    planned.notes.extend(warnings(app, &target.label));
                    let sentence = told(format!("remove assignment of {}", target.label), given);
                    let before = json!({
                        "app": { "name": app["name"], "features": app["features"], "signOnMode": app["signOnMode"] },
                        "assignment": app["_embedded"]["user"],
                        "assigned": given.map(Given::before),
                    });
                    planned.changes.push(Change {
                        made_at: given.map(|given| given.at),
                        ..p.change(who, target, sentence, before)
                    });
                }
            }
        }
        if planned.changes.is_empty() {
            let why = format!("none of {} selected", count(apps.len(), "app"));
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = assignment(change).query("sendEmail", "false");
        outcome(change, send(w, &Write::delete(path)).await, true)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match scope(&e.glance, &done.change).await {
            Ok(None) => (ProofState::Proven, "not assigned any more".into()),
            Ok(Some(scope)) if scope == "GROUP" => (
                ProofState::Refuted,
                "assigned by a group now: remove the group membership instead".into(),
            ),
            Ok(Some(_)) => (ProofState::Refuted, "still assigned".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        let before = &done.change.before;
        if let Some(lost) = lost(&before["app"], &before["assignment"]) {
            return Err(CannotUndo::Never(format!("{lost}: assign it by hand")));
        }
        let sentence = format!("assign {} again", done.change.target.label);
        let mut back = undoing(
            &done.change,
            "assign_app",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        back.id = ChangeId::new(format!("{}/back", done.change.id));
        back.target = done.change.target.clone();
        back.before["assign"] = again(&done.change.subject, &before["assignment"]);
        Ok(vec![back])
    }
}

pub(super) struct AssignApp;

#[async_trait]
impl Verb for AssignApp {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("remove_app_assignments")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        // Assigning twice may overwrite what the app has changed since.
        let glance = Glance::new(w.reader());
        if let Ok(Some(_)) = scope(&glance, change).await {
            return Outcome::bare(OutcomeKind::AlreadyDone);
        }
        let path = Path::new("/api/v1/apps")
            .seg(&change.target.id)
            .then("/users");
        let write = Write::post(path).json(change.before["assign"].clone());
        outcome(change, send(w, &write).await, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match scope(&e.glance, &done.change).await {
            Ok(Some(_)) => (ProofState::Proven, "assigned".into()),
            Ok(None) => (ProofState::Refuted, "not assigned".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

/// The event that justifies taking an assignment, if the step selects by it; else why it stays,
/// and whether a person should look.
fn selected<'a>(
    p: &Planning<'_>,
    app: &Value,
    given: Option<&'a Given>,
) -> Result<Option<&'a Given>, (String, bool)> {
    let user = &app["_embedded"]["user"];
    let (id, name) = (text(app, "id"), text(app, "name"));
    let justified = if p.step.select == Select::InWindow && !id.is_empty() {
        let created = moment(user, "created");
        let dated = match created {
            Some(at) if p.case.window.contains(at) => Dated::Within(at),
            Some(at) => Dated::Before(at.to_string()[..10].to_owned()),
            None => Dated::Before("Okta gives no date".into()),
        };
        Some(judged(given, dated)?)
    } else {
        p.not_selected(app, id).map_or(Ok(None), Err)?
    };
    if OWN_APPS.contains(&name) {
        return Err(("Okta's own app".into(), false));
    }
    if is_directory(name) && p.step.select != Select::Listed {
        let why = "a directory: the account may be left without a password; list it by its id";
        return Err((why.into(), justified.is_some()));
    }
    match text(user, "scope") {
        "USER" => Ok(justified),
        "GROUP" => Err((
            "it comes by a group: remove the group membership instead".into(),
            justified.is_some(),
        )),
        _ => Err(("Okta does not say how it is assigned".into(), true)),
    }
}

fn is_directory(name: &str) -> bool {
    DIRECTORIES.iter().any(|start| name.starts_with(start))
}

/// What a person should read before he agrees.
fn warnings(app: &Value, label: &str) -> Option<String> {
    if is_directory(text(app, "name")) {
        return Some(format!(
            "{label} is a directory: with delegated authentication the account is left without a \
             password"
        ));
    }
    provisions(app).then(|| {
        format!("{label} has provisioning: it deactivates the account there, and may delete data")
    })
}

/// Whether the app is told of more than sign-on. Any feature counts.
fn provisions(app: &Value) -> bool {
    items(&app["features"]).iter().any(Value::is_string)
}

/// What of an assignment Okta does not give to anybody, so that it cannot be given back.
fn lost(app: &Value, user: &Value) -> Option<&'static str> {
    if is_directory(text(app, "name")) {
        Some("its link to the directory is gone")
    } else if provisions(app) {
        Some("the app may have deactivated the account")
    } else if BY_PASSWORD.contains(&text(app, "signOnMode")) {
        Some("the password that Okta kept for the app is gone")
    } else if user["id"].as_str().is_none() {
        Some("what was assigned was not read")
    } else {
        None
    }
}

/// The assignment as it was read: user name and profile at the app.
fn again(who: &UserId, user: &Value) -> Value {
    let mut body = json!({ "id": who, "scope": "USER" });
    if let Some(name) = user["credentials"]["userName"].as_str() {
        body["credentials"] = json!({ "userName": name });
    }
    if user["profile"].is_object() {
        body["profile"] = user["profile"].clone();
    }
    body
}

fn assignment(change: &Change) -> Path {
    Path::new("/api/v1/apps")
        .seg(&change.target.id)
        .then("/users")
        .seg(change.subject.as_str())
}

/// How the app is assigned; `None` if it is not.
async fn scope(glance: &Glance, change: &Change) -> Result<Option<String>, Unread> {
    match &*glance.one(assignment(change)).await {
        Ok(user) => Ok(Some(text(user, "scope").to_owned())),
        Err(Unread::Absent { code }) if code != "E0000008" => Ok(None),
        Err(unread) => Err(unread.clone()),
    }
}
