//! What each step means for each subject at one system: the gates before it, then the vendor.
//!
//! A subject who takes part in no step (`for:`, `when:`, no account, an identity that a person
//! must decide) gets the reason in his row; everybody else is asked about in one call a step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::connector::{Identified, Planned, Step, System};
use crate::model::{
    Case, GuardName, Identity, NOT_FOR_ROLE, PlannedFor, PlannedStep, Skip, StepKey, Subject, Tie,
    UserId,
};
use crate::playbook::{CheckedPlaybook, CheckedStep, Facts, Holds};
use crate::transport::{Rank, Reader};

/// A playbook's step at one system.
pub(super) struct Slot<'p> {
    pub(super) key: StepKey,
    pub(super) step: &'p CheckedStep,
    pub(super) system: &'p System,
}

/// Everybody's identity at one system, in the case's order.
pub(super) struct Known {
    pub(super) identities: Vec<(UserId, Identity)>,
    /// Vendor ids that we act as; never a subject.
    pub(super) own: Vec<String>,
}

/// All steps of a playbook at all `systems`, in playbook order.
pub(super) fn slots<'p>(playbook: &'p CheckedPlaybook, systems: &'p [System]) -> Vec<Slot<'p>> {
    let stages = playbook.stages.iter().enumerate();
    let steps = stages.flat_map(|(number, stage)| {
        let steps = stage.steps.iter().enumerate();
        steps.map(move |(place, step)| (number, place, step))
    });
    steps
        .flat_map(|(number, place, step)| {
            let at = taking_part(step, systems).enumerate();
            at.map(move |(at, system)| Slot {
                key: step_key(number, place, at),
                step,
                system,
            })
        })
        .collect()
}

fn taking_part<'s>(
    step: &'s CheckedStep,
    systems: &'s [System],
) -> impl Iterator<Item = &'s System> {
    systems.iter().filter(|system| {
        let named = |name: &String| name == system.id.as_str() || name == system.id.vendor();
        system.id.vendor() == step.action.vendor()
            && system.connector.carries(&step.action)
            && (step.at.is_empty() || step.at.iter().any(named))
    })
}

fn step_key(stage: usize, step: usize, system: usize) -> StepKey {
    let narrow = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    StepKey {
        stage: narrow(stage),
        step: narrow(step),
        system: narrow(system),
    }
}

/// A duration in milliseconds.
pub(super) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// What a vendor answered for one step, by subject.
pub(super) type Answers = BTreeMap<UserId, Planned>;

/// One step at one system, for everybody.
pub(super) async fn plan_step(slot: &Slot<'_>, known: &Known, case: &Case) -> PlannedStep {
    let answers = ask(slot, known, case).await;
    settle(slot, known, case, answers)
}

/// Asks the vendor about everybody whom the gates let pass by what is known so far. What a gate
/// cannot tell yet counts as true, so that whoever passes in the end was asked about.
pub(super) async fn ask(slot: &Slot<'_>, known: &Known, case: &Case) -> Answers {
    let (_, asked) = gated(slot, known, case);
    if asked.is_empty() {
        return Answers::new();
    }
    let rank = if slot.key.stage == 0 {
        Rank::Evict
    } else {
        Rank::Contain
    };
    let reader = Reader::new(slot.system.client.clone()).ranked(rank);
    let identified = |(place, id): (usize, String)| Identified {
        subject: case.subjects[place].clone(),
        id,
    };
    let who: Vec<Identified> = asked.into_iter().map(identified).collect();
    let connector = &slot.system.connector;
    let planned = connector
        .plan(&reader, &step_of(slot, false), &who, case)
        .await;
    let ids = who.into_iter().map(|who| who.subject.id);
    ids.zip(planned).collect()
}

/// The step with what was answered, by what is known in the end.
pub(super) fn settle(
    slot: &Slot<'_>,
    known: &Known,
    case: &Case,
    mut answers: Answers,
) -> PlannedStep {
    let (mut rows, passed) = gated(slot, known, case);
    for (place, _) in passed {
        let missing = || {
            let why = "the connector gave no answer".to_owned();
            Planned::skipped(Skip::Unread { why })
        };
        let planned = answers.remove(&rows[place].subject);
        let planned = planned.unwrap_or_else(missing);
        fill_row(&mut rows[place], planned);
    }
    planned_step(slot, rows)
}

/// The same step while the system has not answered: everybody whom the gates let pass is unread.
pub(super) fn unread_step(slot: &Slot<'_>, known: &Known, case: &Case, why: &str) -> PlannedStep {
    let (mut rows, asked) = gated(slot, known, case);
    for (place, _) in asked {
        let why = why.to_owned();
        rows[place].skip = Some(Skip::Unread { why });
    }
    planned_step(slot, rows)
}

