//! Building changes: their ids, labels, before-state, and which items a selector takes.

use serde_json::{Value, json};

use crate::connector::{Identified, Step};
use crate::model::{ActionId, Case, Change, ChangeId, Found, Select, Target, Undo, Utc, Vendor};

/// Characters of a name that somebody chose.
pub(in crate::connectors) const LABEL_MAX: usize = 100;

/// The first `max` characters.
pub(in crate::connectors) fn bounded(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// A change of `step` to `target`; login and vendor id go into `before` by themselves.
pub(in crate::connectors) fn change(
    vendor: &Vendor,
    step: &Step,
    who: &Identified,
    target: Target,
    sentence: String,
    before: Value,
) -> Change {
    let undo = vendor
        .action(step.action.verb())
        .map_or(Undo::Never, |action| action.undo);
    let mut state = json!({ "login": who.subject.login, "account": who.id });
    if let (Some(state), Value::Object(more)) = (state.as_object_mut(), before) {
        state.extend(more);
    }
    Change {
        id: Change::id_of(step.key, &who.subject.id, &target),
        step: step.key,
        subject: who.subject.id.clone(),
        system: step.system.clone(),
        action: step.action.clone(),
        target,
        sentence,
        settings: step.settings.clone(),
        before: state,
        undo,
        made_at: None,
        found: Found::InPlan,
    }
}

/// Why the step's selector leaves an item alone, and whether a person should look at it; `None`
/// if it takes it. `created` is when the item was made, as far as `vendor` says: a thing without
/// a date lies in no window.
pub(in crate::connectors) fn not_selected(
    vendor: &str,
    step: &Step,
    case: &Case,
    id: &str,
    created: Option<Utc>,
) -> Option<(String, bool)> {
    if id.is_empty() {
        return Some((format!("{vendor} gives it no id"), true));
    }
    match step.select {
        Select::All => None,
        Select::Listed => {
            let ids = step.settings["ids"].as_array();
            let listed = ids.is_some_and(|ids| ids.iter().any(|each| *each == *id));
            (!listed).then(|| ("not listed".into(), false))
        }
        Select::InWindow => match created {
            None => Some((format!("{vendor} gives no date"), true)),
            Some(at) if case.window.contains(at) => None,
            Some(at) => Some((at.to_string()[..10].to_owned(), false)),
        },
    }
}

/// A target by what a vendor says of it; a label is attacker input and has no end of its own.
pub(in crate::connectors) fn target(kind: &str, id: &str, label: &str) -> Target {
    Target {
        kind: kind.into(),
        id: id.to_owned(),
        label: bounded(label, LABEL_MAX),
    }
}

/// The subject's login, which every change carries in its before-state.
pub(in crate::connectors) fn login_of(change: &Change) -> String {
    match &change.before["login"] {
        Value::String(login) => login.clone(),
        _ => change.subject.to_string(),
    }
}

/// The subject's id at the vendor, which every change carries in its before-state.
pub(in crate::connectors) fn account_of(change: &Change) -> &str {
    change.before["account"].as_str().unwrap_or_default()
}

/// One link of an undoing chain: `verb` on the target of `done`.
///
/// Its id names the verb, because the links of one chain share their target.
pub(in crate::connectors) fn undoing(
    vendor: &Vendor,
    done: &Change,
    verb: &str,
    sentence: &str,
    settings: Value,
) -> Change {
    let plain = Change::id_of(done.step, &done.subject, &done.target);
    let undo = vendor
        .action(verb)
        .map_or(Undo::Never, |action| action.undo);
    Change {
        id: ChangeId::new(format!("{plain}/{verb}")),
        action: ActionId::new(vendor.id, verb),
        sentence: sentence.to_owned(),
        settings: settings.into(),
        undo,
        made_at: None,
        found: Found::InPlan,
        ..done.clone()
    }
}
