//! The ledger in memory: for simulation, and behind the store that only prints.
//!
//! Answers as the SQLite store does, keeps the same texts and hashes, and is deterministic.
//! A [`Hook`] is asked before and after each commit and may let it fail or let the process
//! "die" there: from then on the store answers nobody, exactly as a dead process would, and
//! [`MemoryStore::crashed`] tells the simulation to drop it. What was committed is in
//! [`MemoryStore::snapshot`], from which the next one starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::archive::{Archive, Exported, Purged};
use super::chain::{self, GENESIS, Hash, Link, Verified};
use super::draft::{Draft, Title, Turn, event_of};
use super::{Event, Head, Record, RunRow, Store, StoreError};
use crate::model::{Plan, RunId, UserId, Utc, hex};

/// What stands for a path in this store's errors.
const PLACE: &str = "memory";

/// What has been committed: all that outlives a crash.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    org: Option<String>,
    links: Vec<Link>,
    runs: BTreeMap<RunId, Row>,
    claims: BTreeMap<UserId, RunId>,
    plans: BTreeMap<String, Plan>,
}

#[derive(Clone, Debug)]
struct Row {
    row: RunRow,
    subjects: Vec<UserId>,
    /// Stays when the subjects are forgotten.
    count: u64,
    /// Where its records are in `links`.
    places: Vec<usize>,
    purged: bool,
}

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
    disk: Mutex<Disk>,
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
        Self {
            disk: Mutex::new(disk),
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
        let after = disk.links.partition_point(|link| link.seq <= seq);
        disk.links[after..].to_vec()
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

impl Disk {
    fn open_run(&mut self, title: Title, draft: &Draft) -> Result<Head, StoreError> {
        self.refuse_if_held(&title.subjects, None)?;
        let run = &draft.run;
        if self.runs.contains_key(run) {
            return Err(StoreError::Exists { run: run.clone() });
        }
        let row = RunRow {
            id: run.clone(),
            opened_at: draft.at,
            closed_at: None,
            verdict: None,
            subjects: title.logins,
            playbook: title.playbook,
            wrote: false,
        };
        self.claim(run, &title.subjects);
        let row = Row {
            row,
            count: title.subjects.len() as u64,
            subjects: title.subjects,
            places: Vec::new(),
            purged: false,
        };
        self.runs.insert(run.clone(), row);
        self.append(draft)
    }

    fn append(&mut self, draft: &Draft) -> Result<Head, StoreError> {
        let run = draft.run.clone();
        let Some(row) = self.runs.get(&run) else {
            return Err(StoreError::NoRun { run });
        };
        if row.purged {
            return Err(StoreError::Purged { run });
        }
        if draft.turns.contains(&Turn::Reopened) {
            self.refuse_if_held(&row.subjects, Some(&run))?;
        }
        for turn in &draft.turns {
            self.take_turn(draft, turn);
        }
        let (mut seq, mut hash) = self.end();
        for body in &draft.bodies {
            seq += 1;
            hash = chain::link_hash(&hash, seq, &run, draft.at, &body.hash);
            let place = self.links.len();
            self.links.push(Link {
                seq,
                run: run.clone(),
                at: draft.at,
                body: Some(body.text.clone()),
                body_hash: body.hash,
                hash,
            });
            if let Some(row) = self.runs.get_mut(&run) {
                row.places.push(place);
            }
        }
        Ok(chain::head(seq, &hash))
    }

    fn take_turn(&mut self, draft: &Draft, turn: &Turn) {
        let Some(row) = self.runs.get_mut(&draft.run) else {
            return;
        };
        match turn {
            Turn::Wrote => row.row.wrote = true,
            Turn::Closed { verdict } => {
                row.row.closed_at = Some(draft.at);
                row.row.verdict = Some((*verdict).to_owned());
                self.claims.retain(|_, holder| *holder != draft.run);
            }
            Turn::Reopened => {
                row.row.closed_at = None;
                row.row.verdict = None;
                let subjects = row.subjects.clone();
                self.claim(&draft.run, &subjects);
            }
        }
    }

    fn refuse_if_held(&self, subjects: &[UserId], mine: Option<&RunId>) -> Result<(), StoreError> {
        for subject in subjects {
            if let Some(run) = self.claims.get(subject).filter(|run| Some(*run) != mine) {
                let (run, subject) = (run.clone(), subject.clone());
                return Err(StoreError::Busy { run, subject });
            }
        }
        Ok(())
    }

    fn claim(&mut self, run: &RunId, subjects: &[UserId]) {
        for subject in subjects {
            self.claims.insert(subject.clone(), run.clone());
        }
    }

    fn end(&self) -> (u64, Hash) {
        self.links
            .last()
            .map_or((0, GENESIS), |last| (last.seq, last.hash))
    }

    fn links_of(&self, run: &RunId) -> impl Iterator<Item = (usize, &Link)> {
        let places = self.runs.get(run).map(|row| &row.places[..]);
        let places = places.unwrap_or_default().iter();
        places.filter_map(|place| self.links.get(*place).map(|link| (*place, link)))
    }

    fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        if self.runs.get(run).is_some_and(|row| row.purged) {
            return Err(StoreError::Purged { run: run.clone() });
        }
        let records = self.links_of(run).map(|(_, link)| record_of(link));
        records.collect()
    }

    fn export(&self, run: &RunId) -> Vec<Exported> {
        let before = |place: usize| place.checked_sub(1).and_then(|at| self.links.get(at));
        self.links_of(run)
            .map(|(place, link)| {
                let prev = before(place).map_or(GENESIS, |link| link.hash);
                Exported::of(link.clone(), &prev)
            })
            .collect()
    }

    fn purge(&mut self, before: Utc, at: Utc) -> Result<Purged, StoreError> {
        let old = |row: &&Row| !row.purged && row.row.closed_at.is_some_and(|at| at < before);
        let mut runs: Vec<(Utc, RunId)> = self
            .runs
            .values()
            .filter(old)
            .map(|row| (row.row.opened_at, row.row.id.clone()))
            .collect();
        runs.sort();
        let mut purged = Purged::default();
        for (_, run) in runs {
            let emptied = self.empty(&run);
            let note = chain::purge_note(emptied, before);
            self.append(&Draft::of(&run, at, &[note]))?;
            if let Some(row) = self.runs.get_mut(&run) {
                row.purged = true;
                row.subjects.clear();
                row.row.subjects.clear();
            }
            purged.records += emptied;
            purged.runs.push(run);
        }
        let stored = self.plans.len();
        self.plans.retain(|_, plan| plan.made_at >= before);
        purged.plans = (stored - self.plans.len()) as u64;
        Ok(purged)
    }

    fn empty(&mut self, run: &RunId) -> u64 {
        let places: BTreeSet<usize> = self.links_of(run).map(|(place, _)| place).collect();
        let mut emptied = 0;
        for place in places {
            emptied += u64::from(self.links[place].body.take().is_some());
        }
        emptied
    }
}

