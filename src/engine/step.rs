//! One step for one subject: wait for what it requires, send its changes, re-read its targets.
//!
//! A re-read may add targets of the same selector up to the ceiling that was agreed to; it
//! never takes one away: every planned target is attempted by its id, whatever a list hides.
//! So the re-read goes beside the planned writes, and costs them nothing.
//!
//! A call that may have happened is read back before anybody repeats it. That decision is made
//! here, once, for all vendors; connectors never repeat such a call.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, join, select};

use super::executor::Subject;
use super::late::identified;
use super::rows::as_step;
use super::tenants::is_as_planned;
use crate::connector::{Planned, System};
use crate::given::within;
use crate::ledger::{ChangeState, Event, FirstReading, RunState};
use crate::model::{
    Action, Applied, Change, ChangeId, Evicts, Found, Outcome, OutcomeKind, PlannedFor,
    PlannedStep, Proof, ProofState, Receipt, Skip, StepKey, Undo, UserId,
};
use crate::transport::{Rank, Reader, Writer};

use super::run::Run;
use super::settled;

/// Times one change is sent at most within one pass.
pub(super) const ATTEMPTS_MAX: u32 = 4;

/// A quota's window is a minute and its reset may come a moment later: a step that may take a
/// minute must outlast one, or a single 429 would end it.
const RESET_LATE: Duration = Duration::from_secs(5);

/// In a crowd a call may wait its turn for as long as everybody before it takes, and so may a
/// proof: 20,000 evictions of two calls each at 600 a minute are more than an hour. What does not
/// answer is given up sooner all the same: the times a call is repeated are counted.
const TURN_MAX: Duration = Duration::from_secs(4 * 3600);

/// Records that a step does nothing, unless that is recorded already.
pub(super) fn skip(subject: &Subject<'_>, step: &PlannedStep, skip: Skip) {
    let key = (step.key, subject.id.clone());
    let known = subject
        .run
        .recorder
        .read(|state| state.skipped.get(&key) == Some(&skip));
    if !known {
        subject.run.recorder.defer(Event::Skipped {
            step: step.key,
            subject: subject.id.clone(),
            skip,
        });
    }
}

/// What a step's targets were when they were read once more; `Err`: why nobody there may be
/// acted on.
pub(super) type Reread = Result<Option<Planned>, Skip>;

/// Runs a step, with its targets if they were read ahead; `true` if something of it failed or is
/// in doubt.
pub(super) async fn run(subject: &Subject<'_>, step: &PlannedStep, ahead: Option<Reread>) -> bool {
    let run = subject.run;
    let Some(row) = run.entry_of(&step.subjects, subject.id, |row| &row.subject) else {
        return false;
    };
    if !may_run(row) || (run.gives_back() && row.changes.is_empty()) {
        return false;
    }
    let Some(system) = run.tools.system(&step.system) else {
        skip(
            subject,
            step,
            Skip::Unsupported {
                why: "it is no longer configured".into(),
            },
        );
        return true;
    };
    if let Err(why) = is_as_planned(run, system).await {
        skip(subject, step, why);
        return true;
    }
    // In a crowd it was awaited before, by somebody who held no place.
    let may_go = match run.is_crowd() {
        true => {
            is_exempt(subject, step) || run.recorder.read(|state| standing(state, subject, step).0)
        }
        false => required(subject, step, patience(step)).await,
    };
    if !may_go {
        if run.stopped() {
            return true;
        }
        skip(
            subject,
            step,
            Skip::Requires {
                actions: step.requires.clone(),
            },
        );
        return true;
    }
    let reader = reader_for(subject, step, system);
    let scouted = run.scout.take(step.key, subject.id);
    let is_settled = scouted.as_ref().is_some_and(is_of_the_account);
    if scouted.is_some_and(|read| !take(subject, step, row, read)) {
        return true;
    }
    let known = todo(subject, step, system);
    // What is given back is what was read and agreed to, and never more.
    if run.gives_back() || !needs_reread(row) || is_settled {
        return send_all(run, system, &reader, known).await;
    }
    // What is agreed to is attempted whatever a list shows: it goes out beside the read that may
    // add to it, and waits for none.
    let sent: BTreeSet<ChangeId> = known.iter().map(|change| change.id.clone()).collect();
    let again = async {
        match ahead {
            Some(read) => read,
            None => reread(subject, step, system, &reader).await,
        }
    };
    let (failed, read) = join(send_all(run, system, &reader, known), again).await;
    if !take(subject, step, row, read) {
        return true;
    }
    let left = left(run, todo(subject, step, system), &sent);
    failed | send_all(run, system, &reader, left).await
}

