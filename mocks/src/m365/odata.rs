//! The little OData that an incident asks for: `$filter`, `$select`, `$top` and next links.
//!
//! A filter is a row of comparisons joined by `and`: `path op literal` or
//! `list/any(x:x/path op literal)`. Each collection says which properties it lets be filtered;
//! anything else is a 400, as at Graph.

use serde_json::{Map, Value, json};

use super::answers::{bad, refusal};
use super::{Call, M365};
use crate::http::encode;
use crate::time::parse;
use crate::vendor::Answer;

/// One comparison.
#[derive(Debug, PartialEq)]
pub(super) struct Test {
    path: String,
    op: String,
    wanted: Value,
}

/// Reads `$filter`; `known` are the properties that can be filtered.
pub(super) fn filter(call: &Call<'_>, known: &[&str]) -> Result<Vec<Test>, Answer> {
    let Some(text) = call.query("$filter") else {
        return Ok(Vec::new());
    };
    let wrong = |why: &str| refusal(400, "Request_UnsupportedQuery", why);
    let tests = read(text).map_err(wrong)?;
    match tests.iter().find(|t| !known.contains(&t.path.as_str())) {
        None => Ok(tests),
        Some(test) => Err(wrong(&format!(
            "Unsupported or invalid query filter clause specified for property '{}'.",
            test.path
        ))),
    }
}

pub(super) fn matches(tests: &[Test], value: &Value) -> bool {
    tests.iter().all(|test| {
        let mut found = Vec::new();
        collect(value, &test.path, &mut found);
        found
            .iter()
            .any(|have| compare(have, &test.op, &test.wanted))
    })
}

fn read(text: &str) -> Result<Vec<Test>, &'static str> {
    split_and(text).into_iter().map(read_one).collect()
}

/// Splits at ` and ` outside of quotes.
fn split_and(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, sign) in text.char_indices() {
        if sign == '\'' {
            quoted = !quoted;
        }
        if !quoted && text[at..].starts_with(" and ") {
            parts.push(&text[start..at]);
            start = at + 5;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn read_one(text: &str) -> Result<Test, &'static str> {
    let text = text.trim();
    if let Some((list, inner)) = text.split_once("/any(") {
        let inner = inner.strip_suffix(')').ok_or("any( is not closed")?;
        let (name, inner) = inner.split_once(':').ok_or("any( names no variable")?;
        let mut test = read_one(inner)?;
        let below = test
            .path
            .strip_prefix(name)
            .ok_or("any( does not use its variable")?;
        test.path = format!("{list}{below}");
        return Ok(test);
    }
    let mut words = text.splitn(3, ' ');
    let (path, op, literal) = (words.next(), words.next(), words.next());
    let (Some(path), Some(op), Some(literal)) = (path, op, literal) else {
        return Err("Invalid filter clause");
    };
    if !["eq", "ne", "ge", "gt", "le", "lt"].contains(&op) {
        return Err("Unsupported operator");
    }
    Ok(Test {
        path: path.to_owned(),
        op: op.to_owned(),
        wanted: literal_of(literal.trim())?,
    })
}

fn literal_of(text: &str) -> Result<Value, &'static str> {
    if let Some(inner) = text.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'').ok_or("a quote is not closed")?;
        if inner.replace("''", "").contains('\'') {
            return Err("a quote inside a literal is to be doubled");
        }
        return Ok(json!(inner.replace("''", "'")));
    }
    match text {
        "true" => Ok(json!(true)),
        "false" => Ok(json!(false)),
        "null" => Ok(Value::Null),
        time if parse(time).is_some() => Ok(json!(time)),
        _ => Err("Invalid literal"),
    }
}

fn collect<'a>(value: &'a Value, path: &str, out: &mut Vec<&'a Value>) {
    if let Value::Array(items) = value {
        for item in items {
            collect(item, path, out);
        }
    } else if path.is_empty() {
        out.push(value);
    } else {
        let (head, rest) = path.split_once('/').unwrap_or((path, ""));
        if let Some(next) = value.get(head) {
            collect(next, rest, out);
        }
    }
}

