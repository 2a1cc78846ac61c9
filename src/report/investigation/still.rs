//! What of the intruder's is still in place: the line that decides what is done next.

use std::collections::BTreeSet;

use crate::evidence::investigation::{Now, SubjectFindings, Whose};

/// What is left of the intruder.
#[derive(Default)]
pub(super) struct Still {
    /// Things that are there, named.
    pub(super) there: Vec<String>,
    /// Things of which nobody read whether they are there.
    pub(super) unread: Vec<String>,
}

impl Still {
    pub(super) fn of(subject: &SubjectFindings) -> Self {
        let mut still = Self::default();
        for row in &subject.factors {
            let name = [&row.kind[..], &row.name].join(" ");
            let removed = row.removed.is_some() && row.now != Now::There;
            if !removed {
                still.add(row.whose, row.now, "factor", name.trim());
            }
        }
        for row in &subject.api_tokens {
            // A token of somebody else's that the intruder revoked is not his.
            if row.made.is_some() {
                still.add(row.whose, row.now, "API token", or(&row.name, &row.id));
            }
        }
        let given = [
            ("app", &subject.assignments),
            ("group", &subject.groups),
            ("admin role", &subject.admin_roles),
        ];
        for (kind, rows) in given {
            for row in rows.iter().filter(|row| row.given.is_some()) {
                still.add(row.whose, row.now, kind, or(&row.name, &row.id));
            }
        }
        for row in &subject.oauth_grants {
            still.add(row.whose, row.now, "consent to", or(&row.name, &row.client));
        }
        for row in &subject.devices {
            still.add(row.whose, row.now, "device", or(&row.name, &row.id));
        }
        // A token is told above already, by its id.
        let tokens: BTreeSet<&str> = subject
            .api_tokens
            .iter()
            .map(|token| token.id.as_str())
            .collect();
        for row in &subject.planted {
            if !tokens.contains(row.plant.target.as_str()) {
                let what = [&row.plant.what[..], &row.plant.name].join(" ");
                still.add(Whose::Intruder, row.now, "", what.trim());
            }
        }
        still
    }

    fn add(&mut self, whose: Whose, now: Now, kind: &str, name: &str) {
        if whose != Whose::Intruder {
            return;
        }
        let text = format!("{kind} {name}").trim().to_owned();
        match now {
            Now::There => self.there.push(text),
            Now::Unread => self.unread.push(text),
            Now::Gone => {}
        }
    }
}

/// The name, or what stands for it.
pub(super) fn or<'a>(name: &'a str, id: &'a str) -> &'a str {
    if name.is_empty() { id } else { name }
}

/// Characters of one name in a sentence of several.
const NAME_MAX: usize = 80;

/// A name short enough to share a sentence: a long one must not push out what follows it.
pub(super) fn short(name: &str) -> String {
    let mut short: String = name.chars().take(NAME_MAX).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

/// The first few of a list, and how many more there are.
pub(super) fn few(names: &[String], most: usize) -> String {
    let mut text = names
        .iter()
        .take(most)
        .map(|name| short(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    text
}
