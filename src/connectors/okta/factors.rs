//! `delete_factors`: the second factors of an account, those of the window or all.
//!
//! Oddities. `/factors` shows only what an enrolment policy shows to *our* network, so that it
//! is cross-checked with the authenticator enrolments. Deleting an Okta Verify `push` or
//! `signed_nonce` takes the account's other Okta Verify factors along: one change for them all,
//! and it says what goes. A phone deleted as a factor stays a way to recover the account unless
//! `removeRecoveryEnrollment` says otherwise. One that only changed within the window stays, as
//! suspect, unless the log names what the account did to it. Source: Okta API, "User factors",
//! "User authenticator enrollments".

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{bounded, outcome, send};
use super::events::Evidence;
use super::factor_events::changed_by;
use super::glance::{Glance, Unread, items, text};
use super::users;
use super::verb::{LABEL_MAX, Planning, Seen, Verb, moment, target};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Target, UserId, Utc,
    count,
};
use crate::transport::{Path, Write, Writer};

pub(super) struct DeleteFactors;

#[async_trait]
impl Verb for DeleteFactors {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let subject = &who.subject.id;
        let factors = p.glance.list(users::path(subject).then("/factors"));
        let enrollments = enrollments(p.glance, subject);
        let (factors, enrollments) = if p.step.again {
            // Deletions may be under way: an enrolment read before, of a factor read after, would
            // look like one that Okta hides.
            (factors.await, enrollments.await)
        } else {
            futures_util::future::join(factors, enrollments).await
        };
        let factors = match &*factors {
            Ok(factors) => items(factors).to_vec(),
            Err(Unread::Absent { .. }) => {
                return Planned::skipped(match users::has_no_factors(p.glance, subject).await {
                    Ok(why) => Skip::NothingSelected { why: why.into() },
                    Err(why) => Skip::Unread { why },
                });
            }
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let mut planned = Planned::default();
        let hidden = match enrollments {
            Ok(all) => not_among(all, &factors),
            Err(unread) => {
                planned.notes.push(format!(
                    "factors that a policy hides are not seen: authenticator enrolments cannot \
                     be read ({})",
                    unread.why()
                ));
                Vec::new()
            }
        };
        let changed = self::changed(p, who, factors.iter().chain(&hidden), &mut planned).await;
        let mut taken = Vec::new();
        for (kind, item) in factors
            .iter()
            .map(|item| ("factor", item))
            .chain(hidden.iter().map(|item| ("enrollment", item)))
        {
            let target = target(kind, text(item, "id"), &label(item));
            match p.not_selected(item, &target.id) {
                None => taken.push((target, item)),
                Some(_) if changed.contains_key(&target.id) => {
                    let event = &changed[&target.id];
                    let note = format!("{} is taken: {event} names it", named(item));
                    planned.notes.push(note);
                    taken.push((target, item));
                }
                Some((why, suspect)) => planned.kept.push(Kept {
                    target,
                    why,
                    suspect,
                }),
            }
        }
        take(p, who, &factors, taken, &mut planned);
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "has no factor".to_owned(),
                n => format!("none of {} selected", count(n, "factor")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = item_path(&change.subject, &change.target.kind).seg(&change.target.id);
        let path = match text(&change.before["factor"], "factorType") {
            "sms" | "call" => path.query("removeRecoveryEnrollment", "true"),
            _ => path,
        };
        let mut total = outcome(change, send(w, &Write::delete(path)).await, true);
        // Those that should have gone along: a 404 says that they did.
        for id in also(change) {
            if !total.kind.is_good() {
                break;
            }
            let path = item_path(&change.subject, "factor").seg(id);
            let each = outcome(change, send(w, &Write::delete(path)).await, true);
            total.receipts.extend(each.receipts);
            if each.kind != OutcomeKind::AlreadyDone {
                total.kind = each.kind;
            }
        }
        total
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let change = &done.change;
        let subject = &change.subject;
        let factors = e.glance.list(users::path(subject).then("/factors"));
        let both = futures_util::future::join(factors, enrollments(&e.glance, subject));
        let (factors, enrollments) = both.await;
        let gone: Vec<&str> = [change.target.id.as_str()]
            .into_iter()
            .chain(also(change))
            .collect();
        let still = |list: &[Value]| {
            list.iter()
                .map(|item| text(item, "id").to_owned())
                .find(|id| gone.contains(&id.as_str()))
        };
        let mut where_read = Vec::new();
        match &*factors {
            Ok(list) => match still(items(list)) {
                Some(id) => return (ProofState::Refuted, format!("{id} is still a factor")),
                None => where_read.push("factors"),
            },
            Err(Unread::Absent { .. }) => {
                if let Err(why) = users::has_no_factors(&e.glance, subject).await {
                    return (ProofState::Pending, why);
                }
                where_read.push("factors");
            }
            Err(unread) => return (ProofState::Pending, unread.why()),
        }
        match enrollments {
            Ok(list) => match still(&list) {
                Some(id) => return (ProofState::Refuted, format!("{id} is still enrolled")),
                None => where_read.push("authenticator enrolments"),
            },
            Err(unread) if change.target.kind == "enrollment" => {
                return (ProofState::Pending, unread.why());
            }
            Err(_) => {}
        }
        (
            ProofState::Proven,
            format!("not among {} any more", where_read.join(" and ")),
        )
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes(
            "enrols it again, with IT present".into(),
        ))
    }
}

