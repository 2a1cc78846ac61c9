//! What playbooks want of each system: which actions, read from steps alone.
//!
//! A step wants its action of every system of the vendor that carries it, or of those that `at:`
//! names. Conditions are not looked at: what is wanted in some incident must work tonight.

use std::collections::BTreeSet;

use crate::connector::System;
use crate::model::ActionId;
use crate::playbook::CheckedPlaybook;

/// The actions that `playbooks` want of `system`, each once, in their order.
#[must_use]
pub fn wanted(playbooks: &[CheckedPlaybook], system: &System) -> Vec<ActionId> {
    let mut wanted: Vec<ActionId> = Vec::new();
    let steps = playbooks
        .iter()
        .flat_map(|playbook| &playbook.stages)
        .flat_map(|stage| &stage.steps);
    for step in steps {
        let is_here = step.at.is_empty()
            || step
                .at
                .iter()
                .any(|at| at == system.id.as_str() || at == system.id.vendor());
        let fits = step.action.vendor() == system.id.vendor()
            && is_here
            && system.connector.carries(&step.action);
        if fits && !wanted.contains(&step.action) {
            wanted.push(step.action.clone());
        }
    }
    wanted
}

/// What a release of those actions takes beyond them: the actions that need or read anything
/// which none of the wanted ones does.
#[must_use]
pub(super) fn wanted_back(wanted: &[ActionId], system: &System) -> Vec<ActionId> {
    let vendor = system.connector.vendor();
    let known = wanted.iter().filter_map(|id| vendor.action(id.verb()));
    let rights = known.flat_map(|action| action.needs.iter().chain(action.reads));
    let rights: BTreeSet<&str> = rights.copied().collect();
    let undoing = wanted.iter().flat_map(|id| vendor.undoing(id.verb()));
    let mut back: Vec<ActionId> = Vec::new();
    for action in undoing {
        let mut all = action.needs.iter().chain(action.reads);
        let id = action.id(vendor.id);
        let is_more = all.any(|right| !rights.contains(right));
        if is_more && system.connector.carries(&id) && !back.contains(&id) {
            back.push(id);
        }
    }
    back
}
