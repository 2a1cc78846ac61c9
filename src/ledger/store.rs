//! The port to whatever keeps the ledger.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Event, Happened, RunState};
use crate::model::{Plan, RunId, UserId, Utc};

/// Where the chain stands: the last record's number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// From 1; 0 for an empty ledger.
    pub seq: u64,
    /// SHA-256, hex, over the record and the hash before it.
    pub hash: String,
}

/// One record as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number in the ledger.
    pub seq: u64,
    /// Whose run.
    pub run: RunId,
    /// When it happened; it may have been stored a little later.
    pub at: Utc,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The chain's hash at this record.
    pub hash: String,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Which.
    pub id: RunId,
    /// When it began.
    pub opened_at: Utc,
    /// When it closed; `None` is unfinished.
    pub closed_at: Option<Utc>,
    /// Its verdict's word, once closed.
    pub verdict: Option<String>,
    /// Logins.
    pub subjects: Vec<String>,
    /// The playbook's name.
    pub playbook: String,
    /// Whether a write may have left.
    pub wrote: bool,
    /// The run that this one gives back; `None` contains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_back: Option<RunId>,
}

/// Keeps the ledger.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a run and claims its subjects, in one durable commit; it opens with its first
    /// event and at that event's time.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if an unfinished run holds a subject, [`StoreError::Exists`] if the
    /// run was opened before, [`StoreError::Alive`] if that is just happening; nothing is then
    /// stored.
    ///
    /// # Panics
    /// If there is no event.
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        events: Vec<Happened>,
    ) -> Result<Head, StoreError>;

    /// Appends events of one run in one durable commit. `Closed` lets go of its subjects,
    /// `Reopened` claims them again.
    ///
    /// Only the handle that opened or reopened the run last may write to it: to append an
    /// intent or a close a handle must have done so, and one that did so before another is
    /// refused whatever it appends, unless that reopens the run before all else.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] if it was never opened, [`StoreError::Busy`] if another run holds
    /// a subject of a reopened one, [`StoreError::Alive`] if the process that works on a
    /// reopened one lives, [`StoreError::TakenOver`] if another handle reopened it since, any
    /// other if they are not durable; nothing is then stored.
    async fn append(&self, run: &RunId, events: Vec<Happened>) -> Result<Head, StoreError>;

    /// All records of one run, in order; empty if there is none.
    ///
    /// # Errors
    /// [`StoreError::Purged`] if its records are gone, any other if they cannot be read.
    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError>;

    /// One run as its records tell it, folded as they are read: of thousands of subjects they are
    /// never all in memory. Empty, without a head, if there is none.
    ///
    /// # Errors
    /// As [`records`](Self::records).
    async fn state(&self, run: &RunId) -> Result<RunState, StoreError> {
        Ok(RunState::of(&self.records(run).await?))
    }

    /// All runs, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    async fn runs(&self) -> Result<Vec<RunRow>, StoreError>;

    /// Where the chain stands.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Keeps a plan for `--consent`, by its phrase; the newest of a phrase wins.
    ///
    /// # Errors
    /// [`StoreError`] if it is not durable.
    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError>;

    /// The plan of a phrase.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError>;

    /// Binds the ledger to an org on first use.
    ///
    /// # Errors
    /// [`StoreError::OtherOrg`] if it belongs to another.
    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError>;

    /// Subjects of the `contain` runs that were first agreed to since `since`, for the hourly
    /// cap: each run's are counted, whether it wrote or not; releases are not.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError>;
}

/// Why the ledger could not be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// An unfinished run holds a subject.
    #[error("run {run} is unfinished and holds {subject}")]
    Busy {
        /// The run.
        run: RunId,
        /// The subject.
        subject: UserId,
    },
    /// The run was opened before: the plan of a phrase can be carried out once.
    #[error("run {run} is in the ledger already")]
    Exists {
        /// The run.
        run: RunId,
    },
    /// The process that works on the run lives: it is not to be resumed.
    #[error("a living process is working on run {run}")]
    Alive {
        /// The run.
        run: RunId,
    },
    /// Another process reopened the run: this one may not write to it any more.
    #[error("another process has taken over run {run}")]
    TakenOver {
        /// The run.
        run: RunId,
    },
    /// There is no such run.
    #[error("there is no run {run} in the ledger")]
    NoRun {
        /// The run.
        run: RunId,
    },
    /// Its records are gone, only their hashes are kept.
    #[error("run {run} was purged: only its hashes are left")]
    Purged {
        /// The run.
        run: RunId,
    },
    /// It belongs to another org.
    #[error("this state belongs to org {theirs}, the configured org is {ours}")]
    OtherOrg {
        /// The ledger's org.
        theirs: String,
        /// The configured org.
        ours: String,
    },
    /// It was written by a newer oust.
    #[error("the ledger is version {found}, this oust knows {known}: use the newer oust")]
    Newer {
        /// The file's version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is not a ledger or is damaged.
    #[error("the ledger at {path} cannot be read: {why}")]
    Corrupt {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The disk refused.
    #[error("the ledger at {path} cannot be written: {why}")]
    Disk {
        /// Which file.
        path: String,
        /// What was refused.
        why: String,
    },
}