/// The factors of an account, and the enrolments that are no factor of the list.
///
/// # Errors
/// [`Unread`], if the factors could not be read; enrolments that cannot be are left out.
pub(super) async fn held(glance: &Glance, who: &UserId) -> Result<Vec<Value>, Unread> {
    let factors = glance.list(users::path(who).then("/factors"));
    let both = futures_util::future::join(factors, enrollments(glance, who));
    let (factors, enrollments) = both.await;
    let mut all = items(factors.as_ref().as_ref().map_err(Unread::clone)?).to_vec();
    let hidden = enrollments.map(|found| not_among(found, &all));
    all.extend(hidden.unwrap_or_default());
    Ok(all)
}

/// Of factors that only changed within the window, those that the account itself changed: asked
/// of the log where there is such a factor, and not otherwise.
async fn changed(
    p: &Planning<'_>,
    who: &Identified,
    mut items: impl Iterator<Item = &Value>,
    planned: &mut Planned,
) -> BTreeMap<String, String> {
    if !items.any(|item| p.only_changed_in_window(item)) {
        return BTreeMap::new();
    }
    let reader = p.glance.reader();
    let changed = changed_by(reader, &who.subject.id, &p.case.window).await;
    changed.unwrap_or_else(|why| {
        planned.notes.push(format!(
            "whether the account itself changed a factor of before the window is not known: the \
             System Log cannot be read ({why})"
        ));
        BTreeMap::new()
    })
}

/// Turns what the selector takes into changes, Okta Verify as one.
fn take(
    p: &Planning<'_>,
    who: &Identified,
    factors: &[Value],
    taken: Vec<(Target, &Value)>,
    planned: &mut Planned,
) {
    let sweeper = taken
        .iter()
        .filter(|(_, item)| sweeps(item))
        .min_by_key(|(_, item)| text(item, "factorType") != "push")
        .map(|(target, _)| target.id.clone());
    let swept = |item: &Value| sweeper.is_some() && is_okta_verify(item);
    for (target, item) in &taken {
        if swept(item) && Some(&target.id) != sweeper.as_ref() {
            continue;
        }
        let mut before = json!({ "factor": item });
        let mut sentence = format!("delete {}", named(item));
        let mut made_at = chosen_by(p, item);
        if swept(item) {
            let along: Vec<&Value> = factors
                .iter()
                .filter(|other| is_okta_verify(other) && other["id"] != item["id"])
                .collect();
            let chosen = |other: &Value| taken.iter().any(|(each, _)| other["id"] == each.id);
            let also: Vec<&Value> = along
                .iter()
                .filter(|other| chosen(other))
                .map(|other| &other["id"])
                .collect();
            let swept = taken
                .iter()
                .map(|(_, other)| other)
                .filter(|other| is_okta_verify(other));
            made_at = swept.filter_map(|other| chosen_by(p, other)).max();
            before["also"] = json!(also);
            before["along"] = json!(along);
            if !along.is_empty() {
                let names: Vec<String> = along.iter().map(|other| named(other)).collect();
                sentence = format!("{sentence}, which takes along {}", names.join(", "));
            }
            for spared in along.iter().filter(|other| !chosen(other)) {
                planned.notes.push(format!(
                    "{} is not selected, but Okta takes it along: the person must enrol it again",
                    named(spared)
                ));
            }
        }
        if text(item, "factorType") == "email" {
            planned
                .notes
                .push("an email factor may have been made by policy, not by a person".into());
        }
        planned.changes.push(Change {
            made_at: made_at.filter(|_| p.step.select == Select::InWindow),
            ..p.change(who, target.clone(), sentence, before)
        });
    }
    let kept_but_swept = |kept: &Kept| {
        let of_factor = |item: &&Value| item["id"] == kept.target.id;
        factors.iter().find(of_factor).is_some_and(swept)
    };
    planned.kept.retain(|kept| !kept_but_swept(kept));
}

