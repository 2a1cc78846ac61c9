//! The desk in one SQLite file, beside the ledger and as private as that.
//!
//! Several processes may use it at once: server, and a person at the command line. Each answer to
//! a change means *durable*. What a change depends on (is it waiting still, did he decide already,
//! is the hour's count reached) is read in the commit that makes it, so that of two at once one is
//! told no. Knows no rule: whose decision counts is `consent`'s.

mod people;
mod proposals;
mod runs;
mod watches;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use super::{
    Audited, Decision, Desk, Frozen, Proposal, ProposalState, Session, Token, Watch, WatchState,
};
use crate::model::{Finding, RunId, Utc};
use crate::sqlite::{self, FileError, Kind, Worker};

type Trouble = sqlite::Trouble<FileError>;

/// `decision.who` is the name without its capitals: each decides once. `automatic` holds what
/// counts against a source; `audit` forgets its oldest.
const TABLES: &str = "
    CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
    CREATE TABLE proposal (
        run TEXT PRIMARY KEY, state TEXT NOT NULL, made_at INTEGER NOT NULL,
        body TEXT NOT NULL) STRICT;
    CREATE INDEX proposal_state ON proposal (state, made_at);
    CREATE INDEX proposal_made ON proposal (made_at);
    CREATE TABLE decision (
        place INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES proposal (run) ON DELETE CASCADE,
        who TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (run, who)) STRICT;
    CREATE TABLE automatic (
        source TEXT NOT NULL, run TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (source, run)) STRICT;
    CREATE TABLE frozen (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
    CREATE TABLE token (
        id TEXT PRIMARY KEY, made_at INTEGER NOT NULL, revoked_at INTEGER, used_at INTEGER,
        body TEXT NOT NULL) STRICT;
    CREATE TABLE session (
        hash TEXT PRIMARY KEY, token TEXT NOT NULL REFERENCES token (id), csrf TEXT NOT NULL,
        made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX session_token ON session (token);
    CREATE TABLE audit (
        place INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
        what TEXT NOT NULL) STRICT;
    CREATE TABLE watch (
        run TEXT PRIMARY KEY, state TEXT NOT NULL, next_at INTEGER NOT NULL,
        body TEXT NOT NULL) STRICT;
    CREATE INDEX watch_due ON watch (state, next_at);
";

/// A desk.
static DESK: Kind = Kind {
    name: "desk",
    application: 0x6f75_6473,
    version: 1,
    tables: TABLES,
    names: &[
        "meta",
        "proposal",
        "decision",
        "automatic",
        "frozen",
        "token",
        "session",
        "audit",
        "watch",
    ],
    shared: false,
    fold_at: 1_000,
};

/// A desk in one SQLite file.
///
/// Dropping it waits until both its threads have closed the file.
#[derive(Debug)]
pub struct SqliteDesk {
    notes: Vec<Finding>,
    // Dropped in this order: the last to close the file folds the log in, and a reader cannot.
    reader: Worker,
    writer: Worker,
}

impl SqliteDesk {
    /// Where the desk of this ledger is.
    #[must_use]
    pub fn beside(ledger: &Path) -> PathBuf {
        ledger.with_file_name("desk.db")
    }

    /// Opens the desk at `path`, which is made with mode 0600 (its directory 0700) if it is not
    /// there. Touches no file that is not a desk.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let notes = sqlite::prepare(&DESK, path)?;
        let connection = sqlite::open(&DESK, path)?;
        let path: Arc<Path> = path.into();
        let writer = Worker::writing(&DESK, Arc::clone(&path), connection, Arc::default())?;
        let reader = Worker::reading(&DESK, path)?;
        Ok(Self {
            notes,
            reader,
            writer,
        })
    }

    /// What a person should know of the file: modes looser than they should be.
    #[must_use]
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, FileError> {
        self.writer.ask(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, FileError> {
        self.reader.ask(work).await
    }
}

#[async_trait]
impl Desk for SqliteDesk {
    async fn propose(&self, proposal: &Proposal) -> Result<bool, FileError> {
        let proposal = proposal.clone();
        self.write(move |db| proposals::propose(db, &proposal))
            .await
    }

    async fn proposals(
        &self,
        state: Option<ProposalState>,
        most: usize,
    ) -> Result<Vec<Proposal>, FileError> {
        self.read(move |db| proposals::newest(db, state, most))
            .await
    }

    async fn proposal(&self, run: &RunId) -> Result<Option<Proposal>, FileError> {
        let run = run.clone();
        self.read(move |db| proposals::one(db, &run)).await
    }

    async fn decide(&self, run: &RunId, decision: &Decision) -> Result<bool, FileError> {
        let (run, decision) = (run.clone(), decision.clone());
        self.write(move |db| proposals::decide(db, &run, &decision))
            .await
    }

    async fn move_proposal(
        &self,
        run: &RunId,
        from: ProposalState,
        to: ProposalState,
    ) -> Result<bool, FileError> {
        let run = run.clone();
        self.write(move |db| proposals::go(db, &run, from, to))
            .await
    }

    async fn count_automatic(
        &self,
        source: &str,
        run: &RunId,
        at: Utc,
        since: Utc,
        most: u64,
    ) -> Result<bool, FileError> {
        let (source, run) = (source.to_owned(), run.clone());
        self.write(move |db| runs::count(db, &source, &run, at, since, most))
            .await
    }

    async fn clear_automatic(&self, source: Option<&str>) -> Result<(), FileError> {
        let source = source.map(str::to_owned);
        self.write(move |db| runs::clear(db, source.as_deref()))
            .await
    }

    async fn set_frozen(&self, frozen: Option<&Frozen>) -> Result<(), FileError> {
        let frozen = frozen.cloned();
        self.write(move |db| runs::freeze(db, frozen.as_ref()))
            .await
    }

    async fn frozen(&self) -> Result<Option<Frozen>, FileError> {
        self.read(runs::frozen).await
    }

    async fn add_token(&self, token: &Token) -> Result<(), FileError> {
        let token = token.clone();
        self.write(move |db| people::add_token(db, &token)).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, FileError> {
        self.read(people::tokens).await
    }

    async fn token(&self, id: &str) -> Result<Option<Token>, FileError> {
        let id = id.to_owned();
        self.read(move |db| people::token(db, &id)).await
    }

    async fn revoke_token(&self, id: &str, at: Utc) -> Result<bool, FileError> {
        let id = id.to_owned();
        self.write(move |db| people::revoke(db, &id, at)).await
    }

    async fn token_used(&self, id: &str, at: Utc) -> Result<(), FileError> {
        let id = id.to_owned();
        self.write(move |db| people::used(db, &id, at)).await
    }

    async fn open_session(&self, session: &Session) -> Result<(), FileError> {
        let session = session.clone();
        self.write(move |db| people::open_session(db, &session))
            .await
    }

    async fn session(&self, hash: &str) -> Result<Option<Session>, FileError> {
        let hash = hash.to_owned();
        self.read(move |db| people::session(db, &hash)).await
    }

    async fn end_session(&self, hash: &str) -> Result<(), FileError> {
        let hash = hash.to_owned();
        self.write(move |db| people::end_session(db, &hash)).await
    }

    async fn keep_watch(&self, watch: &Watch) -> Result<(), FileError> {
        let watch = watch.clone();
        self.write(move |db| watches::keep(db, &watch)).await
    }

    async fn watches(&self, state: WatchState, most: usize) -> Result<Vec<Watch>, FileError> {
        self.read(move |db| watches::of_state(db, state, most))
            .await
    }

    async fn watch(&self, run: &RunId) -> Result<Option<Watch>, FileError> {
        let run = run.clone();
        self.read(move |db| watches::one(db, &run)).await
    }

    async fn audit(&self, entry: &Audited) -> Result<(), FileError> {
        let entry = entry.clone();
        self.write(move |db| people::audit(db, &entry)).await
    }

    async fn audited(&self, most: usize) -> Result<Vec<Audited>, FileError> {
        self.read(move |db| people::audited(db, most)).await
    }
}
