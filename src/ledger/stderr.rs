//! The ledger of last resort (`--no-ledger`): each event is a line of JSON, nothing is kept.
//!
//! The lines are for whoever collects them: nothing here can resume or release a run, and the
//! report says `unrecorded`. For this process alone the records are also kept in memory, so
//! that the run itself works as always. Lines are pure ASCII, because what vendors say is
//! attacker input and stderr may be a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::archive::{Archive, Exported, Purged};
use super::chain::Verified;
use super::memory::record_of;
use super::{Happened, Head, MemoryStore, Record, RunRow, Store, StoreError};
use crate::model::{Plan, RunId, UserId, Utc};

/// A store that prints each record as one line: `{"seq":…,"run":…,"at":…,"event":…,"hash":…}`.
pub struct LineStore {
    kept: MemoryStore,
    /// Held from an append to the last of its lines, so that they come in order.
    lines: Mutex<Lines>,
}

struct Lines {
    to: Box<dyn Write + Send>,
    /// The number of the last record that was written.
    written: u64,
}

impl std::fmt::Debug for LineStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineStore").finish_non_exhaustive()
    }
}

impl LineStore {
    /// Prints to `to`: stderr, outside tests.
    #[must_use]
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            kept: MemoryStore::new(),
            lines: Mutex::new(Lines { to, written: 0 }),
        }
    }

    /// Does `change` to what is kept and prints the records it made.
    async fn printing<T>(
        &self,
        change: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let mut lines = self.lines.lock().await;
        let done = change.await?;
        for link in self.kept.links_after(lines.written) {
            // Counted even if it cannot be written: a line is tried once.
            lines.written = link.seq;
            lines
                .write(&record_of(&link)?)
                .map_err(|error| StoreError::Disk {
                    path: "stderr".into(),
                    why: error.to_string(),
                })?;
        }
        Ok(done)
    }
}

impl Lines {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut line = ascii(&serde_json::to_string(record)?);
        line.push('\n');
        self.to.write_all(line.as_bytes())?;
        self.to.flush()
    }
}

/// The same JSON without a character beyond `~`; outside strings JSON has none anyway.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter < '\u{7f}' {
            text.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            write!(text, "\\u{unit:04x}").expect("writing to a String cannot fail");
        }
    }
    text
}

#[async_trait]
impl Store for LineStore {
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        events: Vec<Happened>,
    ) -> Result<Head, StoreError> {
        self.printing(self.kept.open_run(run, subjects, events))
            .await
    }

    async fn append(&self, run: &RunId, events: Vec<Happened>) -> Result<Head, StoreError> {
        self.printing(self.kept.append(run, events)).await
    }

    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        self.kept.records(run).await
    }

    async fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.kept.runs().await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.kept.head().await
    }

    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        self.kept.save_plan(plan).await
    }

    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError> {
        self.kept.plan(phrase).await
    }

    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError> {
        self.kept.bind_org(org_id).await
    }

    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError> {
        self.kept.subjects_since(since).await
    }
}

#[async_trait]
impl Archive for LineStore {
    fn is_recorded(&self) -> bool {
        false
    }

    async fn plan_of_run(&self, run: &RunId) -> Result<Option<Plan>, StoreError> {
        self.kept.plan_of_run(run).await
    }

    async fn export(&self, run: &RunId) -> Result<Vec<Exported>, StoreError> {
        self.kept.export(run).await
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Verified, StoreError> {
        self.kept.verify(expected).await
    }

    async fn purge_older_than(&self, before: Utc, at: Utc) -> Result<Purged, StoreError> {
        self.printing(self.kept.purge_older_than(before, at)).await
    }
}
