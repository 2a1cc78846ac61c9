//! Looks a native field of an event up by the name that a rule gives it.
//!
//! `securityContext.isProxy`; where the path crosses a list (`target.type`), any member counts, and
//! `target.User.id` is the id of those targets whose type is User: their order means nothing.
//! Names are found whatever their case: published rules write `eventtype`, some collectors too.
//! What is an object (`target.changeDetails.from`) is its JSON.
//!
//! Two things are evened out, so that a rule need not know them:
//! - null, and the texts "", "null" and "unknown", are as if the field were not there.
//! - Behaviours and risk have a structured home since 2026 and were text before. The text is
//!   asked for (`debugContext.debugData.behaviors`, `….risk`), and is made from the structure
//!   where there is one. What is JSON in a text (`….logOnlySecurityData`) may have been parsed
//!   on its way; it is text again.
//!
//! Nothing is copied but what had to be made.

use serde_json::Value;

/// What stands in a field.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'e> {
    /// One value.
    One(&'e Value),
    /// Several, from the members of a list.
    Many(Vec<&'e Value>),
    /// A text that was made.
    Made(String),
}

/// How deep a path may go.
const DEPTH_MAX: usize = 16;

/// What stands there; `None` for nothing.
pub(super) fn find<'e>(event: &'e Value, path: &str) -> Option<Found<'e>> {
    if let Some(made) = evened(event, path) {
        return made;
    }
    let mut found = None;
    walk(event, path, DEPTH_MAX, &mut |value| add(&mut found, value));
    if found.is_none() {
        of_type(event, path, &mut |value| add(&mut found, value));
    }
    found
}

fn add<'e>(found: &mut Option<Found<'e>>, value: &'e Value) {
    *found = Some(match found.take() {
        None => Found::One(value),
        Some(Found::One(first)) => Found::Many(vec![first, value]),
        Some(Found::Many(mut all)) => {
            all.push(value);
            Found::Many(all)
        }
        Some(made @ Found::Made(_)) => made,
    });
}

const TARGET: &str = "target.";

/// `target.User.id`: of the targets of this type.
fn of_type<'e>(event: &'e Value, path: &str, found: &mut dyn FnMut(&'e Value)) {
    let Some((head, rest)) = path.split_at_checked(TARGET.len()) else {
        return;
    };
    let (true, Some((kind, rest))) = (head.eq_ignore_ascii_case(TARGET), rest.split_once('.'))
    else {
        return;
    };
    let targets = member(event, "target").and_then(Value::as_array);
    for target in targets.into_iter().flatten() {
        let own = member(target, "type").and_then(Value::as_str);
        if own.is_some_and(|own| own.eq_ignore_ascii_case(kind)) {
            walk(target, rest, DEPTH_MAX, found);
        }
    }
}

/// Whether it stands for nothing.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => ["", "null", "unknown"]
            .iter()
            .any(|no| text.trim().eq_ignore_ascii_case(no)),
        _ => false,
    }
}

fn walk<'e>(value: &'e Value, path: &str, depth: usize, found: &mut dyn FnMut(&'e Value)) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(all) => {
            for each in all {
                walk(each, path, depth - 1, found);
            }
        }
        Value::Object(_) if !path.is_empty() => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(next) = member(value, name) {
                walk(next, rest, depth - 1, found);
            }
        }
        _ if path.is_empty() && !is_nothing(value) => found(value),
        _ => {}
    }
}

fn member<'e>(value: &'e Value, name: &str) -> Option<&'e Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        let mut all = object.iter();
        all.find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

const DEBUG_DATA: &str = "debugContext.debugData.";

/// The fields that have several homes; `None` if it is none of them.
fn evened<'e>(event: &'e Value, path: &str) -> Option<Option<Found<'e>>> {
    let (head, name) = path.split_at_checked(DEBUG_DATA.len())?;
    if !head.eq_ignore_ascii_case(DEBUG_DATA) {
        return None;
    }
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let structure = if is("behaviors") {
        behaviours(event)
    } else if is("risk") {
        risk(event)
    } else if is("logOnlySecurityData") {
        None
    } else {
        return None;
    };
    if let Some(made) = structure {
        return Some(Some(Found::Made(made)));
    }
    let own = member(event, "debugContext").and_then(|it| member(it, "debugData"));
    let own = own.and_then(|it| member(it, name));
    Some(own.filter(|own| !is_nothing(own)).map(|own| match own {
        Value::Array(all) => {
            let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Found::Made(format!("{{{}}}", texts.join(", ")))
        }
        Value::Object(_) => Found::Made(own.to_string()),
        _ => Found::One(own),
    }))
}

