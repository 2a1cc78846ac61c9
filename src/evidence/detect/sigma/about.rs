//! What a Sigma rule says of itself, as a [`Rule`].

use std::time::Duration;

use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, Level, SigmaRule,
};

use super::kinds;
use super::read::Oust;
use crate::evidence::detect::rule::{Origin, Rule, Severity};

/// Of a rule about a single event.
pub(super) fn single(sigma: &SigmaRule, oust: &Oust, origin: &Origin) -> Rule {
    Rule {
        key: key(sigma.name.as_ref(), sigma.id.as_ref()),
        id: sigma.id.clone().unwrap_or_default(),
        title: sigma.title.clone(),
        says: line(sigma.description.as_ref()),
        severity: severity(sigma.level),
        attack: attack(&sigma.tags),
        false_positives: sigma.falsepositives.clone(),
        leads_to: oust.leads_to.clone(),
        window: None,
        group: Vec::new(),
        threshold: String::new(),
        kinds: kinds::written(sigma),
        not_ours: oust.not_ours,
        origin: origin.clone(),
    }
}

/// Of one about several, which are of these kinds.
pub(super) fn correlated(
    sigma: &CorrelationRule,
    oust: &Oust,
    kinds: Vec<String>,
    origin: &Origin,
) -> Rule {
    Rule {
        key: key(sigma.name.as_ref(), sigma.id.as_ref()),
        id: sigma.id.clone().unwrap_or_default(),
        title: sigma.title.clone(),
        says: line(sigma.description.as_ref()),
        severity: severity(sigma.level),
        attack: attack(&sigma.tags),
        false_positives: sigma.falsepositives.clone(),
        leads_to: oust.leads_to.clone(),
        window: Some(Duration::from_secs(sigma.timespan.seconds)),
        group: sigma.group_by.clone(),
        threshold: threshold(sigma),
        kinds,
        not_ours: oust.not_ours,
        origin: origin.clone(),
    }
}

fn key(name: Option<&String>, id: Option<&String>) -> String {
    name.or(id).cloned().unwrap_or_default()
}

fn line(text: Option<&String>) -> String {
    let words = text.map(|text| text.split_whitespace().collect::<Vec<_>>());
    words.unwrap_or_default().join(" ")
}

fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Informational | Level::Low) => Severity::Low,
        Some(Level::Medium) | None => Severity::Medium,
        Some(Level::High) => Severity::High,
        Some(Level::Critical) => Severity::Critical,
    }
}

/// `attack.t1550.004` is `T1550.004`; the names of tactics stay as they are.
fn attack(tags: &[String]) -> Vec<String> {
    let own = tags.iter().filter_map(|tag| tag.strip_prefix("attack."));
    own.map(|tag| {
        if tag.contains(|c: char| c.is_ascii_digit()) {
            tag.to_ascii_uppercase()
        } else {
            tag.to_owned()
        }
    })
    .collect()
}

fn threshold(sigma: &CorrelationRule) -> String {
    let (predicates, field) = match &sigma.condition {
        CorrelationCondition::Extended(expression) => return expression.to_string(),
        CorrelationCondition::Threshold {
            predicates, field, ..
        } => (predicates, field),
    };
    let what = match sigma.correlation_type {
        CorrelationType::TemporalOrdered => return sigma.rules.join(", then "),
        CorrelationType::Temporal => return sigma.rules.join(" and "),
        CorrelationType::EventCount => "events".to_owned(),
        CorrelationType::ValueCount => format!("different {}", fields(field.as_ref())),
        other => format!("as {} of {}", other.as_str(), fields(field.as_ref())),
    };
    let counts: Vec<String> = predicates
        .iter()
        .map(|(operator, count)| format!("{} {count}", words(*operator)))
        .collect();
    format!("{} {what}", counts.join(" and "))
}

fn fields(all: Option<&Vec<String>>) -> String {
    all.map(|all| all.join(", ")).unwrap_or_default()
}

fn words(operator: ConditionOperator) -> &'static str {
    match operator {
        ConditionOperator::Lt => "less than",
        ConditionOperator::Lte => "at most",
        ConditionOperator::Gt => "more than",
        ConditionOperator::Gte => "at least",
        ConditionOperator::Eq => "exactly",
        ConditionOperator::Neq => "not",
    }
}
