//! Looks once more when everything is proven: is the lock still there, does he still act?
//!
//! Signs of life can refute an eviction, never prove one. Whoever shows them is swept again;
//! after the last round they stand in the report as a refuted clear. What was refused the
//! first time, or answered well and read back otherwise, gets one more try, too: a person
//! would resume the run just for that.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{FutureExt as _, join_all};

use crate::connector::{Identified, Sign, SignsOfLife, System};
use crate::ledger::{ChangeState, Event, Judge, RunState, last_clear};
use crate::model::{
    ActionId, Applied, Change, ChangeId, Evicts, Finding, OutcomeKind, PlannedStep, Proof,
    ProofState, Severity, Skip, StepKey, UserId, Utc, Verdict,
};
use crate::transport::{Rank, Reader};

use super::late;
use super::rows::as_step;
use super::run::Run;
use super::step::{applied_of, can_grow};
use super::tenants::is_as_planned;

/// Where the run stands when it looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// Everything was sent once.
    First,
    /// In between.
    Later,
    /// Nobody is swept any more: what is seen is recorded against the subject.
    Last,
}

/// Who needs another pass, and which.
#[derive(Default)]
pub(super) struct Again {
    /// Swept: cleared again, and all that comes after a clear.
    pub(super) swept: BTreeSet<UserId>,
    /// Only what is open is tried once more: a refusal at a service is no reason to open and
    /// close the case at the directory again.
    pub(super) retried: BTreeSet<UserId>,
}

impl Again {
    pub(super) fn is_empty(&self) -> bool {
        self.swept.is_empty() && self.retried.is_empty()
    }
}

/// Returns the subjects to work on again; in the last round nobody.
pub(super) async fn look(run: &Run, round: Round) -> Again {
    let last_round = round == Round::Last;
    let mut again = unlocked(run).await;
    let mut retried = BTreeSet::new();
    if !last_round {
        let (at_home, elsewhere) = open(run);
        if round == Round::First || is_bad_luck(run, at_home.len() + elsewhere.len()) {
            again.extend(at_home);
            retried = elsewhere;
        }
    }
    let News {
        grown,
        read_at_last,
    } = news(run).await;
    if !last_round {
        retried.extend(read_at_last);
    }
    for (step, subject) in grown {
        let told = run.recorder.read(|state| {
            let skip = state.skipped.get(&(step, subject.clone()));
            matches!(skip, Some(Skip::CeilingPassed { .. } | Skip::Unread { .. }))
        });
        if last_round && !told {
            let why = "more was found after the last sweep".to_owned();
            let skip = Skip::Unread { why };
            run.recorder.defer(Event::Skipped {
                step,
                subject: subject.clone(),
                skip,
            });
        }
        again.insert(subject);
    }
    let clears = last_clears(run);
    for sign in signs(run, &clears).await {
        if last_round {
            refute(run, &clears, &sign);
        }
        again.insert(sign.subject.clone());
        run.recorder.defer(Event::SignOfLife {
            subject: sign.subject,
            seen_at: sign.at,
            what: sign.what,
            event_id: sign.event,
        });
    }
    run.recorder.flush().await;
    if last_round {
        return Again::default();
    }
    retried.retain(|subject| !again.contains(subject));
    for subject in &again {
        run.forget_settled(subject);
    }
    Again {
        swept: again,
        retried,
    }
}

/// Of thousands of requests one in a hundred may go wrong twice: in a crowd the few who are left are
/// tried once more each round. If they are many, it is no accident, and would go wrong again.
fn is_bad_luck(run: &Run, open: usize) -> bool {
    run.is_crowd() && open <= run.plan.case.subjects.len() / 20
}

/// Reads every proven lock once more, after the last write; returns whose is gone.
async fn unlocked(run: &Run) -> BTreeSet<UserId> {
    let home = &run.tools.directory.system;
    let locks: Vec<Applied> = run.recorder.read(|state| {
        evicting(run, state, Evicts::Locks)
            .filter(|each| each.is_answered_well() || each.is_proven())
            .map(|each| applied_of(state, &each.change))
            .collect()
    });
    if locks.is_empty() {
        return BTreeSet::new();
    }
    let reader = Reader::new(home.client.clone()).ranked(Rank::Prove);
    let proofs = home.connector.prove(&reader, &locks).await;
    let mut gone = BTreeSet::new();
    for (lock, proof) in locks.into_iter().zip(proofs) {
        // A read that failed now does not unmake a read that succeeded before.
        if matches!(proof.state, ProofState::Proven | ProofState::Refuted) {
            if proof.state == ProofState::Refuted {
                gone.insert(lock.change.subject.clone());
            }
            run.recorder.defer(Event::Proved {
                change: lock.change.id.clone(),
                proof,
            });
        }
    }
    gone
}

