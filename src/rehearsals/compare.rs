//! What has changed since the last rehearsal of the same playbook and subject.
//!
//! *Rotted* worked then and does not now; *mended* is the other way round. *New* was not there:
//! a system, an action that has something to do now, an owner, an app, a token that somebody should
//! look at. *Gone* is what has nothing to do any more. Which tokens and factors an action takes
//! changes every day and is not told one by one: the counts are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Rehearsal, WhomIs};
use crate::model::{Severity, Utc};

/// What has changed, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The earlier rehearsal.
    pub with: String,
    /// When that was.
    pub at: Option<Utc>,
    /// Worked then, does not now.
    pub rotted: Vec<String>,
    /// Did not work then, does now.
    pub mended: Vec<String>,
    /// Was not there.
    pub new: Vec<String>,
    /// Is not there any more.
    pub gone: Vec<String>,
}

impl Difference {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rotted.is_empty()
            && self.mended.is_empty()
            && self.new.is_empty()
            && self.gone.is_empty()
    }
}

/// What has changed from `then` to `now`.
#[must_use]
pub fn difference(then: &Rehearsal, now: &Rehearsal) -> Difference {
    let mut told = Difference {
        with: then.id.clone(),
        at: Some(then.at),
        ..Difference::default()
    };
    playbook(&mut told, then, now);
    systems(&mut told, then, now);
    steps(&mut told, then, now);
    findings(&mut told, then, now);
    owners(&mut told, then, now);
    stops(&mut told, then, now);
    tokens(&mut told, then, now);
    told
}

fn playbook(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    if then.playbook.digest != now.playbook.digest {
        told.new
            .push(format!("the text of playbook {}", now.playbook.name));
    }
    if then.subject.status != now.subject.status {
        let text = format!(
            "status {} (it was {})",
            now.subject.status, then.subject.status
        );
        told.new.push(text);
    }
}

