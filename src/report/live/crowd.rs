//! How far a run on many accounts is: counted as events come, never by walking over all of them.
//!
//! Each event moves a few counters, however many accounts there are. What is told is what the
//! ledger knows: an account is *evicted* when every change of the first stage is answered well, and
//! *done* when every change known of it is answered well and its proof is final. That is progress
//! and no verdict: a service that was not read yet may bring more to do, and what is contained is
//! said at the end, by reads.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use super::pulse::Pulse;
use crate::ledger::{ChangeState, Event, RunState};
use crate::model::{Change, OutcomeKind, ProofState, Skip, UserId, Utc};

/// Logins of one kind that are told.
const NAMED_MAX: usize = 3;

/// Accounts that are looked at to find those.
const LOOKED_AT_MAX: usize = 200;

/// It was answered, or is left out.
const ANSWERED: u8 = 1;
/// And well.
const WELL: u8 = 2;
/// And its proof is final.
const SETTLED: u8 = 4;
/// It failed, is in doubt, or was read and not found so.
const BAD: u8 = 8;

/// What is left of one account's changes.
#[derive(Clone, Copy, Default)]
struct Each {
    evict: u32,
    all: u32,
    bad: u32,
}

/// The counters of a run.
pub(super) struct Crowd {
    places: HashMap<UserId, usize>,
    each: Vec<Each>,
    /// What is known of each change, by the hash of its id: thousands of them are many texts.
    seen: HashMap<u64, u8>,
    hash: RandomState,
    changes: usize,
    answered: usize,
    settled: usize,
    evicted: usize,
    done: usize,
    failing: BTreeSet<usize>,
    pulse: Pulse,
    /// All accounts before this one are evicted; of a release, done.
    first: usize,
    gives_back: bool,
    /// Everybody was evicted when it was last told who is next.
    leaves: bool,
}

impl Crowd {
    /// Everything as it stands when this process begins: a run may go on.
    pub(super) fn of(state: &RunState) -> Self {
        let plan = state.plan.as_ref();
        let subjects = plan.map_or(&[][..], |plan| &plan.case.subjects[..]);
        let places = subjects.iter().enumerate();
        let mut crowd = Self {
            places: places.map(|(at, who)| (who.id.clone(), at)).collect(),
            each: vec![Each::default(); subjects.len()],
            seen: HashMap::new(),
            hash: RandomState::new(),
            changes: 0,
            answered: 0,
            settled: 0,
            evicted: subjects.len(),
            done: subjects.len(),
            failing: BTreeSet::new(),
            pulse: Pulse::default(),
            first: 0,
            gives_back: plan.is_some_and(|plan| plan.gives_back.is_some()),
            leaves: false,
        };
        for change in state.changes() {
            crowd.add(&change.change);
            crowd.look(change);
        }
        for ((step, subject), skip) in &state.skipped {
            for change in state.of_step(*step, subject) {
                crowd.leave_out(change, skip);
            }
        }
        crowd
    }

