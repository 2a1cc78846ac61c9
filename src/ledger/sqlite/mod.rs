//! The ledger in one SQLite file.
//!
//! One thread owns the writing connection and commits in groups (`crate::sqlite`); another owns a
//! read-only one, opened when first needed. Every answer to a writer means *durable*: WAL,
//! `synchronous=FULL`, one sync per commit. Two processes may use one file at once: each
//! commit takes SQLite's write lock first and reads the end of the chain under it. But not on
//! one run: a run belongs to the process that opened or reopened it last ([`alive`], `fence`).
//!
//! Does not decide what an event means (`draft`), nor what to do when the file cannot be
//! opened (`emergency`).

mod alive;
mod asks;
mod parts;
mod sql;
mod tables;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rusqlite::Connection;

use self::alive::Alive;
use self::tables::LEDGER;
use super::archive::{Archive, Exported, Pause, Purged};
use super::chain::Verified;
use super::draft::{Draft, Title};
use super::fence::{Epochs, Hold};
use super::{Happened, Head, Record, RunRow, RunState, Store, StoreError};
use crate::model::{Finding, Plan, RunId, UserId, Utc};
use crate::sqlite::{self, FileError, Worker};

/// What went wrong, before it is known at which path.
type Trouble = sqlite::Trouble<StoreError>;

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Own(error)
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Newer { found, known, .. } => Self::Newer { found, known },
            FileError::Corrupt { path, why, .. } => Self::Corrupt { path, why },
            FileError::Disk { path, why, .. } => Self::Disk { path, why },
        }
    }
}

/// A ledger in one SQLite file.
///
/// Dropping it waits until both its threads have closed the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: Arc<Path>,
    notes: Vec<Finding>,
    commits: Arc<AtomicU64>,
    // Dropped in this order: the last to close the file folds the log in, and a reader cannot.
    reader: Worker,
    writer: Worker,
    epochs: Epochs,
    /// Let go of when nothing more can be written.
    alive: Alive,
}

impl SqliteStore {
    /// Opens the ledger at `path`, which is made with mode 0600 (its directory 0700) if it is
    /// not there. Touches no file that is not a ledger.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Corrupt`] if it is no ledger or damaged,
    /// [`StoreError::Disk`] if it cannot be opened or made, or is read-only.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let notes = sqlite::prepare(&LEDGER, path)?;
        let connection = sqlite::open(&LEDGER, path)?;
        let commits = Arc::new(AtomicU64::new(0));
        let path: Arc<Path> = path.into();
        let writer = Worker::writing(&LEDGER, Arc::clone(&path), connection, Arc::clone(&commits))?;
        let reader = Worker::reading(&LEDGER, Arc::clone(&path))?;
        Ok(Self {
            path,
            notes,
            commits,
            writer,
            reader,
            epochs: Epochs::default(),
            alive: Alive::default(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a person should know of the file: modes looser than they should be.
    #[must_use]
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }

    /// How many commits this store has made since it was opened.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.ask(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reader.ask(work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        events: Vec<Happened>,
    ) -> Result<Head, StoreError> {
        let title = Title::of(subjects, &events);
        let draft = Draft::of(run, None, events);
        let hold = draft.hold_from_opening();
        // Locked first: between commit and lock somebody could take the run for dead.
        let lock = self.alive.take(&self.path, run)?;
        let done = self
            .write(move |db| sql::open_run(db, &title, &draft))
            .await?;
        self.epochs.note(run, hold, done.epoch);
        self.alive.note(run, hold, lock);
        Ok(done.head)
    }

    async fn append(&self, run: &RunId, events: Vec<Happened>) -> Result<Head, StoreError> {
        let draft = Draft::of(run, self.epochs.of(run), events);
        let hold = draft.hold();
        let lock = match hold {
            Hold::Taken => self.alive.take(&self.path, run)?,
            Hold::LetGo | Hold::Same => None,
        };
        let done = self.write(move |db| sql::append(db, &draft)).await?;
        self.epochs.note(run, hold, done.epoch);
        self.alive.note(run, hold, lock);
        Ok(done.head)
    }

    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        let run = run.clone();
        let path = self.path.display().to_string();
        self.read(move |db| sql::records(db, &run, &path)).await
    }

    async fn state(&self, run: &RunId) -> Result<RunState, StoreError> {
        let run = run.clone();
        let path = self.path.display().to_string();
        self.read(move |db| sql::state(db, &run, &path)).await
    }

    async fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.read(sql::runs).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read(sql::head).await
    }

    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        let body = serde_json::to_string(plan).expect("a plan has text keys and no NaN");
        let (phrase, digest, made_at) = (plan.phrase(), plan.digest(), plan.made_at);
        self.write(move |db| sql::save_plan(db, &phrase, &digest, made_at, &body))
            .await
    }

    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError> {
        let phrase = phrase.to_owned();
        self.read(move |db| sql::plan(db, &phrase)).await
    }

    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError> {
        let ours = org_id.to_owned();
        if self.read(sql::org).await?.as_deref() == Some(org_id) {
            return Ok(());
        }
        self.write(move |db| sql::bind_org(db, &ours)).await
    }

    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError> {
        self.read(move |db| sql::subjects_since(db, since)).await
    }
}

#[async_trait]
impl Archive for SqliteStore {
    fn is_recorded(&self) -> bool {
        true
    }

    async fn ask_to_pause(&self, run: &RunId, pause: &Pause) -> Result<bool, StoreError> {
        if !self.is_worked_on(run).await? {
            return Ok(false);
        }
        let (run, pause) = (run.clone(), pause.clone());
        self.write(move |db| asks::ask(db, &run, &pause)).await?;
        Ok(true)
    }

    async fn is_worked_on(&self, run: &RunId) -> Result<bool, StoreError> {
        self.alive.is_held(&self.path, run)
    }

    async fn pause_asked(&self, run: &RunId, since: Utc) -> Result<Option<Pause>, StoreError> {
        let run = run.clone();
        self.read(move |db| asks::asked(db, &run, since)).await
    }

    async fn plan_of_run(&self, run: &RunId) -> Result<Option<Plan>, StoreError> {
        let run = run.clone();
        self.read(move |db| sql::plan_of_run(db, &run)).await
    }

    async fn export(&self, run: &RunId) -> Result<Vec<Exported>, StoreError> {
        let run = run.clone();
        self.read(move |db| sql::export(db, &run)).await
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Verified, StoreError> {
        self.read(move |db| sql::verify(db, expected.as_ref()))
            .await
    }

    async fn purge_older_than(&self, before: Utc, at: Utc) -> Result<Purged, StoreError> {
        let purged = self.write(move |db| sql::purge(db, before, at)).await?;
        // What was emptied still stands in the write-ahead log until it is folded in.
        self.writer.checkpoint().await?;
        Ok(purged)
    }
}
