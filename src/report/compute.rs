//! Computes the report from a run's fold. Pure: the same events always give the same report.
//!
//! The words `contained`, `partial` and `unknown` come from [`judge`] and from nowhere else;
//! what is added here can only make them worse: a sign of life after the last clear, an
//! identity that could not be acted on, something planted that is still there.

use std::collections::BTreeMap;

use super::frame::frame;
use super::items::{Actions, Folded, StepOf, items, nobody_to_act_on};
use super::object::{
    Captured, Counts, Evidence, Planted, Report, Sign, StepReport, SubjectReport, SubjectSystem,
    SystemReport, Timings, WhoThere,
};
use super::residual;
use super::steps::step_report;
use crate::ledger::RunState;
use crate::model::{
    Action, ActionId, Evicts, Identity, Item, Judged, Plan, Severity, Subject, SystemId, UserId,
    Utc, Verdict, evicted_at, judge,
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
        let mut report = frame(state);
        let Some(plan) = &state.plan else {
            return report;
        };
        let folded = Folded::of(plan, state);
        let base = timed_from(state);
        report.subjects = plan
            .case
            .subjects
            .iter()
            .map(|who| subject(&folded, who, actions, directory, base))
            .collect();
        report.systems = systems(plan, &report.subjects);
        report.counts = counts(&report.subjects);
        report.unproven = report.systems.iter().map(|system| system.unproven).sum();
        report.verdict = run_verdict(&report.systems, &report.planted);
        report.manual = report.subjects.iter().flat_map(residual::by_hand).collect();
        report.timings = timings(state, &report, base);
        report
    }
}

/// The worst of the systems; something planted and still there makes the run `partial`.
fn run_verdict(systems: &[SystemReport], planted: &[Planted]) -> Verdict {
    let worst = systems
        .iter()
        .map(|system| system.verdict)
        .max()
        .unwrap_or(Verdict::NotAttempted);
    let intruder_stays = planted
        .iter()
        .any(|one| !one.resolved && one.severity == Severity::High);
    if intruder_stays && worst != Verdict::NotAttempted {
        worst.max(Verdict::Partial)
    } else {
        worst
    }
}

fn subject<'r>(
    folded: &Folded<'r>,
    who: &'r Subject,
    actions: Actions<'_>,
    directory: &SystemId,
    base: Option<Utc>,
) -> SubjectReport {
    let id = &who.id;
    let steps = folded.steps(id);
    let mut judging = items(&steps, actions);
    add_unreachable(folded, id, &mut judging);
    let mut judged = judge(&judging, directory);
    let evicted = evicted_at(&judging, directory);
    let tried = judging
        .iter()
        .any(|item| item.system == directory && item.evicts != Evicts::No);
    let signs = signs(folded.state, id, last_clear(&steps, actions).or(evicted));
    if signs.iter().any(|sign| !sign.swept)
        && let Some(home) = judged.get_mut(directory)
    {
        home.verdict = home.verdict.max(Verdict::Partial);
    }
    let steps: Vec<StepReport> = steps.iter().map(step_report).collect();
    let systems = subject_systems(folded, id, &judged, &steps);
    let mut report = SubjectReport {
        login: who.login.clone(),
        okta_id: who.id.clone(),
        role: who.role,
        verdict: systems
            .iter()
            .map(|system| system.verdict)
            .max()
            .unwrap_or(Verdict::NotAttempted),
        evicted_at: evicted,
        evicted_ms: evicted.zip(base).map(|(at, base)| ms_between(base, at)),
        can_reenter: tried && evicted.is_none(),
        systems,
        steps,
        residual: Vec::new(),
        signs_of_life: signs,
        evidence: evidence(folded.state, id),
    };
    report.residual = residual::of(&report, actions, directory);
    report
}

/// A system where the subject is nobody we may act on is open, even if no step says so.
fn add_unreachable<'r>(folded: &Folded<'r>, who: &'r UserId, items: &mut Vec<Item<'r>>) {
    for system in &folded.plan.systems {
        let unreachable = matches!(
            folded.identity(&system.id, who),
            Some(Identity::Ambiguous { .. } | Identity::Contested { .. } | Identity::Unread { .. })
        );
        let told = items.iter().any(|item| *item.system == system.id);
        if unreachable && !told && folded.plan.scope.includes(&system.id) {
            items.push(nobody_to_act_on(who, &system.id));
        }
    }
}

