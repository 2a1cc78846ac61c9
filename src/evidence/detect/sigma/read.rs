//! From the text of one Sigma document to a rule that may run, or to what is wrong with it.

use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, LogSource, SigmaRule,
    parse_sigma_yaml,
};

use super::{GROUP_MAX, kinds};

/// One document.
pub(super) enum Read {
    /// About a single event.
    Single(Box<SigmaRule>, Oust),
    /// About several.
    Correlated(Box<CorrelationRule>, Oust),
}

/// What Sigma has no word for, under `oust:`.
#[derive(Default)]
pub(super) struct Oust {
    /// What answers it.
    pub leads_to: Vec<String>,
    /// Whether what oust itself did is passed over.
    pub not_ours: bool,
}

/// Settings of the library that a rule may make: the others would hold for every rule.
const SETTINGS: [&str; 2] = ["rsigma.window", "rsigma.gap"];

/// Reads one document.
pub(super) fn rule(text: &str) -> Result<Read, String> {
    let mut read = parse_sigma_yaml(text).map_err(|error| error.to_string())?;
    if let Some(wrong) = read.errors.first() {
        return Err(wrong.clone());
    }
    if let Some(rule) = read.rules.pop() {
        is_okta(&rule.logsource)?;
        kinds::sound(&rule)?;
        let oust = oust!(rule);
        return Ok(Read::Single(Box::new(rule), oust));
    }
    if let Some(mut rule) = read.correlations.pop() {
        let oust = oust!(rule);
        counts(&rule)?;
        once(&mut rule);
        return Ok(Read::Correlated(Box::new(rule), oust));
    }
    Err("it is neither a rule nor a correlation; filters and `action:` are not supported".into())
}

/// Names and ids of the rules that only correlations of the same file ask for.
pub(super) fn parts(all: &[Read]) -> Vec<String> {
    let correlations = all.iter().filter_map(|one| match one {
        Read::Correlated(rule, _) if !rule.generate => Some(rule),
        _ => None,
    });
    correlations
        .flat_map(|rule| rule.rules.iter().cloned())
        .collect()
}

impl Read {
    /// What others call it: its id, and its name if it has one.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        let (id, name) = match self {
            Self::Single(rule, _) => (&rule.id, &rule.name),
            Self::Correlated(rule, _) => (&rule.id, &rule.name),
        };
        let id = id.as_ref().filter(|id| !id.trim().is_empty());
        let id = id.ok_or("it has no `id`: hits are told by it")?;
        let name = name.iter().filter(|name| *name != id);
        Ok(std::iter::once(id).chain(name).cloned().collect())
    }
}

fn is_okta(source: &LogSource) -> Result<(), String> {
    let is = |field: &Option<String>| {
        field
            .as_ref()
            .is_none_or(|text| text.eq_ignore_ascii_case("okta"))
    };
    if source.product.is_none() || !is(&source.product) || !is(&source.service) {
        return Err("its 'logsource:' is not `product: okta`, `service: okta`".into());
    }
    Ok(())
}

/// Reads `oust:` and looks for settings that would hold for other rules, too. A macro, as the
/// library's YAML has no name of its own here.
macro_rules! oust {
    ($rule:expr) => {{
        let own = &$rule.custom_attributes;
        let foreign =
            |key: &&String| key.starts_with("rsigma.") && !SETTINGS.contains(&key.as_str());
        if let Some(key) = own.keys().find(foreign) {
            return Err(format!("'{key}' is not taken from a rule"));
        }
        let mut read = Oust::default();
        if let Some(oust) = own.get("oust") {
            let Some(oust) = oust.as_mapping() else {
                return Err("'oust:' holds keys: leads_to, not_ours".into());
            };
            for (key, value) in oust {
                match (key.as_str(), value.as_sequence(), value.as_bool()) {
                    (Some("leads_to"), Some(all), _) => {
                        let words = all.iter().filter_map(|word| word.as_str());
                        read.leads_to = words.map(str::to_owned).collect();
                    }
                    (Some("not_ours"), _, Some(is)) => read.not_ours = is,
                    (key, ..) => {
                        let key = key.unwrap_or_default();
                        return Err(format!(
                            "'{key}:' below oust: is neither `leads_to: [WORD, …]` nor \
                             `not_ours: true`"
                        ));
                    }
                }
            }
        }
        read
    }};
}
use oust;

/// A window must have a way to be full.
fn counts(rule: &CorrelationRule) -> Result<(), String> {
    if rule.rules.is_empty() {
        return Err("it names no `rules:` to count".into());
    }
    if rule.timespan.seconds == 0 {
        return Err("its `timespan:` is nothing".into());
    }
    if let CorrelationCondition::Threshold { predicates, .. } = &rule.condition {
        let over = |(operator, count): &&(ConditionOperator, u64)| {
            use ConditionOperator::{Eq, Gt, Gte};
            let counted = matches!(operator, Eq | Gt | Gte);
            counted && usize::try_from(*count).is_ok_and(|count| count > GROUP_MAX)
        };
        let is_counting = rule.correlation_type.as_str().ends_with("count");
        if is_counting && let Some((_, count)) = predicates.iter().find(over) {
            return Err(format!(
                "it waits for '{count}' events, and {GROUP_MAX} of one group are kept"
            ));
        }
    }
    Ok(())
}

/// One hit for a group in a window, not one more with every event that follows.
fn once(rule: &mut CorrelationRule) {
    let window = format!("{}s", rule.timespan.seconds);
    let key = "rsigma.suppress".to_owned();
    rule.custom_attributes.insert(key, window.into());
}