/// Sends changes in order, batch by batch; `true` if something of it failed or is in doubt.
async fn send_all(run: &Run, system: &System, reader: &Reader, changes: Vec<Change>) -> bool {
    let mut failed = false;
    for batch in system.connector.batch(changes) {
        if run.stopped() {
            return true;
        }
        failed |= !send(run, system, reader, batch).await;
    }
    failed
}

/// What is to be sent once the targets were read again: what is new, and with it what was refused
/// just now, because the new may be what stood in its way. Nothing, if nothing is new.
fn left(run: &Run, todo: Vec<Change>, sent: &BTreeSet<ChangeId>) -> Vec<Change> {
    if todo.iter().all(|change| sent.contains(&change.id)) {
        return Vec::new();
    }
    run.recorder.read(|state| {
        let is_left = |change: &Change| {
            let known = state.change(&change.id);
            let well = known.is_some_and(ChangeState::is_answered_well);
            !sent.contains(&change.id) || !well
        };
        todo.into_iter().filter(is_left).collect()
    })
}

/// Reads a step's targets while an earlier one is still at work; `None` if it has none to read.
pub(super) async fn read_ahead(subject: &Subject<'_>, step: &PlannedStep) -> Option<Reread> {
    let system = subject.run.tools.system(&step.system)?;
    Some(reread(subject, step, system, &reader_for(subject, step, system)).await)
}

/// Asks for one subject, when it is his turn.
fn reader_for(subject: &Subject<'_>, step: &PlannedStep, system: &System) -> Reader {
    let turn = subject.run.turn_of(subject.id, step.key);
    reader(subject.run, step, system).in_turn(turn)
}

pub(super) fn reader(run: &Run, step: &PlannedStep, system: &System) -> Reader {
    let patience = match run.is_crowd() {
        true => TURN_MAX,
        false => patience(step),
    };
    Reader::new(system.client.clone())
        .ranked(Run::rank(step.key.stage))
        .patient(patience)
}

fn patience(step: &PlannedStep) -> Duration {
    Duration::from_millis(step.timeout_ms) + RESET_LATE
}

/// Whether there is, or may be, something to do.
pub(super) fn may_run(row: &PlannedFor) -> bool {
    row.skip.as_ref().is_none_or(may_change)
}

/// Whether a later read may find something to do after all.
fn may_change(skip: &Skip) -> bool {
    // Nobody is read for a step that is not for his part in the incident.
    !skip.is_not_meant()
        && matches!(
            skip,
            Skip::Unread { .. } | Skip::NothingSelected { .. } | Skip::Requires { .. }
        )
}

/// Whether all that was found is the account itself, which cannot grow in number.
fn is_of_the_account(read: &Reread) -> bool {
    let Ok(Some(Planned { changes, .. })) = read else {
        return false;
    };
    !changes.is_empty() && changes.iter().all(|change| change.target.kind == "user")
}

/// Targets that are the account itself cannot grow in number.
pub(super) fn needs_reread(row: &PlannedFor) -> bool {
    row.skip.is_some() || can_grow(row)
}

/// Whether a re-read may find more: the step runs, and its targets are not the account itself.
pub(super) fn can_grow(row: &PlannedFor) -> bool {
    let runs = may_run(row);
    let lists = row
        .changes
        .iter()
        .all(|change| change.target.kind != "user");
    runs && lists
}