/// When the last clear was done: by the vendor's clock, as the log's events are, if it said so.
fn last_clear(steps: &[StepOf<'_>], actions: Actions<'_>) -> Option<Utc> {
    steps
        .iter()
        .filter(|step| actions(&step.step.action).is_some_and(|a| a.evicts == Evicts::Clears))
        .flat_map(|step| &step.changes)
        .filter(|each| each.is_answered_well())
        .filter_map(|each| {
            let told = each.receipts.iter().map(|receipt| receipt.server_at).max();
            told.or(each.answered_at)
        })
        .max()
}

fn signs(state: &RunState, who: &UserId, cleared: Option<Utc>) -> Vec<Sign> {
    state
        .signs
        .iter()
        .filter(|(subject, _, _)| subject == who)
        .map(|(_, at, what)| Sign {
            at: *at,
            what: what.clone(),
            swept: cleared.is_some_and(|cleared| *at <= cleared),
        })
        .collect()
}

fn evidence(state: &RunState, who: &UserId) -> Vec<Evidence> {
    let first = (who.clone(), String::new());
    let kept = state
        .captured
        .range(first.clone()..)
        .take_while(|((subject, _), _)| subject == who)
        .map(|((_, part), (_, late))| Evidence {
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

/// The systems in plan order, then those that only a step names; the left-out ones as such.
fn subject_systems(
    folded: &Folded<'_>,
    who: &UserId,
    judged: &BTreeMap<SystemId, Judged>,
    steps: &[StepReport],
) -> Vec<SubjectSystem> {
    let plan = folded.plan;
    let mut ids: Vec<&SystemId> = plan.systems.iter().map(|system| &system.id).collect();
    for step in steps {
        if !ids.contains(&&step.system) {
            ids.push(&step.system);
        }
    }
    ids.into_iter()
        .map(|id| {
            let there = folded.identity(id, who);
            let word = judged.get(id).copied().unwrap_or(Judged {
                verdict: match there {
                    Some(Identity::NoAccount) if plan.scope.includes(id) => Verdict::Contained,
                    _ => Verdict::NotAttempted,
                },
                unproven: 0,
            });
            SubjectSystem {
                id: id.clone(),
                verdict: word.verdict,
                unproven: word.unproven,
                identity: who_there(there),
            }
        })
        .collect()
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

fn systems(plan: &Plan, subjects: &[SubjectReport]) -> Vec<SystemReport> {
    let mut rows: Vec<SystemReport> = Vec::new();
    for each in subjects.iter().flat_map(|subject| &subject.systems) {
        match rows.iter_mut().find(|row| row.id == each.id) {
            Some(row) => {
                row.verdict = row.verdict.max(each.verdict);
                row.unproven += each.unproven;
            }
            None => rows.push(SystemReport {
                id: each.id.clone(),
                vendor: each.id.vendor().to_owned(),
                verdict: each.verdict,
                unproven: each.unproven,
            }),
        }
    }
    for name in &plan.scope.skip {
        let id = SystemId::new(name);
        if !rows.iter().any(|row| row.id == id || row.vendor == *name) {
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

fn counts(subjects: &[SubjectReport]) -> Counts {
    let mut counts = Counts {
        subjects: subjects.len(),
        ..Counts::default()
    };
    for subject in subjects {
        *match subject.verdict {
            Verdict::Contained => &mut counts.contained,
            Verdict::Partial => &mut counts.partial,
            Verdict::Unknown => &mut counts.unknown,
            Verdict::NotAttempted => &mut counts.not_attempted,
        } += 1;
    }
    counts
}

/// What timings count from: the consent, if it came before the first write, else the opening.
fn timed_from(state: &RunState) -> Option<Utc> {
    let consented = state.consent.as_ref().map(|(_, _, at)| *at);
    consented
        .filter(|at| state.first_write_at.is_none_or(|first| *at <= first))
        .or(state.opened_at)
}

fn timings(state: &RunState, report: &Report, base: Option<Utc>) -> Timings {
    let Some(base) = base else {
        return Timings::default();
    };
    let contained = report.verdict == Verdict::Contained;
    let proven = state
        .changes
        .values()
        .filter_map(|each| each.proof.as_ref())
        .map(|proof| proof.at)
        .max();
    let evicted: Option<Vec<u64>> = report
        .subjects
        .iter()
        .map(|subject| subject.evicted_ms)
        .collect();
    Timings {
        first_write_ms: state.first_write_at.map(|at| ms_between(base, at)),
        evicted_ms: evicted.and_then(|all| all.into_iter().max()),
        contained_ms: state
            .last_answer_at
            .filter(|_| contained)
            .map(|at| ms_between(base, at)),
        proven_ms: proven.filter(|_| contained).map(|at| ms_between(base, at)),
    }
}

fn ms_between(from: Utc, to: Utc) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}
