//! The worker: takes alerts from the inbox, and sees each through to what becomes of it.
//!
//! An alert is looked into (`look`), which may end it; else a plan is proposed (`propose`) or
//! carried out by itself (`automatic`). What people approved is carried out here too (`approved`),
//! and what a process before this one began is gone on with (`carry`).
//!
//! Every step can be repeated: the run that an alert may become has its id from the alert, so that
//! whoever comes after a crash finds what was begun instead of beginning again. What is decided is
//! one commit each, and an alert is settled last.
//!
//! Several are worked on at once, at most two of one source, so that none stands before another's.
//! A run that has begun holds no place.

mod already;
mod approved;
mod automatic;
mod carry;
mod held;
mod ids;
mod look;
mod people;
mod propose;
mod watches;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use self::carry::Carry;
use self::held::Held;
use super::{Item, Shared};
use crate::approval::Approvers;
use crate::config::AlertRules;
use crate::desk::{Audited, Desk, Proposal, Watch};
use crate::engine::Tools;
use crate::guard::GuardConfig;
use crate::inbox::{Entry, InboxError};
use crate::ledger::{Archive, StoreError};
use crate::model::{Fate, Owner, RunId};
use crate::notify::{Notice, NoticeKind, Notifier};
use crate::sqlite::FileError;

/// Alerts of one source that are looked into at once.
const OF_SOURCE: usize = 2;

/// Alerts that are looked into at once.
const AT_ONCE: usize = 8;

/// How often is looked when nobody rings: another process receives, or somebody decided there.
const EVERY: Duration = Duration::from_secs(1);

/// How long an alert waits that could not be dealt with, by how often it was tried.
const AGAIN: [Duration; 4] = [
    Duration::from_secs(20),
    Duration::from_secs(60),
    Duration::from_secs(180),
    Duration::from_secs(600),
];

/// After so many attempts it is told as failed: what cannot be asked for so long, a person knows.
const ATTEMPTS_MAX: u32 = 12;

/// Opens the systems: for one run, or for looking alone. Each has its own user agent.
pub type OpenTools = Arc<dyn Fn(Option<&RunId>) -> Result<Tools, String> + Send + Sync>;

