//! The inbox in one SQLite file.
//!
//! Everything that came while one commit was syncing shares the next (`crate::sqlite`), and an
//! alert that is there already costs none: it was durable before ([`repeats`] says what becomes of
//! the count). Two processes may use the file at once, one that receives and one that works; only
//! one takes alerts ([`Inbox::begin_work`]).

mod repeats;
mod sql;
mod tables;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;

use self::repeats::Repeats;
use self::sql::Draft;
use self::tables::INBOX;
use super::{Accepted, Counts, Cursor, Entry, Inbox, InboxError, Received};
use crate::given::Rng;
use crate::model::{Fate, Finding, Utc};
use crate::sqlite::{self, FileError, Lock, Worker};

/// What went wrong, before it is known at which path.
type Trouble = sqlite::Trouble<InboxError>;

impl From<InboxError> for Trouble {
    fn from(error: InboxError) -> Self {
        Self::Own(error)
    }
}

/// An inbox in one SQLite file.
///
/// Dropping it waits until both its threads have closed the file.
pub struct SqliteInbox {
    path: Arc<Path>,
    waiting_max: u64,
    rng: Arc<dyn Rng>,
    notes: Vec<Finding>,
    commits: Arc<AtomicU64>,
    repeats: Repeats,
    // Dropped in this order: the last to close the file folds the log in, and a reader cannot.
    reader: Worker,
    writer: Worker,
    /// Held by the process that takes alerts; let go of when nothing more can be written.
    working: Mutex<Option<Lock>>,
}

impl SqliteInbox {
    /// Opens the inbox at `path`, which is made with mode 0600 (its directory 0700) if it is not
    /// there; in a directory that is set up for a group, for that group too. At most `waiting_max`
    /// alerts wait in it. Touches no file that is not an inbox.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be opened or made, is read-only, or is none.
    pub fn open(path: &Path, waiting_max: u64, rng: Arc<dyn Rng>) -> Result<Self, FileError> {
        let notes = sqlite::prepare(&INBOX, path)?;
        let connection = sqlite::open(&INBOX, path)?;
        let commits = Arc::new(AtomicU64::new(0));
        let path: Arc<Path> = path.into();
        let writer = Worker::writing(&INBOX, path.clone(), connection, commits.clone())?;
        let reader = Worker::reading(&INBOX, path.clone())?;
        Ok(Self {
            path,
            waiting_max,
            rng,
            notes,
            commits,
            repeats: Repeats::default(),
            reader,
            writer,
            working: Mutex::new(None),
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

    /// How many commits were made since it was opened.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, InboxError> {
        self.writer.ask(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, InboxError> {
        self.reader.ask(work).await
    }

    /// What is to be inserted, each with the id it will have. Those of one request keep its order.
    fn drafts(&self, received: Vec<Received>) -> Result<Vec<Draft>, serde_json::Error> {
        let chance = self.rng.next() as u32;
        received
            .into_iter()
            .zip(0..)
            .map(|(received, place)| Draft::of(received, chance.wrapping_add(place)))
            .collect()
    }

    fn with_repeats(&self, mut entry: Entry) -> Entry {
        entry.repeats += self.repeats.of(&entry.id);
        entry
    }

    /// Beside the file, for whoever takes alerts.
    fn lock_path(&self) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(".work.lock");
        name.into()
    }
}

impl Drop for SqliteInbox {
    fn drop(&mut self) {
        let owed = self.repeats.take(None);
        if !owed.by_id.is_empty() {
            self.writer
                .tell::<InboxError>(move |db| sql::add_repeats(db, &owed.by_id));
        }
    }
}

#[async_trait]
impl Inbox for SqliteInbox {
    async fn accept(
        &self,
        received: Vec<Received>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, InboxError> {
        let at = received.iter().map(|received| received.at).max();
        let drafts = self.drafts(received).map_err(|error| FileError::Corrupt {
            what: INBOX.name,
            path: self.path.display().to_string(),
            why: error.to_string(),
        })?;
        let owed = self.repeats.take(at);
        let (ours, waiting_max) = (owed.clone(), self.waiting_max);
        let done = self
            .write(move |db| sql::accept(db, &drafts, cursor.as_ref(), &ours, waiting_max))
            .await;
        if !done.as_ref().is_ok_and(|done| done.counted) {
            self.repeats.give_back(owed);
        }
        let accepted = done?.accepted;
        for one in &accepted {
            if let (Accepted::Again(id), Some(at)) = (one, at) {
                self.repeats.note(id, at);
            }
        }
        Ok(accepted)
    }

    async fn take(&self, now: Utc, most: usize, busy: &[String]) -> Result<Vec<Entry>, InboxError> {
        let busy = serde_json::Value::from(busy.to_vec()).to_string();
        self.write(move |db| sql::take(db, now, most, &busy)).await
    }

    async fn settle(&self, id: &str, fate: Fate, at: Utc) -> Result<(), InboxError> {
        let id = id.to_owned();
        self.write(move |db| sql::settle(db, &id, &fate, at)).await
    }

    async fn put_back(&self, id: &str, due: Utc) -> Result<(), InboxError> {
        let id = id.to_owned();
        self.write(move |db| sql::put_back(db, &id, due)).await
    }

    async fn begin_work(&self) -> Result<(), InboxError> {
        {
            let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
            if working.is_some() {
                return Ok(());
            }
            let path = || self.path.display().to_string();
            let lock = Lock::take(&self.lock_path()).map_err(|error| FileError::Disk {
                what: INBOX.name,
                path: path(),
                why: error.to_string(),
            })?;
            *working = Some(lock.ok_or_else(|| InboxError::Taken { path: path() })?);
        }
        let done = self.write(sql::all_wait_again).await;
        if done.is_err() {
            *self.working.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        done
    }

    async fn entries(&self, before: Option<&str>, most: usize) -> Result<Vec<Entry>, InboxError> {
        let before = before.map(str::to_owned);
        let found = self
            .read(move |db| sql::entries(db, before.as_deref(), most))
            .await?;
        Ok(found
            .into_iter()
            .map(|entry| self.with_repeats(entry))
            .collect())
    }

    async fn entry(&self, id: &str) -> Result<Option<Entry>, InboxError> {
        let id = id.to_owned();
        let found = self.read(move |db| sql::entry(db, &id)).await?;
        Ok(found.map(|entry| self.with_repeats(entry)))
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        self.read(sql::counts).await
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>, InboxError> {
        let name = name.to_owned();
        self.read(move |db| sql::cursor(db, &name)).await
    }

    async fn forget_before(&self, before: Utc) -> Result<u64, InboxError> {
        self.write(move |db| sql::forget_before(db, before)).await
    }
}
