//! Carries out a consented plan: every subject on his own, stage after stage.
//!
//! Each subject's stages run in playbook order; a stage waits for the one it names in `after:`,
//! or goes past it `stage_wait` after that subject's eviction, so that a slow directory never
//! shields the mailbox. Within a stage steps keep their order; `order: parallel` is across
//! systems. One subject's or system's failure never stops another's: outcomes are collected,
//! not short-circuited. Many at once are `crowd`'s: the same rules, another order of work.
//!
//! Does not decide what to do (`planner`) nor whether it worked (`prover`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::crowd;
use super::pair;
use super::run::Run;
use super::step::{self, Reread};
use super::sweep::Again;
use crate::model::{PlannedFor, PlannedStage, PlannedStep, Skip, StageOrder, StepKey, Tie, UserId};
use futures_util::future::{BoxFuture, FutureExt, Shared, join, join_all, select};

/// Up to so many all are worked on at once, each through all his stages. Above it the quota is a
/// queue, and it matters who stands in it first: `crowd` evicts everybody before it does the rest.
/// The shipped playbooks draw their line here, too.
pub(super) const FEW_MAX: usize = 20;

/// What this pass over the plan is for.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    /// `None`: carry out what is not done, for everybody. Else for these alone; those who showed
    /// signs of life are cleared again, locked again where the lock is gone, and what is new is
    /// taken.
    pub(super) again: Option<&'a Again>,
}

/// One subject in one pass.
pub(super) struct Subject<'a> {
    pub(super) run: &'a Run,
    pub(super) id: &'a UserId,
    pub(super) is_sweep: bool,
    /// A step failed that said `on_failure: halt`.
    pub(super) halted: AtomicBool,
}

/// Works on all subjects of the pass, in the plan's order of priority.
pub(super) async fn contain(run: &Run, pass: Pass<'_>) {
    let all = run.plan.case.subjects.iter().map(|who| &who.id);
    let is_sweep = |id: &UserId| pass.again.is_some_and(|again| again.swept.contains(id));
    let wanted =
        all.filter(|id| is_sweep(id) || pass.again.is_none_or(|again| again.retried.contains(*id)));
    let subjects = wanted.map(|id| Subject {
        run,
        id,
        is_sweep: is_sweep(id),
        halted: AtomicBool::new(false),
    });
    let subjects: Vec<Subject<'_>> = subjects.collect();
    if run.is_crowd() {
        crowd::contain(run, subjects).await;
    } else {
        join_all(subjects.iter().map(contain_one)).await;
    }
}

type Stage<'a> = Shared<BoxFuture<'a, ()>>;

async fn contain_one(subject: &Subject<'_>) {
    let mut begun: Vec<(&str, Stage<'_>)> = Vec::new();
    for stage in &subject.run.plan.stages {
        let after = stage.after.as_deref();
        let awaited = begun
            .iter()
            .find(|(name, _)| Some(*name) == after)
            .map(|(_, done)| done.clone());
        let evicted = begun.first().map(|(_, done)| done.clone());
        let work = async move {
            wait_for(subject.run, stage, awaited, evicted).await;
            run_stage(subject, stage).await;
        };
        begun.push((stage.name.as_str(), work.boxed().shared()));
    }
    join_all(begun.into_iter().map(|(_, done)| done)).await;
}

async fn wait_for(
    run: &Run,
    stage: &PlannedStage,
    awaited: Option<Stage<'_>>,
    evicted: Option<Stage<'_>>,
) {
    let (Some(awaited), Some(evicted)) = (awaited, evicted) else {
        return;
    };
    match stage.stage_wait_ms {
        None => awaited.await,
        Some(wait) => {
            let at_the_latest = async {
                evicted.await;
                run.tools.clock.sleep(Duration::from_millis(wait)).await;
            };
            select(awaited, Box::pin(at_the_latest)).await;
        }
    }
}

async fn run_stage(subject: &Subject<'_>, stage: &PlannedStage) {
    if stage.ask {
        leave_unasked(subject, stage);
        return;
    }
    match stage.order {
        StageOrder::Sequential => in_order(subject, stage.steps.iter()).await,
        StageOrder::Parallel => {
            let mut systems: Vec<_> = stage.steps.iter().map(|step| &step.system).collect();
            systems.sort();
            systems.dedup();
            let lanes = systems.into_iter().map(|system| {
                in_order(
                    subject,
                    stage
                        .steps
                        .iter()
                        .filter(move |step| step.system == *system),
                )
            });
            join_all(lanes).await;
        }
    }
    subject.run.recorder.flush().await;
}

/// Nobody was asked to agree to these steps.
pub(super) fn leave_unasked(subject: &Subject<'_>, stage: &PlannedStage) {
    // Nobody has to agree to a step that was planned to do nothing: its own reason stands.
    let proposes = |step: &&PlannedStep| {
        let run = subject.run;
        let row = run.entry_of(&step.subjects, subject.id, |row| &row.subject);
        let skip = row.and_then(|row| row.skip.as_ref());
        skip.is_none_or(|skip| !skip.is_closed())
    };
    for step in stage.steps.iter().filter(proposes) {
        step::skip(subject, step, Skip::Unasked);
    }
}

/// Steps of one subject, one after the other.
pub(super) async fn in_order<'p>(
    subject: &Subject<'_>,
    steps: impl Iterator<Item = &'p PlannedStep>,
) {
    let steps: Vec<&PlannedStep> = steps.collect();
    let mut ahead: Option<(StepKey, Option<Reread>)> = None;
    for (place, step) in steps.iter().enumerate() {
        if subject.run.stopped() {
            return;
        }
        if subject.halted.load(Ordering::Relaxed) {
            step::skip(subject, step, Skip::Halted);
            continue;
        }
        match step.tie {
            Tie::None => {}
            Tie::Unbroken { then, or_else } => {
                pair::run(subject, step, then, or_else).await;
                continue;
            }
            // The pair has done it, or has no use for it.
            Tie::Within { .. } => continue,
        }
        let read = ahead.take_if(|(key, _)| *key == step.key);
        let work = step::run(subject, step, read.and_then(|(_, read)| read));
        let failed = match to_read_ahead(subject, &steps[place + 1..]) {
            Some(next) if ahead.is_none() => {
                let (failed, read) = join(work, step::read_ahead(subject, next)).await;
                ahead = Some((next.key, read));
                failed
            }
            _ => work.await,
        };
        if failed && step.halt_on_failure {
            subject.halted.store(true, Ordering::Relaxed);
        }
    }
}

/// The step that comes next for this subject, if its targets may be read while the one before
/// it is at work: those that the same action takes again later, when what appeared meanwhile is
/// found. Every other step reads just before it writes.
fn to_read_ahead<'p>(subject: &Subject<'_>, steps: &[&'p PlannedStep]) -> Option<&'p PlannedStep> {
    let is = |step: &PlannedStep, so: fn(&PlannedFor) -> bool| {
        let rows = &step.subjects;
        let row = subject.run.entry_of(rows, subject.id, |row| &row.subject);
        row.is_some_and(so)
    };
    let next = steps.iter().find(|step| is(step, step::may_run))?;
    let again = subject.run.plan.steps().any(|later| {
        let same = (&later.action, &later.system, later.select, &later.settings)
            == (&next.action, &next.system, next.select, &next.settings);
        later.key > next.key && same && is(later, step::can_grow)
    });
    (again && is(next, step::can_grow)).then_some(*next)
}
