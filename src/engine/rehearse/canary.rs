//! The canary of live rehearsals: whether it is fit to be contained for real, and whether it is
//! afterwards as it was.
//!
//! Fit is an account that loses nothing by it: ACTIVE, without admin roles, agents or API tokens (a
//! revoked token is gone for good), with its password at the directory, and nobody else in it. As it
//! was means: the directory's parts of it compare, without what changes by itself, and everything
//! that the containment could undo could be done again now, by a plan made anew. What a containment
//! takes for good (sessions, consents, what was made within the window) was told before anybody
//! agreed, and is told again.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::finding;
use crate::engine::run::Tools;
use crate::ledger::RunState;
use crate::model::{
    ActionId, Applied, Fact, Finding, GuardReply, Outcome, OutcomeKind, Plan, Severity, SystemId,
    Tri, Undo, UserId, Utc,
};
use crate::rehearsals::Rehearsal;
use crate::transport::{Rank, Reader};

/// The status that can be suspended.
const USABLE: &str = "ACTIVE";

/// What a plan says where the log shows somebody else in the account.
const SOMEBODY_IN: &str = "intruder_confirmed";

/// Why this account must not be contained as a rehearsal, and what to do; `None`: it may.
#[must_use]
pub fn unfit(plan: &Plan, rehearsal: &Rehearsal) -> Option<(String, String)> {
    let who = plan.case.subjects.first()?;
    let login = &who.login;
    let other = "name another account as `canary` in the config".to_owned();
    let refusing = plan.guards.iter().find_map(|guard| match &guard.reply {
        GuardReply::RefusesRun { why, .. } => Some(format!("{}: {why}", guard.name)),
        _ => None,
    });
    if let Some(why) = refusing {
        return Some((format!("a guard refuses to contain {login}: {why}"), other));
    }
    if who.status != USABLE {
        let hint = format!("bring {login} to {USABLE} in the directory first: docs/rehearse.md");
        let why = format!("{login} is {}: it could not be suspended", who.status);
        return Some((why, hint));
    }
    match who.privileged {
        Tri::No => {}
        Tri::Yes => return Some((format!("{login} has an admin role"), other)),
        Tri::Unread => {
            let why = format!("whether {login} has an admin role could not be read");
            return Some((why, "grant okta.roles.read".to_owned()));
        }
    }
    if who.mastered_by != "OKTA" {
        let why = format!(
            "{login} is mastered by {}: what it gives back is not ours to decide",
            who.mastered_by
        );
        return Some((why, other));
    }
    let mut stops = rehearsal.stops.iter();
    let lost = stops.find(|each| matches!(&*each.kind, "agent" | "api_token"));
    if let Some(lost) = lost {
        return Some((format!("{login} would lose something: {}", lost.why), other));
    }
    let unread = rehearsal.findings.iter();
    let mut unread = unread.filter(|finding| finding.id.starts_with("stops_unread:"));
    if let Some(unread) = unread.next() {
        return Some((
            unread.text.clone(),
            "run it again when it can be read".into(),
        ));
    }
    let in_it = plan
        .findings
        .iter()
        .any(|finding| finding.id == SOMEBODY_IN);
    in_it.then(|| {
        let why = format!("the log shows somebody else in {login}'s account: this is no rehearsal");
        (why, format!("oust investigate {login}"))
    })
}

