//! Reads a map key by key and keeps going after a mistake.

use std::collections::HashSet;
use std::time::Duration;

use super::{At, Diagnostic, Node, Span};
use crate::model::nearest;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Diagnostic>);

impl Problems {
    /// Notes one and goes on.
    pub(crate) fn add(&mut self, problem: Diagnostic) {
        self.0.push(problem);
    }

    /// Whether none was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.0
    }

    fn wrong(&mut self, what: &str, expected: &str, found: &At<Node>) {
        let kind = found.value.kind();
        self.add(
            Diagnostic::new(found.span.clone(), format!("{what} is {expected}"))
                .label(format!("this is {kind}")),
        );
    }

    /// Text of 1 to `chars_max` characters, without control characters.
    pub(crate) fn text(
        &mut self,
        what: &str,
        at: &At<Node>,
        chars_max: usize,
    ) -> Option<At<String>> {
        let text = match &at.value {
            Node::Text(text) => text,
            Node::Number(_) | Node::Flag(_) => {
                let found = at.value.kind();
                self.add(
                    Diagnostic::new(at.span.clone(), format!("{what} is text"))
                        .label(format!("read as {found}: put it in quotes")),
                );
                return None;
            }
            _ => {
                self.wrong(what, "text", at);
                return None;
            }
        };
        let wrong = if text.trim().is_empty() {
            Some(format!("{what} is empty"))
        } else if text.chars().count() > chars_max {
            Some(format!("{what} is longer than {chars_max} characters"))
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            Some(format!("{what} has control characters in it"))
        } else {
            None
        };
        if let Some(title) = wrong {
            self.add(Diagnostic::new(at.span.clone(), title));
            return None;
        }
        Some(At {
            value: text.to_owned(),
            span: at.span.clone(),
        })
    }

    /// The same without white space around it, which folded lines leave.
    pub(crate) fn prose(
        &mut self,
        what: &str,
        at: &At<Node>,
        chars_max: usize,
    ) -> Option<At<String>> {
        let mut text = self.text(what, at, chars_max)?;
        text.value = text.value.trim().to_owned();
        Some(text)
    }

    /// The entries of a map, the first of each key; doubled keys are noted.
    pub(crate) fn each_once<'n>(
        &mut self,
        entries: &'n [(At<String>, At<Node>)],
    ) -> Vec<&'n (At<String>, At<Node>)> {
        let mut seen = HashSet::new();
        let mut once = Vec::new();
        for entry in entries {
            let key = &entry.0;
            if seen.insert(key.value.as_str()) {
                once.push(entry);
            } else {
                let title = format!("the key {} stands here twice", spoken(&key.value));
                self.add(Diagnostic::new(key.span.clone(), title));
            }
        }
        once
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, what: &str, at: &At<Node>) -> Option<bool> {
        if let Node::Flag(flag) = at.value {
            return Some(flag);
        }
        self.wrong(what, "`true` or `false`", at);
        None
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn count(
        &mut self,
        what: &str,
        at: &At<Node>,
        least: u64,
        most: u64,
    ) -> Option<u64> {
        match &at.value {
            Node::Number(number)
                if number.as_u64().is_some_and(|n| (least..=most).contains(&n)) =>
            {
                number.as_u64()
            }
            _ => {
                let title = format!("{what} is a whole number from {least} to {most}");
                self.add(Diagnostic::new(at.span.clone(), title));
                None
            }
        }
    }

    /// One of `words`.
    pub(crate) fn word<'w>(
        &mut self,
        what: &str,
        at: &At<Node>,
        words: &[&'w str],
    ) -> Option<&'w str> {
        let text = self.text(what, at, 200)?;
        let found = words.iter().find(|word| **word == text.value);
        if found.is_none() {
            let list = words.join("`, `");
            let problem = Diagnostic::new(at.span.clone(), format!("{what} is one of `{list}`"));
            self.add(match nearest(&text.value, words.iter().copied()) {
                Some(word) => problem.label(format!("did you mean `{word}`?")),
                None => problem,
            });
        }
        found.copied()
    }

    /// A list of texts, or one text alone; never empty, none twice.
    pub(crate) fn words(&mut self, what: &str, at: &At<Node>) -> Vec<At<String>> {
        let Node::List(items) = &at.value else {
            return self.text(what, at, 200).into_iter().collect();
        };
        if items.is_empty() {
            let title = format!("{what} is an empty list");
            self.add(Diagnostic::new(at.span.clone(), title).label("name one, or leave it out"));
        }
        let mut found: Vec<At<String>> = Vec::new();
        let mut seen = HashSet::new();
        for item in items {
            let Some(text) = self.text(&format!("an item of {what}"), item, 200) else {
                continue;
            };
            if seen.insert(text.value.clone()) {
                found.push(text);
            } else {
                let title = format!("{} stands in {what} twice", spoken(&text.value));
                self.add(Diagnostic::new(text.span, title));
            }
        }
        found
    }

    /// A duration such as `10s`, more than nothing and at most `most`.
    pub(crate) fn duration(
        &mut self,
        what: &str,
        at: &At<Node>,
        most: Duration,
    ) -> Option<At<Duration>> {
        let text = match &at.value {
            Node::Number(number) => number.to_string(),
            _ => self.text(what, at, 40)?.value,
        };
        let span = at.span.clone();
        match duration(&text) {
            Some(value) if !value.is_zero() && value <= most => Some(At { value, span }),
            Some(_) => {
                let most = most.as_secs();
                let title = format!("{what} is more than nothing and at most {most} s");
                self.add(Diagnostic::new(span, title));
                None
            }
            None => {
                let title = format!("{} is no duration", spoken(&text));
                self.add(Diagnostic::new(span, title).label("write `500ms`, `10s`, `2m` or `24h`"));
                None
            }
        }
    }
}