/// What a worker is given beside what all share.
pub struct Setup {
    /// Opens the systems.
    pub open: OpenTools,
    /// What becomes of which alert; complete.
    pub rules: AlertRules,
    /// The kinds of the sources, by name.
    pub kinds: BTreeMap<String, String>,
    /// The guards' limits.
    pub guards: GuardConfig,
    /// Automatic runs of one source and hour.
    pub cap_source: u64,
    /// Whom to call about an app.
    pub owners: Vec<Owner>,
    /// Whom to tell.
    pub notifier: Arc<dyn Notifier>,
    /// Whose decisions count, and how many.
    pub approvers: Approvers,
    /// For how long what a run contained is watched; `None`: it is not.
    pub watch: Option<Duration>,
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// It is given no ledger or no desk.
    #[error("a process that only receives has no worker")]
    ReceivesOnly,
    /// The systems could not be opened.
    #[error("{0}")]
    Systems(String),
    /// Another process works on the inbox, or it cannot be used.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

/// Works.
#[derive(Clone)]
pub struct Worker {
    shared: Shared,
    desk: Arc<dyn Desk>,
    archive: Arc<dyn Archive>,
    setup: Arc<Setup>,
    /// For looking.
    tools: Tools,
    /// Accounts that an alert is being looked into for.
    held: Held,
    /// Runs that are being carried out here.
    carrying: Arc<Mutex<BTreeSet<RunId>>>,
    stop: watch::Receiver<bool>,
}

/// What comes next for an alert.
enum Next {
    /// It is dealt with.
    Settle(Fate),
    /// It waits and is tried again.
    Later(Duration),
    /// A run is carried out, which settles it.
    Carry(Box<Carry>),
}

/// What kept us from deciding; the alert is tried again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The desk.
    #[error(transparent)]
    Desk(#[from] FileError),
    /// The systems.
    #[error("{0}")]
    Systems(String),
}

/// What a task did.
enum Done {
    /// An alert was decided on.
    Alert(Option<Box<Carry>>),
    /// A run ended, or was looked at.
    Run,
}

/// How a task ended.
type Ended = Result<(Id, Done), tokio::task::JoinError>;

/// What a task is about, should it panic.
#[derive(Default)]
struct Job {
    /// The alert and its source.
    alert: Option<(String, String)>,
    /// The run.
    run: Option<RunId>,
    /// It is only looked at, whether it holds.
    is_watch: bool,
}

impl Job {
    /// About this run.
    fn of(run: &RunId) -> Self {
        Self {
            run: Some(run.clone()),
            ..Self::default()
        }
    }
}

impl Worker {
    /// A worker; nothing is taken yet.
    ///
    /// # Errors
    /// [`WorkError`], if it cannot work.
    pub fn new(
        shared: Shared,
        setup: Setup,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, WorkError> {
        let (Some(desk), Some(archive)) = (shared.desk.clone(), shared.archive.clone()) else {
            return Err(WorkError::ReceivesOnly);
        };
        let tools = (setup.open)(None).map_err(WorkError::Systems)?;
        Ok(Self {
            shared,
            desk,
            archive,
            setup: Arc::new(setup),
            tools,
            held: Held::default(),
            carrying: Arc::default(),
            stop,
        })
    }

    /// Works until it is stopped: then nothing new is taken, runs end the change in flight, and
    /// all else is where a later process finds it.
    ///
    /// # Errors
    /// [`WorkError::Inbox`], if another process works on the inbox.
    pub async fn work(&self) -> Result<(), WorkError> {
        self.shared.inbox.begin_work().await?;
        let mut tasks = Tasks::default();
        for carry in self.unfinished().await {
            tasks.carry(self, carry);
        }
        let mut stop = self.stop.clone();
        while !*stop.borrow() {
            self.look_at_the_desk(&mut tasks).await;
            self.look_at_the_watches(&mut tasks).await;
            while let Some(entry) = self.take(&tasks).await {
                tasks.look_into(self, entry);
            }
            if let Some(ended) = self.woken(&mut tasks, &mut stop).await {
                self.ended(&mut tasks, ended).await;
            }
        }
        while let Some(ended) = tasks.set.join_next_with_id().await {
            // What would follow is found again by the next process.
            drop(ended);
        }
        Ok(())
    }

    /// Waits until a task ends, somebody rings, it is time to look, or we are to stop.
    async fn woken(&self, tasks: &mut Tasks, stop: &mut watch::Receiver<bool>) -> Option<Ended> {
        let ended = async {
            match tasks.set.is_empty() {
                true => std::future::pending().await,
                false => tasks.set.join_next_with_id().await,
            }
        };
        let bell = self.shared.bell.notified();
        let woken = select(Box::pin(bell), self.shared.clock.sleep(EVERY));
        let woken = select(Box::pin(woken), Box::pin(told_to_stop(stop)));
        match select(Box::pin(ended), woken).await {
            Either::Left((ended, _)) => ended,
            Either::Right(_) => None,
        }
    }

    async fn take(&self, tasks: &Tasks) -> Option<Entry> {
        if *self.stop.borrow() || tasks.alerts() >= AT_ONCE {
            return None;
        }
        let now = self.shared.clock.now();
        match self.shared.inbox.take(now, 1, &tasks.busy()).await {
            Ok(taken) => taken.into_iter().next(),
            Err(why) => {
                tracing::error!("no alert could be taken: {why}");
                None
            }
        }
    }

    async fn ended(&self, tasks: &mut Tasks, ended: Ended) {
        match ended {
            Ok((id, done)) => {
                tasks.jobs.remove(&id);
                if let Done::Alert(Some(carry)) = done {
                    tasks.carry(self, *carry);
                }
            }
            Err(error) => {
                let Some(job) = tasks.jobs.remove(&error.id()) else {
                    return;
                };
                if let Some(run) = &job.run {
                    self.let_go(run);
                }
                if let (true, Some((id, _))) = (error.is_panic(), &job.alert) {
                    let why = "a bug of oust's: it panicked over it".to_owned();
                    self.settle(id, Fate::Failed { why }).await;
                }
            }
        }
    }

    /// One alert, from being taken to what comes next.
    async fn see_through(&self, entry: &Entry) -> Option<Box<Carry>> {
        match self.decide(entry).await {
            Ok(Next::Settle(fate)) => self.settle(&entry.id, fate).await,
            Ok(Next::Later(wait)) => self.put_back(&entry.id, wait).await,
            Ok(Next::Carry(carry)) => return Some(carry),
            Err(trouble) if entry.attempts >= ATTEMPTS_MAX => {
                let why = trouble.to_string();
                self.tell_people(entry, &why, "look into it with oust investigate");
                self.settle(&entry.id, Fate::Failed { why }).await;
            }
            Err(trouble) => {
                tracing::warn!("alert {}: {trouble}; it is tried again", entry.id);
                self.put_back(&entry.id, again(entry.attempts)).await;
            }
        }
        None
    }

    /// Says what became of an alert, until that is durable.
    async fn settle(&self, id: &str, fate: Fate) {
        tracing::info!("alert {id}: {}", fate.sentence());
        let inbox = &self.shared.inbox;
        self.until_durable("settled", id, || {
            inbox.settle(id, fate.clone(), self.shared.clock.now())
        })
        .await;
        self.shared.news.tell(Item::Alert(id.to_owned()));
    }

    async fn put_back(&self, id: &str, wait: Duration) {
        let due = self.shared.clock.now().plus(wait);
        let inbox = &self.shared.inbox;
        self.until_durable("put back", id, || inbox.put_back(id, due))
            .await;
    }

    /// Tries until it succeeds or we are stopped; the alert stays taken then, and the next process
    /// finds it waiting.
    async fn until_durable<F>(&self, what: &str, id: &str, commit: impl Fn() -> F)
    where
        F: Future<Output = Result<(), InboxError>>,
    {
        while let Err(why) = commit().await {
            tracing::error!("alert {id} could not be {what}: {why}");
            if *self.stop.borrow() {
                return;
            }
            self.shared.clock.sleep(EVERY).await;
        }
    }

    /// Tells people that one of them has to look.
    fn tell_people(&self, entry: &Entry, why: &str, next: &str) {
        let name = |who: &crate::model::Hinted| {
            let id = who.okta_id.as_ref().map(ToString::to_string);
            who.login.clone().or(id).unwrap_or_default()
        };
        self.tell(NoticeKind::Refused {
            subjects: entry.alert.subjects.iter().map(name).collect(),
            why: why.to_owned(),
            next: next.to_owned(),
        });
    }

    fn tell(&self, what: NoticeKind) {
        let at = self.shared.clock.now();
        self.setup.notifier.tell(Notice { at, what });
    }

    /// Notes that the server did something; that it could not be noted stops nothing.
    async fn audit(&self, what: String) {
        let at = self.shared.clock.now();
        let by = "server".to_owned();
        if let Err(why) = self.desk.audit(&Audited { at, by, what }).await {
            tracing::error!("not noted at the desk: {why}");
        }
    }

    /// Whether this process begins to carry a run out now; `false` if it does already.
    fn take_hold(&self, run: &RunId) -> bool {
        let mut carrying = self.carrying.lock().unwrap_or_else(PoisonError::into_inner);
        carrying.insert(run.clone())
    }

    fn let_go(&self, run: &RunId) {
        let mut carrying = self.carrying.lock().unwrap_or_else(PoisonError::into_inner);
        carrying.remove(run);
    }

    fn is_carrying(&self, run: &RunId) -> bool {
        let carrying = self.carrying.lock().unwrap_or_else(PoisonError::into_inner);
        carrying.contains(run)
    }
}

/// Resolves when somebody says so; whoever could say so and is gone never does.
pub(super) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    if stop.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How long to wait after so many attempts.
fn again(attempts: u32) -> Duration {
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    AGAIN[place.min(AGAIN.len() - 1)]
}

/// What is under way.
#[derive(Default)]
struct Tasks {
    set: JoinSet<Done>,
    jobs: HashMap<Id, Job>,
}

impl Tasks {
    fn look_into(&mut self, worker: &Worker, entry: Entry) {
        let alert = Some((entry.id.clone(), entry.alert.source.clone()));
        let worker = worker.clone();
        let task = async move { Done::Alert(worker.see_through(&entry).await) };
        let job = Job {
            alert,
            ..Job::default()
        };
        self.spawn(job, task);
    }

