//! A run as its events tell it. Pure: the same events always give the same state.
//!
//! Executor, prover, report, resume and release all read this one value; whoever wants to know
//! whether a call is in doubt asks here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Event, FirstReading, Head, Mode, before_state};
use crate::consent::ConsentKind;
use crate::model::{
    Change, ChangeId, Finding, Identity, Outcome, OutcomeKind, Plan, Proof, ProofState, Skip,
    StepKey, SystemId, UserId, Utc, Verdict,
};
use crate::transport::MeterReading;

/// A run, folded from its events.
#[derive(Clone, Debug, Default)]
pub struct RunState {
    /// The plan; `None` before `Opened`.
    pub plan: Option<Arc<Plan>>,
    /// What for.
    pub mode: Option<Mode>,
    /// `oust/<version>` of the last command that worked on it.
    pub tool: String,
    /// Who asked.
    pub requester: String,
    /// How, by whom and when it was agreed to.
    pub consent: Option<(ConsentKind, String, Utc)>,
    /// How the first consent was given, and when those who gave it decided: what later ones say
    /// is about going on.
    pub first_consent: Option<(ConsentKind, Utc)>,
    /// Every change, in the order they were planned or found.
    changes: Vec<ChangeState>,
    /// Where each stands among them. Hashed, as what is asked for all the time: a search by
    /// order reads a text at every turn, and among thousands each is far away.
    by_id: HashMap<ChangeId, usize>,
    /// The same by subject, with their steps: nobody looks through all changes for one's own.
    by_subject: HashMap<UserId, Vec<(StepKey, usize)>>,
    /// Intents so far.
    intents: u64,
    /// Ids in the order they were answered, once for every answer.
    answered: Vec<ChangeId>,
    late: BTreeMap<SystemId, BTreeMap<UserId, Identity>>,
    /// Steps that do nothing for a subject.
    pub skipped: BTreeMap<(StepKey, UserId), Skip>,
    /// Parts of the before-state by subject, and whether each came late. What was there is in the
    /// records alone ([`before_state`](super::before_state())).
    pub captured: BTreeMap<(UserId, String), bool>,
    /// Parts that had not answered before the first write, and why.
    pub not_captured: BTreeMap<(UserId, String), String>,
    /// Signs of life, each event once: subject, when, what.
    pub signs: Vec<(UserId, Utc, String)>,
    /// Ids of the events behind `signs`.
    pub sign_events: std::collections::BTreeSet<String>,
    /// Up to which event time the log was read.
    pub log_read_until: Option<Utc>,
    /// What people should know.
    pub findings: Vec<Finding>,
    /// When it was opened.
    pub opened_at: Option<Utc>,
    /// The first intent.
    pub first_write_at: Option<Utc>,
    first_readings: BTreeMap<(StepKey, UserId), FirstReading>,
    /// The last answer.
    pub last_answer_at: Option<Utc>,
    /// When all writes were done; `None` again once it is reopened.
    pub writes_ended_at: Option<Utc>,
    /// When it closed; `None` while open.
    pub closed_at: Option<Utc>,
    /// The verdict it closed with, or that later reads made of it; `None` while open.
    pub verdict: Option<Verdict>,
    /// Requests by system, over all commands that closed it.
    pub requests: BTreeMap<SystemId, MeterReading>,
    /// Where the ledger stood after the last event.
    pub head: Option<Head>,
}

/// What is known of one change.
#[derive(Clone, Debug)]
pub struct ChangeState {
    /// The change, which the plan has too.
    pub change: Arc<Change>,
    /// Times it was intended.
    pub attempts: u32,
    /// The how-manieth intent of the run its last one was, from 1; 0 before the first.
    pub order: u64,
    /// The last answer; `None` after an intent without one.
    pub outcome: Option<Outcome>,
    /// When that answer was recorded.
    pub answered_at: Option<Utc>,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
    /// What the last read showed.
    pub proof: Option<Proof>,
    /// Since when every read has shown it so.
    pub proven_since: Option<Utc>,
    /// When it was read again after the run had closed.
    pub read_again_at: Option<Utc>,
    /// Its proof was still awaited when the run was closed and opened again.
    pub overdue: bool,
    /// Every trace that any attempt left.
    pub receipts: Vec<crate::model::Receipt>,
}

impl ChangeState {
    fn new(change: Arc<Change>) -> Self {
        Self {
            change,
            attempts: 0,
            order: 0,
            outcome: None,
            answered_at: None,
            ms: None,
            proof: None,
            proven_since: None,
            read_again_at: None,
            overdue: false,
            receipts: Vec::new(),
        }
    }

