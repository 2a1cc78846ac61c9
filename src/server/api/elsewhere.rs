//! What other parts of the server answer, for the description alone: taking in alerts
//! (`server::intake`), and whether the server lives (`server::health`).
//!
//! Their answers follow each sender's protocol, so that most have no body of ours.

use serde_json::{Map, Value, json};

/// A status, when it is answered, and the content types of its body; none is an empty one.
type Answer = (u16, &'static str, &'static [&'static str]);

const JSON: &[&str] = &["application/json"];
const EMPTY: &[&str] = &[];

const TAKEN: &[Answer] = &[
    (200, "Every alert in it is kept.", JSON),
    (202, "Every alert in it is kept.", EMPTY),
    (204, "Every alert in it is kept.", EMPTY),
    (400, "The body is not what this kind of sender sends.", JSON),
    (
        401,
        "No or a wrong credential or signature, one of another time, or no such source.",
        EMPTY,
    ),
    (403, "From there this source may not send.", EMPTY),
    (405, "This source does not speak that way.", EMPTY),
    (408, "The body took too long.", EMPTY),
    (413, "The body is larger than is taken here.", EMPTY),
    (
        415,
        "The body is of another type than this kind of sender sends.",
        EMPTY,
    ),
    (
        429,
        "The source sends more often than it may; see `Retry-After`.",
        EMPTY,
    ),
    (
        503,
        "The inbox is full or cannot be written; see `Retry-After`. Nothing was kept.",
        EMPTY,
    ),
];

/// The paths, in the description's form.
pub(super) fn paths() -> Map<String, Value> {
    let source = param("source", "The source's name in `server.sources`.");
    let secret = "The secret of a source that can only send one in its address.";
    let post = |id: &str, parameters: Value| {
        json!({
            "operationId": id,
            "tags": ["intake"],
            "summary": "Takes in alerts, in the form of this source's kind (docs/alerts.md).",
            "description": "Takes this source's own credential, and no token.",
            "security": [],
            "parameters": parameters,
            "requestBody": { "required": true, "content": { "application/json": { "schema": {} } } },
            "responses": responses(TAKEN),
        })
    };
    let get = |id: &str, tag: &str, says: &str, answers: &[Answer]| {
        json!({
            "operationId": id,
            "tags": [tag],
            "summary": says,
            "security": [],
            "responses": responses(answers),
        })
    };
    let mut greet = get(
        "greet",
        "intake",
        "Answers the challenge of a sender that asks before it sends, such as an Okta event hook.",
        &[
            (200, "The challenge, sent back.", JSON),
            (400, "There is no challenge.", JSON),
            (401, "No or a wrong credential.", EMPTY),
            (403, "From there this source may not ask.", EMPTY),
            (
                404,
                "There is no such source, or it asks nothing.",
                &["application/problem+json"],
            ),
            (
                405,
                "This source takes alerts alone.",
                &["application/problem+json"],
            ),
        ],
    );
    greet["parameters"] = json!([source]);
    let mut paths = Map::new();
    let in_path = param("id", secret);
    paths.insert(
        "/v1/alerts/{source}".into(),
        json!({ "get": greet, "post": post("sendAlerts", json!([source])) }),
    );
    paths.insert(
        "/v1/alerts/{source}/{id}".into(),
        json!({ "post": post("sendAlertsBySecret", json!([source, in_path])) }),
    );
    let here = "Somebody asks who is not on this machine.";
    for (path, id, says, answers) in [
        (
            "/healthz",
            "getHealth",
            "Whether the server lives.",
            &[(200, "It does.", &["text/plain; charset=utf-8"][..])][..],
        ),
        (
            "/readyz",
            "getReadiness",
            "Whether it can do its work; for this machine alone.",
            &[
                (200, "It can.", JSON),
                (404, here, EMPTY),
                (503, "It cannot, and why.", JSON),
            ],
        ),
        (
            "/metrics",
            "getMetrics",
            "What was counted, in Prometheus' form; for this machine alone.",
            &[
                (200, "The counts.", &["text/plain; version=0.0.4"][..]),
                (404, here, EMPTY),
            ],
        ),
    ] {
        paths.insert(
            path.into(),
            json!({ "get": get(id, "health", says, answers) }),
        );
    }
    paths
}

fn param(name: &str, says: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": says,
        "schema": { "type": "string", "minLength": 1 },
    })
}

fn responses(answers: &[Answer]) -> Value {
    let mut all = Map::new();
    for (status, says, kinds) in answers {
        let mut told = json!({ "description": says });
        for kind in *kinds {
            told["content"][*kind]["schema"] = json!({});
        }
        all.insert(status.to_string(), told);
    }
    Value::Object(all)
}