/// Subjects with something open that was refused, or is not so although the answer was yes: at
/// the directory, and at services alone.
fn open(run: &Run) -> (BTreeSet<UserId>, BTreeSet<UserId>) {
    let home = &run.tools.directory.system.id;
    let optional: Vec<StepKey> = run
        .plan
        .steps()
        .filter(|step| step.optional)
        .map(|step| step.key)
        .collect();
    let unlucky = |each: &ChangeState| {
        let refused = matches!(&each.outcome, Some(outcome) if matches!(outcome.kind, OutcomeKind::Failed { .. }));
        // A clear whose event never came may not have been carried out.
        let unseen = each.proof_is(ProofState::Unverifiable)
            && run
                .tools
                .action(&each.change.action)
                .is_some_and(|action| action.evicts == Evicts::Clears);
        (refused || unseen || each.proof_is(ProofState::Refuted))
            && !optional.contains(&each.change.step)
    };
    run.recorder.read(|state| {
        let mut open: BTreeSet<UserId> = BTreeSet::new();
        for each in state.changes().iter().filter(|each| unlucky(each)) {
            open.insert(each.change.subject.clone());
        }
        // A later clear may have closed an earlier one that failed.
        let actions = |id: &ActionId| run.tools.action(id);
        let Some(judge) = Judge::of(state, &actions, home) else {
            return (BTreeSet::new(), BTreeSet::new());
        };
        open.retain(|subject| judge.subject(subject).verdict() > Verdict::Contained);
        open.into_iter().partition(|subject| {
            let systems = judge.subject(subject).systems;
            let mut here = systems.iter().filter(|(system, _)| *system == home);
            here.any(|(_, judged)| judged.verdict > Verdict::Contained)
        })
    })
}

/// What a step's targets are now that they are read once more.
#[derive(Default)]
struct News {
    /// Who has more of them than were known, or one again that was gone.
    grown: Vec<(StepKey, UserId)>,
    /// Whose could not be read when they were due, and can be now: what is late is done after all,
    /// as it would have been then. It says nothing of what he did since.
    read_at_last: BTreeSet<UserId>,
}

/// Reads every step's targets once more, for all subjects and all steps at once, so that no
/// system waits for another's quota; returns what is new.
///
/// A log lags behind its org: what was planted in the last moment before the lock shows only
/// now that the clear's own event does.
async fn news(run: &Run) -> News {
    let steps = run.plan.stages.iter().filter(|stage| !stage.ask);
    let steps = steps.flat_map(|stage| &stage.steps);
    let mut all = News::default();
    for found in join_all(steps.map(|step| found_at(run, step).boxed())).await {
        all.grown.extend(found.grown);
        all.read_at_last.extend(found.read_at_last);
    }
    all
}

async fn found_at(run: &Run, step: &PlannedStep) -> News {
    let mut found = News::default();
    let Some(system) = run.tools.system(&step.system) else {
        return found;
    };
    let who = rereadable(run, step);
    if who.is_empty() || is_as_planned(run, system).await.is_err() {
        return found;
    }
    let reader = Reader::new(system.client.clone()).ranked(Rank::Prove);
    let planned = system
        .connector
        .plan(&reader, &as_step(step), &who, &run.plan.case)
        .await;
    let mut back = Vec::new();
    run.recorder.read(|state| {
        for (who, planned) in who.iter().zip(planned) {
            let is_new = |change: &Change| state.change(&change.id).is_none();
            let is_unread = |skip: Option<&Skip>| matches!(skip, Some(Skip::Unread { .. }));
            let at = (step.key, who.subject.id.clone());
            if is_unread(state.skipped.get(&at)) && !is_unread(planned.skip.as_ref()) {
                found.read_at_last.insert(at.1);
            } else if planned.changes.iter().any(is_new) {
                found.grown.push(at);
            }
            back.extend(planned.changes.iter().filter_map(|change| {
                let known = state.change(&change.id)?;
                known.is_proven().then(|| applied_of(state, &known.change))
            }));
        }
    });
    let back = came_back(run, &reader, system, back).await;
    found.grown.extend(back);
    found
}

