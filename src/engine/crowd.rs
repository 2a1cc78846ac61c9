//! Carries a plan out for many: everybody's eviction first, and nobody's wait is another's.
//!
//! Each stage is cut into legs: steps of one system that follow one another. A leg works on a few
//! subjects at once and takes the next in the case's order, so that it costs one system's
//! subjects nothing when another system hangs: whoever waits there holds a place of that leg and
//! no other. The eviction is a leg like the others, of the first rank with the quota: it is never
//! held up by what comes after it, and what comes after it starts as soon as that one subject is
//! evicted. Whoever waits for a proof holds no place at all.
//!
//! What a stage waits for is as in `executor`, subject by subject; but `stage_wait` counts as 0:
//! the queue is the delay already. Subjects are numbers here until their turn comes, so that a
//! crowd costs little memory.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, FutureExt, join, join_all};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::Notify;

use super::executor::{Subject, in_order, leave_unasked};
use super::run::Run;
use super::step;
use crate::model::{PlannedStage, PlannedStep, StageOrder, Tie};

/// Subjects in one leg of their eviction at once: enough to use up any quota that there is, few
/// enough that the order of the case is the order of the evictions.
pub(super) const EVICTED_AT_ONCE: usize = 64;

/// Subjects in one leg of a later stage at once. They wait for the quota longer, being of the
/// lower rank, and one that hangs takes a place out of more.
pub(super) const IN_A_LEG_AT_ONCE: usize = 128;

/// Works on all of them, who stand in the case's order.
pub(super) async fn contain(run: &Run, subjects: Vec<Subject<'_>>) {
    let crowd = Crowd::of(run, subjects);
    for place in 0..crowd.subjects.len() {
        crowd.begin_what_waits_for_nothing(place);
    }
    let legs: Vec<BoxFuture<'_, ()>> = crowd.legs.iter().map(|leg| crowd.work_at(leg)).collect();
    join_all(legs).await;
}

struct Crowd<'a> {
    run: &'a Run,
    subjects: Vec<Subject<'a>>,
    legs: Vec<Leg<'a>>,
    /// The legs that each stage begins with: one, or one for each system side by side.
    firsts: Vec<Vec<usize>>,
    /// Each subject at each stage, stage by stage.
    at: Vec<At>,
}

/// Steps of one system that follow one another in a stage. Every subject passes every leg once,
/// whether or not there is something to do.
struct Leg<'a> {
    stage: usize,
    steps: Vec<&'a PlannedStep>,
    next: Option<usize>,
    /// Until what the first step requires is settled.
    parked: Queue,
    ready: Queue,
}

/// One subject at one stage.
#[derive(Default)]
struct At {
    begun: AtomicBool,
    /// Of the legs that the stage began with, those that are through to their end.
    through: AtomicUsize,
}

impl<'a> Crowd<'a> {
    fn of(run: &'a Run, subjects: Vec<Subject<'a>>) -> Self {
        let mut legs = Vec::new();
        let stages = run.plan.stages.iter().enumerate();
        let firsts = stages.map(|(place, stage)| lay_out(run, place, stage, &mut legs));
        let firsts: Vec<Vec<usize>> = firsts.collect();
        let at = subjects.len() * firsts.len();
        Self {
            run,
            subjects,
            legs,
            firsts,
            at: std::iter::repeat_with(At::default).take(at).collect(),
        }
    }

    fn work_at<'s>(&'s self, leg: &'s Leg<'a>) -> BoxFuture<'s, ()> {
        let all = self.subjects.len();
        let places = match leg.stage {
            0 => EVICTED_AT_ONCE,
            _ => IN_A_LEG_AT_ONCE,
        };
        let work = leg.ready.stream(all);
        let work = work.for_each_concurrent(places, move |who| self.pass(leg, who));
        let Some(first) = leg.awaits() else {
            return work.boxed();
        };
        // As many as there are: a wait is small, and holds up nobody.
        let wait = leg.parked.stream(all);
        let wait = wait.for_each_concurrent(None, move |who| self.wait(leg, first, who));
        join(wait, work).map(|_| ()).boxed()
    }

    /// Waits until what a leg's first step requires is settled.
    fn wait<'s>(
        &'s self,
        leg: &'s Leg<'a>,
        first: &'s PlannedStep,
        who: usize,
    ) -> BoxFuture<'s, ()> {
        let waited = step::await_required(&self.subjects[who], first);
        waited.map(move |()| leg.ready.push(who)).boxed()
    }

    /// One subject through one leg, and on to whatever that was in the way of.
    fn pass<'s>(&'s self, leg: &'s Leg<'a>, who: usize) -> BoxFuture<'s, ()> {
        self.pass_through(leg, who).boxed()
    }

    async fn pass_through(&self, leg: &Leg<'_>, who: usize) {
        let subject = &self.subjects[who];
        let stage = &self.run.plan.stages[leg.stage];
        if stage.ask {
            leave_unasked(subject, stage);
        } else {
            in_order(subject, leg.steps.iter().copied()).await;
        }
        if let Some(next) = leg.next {
            self.legs[next].enter(who);
            return;
        }
        let through = self
            .at(who, leg.stage)
            .through
            .fetch_add(1, Ordering::Relaxed)
            + 1;
        if through == self.firsts[leg.stage].len() {
            self.run.recorder.flush().await;
            self.begin_what_waited_for(leg.stage, who);
        }
    }

    fn begin_what_waits_for_nothing(&self, who: usize) {
        for stage in 0..self.firsts.len() {
            if self.awaited_by(stage).is_none() {
                self.begin(stage, who);
            }
        }
    }

    /// Stages that are due now that `done` is: those that name it, and after the eviction those
    /// that wait at the latest so and so long for another.
    fn begin_what_waited_for(&self, done: usize, who: usize) {
        for stage in done + 1..self.firsts.len() {
            let waits_no_longer = done == 0 && self.run.plan.stages[stage].stage_wait_ms.is_some();
            if self.awaited_by(stage) == Some(done) || waits_no_longer {
                self.begin(stage, who);
            }
        }
    }

    /// The earlier stage that this one waits for.
    fn awaited_by(&self, stage: usize) -> Option<usize> {
        let stages = &self.run.plan.stages;
        let after = stages[stage].after.as_ref()?;
        stages[..stage]
            .iter()
            .position(|known| known.name == *after)
    }

    fn begin(&self, stage: usize, who: usize) {
        if !self.at(who, stage).begun.swap(true, Ordering::Relaxed) {
            for first in &self.firsts[stage] {
                self.legs[*first].enter(who);
            }
        }
    }

    fn at(&self, who: usize, stage: usize) -> &At {
        &self.at[who * self.firsts.len() + stage]
    }
}

