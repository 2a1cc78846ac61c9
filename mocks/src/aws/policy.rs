//! Policies: whether a text is one, and what policies say to one request.
//!
//! A small evaluator. Deny goes before allow; a condition on a key that the request does not have
//! is not met (or is, with `IfExists` and for negated operators, as IAM has it). Wildcards are `*`
//! and `?`. Absent: policy variables, sets of values, addresses and numbers; a text with such an
//! operator is refused as malformed, so that nothing is ever passed over in silence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::time::parse;

/// What is known of a request beside action and resource.
pub(super) type Context = BTreeMap<String, String>;

/// What one policy, or several, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    Deny,
    Allow,
    Nothing,
}

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "Null",
];

/// Why a text is no identity policy (or service control policy).
pub(super) fn check(text: &str) -> Result<Value, &'static str> {
    const SYNTAX: &str = "Syntax errors in policy.";
    let policy: Value = serde_json::from_str(text).map_err(|_| SYNTAX)?;
    let all = policy.as_object().ok_or(SYNTAX)?;
    if all
        .keys()
        .any(|key| !["Version", "Id", "Statement"].contains(&key.as_str()))
    {
        return Err(SYNTAX);
    }
    if !matches!(
        policy["Version"].as_str(),
        Some("2012-10-17" | "2008-10-17")
    ) {
        return Err("The policy must contain a valid version string");
    }
    let statements = statements(&policy);
    if statements.is_empty() {
        return Err("Missing required field Statement");
    }
    let mut sids: Vec<&str> = Vec::new();
    for statement in statements {
        check_statement(statement)?;
        if let Some(sid) = statement["Sid"].as_str().filter(|sid| !sid.is_empty()) {
            if sids.contains(&sid) {
                return Err("Statement IDs (SID) in a single policy must be unique.");
            }
            sids.push(sid);
        }
    }
    Ok(policy)
}

fn check_statement(statement: &Value) -> Result<(), &'static str> {
    const KEYS: &[&str] = &[
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let all = statement.as_object().ok_or("Syntax errors in policy.")?;
    if all.contains_key("Principal") || all.contains_key("NotPrincipal") {
        return Err("Policy document should not specify a principal.");
    }
    if all.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Err("Syntax errors in policy.");
    }
    if let Some(sid) = all.get("Sid")
        && !sid
            .as_str()
            .is_some_and(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric()))
    {
        return Err(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        );
    }
    if !matches!(
        all.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err("Missing required field Effect");
    }
    for (one, other, missing) in [
        (
            "Action",
            "NotAction",
            "Policy statement must contain actions.",
        ),
        (
            "Resource",
            "NotResource",
            "Policy statement must contain resources.",
        ),
    ] {
        let texts = |key| all.get(key).is_some_and(|v| !texts(v).is_empty());
        if texts(one) == texts(other) {
            return Err(missing);
        }
    }
    check_condition(&statement["Condition"])
}

fn check_condition(condition: &Value) -> Result<(), &'static str> {
    if condition.is_null() {
        return Ok(());
    }
    let operators = condition.as_object().ok_or("Syntax errors in policy.")?;
    for (operator, keys) in operators {
        let (plain, _) = bare(operator);
        if !OPERATORS.contains(&plain) {
            return Err("Syntax errors in policy.");
        }
        for values in keys.as_object().ok_or("Syntax errors in policy.")?.values() {
            let values = texts(values);
            let dated = !plain.starts_with("Date") || values.iter().all(|v| parse(v).is_some());
            if values.is_empty() || !dated {
                return Err("Syntax errors in policy.");
            }
        }
    }
    Ok(())
}

/// Characters of a policy as they count against a quota: without white space.
pub(super) fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The statements of a policy, be it one or a list.
pub(super) fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.iter().collect(),
        one @ Value::Object(_) => vec![one],
        _ => Vec::new(),
    }
}

/// What a policy says to a request.
pub(super) fn say(policy: &Value, action: &str, resource: &str, context: &Context) -> Say {
    let mut said = Say::Nothing;
    for statement in statements(policy) {
        if !covers(statement, action, resource) || !met(&statement["Condition"], context) {
            continue;
        }
        if statement["Effect"] == "Deny" {
            return Say::Deny;
        }
        said = Say::Allow;
    }
    said
}

fn covers(statement: &Value, action: &str, resource: &str) -> bool {
    let action_is = |list: &Value| {
        let wanted = action.to_lowercase();
        texts(list)
            .iter()
            .any(|pattern| like(&pattern.to_lowercase(), &wanted))
    };
    let resource_is = |list: &Value| texts(list).iter().any(|pattern| like(pattern, resource));
    let by_action = match &statement["NotAction"] {
        Value::Null => action_is(&statement["Action"]),
        not => !action_is(not),
    };
    let by_resource = match &statement["NotResource"] {
        Value::Null => resource_is(&statement["Resource"]),
        not => !resource_is(not),
    };
    by_action && by_resource
}