/// Of what is listed again though it was proven gone: what is there again, under the same id. An
/// intruder who lets the same app in once more makes no new target.
async fn came_back(
    run: &Run,
    reader: &Reader,
    system: &System,
    listed: Vec<Applied>,
) -> Vec<(StepKey, UserId)> {
    if listed.is_empty() {
        return Vec::new();
    }
    let proofs = system.connector.prove(reader, &listed).await;
    let mut back = Vec::new();
    for (applied, proof) in listed.into_iter().zip(proofs) {
        if proof.state == ProofState::Refuted {
            back.push((applied.change.step, applied.change.subject.clone()));
            run.recorder.defer(Event::Proved {
                change: applied.change.id.clone(),
                proof,
            });
        }
    }
    back
}

/// Subjects whose targets at this step may have grown in number since they were read.
fn rereadable(run: &Run, step: &PlannedStep) -> Vec<Identified> {
    let rows = step.subjects.iter().filter(|row| can_grow(row));
    let rows = rows.filter(|row| !run.is_settled(step.key, &row.subject));
    rows.filter_map(|row| late::known(run, &step.system, &row.subject))
        .collect()
}

/// New signs of life since each subject's last clear.
async fn signs(run: &Run, clears: &Clears) -> Vec<Sign> {
    let since: Vec<(UserId, Utc)> = clears
        .iter()
        .map(|(who, (_, at))| (who.clone(), *at))
        .collect();
    if since.is_empty() {
        return Vec::new();
    }
    let reader = Reader::new(run.tools.directory.system.client.clone()).ranked(Rank::Prove);
    let SignsOfLife {
        read_until,
        seen,
        unread,
    } = run
        .tools
        .directory
        .directory
        .signs_of_life(&reader, &since)
        .await;
    // The clears' own events were read from it before.
    let logged = run.recorder.read(newest_logged);
    if let Some(until) = read_until.map(|until| logged.map_or(until, |at| until.max(at))) {
        run.recorder.defer(Event::LogRead { until });
    }
    if let Some(why) = unread {
        run.recorder.defer(Event::Noted {
            finding: unread_log(&why),
        });
    }
    run.recorder.read(|state| {
        seen.into_iter()
            .filter(|sign| !state.sign_events.contains(&sign.event))
            .collect()
    })
}

/// The time of the newest event of the log that proves a change.
fn newest_logged(state: &RunState) -> Option<Utc> {
    let proofs = state
        .changes()
        .iter()
        .filter_map(|each| each.proof.as_ref());
    proofs.filter_map(|proof| proof.event_at).max()
}

/// After the last round a sign counts against the clear that it outlived.
fn refute(run: &Run, clears: &Clears, sign: &Sign) {
    if let Some((change, _)) = clears.get(&sign.subject) {
        let change = change.clone();
        let how = format!("{} at {}", sign.what, sign.at);
        let proof = Proof::read(ProofState::Refuted, how, run.tools.clock.now());
        run.recorder.defer(Event::Proved { change, proof });
    }
}

/// Each subject's last clear, and when it was by the directory's clock.
type Clears = BTreeMap<UserId, (ChangeId, Utc)>;

fn last_clears(run: &Run) -> Clears {
    let home = &run.tools.directory.system.id;
    let actions = |id: &ActionId| run.tools.action(id);
    run.recorder.read(|state| {
        let Some(judge) = Judge::of(state, &actions, home) else {
            return Clears::new();
        };
        let who = run.plan.case.subjects.iter().map(|who| &who.id);
        who.filter_map(|who| {
            let (clear, at) = last_clear(&judge.steps(who), &actions, home)?;
            Some((who.clone(), (clear.change.id.clone(), at)))
        })
        .collect()
    })
}

fn evicting<'s>(
    run: &'s Run,
    state: &'s RunState,
    part: Evicts,
) -> impl Iterator<Item = &'s ChangeState> {
    state.changes().iter().filter(move |each| {
        each.change.system == run.tools.directory.system.id
            && run
                .tools
                .action(&each.change.action)
                .is_some_and(|action| action.evicts == part)
    })
}

fn unread_log(why: &str) -> Finding {
    Finding {
        severity: Severity::Warning,
        id: "log_unread".into(),
        text: format!("the System Log could not be read for signs of life: {why}"),
        hint: "oust runs prove --last reads it again".into(),
    }
}
