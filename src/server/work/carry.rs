//! Carries a run out, or goes on with one, and tells what became of it.
//!
//! The run itself is the ledger's: whatever happens to this process, its records say how far it
//! came. A run that this server began is gone on with by the consent that the ledger has of it; a
//! person's is left to the person.

use std::sync::Arc;
use std::time::Duration;

use super::Worker;
use crate::consent::{Consent, ConsentKind, Recorded};
use crate::desk::ProposalState;
use crate::engine::{Ended, Observer, Run, RunError, Snapshot, Start, Tools};
use crate::ledger::{Event, Mode, Record, RunState, StoreError};
use crate::model::{Fate, Plan, RunId, Source, Utc, Verdict};
use crate::notify::NoticeKind;
use crate::report::Report;
use crate::server::{Item, News, metrics};

/// How long a run that another process works on is left alone.
const ELSEWHERE: Duration = Duration::from_secs(30);

/// A run to carry out.
pub(super) struct Carry {
    pub(super) run: RunId,
    what: What,
    tools: Tools,
    /// The alert that it settles.
    alert: Option<String>,
}

/// What it starts from.
pub(super) enum What {
    /// A plan that was just agreed to.
    Begin {
        /// The plan.
        plan: Box<Plan>,
        /// Agreed to it.
        consent: Consent,
        /// Evidence reads under way.
        snapshot: Snapshot,
    },
    /// A run that goes on.
    GoOn {
        /// Its plan.
        plan: Arc<Plan>,
        /// As its records tell it.
        state: Box<RunState>,
        /// The consent in them.
        consent: Consent,
    },
}

impl Carry {
    pub(super) fn new(run: RunId, what: What, tools: Tools) -> Self {
        Self {
            run,
            what,
            tools,
            alert: None,
        }
    }

    /// The same, which settles an alert when it ends.
    pub(super) fn settling(mut self, alert: &str) -> Self {
        self.alert = Some(alert.to_owned());
        self
    }
}

/// Says that something happened in a run.
pub(super) struct Told(pub(super) News, pub(super) RunId);

impl Observer for Told {
    fn saw(&self, _: Utc, _: &Event, _: &RunState) {
        self.0.tell(Item::Run(self.1.clone()));
    }
}

