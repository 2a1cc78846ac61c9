//! Computes the report from a run's fold. Pure: the same events always give the same report.
//!
//! Judges nothing: every word, and whether an eviction holds, is what [`Judge`] says of the
//! same fold, so that report, exit code and the event that closes a run cannot differ.

use super::frame::frame;
use super::object::{
    BeganBy, Call, Captured, Evidence, Planted, Report, Sign, StepReport, SubjectReport,
    SubjectSystem, SystemReport, Timings, WhoThere, WholeTime,
};
use super::residual;
use super::steps::step_report;
use super::sums::Sums;
use super::unreached;
use crate::consent::ConsentKind;
use crate::ledger::{self, Actions, ChangeState, Judge, LifeSign, RunState, SubjectVerdict};
use crate::model::{
    Action, ActionId, Identity, Plan, Source, Subject, SystemId, UserId, Utc, Verdict,
};

impl Report {
    /// The report of a run.
    ///
    /// `actions` gives the declaration of each action, `directory` is the system whose eviction
    /// counts. A state without `Opened` gives an empty report with the verdict `not_attempted`.
    #[must_use]
    pub fn of(
        state: &RunState,
        actions: &dyn Fn(&ActionId) -> Option<&'static Action>,
        directory: &SystemId,
    ) -> Self {
        let mut subjects = Vec::new();
        let report = told(state, actions, directory, &mut |who| subjects.push(who));
        Self { subjects, ..report }
    }
}

/// The report without its subjects, each of whom is given away as soon as he is computed.
pub(super) fn told(
    state: &RunState,
    actions: Actions<'_>,
    directory: &SystemId,
    take: &mut dyn FnMut(SubjectReport),
) -> Report {
    let mut report = frame(state);
    let Some(judge) = Judge::of(state, actions, directory) else {
        return report;
    };
    let times = Times::of(state);
    let mut sums = Sums::default();
    let mut apps = Vec::new();
    for who in &judge.plan.case.subjects {
        let mut told = subject(&judge, who, actions, directory, times);
        for one in &mut told.residual {
            one.call = whom_to_call(judge.plan, one.app.as_ref(), &one.system);
        }
        sums.add(&told);
        apps.extend(unreached::by_hand(&judge, who, directory));
        take(told);
    }
    report.verdict = judge.run(sums.worst.into_iter());
    report.planted = judge
        .planted()
        .iter()
        .map(|each| planted(each, directory))
        .collect();
    report.timings = timings(state, report.verdict, sums.evicted_ms(), times);
    report.counts = sums.counts;
    report.manual = sums.by_hand;
    report.manual.extend(apps);
    for one in &mut report.manual {
        one.call = whom_to_call(judge.plan, one.app.as_ref(), &one.system);
    }
    report.systems = with_left_out(sums.systems, judge.plan);
    report.unproven = report.systems.iter().map(|system| system.unproven).sum();
    report
}

fn planted(each: &ledger::Planted<'_>, directory: &SystemId) -> Planted {
    let plant = each.plant;
    Planted {
        what: plant.what.clone(),
        system: directory.clone(),
        severity: plant.severity,
        resolved: each.resolved,
        at: Some(plant.at),
        by: plant.by.clone(),
        event: plant.event.clone(),
        remedy: plant.remedy.as_ref().map(ToString::to_string),
    }
}

/// The owner of something that is left, as the plan tells.
fn whom_to_call(plan: &Plan, app: Option<&String>, system: &SystemId) -> Option<Call> {
    // An app's own owner, whatever it stands under.
    let named = match app {
        Some(app) => {
            let known = plan.unreached.iter().find(|each| each.app == *app)?;
            plan.owner_of(known.names())
        }
        None => plan.owner_of([system.as_str(), system.vendor()].into_iter()),
    };
    named.map(|known| Call {
        owner: known.owner.clone(),
        contact: known.contact.clone(),
    })
}

fn subject<'r>(
    judge: &Judge<'r>,
    who: &'r Subject,
    actions: Actions<'_>,
    directory: &SystemId,
    times: Times,
) -> SubjectReport {
    let id = &who.id;
    let steps = judge.steps(id);
    let word = judge.subject_of(id, &steps);
    let steps: Vec<StepReport> = steps
        .iter()
        .map(|step| step_report(step, actions(&step.step.action)))
        .collect();
    let mut report = SubjectReport {
        login: who.login.clone(),
        okta_id: id.clone(),
        role: who.role,
        verdict: word.verdict(),
        evicted_at: word.evicted_at,
        evicted_ms: word.evicted_at.and_then(|at| times.of_the_run(at)),
        cleared_at: word.cleared_at,
        can_reenter: word.can_reenter,
        systems: subject_systems(judge, id, &word),
        steps,
        residual: Vec::new(),
        signs_of_life: word.signs.iter().map(sign).collect(),
        evidence: evidence(judge.state, id),
    };
    // What is given back is meant to work.
    if judge.plan.gives_back.is_none() {
        report.residual = residual::of(&report, actions, directory);
        report
            .residual
            .extend(unreached::residual(judge, id, directory));
    }
    report
}

fn sign(sign: &LifeSign<'_>) -> Sign {
    Sign {
        at: sign.at,
        what: sign.what.to_owned(),
        swept: sign.swept,
    }
}

fn evidence(state: &RunState, who: &UserId) -> Vec<Evidence> {
    let first = (who.clone(), String::new());
    let kept = state
        .captured
        .range(first.clone()..)
        .take_while(|((subject, _), _)| subject == who)
        .map(|((_, part), late)| Evidence {
            part: part.clone(),
            captured: if *late {
                Captured::Late
            } else {
                Captured::Before
            },
            why: None,
        });
    let missing = state
        .not_captured
        .range(first..)
        .take_while(|((subject, _), _)| subject == who)
        .filter(|(place, _)| !state.captured.contains_key(*place))
        .map(|((_, part), why)| Evidence {
            part: part.clone(),
            captured: Captured::Missing,
            why: Some(why.clone()),
        });
    kept.chain(missing).collect()
}

