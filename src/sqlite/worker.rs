//! A thread that owns a connection and does what callers ask, one group at a time.
//!
//! **Group commit.** What has queued up while one commit was syncing shares the next one, so a
//! hundred subjects cost a handful of syncs. Each caller works inside a savepoint: one that is
//! refused (a subject is busy) leaves no trace and fails nobody else. If the group fails as a
//! whole (the disk is full for the sum of it), each is tried alone. A group that changed nothing
//! costs no sync: what it read was durable before, since SQLite shows nobody a commit that it has
//! not synced.
//!
//! The queue is bounded; a full one makes callers wait.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

#[cfg(debug_assertions)]
use super::kill;
use super::trouble::{FileError, Trouble, sql_at};
use super::{Kind, file};

/// How many callers may wait, and how many share a commit at most.
const QUEUE_MAX: usize = 256;

/// A thread with a connection.
#[derive(Debug)]
pub struct Worker {
    kind: &'static Kind,
    path: Arc<Path>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

enum Job {
    Ask(Box<dyn Ask>),
    Checkpoint(oneshot::Sender<Result<(), FileError>>),
}

/// What one caller wants done.
trait Ask: Send {
    /// Does it, or tries to; `false` if it must leave no trace. May be called again.
    fn run(&mut self, db: &Connection) -> bool;
    /// Answers the caller: with what `run` gave, unless it gave `Ok` and the commit failed.
    fn answer(self: Box<Self>, commit: &Result<(), FileError>);
}

struct Asked<T, E, F> {
    kind: &'static Kind,
    path: Arc<Path>,
    work: F,
    got: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Ask for Asked<T, E, F>
where
    T: Send,
    E: From<FileError> + Send,
    F: Fn(&Connection) -> Result<T, Trouble<E>> + Send,
{
    fn run(&mut self, db: &Connection) -> bool {
        let got = (self.work)(db).map_err(|trouble| trouble.at(self.kind.name, &self.path));
        let good = got.is_ok();
        self.got = Some(got);
        good
    }

    fn answer(self: Box<Self>, commit: &Result<(), FileError>) {
        let answer = match (self.got, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared.clone().into()),
            (Some(Ok(got)), Ok(())) => Ok(got),
            (None, Ok(())) => unreachable!("a commit follows only on work that was run"),
        };
        // Nobody may be waiting any more: the work is durable all the same.
        let _ = self.reply.send(answer);
    }
}

impl Worker {
    /// A thread that writes through `connection` and counts its commits.
    ///
    /// # Errors
    /// [`FileError::Disk`] if there is no thread to be had.
    pub fn writing(
        kind: &'static Kind,
        path: Arc<Path>,
        connection: Connection,
        commits: Arc<AtomicU64>,
    ) -> Result<Self, FileError> {
        Self::spawn(kind, path, "writer", move |path, jobs| {
            write_all(kind, &path, connection, jobs, &commits);
        })
    }

    /// A thread that reads, and opens its connection when first asked.
    ///
    /// # Errors
    /// [`FileError::Disk`] if there is no thread to be had.
    pub fn reading(kind: &'static Kind, path: Arc<Path>) -> Result<Self, FileError> {
        Self::spawn(kind, path, "reader", move |path, jobs| {
            read_all(kind, &path, jobs);
        })
    }

