//! From a run's state to verdicts: lays the changes out for `model::judge`.

use std::collections::BTreeMap;

use super::{ChangeState, RunState};
use crate::model::{
    Action, ActionId, Evicts, Item, ItemState, Judged, SystemId, UserId, Verdict, judge,
};

/// Looks up an action's declaration.
pub type Actions<'a> = &'a dyn Fn(&ActionId) -> Option<&'static Action>;

/// All items of one subject, in playbook order.
#[must_use]
pub fn items<'r>(state: &'r RunState, subject: &'r UserId, actions: Actions<'_>) -> Vec<Item<'r>> {
    let Some(plan) = &state.plan else {
        return Vec::new();
    };
    let evicts = |action: &ActionId| actions(action).map_or(Evicts::No, |known| known.evicts);
    let mut items = Vec::new();
    for step in plan.steps() {
        let mine = state.of_step(step.key, subject);
        let skip = state.skipped.get(&(step.key, subject.clone()));
        let asked = plan
            .stages
            .get(usize::from(step.key.stage))
            .is_some_and(|stage| stage.ask);
        for each in mine {
            if each.attempts == 0 && (skip.is_some() || asked) {
                continue;
            }
            items.push(Item {
                step: step.key,
                subject,
                system: &step.system,
                what: format!("{} {}", step.action, each.change.target.id),
                evicts: evicts(&step.action),
                optional: step.optional,
                state: sent(each),
            });
        }
        if let Some(skip) = skip {
            items.push(Item {
                step: step.key,
                subject,
                system: &step.system,
                what: format!("{} (skipped)", step.action),
                evicts: evicts(&step.action),
                optional: step.optional,
                state: ItemState::Skipped(skip),
            });
        }
    }
    items
}

fn sent(each: &ChangeState) -> ItemState<'_> {
    if each.attempts == 0 {
        return ItemState::Unsent;
    }
    ItemState::Sent {
        outcome: each.outcome.as_ref().map(|outcome| &outcome.kind),
        answered_at: each.answered_at,
        proof: each.proof.as_ref(),
    }
}

/// One subject's verdicts by system.
#[must_use]
pub fn subject_verdicts(
    state: &RunState,
    subject: &UserId,
    actions: Actions<'_>,
    directory: &SystemId,
) -> BTreeMap<SystemId, Judged> {
    judge(&items(state, subject, actions), directory)
}

/// The run's verdict: the worst of all subjects at all systems in scope.
#[must_use]
pub fn run_verdict(state: &RunState, actions: Actions<'_>, directory: &SystemId) -> Verdict {
    let Some(plan) = &state.plan else {
        return Verdict::NotAttempted;
    };
    plan.case
        .subjects
        .iter()
        .flat_map(|who| subject_verdicts(state, &who.id, actions, directory).into_values())
        .map(|judged| judged.verdict)
        .max()
        .unwrap_or(Verdict::NotAttempted)
}
