//! `connectors:` of the config file.

use serde_json::{Map, Value};

use super::{Connector, secrets};
use crate::connectors::Row;
use crate::model::{Evicts, SystemId, Vendor};
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, Span, spoken};

const CONNECTORS_MAX: usize = 1_000;

/// Reads the connectors: ids are unique, no two are set alike, and exactly one is the directory.
///
/// Two that are the same account at the vendor by other words (a tenant by its id and by its
/// domain) can only be told by asking the vendor: see `Connector::tenant`.
pub(super) fn read(
    fields: &mut Fields<'_>,
    file: &str,
    text: &str,
    rows: &[Row],
    problems: &mut Problems,
) -> Vec<Connector> {
    if !fields.has("connectors") {
        fields.missing("connectors", problems);
    }
    let Some(at) = fields.take("connectors", problems) else {
        return Vec::new();
    };
    let Node::List(items) = &at.value else {
        let title = "`connectors` is a list: each begins with `- vendor: NAME`";
        problems.add(Diagnostic::new(at.span.clone(), title));
        return Vec::new();
    };
    if items.len() > CONNECTORS_MAX {
        let title = format!("more than {CONNECTORS_MAX} connectors");
        problems.add(Diagnostic::new(at.span.clone(), title));
        return Vec::new();
    }
    let read: Vec<(Connector, Span)> = items
        .iter()
        .flat_map(|item| connectors(item, file, text, rows, problems))
        .collect();
    one_of_each(&read, problems);
    one_directory(&read, items.len(), at, problems);
    read.into_iter().map(|(connector, _)| connector).collect()
}

/// The systems that an entry stands for; one for most vendors.
fn connectors(
    item: &At<Node>,
    file: &str,
    text: &str,
    rows: &[Row],
    problems: &mut Problems,
) -> Vec<(Connector, Span)> {
    let Some((whole, span)) = connector(item, file, text, rows, problems) else {
        return Vec::new();
    };
    let parts = (whole.row.split)(&whole.settings);
    if parts.is_empty() {
        return vec![(whole, span)];
    }
    let named = |rest: &str| match whole.id.as_str().split_once(':') {
        Some((_, name)) => format!("{}:{name}-{rest}", whole.id.vendor()),
        None => format!("{}:{rest}", whole.id),
    };
    let part = |(rest, settings): (String, Value)| Connector {
        id: SystemId::new(named(&rest)),
        settings,
        ..whole.clone()
    };
    let parts = parts.into_iter().map(part);
    parts.map(|part| (part, span.clone())).collect()
}

fn connector(
    item: &At<Node>,
    file: &str,
    text: &str,
    rows: &[Row],
    problems: &mut Problems,
) -> Option<(Connector, Span)> {
    let mut fields = Fields::of("a connector", item, problems)?;
    if let Node::Map(entries) = &item.value {
        for (key, value) in entries {
            secrets::check(&key.value, value, problems);
        }
    }
    if !fields.has("vendor") {
        fields.missing("vendor", problems);
    }
    let vendor = fields.take("vendor", problems)?;
    let vendor = problems.text("`vendor`", vendor, 64)?;
    let name = fields.take("name", problems);
    let name = name.and_then(|at| self::name(at, problems));
    let Some(row) = rows.iter().find(|row| row.vendor.id == vendor.value) else {
        let title = format!("there is no vendor {}", spoken(&vendor.value));
        let known = rows.iter().map(|row| row.vendor.id);
        problems.add(Diagnostic::new(vendor.span, title).nearest(&vendor.value, known));
        return None;
    };
    let mut settings = Map::new();
    for key in row.settings {
        if let Some(at) = fields.take(key, problems) {
            settings.insert((*key).to_owned(), at.value.to_json());
        }
    }
    fields.finish(problems);
    let id = match name {
        Some(name) => format!("{}:{name}", row.vendor.id),
        None => row.vendor.id.to_owned(),
    };
    let line = text[..item.span.start].matches('\n').count() + 1;
    let connector = Connector {
        id: SystemId::new(id),
        row: *row,
        settings: Value::Object(settings),
        place: format!("{file}:{line}"),
    };
    Some((connector, item.span.clone()))
}

/// It becomes part of an id that people type.
fn name(at: &At<Node>, problems: &mut Problems) -> Option<String> {
    let name = problems.text("`name`", at, 64)?;
    let fits = name
        .value
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        && name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !fits {
        let title = format!("{} cannot be the name of a connector", spoken(&name.value));
        let problem = Diagnostic::new(name.span, title);
        problems
            .add(problem.label("lower-case letters, digits, `-` and `_`, a letter or digit first"));
        return None;
    }
    Some(name.value)
}

fn one_of_each(read: &[(Connector, Span)], problems: &mut Problems) {
    for (i, (connector, span)) in read.iter().enumerate() {
        let id = &connector.id;
        if is_directory(connector.row.vendor) {
            continue; // said better by `one_directory`
        }
        if read[..i].iter().any(|(earlier, _)| earlier.id == *id) {
            problems.add(
                Diagnostic::new(span.clone(), format!("two connectors are `{id}`")).label(format!(
                    "give this one a `name: …` of its own: it is `{}:NAME` then",
                    id.vendor()
                )),
            );
        } else if let Some((earlier, _)) = read[..i].iter().find(|(earlier, _)| {
            earlier.row.vendor.id == connector.row.vendor.id
                && earlier.settings == connector.settings
        }) {
            let title = format!("`{id}` is set like `{}`", earlier.id);
            problems.add(
                Diagnostic::new(span.clone(), title)
                    .label("the same account twice: take one of the two out"),
            );
        }
    }
}

/// Everything starts from one identity source. Whether one is missing can only be said when
/// every connector was understood.
fn one_directory(
    read: &[(Connector, Span)],
    written: usize,
    at: &At<Node>,
    problems: &mut Problems,
) {
    let mut directories = read
        .iter()
        .filter(|(connector, _)| is_directory(connector.row.vendor));
    if directories.next().is_none() && read.len() == written {
        problems.add(
            Diagnostic::new(at.span.clone(), "no connector is the directory")
                .label("add one: `- vendor: okta`"),
        );
    }
    for (connector, span) in directories {
        let title = format!("`{}` is a second directory", connector.id);
        problems.add(
            Diagnostic::new(span.clone(), title)
                .label("one config is for one org: keep another file for this one"),
        );
    }
}

/// Only the directory's actions have a part in evicting somebody from it.
#[must_use]
pub fn is_directory(vendor: &Vendor) -> bool {
    vendor
        .actions
        .iter()
        .any(|action| action.evicts != Evicts::No)
}