/// Waits until what the step requires is settled for the subject, if the step has anything to do
/// for him. In a crowd most of the wait is for the quota, which is nobody's lateness: the step's
/// own patience begins when the first read is made.
pub(super) async fn await_required(subject: &Subject<'_>, step: &PlannedStep) {
    let run = subject.run;
    let row = run.entry_of(&step.subjects, subject.id, |row| &row.subject);
    let is_due = |row: &PlannedFor| may_run(row) && !(run.gives_back() && row.changes.is_empty());
    if !row.is_some_and(is_due) || subject.halted.load(Ordering::Relaxed) {
        return;
    }
    let patience = patience(step);
    let began = run.tools.clock.elapsed();
    while run.tools.clock.elapsed() - began < TURN_MAX && !run.stopped() {
        let was_read = run.recorder.read(|state| was_read(state, subject, step));
        if required(subject, step, patience).await || was_read {
            return;
        }
        let hope = run.recorder.read(|state| standing(state, subject, step).1);
        if !hope {
            return;
        }
    }
}

/// Waits until one of what the step requires is proven for the subject; `false` if none can be
/// any more, or the run is stopped.
async fn required(subject: &Subject<'_>, step: &PlannedStep, patience: Duration) -> bool {
    let run = subject.run;
    if is_exempt(subject, step) {
        return true;
    }
    let mut changed = run.recorder.listen_for(subject.id);
    let proven = async {
        loop {
            changed.catch_up();
            let (proven, hope) = run.recorder.read(|state| standing(state, subject, step));
            if proven || !hope {
                return proven;
            }
            changed.next().await;
        }
    };
    let in_time = within(&*run.tools.clock, patience, proven);
    match select(Box::pin(in_time), Box::pin(run.told_to_stop())).await {
        Either::Left((proven, _)) => proven.unwrap_or(false),
        Either::Right(_) => false,
    }
}

/// Whether the step requires nothing of this subject.
fn is_exempt(subject: &Subject<'_>, step: &PlannedStep) -> bool {
    let run = subject.run;
    step.requires.is_empty() || (run.gives_back() && !is_planned(run, subject, step))
}

/// Whether anything that the step requires is to be done for the subject at all. A release whose
/// subject needs no new password, or has it from elsewhere, was agreed to without one.
fn is_planned(run: &Run, subject: &Subject<'_>, step: &PlannedStep) -> bool {
    let mut required = run
        .plan
        .steps()
        .filter(|other| step.requires.contains(&other.action));
    required.any(|other| {
        let row = run.entry_of(&other.subjects, subject.id, |row| &row.subject);
        row.is_some_and(|row| !row.changes.is_empty())
    })
}

/// Whether one of what the step requires is proven, and whether one may still be.
fn standing(state: &RunState, subject: &Subject<'_>, step: &PlannedStep) -> (bool, bool) {
    let mut hope = false;
    for each in required_changes(state, subject, step) {
        if each.is_proven() {
            return (true, true);
        }
        let settled = each.proof_is(ProofState::Unverifiable) || each.proof_is(ProofState::Refuted);
        hope |= each.is_answered_well() && !settled;
    }
    (false, hope)
}

/// Whether anything that the step requires was read back since it was done.
fn was_read(state: &RunState, subject: &Subject<'_>, step: &PlannedStep) -> bool {
    required_changes(state, subject, step).any(|each| each.proof.is_some())
}

/// What the step requires of a subject. What is required of the step's own vendor counts at the
/// same system: of two systems of a vendor one says nothing of the other.
fn required_changes<'s>(
    state: &'s RunState,
    subject: &'s Subject<'_>,
    step: &'s PlannedStep,
) -> impl Iterator<Item = &'s ChangeState> {
    let counts = move |other: &&PlannedStep| {
        let elsewhere = other.action.vendor() != step.action.vendor();
        step.requires.contains(&other.action) && (elsewhere || other.system == step.system)
    };
    let steps = subject.run.plan.steps().filter(counts);
    steps.flat_map(|step| state.of_step(step.key, subject.id))
}

