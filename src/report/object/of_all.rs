//! The report's part about all of many subjects at once: what came of them and what they leave, added
//! up, because most of them stand in a file beside the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::Residual;
use crate::model::{ActionId, SystemId, Utc};
use crate::report::schema as words;

/// What is said of all subjects, whether or not they stand in the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfAll {
    /// Subjects that are neither contained nor given back and stand in the file alone.
    pub open_in_file: usize,
    /// Subjects whose eviction was tried and is not shown.
    pub can_reenter: usize,
    /// Changes that were planned or found.
    pub changes: usize,
    /// Of these, answered with a yes.
    pub made: usize,
    /// Of these, sent, and nobody knows whether they happened.
    pub in_doubt: usize,
    /// Of these, found after consent was given.
    pub found_later: usize,
    /// Of these, read again after the run had closed.
    pub read_again: usize,
    /// Of those, not proven any more.
    pub not_so_any_more: usize,
    /// When one was last read again after the run had closed; null if none was.
    #[schemars(with = "Option<words::Moment>")]
    pub last_read_again_at: Option<Utc>,
    /// The last eviction; null if nobody's is shown.
    #[schemars(with = "Option<words::Moment>")]
    pub last_evicted_at: Option<Utc>,
    /// What was done, in the order of the playbook.
    pub done: Vec<DoneForMany>,
    /// From when to when each system was written to and read back.
    pub pace: Vec<SystemPace>,
    /// What still works, what is alike told once.
    pub residual: Vec<ResidualOfMany>,
    /// How much more there is that is not told here for want of room.
    pub more_residual: usize,
}

/// An action that at least one change was answered well of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoneForMany {
    /// What was done.
    #[schemars(with = "String")]
    pub action: ActionId,
    /// Where.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// For how many subjects; a step more in the playbook counts again.
    pub times: usize,
    /// MITRE ATT&CK techniques that the action answers.
    pub attack: Vec<String>,
    /// MITRE D3FEND techniques that it is.
    pub d3fend: Vec<String>,
}

/// When something was done at a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemPace {
    /// Which.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// When the first call left.
    #[schemars(with = "words::Moment")]
    pub sent: Utc,
    /// When the last answer was recorded.
    #[schemars(with = "words::Moment")]
    pub answered: Utc,
    /// When the last proof was read, before the run was over; null if there is none.
    #[schemars(with = "Option<words::Moment>")]
    pub read: Option<Utc>,
}

/// Something that still works of several subjects alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResidualOfMany {
    /// Of how many.
    pub subjects: usize,
    /// One of them, by login; attacker input.
    pub login: String,
    /// What; `ends_at` is when the last of them has ended.
    #[serde(flatten)]
    pub left: Residual,
}
