//! The SCIM filter subset that Okta's `/logs`, `/users` and `/apps` and Slack's SCIM understand.
//!
//! Operators `eq ne co sw ew gt ge lt le pr`, joined by `and`, `or` and parentheses, over
//! dotted paths. A path through an array matches if any element does. Value paths (`[]`) are
//! refused, as at Okta. Depth and length are bounded: filters come from outside.

use std::collections::BTreeSet;

use serde_json::Value;

const DEPTH_MAX: usize = 32;
const LENGTH_MAX: usize = 16 * 1024;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Test {
        path: String,
        op: String,
        value: Value,
    },
}

impl Filter {
    /// Parses a filter; the error is a sentence for Okta's `errorSummary`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH_MAX {
            return Err("the filter is too long".to_owned());
        }
        let words = words(text)?;
        let mut parser = Parser {
            words: &words,
            at: 0,
        };
        let filter = parser.any(0)?;
        match parser.peek() {
            None => Ok(filter),
            Some(word) => Err(format!("unexpected '{}'", word.text)),
        }
    }

    pub(crate) fn matches(&self, value: &Value) -> bool {
        match self {
            Self::And(a, b) => a.matches(value) && b.matches(value),
            Self::Or(a, b) => a.matches(value) || b.matches(value),
            Self::Test {
                path,
                op,
                value: wanted,
            } => {
                let mut found = Vec::new();
                collect(value, path, &mut found);
                if op == "ne" {
                    return !found.contains(&wanted);
                }
                found.iter().any(|have| test(have, op, wanted))
            }
        }
    }

    /// The values that this path must equal one of, if the filter says so: whatever has none of them
    /// cannot match. A caller with an index looks only at those.
    pub(crate) fn one_of(&self, wanted: &str) -> Option<BTreeSet<&str>> {
        match self {
            Self::And(a, b) => a.one_of(wanted).or_else(|| b.one_of(wanted)),
            Self::Or(a, b) => {
                let mut all = a.one_of(wanted)?;
                all.extend(b.one_of(wanted)?);
                Some(all)
            }
            Self::Test { path, op, value } if path == wanted && op == "eq" => {
                value.as_str().map(|value| BTreeSet::from([value]))
            }
            Self::Test { .. } => None,
        }
    }

    /// Every test in it, so that a caller can refuse fields.
    pub(crate) fn tests(&self) -> Vec<(&str, &str)> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                let mut all = a.tests();
                all.extend(b.tests());
                all
            }
            Self::Test { path, op, .. } => vec![(path, op)],
        }
    }
}

fn collect<'a>(value: &'a Value, path: &str, out: &mut Vec<&'a Value>) {
    if let Value::Array(items) = value {
        for item in items {
            collect(item, path, out);
        }
        return;
    }
    if path.is_empty() {
        out.push(value);
        return;
    }
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(next) = value.get(head) {
        collect(next, rest, out);
    }
}

fn test(have: &Value, op: &str, wanted: &Value) -> bool {
    if op == "pr" {
        return !have.is_null();
    }
    if op == "eq" {
        return have == wanted;
    }
    let (Some(have), Some(wanted)) = (have.as_str(), wanted.as_str()) else {
        return match (have.as_f64(), wanted.as_f64()) {
            (Some(have), Some(wanted)) => ordered(have.partial_cmp(&wanted), op),
            _ => false,
        };
    };
    match op {
        "co" => have.contains(wanted),
        "sw" => have.starts_with(wanted),
        "ew" => have.ends_with(wanted),
        _ => ordered(Some(have.cmp(wanted)), op),
    }
}

fn ordered(order: Option<std::cmp::Ordering>, op: &str) -> bool {
    order.is_some_and(|order| match op {
        "gt" => order.is_gt(),
        "ge" => order.is_ge(),
        "lt" => order.is_lt(),
        "le" => order.is_le(),
        _ => false,
    })
}