/// Reads the step's targets again; nothing, if the run is stopped first: in a queue for its quota
/// a read would hold the stop up.
async fn reread(
    subject: &Subject<'_>,
    step: &PlannedStep,
    system: &System,
    reader: &Reader,
) -> Reread {
    let stop = Box::pin(subject.run.told_to_stop());
    let read = Box::pin(read_again(subject, step, system, reader));
    match select(stop, read).await {
        Either::Left(_) => Ok(None),
        Either::Right((read, _)) => read,
    }
}

async fn read_again(
    subject: &Subject<'_>,
    step: &PlannedStep,
    system: &System,
    reader: &Reader,
) -> Reread {
    let run = subject.run;
    let who = identified(run, system, subject.id).await?;
    let mut planned = system
        .connector
        .plan(reader, &as_step(step), &[who], &run.plan.case)
        .await;
    let read = planned.pop();
    let was_read = |read: &Planned| !matches!(read.skip, Some(Skip::Unread { .. }));
    let may_settle = run.is_crowd() && !subject.is_sweep;
    if may_settle && read.as_ref().is_some_and(was_read) && is_long_out(run, subject.id) {
        run.note_settled(step.key, subject.id);
    }
    Ok(read)
}

/// Whether his eviction went well, and has been over for so long that what is read now is all he
/// left.
fn is_long_out(run: &Run, subject: &UserId) -> bool {
    let now = run.tools.clock.now();
    let is_optional = |key: StepKey| run.plan.step(key).is_some_and(|step| step.optional);
    let locks = |each: &ChangeState| {
        let declared = run.tools.action(&each.change.action);
        declared.is_some_and(|known| known.evicts == Evicts::Locks)
    };
    run.recorder.read(|state| {
        let changes = state.changes_of(subject);
        let mut last = None;
        for each in changes.filter(|each| each.change.step.stage == 0) {
            let went_well = match locks(each) {
                true => each.is_proven(),
                false => each.is_answered_well() || each.is_proven(),
            };
            if !went_well && !is_optional(each.change.step) {
                return false;
            }
            last = last.max(each.answered_at);
        }
        last.is_some_and(|at| now.since(at) >= settled::AFTER)
    })
}

/// Records what is new among the step's targets. `false` if the step must not run.
fn take(subject: &Subject<'_>, step: &PlannedStep, row: &PlannedFor, read: Reread) -> bool {
    let Planned {
        changes,
        kept,
        notes,
        skip: why,
    } = match read {
        Ok(Some(planned)) => planned,
        Ok(None) => return true,
        Err(why) => {
            skip(subject, step, why);
            return true;
        }
    };
    let is_first = is_first(subject, step, row);
    match why {
        Some(kept @ Skip::AgentsKept { .. }) => {
            skip(subject, step, kept);
            return false;
        }
        // What could be read is done; what could not stays open.
        Some(unread @ Skip::Unread { .. }) => skip(subject, step, unread),
        why => {
            let first = is_first.then(|| {
                Box::new(FirstReading {
                    ceiling: PlannedFor::ceiling_for(changes.len()),
                    kept,
                    notes,
                })
            });
            let nothing = why.filter(|_| has_no_target(subject, step));
            if first.is_some() || nothing.is_none() {
                subject.run.recorder.defer(Event::Reread {
                    step: step.key,
                    subject: subject.id.clone(),
                    first,
                });
            }
            if let Some(nothing) = nothing {
                skip(subject, step, nothing);
                return true;
            }
        }
    }
    let found = match is_first {
        true => Found::FirstRead,
        false => Found::AfterPlan,
    };
    add_new(subject, step, row, changes, found);
    true
}

fn has_no_target(subject: &Subject<'_>, step: &PlannedStep) -> bool {
    let recorder = &subject.run.recorder;
    recorder.read(|state| state.of_step(step.key, subject.id).next().is_none())
}