/// The date that a window chose it by: when it was enrolled, else when it was changed.
fn chosen_by(p: &Planning<'_>, item: &Value) -> Option<Utc> {
    let created = moment(item, "created").filter(|at| p.case.window.contains(*at));
    created.or_else(|| moment(item, "lastUpdated"))
}

/// One of the faces of Okta Verify.
fn is_okta_verify(item: &Value) -> bool {
    let kind = text(item, "factorType");
    text(item, "provider") == "OKTA"
        && matches!(kind, "push" | "signed_nonce" | "token:software:totp")
}

/// One whose deletion takes the others along.
fn sweeps(item: &Value) -> bool {
    is_okta_verify(item) && text(item, "factorType") != "token:software:totp"
}

/// Ids of selected factors that must go with the target.
fn also(change: &Change) -> impl Iterator<Item = &str> {
    items(&change.before["also"])
        .iter()
        .filter_map(Value::as_str)
}

/// Enrolments that are no factor of the list. A password is none that could be deleted.
fn not_among(all: Vec<Value>, factors: &[Value]) -> Vec<Value> {
    let listed = |item: &Value| factors.iter().any(|factor| factor["id"] == item["id"]);
    let fixed = |item: &Value| {
        matches!(text(item, "type"), "password" | "federated")
            || text(item, "key") == "okta_password"
    };
    all.into_iter()
        .filter(|item| !listed(item) && !fixed(item))
        .collect()
}

/// The list of enrolments; Okta's own description says that it may be one object.
async fn enrollments(glance: &Glance, who: &UserId) -> Result<Vec<Value>, Unread> {
    let path = users::path(who).then("/authenticator-enrollments");
    match &*glance.one(path).await {
        Ok(Value::Array(all)) => Ok(all.clone()),
        Ok(one @ Value::Object(_)) => Ok(vec![one.clone()]),
        Ok(_) => Err(Unread::NoAnswer("Okta's answer is no list".into())),
        Err(unread) => Err(unread.clone()),
    }
}

fn item_path(who: &UserId, kind: &str) -> Path {
    users::path(who).then(match kind {
        "enrollment" => "/authenticator-enrollments",
        _ => "/factors",
    })
}

/// What the person calls it, else what Okta does.
pub(super) fn label(item: &Value) -> String {
    let profile = &item["profile"];
    [
        "name",
        "authenticatorName",
        "phoneNumber",
        "email",
        "credentialId",
    ]
    .iter()
    .map(|key| text(profile, key))
    .chain([
        text(item, "nickname"),
        text(item, "name"),
        text(item, "provider"),
    ])
    .find(|text| !text.is_empty())
    .map(|text| bounded(text, LABEL_MAX))
    .unwrap_or_default()
}

/// `push factor "Pixel 9" (2026-03-10)`
fn named(item: &Value) -> String {
    let (kind, what) = match text(item, "factorType") {
        "" => (text(item, "type"), "enrolment"),
        kind => (kind, "factor"),
    };
    let date = moment(item, "created").map(|at| at.to_string()[..10].to_owned());
    format!(
        "{kind} {what} \"{}\" ({})",
        label(item),
        date.as_deref().unwrap_or("no date")
    )
}
