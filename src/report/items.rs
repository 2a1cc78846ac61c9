//! From a run's fold to what the verdict judges: per subject, its steps and their items.
//!
//! Adds nothing and forgives nothing: a step of which nobody knows why it did nothing, and an
//! action that this program does not know, are open items, not absent ones.

use std::collections::HashMap;

use crate::ledger::{ChangeState, RunState};
use crate::model::{
    Action, ActionId, Evicts, Identity, Item, ItemState, Plan, PlannedFor, PlannedStage,
    PlannedStep, Proof, ProofState, Skip, StepKey, SystemId, UserId,
};

/// Stands for whatever could not be told; open by the verdict's rules.
static UNTOLD: Skip = Skip::Unread { why: String::new() };

/// Looks up what an action declares.
pub(super) type Actions<'a> = &'a dyn Fn(&ActionId) -> Option<&'static Action>;

/// A run's state with its changes sorted by step and subject, once for all subjects.
pub(super) struct Folded<'r> {
    pub(super) plan: &'r Plan,
    pub(super) state: &'r RunState,
    identities: HashMap<(&'r SystemId, &'r UserId), &'r Identity>,
    planned: HashMap<(StepKey, &'r UserId), &'r PlannedFor>,
    changes: HashMap<(StepKey, &'r UserId), Vec<&'r ChangeState>>,
}

/// One step for one subject.
pub(super) struct StepOf<'r> {
    pub(super) stage: &'r PlannedStage,
    pub(super) step: &'r PlannedStep,
    pub(super) planned: &'r PlannedFor,
    pub(super) changes: Vec<&'r ChangeState>,
    pub(super) skip: Option<&'r Skip>,
}

impl<'r> Folded<'r> {
    pub(super) fn of(plan: &'r Plan, state: &'r RunState) -> Self {
        let planned = plan
            .steps()
            .flat_map(|step| {
                step.subjects
                    .iter()
                    .map(move |each| ((step.key, &each.subject), each))
            })
            .collect();
        let identities = plan
            .systems
            .iter()
            .flat_map(|system| {
                system
                    .identities
                    .iter()
                    .map(move |(who, identity)| ((&system.id, who), identity))
            })
            .collect();
        let mut changes: HashMap<_, Vec<&ChangeState>> = HashMap::new();
        for each in state.in_order() {
            let place = (each.change.step, &each.change.subject);
            changes.entry(place).or_default().push(each);
        }
        Self {
            plan,
            state,
            identities,
            planned,
            changes,
        }
    }

    /// Who the subject is at a system; `None` if nobody asked.
    pub(super) fn identity(&self, system: &SystemId, subject: &UserId) -> Option<&'r Identity> {
        self.state
            .late_identity(system, subject)
            .or_else(|| self.identities.get(&(system, subject)).copied())
    }

    /// The subject's steps at the systems in scope, in playbook order.
    pub(super) fn steps(&self, subject: &'r UserId) -> Vec<StepOf<'r>> {
        self.plan
            .stages
            .iter()
            .flat_map(|stage| stage.steps.iter().map(move |step| (stage, step)))
            .filter(|(_, step)| self.plan.scope.includes(&step.system))
            .filter_map(|(stage, step)| {
                let planned = self.planned.get(&(step.key, subject))?;
                Some(StepOf {
                    stage,
                    step,
                    planned,
                    changes: self
                        .changes
                        .get(&(step.key, subject))
                        .cloned()
                        .unwrap_or_default(),
                    skip: self.state.skipped.get(&(step.key, subject.clone())),
                })
            })
            .collect()
    }
}

/// What the verdict judges of one subject.
pub(super) fn items<'r>(steps: &[StepOf<'r>], actions: Actions<'_>) -> Vec<Item<'r>> {
    steps
        .iter()
        .flat_map(|step| items_of(step, actions))
        .collect()
}

/// An identity that cannot be acted on, at a system where no step says so.
pub(super) fn nobody_to_act_on<'r>(subject: &'r UserId, system: &'r SystemId) -> Item<'r> {
    Item {
        step: StepKey {
            stage: 0,
            step: 0,
            system: 0,
        },
        subject,
        system,
        what: format!("identity at {system}"),
        evicts: Evicts::No,
        optional: false,
        state: ItemState::Skipped(&UNTOLD),
    }
}

fn items_of<'r>(step: &StepOf<'r>, actions: Actions<'_>) -> Vec<Item<'r>> {
    let declared = actions(&step.step.action);
    let item = |what: String, state: ItemState<'r>| Item {
        step: step.step.key,
        subject: &step.planned.subject,
        system: &step.step.system,
        what,
        evicts: declared.map_or(Evicts::No, |action| action.evicts),
        optional: step.step.optional,
        state,
    };
    let mut items: Vec<Item<'r>> = step
        .changes
        .iter()
        .filter_map(|each| {
            let target = &each.change.target;
            let what = format!("{} {}:{}", each.change.action, target.kind, target.id);
            let state = state_of(each);
            // The reason why the step was not done speaks for its unsent changes, once.
            let covered = matches!(state, ItemState::Unsent) && step.skip.is_some();
            (!covered).then(|| item(what, state))
        })
        .collect();
    let place = step.step.key;
    match step.skip {
        Some(skip) => items.push(item(
            format!("{} skipped at {place}", step.step.action),
            ItemState::Skipped(skip),
        )),
        None if step.changes.is_empty() => items.push(item(
            format!("{} untold at {place}", step.step.action),
            ItemState::Skipped(&UNTOLD),
        )),
        None => {}
    }
    if declared.is_none() {
        items.push(item(
            format!("{} unknown at {place}", step.step.action),
            ItemState::Skipped(&UNTOLD),
        ));
    }
    items
}

fn state_of(each: &ChangeState) -> ItemState<'_> {
    let proven = |proof: &&Proof| proof.state == ProofState::Proven;
    if each.attempts > 0
        || each.outcome.is_some()
        || each.proof.as_ref().is_some_and(|p| proven(&p))
    {
        ItemState::Sent {
            outcome: each.outcome.as_ref().map(|outcome| &outcome.kind),
            answered_at: each.answered_at,
            proof: each.proof.as_ref(),
        }
    } else {
        ItemState::Unsent
    }
}
