//! What is added up over the subjects of a run, one at a time, so that nobody needs them all at once.
//!
//! [`Sums`] are the parts of every report that are about the run as a whole; [`AllSums`] those that
//! stand in for the subjects of a report that does not hold them ([`OfAll`]).

use super::object::{
    ChangeReport, Counts, DoneForMany, Manual, OfAll, Residual, ResidualOfMany, StepOutcome,
    StepReport, SubjectReport, SystemPace, SystemReport,
};
use super::residual;
use crate::model::{ProofState, SystemId, Utc, Verdict};

/// Kinds of residual told at most; what differs from one subject to the next is told in the file.
const RESIDUAL_MAX: usize = 100;

/// Systems, subjects and times of a run.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) systems: Vec<SystemReport>,
    pub(super) counts: Counts,
    pub(super) by_hand: Vec<Manual>,
    pub(super) worst: Option<Verdict>,
    evicted_ms: u64,
    is_one_not_evicted: bool,
}

impl Sums {
    pub(super) fn add(&mut self, who: &SubjectReport) {
        for each in &who.systems {
            match self.systems.iter_mut().find(|row| row.id == each.id) {
                Some(row) => {
                    row.verdict = row.verdict.max(each.verdict);
                    row.unproven += each.unproven;
                }
                None => self.systems.push(SystemReport {
                    id: each.id.clone(),
                    vendor: each.id.vendor().to_owned(),
                    verdict: each.verdict,
                    unproven: each.unproven,
                }),
            }
        }
        self.worst = self.worst.max(Some(who.verdict));
        self.counts.subjects += 1;
        self.counts.residual += who.residual.len();
        *match who.verdict {
            Verdict::Released => &mut self.counts.released,
            Verdict::Contained => &mut self.counts.contained,
            Verdict::Partial => &mut self.counts.partial,
            Verdict::Unknown => &mut self.counts.unknown,
            Verdict::NotAttempted => &mut self.counts.not_attempted,
        } += 1;
        self.by_hand.extend(residual::by_hand(who));
        match who.evicted_ms {
            Some(ms) => self.evicted_ms = self.evicted_ms.max(ms),
            None => self.is_one_not_evicted = true,
        }
    }

    /// Milliseconds until the last was evicted; `None` if one is not.
    pub(super) fn evicted_ms(&self) -> Option<u64> {
        let all = self.counts.subjects > 0 && !self.is_one_not_evicted;
        all.then_some(self.evicted_ms)
    }
}

/// What is said of all of many subjects.
pub(super) struct AllSums {
    all: OfAll,
    closed_at: Option<Utc>,
}

impl AllSums {
    /// `closed_at` is when the run was over: what is read later is no pace of the run's.
    pub(super) fn new(closed_at: Option<Utc>) -> Self {
        Self {
            all: OfAll::default(),
            closed_at,
        }
    }

    pub(super) fn add(&mut self, who: &SubjectReport) {
        self.all.can_reenter += usize::from(who.can_reenter);
        self.all.last_evicted_at = self.all.last_evicted_at.max(who.evicted_at);
        for step in &who.steps {
            if step.changes.iter().any(is_made) {
                self.done(step);
            }
            for change in &step.changes {
                self.change(&step.system, change);
            }
        }
        for left in &who.residual {
            self.left(&who.login, left);
        }
    }

    /// One that is open, and has no room in the report itself.
    pub(super) fn add_open_in_file(&mut self) {
        self.all.open_in_file += 1;
    }

    pub(super) fn done_with(self) -> OfAll {
        self.all
    }

    fn done(&mut self, step: &StepReport) {
        let mut known = self.all.done.iter_mut();
        match known.find(|each| each.action == step.action && each.system == step.system) {
            Some(each) => each.times += 1,
            None => self.all.done.push(DoneForMany {
                action: step.action.clone(),
                system: step.system.clone(),
                times: 1,
                attack: step.attack.clone(),
                d3fend: step.d3fend.clone(),
            }),
        }
    }

    fn change(&mut self, system: &SystemId, change: &ChangeReport) {
        let all = &mut self.all;
        all.changes += 1;
        all.made += usize::from(is_made(change));
        all.in_doubt += usize::from(change.outcome == StepOutcome::InDoubt);
        all.found_later += usize::from(change.found_after_plan);
        let proof = change.proof.as_ref();
        if let Some((proof, at)) = proof.and_then(|proof| Some((proof, proof.read_again_at?))) {
            all.read_again += 1;
            all.not_so_any_more += usize::from(proof.state != ProofState::Proven);
            all.last_read_again_at = all.last_read_again_at.max(Some(at));
        }
        if let Some((answered, sent)) = call(change) {
            let read = read(change, self.closed_at);
            match all.pace.iter_mut().find(|each| each.system == *system) {
                Some(each) => {
                    each.sent = each.sent.min(sent);
                    each.answered = each.answered.max(answered);
                    each.read = each.read.max(read);
                }
                None => all.pace.push(SystemPace {
                    system: system.clone(),
                    sent,
                    answered,
                    read,
                }),
            }
        }
    }

    fn left(&mut self, login: &str, left: &Residual) {
        let mut known = self.all.residual.iter_mut();
        if let Some(known) = known.find(|each| is_alike(&each.left, left)) {
            known.subjects += 1;
            known.left.ends_at = known.left.ends_at.max(left.ends_at);
        } else if self.all.residual.len() < RESIDUAL_MAX {
            self.all.residual.push(ResidualOfMany {
                subjects: 1,
                login: login.to_owned(),
                left: left.clone(),
            });
        } else {
            self.all.more_residual += 1;
        }
    }
}

/// The same but for the moment at which it ends.
fn is_alike(one: &Residual, other: &Residual) -> bool {
    let rest = |of: &Residual| (of.ends_at.is_some(), of.ends, of.because);
    rest(one) == rest(other)
        && one.what == other.what
        && one.system == other.system
        && one.app == other.app
        && one.why == other.why
        && one.until == other.until
        && one.call == other.call
        && one.link == other.link
}

/// Whether a system said yes to it.
pub(super) fn is_made(change: &ChangeReport) -> bool {
    matches!(
        change.outcome,
        StepOutcome::Done | StepOutcome::AlreadyDone | StepOutcome::Accepted
    )
}

/// When its answer was recorded, and when it had left.
pub(super) fn call(change: &ChangeReport) -> Option<(Utc, Utc)> {
    let took = std::time::Duration::from_millis(change.ms?);
    let answered = change.answered_at?;
    Some((answered, answered.minus(took)))
}

/// When its proof was read, if that was before the run was over.
pub(super) fn read(change: &ChangeReport, closed_at: Option<Utc>) -> Option<Utc> {
    let proof = change.proof.as_ref()?;
    let in_time = closed_at.is_none_or(|end| proof.at <= end);
    (proof.state == ProofState::Proven && in_time).then_some(proof.at)
}