fn subject_systems(
    judge: &Judge<'_>,
    who: &UserId,
    word: &SubjectVerdict<'_>,
) -> Vec<SubjectSystem> {
    let rows = word.systems.iter();
    rows.map(|(id, judged)| SubjectSystem {
        id: (*id).clone(),
        verdict: judged.verdict,
        unproven: judged.unproven,
        identity: match judge.identity(id, who) {
            None => not_configured(judge, id, who).unwrap_or(WhoThere::NotAsked),
            there => who_there(there),
        },
    })
    .collect()
}

fn not_configured(judge: &Judge<'_>, system: &SystemId, who: &UserId) -> Option<WhoThere> {
    let here = judge.unreached(who);
    let here = here.filter(|each| each.vendor.as_ref() == Some(system));
    let apps: Vec<String> = here.map(unreached::spoken).collect();
    (!apps.is_empty()).then(|| WhoThere::NotConfigured {
        why: apps.join(", "),
    })
}

fn who_there(identity: Option<&Identity>) -> WhoThere {
    match identity.cloned() {
        Some(Identity::Found { id }) => WhoThere::Found { id },
        Some(Identity::NoAccount) => WhoThere::NoAccount,
        Some(Identity::Ambiguous { candidates }) => WhoThere::Ambiguous { candidates },
        Some(Identity::Contested { why, candidates }) => WhoThere::Contested { why, candidates },
        Some(Identity::Unread { why }) => WhoThere::Unread { why },
        None => WhoThere::NotAsked,
    }
}

/// The systems, and those that were left out on purpose.
fn with_left_out(mut rows: Vec<SystemReport>, plan: &Plan) -> Vec<SystemReport> {
    for id in left_out(plan) {
        if !rows.iter().any(|row| row.id == id) {
            rows.push(SystemReport {
                vendor: id.vendor().to_owned(),
                id,
                verdict: Verdict::NotAttempted,
                unproven: 0,
            });
        }
    }
    rows
}

/// What was left out on purpose, system by system. A plan of an earlier version names only what
/// was typed.
fn left_out(plan: &Plan) -> Vec<SystemId> {
    if !plan.left_out.is_empty() {
        return plan.left_out.clone();
    }
    let planned = |name: &String| {
        let mut systems = plan.systems.iter();
        systems.any(|system| system.id.as_str() == name || system.id.vendor() == name)
    };
    let skipped = plan.scope.skip.iter().filter(|name| !planned(name));
    skipped.map(SystemId::new).collect()
}

/// What timings count from, and where the run that they are of ended.
#[derive(Clone, Copy)]
struct Times {
    base: Option<Utc>,
    closed_at: Option<Utc>,
}

impl Times {
    /// From the consent, if it came before the first write, else from the opening.
    fn of(state: &RunState) -> Self {
        let consented = state.consent.as_ref().map(|(_, _, at)| *at);
        Self {
            base: consented
                .filter(|at| state.first_write_at.is_none_or(|first| *at <= first))
                .or(state.opened_at),
            closed_at: state.closed_at,
        }
    }

    /// Milliseconds until `at`; `None` if that was after the run: what is read then is no time
    /// of the run's.
    fn of_the_run(self, at: Utc) -> Option<u64> {
        let base = self.base?;
        self.closed_at
            .is_none_or(|closed| at <= closed)
            .then(|| millis(base, at))
    }
}

fn millis(from: Utc, to: Utc) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

fn timings(state: &RunState, verdict: Verdict, evicted_ms: Option<u64>, times: Times) -> Timings {
    let contained = verdict == Verdict::Contained;
    let proofs = state.changes().iter().filter_map(ChangeState::read_at);
    let proven = proofs.filter_map(|at| times.of_the_run(at)).max();
    let until = |at: Option<Utc>| at.and_then(|at| times.of_the_run(at));
    let mut told = Timings {
        first_write_ms: until(state.first_write_at),
        evicted_ms,
        contained_ms: until(state.last_answer_at).filter(|_| contained),
        proven_ms: proven.filter(|_| contained),
        whole: None,
    };
    told.whole = whole(state, &told, times);
    told
}

/// The same from the alert or the command on: what each of `told` took, and what was before it.
fn whole(state: &RunState, told: &Timings, times: Times) -> Option<WholeTime> {
    let plan = state.plan.as_deref()?;
    let began = plan.case.began?;
    let before = millis(began.at, times.base?);
    let since_then = |ms: Option<u64>| ms.map(|ms| ms.saturating_add(before));
    let planned = (plan.made_at >= began.at).then(|| millis(began.at, plan.made_at));
    let asked = state.first_consent.filter(|(kind, _)| {
        // A phrase was typed with the command, `--yes` too, and a rule is nobody.
        matches!(kind, ConsentKind::Typed | ConsentKind::Approved)
    });
    Some(WholeTime {
        from: match plan.case.source {
            Source::Person(_) => BeganBy::Command,
            Source::Alert(_) | Source::Proposed(_) => BeganBy::Alert,
        },
        began_at: began.at,
        event_time: began.event_time,
        planned_ms: planned,
        waited_ms: asked.map(|(_, decided)| millis(plan.made_at.max(began.at), decided)),
        first_write_ms: since_then(told.first_write_ms),
        evicted_ms: since_then(told.evicted_ms),
        contained_ms: since_then(told.contained_ms),
        proven_ms: since_then(told.proven_ms),
    })
}