    /// Takes one event, which is in `state` already.
    pub(super) fn see(&mut self, state: &RunState, event: &Event, now: Option<Utc>) {
        match event {
            Event::FoundLater { change } => self.add(change),
            Event::Answered { change, .. } | Event::Proved { change, .. } => {
                let before = self.answered;
                if let Some(change) = state.change(change) {
                    self.look(change);
                }
                if let (true, Some(now)) = (self.answered > before, now) {
                    self.pulse.beat(now);
                }
            }
            Event::Skipped {
                step,
                subject,
                skip,
            } => {
                for change in state.of_step(*step, subject) {
                    self.leave_out(change, skip);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, change: &Change) {
        let Some(place) = self.places.get(&change.subject).copied() else {
            return;
        };
        let key = self.hash.hash_one(&change.id);
        if self.seen.insert(key, 0).is_some() {
            return;
        }
        self.changes += 1;
        let evicts = u32::from(change.step.stage == 0);
        self.turn(place, |each| {
            each.all += 1;
            each.evict += evicts;
        });
    }

    fn look(&mut self, known: &ChangeState) {
        let answered = known.outcome.is_some();
        let well = known.is_answered_well();
        let is_final = known.is_proven() || known.proof_is(ProofState::Unverifiable);
        let failed = known.outcome.as_ref().is_some_and(|outcome| {
            matches!(
                outcome.kind,
                OutcomeKind::Failed { .. } | OutcomeKind::InDoubt { .. }
            )
        });
        let bad = (failed || known.proof_is(ProofState::Refuted)) && !known.is_proven();
        // What was in doubt and is read to be so is done.
        let well = well || known.is_proven();
        let bits = [
            (answered || well, ANSWERED),
            (well, WELL),
            (well && is_final, SETTLED),
            (bad, BAD),
        ];
        let bits = bits.iter().filter(|(holds, _)| *holds);
        self.note(&known.change, bits.map(|(_, bit)| bit).sum());
    }

    /// A step that does nothing for somebody, after all.
    fn leave_out(&mut self, known: &ChangeState, skip: &Skip) {
        if known.attempts > 0 || skip.is_not_yet() {
            return;
        }
        let harmless = matches!(
            skip,
            Skip::WhenFalse | Skip::NothingSelected { .. } | Skip::NoAccount
        );
        let bits = if harmless {
            ANSWERED + WELL + SETTLED
        } else {
            ANSWERED + BAD
        };
        self.note(&known.change, bits);
    }

    fn note(&mut self, change: &Change, bits: u8) {
        let Some(place) = self.places.get(&change.subject).copied() else {
            return;
        };
        let key = self.hash.hash_one(&change.id);
        let before = self.seen.insert(key, bits).unwrap_or_default();
        let is_new = |bit| before & bit == 0 && bits & bit != 0;
        let is_gone = |bit| before & bit != 0 && bits & bit == 0;
        let moved = |number: usize, bit| match (is_new(bit), is_gone(bit)) {
            (true, _) => number + 1,
            (_, true) => number.saturating_sub(1),
            _ => number,
        };
        self.answered = moved(self.answered, ANSWERED);
        self.settled = moved(self.settled, SETTLED);
        let left = |number: u32, bit| match (is_new(bit), is_gone(bit)) {
            (true, _) => number.saturating_sub(1),
            (_, true) => number + 1,
            _ => number,
        };
        let evicts = change.step.stage == 0;
        self.turn(place, |each| {
            each.all = left(each.all, SETTLED);
            if evicts {
                each.evict = left(each.evict, WELL);
            }
            each.bad = match (is_new(BAD), is_gone(BAD)) {
                (true, _) => each.bad + 1,
                (_, true) => each.bad.saturating_sub(1),
                _ => each.bad,
            };
        });
    }

    /// Changes one account's numbers, and with them those of all.
    fn turn(&mut self, place: usize, change: impl FnOnce(&mut Each)) {
        let Some(each) = self.each.get_mut(place) else {
            return;
        };
        let before = *each;
        change(each);
        let after = *each;
        let moved = |number: usize, was: u32, is: u32| match (was == 0, is == 0) {
            (true, false) => number.saturating_sub(1),
            (false, true) => number + 1,
            _ => number,
        };
        self.evicted = moved(self.evicted, before.evict, after.evict);
        self.done = moved(self.done, before.all, after.all);
        if after.bad > 0 {
            self.failing.insert(place);
        } else {
            self.failing.remove(&place);
        }
        if self.is_open(after) {
            self.first = self.first.min(place);
        }
    }

    /// Whether somebody still has to be helped: out of the door before all else.
    fn is_open(&self, each: Each) -> bool {
        if self.gives_back || self.evicted == self.each.len() {
            each.all > 0
        } else {
            each.evict > 0
        }
    }

    /// How far, in sentences.
    pub(super) fn counts(&self) -> String {
        let all = self.each.len();
        let evicted = match self.gives_back {
            true => String::new(),
            false => format!("evicted {} of {all}, ", self.evicted),
        };
        let failing = match self.failing.len() {
            0 => String::new(),
            some => format!(", failing {some}"),
        };
        format!("{evicted}done and proven {}{failing}", self.done)
    }

    /// How fast, and how long it takes at that rate; empty before that can be told.
    pub(super) fn pace(&self) -> String {
        let left = self.changes.saturating_sub(self.answered);
        self.pulse.told(left)
    }

    /// Parts of a hundred of all that is to be answered and read back.
    pub(super) fn percent(&self) -> usize {
        let all = self.changes * 2;
        (self.answered + self.settled) * 100 / all.max(1)
    }

    /// Changes answered, of how many.
    pub(super) fn answered(&self) -> (usize, usize) {
        (self.answered, self.changes)
    }

    /// Who is next, the privileged first; empty if everybody is done.
    pub(super) fn next(&mut self, state: &RunState) -> String {
        let leaves = self.evicted == self.each.len();
        if leaves != self.leaves {
            // From now on others are open.
            (self.leaves, self.first) = (leaves, 0);
        }
        while self
            .each
            .get(self.first)
            .is_some_and(|each| !self.is_open(*each))
        {
            self.first += 1;
        }
        let ahead = self.each.iter().enumerate().skip(self.first);
        let open = ahead.take(LOOKED_AT_MAX);
        let open = open.filter(|(at, each)| self.is_open(**each) && !self.failing.contains(at));
        let named: Vec<usize> = open.map(|(at, _)| at).take(NAMED_MAX).collect();
        let left = match leaves || self.gives_back {
            true => self.each.len() - self.done,
            false => self.each.len() - self.evicted,
        };
        // Who fails has a line of his own; but whoever is not among those left is taken off none.
        let fail = self.failing.iter().filter_map(|at| self.each.get(*at));
        let fail = fail.filter(|each| self.is_open(**each)).count();
        list(state, &named, left.saturating_sub(fail))
    }

    /// Whose changes fail.
    pub(super) fn fails(&self, state: &RunState) -> String {
        let named: Vec<usize> = self.failing.iter().copied().take(NAMED_MAX).collect();
        list(state, &named, self.failing.len())
    }
}

fn list(state: &RunState, named: &[usize], all: usize) -> String {
    let Some(plan) = &state.plan else {
        return String::new();
    };
    let subjects = &plan.case.subjects;
    let logins = named.iter().filter_map(|at| subjects.get(*at));
    let logins: Vec<&str> = logins.map(|who| who.login.as_str()).collect();
    match all.saturating_sub(named.len()) {
        0 => logins.join(", "),
        more if logins.is_empty() => format!("{more} more"),
        more => format!("{} and {more} more", logins.join(", ")),
    }
}

/// Whether an event can have a line among many accounts: what goes on as planned has none, and
/// the line of one account among thousands takes a search.
pub(super) fn may_be_told(event: &Event) -> bool {
    match event {
        Event::Answered { outcome, .. } => matches!(
            outcome.kind,
            OutcomeKind::Failed { .. } | OutcomeKind::InDoubt { .. }
        ),
        Event::Proved { proof, .. } => proof.state == ProofState::Refuted,
        Event::Skipped { .. } | Event::Intended { .. } => false,
        _ => true,
    }
}
