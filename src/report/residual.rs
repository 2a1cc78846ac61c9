//! What still works after a run, and what is left for people: read off the computed steps.
//!
//! The rule is general and names no vendor. A residual is: a change that is open; an optional
//! step that was not done; something kept that is suspect or keeps an agent alive; a change
//! closed without a proof; and what an action declares to outlive it. `by hand` is a stage that
//! asks for a consent of its own, and an identity that a person must settle. What ends by itself
//! some time after a call has a clock time, counted from that call's answer.

use super::object::{
    Because, ChangeReport, Ending, KeptReport, Manual, Residual, StepOutcome, StepReport,
    SubjectReport, WhoThere,
};
use super::problems::problems;
use crate::ledger::Actions;
use crate::model::{Ends, Left, ProofState, SystemId, Utc, Verdict};
use crate::playbook::for_stage;

/// What still works of one subject's.
pub(super) fn of(
    subject: &SubjectReport,
    actions: Actions<'_>,
    directory: &SystemId,
) -> Vec<Residual> {
    let mut all = Vec::new();
    if subject.can_reenter {
        let what = "single sign-on: may let it in again at every system behind the directory";
        let why = "its eviction is not shown";
        all.push(left(directory, what.into(), why.into(), Because::Open));
    }
    for system in &subject.systems {
        all.extend(
            problems(subject, &system.id)
                .into_iter()
                .map(|problem| left(&system.id, problem.left, problem.why, Because::Open)),
        );
    }
    for (place, step) in subject.steps.iter().enumerate() {
        all.extend(not_done(step, actions));
        all.extend(step.kept.iter().filter_map(|kept| kept_alive(step, kept)));
        if verdict_at(subject, &step.system) == Some(Verdict::Contained) {
            all.extend(unproven(step, &subject.steps[place + 1..]));
        }
        all.extend(outlives(step, actions));
    }
    let mut seen: Vec<Residual> = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// Something left at a system, until somebody ends it.
pub(super) fn left(system: &SystemId, what: String, why: String, because: Because) -> Residual {
    Residual {
        what,
        system: system.clone(),
        app: None,
        until: None,
        ends: Ending::ByPerson,
        ends_at: None,
        why,
        because,
        call: None,
        link: None,
    }
}

/// What one subject leaves for people to do.
pub(super) fn by_hand(subject: &SubjectReport) -> Vec<Manual> {
    let mut all: Vec<Manual> = Vec::new();
    let mut tell = |system: &SystemId, text: String| {
        all.push(Manual {
            login: Some(subject.login.clone()),
            system: system.clone(),
            app: None,
            text,
            call: None,
            link: None,
        });
    };
    for step in &subject.steps {
        if step
            .not_done
            .as_ref()
            .is_some_and(|why| why.kind == "unasked")
        {
            let what = match &step.changes[..] {
                [] => step.action.to_string(),
                [only] => only.sentence.clone(),
                many => format!("{}: {} changes", step.action, many.len()),
            };
            let how = for_stage(&step.stage)
                .map(|playbook| format!(" (oust contain {} --playbook {playbook})", subject.login));
            let text = format!(
                "stage {} asks for a consent of its own: {what}{}",
                step.stage,
                how.unwrap_or_default()
            );
            tell(&step.system, text);
        }
    }
    for system in &subject.systems {
        match &system.identity {
            WhoThere::Ambiguous { candidates } => tell(
                &system.id,
                format!("choose among the accounts {}", candidates.join(", ")),
            ),
            WhoThere::Contested { why, candidates } => tell(
                &system.id,
                format!(
                    "find out whose account is his ({why}{}), then plan again with --identity",
                    match &candidates[..] {
                        [] => String::new(),
                        some => format!("; it may be {}", some.join(" or ")),
                    }
                ),
            ),
            _ => {}
        }
    }
    all
}

fn verdict_at(subject: &SubjectReport, system: &SystemId) -> Option<Verdict> {
    subject
        .systems
        .iter()
        .find(|each| each.id == *system)
        .map(|each| each.verdict)
}

/// An optional step that was refused or skipped for a reason that leaves something.
fn not_done(step: &StepReport, actions: Actions<'_>) -> Vec<Residual> {
    if !step.optional {
        return Vec::new();
    }
    let does = actions(&step.action).map_or_else(|| step.action.to_string(), |a| a.does.into());
    let residual = |what: String, why: String| left(&step.system, what, why, Because::Optional);
    let skipped = step.not_done.iter().filter(|why| why.open);
    let refused = step.changes.iter().filter(|change| {
        let proof = change.proof.as_ref().map(|proof| proof.state);
        let bad = matches!(
            change.outcome,
            StepOutcome::Failed | StepOutcome::InDoubt | StepOutcome::Skipped
        );
        proof != Some(ProofState::Proven)
            && (bad && step.not_done.is_none() || proof == Some(ProofState::Refuted))
    });
    skipped
        .map(|not_done| residual(format!("not done: {does}"), not_done.why.clone()))
        .chain(refused.map(|change| {
            let read = change.proof.as_ref().map(|proof| proof.how.clone());
            let why = change.why.clone().or(read).unwrap_or_default();
            residual(format!("not done: {}", change.sentence), why)
        }))
        .collect()
}

/// Something kept that a person must know to be alive.
fn kept_alive(step: &StepReport, kept: &KeptReport) -> Option<Residual> {
    let is_agent = kept.target.kind.starts_with("agent");
    (kept.suspect || is_agent).then(|| {
        let kind = kept.target.kind.replace('_', " ");
        let what = format!("{kind} {}", kept.target.label);
        left(&step.system, what, kept.why.clone(), Because::Kept)
    })
}

/// A change that counts as closed though nothing shows it.
///
/// One that a later step made again is left to the later one.
fn unproven(step: &StepReport, later: &[StepReport]) -> Vec<Residual> {
    let again = |change: &ChangeReport| {
        later
            .iter()
            .filter(|other| other.action == step.action && other.system == step.system)
            .any(|other| {
                other
                    .changes
                    .iter()
                    .any(|same| same.target == change.target)
            })
    };
    step.changes
        .iter()
        .filter(|change| !again(change))
        .filter_map(|change| {
            let proof = change
                .proof
                .as_ref()
                .filter(|proof| proof.state == ProofState::Unverifiable)?;
            let what = format!("not read back: {}", change.sentence);
            let left = left(&step.system, what, proof.how.clone(), Because::Unproven);
            Some(Residual {
                ends: Ending::Unknown,
                ..left
            })
        })
        .collect()
}

/// What the action itself says to outlive it: "JWT access tokens until they expire".
fn outlives(step: &StepReport, actions: Actions<'_>) -> Vec<Residual> {
    let done = step.changes.iter().filter(|change| {
        matches!(
            change.outcome,
            StepOutcome::Done | StepOutcome::AlreadyDone | StepOutcome::Accepted
        )
    });
    // The last one counts: until then something new could be given out.
    let Some(last) = done.map(|change| change.answered_at).max() else {
        return Vec::new();
    };
    let declared = actions(&step.action).map_or(&[][..], |action| action.residual);
    declared
        .iter()
        .map(|one| outliving(step, one, last))
        .collect()
}

fn outliving(step: &StepReport, one: &Left, answered: Option<Utc>) -> Residual {
    let why = format!("`{}` does not end it", step.action.verb());
    let ends_at = match one.ends {
        Ends::Minutes(minutes) => {
            let after = std::time::Duration::from_secs(u64::from(minutes) * 60);
            answered.map(|at| at.plus(after))
        }
        Ends::ByItself(_) | Ends::ByPerson(_) => None,
    };
    Residual {
        until: Some(one.ends.words()),
        ends: match one.ends {
            Ends::Minutes(_) | Ends::ByItself(_) => Ending::ByItself,
            Ends::ByPerson(_) => Ending::ByPerson,
        },
        ends_at,
        ..left(&step.system, one.what.into(), why, Because::Outlives)
    }
}
