//! Bodies that are not as the sender's documents say: the right refusal, or the right alert, and never a
//! person who is not named.

use oust::alerts::{KINDS, Refused};
use oust::model::{Alert, Part, Weight};
use serde_json::{Value, json};

use super::setup::{Ask, fixture, json, read, source};

const ALEX: &str = "00ujkPI1q4Pa7UeFg5d7";
const LOGIN: &str = "alex@contoso.example";

/// Who is named, as `id login part`.
fn named(alert: &Alert) -> Vec<String> {
    let name = |one: &oust::model::Hinted| {
        let id = one.okta_id.as_ref().map_or("-", |id| id.as_str());
        let login = one.login.as_deref().unwrap_or("-");
        format!("{id} {login} {:?}", one.part)
    };
    alert.subjects.iter().map(name).collect()
}

async fn only(kind: &str, body: &Value) -> Alert {
    let reading = read(kind, body.to_string()).await.unwrap();
    let [alert] = <[Alert; 1]>::try_from(reading.alerts).unwrap();
    alert
}

#[tokio::test]
async fn what_is_no_body_of_the_kind_is_refused_with_400() {
    let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(100_001));
    let bodies = [
        "",
        "  \n ",
        "null",
        "[]",
        "7",
        "\"text\"",
        "{",
        "{}",
        "{\"alerts\":7}",
        "\u{feff}{}",
        "{\"event\":[]}",
        "{\"result\":[]}",
        "{\"data\":{\"events\":null}}",
        &deep,
        &many,
    ];
    for kind in KINDS
        .iter()
        .filter(|kind| !kind.signed && kind.name != "generic")
    {
        for body in bodies {
            let refused = read(kind.name, body).await;
            let is_malformed = matches!(refused, Err(Refused::Malformed(_)));
            assert!(is_malformed, "{}: {:.40}: {refused:?}", kind.name, body);
        }
        let not_text = read(kind.name, b"{\"a\":\"\xff\xfe\"}".to_vec()).await;
        assert!(
            matches!(not_text, Err(Refused::Malformed(_))),
            "{}",
            kind.name
        );
    }
    for body in ["", "null", "7", "\"x\"", "{", &deep, &many] {
        let refused = read("generic", body).await;
        assert!(matches!(refused, Err(Refused::Malformed(_))), "{body:.40}");
    }
}

