//! Where in a body things stand: names of ours, each with a JSONPath.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::alerts::json;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// Characters of a path at most.
const PATH_MAX: usize = 300;

/// What can be mapped, and what it is.
pub(super) const NAMES: &[(&str, &str)] = &[
    (
        "okta_user_id",
        "whose account it is, by immutable id (`00u…`)",
    ),
    ("login", "the same by login, to the letter"),
    (
        "id",
        "what makes two alerts one; the digest of the body if it is left out",
    ),
    (
        "rule_id",
        "the rule that fired, by an id that does not change",
    ),
    ("rule_name", "what people call it"),
    ("severity", "how bad it is"),
    (
        "time",
        "when it happened: RFC 3339, or seconds or milliseconds since 1970",
    ),
    ("since", "since when the account is in doubt"),
    ("until", "until when it was"),
    ("session_id", "sessions (`externalSessionId`)"),
    ("ip", "addresses"),
    ("asn", "networks"),
    ("event_id", "events of Okta's log (`uuid`)"),
    ("token_id", "API tokens (`00T…`)"),
    ("link", "where the sender shows it"),
];

/// One path for each name that is mapped.
#[derive(Clone, Debug)]
pub(super) struct Map(BTreeMap<&'static str, JsonPath>);

/// The shape of our own.
pub(super) static OWN: LazyLock<Map> = LazyLock::new(|| {
    let own = |name: &str| {
        match name {
            "okta_user_id" => "$.subject.okta_user_id",
            "login" => "$.subject.login",
            "rule_id" => "$.rule.id",
            "rule_name" => "$.rule.name",
            other => return format!("$['{other}','{other}s']"),
        }
        .to_owned()
    };
    let parsed = NAMES.iter().map(|(name, _)| {
        let path = JsonPath::parse(&own(name)).expect("a path of our own is one");
        (*name, path)
    });
    Map(parsed.collect())
});

impl Map {
    /// The texts where a name leads, lists opened.
    pub(super) fn texts(&self, name: &str, body: &Value) -> Vec<String> {
        let Some(path) = self.0.get(name) else {
            return Vec::new();
        };
        let found = path.query(body).all();
        let texts = found.into_iter().flat_map(|value| json::texts(Some(value)));
        texts.take(json::TEXTS_MAX).collect()
    }
}

/// Reads `map:`; it must say where an id or a login is.
pub(super) fn read(at: &At<Node>, problems: &mut Problems) -> Option<Map> {
    let mut fields = Fields::of("`map`", at, problems)?;
    let mut map = BTreeMap::new();
    let mut whole = true;
    for (name, _) in NAMES {
        let Some(at) = fields.take(name, problems) else {
            continue;
        };
        match path(name, at, problems) {
            Some(path) => {
                map.insert(*name, path);
            }
            None => whole = false,
        }
    }
    fields.finish(problems);
    if whole && !map.contains_key("okta_user_id") && !map.contains_key("login") {
        let title = "`map` says neither where `okta_user_id` is nor where `login` is";
        problems.add(Diagnostic::new(at.span.clone(), title));
        return None;
    }
    whole.then_some(Map(map))
}

/// A path without `..`, which would look at every value of the body for each of them.
fn path(name: &str, at: &At<Node>, problems: &mut Problems) -> Option<JsonPath> {
    let text = problems.text(&format!("`{name}`"), at, PATH_MAX)?;
    let wrong = |title: String, label: String, problems: &mut Problems| {
        problems.add(Diagnostic::new(text.span.clone(), title).label(label));
        None
    };
    if text.value.contains("..") {
        let title = format!("{} looks everywhere", spoken(&text.value));
        return wrong(title, "write the way to it: `$.a.b`".into(), problems);
    }
    match JsonPath::parse(&text.value) {
        Ok(path) => Some(path),
        Err(error) => {
            let title = format!("{} is no JSONPath", spoken(&text.value));
            let label = format!("at character {}: write `$.a.b[0]`", error.position() + 1);
            wrong(title, label, problems)
        }
    }
}