/// A record with its event.
pub(super) fn record_of(link: &Link) -> Result<Record, StoreError> {
    let text = link.body.as_deref().unwrap_or_default();
    Ok(Record {
        seq: link.seq,
        run: link.run.clone(),
        at: link.at,
        event: event_of(text, PLACE, link.seq)?,
        hash: hex(&link.hash),
    })
}

/// What a commit is about; written out only where a hook asks.
enum Label<'e> {
    Events(&'e RunId, &'e [Event]),
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

fn name(event: &Event) -> Option<String> {
    let tagged = serde_json::to_value(event).ok()?;
    Some(tagged.get("event")?.as_str()?.to_owned())
}

#[async_trait]
impl Store for MemoryStore {
    async fn open_run(
        &self,
        run: &RunId,
        subjects: &[UserId],
        at: Utc,
        events: Vec<Event>,
    ) -> Result<Head, StoreError> {
        let title = Title::of(subjects, &events);
        let draft = Draft::of(run, at, &events);
        self.commit(Label::Events(run, &events), |disk| {
            disk.open_run(title, &draft)
        })
        .await
    }

    async fn append(&self, run: &RunId, at: Utc, events: Vec<Event>) -> Result<Head, StoreError> {
        let draft = Draft::of(run, at, &events);
        self.commit(Label::Events(run, &events), |disk| disk.append(&draft))
            .await
    }

    async fn records(&self, run: &RunId) -> Result<Vec<Record>, StoreError> {
        self.unless_dead().await;
        self.disk().records(run)
    }

    async fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.unless_dead().await;
        let mut runs: Vec<RunRow> = self.disk().runs.values().map(|r| r.row.clone()).collect();
        runs.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
        Ok(runs)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.unless_dead().await;
        let (seq, hash) = self.disk().end();
        Ok(chain::head(seq, &hash))
    }

    async fn save_plan(&self, plan: &Plan) -> Result<(), StoreError> {
        self.commit(Label::Word("plan"), |disk| {
            let kept = disk.plans.get(&plan.phrase());
            if kept.is_none_or(|kept| plan.made_at >= kept.made_at) {
                disk.plans.insert(plan.phrase(), plan.clone());
            }
            Ok(())
        })
        .await
    }

    async fn plan(&self, phrase: &str) -> Result<Option<Plan>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().plans.get(phrase).cloned())
    }

    async fn bind_org(&self, org_id: &str) -> Result<(), StoreError> {
        self.unless_dead().await;
        let bound = self.disk().org.clone();
        match bound {
            Some(theirs) if theirs == org_id => Ok(()),
            Some(theirs) => {
                let ours = org_id.to_owned();
                Err(StoreError::OtherOrg { theirs, ours })
            }
            None => {
                let bind = |disk: &mut Disk| {
                    disk.org = Some(org_id.to_owned());
                    Ok(())
                };
                self.commit(Label::Word("org"), bind).await
            }
        }
    }

    async fn subjects_since(&self, since: Utc) -> Result<u64, StoreError> {
        self.unless_dead().await;
        let disk = self.disk();
        let recent = disk.runs.values().filter(|row| row.row.opened_at >= since);
        Ok(recent.map(|row| row.count).sum())
    }
}

#[async_trait]
impl Archive for MemoryStore {
    fn is_recorded(&self) -> bool {
        false
    }

    async fn export(&self, run: &RunId) -> Result<Vec<Exported>, StoreError> {
        self.unless_dead().await;
        Ok(self.disk().export(run))
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Verified, StoreError> {
        self.unless_dead().await;
        Ok(chain::verify(&self.disk().links, expected.as_ref()))
    }

    async fn purge_older_than(&self, before: Utc, at: Utc) -> Result<Purged, StoreError> {
        self.commit(Label::Word("purge"), |disk| disk.purge(before, at))
            .await
    }
}