    /// It left, and what came of it is unknown: it must be read back before it is repeated.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let unanswered = self.attempts > 0 && self.outcome.is_none();
        let doubted = matches!(&self.outcome, Some(outcome) if matches!(outcome.kind, OutcomeKind::InDoubt { .. }));
        // A read since then, of either kind, has settled it.
        let read = self.is_proven() || self.proof_is(ProofState::Refuted);
        (unanswered || doubted) && !read
    }

    /// The last read showed it so.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.proof_is(ProofState::Proven)
    }

    /// The last read showed this.
    #[must_use]
    pub fn proof_is(&self, state: ProofState) -> bool {
        self.proof
            .as_ref()
            .is_some_and(|proof| proof.state == state)
    }

    /// When a read first showed what the last one does, while it is proven; else when the
    /// last read was made. Reading again later does not move it.
    #[must_use]
    pub fn read_at(&self) -> Option<Utc> {
        let proof = self.proof.as_ref()?;
        Some(self.proven_since.unwrap_or(proof.at))
    }

    /// The vendor said yes to it.
    #[must_use]
    pub fn is_answered_well(&self) -> bool {
        self.outcome
            .as_ref()
            .is_some_and(|outcome| outcome.kind.is_good())
    }
}

impl RunState {
    /// Folds records from the beginning.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r super::Record>) -> Self {
        let mut state = Self::default();
        for record in records {
            state.take(record);
        }
        state
    }

    /// Takes the next record of its run.
    pub fn take(&mut self, record: &super::Record) {
        self.apply(record.at, &record.event);
        self.head = Some(Head {
            seq: record.seq,
            hash: record.hash.clone(),
        });
    }

    /// Whether a write may have left.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.first_write_at.is_some()
    }

    /// Every change, in the order they were planned or found.
    #[must_use]
    pub fn changes(&self) -> &[ChangeState] {
        &self.changes
    }

    /// What is known of the change of this id.
    #[must_use]
    pub fn change(&self, id: &ChangeId) -> Option<&ChangeState> {
        self.changes.get(*self.by_id.get(id)?)
    }

    fn change_mut(&mut self, id: &ChangeId) -> Option<&mut ChangeState> {
        self.changes.get_mut(*self.by_id.get(id)?)
    }

    /// One subject's changes at one step, in order.
    pub fn of_step<'s>(
        &'s self,
        step: StepKey,
        subject: &UserId,
    ) -> impl Iterator<Item = &'s ChangeState> + use<'s> {
        let his = self.by_subject.get(subject).into_iter().flatten();
        his.filter(move |(at, _)| *at == step)
            .filter_map(|(_, place)| self.changes.get(*place))
    }

    /// One subject's changes, in order.
    pub fn changes_of<'s>(
        &'s self,
        subject: &UserId,
    ) -> impl Iterator<Item = &'s ChangeState> + use<'s> {
        let his = self.by_subject.get(subject).into_iter().flatten();
        his.filter_map(|(_, place)| self.changes.get(*place))
    }

    /// Who a subject turned out to be at a system that answered only after the plan was made.
    #[must_use]
    pub fn late_identity(&self, system: &SystemId, subject: &UserId) -> Option<&Identity> {
        self.late.get(system)?.get(subject)
    }

    /// What was found of a step's targets that the plan could not read, when they first were.
    #[must_use]
    pub fn first_reading(&self, step: StepKey, subject: &UserId) -> Option<&FirstReading> {
        self.first_readings.get(&(step, subject.clone()))
    }

    /// The ids answered after the first `heard` answers.
    #[must_use]
    pub fn answered_after(&self, heard: usize) -> &[ChangeId] {
        self.answered.get(heard..).unwrap_or_default()
    }

    /// Takes one more event.
    pub fn apply(&mut self, at: Utc, event: &Event) {
        match event {
            Event::Opened {
                tool,
                mode,
                requester,
                plan,
            } => {
                self.opened_at = Some(at);
                self.tool.clone_from(tool);
                self.mode = Some(*mode);
                self.requester.clone_from(requester);
                for change in plan.changes() {
                    self.add(change);
                }
                self.take_planned_skips(plan);
                self.findings.extend(plan.findings.iter().cloned());
                self.plan = Some(Arc::clone(plan));
            }
            Event::Consented {
                kind,
                by,
                approvals,
                ..
            } => {
                let decided = approvals.iter().map(|each| each.at).max();
                // An approval's time is the approver's clock, which may be wrong.
                let decided = decided.map_or(at, |decided| decided.min(at));
                self.first_consent.get_or_insert((*kind, decided));
                self.consent = Some((*kind, by.clone(), at));
            }
            Event::Captured {
                subject,
                part,
                late,
                ..
            } => {
                let key = (subject.clone(), part.clone());
                if before_state::counts(*late, self.captured.contains_key(&key)) {
                    self.captured.insert(key, *late);
                }
            }
            Event::NotCaptured { subject, part, why } => {
                self.not_captured
                    .insert((subject.clone(), part.clone()), why.clone());
            }
            Event::Identified {
                system,
                subject,
                identity,
            } => {
                self.late
                    .entry(system.clone())
                    .or_default()
                    .insert(subject.clone(), identity.clone());
            }
            Event::FoundLater { change } => {
                self.runs_after_all((change.step, change.subject.clone()));
                self.add(&Arc::new((**change).clone()));
            }
            Event::Skipped {
                step,
                subject,
                skip,
            } => {
                self.skipped.insert((*step, subject.clone()), skip.clone());
            }
            Event::Reread {
                step,
                subject,
                first,
            } => {
                let key = (*step, subject.clone());
                if let Some(first) = first {
                    self.first_readings.insert(key.clone(), (**first).clone());
                }
                // Whose targets are read again has what his step requires.
                if matches!(
                    self.skipped.get(&key),
                    Some(Skip::Unread { .. } | Skip::Requires { .. })
                ) {
                    self.skipped.remove(&key);
                }
            }
            Event::SignOfLife {
                subject,
                seen_at,
                what,
                event_id,
            } => {
                if self.sign_events.insert(event_id.clone()) {
                    self.signs.push((subject.clone(), *seen_at, what.clone()));
                }
            }
            Event::LogRead { until } => {
                self.log_read_until = self.log_read_until.max(Some(*until));
            }
            Event::Noted { finding } => {
                if !self.findings.contains(finding) {
                    self.findings.push(finding.clone());
                }
            }
            Event::WritesEnded => self.writes_ended_at = Some(at),
            Event::Closed { verdict, requests } => {
                self.closed_at = Some(at);
                self.verdict = Some(*verdict);
                self.add_requests(requests);
            }
            Event::Judged { verdict } => {
                self.verdict = self.closed_at.map(|_| *verdict);
            }
            Event::Reopened { tool, .. } => {
                // A yes that was waited for in vain: nothing is coming any more.
                let in_vain = self.closed_at.is_some();
                for each in &mut self.changes {
                    let pending = each.proof_is(ProofState::Pending);
                    each.overdue = in_vain && pending && each.is_answered_well();
                }
                self.closed_at = None;
                self.verdict = None;
                self.writes_ended_at = None;
                self.tool.clone_from(tool);
            }
            Event::Intended { .. } | Event::Answered { .. } | Event::Proved { .. } => {
                self.apply_to_change(at, event);
            }
        }
    }

    fn apply_to_change(&mut self, at: Utc, event: &Event) {
        match event {
            Event::Intended { change, attempt } => {
                self.first_write_at = self.first_write_at.or(Some(at));
                self.intents += 1;
                let order = self.intents;
                if let Some(state) = self.change(change) {
                    let step = (state.change.step, state.change.subject.clone());
                    self.runs_after_all(step);
                }
                if let Some(state) = self.change_mut(change) {
                    // Done again after it was settled: the old call's event proves nothing
                    // about the new one. After a doubt either call may have done it.
                    if state.is_proven() || state.is_answered_well() {
                        state.receipts.clear();
                    }
                    state.overdue = false;
                    state.attempts = *attempt;
                    state.order = order;
                    state.outcome = None;
                    state.answered_at = None;
                    state.ms = None;
                    // What was read before this attempt says nothing about it.
                    state.proof = None;
                    state.proven_since = None;
                    state.read_again_at = None;
                }
            }
            Event::Answered {
                change,
                attempt,
                outcome,
                ms,
            } => {
                self.answered.push(change.clone());
                self.last_answer_at = Some(at);
                if let Some(state) = self.change_mut(change) {
                    // One, nearly always, of each of thousands.
                    state.receipts.reserve_exact(outcome.receipts.len());
                    state.receipts.extend(outcome.receipts.iter().cloned());
                    if *attempt < state.attempts {
                        // It answers an earlier attempt and says nothing about the last.
                        return;
                    }
                    state.outcome = Some(outcome.clone());
                    state.answered_at = Some(at);
                    state.ms = Some(*ms);
                }
            }
            Event::Proved { change, proof } => {
                let is_over = self.closed_at.is_some();
                if let Some(state) = self.change_mut(change) {
                    state.proven_since = (proof.state == ProofState::Proven)
                        .then(|| state.proven_since.unwrap_or(proof.at));
                    state.read_again_at = is_over.then_some(proof.at);
                    state.proof = Some(proof.clone());
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, change: &Arc<Change>) {
        if self.change(&change.id).is_none() {
            let place = self.changes.len();
            self.by_id.insert(change.id.clone(), place);
            let his = self.by_subject.entry(change.subject.clone()).or_default();
            his.push((change.step, place));
            self.changes.push(ChangeState::new(Arc::clone(change)));
        }
    }

    /// A step that has something to do is no longer skipped; what is beyond its ceiling, or could
    /// not be read, still is.
    fn runs_after_all(&mut self, step: (StepKey, UserId)) {
        let open = matches!(
            self.skipped.get(&step),
            Some(Skip::CeilingPassed { .. } | Skip::Unread { .. })
        );
        if !open {
            self.skipped.remove(&step);
        }
    }

    fn take_planned_skips(&mut self, plan: &Plan) {
        for step in plan.steps() {
            for each in &step.subjects {
                if let Some(skip) = &each.skip {
                    self.skipped
                        .insert((step.key, each.subject.clone()), skip.clone());
                }
            }
        }
    }

    fn add_requests(&mut self, requests: &BTreeMap<SystemId, MeterReading>) {
        for (system, reading) in requests {
            let sum = self.requests.entry(system.clone()).or_default();
            sum.reads += reading.reads;
            sum.writes += reading.writes;
            sum.retries += reading.retries;
            sum.throttled += reading.throttled;
        }
    }
}