#[tokio::test]
async fn address_method_type_and_size_are_asked_before_anything_else() {
    let rest = "kind: elastic, auth: none, from: [198.51.100.0/24, \"2001:db8::/32\"]";
    let source = source(rest).await;
    let body = fixture("elastic-session-impersonation.json");
    let good = Ask::post(body);
    assert_eq!(good.status(&source).await, 200);
    assert_eq!(
        good.clone()
            .from("::ffff:198.51.100.9")
            .status(&source)
            .await,
        200
    );
    assert_eq!(good.clone().from("2001:db8::1").status(&source).await, 200);
    assert_eq!(good.clone().from("203.0.113.1").status(&source).await, 403);
    assert_eq!(
        good.clone()
            .with("content-type", "text/plain")
            .status(&source)
            .await,
        415
    );
    let typed = good
        .clone()
        .with("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(typed.status(&source).await, 200);
    let mut none = good.clone();
    none.headers.clear();
    assert_eq!(none.status(&source).await, 415);
    for method in [http::Method::GET, http::Method::PUT, http::Method::DELETE] {
        let mut odd = good.clone();
        odd.method = method;
        assert_eq!(odd.status(&source).await, 405);
        assert!(odd.greeting(&source).await.is_err());
    }
    let large = Ask::post(vec![b' '; source.body_max() + 1]);
    assert_eq!(large.status(&source).await, 413);
    let announced = good.with("content-length", "52428800");
    assert_eq!(
        announced.admitted(&source),
        Err(Refused::TooLarge {
            max: source.body_max()
        })
    );
    let refused = source.refused(&Refused::Method("PUT".into()));
    assert_eq!(refused.headers, [("allow", "POST")]);
}

#[tokio::test]
async fn elastic_is_read_in_every_spelling_and_never_by_user_name() {
    let nested = json("elastic-session-impersonation.json");
    let expected = only("elastic", &nested).await;
    // As the index has it: one name with dots, and lists of one.
    let mut flat = serde_json::Map::new();
    flatten("", &nested["alerts"][0], &mut flat);
    let listed: serde_json::Map<String, Value> = flat
        .iter()
        .map(|(name, value)| match value {
            Value::Array(_) => (name.clone(), value.clone()),
            one => (name.clone(), json!([one])),
        })
        .collect();
    for alert in [Value::Object(flat), Value::Object(listed)] {
        let mut body = nested.clone();
        body["alerts"] = json!([alert]);
        assert_eq!(only("elastic", &body).await, expected);
    }
    // In quotes, by habit; and the old tree.
    let mut body = nested.clone();
    body["alerts"] = json!(nested["alerts"].to_string());
    assert_eq!(only("elastic", &body).await, expected);
    let mut body = nested.clone();
    let kibana = body["alerts"][0]["kibana"]["alert"].take();
    body["alerts"][0]["kibana"] = Value::Null;
    body["alerts"][0]["signal"] = kibana;
    assert_eq!(only("elastic", &body).await.event_time, expected.event_time);
    assert_eq!(only("elastic", &body).await.events, expected.events);
    // Nothing but a name for people is left.
    let mut body = nested;
    for name in ["okta", "client", "source"] {
        body["alerts"][0][name] = Value::Null;
    }
    body["alerts"][0]["user"] = json!({ "name": "alex", "full_name": "Alex Rivera" });
    let alert = only("elastic", &body).await;
    assert_eq!(named(&alert), Vec::<String>::new());
    assert!(alert.needs_lookup.is_some());
}

fn flatten(path: &str, value: &Value, into: &mut serde_json::Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{name}"), value, into);
            }
        }
        other => {
            into.insert(path.to_owned(), other.clone());
        }
    }
}

#[tokio::test]
async fn elastic_gives_an_alert_for_each_and_one_for_none() {
    let mut body = json("elastic-multiple-sessions-threshold.json");
    let mut second = body["alerts"][0].clone();
    second["kibana"]["alert"]["uuid"] = json!("second");
    second["okta"]["actor"]["id"] = json!("00u8KSGNDz7R3c9db5d7");
    second["kibana"]["alert"]["threshold_result"]["terms"] = json!([]);
    body["alerts"].as_array_mut().unwrap().push(second);
    let reading = read("elastic", body.to_string()).await.unwrap();
    let keys: Vec<&str> = reading
        .alerts
        .iter()
        .map(|one| one.dedupe_key.as_str())
        .collect();
    assert_eq!(keys, ["c1f0a2d4e6b8907a5c3e1f2d4b6a8c0e1d3f5b79", "second"]);
    assert_eq!(named(&reading.alerts[1]), ["00u8KSGNDz7R3c9db5d7 - Actor"]);
    // Something happened, even if its template is wrong.
    for none in [json!([]), Value::Null, json!(""), json!([null, 7])] {
        body["alerts"] = none;
        let alert = only("elastic", &body).await;
        assert!(alert.needs_lookup.unwrap().contains("carries no alerts"));
        assert_eq!(alert.rule.id, "621e92b6-7e54-11ee-bdc0-f661ea17fbcd");
    }
}

#[tokio::test]
async fn an_esql_alert_has_a_login_alone_and_an_eql_one_is_found_by_its_events() {
    let esql = json!({ "alerts": [{ "okta.actor.alternate_id": [LOGIN],
        "kibana.alert.uuid": ["u1"], "kibana.alert.rule.rule_id": ["r"], "Esql.count": 4 }] });
    assert_eq!(
        named(&only("elastic", &esql).await),
        [format!("- {LOGIN} Actor")]
    );
    let event = "a772989b-1a2d-42f8-b518-c86df8523e63";
    let eql = json!({ "alerts": [{ "kibana": { "alert": { "uuid": "u2", "group": { "id": "g" },
        "ancestors": [{ "id": event, "type": "event", "depth": 0 },
            { "id": "9d4c1f0a2d4e6b8907a5c3e1f2d4b6a8c0e1d3f5", "type": "signal", "depth": 1 }] } } }] });
    let alert = only("elastic", &eql).await;
    assert_eq!(alert.events, [event]);
    assert!(alert.subjects.is_empty() && alert.needs_lookup.is_some());
}