fn systems(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    let of = |rehearsal: &Rehearsal| -> BTreeMap<String, (WhomIs, String, String)> {
        let all = rehearsal.identities.iter();
        all.map(|whom| {
            let told = (whom.is, whom.id.clone(), whom.why.clone());
            (whom.system.to_string(), told)
        })
        .collect()
    };
    let (before, after) = (of(then), of(now));
    for (system, (is, id, why)) in &after {
        match before.get(system) {
            None => told.new.push(format!("system {system}")),
            Some((was, ..)) if was.is_settled() && !is.is_settled() => {
                let why = if why.is_empty() { is.words() } else { why };
                told.rotted.push(format!("{system}: {why}"));
            }
            Some((was, ..)) if !was.is_settled() && is.is_settled() => {
                told.mended.push(format!("{system}: {}", is.words()));
            }
            Some((_, was_id, _)) if was_id != id && !id.is_empty() && !was_id.is_empty() => {
                told.new
                    .push(format!("{system}: the account is {id} (it was {was_id})"));
            }
            Some((WhomIs::Found, ..)) if *is == WhomIs::NoAccount => {
                told.gone.push(format!("{system}: the account"));
            }
            Some((WhomIs::NoAccount, ..)) if *is == WhomIs::Found => {
                told.new.push(format!("{system}: an account"));
            }
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|system| !after.contains_key(*system));
    told.gone
        .extend(gone.map(|system| format!("system {system}")));
}

/// Writes and what is left alone, by system and action.
fn steps(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    let writes = |rehearsal: &Rehearsal| {
        let mut by = BTreeMap::<(String, String), usize>::new();
        for write in &rehearsal.writes {
            *by.entry((write.system.to_string(), write.action.to_string()))
                .or_default() += 1;
        }
        by
    };
    let open = |rehearsal: &Rehearsal| -> BTreeMap<(String, String), String> {
        let all = rehearsal.left_alone.iter().filter(|each| each.open);
        all.map(|each| {
            let step = (each.system.to_string(), each.action.to_string());
            (step, each.why.clone())
        })
        .collect()
    };
    let (before, after) = (writes(then), writes(now));
    let (was_open, is_open) = (open(then), open(now));
    let at = |rehearsal: &Rehearsal| -> BTreeSet<String> {
        let unread = rehearsal.identities.iter();
        let unread = unread.filter(|whom| !whom.is.is_settled());
        unread.map(|whom| whom.system.to_string()).collect()
    };
    // What is wrong with a whole system is said once.
    let unsettled = at(now);
    for (step, why) in &is_open {
        if before.contains_key(step) && !was_open.contains_key(step) && !unsettled.contains(&step.0)
        {
            told.rotted.push(format!("{} at {}: {why}", step.1, step.0));
        }
    }
    for (step, number) in &after {
        match before.get(step) {
            None if was_open.contains_key(step) => {
                told.mended.push(format!("{} at {}", step.1, step.0));
            }
            None => told.new.push(format!("{} at {}: {number}", step.1, step.0)),
            Some(was) if was != number => told
                .new
                .push(format!("{} at {}: {number} (it was {was})", step.1, step.0)),
            Some(_) => {}
        }
    }
    for step in before.keys() {
        if !after.contains_key(step) && !is_open.contains_key(step) && !unsettled.contains(&step.0)
        {
            told.gone.push(format!("{} at {}", step.1, step.0));
        }
    }
}

fn findings(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    let loud = |rehearsal: &Rehearsal| -> BTreeMap<String, String> {
        let all = rehearsal.findings.iter();
        let all = all.filter(|finding| finding.severity != Severity::Info);
        all.map(|finding| (finding.id.clone(), finding.text.clone()))
            .collect()
    };
    let (before, after) = (loud(then), loud(now));
    for (id, text) in &after {
        if !before.contains_key(id) && !told.rotted.iter().any(|said| text.contains(said.as_str()))
        {
            told.rotted.push(text.clone());
        }
    }
    for (id, text) in &before {
        if !after.contains_key(id) {
            told.mended.push(text.clone());
        }
    }
}

fn owners(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    let of = |rehearsal: &Rehearsal| -> BTreeMap<String, String> {
        let all = rehearsal.owners.iter();
        all.map(|each| {
            let name = match &each.contact[..] {
                "" => each.owner.clone(),
                contact => format!("{} ({contact})", each.owner),
            };
            (each.app.clone(), name)
        })
        .collect()
    };
    let (before, after) = (of(then), of(now));
    for (app, owner) in &after {
        match (before.get(app), &owner[..]) {
            (None, "") => told.new.push(format!("app {app}, which nobody owns")),
            (None, owner) => told.new.push(format!("app {app}, owner {owner}")),
            (Some(was), "") if !was.is_empty() => {
                told.rotted
                    .push(format!("{app}: nobody owns it (it was {was})"));
            }
            (Some(was), owner) if was.is_empty() && !owner.is_empty() => {
                told.mended.push(format!("{app}: owner {owner}"));
            }
            (Some(was), owner) if was != owner => {
                told.new
                    .push(format!("{app}: owner {owner} (it was {was})"));
            }
            _ => {}
        }
    }
    let gone = before.keys().filter(|app| !after.contains_key(*app));
    told.gone.extend(gone.map(|app| format!("app {app}")));
}

fn stops(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    let ids = |rehearsal: &Rehearsal| -> BTreeSet<(String, String)> {
        let all = rehearsal.stops.iter();
        all.map(|each| (each.kind.clone(), each.id.clone()))
            .collect()
    };
    let (before, after) = (ids(then), ids(now));
    for each in &now.stops {
        if !before.contains(&(each.kind.clone(), each.id.clone())) {
            told.new.push(format!("what stops: {}", each.why));
        }
    }
    for each in &then.stops {
        if !after.contains(&(each.kind.clone(), each.id.clone())) {
            told.gone.push(format!("what stops: {}", each.why));
        }
    }
}

fn tokens(told: &mut Difference, then: &Rehearsal, now: &Rehearsal) {
    if !then.tokens.unread.is_empty() || !now.tokens.unread.is_empty() {
        return;
    }
    let known: BTreeSet<&str> = then.tokens.tokens.iter().map(|each| &*each.id).collect();
    let still: BTreeSet<&str> = now.tokens.tokens.iter().map(|each| &*each.id).collect();
    for each in &now.tokens.tokens {
        if !known.contains(&*each.id) {
            told.new.push(format!("API token {}", each.name));
        }
    }
    for each in &then.tokens.tokens {
        if !still.contains(&*each.id) {
            told.gone.push(format!("API token {}", each.name));
        }
    }
}
