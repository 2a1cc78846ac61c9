//! Which `eventType`s a rule can be about, so that an event meets only the rules it may match.
//!
//! A rule's condition is worked out with the `eventType` alone: what asks for other fields may go
//! either way. Only what is false in any case rules the rule out, so a rule that is too clever for
//! this sees every event, and none misses one.

use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Modifier, Quantifier, SelectorPattern, SigmaRule,
    SigmaString, SigmaValue, SpecialChar, StringPart, detection_name_matches,
};

const FIELD: &str = "eventType";

/// Whether it may match an event of this type.
pub(super) fn may_be(rule: &SigmaRule, kind: &str) -> bool {
    let conditions = &rule.detection.conditions;
    conditions.is_empty()
        || conditions
            .iter()
            .any(|one| is(rule, one, kind) != Some(false))
}

/// The types that it names, as it writes them; empty if it may be about any.
pub(super) fn written(rule: &SigmaRule) -> Vec<String> {
    // No type of the catalogue: a rule that may match it is about any.
    if may_be(rule, "no.such.type") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for item in items(rule).filter(|item| is_type(item)) {
        let (before, after) = marks(item);
        for value in &item.values {
            if let SigmaValue::String(text) = value {
                found.push(format!("{before}{}{after}", text.original));
            }
        }
    }
    // What a filter names is not what it is about.
    found.retain(|kind| may_be(rule, &kind.replace('*', "")) || kind.contains('*'));
    found.sort();
    found.dedup();
    found
}

/// Whether nothing in it is silently never true.
pub(super) fn sound(rule: &SigmaRule) -> Result<(), String> {
    for item in items(rule) {
        let name = item.field.name.as_deref().unwrap_or_default();
        if name.contains('[') {
            return Err(format!(
                "'{name}' counts members, whose order means nothing; `[any]` and the like need \
                 `sigma-version: 3`"
            ));
        }
        if item.field.has_modifier(Modifier::Expand) {
            return Err(format!("'{name}|expand' has nothing to be expanded from"));
        }
    }
    Ok(())
}

fn is(rule: &SigmaRule, condition: &ConditionExpr, kind: &str) -> Option<bool> {
    match condition {
        ConditionExpr::And(all) => every(all.iter().map(|one| is(rule, one, kind))),
        ConditionExpr::Or(all) => some(all.iter().map(|one| is(rule, one, kind))),
        ConditionExpr::Not(one) => is(rule, one, kind).map(|is| !is),
        ConditionExpr::Identifier(name) => has(rule.detection.named.get(name)?, kind),
        ConditionExpr::Selector {
            quantifier,
            pattern,
        } => {
            let named = rule
                .detection
                .named
                .iter()
                .filter(|(name, _)| match pattern {
                    SelectorPattern::Them => true,
                    SelectorPattern::Pattern(pattern) => detection_name_matches(pattern, name),
                });
            let each = named.map(|(_, detection)| has(detection, kind));
            match quantifier {
                Quantifier::Any => some(each),
                Quantifier::All => every(each),
                Quantifier::Count(_) => None,
            }
        }
    }
}

fn has(detection: &Detection, kind: &str) -> Option<bool> {
    match detection {
        Detection::AllOf(items) => every(items.iter().map(|item| holds(item, kind))),
        Detection::AnyOf(all) => some(all.iter().map(|one| has(one, kind))),
        Detection::And(all) => every(all.iter().map(|one| has(one, kind))),
        Detection::Keywords(_) | Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {
            None
        }
    }
}

fn holds(item: &DetectionItem, kind: &str) -> Option<bool> {
    if !is_type(item) {
        return None;
    }
    let (before, after) = marks(item);
    some(item.values.iter().map(|value| match value {
        SigmaValue::String(text) => Some(glob(text, before, after, kind)),
        _ => None,
    }))
}

/// An item about the type that is plain enough to be worked out.
fn is_type(item: &DetectionItem) -> bool {
    let name = item.field.name.as_deref();
    let plain = |modifier: &Modifier| {
        matches!(
            modifier,
            Modifier::StartsWith | Modifier::EndsWith | Modifier::Contains
        )
    };
    name.is_some_and(|name| name.eq_ignore_ascii_case(FIELD))
        && item.field.modifiers.iter().all(plain)
}

/// The wildcards that its modifiers stand for.
fn marks(item: &DetectionItem) -> (&'static str, &'static str) {
    let has = |modifier| item.field.has_modifier(modifier);
    let contains = has(Modifier::Contains);
    let before = if contains || has(Modifier::EndsWith) {
        "*"
    } else {
        ""
    };
    let after = if contains || has(Modifier::StartsWith) {
        "*"
    } else {
        ""
    };
    (before, after)
}