/// Whether neither the plan nor anybody since has read these targets: what is found now is what
/// is agreed to, and sets the ceiling.
fn is_first(subject: &Subject<'_>, step: &PlannedStep, row: &PlannedFor) -> bool {
    let unread = matches!(row.skip, Some(Skip::Unread { .. }));
    let recorder = &subject.run.recorder;
    unread && recorder.read(|state| state.first_reading(step.key, subject.id).is_none())
}

/// Adds targets found by a re-read, up to the ceiling; past it, says so and leaves them.
fn add_new(
    subject: &Subject<'_>,
    step: &PlannedStep,
    row: &PlannedFor,
    read: Vec<Change>,
    found: Found,
) {
    let recorder = &subject.run.recorder;
    let (first, mut count, new): (Option<u32>, usize, Vec<Change>) = recorder.read(|state| {
        let first = state.first_reading(step.key, subject.id);
        let known = state.of_step(step.key, subject.id);
        let new = read
            .into_iter()
            .filter(|change| state.change(&change.id).is_none());
        (
            first.map(|first| first.ceiling),
            known.count(),
            new.collect(),
        )
    });
    let ceiling = match (first, found) {
        (Some(ceiling), _) => ceiling,
        // Read in part, and never whole before: there is nothing yet to measure it by.
        (None, Found::FirstRead) => u32::MAX,
        (None, Found::InPlan | Found::AfterPlan) => row.ceiling,
    };
    let total = u32::try_from(count + new.len()).unwrap_or(u32::MAX);
    for mut change in new {
        if count >= ceiling as usize {
            skip(
                subject,
                step,
                Skip::CeilingPassed {
                    found: total,
                    ceiling,
                },
            );
            return;
        }
        count += 1;
        change.found = found;
        recorder.defer(Event::FoundLater {
            change: Box::new(change),
        });
    }
}

/// The changes of this step that are to be sent in this pass, in order.
fn todo(subject: &Subject<'_>, step: &PlannedStep, system: &System) -> Vec<Change> {
    let action = system.connector.action(&step.action);
    let evicts = action.map_or(Evicts::No, |action| action.evicts);
    let ends_what_came_in = action.is_some_and(|action| ends_what_came_in(subject, step, action));
    let repeatable = action.is_some_and(|action| action.repeatable);
    subject.run.recorder.read(|state| {
        let is_open = |each: &ChangeState| is_open(each) || (repeatable && each.overdue);
        let is_due = |each: &ChangeState| match evicts {
            Evicts::Clears if subject.is_sweep => true,
            Evicts::Clears => is_open(each) || was_unlocked(subject, step, state, each),
            Evicts::Locks | Evicts::No => {
                let may_have_come_in = || subject.is_sweep || was_let_in(subject, state, each);
                let whole = ends_what_came_in && each.change.target.kind == "user";
                is_open(each) || (whole && may_have_come_in())
            }
        };
        state
            .of_step(step.key, subject.id)
            .filter(|each| is_due(each))
            .map(|each| Change::clone(&each.change))
            .collect()
    })
}

/// Whoever was at work at the directory after its clear may have signed on to a service
/// meanwhile, after that was signed out: a sweep does again there what acts on the account as a
/// whole, and so does a run that goes on after somebody let him in. What `release` takes back is left as it is: done twice, it would count as not ours.
fn ends_what_came_in(subject: &Subject<'_>, step: &PlannedStep, action: &Action) -> bool {
    let home = &subject.run.tools.directory.system.id;
    let once = action.undo == Undo::Restores;
    step.system != *home && action.repeatable && !once
}

/// Whether he was thrown out of the directory anew since this was done at a service: until then he
/// could sign on there. Without it the verdict would not count it, either: it came before.
fn was_let_in(subject: &Subject<'_>, state: &RunState, done: &ChangeState) -> bool {
    let run = subject.run;
    let home = &run.tools.directory.system.id;
    let evicts = run.plan.steps().filter(|other| {
        let declared = run.tools.action(&other.action);
        other.system == *home && declared.is_some_and(|known| known.evicts != Evicts::No)
    });
    evicts
        .flat_map(|other| state.of_step(other.key, subject.id))
        .any(|anew| anew.change.step < done.change.step && anew.order > done.order)
}

