//! Computes the report from a run's fold. Pure: the same events always give the same report.
//!
//! The words `contained`, `partial` and `unknown` come from [`judge`] and from nowhere else;
//! what is added here can only make them worse: a sign of life after the last clear, an
//! identity that could not be acted on, something planted that is still there.

use std::collections::BTreeMap;

use super::items::{Actions, Folded, StepOf, items, nobody_to_act_on};
use super::object::*;
use super::residual;
use crate::ledger::{ChangeState, RunState};
use crate::model::{
    Action, ActionId, Evicts, GuardAnswer, GuardReply, Identity, Item, Judged, Kept, OutcomeKind,
    Plan, Proof, Skip, Subject, SystemId, Target, UserId, Utc, Verdict, evicted_at, judge,
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
        .any(|one| !one.resolved && one.severity == crate::model::Severity::High);
    if intruder_stays && worst != Verdict::NotAttempted {
        worst.max(Verdict::Partial)
    } else {
        worst
    }
}

/// Everything that needs no judging.
fn frame(state: &RunState) -> Report {
    let plan = state.plan.as_ref();
    let window = plan.map(|plan| plan.case.window);
    Report {
        schema: SCHEMA.into(),
        tool: state.tool.clone(),
        run_id: plan.map_or_else(|| crate::model::RunId::new(""), |plan| plan.run.clone()),
        recorded: state.head.is_some(),
        org_id: plan.map(|plan| plan.org_id.clone()).unwrap_or_default(),
        org: plan.map(|plan| plan.org.clone()).unwrap_or_default(),
        mode: state.mode.unwrap_or(crate::ledger::Mode::Contain),
        playbook: plan.map(playbook).unwrap_or_default(),
        plan_digest: plan.map(Plan::digest).unwrap_or_default(),
        case: plan.and_then(|plan| plan.case.id.clone()),
        reason: plan.and_then(|plan| plan.case.reason.clone()),
        window: ReportWindow {
            start: window.map_or_else(|| Utc::from_millis(0), |window| window.start),
            end: window.and_then(|window| window.end),
            how: window.map_or(crate::model::WindowHow::Assumed, |window| window.how),
        },
        requester: state.requester.clone(),
        consent: state.consent.as_ref().map(|(kind, by, at)| ConsentReport {
            kind: *kind,
            by: by.clone(),
            at: *at,
        }),
        guards: plan.map_or_else(Vec::new, |plan| plan.guards.iter().map(guard).collect()),
        scope: plan.map(scope).unwrap_or_default(),
        started_at: state.opened_at,
        finished_at: state.closed_at,
        verdict: Verdict::NotAttempted,
        unproven: 0,
        systems: Vec::new(),
        counts: Counts::default(),
        subjects: Vec::new(),
        subjects_file: None,
        findings: state.findings.clone(),
        planted: Vec::new(),
        manual: Vec::new(),
        log_read_until: state.log_read_until,
        timings: Timings::default(),
        requests: requests(state),
        ledger_head: state.head.as_ref().map(|head| LedgerHead {
            seq: head.seq,
            hash: head.hash.clone(),
        }),
    }
}

fn playbook(plan: &Plan) -> Playbook {
    Playbook {
        name: plan.playbook.name.clone(),
        title: plan.playbook.title.clone(),
        digest: plan.playbook.digest.clone(),
    }
}

fn scope(plan: &Plan) -> ScopeReport {
    ScopeReport {
        only: plan.scope.only.clone(),
        skip: plan.scope.skip.clone(),
    }
}

fn guard(answer: &GuardAnswer) -> GuardReport {
    let (word, why) = match &answer.reply {
        GuardReply::Passes => ("passes", None),
        GuardReply::Warns { why } => ("warns", Some(why)),
        GuardReply::RefusesSteps { why, .. } => ("refuses_steps", Some(why)),
        GuardReply::RefusesRun { why, .. } => ("refuses_run", Some(why)),
    };
    GuardReport {
        name: answer.name,
        answer: word.into(),
        why: why.cloned(),
        lifted_by: answer.lifted.as_ref().map(|lift| lift.by.clone()),
        lifted_because: answer.lifted.as_ref().map(|lift| lift.reason.clone()),
    }
}

