//! One run: what its parts share, and the order they work in.
//!
//! Write and prove side by side, then look for signs of life, and for what was refused once,
//! and sweep again if there is any, at most [`SWEEPS_MAX`] times; then close with the verdict.
//! A run stopped by its person is left open: every intent and answer is in the ledger, and
//! `resume` goes on from there. One that another process took over stops too, and leaves the
//! rest to that process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join, select};
use tokio::sync::watch;

use super::late::Late;
use super::mass_order::{self, MassOrder};
use super::recorder::{Observer, Recorder};
use super::scout::{self, Scout};
use super::settled::Settled;
use super::snapshot::Snapshot;
use super::sweep::{self, Again};
use super::tenants::Tenants;
use super::{executor, prover};
use crate::approval::Vote;
use crate::connector::{DirectorySystem, System};
use crate::consent::Consent;
use crate::given::{Clock, Rng};
use crate::ledger::{Event, Happened, Mode, RunState, Store, StoreError, run_verdict};
use crate::model::{
    Action, ActionId, Finding, Plan, RunId, Severity, StepKey, SystemId, UserId, Utc, Vendor,
    Verdict,
};
use crate::transport::{Handover, MeterReading, Quota, Rank, Reader, Writer};

/// Rounds after the first.
const SWEEPS_MAX: u32 = 3;

/// What an engine is given.
#[derive(Clone)]
pub struct Tools {
    /// The identity source.
    pub directory: DirectorySystem,
    /// Everything else.
    pub services: Vec<System>,
    /// Every vendor that there is a connector for, configured or not.
    pub vendors: Vec<&'static Vendor>,
    /// The ledger.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub rng: Arc<dyn Rng>,
    /// `oust/<version>`
    pub tool: String,
    /// In which order many are evicted.
    pub mass_order: MassOrder,
}

impl Tools {
    /// All systems, the directory first.
    pub fn systems(&self) -> impl Iterator<Item = &System> {
        std::iter::once(&self.directory.system).chain(&self.services)
    }

    /// The system of this id.
    #[must_use]
    pub fn system(&self, id: &SystemId) -> Option<&System> {
        self.systems().find(|system| system.id == *id)
    }

    /// An action's declaration.
    #[must_use]
    pub fn action(&self, id: &ActionId) -> Option<&'static Action> {
        self.systems()
            .find_map(|system| system.connector.action(id))
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this verdict.
    Closed(Verdict),
    /// Stopped by its person, or because another process took the run over; open.
    Stopped,
}

/// Why a run could not begin or go on. Nothing was written by this command.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The consent is of another plan.
    #[error("the consent does not belong to this plan")]
    ForeignConsent,
    /// The ledger refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing of this run in the ledger.
    #[error("there is no run {0}")]
    NoSuchRun(String),
}

/// A run under way.
pub struct Run {
    pub(super) tools: Tools,
    pub(super) plan: Arc<Plan>,
    pub(super) consent: Consent,
    pub(super) recorder: Recorder,
    pub(super) stop: watch::Receiver<bool>,
    prove_for: Option<Duration>,
    snapshot: Mutex<Snapshot>,
    /// Where each subject stands in the case, and so in every list that follows its order.
    places: HashMap<UserId, usize>,
    /// Of a crowd: who needs no last look.
    settled: Settled,
    /// Where everybody is suspended first: the last step of that.
    last_lock: Option<StepKey>,
    /// When this command took it up.
    pub(super) taken_up_at: Utc,
    pub(super) late: Late,
    pub(super) scout: Scout,
    /// An earlier command made the plan.
    pub(super) resumed: bool,
    pub(super) tenants: Tenants,
    handover: Option<Arc<dyn Handover>>,
    /// What had been sent before a run went on: earlier commands, or a watch, answer for it.
    sent_before: HashMap<SystemId, MeterReading>,
}

