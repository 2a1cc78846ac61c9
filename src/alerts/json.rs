//! Bodies as JSON, within bounds, and looked into by paths that senders spell in several ways.
//!
//! The bounds are checked over the bytes, before anything is built of them: a body of brackets would
//! take fifty times its size. Nothing here knows what a member means.

use aws_lc_rs::digest;
use serde_json::Value;

use super::Refused;

/// Objects and lists within one another at most.
const DEPTH_MAX: usize = 32;

/// Values in one body at most, roughly.
const VALUES_MAX: usize = 100_000;

/// Texts gathered from one place at most.
pub(super) const TEXTS_MAX: usize = 200;

/// Reads a body.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refused> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed("it is empty"));
    }
    bounded(body).map_err(malformed)?;
    serde_json::from_slice(body).map_err(|error| {
        malformed(&format!(
            "no JSON from line {}, column {} on",
            error.line(),
            error.column()
        ))
    })
}

/// Reads an object.
pub(super) fn object(body: &[u8]) -> Result<Value, Refused> {
    match parse(body)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(malformed("it is no JSON object")),
    }
}

/// What stands there, also if it stands there as JSON in a text: templates are quoted by habit.
pub(super) fn unquoted(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            bounded(text.as_bytes()).ok()?;
            serde_json::from_str(text).ok()
        }
        Value::Null => None,
        other => Some(other.clone()),
    }
}

pub(super) fn malformed(why: &str) -> Refused {
    Refused::Malformed(why.to_owned())
}

/// Counts depth and commas outside of texts.
fn bounded(bytes: &[u8]) -> Result<(), &'static str> {
    let (mut depth, mut values) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in bytes {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                depth += 1;
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err("it is nested too deeply");
        }
        if values > VALUES_MAX {
            return Err("it holds too many values");
        }
    }
    Ok(())
}

/// What stands at a path, whether its members are within one another or written with dots, and
/// whether or not something on the way is a list of one. Case counts.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(value);
    }
    let members = match value {
        Value::Object(members) => members,
        Value::Array(items) if items.len() == 1 => return at(&items[0], path),
        _ => return None,
    };
    // The longest name first: `a.b` as written stands before `b` within `a`.
    let mut end = path.len();
    loop {
        let (name, rest) = path.split_at(end);
        if let Some(found) = members
            .get(name)
            .and_then(|inner| at(inner, rest.strip_prefix('.').unwrap_or(rest)))
            .filter(|found| !found.is_null())
        {
            return Some(found);
        }
        end = path[..end].rfind('.')?;
    }
}

/// The texts at a place: one, or a list of them; numbers as they are written.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => {
            let items = items.iter().take(TEXTS_MAX);
            items.filter_map(text_of).collect()
        }
        Some(one) => text_of(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The one text at a place.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let mut texts = texts(value).into_iter();
    texts.next()
}

/// What tells two bodies apart where the sender gives them no key.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

/// A text that says something.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Number(number) => return Some(number.to_string()),
        Value::Bool(flag) => return Some(flag.to_string()),
        _ => return None,
    };
    let says_nothing = ["", "null", "unknown", "undefined"];
    let nothing = says_nothing.iter().any(|no| text.eq_ignore_ascii_case(no));
    (!nothing).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_found_however_it_is_spelt() {
        for spelt in [
            json!({ "a": { "b": { "c": "x" } } }),
            json!({ "a.b.c": "x" }),
            json!({ "a.b": { "c": "x" } }),
            json!({ "a": { "b.c": "x" } }),
            json!({ "a": [{ "b": { "c": ["x"] } }] }),
            json!({ "a.b": null, "a": { "b": { "c": "x" } } }),
        ] {
            assert_eq!(text(at(&spelt, "a.b.c")).as_deref(), Some("x"), "{spelt}");
        }
        assert_eq!(at(&json!({ "a": [{ "b": 1 }, { "b": 2 }] }), "a.b"), None);
        assert_eq!(at(&json!({ "a": "x" }), "a.b"), None);
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_refused_before_it_is_built() {
        let deep = "[".repeat(33) + &"]".repeat(33);
        assert!(parse(deep.as_bytes()).is_err());
        let deep_enough = "[".repeat(32) + &"]".repeat(32);
        assert!(parse(deep_enough.as_bytes()).is_ok());
        let many = format!("[{}0]", "0,".repeat(100_001));
        assert!(parse(many.as_bytes()).is_err());
        let in_text = format!("\"{}\\\"{}\"", "[".repeat(99), ",".repeat(200_000));
        assert!(parse(in_text.as_bytes()).is_ok());
    }

    #[test]
    fn an_unclosed_body_says_where_and_not_what() {
        let error = parse(b"{\"password\":\"hunter2\"").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
