//! One event, as the library asks it: fields by the names that [`fields`] finds.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue, JsonEvent};
use serde_json::{Value, json};

use crate::evidence::detect::fields::{self, Found};
use crate::evidence::detect::hit::Mark;

/// Stands between the two texts of a mark.
const BETWEEN: char = '\u{1f}';

pub(super) struct View<'e>(pub(super) &'e Value);

impl Event for View<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        Some(match fields::find(self.0, path)? {
            Found::One(value) => one(value),
            Found::Many(all) => EventValue::Array(all.into_iter().map(one).collect()),
            Found::Made(text) => EventValue::Str(Cow::Owned(text)),
        })
    }

    fn any_string_value(&self, holds: &dyn Fn(&str) -> bool) -> bool {
        JsonEvent::borrow(self.0).any_string_value(holds)
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        JsonEvent::borrow(self.0).visit_string_values(&mut |text| all.push(text.to_owned().into()));
        all
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        JsonEvent::borrow(self.0).visit_string_values(visit);
    }

    /// What a window keeps of an event: the library takes its `id` and nothing else.
    fn to_json(&self) -> Value {
        let mark = Mark::of(crate::evidence::Event(self.0));
        json!({ "id": format!("{}{BETWEEN}{}", mark.uuid, mark.actor) })
    }
}

/// An object is its text. The members of lists stay objects, as `target[any]:` looks into them.
fn one(value: &Value) -> EventValue<'_> {
    match value {
        Value::Object(_) => EventValue::Str(Cow::Owned(value.to_string())),
        other => EventValue::from(other),
    }
}

/// The mark that a window kept.
pub(super) fn mark(kept: &str) -> Mark {
    let (uuid, actor) = kept.split_once(BETWEEN).unwrap_or((kept, ""));
    Mark {
        uuid: uuid.to_owned(),
        actor: actor.to_owned(),
    }
}