#[tokio::test]
async fn datadog_is_read_with_and_without_quotes_and_by_the_shape_of_usr_id() {
    let plain = json("datadog-session-hijacking.json");
    let expected = only("datadog", &plain).await;
    let mut quoted = plain.clone();
    for (above, name) in [("signal", "attributes"), ("rule", "group_by")] {
        quoted[above][name] = json!(plain[above][name].to_string());
    }
    let read = only("datadog", &quoted).await;
    assert_eq!(read, expected);
    let with = |usr: Value| {
        let mut body = plain.clone();
        body["signal"]["attributes"]["usr"] = usr;
        body["rule"]["group_by"] = json!({});
        body
    };
    for (usr, names) in [
        (json!({ "id": LOGIN }), vec![format!("- {LOGIN} Unknown")]),
        (
            json!({ "id": [LOGIN], "email": LOGIN }),
            vec![format!("- {LOGIN} Unknown")],
        ),
        (json!({ "id": "alex", "name": "Alex Rivera" }), vec![]),
        (
            json!({ "id": [ALEX, "00u8KSGNDz7R3c9db5d7"], "email": LOGIN }),
            vec![
                "00u8KSGNDz7R3c9db5d7 - Unknown".into(),
                format!("{ALEX} - Unknown"),
            ],
        ),
        (json!({ "id": { "x": ALEX } }), vec![]),
        (json!(null), vec![]),
        (
            json!({ "id": "$USR", "email": "a".repeat(1 << 19) + "@x" }),
            vec![],
        ),
    ] {
        let alert = only("datadog", &with(usr.clone())).await;
        assert_eq!(named(&alert), names, "{:.80}", usr.to_string());
        assert_eq!(alert.needs_lookup.is_some(), names.is_empty());
    }
    // The default payload has no signal.
    let default = json!({ "id": "1", "title": "x", "body": "y" });
    let refused = super::setup::read("datadog", default.to_string()).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("without our template")
    );
}

#[tokio::test]
async fn a_splunk_row_is_read_without_raw_without_case_and_from_aggregates() {
    let body = json("splunk-sigma-api-token-revoked.json");
    let expected = only("splunk", &body).await;
    let mut row = body["result"].as_object().unwrap().clone();
    row.shift_remove("_raw");
    let lower: serde_json::Map<String, Value> = row
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.clone()))
        .collect();
    for row in [row.clone(), lower] {
        let mut body = body.clone();
        body["result"] = Value::Object(row);
        let mut alert = only("splunk", &body).await;
        assert!(alert.dedupe_key != expected.dedupe_key);
        alert.dedupe_key.clone_from(&expected.dedupe_key);
        assert_eq!(alert, expected);
    }
    let with = |row: Value| json!({ "sid": "s", "search_name": null, "result": row });
    for (row, names) in [
        (
            json!({ "user": LOGIN, "count": "7" }),
            vec![format!("- {LOGIN} Unknown")],
        ),
        (json!({ "user": ALEX }), vec![format!("{ALEX} - Unknown")]),
        (json!({ "user": "alex" }), vec![]),
        (
            json!({ "user": "kim@contoso.example", "src_user": LOGIN }),
            vec![
                format!("- {LOGIN} Actor"),
                "- kim@contoso.example Target".into(),
            ],
        ),
        (
            json!({ "user": format!("{LOGIN}\nkim@contoso.example") }),
            vec![
                format!("- {LOGIN} Unknown"),
                "- kim@contoso.example Unknown".into(),
            ],
        ),
        (
            json!({ "actor.id": "system", "actor.type": "SystemPrincipal", "target{}.id": [ALEX, "00T1"] }),
            vec![format!("{ALEX} - Target")],
        ),
        (
            json!({ "_raw": "{\"eventType\": \"cut o", "actor.id": ALEX }),
            vec![format!("{ALEX} - Actor")],
        ),
        (json!({ "_raw": "[".repeat(1 << 19), "user": null }), vec![]),
    ] {
        let alert = only("splunk", &with(row.clone())).await;
        assert_eq!(named(&alert), names, "{:.80}", row.to_string());
        assert_eq!(alert.needs_lookup.is_some(), names.is_empty());
    }
}

