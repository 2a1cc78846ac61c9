//! What was not rehearsed for too long: playbooks, and systems.
//!
//! A playbook whose text has changed since counts as not rehearsed: what was rehearsed is not what
//! would run. A system that did not answer was not rehearsed either.

use std::time::Duration;

use super::Rehearsal;
use crate::model::{PlaybookRef, SystemId, Utc};

/// What ought to be rehearsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsable {
    /// Playbooks that may run.
    pub playbooks: Vec<PlaybookRef>,
    /// Configured systems.
    pub systems: Vec<SystemId>,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Overdue {
    /// `playbook` or `system`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// When it was last rehearsed; `None` is never.
    pub last: Option<Utc>,
    /// Whether its text is another one since.
    pub changed: bool,
}

/// Everything among `rehearsable` that no rehearsal within `age` before `now` went through.
#[must_use]
pub fn overdue(
    all: &[Rehearsal],
    rehearsable: &Rehearsable,
    now: Utc,
    age: Duration,
) -> Vec<Overdue> {
    let since = now.minus(age);
    let playbooks = rehearsable.playbooks.iter().filter_map(|playbook| {
        let of_it = all
            .iter()
            .filter(|each| each.playbook.name == playbook.name);
        let last = of_it.max_by_key(|each| each.at);
        let changed = last.is_some_and(|last| last.playbook.digest != playbook.digest);
        let last = last.map(|last| last.at);
        let in_time = last.is_some_and(|at| at >= since) && !changed;
        (!in_time).then(|| Overdue {
            what: "playbook",
            name: playbook.name.clone(),
            last,
            changed,
        })
    });
    let systems = rehearsable.systems.iter().filter_map(|system| {
        let reached = all.iter().filter(|each| each.reached(system));
        let last = reached.map(|each| each.at).max();
        let in_time = last.is_some_and(|at| at >= since);
        (!in_time).then(|| Overdue {
            what: "system",
            name: system.to_string(),
            last,
            changed: false,
        })
    });
    playbooks.chain(systems).collect()
}
