//! The JSON Schema of a playbook file, for editors: shape from the schema types, actions and
//! settings from what the vendors declare.
//!
//! It accepts whatever the parser accepts. What no schema can tell stays with the parser:
//! stages that wait for each other, `requires` that nothing fulfils, conditions, doubled
//! names, the longest wait.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

use super::schema::Playbook;
use super::settings::{LISTED, SELECT, list_name};
use crate::model::{Action, Setting, Vendor};

/// The JSON Schema 2020-12 of a playbook file that uses what `vendors` can do.
///
/// # Panics
/// Never: what it edits is what it has just generated.
#[must_use]
pub fn schema(vendors: &[&'static Vendor]) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Playbook>();
    schema.insert("title".into(), json!("oust playbook"));
    RecursiveTransform(no_null).transform(&mut schema);
    let mut schema = schema.to_value();
    let step = schema
        .pointer_mut("/$defs/Step")
        .expect("the playbook has steps");
    *step = with_actions(step.take(), vendors);
    schema
}

/// A key is there with a value, or it is not there.
fn no_null(schema: &mut schemars::Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(any)) = object.get_mut("anyOf") {
        any.retain(|one| one != &json!({ "type": "null" }));
        if any.len() == 1
            && let Some(Value::Object(only)) = any.pop()
        {
            object.remove("anyOf");
            object.extend(only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
}

/// A step is the action's name alone, or a map in which exactly one key is an action.
fn with_actions(step: Value, vendors: &[&'static Vendor]) -> Value {
    let Value::Object(mut step) = step else {
        return step;
    };
    let mut names = Vec::new();
    let mut properties = Map::new();
    for vendor in vendors {
        for action in vendor.actions {
            let name = action.id(vendor.id).to_string();
            properties.insert(name.clone(), settings(action));
            names.push(name);
        }
    }
    let exactly_one: Vec<Value> = names
        .iter()
        .map(|name| json!({ "required": [name] }))
        .collect();
    let description = step.remove("description");
    if let Some(Value::Object(siblings)) = step.get_mut("properties") {
        if let Some(requires) = siblings.get_mut("requires") {
            only_the_names(requires, &json!({ "enum": names }));
        }
        siblings.extend(properties);
    }
    step.insert("oneOf".into(), json!(exactly_one));
    json!({ "description": description, "anyOf": [{ "enum": names }, step] })
}

/// Narrows "text, or a list of texts" to the names.
fn only_the_names(said: &mut Value, names: &Value) {
    for one in said["anyOf"].as_array_mut().into_iter().flatten() {
        if one["type"] == "array" {
            one["items"] = names.clone();
        } else {
            *one = names.clone();
        }
    }
}

/// The settings of one action: a map, or nothing.
fn settings(action: &Action) -> Value {
    let mut properties = Map::new();
    for setting in action.settings {
        let schema = match setting {
            Setting::Flag(_, default) => json!({ "type": "boolean", "default": default }),
            Setting::Word(_, words) => json!({ "enum": words, "default": words.first() }),
            Setting::List(_) => one_or_many(),
        };
        properties.insert(setting.name().into(), schema);
    }
    let mut settings = json!({
        "description": action.does,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    });
    if action
        .settings
        .iter()
        .any(|setting| setting.name() == SELECT)
    {
        // The list goes with `select: listed`, and with nothing else.
        let list = list_name(action);
        settings["if"] = json!({
            "type": "object", "properties": { SELECT: { "const": LISTED } }, "required": [SELECT],
        });
        settings["then"] = json!({ "required": [list] });
        settings["else"] = json!({ "properties": { list: false } });
    }
    settings
}

fn one_or_many() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let list = json!({ "type": "array", "items": text, "minItems": 1, "uniqueItems": true });
    json!({ "anyOf": [text, list] })
}
