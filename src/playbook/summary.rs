//! A playbook in lines for a person, as `oust playbook show` prints it.

use std::time::Duration;

use serde_json::Value;

use super::checked::{CheckedPlaybook, CheckedStage, CheckedStep};
use crate::model::{Role, StageOrder};

/// The playbook in plain lines without line ends: title, digest, then stages and steps.
///
/// Only what a step says beyond its settings is named, so that the eye finds the conditions.
#[must_use]
pub fn summary(playbook: &CheckedPlaybook) -> Vec<String> {
    let reference = &playbook.reference;
    let mut lines = vec![format!("{}: {}", reference.name, reference.title)];
    lines.extend(playbook.description.lines().map(str::to_owned));
    lines.push(format!("digest {}", reference.digest));
    for stage in &playbook.stages {
        lines.push(String::new());
        lines.push(stage_line(stage));
        lines.extend(stage.steps.iter().flat_map(step_lines));
    }
    lines
}

fn stage_line(stage: &CheckedStage) -> String {
    let mut line = stage.name.clone();
    if let Some(after) = &stage.after {
        line += &format!(", after {after}");
    }
    if let Some(wait) = stage.stage_wait {
        line += &format!(" or {} past eviction", spoken(wait));
    }
    if stage.order == StageOrder::Parallel {
        line += ", systems side by side";
    }
    if stage.ask {
        line += ", asks first";
    }
    line
}

fn step_lines(step: &CheckedStep) -> Vec<String> {
    let mut lines = vec![format!("  {}{}", step.action, settings(&step.settings))];
    let mut also = |text: String| lines.push(format!("      {text}"));
    if let Some(when) = &step.when {
        also(format!("when {}", when.text()));
    }
    if step.roles != [Role::default()] {
        let roles: Vec<&str> = step.roles.iter().map(|role| word(*role)).collect();
        also(format!("for {}", roles.join(", ")));
    }
    if !step.at.is_empty() {
        also(format!("at {}", step.at.join(", ")));
    }
    if !step.requires.is_empty() {
        let actions: Vec<String> = step.requires.iter().map(ToString::to_string).collect();
        also(format!("only once {} is proven", actions.join(" or ")));
    }
    if step.optional {
        also("optional: without it a residual, no failure".into());
    }
    if step.halt_on_failure {
        also("if it fails the run ends for that subject".into());
    }
    lines
}

/// `  select=all agents=keep`; empty lists say nothing.
pub(super) fn settings(settings: &Value) -> String {
    let said = settings.as_object().into_iter().flatten();
    said.filter_map(|(name, value)| {
        let value = match value {
            Value::String(word) => word.clone(),
            Value::Array(items) if items.is_empty() => return None,
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            other => other.to_string(),
        };
        Some(format!("  {name}={}", value.escape_debug()))
    })
    .collect()
}

pub(super) fn word(role: Role) -> &'static str {
    match role {
        Role::Compromised => "compromised",
        Role::Granter => "granter",
        Role::Impersonator => "impersonator",
        Role::Impersonated => "impersonated",
    }
}

fn spoken(wait: Duration) -> String {
    if wait.subsec_millis() == 0 {
        format!("{} s", wait.as_secs())
    } else {
        format!("{} ms", wait.as_millis())
    }
}