/// `500ms`, `10s`, `2m`, `24h`; `None` if it is none of these.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3_600).map(Duration::from_secs),
        _ => None,
    }
}

/// A name from the file, in backticks, short and harmless to a terminal.
pub(crate) fn spoken(name: &str) -> String {
    let mut short: String = name.chars().take(60).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("`{}`", short.escape_debug().to_string().replace("\\'", "'"))
}

/// A map, read key by key.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    what: String,
    span: Span,
    left: Vec<&'n (At<String>, At<Node>)>,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The keys of a map, doubles reported; `None` and a problem if it is no map.
    pub(crate) fn of(what: &str, at: &'n At<Node>, problems: &mut Problems) -> Option<Self> {
        let Node::Map(entries) = &at.value else {
            problems.wrong(what, "a map of keys", at);
            return None;
        };
        Some(Self {
            what: what.to_owned(),
            span: at.span.clone(),
            left: problems.each_once(entries),
            asked: Vec::new(),
        })
    }

    /// Where the map begins.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The value of a key, if it is there; one without a value is a mistake.
    pub(crate) fn take(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<&'n At<Node>> {
        self.asked.push(key);
        let at = self.left.iter().position(|(have, _)| have.value == key)?;
        let (key, value) = self.left.remove(at);
        if value.value == Node::Null {
            let title = format!("{} has no value", spoken(&key.value));
            problems.add(
                Diagnostic::new(key.span.clone(), title).label("give it one, or leave it out"),
            );
            return None;
        }
        Some(value)
    }

    /// Keys of a shape, taken out together with their values.
    pub(crate) fn take_all(
        &mut self,
        like: impl Fn(&str) -> bool,
    ) -> Vec<&'n (At<String>, At<Node>)> {
        let (taken, left) = self.left.iter().partition(|(key, _)| like(&key.value));
        self.left = left;
        taken
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.left.iter().any(|(have, _)| have.value == key)
    }

    /// Says that a key is missing.
    pub(crate) fn missing(&self, key: &str, problems: &mut Problems) {
        let title = format!("{} has no `{key}`", self.what);
        problems.add(Diagnostic::new(self.span(), title));
    }

    /// Whatever was not asked for is unknown.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for (key, _) in &self.left {
            let title = format!("{} has no key {}", self.what, spoken(&key.value));
            problems.add(
                Diagnostic::new(key.span.clone(), title)
                    .nearest(&key.value, self.asked.iter().copied()),
            );
        }
    }
}
