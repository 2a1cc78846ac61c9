//! What can be done with a ledger besides running: list what is unfinished, check, export, purge.
//!
//! Apart from [`Store`], because the engine needs none of it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::chain::{Link, Verified, body_hash, link_hash};
use super::{Head, RunRow, Store, StoreError};
use crate::model::{Plan, RunId, Utc, hex};

/// A ledger that can be looked after.
#[async_trait]
pub trait Archive: Store {
    /// Whether a later process can read what is appended here; the report's `recorded`.
    fn is_recorded(&self) -> bool;

    /// Runs that never closed, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    async fn unfinished(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut runs = self.runs().await?;
        runs.retain(|run| run.closed_at.is_none());
        Ok(runs)
    }

    /// Asks the process that works on a run to pause it: to finish what is in flight and leave the
    /// rest to `resume`. `false` if no process on this machine works on it: then nobody was asked.
    ///
    /// # Errors
    /// [`StoreError`] if the ask is not durable.
    async fn ask_to_pause(&self, _run: &RunId, _pause: &Pause) -> Result<bool, StoreError> {
        // Of a ledger that lives in one process nobody else can ask anything.
        Ok(false)
    }

    /// Whether a process works on this run, as far as this machine can tell.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be told.
    async fn is_worked_on(&self, _run: &RunId) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Who asked since then that this run be paused.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    async fn pause_asked(&self, _run: &RunId, _since: Utc) -> Result<Option<Pause>, StoreError> {
        Ok(None)
    }

    /// The stored plan that would be this run; `None` if there is none, or it was forgotten.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    async fn plan_of_run(&self, run: &RunId) -> Result<Option<Plan>, StoreError>;

    /// One run's records, each of which can be checked by itself; empty if there is none.
    /// Purged ones come without their bodies.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    async fn export(&self, run: &RunId) -> Result<Vec<Exported>, StoreError>;

    /// Checks the whole chain against itself and, if given, a head from a report.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read; a chain that is read and wrong is no error.
    async fn verify(&self, expected: Option<Head>) -> Result<Verified, StoreError>;

    /// Empties the records of runs that closed before `before`, forgets their logins and the
    /// plans stored before it; hashes stay, and each run gets a last record, dated `at`, that
    /// says so. Unfinished runs are left alone.
    ///
    /// # Errors
    /// [`StoreError`] if it is not durable; nothing is then gone.
    async fn purge_older_than(&self, before: Utc, at: Utc) -> Result<Purged, StoreError>;
}

/// That a run be paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Who asks, as the operating system says.
    pub by: String,
    /// When.
    pub at: Utc,
}

/// What a purge dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// The runs that were emptied, the oldest first.
    pub runs: Vec<RunId>,
    /// How many records lost their bodies.
    pub records: u64,
    /// How many stored plans were forgotten.
    pub plans: u64,
}

/// A record as it leaves the ledger: with all that its hash is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Its number in the ledger.
    pub seq: u64,
    /// Whose run.
    pub run: RunId,
    /// When it happened.
    pub at: Utc,
    /// The event's JSON text as stored, byte for byte; null once purged.
    pub body: Option<String>,
    /// SHA-256 of that text, hex.
    pub body_hash: String,
    /// The hash of the record before, hex.
    pub prev: String,
    /// The chain's hash at this record, hex.
    pub hash: String,
}

impl Exported {
    /// `link`, which stands after the hash `prev`.
    pub(super) fn of(link: Link, prev: &[u8; 32]) -> Self {
        Self {
            seq: link.seq,
            run: link.run,
            at: link.at,
            body: link.body,
            body_hash: hex(&link.body_hash),
            prev: hex(prev),
            hash: hex(&link.hash),
        }
    }

    /// Whether its hashes are those of what it says.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let (Some(prev), Some(body)) = (unhex(&self.prev), unhex(&self.body_hash)) else {
            return false;
        };
        let text = self.body.as_deref();
        text.is_none_or(|text| body_hash(text) == body)
            && hex(&link_hash(&prev, self.seq, &self.run, self.at, &body)) == self.hash
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    (hex(&hash) == text).then_some(hash)
}
