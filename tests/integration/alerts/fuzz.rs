//! Thousands of sample bodies with something wrong in them: nothing panics, and nobody is named who does
//! not stand there.

use std::collections::BTreeSet;

use oust::alerts::{Reading, Source};
use serde_json::{Value, json};

use super::setup::{Ask, fixture, json, source};
use super::table::BODIES;

/// Everybody in the samples who has an Okta id or a login.
const PEOPLE: &[&str] = &[
    "00ujkPI1q4Pa7UeFg5d7",
    "alex@contoso.example",
    "00uPg1Luh2e6Ul0kO5d7",
    "support.engineer@okta.example",
    "00u8KSGNDz7R3c9db5d7",
];

/// The same numbers in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

#[tokio::test]
async fn a_body_with_a_wrong_value_names_nobody_new() {
    for (kind, file) in BODIES {
        let source = source(&format!("kind: {kind}, auth: none")).await;
        let sample = json(file);
        let mut places = Vec::new();
        paths(&sample, &mut Vec::new(), &mut places);
        for seed in 0..300 {
            let mut dice = Dice(seed);
            let mut body = sample.clone();
            for _ in 0..=dice.roll(4) {
                let place = &places[dice.roll(places.len())];
                if let Some(value) = body.pointer_mut(place) {
                    *value = odd(value, &mut dice);
                }
            }
            let text = body.to_string();
            check(
                &source,
                text.as_bytes(),
                PEOPLE,
                &format!("{file} seed {seed}"),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_body_with_wrong_bytes_names_only_who_stands_there() {
    for (kind, file) in BODIES {
        let source = source(&format!("kind: {kind}, auth: none")).await;
        let sample = fixture(file);
        for seed in 0..300 {
            let mut dice = Dice(seed ^ 0xb17e);
            let mut body = sample.clone();
            for _ in 0..=dice.roll(6) {
                let at = dice.roll(body.len());
                match dice.roll(4) {
                    0 => body[at] = u8::try_from(dice.roll(256)).unwrap(),
                    1 => body.truncate(at + 1),
                    2 => body.insert(at, b"\"{}[],:\\0u@"[dice.roll(11)]),
                    _ => {
                        body.remove(at);
                    }
                }
                if body.is_empty() {
                    body.push(b'{');
                }
            }
            check(&source, &body, &[], &format!("{file} seed {seed}")).await;
        }
    }
}

/// Whom it names must be one of `people`, or, if those are not told, stand in the body to the letter.
async fn check(source: &Source, body: &[u8], people: &[&str], what: &str) {
    let Ok(reading) = Ask::post(body).to(source).await else {
        return;
    };
    let text = String::from_utf8_lossy(body);
    for one in named(&reading) {
        let stands = if people.is_empty() {
            text.contains(&one)
        } else {
            people.contains(&&*one)
        };
        assert!(stands, "{what}: {one} out of nowhere");
    }
    let mut keys = BTreeSet::new();
    for alert in &reading.alerts {
        assert_eq!(
            alert.subjects.is_empty(),
            alert.needs_lookup.is_some(),
            "{what}"
        );
        assert!(
            !alert.dedupe_key.is_empty() && alert.dedupe_key.len() <= 200,
            "{what}"
        );
        keys.insert(&alert.dedupe_key);
        for list in [
            &alert.events,
            &alert.sessions,
            &alert.ips,
            &alert.token_ids,
            &alert.agents,
        ] {
            assert!(list.len() <= 100, "{what}");
        }
        assert!(
            alert
                .subjects
                .iter()
                .all(|one| one.okta_id.is_some() || one.login.is_some())
        );
    }
}

fn named(reading: &Reading) -> Vec<String> {
    let all = reading.alerts.iter().flat_map(|alert| &alert.subjects);
    let both = all.flat_map(|one| {
        let id = one.okta_id.as_ref().map(|id| id.as_str().to_owned());
        [id, one.login.clone()]
    });
    both.flatten().collect()
}

fn paths(value: &Value, here: &mut Vec<String>, all: &mut Vec<String>) {
    all.push(here.iter().map(|name| format!("/{name}")).collect());
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, one)| (escaped(name), one))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, one)| (at.to_string(), one))
            .collect(),
        _ => return,
    };
    for (name, one) in inner {
        here.push(name);
        paths(one, here, all);
        here.pop();
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Something else in its place, or the same in a form that nobody expects.
fn odd(value: &Value, dice: &mut Dice) -> Value {
    match dice.roll(14) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(""),
        4 => json!(-1),
        5 => json!(1e300),
        6 => json!([value, value]),
        7 => json!({ "id": value, "type": "User" }),
        8 => json!(value.to_string()),
        9 => json!("alex"),
        10 => json!("a".repeat(5_000)),
        11 => (0..20).fold(value.clone(), |inner, _| json!([inner])),
        12 => json!(value.as_str().map(|text| {
            text.chars()
                .take(text.chars().count() / 4)
                .collect::<String>()
        })),
        _ => json!([null, true, "\u{202e}\u{0}", value]),
    }
}