impl<'a> Leg<'a> {
    /// The step whose proofs are awaited before the leg is entered.
    fn awaits(&self) -> Option<&'a PlannedStep> {
        let first = self.steps.first().copied();
        first.filter(|step| waits_for_proof(step))
    }

    fn enter(&self, who: usize) {
        match self.awaits() {
            Some(_) => self.parked.push(who),
            None => self.ready.push(who),
        }
    }
}

pub(super) fn waits_for_proof(step: &PlannedStep) -> bool {
    // A pair asks for its own proofs.
    step.tie == Tie::None && !step.requires.is_empty()
}

/// Cuts a stage into legs; returns those that it begins with.
fn lay_out<'a>(
    run: &Run,
    place: usize,
    stage: &'a PlannedStage,
    legs: &mut Vec<Leg<'a>>,
) -> Vec<usize> {
    let all: Vec<&PlannedStep> = stage.steps.iter().collect();
    if stage.ask || stage.order == StageOrder::Sequential {
        return vec![chain(run, place, all, legs)];
    }
    let systems: BTreeSet<_> = all.iter().map(|step| &step.system).collect();
    if systems.is_empty() {
        return vec![chain(run, place, all, legs)];
    }
    let sides = systems.into_iter().map(|system| {
        let its = all.iter().copied().filter(|step| step.system == *system);
        chain(run, place, its.collect(), legs)
    });
    sides.collect()
}

/// Legs one after the other; returns the first. A stage of no steps is one leg, too. What waits
/// behind everybody's suspension is a leg of its own, or it would hold the places of those who are
/// still to be suspended.
fn chain<'a>(
    run: &Run,
    place: usize,
    steps: Vec<&'a PlannedStep>,
    legs: &mut Vec<Leg<'a>>,
) -> usize {
    let first = legs.len();
    let behind = |step: &PlannedStep| run.is_behind_all_locks(step.key);
    let together = |a: &&PlannedStep, b: &&PlannedStep| {
        a.system == b.system && !waits_for_proof(b) && behind(a) == behind(b)
    };
    let mut parts: Vec<Vec<&PlannedStep>> = steps.chunk_by(together).map(<[_]>::to_vec).collect();
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    let last = first + parts.len() - 1;
    for steps in parts {
        let own = legs.len();
        legs.push(Leg {
            stage: place,
            steps,
            next: (own < last).then_some(own + 1),
            parked: Queue::default(),
            ready: Queue::default(),
        });
    }
    first
}

/// Who waits for a place, the first in the case first.
#[derive(Default)]
struct Queue {
    waiting: Mutex<BTreeSet<usize>>,
    news: Notify,
}

impl Queue {
    fn push(&self, who: usize) {
        let mut waiting = self
            .waiting
            .lock()
            .expect("no code panics while it holds this lock");
        waiting.insert(who);
        drop(waiting);
        self.news.notify_one();
    }

    /// So many as they come. The one listener there is.
    fn stream(&self, count: usize) -> BoxStream<'_, usize> {
        let comers = stream::unfold(count, move |left| async move {
            match left {
                0 => None,
                _ => Some((self.next().await, left - 1)),
            }
        });
        comers.boxed()
    }

    async fn next(&self) -> usize {
        loop {
            let first = self
                .waiting
                .lock()
                .expect("no code panics while it holds this lock")
                .pop_first();
            match first {
                Some(who) => return who,
                None => self.news.notified().await,
            }
        }
    }
}