    fn spawn(
        kind: &'static Kind,
        path: Arc<Path>,
        what: &str,
        body: impl FnOnce(Arc<Path>, mpsc::Receiver<Job>) + Send + 'static,
    ) -> Result<Self, FileError> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let its_path = Arc::clone(&path);
        let thread = std::thread::Builder::new()
            .name(format!("{}-{what}", kind.name))
            .spawn(move || body(its_path, queue))
            .map_err(|error| FileError::Disk {
                what: kind.name,
                path: path.display().to_string(),
                why: format!("no thread for it: {error}"),
            })?;
        Ok(Self {
            kind,
            path,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Has `work` done, which may be called more than once; for a writer, the answer comes after
    /// the commit that holds it.
    ///
    /// # Errors
    /// What `work` says, which then left no trace; or what is wrong with the file.
    pub async fn ask<T, E>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<FileError> + Send + 'static,
    {
        let (job, answer) = self.job(work);
        self.send(job).await?;
        answer.await.map_err(|_| self.stopped())?
    }

    /// Has `work` done if there is room for it, and does not wait.
    pub fn tell<E: From<FileError> + Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<(), Trouble<E>> + Send + 'static,
    ) {
        let (job, _) = self.job(work);
        if let Some(jobs) = &self.jobs {
            let _ = jobs.try_send(job);
        }
    }

    fn job<T, E>(
        &self,
        work: impl Fn(&Connection) -> Result<T, Trouble<E>> + Send + 'static,
    ) -> (Job, oneshot::Receiver<Result<T, E>>)
    where
        T: Send + 'static,
        E: From<FileError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::Ask(Box::new(Asked {
            kind: self.kind,
            path: Arc::clone(&self.path),
            work,
            got: None,
            reply,
        }));
        (job, answer)
    }

    /// Folds the write-ahead log into the file and empties it.
    ///
    /// # Errors
    /// [`FileError`] if that cannot be done.
    pub async fn checkpoint(&self) -> Result<(), FileError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Checkpoint(reply)).await?;
        answer.await.map_err(|_| self.stopped())?
    }

    async fn send(&self, job: Job) -> Result<(), FileError> {
        let jobs = self.jobs.as_ref().expect("it is there until the drop");
        jobs.send(job).await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> FileError {
        FileError::Disk {
            what: self.kind.name,
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

fn write_all(
    kind: &'static Kind,
    path: &Path,
    mut db: Connection,
    mut jobs: mpsc::Receiver<Job>,
    commits: &AtomicU64,
) {
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
        commit_group(kind, path, &mut db, group, commits);
        if let Some(reply) = checkpoint {
            let done = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            let _ = reply.send(done.map_err(|error| sql_at(&error, kind.name, path)));
        }
    }
}

fn commit_group(
    kind: &'static Kind,
    path: &Path,
    db: &mut Connection,
    mut group: Vec<Box<dyn Ask>>,
    commits: &AtomicU64,
) {
    let told = |done: Result<(), GroupError>| {
        done.map_err(|GroupError { error, .. }| sql_at(&error, kind.name, path))
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
    let before = begun.total_changes();
    for ask in group {
        in_savepoint(&begun, ask.as_mut()).map_err(failed(true))?;
    }
    if begun.total_changes() == before {
        return begun.rollback().map_err(failed(true));
    }
    commit(begun).map_err(failed(true))?;
    commits.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn in_savepoint(db: &Transaction<'_>, ask: &mut dyn Ask) -> rusqlite::Result<()> {
    db.prepare_cached("SAVEPOINT ask")?.execute([])?;
    let good = ask.run(db);
    // On some errors SQLite takes the whole transaction back, the savepoint with it: `ROLLBACK
    // TO` then fails, and so does the group.
    if !good {
        db.execute_batch("ROLLBACK TO ask")?;
    }
    db.prepare_cached("RELEASE ask")?.execute([])?;
    Ok(())
}

/// Commits: after this the file has it, whatever happens.
pub(super) fn commit(begun: Transaction<'_>) -> rusqlite::Result<()> {
    #[cfg(debug_assertions)]
    kill::point("before_commit");
    begun.commit()?;
    #[cfg(debug_assertions)]
    kill::point("after_commit");
    Ok(())
}

fn read_all(kind: &'static Kind, path: &Path, mut jobs: mpsc::Receiver<Job>) {
    let mut db = None;
    while let Some(job) = jobs.blocking_recv() {
        let Job::Ask(mut ask) = job else { continue };
        let opened = match &db {
            Some(_) => Ok(()),
            None => file::open_to_read(path).map(|opened| db = Some(opened)),
        };
        let opened = opened.map_err(|error| sql_at(&error, kind.name, path));
        if let Some(db) = &db {
            ask.run(db);
        }
        ask.answer(&opened);
    }
}