fn is_open(each: &ChangeState) -> bool {
    let settled = each.is_answered_well() || each.is_proven();
    !settled || each.proof_is(ProofState::Refuted)
}

/// Whether the door stood open after this clear: a lock of its system is gone, or was put back
/// since although the playbook clears after it. Whoever came in meanwhile is in.
fn was_unlocked(
    subject: &Subject<'_>,
    step: &PlannedStep,
    state: &RunState,
    clear: &ChangeState,
) -> bool {
    let run = subject.run;
    let locks = run.plan.steps().filter(|other| {
        let declared = run.tools.action(&other.action);
        other.system == step.system && declared.is_some_and(|known| known.evicts == Evicts::Locks)
    });
    locks
        .flat_map(|other| state.of_step(other.key, subject.id))
        .any(|lock| {
            let put_back = lock.change.step < step.key && lock.order > clear.order;
            put_back || lock.proof_is(ProofState::Refuted)
        })
}

/// Sends one batch until it is answered for good; `false` if something of it is not good.
async fn send(run: &Run, system: &System, reader: &Reader, batch: Vec<Change>) -> bool {
    let mut batch = settle_doubts(run, system, reader, batch).await;
    for _ in 0..ATTEMPTS_MAX {
        if batch.is_empty() {
            return true;
        }
        let doubtful = attempt(run, system, reader, &batch).await;
        if doubtful.is_empty() {
            break;
        }
        batch = unsettled(run, system, reader, doubtful).await;
        if run.stopped() {
            break;
        }
    }
    run.recorder.read(|state| {
        batch.iter().all(|change| {
            state
                .change(&change.id)
                .is_some_and(ChangeState::is_answered_well)
        })
    })
}

/// What an earlier command left in doubt is read back first; returns what is still to be sent.
async fn settle_doubts(
    run: &Run,
    system: &System,
    reader: &Reader,
    batch: Vec<Change>,
) -> Vec<Change> {
    let (doubtful, mut rest): (Vec<Change>, Vec<Change>) = run.recorder.read(|state| {
        batch.into_iter().partition(|change| {
            state
                .change(&change.id)
                .is_some_and(ChangeState::is_in_doubt)
        })
    });
    if !doubtful.is_empty() {
        rest.extend(unsettled(run, system, reader, doubtful).await);
    }
    rest
}

/// Intent, call, answer. Returns the changes that may or may not have happened.
async fn attempt(run: &Run, system: &System, reader: &Reader, batch: &[Change]) -> Vec<Change> {
    intend(run, batch).await;
    call(run, system, &run.held_writer(reader), batch).await
}

/// Makes the intents of these changes durable, all of them at once.
pub(super) async fn intend(run: &Run, batch: &[Change]) {
    let intents = run.recorder.read(|state| {
        let past = |id: &ChangeId| state.change(id).map_or(0, |each| each.attempts);
        let intents = batch.iter().map(|change| Event::Intended {
            change: change.id.clone(),
            attempt: past(&change.id) + 1,
        });
        intents.collect()
    });
    run.recorder.commit(intents).await;
}

/// Sends what is intended. Returns the changes that may or may not have happened.
pub(super) async fn call(
    run: &Run,
    system: &System,
    writer: &Writer<'_>,
    batch: &[Change],
) -> Vec<Change> {
    let attempts: Vec<u32> = run.recorder.read(|state| {
        let last = |id: &ChangeId| state.change(id).map_or(0, |each| each.attempts);
        batch.iter().map(|change| last(&change.id)).collect()
    });
    if run.recorder.is_taken_over() {
        answer_unsent(run, batch, &attempts);
        return Vec::new();
    }
    let began = run.tools.clock.elapsed();
    let outcomes = system.connector.apply(writer, batch).await;
    let ms = u64::try_from((run.tools.clock.elapsed() - began).as_millis()).unwrap_or(u64::MAX);
    let mut doubtful = Vec::new();
    let outcomes = outcomes
        .into_iter()
        .map(Some)
        .chain(std::iter::repeat_with(|| None));
    for ((change, attempt), outcome) in batch.iter().zip(attempts).zip(outcomes) {
        let outcome = outcome.unwrap_or_else(unanswered);
        if matches!(outcome.kind, OutcomeKind::InDoubt { .. }) {
            doubtful.push(change.clone());
        }
        run.recorder.defer(Event::Answered {
            change: change.id.clone(),
            attempt,
            outcome,
            ms,
        });
    }
    doubtful
}

