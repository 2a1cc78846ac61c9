//! What playbooks want of each system: which actions, read from steps alone.
//!
//! A step wants its action of every system of the vendor that carries it, or of those that `at:`
//! names. Conditions are not looked at: what is wanted in some incident must work tonight.

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
