//! The ledger in memory: for simulation, and behind the store that only prints.
//!
//! Answers as the SQLite store does, keeps the same texts and hashes, and is deterministic.
//! A [`Hook`] is asked before and after each commit and may let it fail or let the process
//! "die" there: from then on the store answers nobody, exactly as a dead process would, and
//! [`MemoryStore::crashed`] tells the simulation to drop it. What was committed is in
//! [`MemoryStore::snapshot`], from which the next one starts.

mod disk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::archive::{Archive, Exported, Purged};
use super::chain::{Link, Verified, Verifier};
use super::draft::{Draft, Title};
use super::fence::Epochs;
use super::{Happened, Head, Record, RunRow, Store, StoreError};
use crate::model::{Plan, RunId, UserId, Utc};

pub use self::disk::Disk;
pub(super) use self::disk::record_of;

/// What stands for a path in this store's errors.
const PLACE: &str = "memory";

/// A moment at which something may go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Counted over the store's life, from 1: before the first commit, after it, before the
    /// second, …
    pub number: u64,
    /// On which side of the commit.
    pub moment: Moment,
    /// What is committed, for people: `r_1: intended`.
    pub what: String,
}

/// On which side of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing is durable yet.
    BeforeCommit,
    /// All is durable, nobody knows yet.
    AfterCommit,
}

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    GoOn,
    /// The disk refuses; after the commit, the same as `GoOn`.
    Fail,
    /// The process dies.
    Crash,
}

/// Decides what happens at each point.
pub type Hook = Arc<dyn Fn(&Point) -> Fate + Send + Sync>;

/// A ledger in memory.
pub struct MemoryStore {
    disk: Arc<Mutex<Disk>>,
    epochs: Epochs,
    points: Mutex<u64>,
    hook: Option<Hook>,
    dead: watch::Sender<bool>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::restore(Disk::default())
    }
}

impl MemoryStore {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a process finds that starts after the one whose `disk` this is.
    #[must_use]
    pub fn restore(disk: Disk) -> Self {
        Self::on(Arc::new(Mutex::new(disk)))
    }

    /// What another process has that works on the same disk at the same time.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::on(Arc::clone(&self.disk))
    }

    fn on(disk: Arc<Mutex<Disk>>) -> Self {
        Self {
            disk,
            epochs: Epochs::default(),
            points: Mutex::new(0),
            hook: None,
            dead: watch::Sender::new(false),
        }
    }

    /// The same, with `hook` asked before and after each commit.
    #[must_use]
    pub fn with_hook(mut self, hook: Hook) -> Self {
        self.hook = Some(hook);
        self
    }

    /// The same, with a disk that refuses every commit after the first `good` ones.
    #[must_use]
    pub fn fail_after(self, good: u64) -> Self {
        self.with_hook(Arc::new(move |point| match point.moment {
            Moment::BeforeCommit if point.number > good * 2 => Fate::Fail,
            _ => Fate::GoOn,
        }))
    }

    /// The same, with a process that dies at the point of this number.
    #[must_use]
    pub fn crash_at(self, number: u64) -> Self {
        self.with_hook(Arc::new(move |point| {
            if point.number == number {
                Fate::Crash
            } else {
                Fate::GoOn
            }
        }))
    }

    /// What has been committed so far.
    #[must_use]
    pub fn snapshot(&self) -> Disk {
        self.disk().clone()
    }

    /// The records after the one of this number.
    pub(super) fn links_after(&self, seq: u64) -> Vec<Link> {
        let disk = self.disk();
        let links = disk.links();
        links[links.partition_point(|link| link.seq <= seq)..].to_vec()
    }

    /// Resolves when a point's fate was [`Fate::Crash`].
    pub async fn crashed(&self) {
        let mut dead = self.dead.subscribe();
        // The sender lives as long as `self`.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    /// How many points were passed.
    #[must_use]
    pub fn points(&self) -> u64 {
        *self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // Every change is checked before it begins, so a panic leaves no half of one.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A dead process hears nothing.
    async fn unless_dead(&self) {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
    }

    async fn point(&self, moment: Moment, what: &Label<'_>) -> Result<(), StoreError> {
        let number = {
            let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
            *points += 1;
            *points
        };
        let Some(hook) = &self.hook else {
            return Ok(());
        };
        let what = what.to_string();
        match hook(&Point {
            number,
            moment,
            what,
        }) {
            Fate::Crash => {
                self.dead.send_replace(true);
                std::future::pending().await
            }
            Fate::Fail if moment == Moment::BeforeCommit => Err(StoreError::Disk {
                path: PLACE.into(),
                why: "no space left on device".into(),
            }),
            Fate::GoOn | Fate::Fail => Ok(()),
        }
    }

    /// Commits what `change` does, or nothing of it.
    async fn commit<T>(
        &self,
        what: Label<'_>,
        change: impl FnOnce(&mut Disk) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.unless_dead().await;
        self.point(Moment::BeforeCommit, &what).await?;
        let done = change(&mut self.disk())?;
        self.point(Moment::AfterCommit, &what).await?;
        Ok(done)
    }
}

/// What a commit is about; written out only where a hook asks.
enum Label<'e> {
    Events(&'e RunId, &'e [Happened]),
    Word(&'static str),
}

impl std::fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Events(run, events) => {
                let names: Vec<String> = events.iter().filter_map(name).collect();
                write!(f, "{run}: {}", names.join(", "))
            }
        }
    }
}