/// Whether a condition block is met; absent is.
pub(super) fn met(condition: &Value, context: &Context) -> bool {
    let Some(operators) = condition.as_object() else {
        return condition.is_null();
    };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object();
        keys.is_some_and(|keys| {
            keys.iter()
                .all(|(key, values)| holds(operator, key, &texts(values), context))
        })
    })
}

fn holds(operator: &str, key: &str, values: &[String], context: &Context) -> bool {
    let (operator, if_exists) = bare(operator);
    let found = context
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.as_str());
    if operator == "Null" {
        return values
            .iter()
            .any(|value| (value == "true") == found.is_none());
    }
    let negated = operator.contains("Not");
    let Some(found) = found else {
        return if_exists || negated;
    };
    if negated {
        let plain = operator.replace("Not", "");
        return !values.iter().any(|value| is(&plain, found, value));
    }
    values.iter().any(|value| is(operator, found, value))
}

fn is(operator: &str, found: &str, value: &str) -> bool {
    let dates = || Some((parse(found)?, parse(value)?));
    let by_date = |test: fn(i64, i64) -> bool| dates().is_some_and(|(a, b)| test(a, b));
    match operator {
        "StringEquals" => found == value,
        "StringEqualsIgnoreCase" | "Bool" => found.eq_ignore_ascii_case(value),
        "StringLike" | "ArnLike" | "ArnEquals" => like(value, found),
        "DateEquals" => by_date(|a, b| a == b),
        "DateLessThan" => by_date(|a, b| a < b),
        "DateLessThanEquals" => by_date(|a, b| a <= b),
        "DateGreaterThan" => by_date(|a, b| a > b),
        "DateGreaterThanEquals" => by_date(|a, b| a >= b),
        _ => false,
    }
}

fn bare(operator: &str) -> (&str, bool) {
    match operator.strip_suffix("IfExists") {
        Some(plain) => (plain, true),
        None => (operator, false),
    }
}

/// A text or a list of texts, as texts.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    };
    match value {
        Value::Array(all) => all.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

/// Whether a text fits a pattern of `*` and `?`.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((star, from)) = back else {
                    return false;
                };
                back = Some((star, from + 1));
                (p, t) = (star + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wildcards_match_as_iam_has_them() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("iam:*", "iam:GetRole", true),
            ("iam:Get*", "iam:PutRole", false),
            ("a?c*d", "abcxxd", true),
            ("*:alice", "AROA1:alice", true),
            ("*:alice", "AROA1:alice2", false),
            ("", "a", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deny_needs_its_whole_condition_and_a_missing_key_meets_none() {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
                "StringEquals": { "aws:userid": ["AROA1:alex", "AROA1:kim"] },
                "DateLessThan": { "aws:TokenIssueTime": "2026-03-10T15:00:00Z" } } },
        ]});
        let says = |pairs: &[(&str, &str)]| {
            let context = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            say(&policy, "s3:ListAllMyBuckets", "*", &context)
        };
        let early = ("aws:TokenIssueTime", "2026-03-10T14:59:59Z");
        let late = ("aws:TokenIssueTime", "2026-03-10T15:00:00Z");
        assert_eq!(says(&[("aws:userid", "AROA1:alex"), early]), Say::Deny);
        assert_eq!(says(&[("AWS:UserId", "AROA1:kim"), early]), Say::Deny);
        assert_eq!(says(&[("aws:userid", "AROA1:Alex"), early]), Say::Allow);
        assert_eq!(says(&[("aws:userid", "AROA1:alex"), late]), Say::Allow);
        assert_eq!(says(&[("aws:userid", "AROA1:alex")]), Say::Allow);
        assert_eq!(says(&[early]), Say::Allow);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let statement = json!({ "Sid": "A1", "Effect": "Deny", "Action": "*", "Resource": "*" });
        let with = |key: &str, value: Value| {
            let mut changed = statement.clone();
            changed[key] = value;
            json!({ "Version": "2012-10-17", "Statement": [changed] }).to_string()
        };
        assert!(check(&with("Sid", json!("A1"))).is_ok());
        for bad in [
            "{".to_owned(),
            json!({ "Statement": [statement] }).to_string(),
            json!({ "Version": "2012-10-17", "Statement": [] }).to_string(),
            json!({ "Version": "2012-10-17", "Statement": [statement, statement] }).to_string(),
            with("Sid", json!("a-b")),
            with("Effect", json!("Maybe")),
            with("Action", Value::Null),
            with("Principal", json!("*")),
            with("Extra", json!("*")),
            with("Condition", json!({ "StringSame": { "a": "b" } })),
            with(
                "Condition",
                json!({ "DateLessThan": { "aws:TokenIssueTime": "soon" } }),
            ),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