impl Worker {
    /// Runs that a server began here and nobody ended.
    pub(super) async fn unfinished(&self) -> Vec<Carry> {
        let rows = match self.archive.unfinished().await {
            Ok(rows) => rows,
            Err(why) => {
                tracing::error!("which runs are unfinished could not be read: {why}");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for row in rows {
            let Ok(records) = self.archive.records(&row.id).await else {
                continue;
            };
            let state = RunState::of(&records);
            if let Some(carry) = self.gone_on_with(&row.id, &records, state) {
                let what = format!(
                    "run {} on {} is unfinished since {}: it goes on",
                    row.id,
                    row.subjects.join(", "),
                    row.opened_at
                );
                tracing::warn!("{what}");
                self.audit(what).await;
                found.push(carry);
            }
        }
        found
    }

    /// An unfinished run of a server's, if its own consent is in its records.
    pub(super) fn gone_on_with(
        &self,
        run: &RunId,
        records: &[Record],
        state: RunState,
    ) -> Option<Carry> {
        let plan = state.plan.clone()?;
        let is_servers = !matches!(plan.case.source, Source::Person(_));
        if !is_servers || state.mode != Some(Mode::Contain) || state.verdict.is_some() {
            return None;
        }
        let given = records
            .iter()
            .rev()
            .find_map(|record| match &record.event {
                // Containing again what came back rests on what was agreed to before.
                Event::Consented {
                    kind: ConsentKind::Watch,
                    ..
                } => None,
                Event::Consented {
                    digest, kind, by, ..
                } => Some(Recorded {
                    digest: digest.clone(),
                    kind: *kind,
                    by: by.clone(),
                    at: record.at,
                }),
                _ => None,
            })?;
        let consent = match Consent::recorded(&plan, &given) {
            Ok(consent) => consent,
            Err(why) => {
                tracing::warn!("run {run} is unfinished: {why}: oust runs resume {run}");
                return None;
            }
        };
        let tools = match self.open(run) {
            Ok(tools) => tools,
            Err(why) => {
                tracing::error!("run {run} is unfinished: {why}");
                return None;
            }
        };
        let what = What::GoOn {
            plan,
            state: Box::new(state),
            consent,
        };
        Some(Carry::new(run.clone(), what, tools))
    }

    /// From the first write to what is told of it.
    pub(super) async fn carry_out(&self, carry: Carry) {
        let run = carry.run.clone();
        if !self.take_hold(&run) {
            self.leave(carry.alert.as_deref()).await;
            return;
        }
        self.carry_held(carry).await;
        self.let_go(&run);
        // An approval of the same run may have come to the desk meanwhile.
        self.shared.bell.notify_one();
    }

    async fn carry_held(&self, carry: Carry) {
        let Carry {
            run: id,
            what,
            tools,
            alert,
        } = carry;
        let (plan, state, consent, snapshot) = match what {
            What::Begin {
                plan,
                consent,
                snapshot,
            } => (Arc::new(*plan), None, consent, snapshot),
            What::GoOn {
                plan,
                state,
                consent,
            } => (plan, Some(state), consent, Snapshot::default()),
        };
        let subjects: Vec<String> = plan
            .case
            .subjects
            .iter()
            .map(|who| who.login.clone())
            .collect();
        if state.is_none() {
            // Before our own revocations trip anybody's rules.
            self.tell(NoticeKind::Starting {
                run: id.clone(),
                subjects: subjects.clone(),
                playbook: plan.playbook.name.clone(),
                by: consent.by().to_owned(),
                user_agent: format!("{} run={id}", tools.tool),
            });
        }
        let start = Start {
            consent,
            requester: plan.case.source.name().to_owned(),
            snapshot,
            observer: Arc::new(Told(self.shared.news.clone(), id.clone())),
            stop: self.stop.clone(),
            prove_for: None,
            handover: None,
        };
        let begun = match state {
            None => Run::begin(tools, Arc::unwrap_or_clone(plan), start).await,
            Some(state) => Run::resume(tools, *state, start).await,
        };
        let run = match begun {
            Ok(run) => run,
            Err(error) => return self.not_begun(&id, &error, alert.as_deref()).await,
        };
        tracing::info!("run {id} on {} has begun", subjects.join(", "));
        self.begun(&id).await;
        match run.carry_out().await {
            Ended::Closed(verdict) => {
                tracing::info!("run {id} ended {}", verdict.word());
                metrics::run_ended(verdict.word());
                run.with_state(|state| self.measure(state));
                self.closed(&id, subjects, verdict).await;
                self.begin_watch(&id).await;
                if let Some(alert) = alert {
                    let run = id;
                    self.settle(&alert, Fate::Contained { run, verdict }).await;
                }
            }
            Ended::Stopped => self.leave(alert.as_deref()).await,
        }
    }

    /// Counts how long it took. A time that was not come to is no number.
    fn measure(&self, state: &RunState) {
        let home = &self.tools.directory.system.id;
        let report = Report::of(state, &|id| self.tools.action(id), home);
        if let Some(times) = &report.timings.whole {
            metrics::took(times);
        }
    }

    /// A proposal of this run is being carried out from now on.
    pub(super) async fn begun(&self, run: &RunId) {
        let (from, to) = (ProposalState::Approved, ProposalState::Begun);
        match self.desk.move_proposal(run, from, to).await {
            Ok(true) => self.shared.news.tell(Item::Proposal(run.clone())),
            Ok(false) => {}
            // It is found in the ledger by whoever looks at the desk next.
            Err(why) => tracing::error!("the desk could not note that {run} began: {why}"),
        }
    }

    pub(super) async fn closed(&self, run: &RunId, subjects: Vec<String>, verdict: Verdict) {
        let head = self.archive.head().await.ok();
        self.tell(NoticeKind::Ended {
            run: run.clone(),
            says: format!("{} ended {}", subjects.join(", "), verdict.word()),
            subjects,
            verdict,
            ledger_head: head.map(|head| (head.seq, head.hash)),
        });
        self.shared.news.tell(Item::Run(run.clone()));
    }

    async fn not_begun(&self, run: &RunId, error: &RunError, alert: Option<&str>) {
        tracing::warn!("run {run} did not begin: {error}");
        let Some(alert) = alert else {
            return;
        };
        match error {
            RunError::Store(StoreError::Busy { run: other, .. }) => {
                let run = other.clone();
                self.settle(alert, Fate::Joined { run }).await;
            }
            // It is in the ledger, or cannot be now: looked at again, it is found there.
            _ => self.leave(Some(alert)).await,
        }
    }

    /// Leaves an alert to be looked at again. If we are stopped, the next process does.
    async fn leave(&self, alert: Option<&str>) {
        if let Some(id) = alert.filter(|_| !*self.stop.borrow()) {
            self.put_back(id, ELSEWHERE).await;
        }
    }
}