/// `{New IP=POSITIVE, New Device=NEGATIVE}`, from its structure.
fn behaviours(event: &Value) -> Option<String> {
    let all = event["securityContext"]["userBehaviors"].as_array()?;
    let texts: Vec<String> = all
        .iter()
        .filter_map(|each| {
            let (name, result) = (each["name"].as_str()?, each["result"].as_str()?);
            Some(format!("{name}={result}"))
        })
        .collect();
    (!texts.is_empty()).then(|| format!("{{{}}}", texts.join(", ")))
}

/// `{reasons=A, B, level=HIGH}`, from its structure.
fn risk(event: &Value) -> Option<String> {
    let risk = event["securityContext"]["risk"].as_object()?;
    let level = risk.get("level")?.as_str()?;
    let reasons = risk.get("reasons").and_then(Value::as_array);
    let mut reasons: Vec<&str> = reasons
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let name = risk.get("detectionName").and_then(Value::as_str);
    let name = name.map(|name| format!("detectionName={name}, "));
    let name = name.unwrap_or_default();
    if reasons.is_empty() {
        reasons.push("none");
    }
    Some(format!(
        "{{{name}reasons={}, level={level}}}",
        reasons.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(event: &Value, path: &str) -> Vec<String> {
        match find(event, path) {
            None => Vec::new(),
            Some(Found::One(one)) => vec![one.to_string()],
            Some(Found::Many(all)) => all.iter().map(|one| one.to_string()).collect(),
            Some(Found::Made(text)) => vec![text],
        }
    }

    #[test]
    fn a_field_is_found_by_its_path_in_any_case_and_in_any_member() {
        let event = json!({
            "eventType": "x", "actor": { "alternateId": "a" },
            "target": [{ "type": "User", "id": 1 }, null, { "type": "AppUser", "id": null }],
        });
        assert_eq!(texts(&event, "eventtype"), [r#""x""#]);
        assert_eq!(texts(&event, "ACTOR.alternateid"), [r#""a""#]);
        assert_eq!(texts(&event, "target.type"), [r#""User""#, r#""AppUser""#]);
        assert_eq!(texts(&event, "target.id"), ["1"]);
        assert_eq!(texts(&event, "target.appuser.TYPE"), [r#""AppUser""#]);
        assert_eq!(texts(&event, "target.User.id"), ["1"]);
        assert!(texts(&event, "target.Token.id").is_empty());
        assert_eq!(texts(&event, "actor"), [r#"{"alternateId":"a"}"#]);
        assert!(texts(&event, "actor.id.x").is_empty());
    }

    #[test]
    fn what_stands_for_nothing_is_not_there() {
        for nothing in [json!(null), json!("null"), json!("Unknown"), json!(" ")] {
            let event = json!({ "client": { "ipAddress": nothing }, "target": nothing });
            assert!(texts(&event, "client.ipAddress").is_empty(), "{event}");
            assert!(texts(&event, "target.type").is_empty(), "{event}");
        }
        assert!(texts(&json!([]), "a.b").is_empty());
        assert!(texts(&json!({ "client": "text" }), "client.ipAddress").is_empty());
    }

    #[test]
    fn behaviours_are_one_text_wherever_they_stand() {
        let path = "debugContext.debugData.behaviors";
        let text = "{New IP=POSITIVE, Velocity=NEGATIVE}";
        let data = |behaviours: Value| {
            json!({ "debugContext": { "debugData": {
            "behaviors": behaviours } } })
        };
        let structured = json!({ "securityContext": { "userBehaviors": [
            { "id": "b1", "name": "New IP", "result": "POSITIVE" },
            { "name": "Velocity", "result": "NEGATIVE" }, null] } });
        assert_eq!(texts(&data(json!(text)), path), [format!("\"{text}\"")]);
        let list = json!(["New IP=POSITIVE", "Velocity=NEGATIVE"]);
        assert_eq!(texts(&data(list), path), [text]);
        assert_eq!(texts(&structured, path), [text]);
        assert!(texts(&data(json!(null)), path).is_empty());
    }

    #[test]
    fn risk_is_one_text_wherever_it_stands_and_json_in_a_text_stays_one() {
        let structured = json!({ "securityContext": { "risk": {
            "level": "HIGH", "reasons": ["Anomalous Device"] } } });
        let path = "debugContext.debugData.risk";
        assert_eq!(
            texts(&structured, path),
            ["{reasons=Anomalous Device, level=HIGH}"]
        );
        let parsed = json!({ "debugContext": { "debugData": {
            "logOnlySecurityData": { "behaviors": { "New IP": "POSITIVE" } } } } });
        let path = "debugContext.debugData.logOnlySecurityData";
        assert_eq!(
            texts(&parsed, path),
            [r#"{"behaviors":{"New IP":"POSITIVE"}}"#]
        );
    }
}
