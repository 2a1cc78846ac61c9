//! Who let an account in or kept it out, as the System Log tells it.
//!
//! For whoever has to know before acting that somebody else decided about the account since, or
//! afterwards who undid a suspension. What an event *means* is said here; what follows from it is
//! not. Our own acts are told by who acted, as in [`signs`](super::signs).
//!
//! A status alone never tells who: only the log does. An import or a job of Okta's own is told by
//! the kind of its actor (`SystemPrincipal`, an agent) or of its transaction (`JOB`). Which event an
//! import leaves that gives a suspended user back is not documented ("expected behaviour", without
//! a sample); [assumed] one of the lifecycle events below.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Okta;
use super::answers::{self, bounded};
use super::events::{any_type, log_path, published};
use super::glance::{Glance, Unread, items, text};
use super::logged::Logged;
use super::verb::LABEL_MAX;
use crate::connector::LockAct;
use crate::model::{UserId, Utc};
use crate::transport::{Read, Reader};

/// Subjects named in the filter at most; beyond, the events are sorted out here.
const NAMED_MAX: usize = 10;

/// What keeps an account out, or lets it in: the type, whether it locks, and the word for it.
/// Source: event type catalogue, "Lifecycle" and "Password/account".
const LOCKS: &[(&str, bool, &str)] = &[
    ("user.lifecycle.suspend", true, "suspended"),
    ("user.lifecycle.deactivate", true, "deactivated"),
    ("user.lifecycle.delete.initiated", true, "deleted"),
    ("user.account.lock", true, "locked by failed sign-ins"),
    ("user.lifecycle.unsuspend", false, "unsuspended"),
    ("user.lifecycle.activate", false, "activated"),
    ("user.lifecycle.reactivate", false, "reactivated"),
    ("user.account.unlock", false, "unlocked"),
    ("user.account.unlock_by_admin", false, "unlocked"),
];

/// The same by membership of the quarantine group, whose policy denies.
const QUARANTINE: &[(&str, bool, &str)] = &[
    ("group.user_membership.add", true, "quarantined"),
    (
        "group.user_membership.remove",
        false,
        "taken out of quarantine",
    ),
];

/// Reads the log once for all of them.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn since(
    okta: &Okta,
    reader: &Reader,
    who: &[UserId],
    since: Utc,
) -> Result<Vec<LockAct>, String> {
    if who.is_empty() {
        return Ok(Vec::new());
    }
    let quarantine = okta.settings.quarantine_group.as_deref();
    let path = log_path(since, reader.vendor_now(), &filter(who, quarantine));
    let events = match reader.list(&Read::get(path).log_page()).await {
        Ok(Ok(events)) => events,
        Ok(Err(answer)) => return Err(Unread::of(&answer).why()),
        Err(error) => return Err(answers::unread(&error)),
    };
    let own = okta
        .own_user(&Glance::new(reader))
        .await
        .unwrap_or_default();
    let mut known = BTreeSet::new();
    let mut acts: Vec<LockAct> = events
        .iter()
        .filter(|event| known.insert(text(event, "uuid").to_owned()))
        .flat_map(|event| {
            let ours = okta.is_ours(&Logged::of(event), own.as_ref());
            acts_of(event, who, quarantine, ours)
        })
        .filter(|act| act.at >= since)
        .collect();
    acts.sort_by_key(|act| act.at);
    Ok(acts)
}

/// What `event` did to each of `who`.
fn acts_of(event: &Value, who: &[UserId], quarantine: Option<&str>, ours: bool) -> Vec<LockAct> {
    let result = event["outcome"]["result"].as_str().unwrap_or("SUCCESS");
    let (Some(at), Some((locks, word)), "SUCCESS" | "ALLOW") =
        (published(event), meaning(event, quarantine), result)
    else {
        return Vec::new();
    };
    let targets = items(&event["target"]);
    let is_target = |who: &&UserId| targets.iter().any(|each| each["id"] == who.as_str());
    // Who locks himself out by failed sign-ins is the actor of that, and may be no target.
    let by_himself = |who: &UserId| {
        text(event, "eventType") == "user.account.lock" && event["actor"]["id"] == who.as_str()
    };
    let by_job = is_job(event);
    let about = who.iter().filter(|who| is_target(who) || by_himself(who));
    about
        .map(|who| LockAct {
            subject: who.clone(),
            at,
            locks,
            what: match by_job {
                true => format!("{word} by an import or a job"),
                false => word.to_owned(),
            },
            by: actor_name(&event["actor"]),
            by_id: match text(&event["actor"], "id") {
                "unknown" => String::new(),
                id => bounded(id, LABEL_MAX),
            },
            by_job,
            ours,
            event: text(event, "uuid").to_owned(),
        })
        .collect()
}

/// Whether it locks, and the word for it.
fn meaning(event: &Value, quarantine: Option<&str>) -> Option<(bool, &'static str)> {
    let kind = text(event, "eventType");
    let find = |table: &'static [(&'static str, bool, &'static str)]| {
        let mut rows = table.iter();
        rows.find(|(name, ..)| *name == kind)
            .map(|(_, locks, word)| (*locks, *word))
    };
    let of_group = || {
        let group = quarantine?;
        let mut targets = items(&event["target"]).iter();
        let is_it = targets.any(|each| each["id"] == group);
        find(QUARANTINE).filter(|_| is_it)
    };
    find(LOCKS).or_else(of_group)
}

/// Whether no person did it: the directory itself, one of its agents, or a job.
fn is_job(event: &Value) -> bool {
    let kind = text(&event["actor"], "type");
    kind.eq_ignore_ascii_case("SystemPrincipal")
        || kind.to_ascii_lowercase().ends_with("agent")
        || text(&event["transaction"], "type") == "JOB"
}

/// What people call him: the login, else the name, else the id.
fn actor_name(actor: &Value) -> String {
    let said = ["alternateId", "displayName", "id"]
        .into_iter()
        .map(|key| text(actor, key))
        .find(|text| !matches!(*text, "" | "unknown" | "null"));
    bounded(
        said.unwrap_or("somebody whom the log does not name"),
        LABEL_MAX,
    )
}

fn filter(who: &[UserId], quarantine: Option<&str>) -> String {
    let names: Vec<&str> = LOCKS.iter().map(|(name, ..)| *name).collect();
    let mut types = any_type(&names);
    if let Some(group) = quarantine {
        let names: Vec<&str> = QUARANTINE.iter().map(|(name, ..)| *name).collect();
        let moved = any_type(&names);
        types = format!(
            "{types} or (({moved}) and target.id eq \"{}\")",
            plain(group)
        );
    }
    if who.len() > NAMED_MAX {
        return types;
    }
    let each = who.iter().map(|who| {
        let who = plain(who.as_str());
        format!("actor.id eq \"{who}\" or target.id eq \"{who}\"")
    });
    format!("({types}) and ({})", each.collect::<Vec<_>>().join(" or "))
}

/// Without what would end the quotation.
fn plain(id: &str) -> String {
    id.replace(['"', '\\'], "")
}
