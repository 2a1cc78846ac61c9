//! New things of the kinds that the run takes away: the selectors of its steps, read once more.
//!
//! Only steps that list things are read; what acts on the account as a whole has no new targets,
//! and whether that still holds is read back as a change. Stages that ask for a consent of their
//! own were never agreed to and are left out.

use std::collections::BTreeSet;

use super::super::rows::as_step;
use super::super::run::Tools;
use super::super::step::can_grow;
use crate::connector::{Identified, System};
use crate::given::within;
use crate::ledger::RunState;
use crate::model::{Change, Identity, Plan, PlannedStep, Skip, StepKey, Subject, SystemId, UserId};
use crate::transport::{Rank, Reader};

use super::look::READ_FOR;

/// What one system's steps show now.
#[derive(Default)]
pub(super) struct Targets {
    /// Changes that the run does not know, once for each thing.
    pub(super) new: Vec<(StepKey, Change)>,
    /// Why something could not be read.
    pub(super) unread: Option<String>,
}

/// Reads the targets of every step at `system`.
pub(super) async fn read(tools: &Tools, plan: &Plan, state: &RunState, system: &System) -> Targets {
    let mut targets = Targets::default();
    let mut seen = BTreeSet::new();
    let steps = plan.stages.iter().filter(|stage| !stage.ask);
    for step in steps.flat_map(|stage| &stage.steps) {
        let who = rereadable(plan, state, step);
        if step.system != system.id || who.is_empty() {
            continue;
        }
        let reader = Reader::new(system.client.clone())
            .ranked(Rank::Evidence)
            .patient(READ_FOR);
        let as_step = as_step(step);
        let planned = system.connector.plan(&reader, &as_step, &who, &plan.case);
        let Some(planned) = within(&*tools.clock, READ_FOR, planned).await else {
            targets.unread = Some("it did not answer in time".into());
            continue;
        };
        for each in planned {
            if let Some(Skip::Unread { why }) = each.skip {
                targets.unread = Some(why);
            }
            // Two steps of one playbook take the same thing: it is one thing.
            let is_new = |change: &Change| {
                let thing = (change.subject.clone(), change.target.id.clone());
                change.target.kind != "user" && !is_known(state, change) && seen.insert(thing)
            };
            let mut is_new = is_new;
            let new = each.changes.into_iter().filter(|change| is_new(change));
            targets.new.extend(new.map(|change| (step.key, change)));
        }
    }
    targets
}

/// Whether the run knows the thing: by this step or by another of the same action.
fn is_known(state: &RunState, change: &Change) -> bool {
    state.change(&change.id).is_some()
        || state.changes().iter().any(|each| {
            let known = &each.change;
            known.target == change.target
                && known.subject == change.subject
                && known.action == change.action
                && known.system == change.system
        })
}

/// Subjects whose targets at this step may have grown in number.
fn rereadable(plan: &Plan, state: &RunState, step: &PlannedStep) -> Vec<Identified> {
    let rows = step.subjects.iter().filter(|row| can_grow(row));
    rows.filter_map(|row| identified(plan, state, &step.system, &row.subject))
        .collect()
}

fn identified(
    plan: &Plan,
    state: &RunState,
    system: &SystemId,
    subject: &UserId,
) -> Option<Identified> {
    let who = subject_of(plan, subject)?;
    let planned = plan.systems.iter().find(|each| each.id == *system)?;
    let mut identities = planned.identities.iter();
    let (_, identity) = identities.find(|(id, _)| id == subject)?;
    let identity = state.late_identity(system, subject).unwrap_or(identity);
    match identity {
        Identity::Found { id } => Some(Identified {
            subject: who.clone(),
            id: id.clone(),
        }),
        _ => None,
    }
}

/// The subject of this id.
pub(super) fn subject_of<'p>(plan: &'p Plan, subject: &UserId) -> Option<&'p Subject> {
    plan.case.subjects.iter().find(|who| who.id == *subject)
}
