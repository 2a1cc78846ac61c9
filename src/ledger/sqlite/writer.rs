//! A thread that owns a connection and does what callers ask, one group at a time.
//!
//! **Group commit.** What has queued up while one commit was syncing shares the next one, so a
//! hundred subjects cost a handful of syncs. Each caller works inside a savepoint: one that is
//! refused (a subject is busy) leaves no trace and fails nobody else. If the group fails as a
//! whole (the disk is full for the sum of it), each is tried alone.
//!
//! The queue is bounded; a full one makes callers wait.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::file;
#[cfg(feature = "killpoints")]
use super::kill;
use super::trouble::Trouble;
use crate::ledger::StoreError;

/// How many callers may wait, and how many share a commit at most.
const QUEUE_MAX: usize = 256;

/// A thread with a connection.
#[derive(Debug)]
pub(super) struct Worker {
    path: Arc<Path>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

enum Job {
    Ask(Box<dyn Ask>),
    Checkpoint(oneshot::Sender<Result<(), StoreError>>),
}

/// What one caller wants done.
trait Ask: Send {
    /// Does it, or tries to; `false` if it must leave no trace. May be called again.
    fn run(&mut self, db: &Connection) -> bool;
    /// Answers the caller: with what `run` gave, unless it gave `Ok` and the commit failed.
    fn answer(self: Box<Self>, commit: &Result<(), StoreError>);
}

struct Asked<T, F> {
    path: Arc<Path>,
    work: F,
    got: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Ask for Asked<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, db: &Connection) -> bool {
        let got = (self.work)(db).map_err(|trouble| trouble.at(&self.path));
        let good = got.is_ok();
        self.got = Some(got);
        good
    }

    fn answer(self: Box<Self>, commit: &Result<(), StoreError>) {
        let answer = match (self.got, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared.clone()),
            (Some(Ok(got)), Ok(())) => Ok(got),
            (None, Ok(())) => unreachable!("a commit follows only on work that was run"),
        };
        // Nobody may be waiting any more: the work is durable all the same.
        let _ = self.reply.send(answer);
    }
}

impl Worker {
    /// A thread that writes through `connection` and counts its commits.
    pub(super) fn writing(
        path: Arc<Path>,
        connection: Connection,
        commits: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        Self::spawn(path, "ledger-writer", move |path, jobs| {
            write_all(&path, connection, jobs, &commits);
        })
    }

    /// A thread that reads, and opens its connection when first asked.
    pub(super) fn reading(path: Arc<Path>) -> Result<Self, StoreError> {
        Self::spawn(path, "ledger-reader", |path, jobs| read_all(&path, jobs))
    }

    fn spawn(
        path: Arc<Path>,
        name: &str,
        body: impl FnOnce(Arc<Path>, mpsc::Receiver<Job>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let its_path = Arc::clone(&path);
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || body(its_path, queue))
            .map_err(|error| StoreError::Disk {
                path: path.display().to_string(),
                why: format!("no thread for it: {error}"),
            })?;
        Ok(Self {
            path,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Has `work` done; for a writer, the answer comes after the commit that holds it.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Ask(Box::new(Asked {
            path: Arc::clone(&self.path),
            work,
            got: None,
            reply,
        })))
        .await?;
        answer.await.map_err(|_| self.stopped())?
    }

    /// Folds the write-ahead log into the file and empties it.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Checkpoint(reply)).await?;
        answer.await.map_err(|_| self.stopped())?
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().expect("it is there until the drop");
        jobs.send(job).await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> StoreError {
        StoreError::Disk {
            path: self.path.display().to_string(),
            why: "the thread that owns it has stopped".into(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without a sender the thread ends once the queue is empty.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(path: &Path, mut db: Connection, mut jobs: mpsc::Receiver<Job>, commits: &AtomicU64) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = Vec::new();
        let mut checkpoint = None;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Ask(ask) => group.push(ask),
                Job::Checkpoint(reply) => checkpoint = Some(reply),
            }
            let full = group.len() == QUEUE_MAX || checkpoint.is_some();
            next = (!full).then(|| jobs.try_recv().ok()).flatten();
        }
        commit_group(path, &mut db, group, commits);
        if let Some(reply) = checkpoint {
            let done = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            let _ = reply.send(done.map_err(|error| Trouble::Sql(error).at(path)));
        }
    }
}

fn commit_group(
    path: &Path,
    db: &mut Connection,
    mut group: Vec<Box<dyn Ask>>,
    commits: &AtomicU64,
) {
    let told = |done: Result<(), GroupError>| {
        done.map_err(|GroupError { error, .. }| Trouble::Sql(error).at(path))
    };
    match together(db, &mut group, commits) {
        Err(GroupError { begun: true, .. }) if group.len() > 1 => {
            for mut ask in group {
                let alone = told(together(db, std::slice::from_mut(&mut ask), commits));
                ask.answer(&alone);
            }
        }
        done => {
            let done = told(done);
            for ask in group {
                ask.answer(&done);
            }
        }
    }
}

struct GroupError {
    /// Whether the write lock was got: if not, trying each alone would wait as long again.
    begun: bool,
    error: rusqlite::Error,
}

/// One transaction for all of them; those that fail leave no trace in it.
fn together(
    db: &mut Connection,
    group: &mut [Box<dyn Ask>],
    commits: &AtomicU64,
) -> Result<(), GroupError> {
    if group.is_empty() {
        return Ok(());
    }
    let failed = |begun| move |error| GroupError { begun, error };
    let begun = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(false))?;
    let mut changed = false;
    for ask in group {
        changed |= in_savepoint(&begun, ask.as_mut()).map_err(failed(true))?;
    }
    if !changed {
        return begun.rollback().map_err(failed(true));
    }
    commit(begun).map_err(failed(true))?;
    commits.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn in_savepoint(db: &Transaction<'_>, ask: &mut dyn Ask) -> rusqlite::Result<bool> {
    db.execute_batch("SAVEPOINT ask")?;
    let good = ask.run(db);
    // On some errors SQLite takes the whole transaction back, the savepoint with it: `ROLLBACK
    // TO` then fails, and so does the group.
    if !good {
        db.execute_batch("ROLLBACK TO ask")?;
    }
    db.execute_batch("RELEASE ask")?;
    Ok(good)
}

/// Commits: after this the file has it, whatever happens.
pub(super) fn commit(begun: Transaction<'_>) -> rusqlite::Result<()> {
    #[cfg(feature = "killpoints")]
    kill::point("before_commit");
    begun.commit()?;
    #[cfg(feature = "killpoints")]
    kill::point("after_commit");
    Ok(())
}

fn read_all(path: &Path, mut jobs: mpsc::Receiver<Job>) {
    let mut db = None;
    while let Some(job) = jobs.blocking_recv() {
        let Job::Ask(mut ask) = job else { continue };
        let opened = match &db {
            Some(_) => Ok(()),
            None => file::open_to_read(path).map(|opened| db = Some(opened)),
        };
        let opened = opened.map_err(|trouble| trouble.at(path));
        if let Some(db) = &db {
            ask.run(db);
        }
        ask.answer(&opened);
    }
}
