//! What is to be simulated: a run as numbers, without vendors, people or text.

use super::window::Bucket;

/// A run.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// How many it is about, who stand in the order of the case.
    pub(super) subjects: usize,
    /// Whether they are so many that the quota is a queue: it is breathed between reads that
    /// prove, and services wait for nothing but the eviction.
    pub(super) is_crowd: bool,
    pub(super) systems: Vec<System>,
    pub(super) buckets: Vec<OfSystem>,
    pub(super) stages: Vec<Stage>,
    pub(super) legs: Vec<Leg>,
    pub(super) steps: Vec<Step>,
    /// Who was evicted for so long when a step's targets were read again is not looked at once
    /// more for it.
    pub(super) settled_after_ms: Option<u64>,
    /// Steps whose targets are read once more at the end.
    pub(super) looked_at: Vec<usize>,
    /// Those of them at which what was done is listed still, and read back once more.
    pub(super) read_back: Vec<usize>,
    /// The step that locks, which is then read back once more, and where the log is read.
    pub(super) locks: Vec<usize>,
    /// The log that is read for signs of life.
    pub(super) signs: Option<usize>,
}

/// A system.
#[derive(Clone, Copy, Debug)]
pub(super) struct System {
    /// What an answer takes.
    pub(super) answer_ms: u64,
    /// Requests that may be under way.
    pub(super) at_once: usize,
}

/// A bucket and whose it is.
#[derive(Clone, Debug)]
pub(super) struct OfSystem {
    pub(super) system: usize,
    pub(super) bucket: Bucket,
}

/// A stage.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    /// The legs that it begins with.
    pub(super) firsts: Vec<usize>,
    /// The stage that it waits for.
    pub(super) after: Option<usize>,
    /// How long after the first stage it waits at most.
    pub(super) wait_ms: Option<u64>,
}

/// Steps of one system that follow one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    pub(super) stage: usize,
    pub(super) steps: Vec<usize>,
    pub(super) next: Option<usize>,
    /// Subjects in it at once.
    pub(super) places: usize,
    /// Behind everybody's suspension: his turn comes after that of all.
    pub(super) behind: bool,
    /// Steps of which one must be proven first, for whom the leg has something to do; empty for
    /// none.
    pub(super) awaits: Vec<usize>,
}

/// A step of one system.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) system: usize,
    /// Part of the eviction.
    pub(super) evicts: bool,
    pub(super) again: Vec<Vec<Ask>>,
    /// Requests that one batch takes, one after the other.
    pub(super) send: Vec<Ask>,
    pub(super) prove: Vec<Vec<Ask>>,
    /// By subject.
    pub(super) rows: Vec<Row>,
}

/// A step for one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Batches to send.
    pub(super) batches: u16,
    /// Changes in them.
    pub(super) changes: u16,
    /// Whether targets are read again beside them.
    pub(super) again: bool,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) bucket: usize,
    pub(super) serves: Serves,
}

/// Whom it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serves {
    One,
    /// One change of his.
    Each,
    Many(usize),
    /// So many who come to this lane within a moment.
    Together {
        lane: usize,
        each: usize,
    },
    /// All who wait for this lane.
    All {
        lane: usize,
        page: usize,
    },
}