#[tokio::test]
async fn two_rows_of_one_search_are_two_and_the_same_row_twice_is_one() {
    let mut body = json("splunk-sigma-api-token-revoked.json");
    let first = only("splunk", &body).await;
    assert_eq!(only("splunk", &body).await.dedupe_key, first.dedupe_key);
    body["result"]["uuid"] = json!("another");
    assert_ne!(only("splunk", &body).await.dedupe_key, first.dedupe_key);
}

#[tokio::test]
async fn a_hook_s_sparse_and_odd_events_are_kept_or_noted() {
    let event = |more: Value| {
        let mut event = json!({ "eventType": "user.mfa.factor.activate", "uuid": null });
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    };
    let app = json!({ "id": "0oaOust", "type": "PublicClientApp", "alternateId": "unknown" });
    let body = json!({ "eventType": "com.okta.event_hook", "eventId": "e1", "data": { "events": [
        event(json!({})),
        event(json!({ "actor": { "id": "x", "type": "IP address" }, "target": null })),
        event(json!({ "actor": app, "target": [null, 7, { "id": ALEX, "type": "User" }],
            "client": { "userAgent": { "rawUserAgent": "oust/0.1.0 run=r_1" } } })),
        event(json!({ "actor": { "id": "system@okta.com", "type": "SystemPrincipal",
            "alternateId": "system@okta.com" }, "published": "not a time" })),
        null,
        [],
        { "eventType": "event_hook.delivery" },
        { "eventType": "user.session.end", "uuid": "6c3284b7-bf38-4f5f-b55f-520404d32e60",
          "actor": { "id": ALEX, "type": "User", "alternateId": LOGIN } },
    ] } });
    let reading = read("okta-hook", body.to_string()).await.unwrap();
    let keys: Vec<&str> = reading
        .alerts
        .iter()
        .map(|one| one.dedupe_key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "e1#0",
            "e1#1",
            "e1#2",
            "e1#3",
            "6c3284b7-bf38-4f5f-b55f-520404d32e60"
        ]
    );
    let [none, address, ours, system, end] = <[Alert; 5]>::try_from(reading.alerts).unwrap();
    for nobody in [none, address, system] {
        assert!(
            nobody.subjects.is_empty() && nobody.needs_lookup.is_some(),
            "{nobody:?}"
        );
    }
    // Kept: whoever calls himself oust may be anybody. What did it is there to be compared.
    assert_eq!(
        (named(&ours), &ours.clients),
        (vec![format!("{ALEX} - Target")], &vec!["0oaOust".into()])
    );
    assert_eq!(ours.subjects[0].part, Part::Target);
    assert_eq!(end.weight, Weight::Informational);
    assert_eq!(reading.notes.len(), 4, "{:?}", reading.notes);
    assert!(reading.notes[0].contains("calls itself oust"));
}