fn glob(pattern: &SigmaString, before: &str, after: &str, kind: &str) -> bool {
    let mut marks: Vec<Option<char>> = Vec::new();
    // `None` is any text; any one character is taken for it, which rules out less.
    if !before.is_empty() {
        marks.push(None);
    }
    for part in &pattern.parts {
        match part {
            StringPart::Plain(text) => marks.extend(text.to_lowercase().chars().map(Some)),
            StringPart::Special(SpecialChar::WildcardMulti | SpecialChar::WildcardSingle) => {
                marks.push(None);
            }
        }
    }
    if !after.is_empty() {
        marks.push(None);
    }
    let kind: Vec<char> = kind.to_lowercase().chars().collect();
    matches(&marks, &kind)
}

/// Without going back further than to the last wildcard, so that no pattern takes long.
fn matches(marks: &[Option<char>], text: &[char]) -> bool {
    let (mut at, mut pos, mut last) = (0, 0, None);
    while pos < text.len() {
        match marks.get(at) {
            Some(None) => {
                last = Some((at, pos));
                at += 1;
            }
            Some(Some(c)) if *c == text[pos] => {
                at += 1;
                pos += 1;
            }
            _ => {
                let Some((mark, from)) = last else {
                    return false;
                };
                last = Some((mark, from + 1));
                (at, pos) = (mark + 1, from + 1);
            }
        }
    }
    marks[at..].iter().all(Option::is_none)
}

fn every(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut sum = Some(true);
    for one in all {
        match one {
            Some(false) => return Some(false),
            None => sum = None,
            Some(true) => {}
        }
    }
    sum
}

fn some(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    every(all.map(|one| one.map(|is| !is))).map(|is| !is)
}

fn items(rule: &SigmaRule) -> impl Iterator<Item = &DetectionItem> {
    let mut open: Vec<&Detection> = rule.detection.named.values().collect();
    let mut all = Vec::new();
    while let Some(detection) = open.pop() {
        match detection {
            Detection::AllOf(items) => all.extend(items),
            Detection::AnyOf(more) | Detection::And(more) => open.extend(more),
            Detection::ArrayMatch { body, .. } => open.push(body),
            Detection::Conditional { named, .. } => open.extend(named.values()),
            Detection::Keywords(_) => {}
        }
    }
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(detection: &str) -> SigmaRule {
        let text = format!("title: t\nlogsource: {{ product: okta }}\ndetection:\n{detection}");
        let mut read = rsigma_parser::parse_sigma_yaml(&text).unwrap();
        assert!(read.errors.is_empty(), "{:?}", read.errors);
        read.rules.pop().unwrap()
    }

    #[test]
    fn a_rule_is_ruled_out_only_by_what_its_type_makes_false() {
        let one = rule("  s: { eventtype: [a.b, 'c.*'], actor.id: x }\n  condition: s");
        assert!(may_be(&one, "A.B") && may_be(&one, "c.d.e") && !may_be(&one, "a.b.c"));
        assert_eq!(written(&one), ["a.b", "c.*"]);
        let or = rule("  s: { eventType: a }\n  t: { actor.id: x }\n  condition: s or t");
        assert!(may_be(&or, "b") && written(&or).is_empty());
        let not = rule(
            "  s: { eventType|startswith: user. }\n  f: { eventType: user.a }\n  \
             condition: s and not f",
        );
        assert!(may_be(&not, "user.b") && !may_be(&not, "user.a") && !may_be(&not, "x"));
        assert_eq!(written(&not), ["user.*"]);
        let of = rule("  s_1: { eventType: a }\n  s_2: { eventType: b }\n  condition: 1 of s_*");
        assert!(may_be(&of, "a") && may_be(&of, "b") && !may_be(&of, "c"));
        let re = rule("  s: { eventType|re: 'a.*' }\n  condition: s");
        assert!(may_be(&re, "zzz"));
    }

    #[test]
    fn wildcards_may_stand_anywhere() {
        let marks = |text: &str| -> Vec<Option<char>> {
            text.chars().map(|c| (c != '*').then_some(c)).collect()
        };
        let is =
            |pattern: &str, text: &str| matches(&marks(pattern), &text.chars().collect::<Vec<_>>());
        assert!(is("a*c*e", "abcde") && is("*", "") && is("*b", "abb") && is("", ""));
        assert!(!is("a*c", "ab") && !is("a", "ab") && !is("a*b*c", "acb"));
    }
}
