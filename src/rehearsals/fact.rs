//! What live rehearsals found out about an org that documentation does not settle.
//!
//! Two things on which sources disagree are measured on the canary, whenever it shows them: whether
//! a suspension by itself ends sessions (the role permission says so, the operation's reference does
//! not), and whether a factor can be deleted while its owner is suspended (the reference excludes
//! deactivated accounts alone). What a rehearsal could not see it leaves out; the newest word holds.

use serde::{Deserialize, Serialize};

use super::Rehearsal;
use crate::model::Utc;

/// Something that was seen, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What was asked.
    pub name: FactName,
    /// The answer.
    pub holds: bool,
    /// When it was seen.
    pub at: Utc,
    /// By what: an event's id, a read.
    pub how: String,
}

/// What can be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactName {
    /// Suspending an account ends its sessions at the directory.
    SuspensionEndsSessions,
    /// A factor can be deleted while its owner is suspended.
    FactorsGoWhileSuspended,
}

impl FactName {
    /// The answer as a sentence.
    #[must_use]
    pub fn sentence(self, holds: bool) -> &'static str {
        match (self, holds) {
            (Self::SuspensionEndsSessions, true) => "suspension by itself ends sessions here",
            (Self::SuspensionEndsSessions, false) => {
                "suspension does not end sessions here: the clears do the work"
            }
            (Self::FactorsGoWhileSuspended, true) => "factors can be deleted while suspended here",
            (Self::FactorsGoWhileSuspended, false) => {
                "factors cannot be deleted while suspended here"
            }
        }
    }
}

/// The newest word on each, of those rehearsals.
#[must_use]
pub fn learnt<'r>(all: impl IntoIterator<Item = &'r Rehearsal>) -> Vec<Fact> {
    let mut newest = std::collections::BTreeMap::<FactName, Fact>::new();
    let facts = all
        .into_iter()
        .flat_map(|each| each.live.iter().flat_map(|live| &live.learnt));
    for fact in facts {
        let known = newest.get(&fact.name);
        if known.is_none_or(|known| known.at < fact.at) {
            newest.insert(fact.name, fact.clone());
        }
    }
    newest.into_values().collect()
}
