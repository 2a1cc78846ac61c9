//! The tree that text becomes: every key and value knows where it stands.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Number, Value};

/// Bytes of the normalised text.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// In a schema a value is what it is, wherever it stands.
impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One value of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing: `~`, or a key without a value.
    Null,
    /// `true` or `false`; `yes` and `on` are words here.
    Flag(bool),
    /// A number that reads back as it was written; `0123` and `1e3` are words here, so that
    /// no id is ever changed by reading it.
    Number(Number),
    /// Text, plain or quoted.
    Text(String),
    /// Items in order.
    List(Vec<At<Node>>),
    /// Keys in order, doubles included: whoever reads it reports them.
    Map(Vec<(At<String>, At<Node>)>),
}

impl Node {
    /// What it is, for "found …".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The same as JSON; of a doubled key the first is kept.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.entry(key.value.clone())
                        .or_insert_with(|| value.value.to_json());
                }
                Value::Object(map)
            }
        }
    }
}
