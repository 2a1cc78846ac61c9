//! The saved attack, and how it is asked.

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::desk::{Desk, Said};

pub(super) const TAKEOVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/system-log/takeover.jsonl"
);

/// The events of the saved attack.
pub(super) fn events() -> Vec<Value> {
    let text = std::fs::read_to_string(TAKEOVER).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A file with these events.
pub(super) fn saved(desk: &Desk, name: &str, events: &[Value]) -> PathBuf {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    desk.write(name, lines.join("\n"))
}

/// What is said of the saved attack.
pub(super) fn of_takeover(desk: &Desk, words: &str) -> Said {
    desk.oust(&format!("investigate {words} --log {TAKEOVER}"))
}

/// The one subject.
#[track_caller]
pub(super) fn subject(found: &Value) -> &Value {
    let subjects = found["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), 1, "{found:#}");
    &subjects[0]
}

/// One member of every item of a list.
#[track_caller]
pub(super) fn each<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    let items = list
        .as_array()
        .unwrap_or_else(|| panic!("no list: {list:#}"));
    let texts = items.iter().map(|item| {
        let text = item.pointer(member).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {member} in {item:#}"))
    });
    texts.collect()
}
