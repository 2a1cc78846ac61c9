//! The settings of one step against what its action declares.

use serde_json::{Map, Value, json};

use super::schema::Use;
use crate::model::{Action, ActionId, Select, Setting};
use crate::yaml::{At, Diagnostic, Fields, Node, Problems};

/// The setting that says which of the subject's things a step takes.
pub(super) const SELECT: &str = "select";
/// Its word for "those whose ids are listed".
pub(super) const LISTED: &str = "listed";

/// Settings with every declared one in them.
pub(super) struct Settings {
    pub(super) filled: Value,
    pub(super) select: Select,
}

/// Checks and fills in; `None` if the settings are no map. A wrong one is noted and left out.
pub(super) fn check(
    id: &ActionId,
    action: &Action,
    named: &Use,
    problems: &mut Problems,
) -> Option<Settings> {
    let nothing = At {
        value: Node::Map(Vec::new()),
        span: named.name.span.clone(),
    };
    let written = named.settings.as_ref().unwrap_or(&nothing);
    let mut fields = Fields::of(&format!("`{id}`"), written, problems)?;
    refuse_select_where_none(id, action, &mut fields, problems);
    let mut filled = Map::new();
    let mut listed_at = None;
    for setting in action.settings {
        let name = setting.name();
        let at = fields.take(name, problems);
        if let (Setting::List(_), Some(at)) = (setting, at) {
            listed_at = Some((name, at));
        }
        let value = match at {
            Some(at) => value(setting, at, problems),
            None => Some(default(setting)),
        };
        if let Some(value) = value {
            filled.insert(name.to_owned(), value);
        }
    }
    fields.finish(problems);
    let select = match filled.get(SELECT).and_then(Value::as_str) {
        Some("in_window") => Select::InWindow,
        Some(LISTED) => Select::Listed,
        _ => Select::All,
    };
    select_and_list_agree(action, select, listed_at, written, problems);
    Some(Settings {
        filled: Value::Object(filled),
        select,
    })
}

fn value(setting: &Setting, at: &At<Node>, problems: &mut Problems) -> Option<Value> {
    let what = format!("`{}`", setting.name());
    match setting {
        Setting::Flag(..) => problems.flag(&what, at).map(Value::from),
        Setting::Word(_, words) => problems.word(&what, at, words).map(Value::from),
        Setting::List(_) => {
            let ids = problems.words(&what, at);
            Some(ids.into_iter().map(|at| at.value).collect())
        }
    }
}

pub(super) fn default(setting: &Setting) -> Value {
    match setting {
        Setting::Flag(_, default) => json!(default),
        Setting::Word(_, words) => json!(words.first()),
        Setting::List(_) => json!([]),
    }
}

fn selects(action: &Action) -> bool {
    action
        .settings
        .iter()
        .any(|setting| setting.name() == SELECT)
}

/// A selector on an action that takes all there is would look as if it spared something.
fn refuse_select_where_none(
    id: &ActionId,
    action: &Action,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) {
    if selects(action) {
        return;
    }
    for (key, _) in fields.take_all(|key| key == SELECT) {
        problems.add(
            Diagnostic::new(key.span.clone(), format!("`{id}` takes no `select`"))
                .label("it has nothing to choose from"),
        );
    }
}

/// `select: listed` needs its list, and the list needs `select: listed`.
fn select_and_list_agree(
    action: &Action,
    select: Select,
    listed_at: Option<(&str, &At<Node>)>,
    written: &At<Node>,
    problems: &mut Problems,
) {
    if !selects(action) {
        return;
    }
    match (select, listed_at) {
        (Select::Listed, None) => {
            let name = list_name(action);
            problems.add(
                Diagnostic::new(written.span.clone(), "`select: listed` without a list")
                    .label(format!("add `{name}: [ID, …]`")),
            );
        }
        (Select::Listed, Some(_)) | (_, None) => {}
        (_, Some((name, at))) => problems.add(
            Diagnostic::new(
                at.span.clone(),
                format!("`{name}` without `select: listed`"),
            )
            .label("the list would not be looked at"),
        ),
    }
}

/// The list that belongs to the selector.
pub(super) fn list_name(action: &Action) -> &'static str {
    action
        .settings
        .iter()
        .find_map(|setting| match setting {
            Setting::List(name) => Some(*name),
            _ => None,
        })
        .unwrap_or("ids")
}