fn compare(have: &Value, op: &str, wanted: &Value) -> bool {
    let order = match (have.as_str(), wanted.as_str()) {
        (Some(have), Some(wanted)) => match (parse(have), parse(wanted)) {
            (Some(have), Some(wanted)) => Some(have.cmp(&wanted)),
            _ => Some(have.to_lowercase().cmp(&wanted.to_lowercase())),
        },
        _ if have == wanted => Some(std::cmp::Ordering::Equal),
        _ => None,
    };
    match op {
        "ne" => order.is_none_or(std::cmp::Ordering::is_ne),
        "eq" => order.is_some_and(std::cmp::Ordering::is_eq),
        "ge" => order.is_some_and(std::cmp::Ordering::is_ge),
        "gt" => order.is_some_and(std::cmp::Ordering::is_gt),
        "le" => order.is_some_and(std::cmp::Ordering::is_le),
        _ => order.is_some_and(std::cmp::Ordering::is_lt),
    }
}

/// Keeps what `$select` names; without it, what `default` does. Unknown names are a 400.
pub(super) fn select(call: &Call<'_>, all: Value, default: &[&str]) -> Result<Value, Answer> {
    let Value::Object(mut all) = all else {
        return Ok(all);
    };
    let names: Vec<&str> = match call.query("$select") {
        None => default.to_vec(),
        Some(text) => text.split(',').map(str::trim).collect(),
    };
    let mut kept = Map::new();
    for name in names {
        let Some(value) = all.remove(name) else {
            if kept.contains_key(name) {
                continue;
            }
            return Err(bad(&format!(
                "Could not find a property named '{name}' on type 'microsoft.graph.user'."
            )));
        };
        kept.insert(name.to_owned(), value);
    }
    Ok(Value::Object(kept))
}

impl M365 {
    /// One page of a collection; `$skiptoken` counts what was shown before.
    pub(super) fn page(
        &self,
        call: &Call<'_>,
        context: &str,
        items: Vec<Value>,
        default: usize,
    ) -> Answer {
        let top = match call.query("$top").map(str::parse::<usize>) {
            None => default,
            Some(Ok(n @ 1..=999)) => n,
            Some(_) => return bad("Invalid page size specified."),
        };
        let skip = match call.query("$skiptoken").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(n)) => n,
            Some(Err(_)) => return bad("Skip token is not valid."),
        };
        let total = items.len();
        let page: Vec<Value> = items.into_iter().skip(skip).take(top).collect();
        let shown = skip + page.len();
        let mut body = json!({ "@odata.context": format!("{}/graph/v1.0/$metadata#{context}", self.base_url) });
        if shown < total {
            let kept: String = call
                .query
                .iter()
                .filter(|(key, _)| key != "$skiptoken")
                .map(|(key, value)| format!("{key}={}&", encode(value)))
                .collect();
            let path = &call.request.path;
            body["@odata.nextLink"] =
                json!(format!("{}{path}?{kept}$skiptoken={shown}", self.base_url));
        }
        body["value"] = json!(page);
        Answer::json(200, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_matched() {
        let user = json!({ "mail": "o'hara and co@x.example", "on": true, "at": "2026-03-10T15:00:00Z",
            "proxyAddresses": ["SMTP:a@x.example"], "to": [{ "id": "1" }, { "id": "2" }] });
        let yes = |text: &str| matches(&read(text).unwrap(), &user);
        assert!(yes("mail eq 'O''Hara and co@x.example' and on eq true"));
        assert!(yes("proxyAddresses/any(p:p eq 'smtp:a@x.example')"));
        assert!(yes("to/any(t:t/id eq '2') and at ge 2026-03-10T14:00:00Z"));
        assert!(!yes("at ge 2026-03-10T15:00:01Z"));
        assert!(!yes("on eq false") && yes("mail ne 'x'") && !yes("nothing eq 'x'"));
        for text in [
            "mail",
            "mail eq",
            "mail has 'x'",
            "mail eq 'x",
            "mail eq 'a'b'",
            "mail eq x",
            "p/any(p:q eq 'x')",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