/// These intents were refused by the ledger, so nothing left for them.
fn answer_unsent(run: &Run, batch: &[Change], attempts: &[u32]) {
    for (change, attempt) in batch.iter().zip(attempts) {
        run.recorder.defer(Event::Answered {
            change: change.id.clone(),
            attempt: *attempt,
            outcome: Outcome::bare(OutcomeKind::Failed {
                why: "not sent: another process has taken the run over".into(),
                hint: String::new(),
            }),
            ms: 0,
        });
    }
}

fn unanswered() -> Outcome {
    Outcome::bare(OutcomeKind::InDoubt {
        why: "the connector gave no outcome".into(),
    })
}

/// Reads doubtful changes back; returns those that are to be sent again.
pub(super) async fn unsettled(
    run: &Run,
    system: &System,
    reader: &Reader,
    doubtful: Vec<Change>,
) -> Vec<Change> {
    let proofs = read_back(run, system, reader, &doubtful).await;
    let mut again = Vec::new();
    for (change, proof) in doubtful.into_iter().zip(proofs) {
        let repeatable = system
            .connector
            .action(&change.action)
            .is_some_and(|known| known.repeatable);
        let state = proof.state;
        run.recorder.defer(Event::Proved {
            change: change.id.clone(),
            proof,
        });
        match state {
            ProofState::Proven => {}
            ProofState::Refuted => again.push(change),
            ProofState::Pending | ProofState::Unverifiable if repeatable => again.push(change),
            ProofState::Pending | ProofState::Unverifiable => {}
        }
    }
    again
}

/// One read-back of changes that may have happened.
pub(super) async fn read_back(
    run: &Run,
    system: &System,
    reader: &Reader,
    doubtful: &[Change],
) -> Vec<Proof> {
    let applied: Vec<Applied> = run.recorder.read(|state| {
        doubtful
            .iter()
            .map(|change| applied_of(state, change))
            .collect()
    });
    // One consistent read is enough for what is read by state; an event may take its time.
    let reader = reader.ranked(Rank::Evict);
    let proofs = system.connector.prove(&reader, &applied).await;
    let now = || run.tools.clock.now();
    let missing = || Proof::read(ProofState::Pending, "the connector gave no proof", now());
    proofs
        .into_iter()
        .chain(std::iter::repeat_with(missing))
        .take(doubtful.len())
        .collect()
}

/// A change with every trace that its attempts left.
pub(super) fn applied_of(state: &RunState, change: &Change) -> Applied {
    let known = state.change(&change.id);
    let kind = known.and_then(|each| each.outcome.as_ref()).map_or(
        OutcomeKind::InDoubt {
            why: "no answer is recorded".into(),
        },
        |outcome| outcome.kind.clone(),
    );
    let receipts = known.map(|each| each.receipts.clone()).unwrap_or_default();
    Applied {
        change: known.map_or_else(|| change.clone().into(), |each| each.change.clone()),
        outcome: Outcome { kind, receipts },
        others: others_of(state, change),
    }
}

/// The traces of other calls that did the same to the same target.
fn others_of(state: &RunState, change: &Change) -> Vec<Receipt> {
    let steps = state.plan.iter().flat_map(|plan| plan.steps());
    let same = steps.filter(|step| {
        (&step.action, &step.system) == (&change.action, &change.system) && step.key != change.step
    });
    same.flat_map(|step| state.of_step(step.key, &change.subject))
        .filter(|other| other.change.target == change.target)
        .flat_map(|other| other.receipts.iter().cloned())
        .collect()
}