/// What a run is started with, beside its plan.
pub struct Start {
    /// Agreed to the plan.
    pub consent: Consent,
    /// Who asked.
    pub requester: String,
    /// Evidence reads under way.
    pub snapshot: Snapshot,
    /// Watches.
    pub observer: Arc<dyn Observer>,
    /// Turns true when the person wants to stop.
    pub stop: watch::Receiver<bool>,
    /// Bounds the wait for proofs, where shorter than the vendors' own.
    pub prove_for: Option<Duration>,
    /// Takes secrets for a person; without it, what would bring one forth is not sent.
    pub handover: Option<Arc<dyn Handover>>,
}

impl Run {
    /// Opens a run: plan and consent are durable, its subjects are claimed.
    ///
    /// # Errors
    /// [`RunError`]; nothing was written.
    pub async fn begin(tools: Tools, plan: Plan, start: Start) -> Result<Self, RunError> {
        if !start.consent.covers(&plan) {
            return Err(RunError::ForeignConsent);
        }
        tools.store.bind_org(&plan.org_id).await?;
        // A plan of thousands is large: there is one, whoever looks at it.
        let plan = Arc::new(plan);
        let opened = Event::Opened {
            tool: tools.tool.clone(),
            mode: match plan.gives_back {
                None => Mode::Contain,
                Some(_) => Mode::Release,
            },
            requester: start.requester.clone(),
            plan: Arc::clone(&plan),
        };
        let events = Happened::at_once(tools.clock.now(), vec![opened, consented(&start.consent)]);
        let subjects: Vec<UserId> = plan
            .case
            .subjects
            .iter()
            .map(|who| who.id.clone())
            .collect();
        let head = tools
            .store
            .open_run(&plan.run, &subjects, events.clone())
            .await?;
        let mut state = RunState::default();
        see(&mut state, &events, &*start.observer);
        state.head = Some(head);
        Ok(Self::new(tools, plan, start, state))
    }

    /// Goes on with a run as its records tell it: what is in doubt is read back first, what is open
    /// is tried again, what is done is left alone.
    ///
    /// # Errors
    /// [`RunError`]; nothing was written.
    pub async fn resume(tools: Tools, mut state: RunState, start: Start) -> Result<Self, RunError> {
        let Some(plan) = state.plan.clone() else {
            return Err(RunError::NoSuchRun("with these records".into()));
        };
        tools.store.bind_org(&plan.org_id).await?;
        let reopened = Event::Reopened {
            by: start.requester.clone(),
            tool: tools.tool.clone(),
        };
        let events =
            Happened::at_once(tools.clock.now(), vec![reopened, consented(&start.consent)]);
        let head = tools.store.append(&plan.run, events.clone()).await?;
        see(&mut state, &events, &*start.observer);
        state.head = Some(head);
        let systems = tools.systems();
        let sent_before = systems
            .map(|system| (system.id.clone(), system.client.metered()))
            .collect();
        Ok(Self {
            resumed: true,
            sent_before,
            ..Self::new(tools, plan, start, state)
        })
    }

    fn new(tools: Tools, plan: Arc<Plan>, start: Start, state: RunState) -> Self {
        let recorder = Recorder::new(
            plan.run.clone(),
            Arc::clone(&tools.store),
            Arc::clone(&tools.clock),
            start.observer,
            state,
        );
        let subjects = plan.case.subjects.iter().enumerate();
        let places = subjects
            .map(|(place, who)| (who.id.clone(), place))
            .collect();
        let last_lock = mass_order::last_lock(&tools, &plan);
        Self {
            last_lock,
            settled: Settled::default(),
            taken_up_at: tools.clock.now(),
            tools,
            plan,
            consent: start.consent,
            recorder,
            stop: start.stop,
            prove_for: start.prove_for,
            snapshot: Mutex::new(start.snapshot),
            places,
            late: Late::default(),
            scout: Scout::default(),
            resumed: false,
            tenants: Tenants::default(),
            handover: start.handover,
            sent_before: HashMap::new(),
        }
    }

