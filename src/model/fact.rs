//! What live rehearsals find out about an org that documentation does not settle.

use serde::{Deserialize, Serialize};

use super::Utc;

/// Something that was seen, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What was asked.
    pub name: FactName,
    /// The answer.
    pub holds: bool,
    /// When it was seen.
    pub at: Utc,
    /// By what: an event's id, an answer.
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
