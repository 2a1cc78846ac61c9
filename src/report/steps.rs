//! Steps and changes of the report, as the run's fold tells them.

use super::object::{
    ChangeReport, KeptReport, NotDone, ProofReport, StepOutcome, StepReport, TargetReport,
};
use crate::ledger::{ChangeState, StepOf};
use crate::model::{Action, Found, Kept, OutcomeKind, Skip, Target};

/// Why a change has no answer that nobody sent.
pub(super) const NEVER_SENT: &str = "never sent";
/// Why a change is in doubt whose answer nobody wrote down.
pub(super) const UNANSWERED: &str = "it was about to be sent, and no answer was recorded";

/// One step for one subject.
///
/// `action` is what the register declares of it; `None` if it is not known any more.
pub(super) fn step_report(step: &StepOf<'_>, action: Option<&Action>) -> StepReport {
    let words = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
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
        attack: action
            .map(|action| words(action.attack))
            .unwrap_or_default(),
        d3fend: action
            .map(|action| words(action.d3fend))
            .unwrap_or_default(),
        not_done,
        changes,
        kept: step.kept().map(kept).collect(),
        notes: step.notes().cloned().collect(),
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
        None if each.attempts > 0 => (StepOutcome::InDoubt, Some(UNANSWERED.into()), None),
        None => (
            StepOutcome::Skipped,
            Some(skip.map_or_else(|| NEVER_SENT.into(), Skip::sentence)),
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
        found_after_plan: each.change.found == Found::AfterPlan,
        proof: proof(each),
        undo: each.change.undo,
        ms: each.ms,
        answered_at: each.answered_at,
    }
}

fn target(target: &Target) -> TargetReport {
    TargetReport {
        kind: target.kind.clone(),
        id: target.id.clone(),
        label: target.label.clone(),
    }
}

fn proof(each: &ChangeState) -> Option<ProofReport> {
    let proof = each.proof.as_ref()?;
    Some(ProofReport {
        state: proof.state,
        how: proof.how.clone(),
        at: each.read_at().unwrap_or(proof.at),
        read_again_at: each.read_again_at,
    })
}

fn kept(kept: &Kept) -> KeptReport {
    KeptReport {
        target: target(&kept.target),
        why: kept.why.clone(),
        suspect: kept.suspect,
    }
}