    fn carry(&mut self, worker: &Worker, carry: Carry) {
        let job = Job::of(&carry.run);
        let worker = worker.clone();
        let task = async move {
            worker.carry_out(carry).await;
            Done::Run
        };
        self.spawn(job, task);
    }

    fn approved(&mut self, worker: &Worker, proposal: Proposal) {
        let job = Job::of(&proposal.run);
        let worker = worker.clone();
        let task = async move {
            worker.carry_approved(proposal).await;
            Done::Run
        };
        self.spawn(job, task);
    }

    fn watch(&mut self, worker: &Worker, watch: Watch) {
        let job = Job {
            is_watch: true,
            ..Job::of(&watch.run)
        };
        let worker = worker.clone();
        let task = async move {
            worker.keep_watch(watch).await;
            Done::Run
        };
        self.spawn(job, task);
    }

    fn spawn(&mut self, job: Job, task: impl Future<Output = Done> + Send + 'static) {
        let id = self.set.spawn(task).id();
        self.jobs.insert(id, job);
    }

    fn watches(&self) -> usize {
        let jobs = self.jobs.values();
        jobs.filter(|job| job.is_watch).count()
    }

    /// Whether something is under way for this run.
    fn works_on(&self, run: &RunId) -> bool {
        let mut jobs = self.jobs.values();
        jobs.any(|job| job.run.as_ref() == Some(run))
    }

    fn alerts(&self) -> usize {
        let jobs = self.jobs.values();
        jobs.filter(|job| job.alert.is_some()).count()
    }

    /// Sources that are worked on to their limit.
    fn busy(&self) -> Vec<String> {
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, source) in self.jobs.values().filter_map(|job| job.alert.as_ref()) {
            *of.entry(source).or_default() += 1;
        }
        let full = of.into_iter().filter(|(_, number)| *number >= OF_SOURCE);
        full.map(|(source, _)| source.to_owned()).collect()
    }
}
