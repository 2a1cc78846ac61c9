//! What a step costs in requests, as a connector declares it of its own reads and writes.
//!
//! Only a projection reads this: the run sends what it sends. It names the bucket of each request
//! and who is served by it, and says nothing of how long anything takes.

use crate::transport::Bucket;

/// Whom one request serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// One subject; of what is sent, one batch of his.
    One,
    /// One change, of which a subject may have several.
    Each,
    /// So many of those that are read back together.
    Many(usize),
    /// So many of those who ask for this within a moment, by what it is, whether or not another one
    /// is under way.
    Together {
        /// What it is.
        what: &'static str,
        /// Items in one.
        each: usize,
    },
    /// All who wait for this at the same moment, by what it is; of what is read back together
    /// one page holds so many.
    All {
        /// What it is.
        what: &'static str,
        /// Items in a page.
        page: usize,
    },
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What it counts against.
    pub bucket: Bucket,
    /// Whom it serves.
    pub serves: Serves,
}

/// Requests that leave together; the next of them leave when all are answered.
pub type Round = Vec<Ask>;

/// What an action asks of its system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// To read one subject's targets again, just before the step.
    pub again: Vec<Round>,
    /// To send one batch of changes: one request after the other.
    pub send: Vec<Ask>,
    /// To read back.
    pub prove: Vec<Round>,
    /// What was done stays among the targets that are read again: the last look at them reads it back
    /// once more.
    pub stays_listed: bool,
}

impl Ask {
    /// For one subject.
    #[must_use]
    pub fn one(bucket: Bucket) -> Self {
        Self {
            bucket,
            serves: Serves::One,
        }
    }

    /// For each change, where it is read back by itself.
    #[must_use]
    pub fn each(bucket: Bucket) -> Self {
        Self {
            bucket,
            serves: Serves::Each,
        }
    }

    /// For so many.
    #[must_use]
    pub fn many(bucket: Bucket, each: usize) -> Self {
        Self {
            bucket,
            serves: Serves::Many(each),
        }
    }

    /// For so many who ask for `what` within a moment.
    #[must_use]
    pub fn together(bucket: Bucket, what: &'static str, each: usize) -> Self {
        Self {
            bucket,
            serves: Serves::Together { what, each },
        }
    }

    /// For all who wait for `what`.
    #[must_use]
    pub fn all(bucket: Bucket, what: &'static str, page: usize) -> Self {
        Self {
            bucket,
            serves: Serves::All { what, page },
        }
    }
}
