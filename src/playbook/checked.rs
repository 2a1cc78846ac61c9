//! A playbook that can run: every name resolved, every default filled in.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Condition;
use crate::model::{ActionId, PlaybookRef, Role, Select, StageOrder};

/// A playbook that can run.
#[derive(Clone, Debug)]
pub struct CheckedPlaybook {
    /// Name, title and digest.
    pub reference: PlaybookRef,
    /// For people.
    pub description: String,
    /// In order.
    pub stages: Vec<CheckedStage>,
}

impl CheckedPlaybook {
    /// Whether a condition of it speaks of this: `subject.apps`.
    #[must_use]
    pub fn speaks_of(&self, name: &str) -> bool {
        let steps = self.stages.iter().flat_map(|stage| &stage.steps);
        let mut conditions = steps.filter_map(|step| step.when.as_ref());
        conditions.any(|when| when.speaks_of(name))
    }
}

/// One stage.
#[derive(Clone, Debug)]
pub struct CheckedStage {
    /// Its name.
    pub name: String,
    /// The stage it waits for.
    pub after: Option<String>,
    /// How long after the subject's eviction it waits at most.
    pub stage_wait: Option<Duration>,
    /// How its steps stand to each other.
    pub order: StageOrder,
    /// Whether it needs a consent of its own.
    pub ask: bool,
    /// In order.
    pub steps: Vec<CheckedStep>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct CheckedStep {
    /// What it does.
    pub action: ActionId,
    /// Checked settings, an object with every one that the action declares; defaults are
    /// filled in, `select` and its list are among them.
    pub settings: Arc<Value>,
    /// Which of the subject's things it takes: the `select` of the settings, as a value.
    pub select: Select,
    /// When it applies.
    pub when: Option<Condition>,
    /// Narrows it to these systems; empty is every one of the vendor.
    pub at: Vec<String>,
    /// To whom it applies.
    pub roles: Vec<Role>,
    /// Actions of which one must be proven first.
    pub requires: Vec<ActionId>,
    /// Whether its absence is a residual instead of a failure.
    pub optional: bool,
    /// Whether its failure ends the run for that subject.
    pub halt_on_failure: bool,
    /// How long it may take.
    pub timeout: Duration,
}
