//! What a step says to whoever carries it out, and conditions in the standard's own grammar.

use crate::model::{Action, Provable, Role};
use crate::playbook::checked::CheckedStep;
use crate::playbook::summary::{settings, word};

/// The one sentence that a person, or what acts for him, carries out.
pub(super) fn command(step: &CheckedStep, action: Option<&Action>) -> String {
    let mut said = vec![format!(
        "At {}, for {}: {}",
        place(step),
        whom(step),
        action.map_or_else(|| step.action.to_string(), |action| action.does.to_owned())
    )];
    let settings = settings(&step.settings);
    if !settings.trim().is_empty() {
        let words: Vec<&str> = settings.split_whitespace().collect();
        said.push(format!("settings: {}", words.join(" ")));
    }
    if let Some(action) = action {
        said.push(proof(action.proof));
    }
    said.join("; ")
}

/// More about it: rights, what is optional, what cannot be undone.
pub(super) fn about(step: &CheckedStep, action: Option<&Action>) -> String {
    let mut said = vec![format!("oust action {}", step.action)];
    if let Some(action) = action {
        if !action.needs.is_empty() {
            said.push(format!("needs {}", action.needs.join(", ")));
        }
        if !action.collateral.is_empty() {
            said.push(format!("also touches {}", action.collateral));
        }
        said.extend(
            action
                .residual
                .iter()
                .map(|left| format!("still works afterwards: {}", left.sentence())),
        );
    }
    if step.optional {
        said.push("optional: where it cannot be done, that is noted and no failure".into());
    }
    if step.halt_on_failure {
        said.push("if it fails, nothing more is done for this account".into());
    }
    said.join(". ")
}

fn place(step: &CheckedStep) -> String {
    match &step.at[..] {
        [] => format!("every system of {}", step.action.vendor()),
        some => some.join(" and "),
    }
}

fn whom(step: &CheckedStep) -> String {
    if step.roles == [Role::default()] {
        return "__subject__:value".into();
    }
    let roles: Vec<&str> = step.roles.iter().map(|role| word(*role)).collect();
    format!("__subject__:value where it is {}", roles.join(" or "))
}

fn proof(proof: Provable) -> String {
    match proof {
        Provable::ByRead => "done once a read shows it".into(),
        Provable::ByEvent(_) => "done once the event in the log shows it".into(),
        Provable::Unverifiable(why) => format!("cannot be read back: {why}"),
    }
}

/// A `when:` in STIX patterning over variables; `None` if it is more than one comparison, which the
/// export then leaves to whoever runs it.
///
/// Gives the condition, and the name of the fact that it asks for.
pub(super) fn condition(when: &str) -> Option<(String, &'static str)> {
    let words: Vec<&str> = when.split_whitespace().collect();
    let (name, rest) = words.split_first()?;
    let fact = fact(name)?;
    let value = format!("{}:value", variable(fact));
    let told = match rest {
        [] if fact == "subject.privileged" => format!("{value} = 'true'"),
        [operator @ ("<" | "<=" | ">" | ">=" | "==" | "!="), number]
            if fact == "run.subjects" && number.chars().all(|c| c.is_ascii_digit()) =>
        {
            let operator = if *operator == "==" { "=" } else { operator };
            format!("{value} {operator} {number}")
        }
        [operator @ ("==" | "!="), text] if fact == "subject.status" => {
            let operator = if *operator == "==" { "=" } else { operator };
            format!("{value} {operator} {}", quoted(text)?)
        }
        ["in", list @ ..] if fact == "subject.status" => format!("{value} IN ({})", items(list)?),
        ["not", "in", list @ ..] if fact == "subject.status" => {
            format!("{value} NOT IN ({})", items(list)?)
        }
        _ => return None,
    };
    Some((told, fact))
}

/// The variable that stands for a fact: `__subject_status__`.
pub(super) fn variable(fact: &str) -> String {
    format!("__{}__", fact.replace(['.', ':'], "_"))
}

fn fact(name: &str) -> Option<&'static str> {
    ["run.subjects", "subject.status", "subject.privileged"]
        .into_iter()
        .find(|known| *known == name)
}

/// `['A', 'B']` as `'A','B'`.
fn items(words: &[&str]) -> Option<String> {
    let list = words.join(" ");
    let inner = list.strip_prefix('[')?.strip_suffix(']')?;
    let items: Option<Vec<String>> = inner.split(',').map(|item| quoted(item.trim())).collect();
    let items = items.filter(|items| !items.is_empty())?;
    Some(items.join(","))
}

/// A plain word in quotes of either kind.
fn quoted(text: &str) -> Option<String> {
    let inner = ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!inner.is_empty() && inner.chars().all(is_plain)).then(|| format!("'{inner}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(when: &str) -> Option<String> {
        condition(when).map(|(told, _)| told)
    }

    #[test]
    fn one_comparison_is_told_in_the_grammar_of_the_standard() {
        assert_eq!(
            told("run.subjects <= 20").unwrap(),
            "__run_subjects__:value <= 20"
        );
        assert_eq!(
            told("subject.privileged").unwrap(),
            "__subject_privileged__:value = 'true'"
        );
        assert_eq!(
            told("subject.status not in ['ACTIVE', 'SUSPENDED']").unwrap(),
            "__subject_status__:value NOT IN ('ACTIVE','SUSPENDED')"
        );
        assert_eq!(
            told("subject.status == \"ACTIVE\"").unwrap(),
            "__subject_status__:value = 'ACTIVE'"
        );
    }

    #[test]
    fn more_than_that_is_left_to_whoever_runs_it() {
        for when in [
            "subject.privileged and run.subjects <= 20",
            "not subject.privileged",
            "subject.status == subject.id",
            "'eve' in subject.groups",
            "subject.status in []",
            "subject.status == 'a' or true",
            "run.subjects <= 2 * 3",
        ] {
            assert_eq!(told(when), None, "{when}");
        }
    }
}