#[derive(Debug)]
struct Word {
    text: String,
    quoted: bool,
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => {}
            '(' | ')' => out.push(Word {
                text: c.to_string(),
                quoted: false,
            }),
            '[' | ']' => return Err("value paths with [] are not supported".to_owned()),
            '"' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => word.extend(chars.next()),
                        Some(other) => word.push(other),
                        None => return Err("a quote is not closed".to_owned()),
                    }
                }
                out.push(Word {
                    text: word,
                    quoted: true,
                });
            }
            _ => {
                let mut word = String::from(c);
                while let Some(next) = chars.peek()
                    && !matches!(next, ' ' | '\t' | '\n' | '(' | ')' | '"' | '[' | ']')
                {
                    word.extend(chars.next());
                }
                out.push(Word {
                    text: word,
                    quoted: false,
                });
            }
        }
    }
    Ok(out)
}

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.at)
    }

    fn take(&mut self) -> Option<&'a Word> {
        let word = self.words.get(self.at);
        self.at += 1;
        word
    }

    fn take_if(&mut self, text: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|w| !w.quoted && w.text.eq_ignore_ascii_case(text));
        if found {
            self.at += 1;
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.all(depth)?;
        while self.take_if("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all(depth)?));
        }
        Ok(left)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.one(depth)?;
        while self.take_if("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > DEPTH_MAX {
            return Err("the filter is nested too deeply".to_owned());
        }
        if self.take_if("(") {
            let inner = self.any(depth + 1)?;
            return if self.take_if(")") {
                Ok(inner)
            } else {
                Err("a parenthesis is not closed".to_owned())
            };
        }
        let path = self
            .take()
            .filter(|w| !w.quoted)
            .ok_or("an attribute is missing")?;
        let op = self
            .take()
            .filter(|w| !w.quoted)
            .ok_or("an operator is missing")?;
        let op = op.text.to_ascii_lowercase();
        if op == "pr" {
            return Ok(Filter::Test {
                path: path.text.clone(),
                op,
                value: Value::Null,
            });
        }
        if !["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"].contains(&op.as_str()) {
            return Err(format!("unrecognized attribute operator '{op}'"));
        }
        let value = self.take().ok_or("a value is missing")?;
        let value = if value.quoted {
            Value::String(value.text.clone())
        } else {
            serde_json::from_str(&value.text)
                .map_err(|_| format!("'{}' is no value", value.text))?
        };
        Ok(Filter::Test {
            path: path.text.clone(),
            op,
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn and_binds_tighter_than_or_and_arrays_match_by_any_element() {
        let event = json!({ "a": { "id": "1" }, "target": [{ "id": "x" }, { "id": "y" }] });
        let yes = |text: &str| Filter::parse(text).unwrap().matches(&event);
        assert!(yes(r#"target.id eq "x" and target.id eq "y""#));
        assert!(yes(r#"a.id eq "1" or a.id eq "2" and a.id eq "3""#));
        assert!(!yes(r#"(a.id eq "1" or a.id eq "2") and a.id eq "3""#));
        assert!(yes(r#"a.id sw "1" and not_there pr or a.id pr"#));
    }

    #[test]
    fn one_of_is_told_only_where_nothing_else_can_match() {
        let told = |text: &str| {
            let filter = Filter::parse(text).unwrap();
            filter
                .one_of("id")
                .map(|ids| ids.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(told(r#"id eq "b" or id eq "a""#).as_deref(), Some("a b"));
        assert_eq!(told(r#"id eq "a" and status eq "X""#).as_deref(), Some("a"));
        assert_eq!(
            told(r#"status eq "X" and (id eq "a" or id eq "b")"#).as_deref(),
            Some("a b")
        );
        assert_eq!(told(r#"id eq "a" or status eq "X""#), None);
        assert_eq!(told(r#"id ne "a""#), None);
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in [
            "",
            "a",
            "a eq",
            "a xx \"1\"",
            "a eq \"1",
            "(a eq \"1\"",
            "a[b eq \"1\"]",
            "a eq \"1\" b",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
        assert!(Filter::parse(&"(".repeat(9000)).is_err());
    }
}