/// A row for everybody, and those whom the vendor is to be asked about: place and vendor's id.
fn gated(slot: &Slot<'_>, known: &Known, case: &Case) -> (Vec<PlannedFor>, Vec<(usize, String)>) {
    let mut rows: Vec<PlannedFor> = Vec::with_capacity(case.subjects.len());
    let mut asked = Vec::new();
    for (place, (subject, (_, identity))) in case.subjects.iter().zip(&known.identities).enumerate()
    {
        let mut row = empty_row(subject);
        let all = case.subjects.len();
        match gate(slot.step, subject, identity, all, &mut row.notes) {
            Ok(id) if known.own.contains(&id) => row.skip = Some(ourselves(slot.system)),
            Ok(id) => asked.push((place, id)),
            Err(skip) => row.skip = Some(skip),
        }
        rows.push(row);
    }
    (rows, asked)
}

/// Containing our own account there would end the run in its midst.
pub(super) fn ourselves(system: &System) -> Skip {
    Skip::Guard {
        guard: GuardName::OwnPrincipal,
        why: format!(
            "oust itself acts as this account at {}: use a credential of another account there",
            system.id
        ),
    }
}

fn planned_step(slot: &Slot<'_>, subjects: Vec<PlannedFor>) -> PlannedStep {
    let step = slot.step;
    PlannedStep {
        key: slot.key,
        action: step.action.clone(),
        system: slot.system.id.clone(),
        settings: step.settings.clone(),
        select: step.select,
        when: step.when.as_ref().map(|when| when.text().to_owned()),
        optional: step.optional,
        requires: step.requires.clone(),
        halt_on_failure: step.halt_on_failure,
        timeout_ms: millis(step.timeout),
        subjects,
        tie: Tie::None,
    }
}

fn step_of(slot: &Slot<'_>, again: bool) -> Step {
    Step {
        key: slot.key,
        action: slot.step.action.clone(),
        system: slot.system.id.clone(),
        settings: slot.step.settings.clone(),
        select: slot.step.select,
        again,
    }
}

/// The step as the connectors know it, for re-reads.
pub(super) fn as_step(step: &PlannedStep) -> Step {
    Step {
        key: step.key,
        action: step.action.clone(),
        system: step.system.clone(),
        settings: step.settings.clone(),
        select: step.select,
        again: true,
    }
}

fn empty_row(subject: &Subject) -> PlannedFor {
    PlannedFor {
        subject: subject.id.clone(),
        changes: Vec::new(),
        kept: Vec::new(),
        skip: None,
        ceiling: PlannedFor::ceiling_for(0),
        notes: Vec::new(),
    }
}

fn fill_row(row: &mut PlannedFor, planned: Planned) {
    row.ceiling = PlannedFor::ceiling_for(planned.changes.len());
    // Not collected: that would keep the buffer of the changes themselves for their pointers.
    row.changes
        .extend(planned.changes.into_iter().map(Arc::new));
    row.kept = planned.kept;
    row.notes.extend(planned.notes);
    row.skip = planned.skip;
    if row.changes.is_empty() && row.skip.is_none() {
        row.skip = Some(Skip::NothingSelected { why: String::new() });
    }
}

/// Whether the step is for this subject at all: his id at the system, or why not.
fn gate(
    step: &CheckedStep,
    subject: &Subject,
    identity: &Identity,
    subjects: usize,
    notes: &mut Vec<String>,
) -> Result<String, Skip> {
    if !step.roles.contains(&subject.role) {
        return Err(Skip::NothingSelected {
            why: NOT_FOR_ROLE.into(),
        });
    }
    if let Some(when) = &step.when {
        match when.holds(&Facts { subject, subjects }) {
            Holds::Yes => {}
            Holds::No => return Err(Skip::WhenFalse),
            Holds::Untold(why) => {
                notes.push(format!(
                    "`when: {}` could not be told ({why}): taken as true",
                    when.text()
                ));
            }
        }
    }
    account_of(identity)
}

/// The vendor's id of him, or why nobody there may be acted on.
pub(super) fn account_of(identity: &Identity) -> Result<String, Skip> {
    match identity {
        Identity::Found { id } => Ok(id.clone()),
        Identity::NoAccount => Err(Skip::NoAccount),
        Identity::Ambiguous { candidates } => Err(Skip::Unsupported {
            why: format!("several accounts answer to him: {}", candidates.join(", ")),
        }),
        Identity::Contested { why, candidates } => Err(Skip::Unsupported {
            why: match &candidates[..] {
                [] => format!("contested: {why}, and nobody answers to what he was called before"),
                some => format!("contested: {why}; it may be {}", some.join(" or ")),
            },
        }),
        Identity::Unread { why } => Err(Skip::Unread { why: why.clone() }),
    }
}