#[tokio::test]
async fn a_hook_s_challenge_is_sent_back_to_who_may_ask() {
    let sample = json("okta-event-hook-verification.json");
    let headers = &sample["request"]["headers"];
    let auth = "auth: { header: { name: Authorization, secret: SECRET } }";
    let secret = super::setup::place(headers["Authorization"].as_str().unwrap());
    let rest = format!("kind: okta-hook, {}", auth.replace("SECRET", &secret));
    let source = source(&rest).await;
    let mut ask = Ask::get();
    for (name, value) in headers.as_object().unwrap() {
        ask = ask.with(name, value.as_str().unwrap());
    }
    let answer = ask.greeting(&source).await.unwrap();
    assert_eq!(
        (answer.status, answer.content_type),
        (200, "application/json")
    );
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said, sample["response"]["body"]);
    let wrong = ask.clone().with("authorization", "shared-secret-exampla");
    assert!(matches!(
        wrong.greeting(&source).await,
        Err(Refused::Unauthenticated(_))
    ));
    for odd in ["", "a b", &"x".repeat(1_001)] {
        let odd = ask.clone().with("x-okta-verification-challenge", odd);
        assert!(matches!(
            odd.greeting(&source).await,
            Err(Refused::Method(_))
        ));
    }
    let refused = source.refused(&Refused::Method("PUT".into()));
    assert_eq!(refused.headers, [("allow", "GET, POST")]);
}

#[tokio::test]
async fn who_has_no_details_names_nobody_whatever_his_title_says() {
    let mut body = json("pagerduty-incident-triggered.json");
    body["event"]["data"]["title"] = json!(format!("{LOGIN} {ALEX} is under attack"));
    let alert = only("pagerduty", &body).await;
    assert!(alert.subjects.is_empty() && alert.needs_lookup.is_some());
    assert_eq!(
        alert.event_time.unwrap().to_string(),
        "2026-03-10T14:10:07.000Z"
    );
    for other in ["incident.acknowledged", "incident.resolved", "pagey.ping"] {
        body["event"]["event_type"] = json!(other);
        let reading = read("pagerduty", body.to_string()).await.unwrap();
        assert_eq!(
            (reading.alerts.len(), reading.notes.len()),
            (0, 1),
            "{other}"
        );
    }
    let opsgenie = |details: Value| {
        json!({ "action": "Create", "integrationName": "oust", "alert": { "alertId": "a1",
            "message": "Okta", "username": LOGIN, "entity": ALEX, "createdAt": 1_773_151_807_000_i64,
            "details": details } })
    };
    let alert = only("opsgenie", &opsgenie(json!({}))).await;
    assert!(alert.subjects.is_empty() && alert.needs_lookup.is_some());
    assert_eq!(alert.dedupe_key, "a1/Create");
    let told =
        opsgenie(json!({ "okta_user_id": ALEX, "login": LOGIN, "session_id": "idx00000001" }));
    let alert = only("opsgenie", &told).await;
    assert_eq!(named(&alert), [format!("{ALEX} {LOGIN} Unknown")]);
    let reading = read("opsgenie", json!({ "action": "Close" }).to_string())
        .await
        .unwrap();
    assert!(reading.alerts.is_empty());
}

#[tokio::test]
async fn an_endless_string_is_cut_or_left_out_and_never_taken_for_an_id() {
    let long = "x".repeat(1 << 20);
    for (kind, file) in super::table::BODIES {
        let mut body = json(file);
        fill(&mut body, &long, &mut 0);
        let reading = read(kind, body.to_string()).await;
        for alert in reading.map(|reading| reading.alerts).unwrap_or_default() {
            let kept = serde_json::to_string(&alert).unwrap();
            assert!(kept.len() < 4_000, "{file}: {}", kept.len());
        }
    }
}

/// Puts `long` into one text at a time of those that are read, and behind an id where one stands.
fn fill(value: &mut Value, long: &str, count: &mut usize) {
    match value {
        Value::String(text) => {
            *count += 1;
            // One megabyte in all: the body must stay within its bounds.
            if *count % 40 == 7 {
                text.push_str(&long[..long.len() / 40]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, long, count)),
        Value::Object(members) => members.values_mut().for_each(|one| fill(one, long, count)),
        _ => {}
    }
}

#[tokio::test]
async fn a_crowd_names_nobody() {
    let ids: Vec<String> = (0..60).map(|n| format!("00u{n:017}")).collect();
    let body = json!({ "subject": { "okta_user_id": ids } });
    let alert = only("generic", &body).await;
    assert!(alert.subjects.is_empty());
    assert!(alert.needs_lookup.unwrap().contains("more than 50 people"));
}
