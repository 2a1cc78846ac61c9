//! Secrets that stand in the config file where only a reference may.
//!
//! A vendor parses its own settings, so which of them is a secret is told by name: its last
//! word is `token`, `secret`, `password` or `key`. Values are never repeated, and whatever a
//! message shows of the file has the vendors' settings covered.

use crate::model::nearest;
use crate::yaml::{At, Diagnostic, Node, Problems, Span, spoken};

const WORDS: [&str; 7] = [
    "token",
    "secret",
    "password",
    "passphrase",
    "key",
    "pem",
    "credential",
];
const SOURCES: [&str; 3] = ["env", "file", "command"];
const WRITE: &str = "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`";

/// Notes every inline secret and every doubled key below `key`.
pub(super) fn check(key: &str, at: &At<Node>, problems: &mut Problems) {
    match &at.value {
        Node::Map(entries) if is_secret(key) => reference(key, entries, at, problems),
        Node::Map(entries) => {
            for (name, value) in problems.each_once(entries) {
                check(&name.value, value, problems);
            }
        }
        Node::List(items) if !is_secret(key) => {
            for item in items {
                check(key, item, problems);
            }
        }
        Node::Null => {}
        Node::Text(text) if text.contains("-----BEGIN") => inline(key, at, problems),
        _ if is_secret(key) => inline(key, at, problems),
        _ => {}
    }
}

fn is_secret(key: &str) -> bool {
    let last = key.rsplit(['_', '-']).next().unwrap_or(key).to_lowercase();
    WORDS.contains(&last.as_str()) && key != "public_key"
}

fn inline(key: &str, at: &At<Node>, problems: &mut Problems) {
    problems.add(
        Diagnostic::new(
            at.span.clone(),
            format!("{} holds the secret itself", spoken(key)),
        )
        .label(WRITE)
        .help("whoever saw this file has the secret: replace it at the vendor too"),
    );
}

/// Exactly one of `env`, `file`, `command`.
fn reference(
    key: &str,
    entries: &[(At<String>, At<Node>)],
    at: &At<Node>,
    problems: &mut Problems,
) {
    for (name, value) in entries {
        let word = name.value.as_str();
        if !SOURCES.contains(&word) {
            let title = format!("{} is no place for a secret", spoken(word));
            let problem = Diagnostic::new(name.span.clone(), title);
            problems.add(problem.label(match nearest(word, SOURCES) {
                Some(source) => format!("did you mean `{source}`?"),
                None => WRITE.into(),
            }));
        } else if !fits(word, &value.value) {
            let title = format!("`{word}` of {} is not what it should be", spoken(key));
            problems.add(Diagnostic::new(value.span.clone(), title).label(WRITE));
        }
    }
    if entries.len() != 1 {
        let title = format!("{} is one reference", spoken(key));
        problems.add(Diagnostic::new(at.span.clone(), title).label(WRITE));
    }
}

fn fits(source: &str, value: &Node) -> bool {
    let said = |node: &Node| matches!(node, Node::Text(text) if !text.is_empty());
    match value {
        Node::List(words) if source == "command" => {
            !words.is_empty() && words.iter().all(|word| said(&word.value))
        }
        other => source != "command" && said(other),
    }
}

/// What a message must not show: every value but the guards, `vendor` and `name`; and all
/// comments, where the old secret often stands beside the new one.
pub(super) fn to_cover(tree: &At<Node>, text: &str) -> Vec<Span> {
    let mut spans = comments(text);
    if let Node::Map(entries) = &tree.value {
        for (key, value) in entries.iter().filter(|(key, _)| key.value != "guards") {
            cover(value, key.value == "connectors", &mut spans);
        }
    } else {
        cover(tree, false, &mut spans);
    }
    spans
}

/// From a `#` at the start of a word to the end of its line; a quoted one is covered too.
fn comments(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let marks = line.match_indices('#').map(|(at, _)| at);
        let begins = |at: &usize| !line[..*at].ends_with(|c: char| !c.is_whitespace());
        if let Some(at) = marks.into_iter().find(begins) {
            spans.push(start + at + 1..start + line.len());
        }
        start += line.len();
    }
    spans
}

fn cover(at: &At<Node>, connectors: bool, spans: &mut Vec<Span>) {
    match &at.value {
        Node::List(items) => items.iter().for_each(|item| cover(item, connectors, spans)),
        Node::Map(entries) => {
            for (key, value) in entries {
                if !(connectors && matches!(key.value.as_str(), "vendor" | "name")) {
                    cover(value, false, spans);
                }
            }
        }
        _ => spans.push(at.span.clone()),
    }
}
