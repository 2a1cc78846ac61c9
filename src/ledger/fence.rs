//! Who may write to a run: whoever opened or reopened it last, and nobody else.
//!
//! A run counts its epochs: 1 when it opens, one more each time it is reopened. A store handle
//! remembers in which epoch it took a run; whatever it appends in an earlier one than the
//! run's is refused, so a process that was given up for dead cannot go on writing. Whoever
//! never took the run may add what reads showed, but no intent and no close.
//!
//! Does not know whether the owner of a run lives; the SQLite store asks its lock files
//! (`alive`) before it lets a run be reopened.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::draft::{Draft, Turn};
use super::{Head, StoreError};
use crate::model::RunId;

/// The epoch in which a run opens.
pub(super) const FIRST: u64 = 1;

/// What an append came to.
#[derive(Debug)]
pub(super) struct Appended {
    /// Where the chain stands.
    pub(super) head: Head,
    /// The run's epoch after it.
    pub(super) epoch: u64,
}

/// What an append does to its writer's hold on the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// The writer has the run from now on.
    Taken,
    /// The run is over, and nobody has it.
    LetGo,
    /// As it was.
    Same,
}

/// Lets `draft` in, for a run that stands in the epoch `current`; returns the epoch after it.
pub(super) fn admit(draft: &Draft, current: u64) -> Result<u64, StoreError> {
    let owned = |turn: &Turn| matches!(turn, Turn::Wrote | Turn::Closed { .. });
    let good = match draft.epoch {
        _ if draft.turns.first() == Some(&Turn::Reopened) => true,
        Some(mine) => mine == current,
        None => !draft.turns.iter().any(owned),
    };
    if !good {
        let run = draft.run.clone();
        return Err(StoreError::TakenOver { run });
    }
    let reopened = draft.turns.iter().filter(|turn| **turn == Turn::Reopened);
    Ok(current + reopened.count() as u64)
}

impl Draft {
    /// What it does to its writer's hold on the run that it is appended to.
    pub(super) fn hold(&self) -> Hold {
        let last = self.turns.iter().rev().find_map(|turn| match turn {
            Turn::Reopened => Some(Hold::Taken),
            Turn::Closed { .. } => Some(Hold::LetGo),
            Turn::Agreed { .. } | Turn::Wrote | Turn::Judged { .. } => None,
        });
        last.unwrap_or(Hold::Same)
    }

    /// The same, if it also opens the run.
    pub(super) fn hold_from_opening(&self) -> Hold {
        match self.hold() {
            Hold::Same => Hold::Taken,
            other => other,
        }
    }
}

/// The runs that one store handle has, and since which epoch of theirs.
#[derive(Debug, Default)]
pub(super) struct Epochs(Mutex<BTreeMap<RunId, u64>>);

impl Epochs {
    /// In which epoch the handle took `run`, if it did.
    pub(super) fn of(&self, run: &RunId) -> Option<u64> {
        self.lock().get(run).copied()
    }

    /// Remembers what an append, durable by now, did to the handle's hold on `run`.
    pub(super) fn note(&self, run: &RunId, hold: Hold, epoch: u64) {
        match hold {
            Hold::Taken => {
                self.lock().insert(run.clone(), epoch);
            }
            Hold::LetGo => {
                self.lock().remove(run);
            }
            Hold::Same => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, u64>> {
        // A map of numbers has no half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