fn name(happened: &Happened) -> Option<String> {
    let tagged = serde_json::to_value(&happened.event).ok()?;
    Some(tagged.get("event")?.as_str()?.to_owned())
}

#[async_trait]
impl Store for MemoryStore {
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        events: Vec<Happened>,
    ) -> Result<Head, StoreError> {
        let title = Title::of(subjects, &events);
        let draft = Draft::of(run, None, events);
        let open = |disk: &mut Disk| disk.open_run(title, &draft);
        let done = self.commit(Label::Events(run, &draft.events), open).await?;
        self.epochs.note(run, draft.hold_from_opening(), done.epoch);
        Ok(done.head)
    }

    async fn append(&self, run: &RunId, events: Vec<Happened>) -> Result<Head, StoreError> {
        let draft = Draft::of(run, self.epochs.of(run), events);
        let append = |disk: &mut Disk| disk.append(&draft);
        let done = self
            .commit(Label::Events(run, &draft.events), append)
            .await?;
        self.epochs.note(run, draft.hold(), done.epoch);
        Ok(done.head)
    }

    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        self.unless_dead().await;
        self.disk().records(run)
    }

    async fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().runs())
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().head())
    }

    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        let save = |disk: &mut Disk| {
            disk.save_plan(plan);
            Ok(())
        };
        self.commit(Label::Word("plan"), save).await
    }

    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().plan(phrase).cloned())
    }

    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError> {
        self.unless_dead().await;
        if self.disk().belongs_to(org_id)? {
            return Ok(());
        }
        let bind = |disk: &mut Disk| {
            if !disk.belongs_to(org_id)? {
                disk.bind_org(org_id);
            }
            Ok(())
        };
        self.commit(Label::Word("org"), bind).await
    }

    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().subjects_since(since))
    }
}

#[async_trait]
impl Archive for MemoryStore {
    fn is_recorded(&self) -> bool {
        false
    }

    async fn plan_of_run(&self, run: &RunId) -> Result<Option<Plan>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().plan_of_run(run).cloned())
    }

    async fn export(&self, run: &RunId) -> Result<Vec<Exported>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().export(run))
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Verified, StoreError> {
        self.unless_dead().await;
        let disk = self.disk();
        let mut verifier = Verifier::new(expected);
        disk.links().iter().for_each(|link| verifier.see(link));
        verifier.compare(&disk.runs());
        Ok(verifier.finish())
    }

    async fn purge_older_than(&self, before: Utc, at: Utc) -> Result<Purged, StoreError> {
        self.commit(Label::Word("purge"), |disk| Ok(disk.purge(before, at)))
            .await
    }
}