fn requests(state: &RunState) -> Requests {
    let mut all = Requests::default();
    for (system, reading) in &state.requests {
        all.reads += reading.reads;
        all.writes += reading.writes;
        all.retries += reading.retries;
        all.throttled += reading.throttled;
        let here = SystemRequests {
            reads: reading.reads,
            writes: reading.writes,
            retries: reading.retries,
            throttled: reading.throttled,
        };
        all.by_system.insert(system.to_string(), here);
    }
    all
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
    let systems = subject_systems(folded.plan, id, &judged, &steps);
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
            identity(folded.plan, &system.id, who),
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

fn identity<'r>(plan: &'r Plan, system: &SystemId, who: &UserId) -> Option<&'r Identity> {
    plan.systems
        .iter()
        .find(|each| each.id == *system)?
        .identities
        .iter()
        .find_map(|(subject, identity)| (subject == who).then_some(identity))
}

/// The systems in plan order, then those that only a step names; the left-out ones as such.
fn subject_systems(
    plan: &Plan,
    who: &UserId,
    judged: &BTreeMap<SystemId, Judged>,
    steps: &[StepReport],
) -> Vec<SubjectSystem> {
    let mut ids: Vec<&SystemId> = plan.systems.iter().map(|system| &system.id).collect();
    for step in steps {
        if !ids.contains(&&step.system) {
            ids.push(&step.system);
        }
    }
    ids.into_iter()
        .map(|id| {
            let there = identity(plan, id, who);
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
        Some(Identity::Contested { why }) => WhoThere::Contested { why },
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

fn step_report(step: &StepOf<'_>) -> StepReport {
    let changes: Vec<ChangeReport> = step
        .changes
        .iter()
        .map(|each| change_report(each, step.skip))
        .collect();
    let not_done = match step.skip {
        Some(skip) => Some(not_done(skip)),
        None if changes.is_empty() => Some(NotDone {
            kind: "untold".into(),
            why: "nothing was planned, and nobody said why".into(),
            open: true,
        }),
        None => None,
    };
    StepReport {
        stage: step.stage.name.clone(),
        action: step.step.action.clone(),
        system: step.step.system.clone(),
        outcome: changes
            .iter()
            .map(|change| change.outcome)
            .max()
            .unwrap_or(StepOutcome::Skipped),
        optional: step.step.optional,
        not_done,
        changes,
        kept: step.planned.kept.iter().map(kept).collect(),
        notes: step.planned.notes.clone(),
    }
}

fn not_done(skip: &Skip) -> NotDone {
    let tag = serde_json::to_value(skip)
        .ok()
        .and_then(|value| value["skip"].as_str().map(str::to_owned));
    NotDone {
        kind: tag.expect("every skip is written with its tag"),
        why: skip.sentence(),
        open: !skip.is_closed() && *skip != Skip::Unasked,
    }
}

fn change_report(each: &ChangeState, skip: Option<&Skip>) -> ChangeReport {
    let (outcome, why, hint) = match each.outcome.as_ref().map(|outcome| &outcome.kind) {
        Some(OutcomeKind::Done) => (StepOutcome::Done, None, None),
        Some(OutcomeKind::AlreadyDone) => (StepOutcome::AlreadyDone, None, None),
        Some(OutcomeKind::Accepted) => (StepOutcome::Accepted, None, None),
        Some(OutcomeKind::Failed { why, hint }) => {
            (StepOutcome::Failed, Some(why.clone()), Some(hint.clone()))
        }
        Some(OutcomeKind::InDoubt { why }) => (StepOutcome::InDoubt, Some(why.clone()), None),
        None if each.attempts > 0 => (
            StepOutcome::InDoubt,
            Some("it was about to be sent, and no answer was recorded".into()),
            None,
        ),
        None => (
            StepOutcome::Skipped,
            Some(skip.map_or_else(|| "never sent".into(), Skip::sentence)),
            None,
        ),
    };
    ChangeReport {
        id: each.change.id.clone(),
        sentence: each.change.sentence.clone(),
        target: target(&each.change.target),
        outcome,
        why,
        hint: hint.filter(|hint| !hint.is_empty()),
        found_after_plan: each.change.found == crate::model::Found::AfterPlan,
        proof: each.proof.as_ref().map(proof),
        undo: each.change.undo,
        ms: each.ms,
    }
}

fn target(target: &Target) -> TargetReport {
    TargetReport {
        kind: target.kind.clone(),
        id: target.id.clone(),
        label: target.label.clone(),
    }
}

fn proof(proof: &Proof) -> ProofReport {
    ProofReport {
        state: proof.state,
        how: proof.how.clone(),
        at: proof.at,
    }
}

fn kept(kept: &Kept) -> KeptReport {
    KeptReport {
        target: target(&kept.target),
        why: kept.why.clone(),
        suspect: kept.suspect,
    }
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
