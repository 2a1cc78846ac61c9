//! The API and its description: what is described is answered, and what is answered is described.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use oust::desk::{Desk, Power};
use oust::given::Clock;
use oust::inbox::Inbox;
use oust::model::Fate;
use oust::server::openapi;
use serde_json::{Value, json};

use super::world::{World, alert};
use crate::samples::{self, alex, takeover};

/// A world with one of everything, and an admin's token.
async fn filled() -> (World, String, String) {
    let world = World::new();
    let plan = takeover(vec![alex()]).with(|plan| plan.run = oust::model::RunId::new("r_1"));
    world.propose(&plan.plan()).await;
    world.recorded(samples::contained().records()).await;
    let ids = world
        .alerts(vec![alert("1"), alert("2")], "{\"a\": 1}")
        .await;
    let fate = Fate::Observed {
        why: "its rule says so".into(),
        answer: None,
    };
    world
        .inbox
        .settle(&ids[0], fate, world.clock.now())
        .await
        .unwrap();
    let (_, token) = world.token("dana", Power::Admin).await;
    (world, token, ids[0].clone())
}

/// Every operation of the API itself: method, path as described, and itself. What other parts of the
/// server answer is described, and tried where they are.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, all) in paths {
        for (method, operation) in all.as_object().unwrap() {
            if operation["tags"] != json!(["api"]) {
                continue;
            }
            let method = method.to_uppercase().parse().unwrap();
            found.push((method, path.clone(), operation));
        }
    }
    found
}

#[tokio::test]
async fn every_answer_is_one_that_is_described() {
    let (world, token, alert) = filled().await;
    let document = openapi::document();
    let plan = world
        .desk
        .proposal(&oust::model::RunId::new("r_1"))
        .await
        .unwrap()
        .unwrap();
    for (method, path, operation) in operations(&document) {
        let runs = if path.contains("proposals") {
            "r_1"
        } else {
            "r_0193f2"
        };
        let real = path
            .replace("{run}", runs)
            .replace("{source}", "soc-elastic")
            .replace("{id}", &alert);
        let none = path.replace('{', "no-").replace('}', "");
        let body = (method == Method::POST).then(|| match path.contains("proposals") {
            true => json!({ "digest": plan.digest, "reason": "read" }),
            false => json!({ "reason": "drill" }),
        });
        let bad = (method == Method::POST).then(|| json!({ "unknown": 1 }));
        for (token, path, body) in [
            (&*token, &*real, body.clone()),
            (&*token, &*none, body.clone()),
            ("oust_wrong", &*real, body),
            (&*token, &*real, bad),
            (&*token, &*format!("{real}?limit=0&unknown=1"), None),
        ] {
            let answer = world.call(token, method.clone(), path, body).await;
            let at = format!("{method} {path}: {} {:.300}", answer.status, answer.text);
            let described = &operation["responses"][answer.status.as_str()];
            assert!(described.is_object(), "undescribed: {at}");
            let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
            let content = &described["content"][kind];
            assert!(content.is_object(), "{kind} is undescribed: {at}");
            if kind.ends_with("json") {
                let value = serde_json::from_str(&answer.text).unwrap();
                is_of(&document, &content["schema"], &value, &at);
            }
        }
        let answer = world.call(&token, method.clone(), &real, None).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{method} {real}");
        assert_ne!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {real}"
        );
    }
}

/// Holds a value to a schema of the document.
fn is_of(document: &Value, schema: &Value, value: &Value, at: &str) {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": document["components"],
    });
    let validator = jsonschema::validator_for(&whole).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(value)
        .map(|each| each.to_string())
        .collect();
    assert!(wrong.is_empty(), "{at}: {wrong:?}");
}

#[tokio::test]
async fn the_description_holds_together() {
    let document = openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} twice");
        let told = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for part in path.split('{').skip(1) {
            let part = part.split('}').next().unwrap();
            assert!(
                told.iter()
                    .any(|one| one["name"] == part && one["in"] == "path"),
                "{path}"
            );
        }
        assert_eq!(
            operation["requestBody"].is_object(),
            method == Method::POST,
            "{path}"
        );
        let is_open = operation["security"].as_array().unwrap().is_empty();
        assert_eq!(is_open, path == "/openapi.json", "{path}");
    }
    let text = document.to_string();
    for named in text.split("\"$ref\":\"#").skip(1) {
        let pointer = named.split('"').next().unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{pointer} leads nowhere"
        );
    }
    let world = World::new();
    let request = Request::builder()
        .uri("/openapi.json")
        .header(header::HOST, "oust.example");
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json(), document);
}

#[tokio::test]
async fn what_is_not_json_or_not_whole_is_refused_with_a_reason() {
    let (world, token, _) = filled().await;
    let send = async |kind: Option<&str>, body: String| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/v1/freeze")
            .header(header::HOST, "oust.example")
            .header(header::AUTHORIZATION, format!("bearer {token}"));
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        world
            .send(request.body(Body::from(body)).unwrap())
            .await
            .status
    };
    let json = Some("application/json; charset=utf-8");
    let deep = "[".repeat(20_000);
    let long = json!({ "reason": "x".repeat(501) }).to_string();
    for (kind, body, status) in [
        (None, "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("text/plain"), "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (json, "", StatusCode::BAD_REQUEST),
        (json, "[]", StatusCode::BAD_REQUEST),
        (json, "{\"reason\": 1}", StatusCode::BAD_REQUEST),
        (json, "{\"reason\": \"\"}", StatusCode::BAD_REQUEST),
        (
            json,
            "{\"reason\": \"a\", \"more\": 1}",
            StatusCode::BAD_REQUEST,
        ),
        (json, &deep, StatusCode::BAD_REQUEST),
        (json, &long, StatusCode::BAD_REQUEST),
        (json, &" ".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(send(kind, body.to_owned()).await, status, "{body:.60}");
    }
    assert_eq!(world.desk.frozen().await.unwrap(), None);
    assert_eq!(
        send(json, "{\"reason\": \"a\"}".into()).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn wrong_tokens_are_counted_and_right_ones_are_not() {
    let (world, token, _) = filled().await;
    let mut last = StatusCode::OK;
    for _ in 0..25 {
        last = world
            .call("oust_wrong", Method::GET, "/v1/runs", None)
            .await
            .status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    for _ in 0..25 {
        let answer = world.call(&token, Method::GET, "/v1/runs", None).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}