/// An account's parts at the directory, as they compare; what could not be read is a sentence.
pub struct Standing(Vec<(&'static str, Result<Value, String>)>);

/// Reads them.
pub async fn standing(tools: &Tools, who: &UserId) -> Standing {
    let home = &tools.directory;
    let reader = Reader::new(home.system.client.clone()).ranked(Rank::Evidence);
    let parts = home.directory.snapshot_parts().iter().map(|part| {
        let reader = &reader;
        async move {
            let read = home.directory.snapshot(reader, who, part).await;
            (*part, read.map(|value| home.directory.lasting(value)))
        }
    });
    Standing(join_all(parts).await)
}

/// What is not as it was at the directory: `taken` are the targets of changes that cannot be undone,
/// and what was made since `since` was to go.
#[must_use]
pub fn differs(
    before: &Standing,
    after: &Standing,
    taken: &BTreeSet<String>,
    since: Utc,
) -> Vec<String> {
    let mut told = Vec::new();
    for ((part, was), (_, is)) in before.0.iter().zip(&after.0) {
        match (was, is) {
            (Ok(was), Ok(is)) => told.extend(part_differs(part, was, is, taken, since)),
            (Ok(_), Err(why)) => told.push(format!("{part}: could not be read again: {why}")),
            // What could not be read before tells nothing now.
            (Err(_), _) => {}
        }
    }
    told
}

fn part_differs(
    part: &str,
    was: &Value,
    is: &Value,
    taken: &BTreeSet<String>,
    since: Utc,
) -> Vec<String> {
    if was == is {
        return Vec::new();
    }
    let (Value::Array(was), Value::Array(is)) = (was, is) else {
        return vec![format!("{part}: {}", fields(was, is))];
    };
    let expected = |item: &Value| {
        let id = id_of(item);
        let made: Option<Utc> = item["created"].as_str().and_then(|at| at.parse().ok());
        id.is_some_and(|id| taken.contains(id)) || made.is_some_and(|at| at >= since)
    };
    let find = |among: &[Value], item: &Value| {
        let mut all = among.iter();
        all.find(|each| id_of(each).is_some() && id_of(each) == id_of(item))
            .cloned()
    };
    let mut told = Vec::new();
    for item in was {
        let id = id_of(item).unwrap_or("something without an id");
        match find(is, item) {
            None if expected(item) => {}
            None => told.push(format!("{part}: {id} is gone")),
            Some(now) if now != *item => told.push(format!("{part}: {id}: {}", fields(item, &now))),
            Some(_) => {}
        }
    }
    for item in is {
        if find(was, item).is_none() {
            let id = id_of(item).unwrap_or("something without an id");
            told.push(format!("{part}: {id} is new"));
        }
    }
    told
}

fn id_of(item: &Value) -> Option<&str> {
    ["id", "clientId", "type"]
        .into_iter()
        .find_map(|name| item[name].as_str())
}

/// Which fields differ, by name; the values may be anything.
fn fields(was: &Value, is: &Value) -> String {
    let (Some(was), Some(is)) = (was.as_object(), is.as_object()) else {
        return "it is not as it was".into();
    };
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differ: Vec<String> = names
        .into_iter()
        .filter(|name| was.get(*name) != is.get(*name))
        .map(|name| match (was.get(name), is.get(name)) {
            (Some(Value::String(was)), Some(Value::String(is))) if name == "status" => {
                format!("status is {is}, it was {was}")
            }
            _ => name.clone(),
        })
        .collect();
    format!("differs in {}", differ.join(", "))
}

/// What could be undone and was not: what a plan made before would have done and one made now would
/// not.
#[must_use]
pub fn not_given_back(before: &Rehearsal, after: &Rehearsal) -> Vec<String> {
    let restorable = |rehearsal: &Rehearsal| -> BTreeSet<(SystemId, ActionId)> {
        let writes = rehearsal.writes.iter();
        let writes = writes.filter(|write| write.undo == Undo::Restores && !write.asks);
        writes
            .map(|write| (write.system.clone(), write.action.clone()))
            .collect()
    };
    let now = restorable(after);
    restorable(before)
        .into_iter()
        .filter(|step| !now.contains(step))
        .map(|(system, action)| {
            format!("{system}: what {action} did still stands, or cannot be read")
        })
        .collect()
}

/// The targets that a containment takes for good, by id.
#[must_use]
pub fn taken(plan: &Plan) -> BTreeSet<String> {
    let changes = plan
        .changes()
        .filter(|change| change.undo != Undo::Restores);
    changes.map(|change| change.target.id.clone()).collect()
}

/// What this run showed about the org.
pub async fn learnt(tools: &Tools, state: &RunState) -> Vec<Fact> {
    let home = &tools.directory;
    let reader = Reader::new(home.system.client.clone()).ranked(Rank::Evidence);
    let changes = state.changes().iter();
    let mut done: Vec<Applied> = changes
        .filter(|each| each.change.system == home.system.id)
        .filter_map(|each| {
            let outcome = each.outcome.clone()?;
            Some(Applied::alone(each.change.clone(), outcome))
        })
        .collect();
    // Every attempt left a trace; the order of the first ones is the order of the run.
    done.sort_by_key(|each| each.outcome.receipts.first().map(|one| one.sent_at));
    home.directory.learnt(&reader, &done).await
}

/// What did not go as it should, as findings.
#[must_use]
pub fn failed(state: &RunState, contained: bool) -> Vec<Finding> {
    let mut all = Vec::new();
    for each in state.changes() {
        if let Some(Outcome {
            kind: OutcomeKind::Failed { why, hint },
            ..
        }) = &each.outcome
        {
            let text = format!("{}: {}: {why}", each.change.system, each.change.sentence);
            let id = format!("{}:failed:{}", each.change.system, each.change.action);
            all.push(finding(Severity::High, id, text, hint));
        }
    }
    if !contained && all.is_empty() {
        let text = "the canary was not contained: the run's report says what is open".to_owned();
        let hint = "oust runs show tells which";
        all.push(finding(Severity::High, "not_contained".into(), text, hint));
    }
    all
}
