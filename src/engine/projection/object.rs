//! What a run of many is expected to take, as simulated from its plan before anything is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::SystemId;

/// The timeline of a run that has not begun, in milliseconds from its consent on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Projection {
    /// How many it is about.
    pub subjects: u64,
    /// When they are evicted: those for whom that is planned. `None` if it is for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evicted: Option<Reached>,
    /// When they are contained, proofs included.
    pub contained: Reached,
    /// When the last look at everybody is over, and the verdict there.
    pub ended_ms: u64,
    /// Requests in all.
    pub calls: u64,
    /// Steps that could not be planned for somebody yet: what they will write is not counted.
    pub unread: u64,
    /// System by system.
    pub systems: Vec<SystemLoad>,
    /// The bucket that takes longest: the one to raise before an incident. `None` if nobody waits
    /// for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tightest: Option<Tightest>,
}

/// When so many have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reached {
    /// How many will.
    pub of: u64,
    /// The first.
    pub first_ms: u64,
    /// Half.
    pub half_ms: u64,
    /// 95 %.
    pub most_ms: u64,
    /// All.
    pub all_ms: u64,
}

/// What one system is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemLoad {
    /// Which.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// Requests.
    pub calls: u64,
    /// What an answer is taken to take.
    pub answer_ms: u64,
    /// Whether that was measured while planning; else it is a guess.
    pub measured: bool,
    /// By bucket, those that are asked.
    pub buckets: Vec<BucketLoad>,
}

/// What one bucket of a quota is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketLoad {
    /// Its name, ours.
    pub bucket: String,
    /// Requests.
    pub calls: u64,
    /// Requests a minute, or an hour where its window is one.
    pub limit: u64,
    /// Whether answers told that; else it is the documented default.
    pub told: bool,
    /// How long somebody waits for it.
    pub waits_ms: u64,
}

/// The bucket that takes longest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tightest {
    /// Whose.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// Which.
    pub bucket: String,
    /// Requests in a window.
    pub limit: u64,
    /// How it is raised; empty if we do not know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raise: String,
}

impl Reached {
    /// Of the moments at which each did; `None` if nobody does.
    #[must_use]
    pub fn of(moments: &[Option<u64>]) -> Option<Self> {
        let mut moments: Vec<u64> = moments.iter().flatten().copied().collect();
        moments.sort_unstable();
        let count = moments.len();
        let at = |share: usize| {
            moments
                .get((count * share).div_ceil(100).saturating_sub(1))
                .copied()
        };
        Some(Self {
            of: u64::try_from(count).unwrap_or(u64::MAX),
            first_ms: *moments.first()?,
            half_ms: at(50)?,
            most_ms: at(95)?,
            all_ms: *moments.last()?,
        })
    }
}
