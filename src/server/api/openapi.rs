//! The API's description, OpenAPI 3.1: made from the list that the routes are made from.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{Method, header};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::ROWS_MAX;
use super::caller::power_word;
use super::elsewhere;
use super::operations::{Good, Operation, Word, all};
use super::problem::Problem;
use super::shapes::StateWord;

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Answers with the description.
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], &**TEXT).into_response()
}

/// The description.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = SchemaGenerator::new(settings);
    let problem = generator.subschema_for::<Problem>().to_value();
    let mut paths = elsewhere::paths();
    for operation in all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let told = told(&operation, &problem, &mut generator);
        path[operation.method.as_str().to_lowercase()] = told;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "oust",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Alerts, proposals, runs. Every answer that is not 2xx is a problem \
                (RFC 9457) that says what happened and what to do next.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Given out by `oust token add`.",
            } },
        },
    })
}

fn told(operation: &Operation, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut told = json!({
        "operationId": operation.id,
        "tags": ["api"],
        "summary": operation.says,
        "responses": responses(operation, problem, generator),
        "security": [],
    });
    if let Some(power) = operation.power {
        told["security"] = json!([{ "token": [] }]);
        told["description"] = json!(format!("Takes a token of a {}.", power_word(power)));
    }
    let mut parameters = in_path(operation.path);
    parameters.extend(
        operation
            .query
            .iter()
            .map(|word| in_query(*word, generator)),
    );
    if !parameters.is_empty() {
        told["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = operation.body {
        told["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": body(generator).to_value() } },
        });
    }
    told
}

fn responses(operation: &Operation, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let (kind, schema) = match &operation.good {
        Good::Json(shape) => ("application/json", shape(generator).to_value()),
        Good::Text(kind) => (*kind, json!({ "type": "string" })),
    };
    let mut all = Map::new();
    all.insert(
        "200".into(),
        json!({ "description": "As asked.", "content": { kind: { "schema": schema } } }),
    );
    let mut others = vec![(
        421,
        "The request calls this server by a name that is not its own.",
    )];
    if operation.power.is_some() {
        others.extend([
            (401, "No token that opens anything."),
            (403, "The token, or who has it, may not do this."),
            (429, "Too many attempts to get in."),
            (503, "The state cannot be read or written now."),
        ]);
    }
    if operation.path.contains('{') {
        others.push((404, "There is no such thing."));
    }
    if !operation.query.is_empty() || operation.method == Method::POST {
        others.push((400, "The query or the body is not what is taken here."));
    }
    if operation.body.is_some() {
        others.push((413, "The body is larger than is taken here."));
        others.push((415, "The body is not `application/json`."));
    }
    others.extend_from_slice(operation.also);
    others.sort_unstable();
    for (status, says) in others {
        let content = json!({ "application/problem+json": { "schema": problem } });
        let mut answer = json!({ "description": says, "content": content });
        if matches!(status, 429 | 503) {
            answer["headers"] = json!({ "Retry-After": {
                "description": "In how many seconds to try again.",
                "schema": { "type": "integer" },
            } });
        }
        all.insert(status.to_string(), answer);
    }
    Value::Object(all)
}

fn in_path(path: &str) -> Vec<Value> {
    let parts = path.split('/');
    let names = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": { "type": "string", "minLength": 1 },
            })
        })
        .collect()
}

fn in_query(word: Word, generator: &mut SchemaGenerator) -> Value {
    let text = || json!({ "type": "string" });
    let (name, says, schema) = match word {
        Word::Limit => (
            "limit",
            "How many rows at most.".to_owned(),
            json!({ "type": "integer", "minimum": 1, "maximum": ROWS_MAX }),
        ),
        Word::Before(what) => (
            "before",
            format!("Only what is older than this: {what}, as `next` gave it."),
            text(),
        ),
        Word::After => (
            "after",
            "Only what was recorded after the record with this number.".to_owned(),
            json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
        ),
        Word::State => (
            "state",
            "Only those in this state.".to_owned(),
            StateWord::json_schema(generator).to_value(),
        ),
        Word::Source => ("source", "Only those of this source.".to_owned(), text()),
        Word::Fate => (
            "fate",
            "Only those of this fate, by its word.".to_owned(),
            text(),
        ),
    };
    json!({ "name": name, "in": "query", "description": says, "schema": schema })
}
