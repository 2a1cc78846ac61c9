//! A playbook that can run: every name resolved, every default filled in.

use std::time::Duration;

use serde_json::Value;

use crate::model::{ActionId, PlaybookRef, Role, Select, StageOrder, Subject, Tri};

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
    /// Checked settings with defaults filled in, an object; `select` and its list are apart.
    pub settings: Value,
    /// Which of the subject's things it takes.
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

/// A `when:`, checked.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
}

/// What a condition may speak of: ids, roles, apps, groups, status, the number of subjects.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// How many there are.
    pub subjects: usize,
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told, and then counts as true: why.
    Untold(String),
}

impl Condition {
    /// A condition whose text was checked.
    pub(super) fn new(text: String) -> Self {
        Self { text }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for a subject.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> Holds {
        let known = |answer: Tri| match answer {
            Tri::Yes => minijinja::Value::from(true),
            Tri::No => minijinja::Value::from(false),
            Tri::Unread => minijinja::Value::UNDEFINED,
        };
        let list = |items: &Option<Vec<String>>| {
            items.as_ref().map_or(minijinja::Value::UNDEFINED, |items| {
                items.iter().cloned().collect()
            })
        };
        let who = facts.subject;
        let subject = minijinja::context! {
            id => who.id.as_str(), status => &who.status, privileged => known(who.privileged),
            roles => &who.roles, groups => list(&who.groups), apps => list(&who.apps),
        };
        let run = minijinja::context! { subjects => facts.subjects };
        let mut env = minijinja::Environment::empty();
        env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        env.set_fuel(Some(10_000));
        let value = env
            .compile_expression(&self.text)
            .and_then(|expression| expression.eval(minijinja::context! { subject, run }));
        match value {
            Ok(value) if value.is_undefined() => Holds::Untold("not read".into()),
            Ok(value) if value.is_true() => Holds::Yes,
            Ok(_) => Holds::No,
            Err(error) => Holds::Untold(error.to_string()),
        }
    }
}