    /// The one place where a writer is made. What must not be left half done is written without
    /// heed of a stop; everything else by [`Run::held_writer`].
    pub(super) fn writer<'a>(&'a self, reader: &'a Reader) -> Writer<'a> {
        Writer::new(reader, &self.consent).handing_to(self.handover.as_deref())
    }

    /// A writer that sends nothing more once the run is stopped.
    pub(super) fn held_writer<'a>(&'a self, reader: &'a Reader) -> Writer<'a> {
        self.writer(reader).until(self.stop.clone())
    }

    /// Ends when the person wants to stop; never, if nobody can any more.
    pub(super) async fn told_to_stop(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending().await
        }
    }

    /// Carries the plan out, proves it, sweeps after signs of life, closes.
    pub async fn carry_out(&self) -> Ended {
        self.note_evidence();
        let mut again = Again::default();
        for round in 0..=SWEEPS_MAX {
            let pass = executor::Pass {
                again: (round > 0).then_some(&again),
            };
            self.pass(pass).await;
            if self.stopped() {
                self.recorder.flush().await;
                return Ended::Stopped;
            }
            // Whoever is let in again shows life, and is not locked: that is what was asked for.
            if self.gives_back() {
                break;
            }
            let stands = match round {
                0 => sweep::Round::First,
                SWEEPS_MAX => sweep::Round::Last,
                _ => sweep::Round::Later,
            };
            again = sweep::look(self, stands).await;
            if again.is_empty() {
                break;
            }
        }
        self.close().await
    }

    /// Writes, and reads back beside the writes and after them.
    async fn pass(&self, pass: executor::Pass<'_>) {
        let writes_ended = watch::channel(false);
        let writes = async {
            let writes = executor::contain(self, pass);
            match pass.again {
                Some(_) => writes.await,
                None if self.gives_back() => writes.await,
                None => beside(writes, scout::look_ahead(self)).await,
            }
            self.recorder.commit(vec![Event::WritesEnded]).await;
            let _ = writes_ended.0.send(true);
        };
        join(writes, prover::prove(self, writes_ended.1)).await;
    }

    /// The run as it stands.
    #[must_use]
    pub fn state(&self) -> RunState {
        self.recorder.read(Clone::clone)
    }

    /// Looks at the run as it stands, without a copy; it cannot go on meanwhile.
    pub fn with_state<T>(&self, look: impl FnOnce(&RunState) -> T) -> T {
        self.recorder.read(look)
    }

    /// What it carries out.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.plan.run
    }

    /// The verdict it closed with; `None` while it is open.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.recorder.read(|state| state.verdict)
    }

    /// A subject's entry in a list that holds one for each subject, found at once where the
    /// list is in the case's order; never another subject's.
    pub(super) fn entry_of<'l, T>(
        &self,
        list: &'l [T],
        subject: &UserId,
        whose: impl Fn(&T) -> &UserId,
    ) -> Option<&'l T> {
        let place = self.places.get(subject)?;
        list.get(*place)
            .filter(|entry| whose(entry) == subject)
            .or_else(|| list.iter().find(|entry| whose(entry) == subject))
    }

    /// Where a subject stands in the case, which lists whom to help first.
    pub(super) fn turn_of(&self, subject: &UserId, step: StepKey) -> u32 {
        let behind = match self.is_behind_all_locks(step) {
            true => self.places.len(),
            false => 0,
        };
        let place = self.places.get(subject).map(|place| place + behind);
        place.map_or(u32::MAX, |place| u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// He was read at the step when he was long out.
    pub(super) fn note_settled(&self, step: StepKey, subject: &UserId) {
        if let Some(place) = self.places.get(subject) {
            self.settled.note(step, *place, self.places.len());
        }
    }

    /// He may have grown something since, at any step.
    pub(super) fn forget_settled(&self, subject: &UserId) {
        if let Some(place) = self.places.get(subject) {
            self.settled.forget(*place);
        }
    }

    /// Whether that was noted of him.
    pub(super) fn is_settled(&self, step: StepKey, subject: &UserId) -> bool {
        let place = self.places.get(subject);
        place.is_some_and(|place| self.settled.holds(step, *place))
    }

    /// Whether a step waits behind everybody's suspension.
    pub(super) fn is_behind_all_locks(&self, step: StepKey) -> bool {
        mass_order::is_behind(step, self.last_lock)
    }

    /// Whether it is about so many that the quota is a queue.
    pub(super) fn is_crowd(&self) -> bool {
        self.plan.case.subjects.len() > executor::FEW_MAX
    }

    /// Whether it gives back what another run took.
    pub(super) fn gives_back(&self) -> bool {
        self.plan.gives_back.is_some()
    }

    /// Whether no further write may begin.
    pub(super) fn stopped(&self) -> bool {
        *self.stop.borrow() || self.recorder.is_taken_over()
    }

    /// How long a proof at `system` may stay pending.
    pub(super) fn prove_for(&self, system: &System) -> Duration {
        let vendor = system.connector.prove_for();
        self.prove_for.map_or(vendor, |asked| asked.min(vendor))
    }

    /// The place in the queue of a write or read in this stage.
    pub(super) fn rank(stage: u16) -> Rank {
        if stage == 0 {
            Rank::Evict
        } else {
            Rank::Contain
        }
    }

    fn note_evidence(&self) {
        let mut snapshot = self
            .snapshot
            .lock()
            .expect("no code panics while it holds this lock");
        for event in snapshot.before_the_first_write() {
            self.recorder.defer(event);
        }
    }

    async fn close(&self) -> Ended {
        if self.recorder.is_taken_over() {
            return Ended::Stopped;
        }
        let late = {
            let mut snapshot = self
                .snapshot
                .lock()
                .expect("no code panics while it holds this lock");
            snapshot.late()
        };
        for event in late {
            self.recorder.defer(event);
        }
        for system in self.tools.systems() {
            for told in system.client.told() {
                self.recorder.defer(Event::Noted {
                    finding: credential_told(told),
                });
            }
            if let Some(quota) = system.client.quota().filter(Quota::is_short) {
                self.recorder.defer(Event::Noted {
                    finding: quota_told(&system.id, quota),
                });
            }
        }
        let home = &self.tools.directory.system.id;
        let verdict = self
            .recorder
            .read(|state| run_verdict(state, &|id| self.tools.action(id), home));
        let requests = self
            .tools
            .systems()
            .map(|system| {
                let before = self.sent_before.get(&system.id).copied();
                let now = system.client.metered();
                (system.id.clone(), now.less(before.unwrap_or_default()))
            })
            .collect();
        self.recorder
            .commit(vec![Event::Closed { verdict, requests }])
            .await;
        if self.recorder.is_taken_over() {
            return Ended::Stopped;
        }
        Ended::Closed(verdict)
    }
}

/// Does the work, and what goes on beside it for as long as it lasts.
async fn beside(work: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let other = async {
        other.await;
        std::future::pending::<()>().await;
    };
    select(Box::pin(work), Box::pin(other)).await;
}

/// Takes events that are durable already.
fn see(state: &mut RunState, events: &[Happened], observer: &dyn Observer) {
    for Happened { at, event } in events {
        state.apply(*at, event);
        observer.saw(*at, event, state);
    }
}

fn consented(consent: &Consent) -> Event {
    Event::Consented {
        digest: consent.digest().to_owned(),
        kind: consent.kind(),
        by: consent.by().to_owned(),
        approvals: consent.votes().iter().map(Vote::record).collect(),
    }
}

fn quota_told(system: &SystemId, quota: Quota) -> Finding {
    Finding {
        severity: Severity::Warning,
        id: "quota".into(),
        text: format!(
            "{system} has {} of {} API requests left, which others use, too",
            quota.left(),
            quota.max
        ),
        hint: "find out what uses them, or have the quota raised, before the next incident".into(),
    }
}

fn credential_told(text: String) -> Finding {
    Finding {
        severity: Severity::High,
        id: "credential".into(),
        text,
        hint: String::new(),
    }
}
