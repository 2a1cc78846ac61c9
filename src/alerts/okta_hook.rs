//! Okta event hooks: events of the log, pushed, several in one request and in no order.
//!
//! A hook is known by one header of the operator's choice; nothing is signed. It is verified by a GET,
//! whose challenge is sent back. Every event is an alert of its own with its `uuid` as key, so that a
//! request that comes twice, or an event in two requests, is one. Which events are sent is chosen at
//! Okta; those that happen every day are kept as informational, and those about hooks themselves are
//! only noted. What cannot be hooked, such as `policy.evaluate_sign_on`, comes by polling.
//! Source: Okta, Event Hooks; envelope, verification and delivery.

use async_trait::async_trait;
use http::{HeaderName, Method};
use serde_json::{Value, json};

use super::draft::{Draft, says_it_is_us};
use super::kind::{Adapter, Kind, Opener, curt};
use super::{Answer, Form, Incoming, Reading, Refused, json as body, log_event, shapes};
use crate::model::Alert;

pub(super) const KIND: Kind = Kind {
    name: "okta-hook",
    title: "Okta event hook",
    content_types: &["application/json"],
    body_max: 2 << 20,
    forms: &[Form::Header, Form::Bearer],
    signed: false,
    greets: true,
    accepted: 200,
    template: None,
    keys: &[],
    settings: |_, _| Some(Opener::new(|_| Box::new(Hook))),
    refused: curt,
};

const CHALLENGE: HeaderName = HeaderName::from_static("x-okta-verification-challenge");

/// Characters of a challenge at most.
const CHALLENGE_MAX: usize = 1_000;

/// Events in one request at most.
const EVENTS_MAX: usize = 1_000;

/// What happens to everybody every day. It may be part of an attack, and is no sign of one.
const EVERYDAY: &[&str] = &[
    "user.authentication.auth",
    "user.authentication.auth_via_mfa",
    "user.authentication.sso",
    "user.authentication.verify",
    "user.session.end",
    "user.session.start",
];

const MISSING: &str = "its event names no user of the directory, by id or login";

struct Hook;

#[async_trait]
impl Adapter for Hook {
    async fn read(&self, name: &str, incoming: &Incoming<'_>) -> Result<Reading, Refused> {
        read(name, incoming.body)
    }

    fn greet(&self, incoming: &Incoming<'_>) -> Result<Answer, Refused> {
        greet(incoming)
    }
}

/// Says the challenge back; a GET without one is no verification.
fn greet(incoming: &Incoming<'_>) -> Result<Answer, Refused> {
    let challenge = incoming.headers.get(CHALLENGE);
    let challenge = challenge.and_then(|value| value.to_str().ok());
    let fits = |text: &&str| {
        (1..=CHALLENGE_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
    };
    let Some(challenge) = challenge.filter(fits) else {
        return Err(Refused::Method(Method::GET.to_string()));
    };
    Ok(Answer {
        content_type: "application/json",
        body: json!({ "verification": challenge }).to_string(),
        ..Answer::empty(200)
    })
}

fn read(source: &str, bytes: &[u8]) -> Result<Reading, Refused> {
    let envelope = body::object(bytes)?;
    let kind = body::text(envelope.get("eventType"));
    if kind.as_deref() != Some("com.okta.event_hook") {
        return Err(body::malformed("it is no `com.okta.event_hook`"));
    }
    let events = body::at(&envelope, "data.events");
    let Some(events) = events.and_then(Value::as_array) else {
        return Err(body::malformed("it has no list `data.events`"));
    };
    if events.len() > EVENTS_MAX {
        let why = format!("it holds more than {EVENTS_MAX} events");
        return Err(Refused::Malformed(why));
    }
    let delivery = body::text(envelope.get("eventId"));
    let delivery = delivery.unwrap_or_else(|| body::digest(bytes));
    let mut reading = Reading::default();
    for (at, event) in events.iter().enumerate() {
        // Without an id of its own it is the event at this place of this delivery.
        let key = format!("{delivery}#{at}");
        match one(source, event, &key) {
            Ok(alert) => {
                if says_it_is_us(&alert) {
                    let note = format!("{} was made by what calls itself oust", alert.dedupe_key);
                    reading.notes.push(note);
                }
                reading.alerts.push(alert);
            }
            Err(note) => reading.notes.push(note),
        }
    }
    // The sort is stable: what has no time stays where it was, before all others.
    reading.alerts.sort_by_key(|alert| alert.event_time);
    Ok(reading)
}

fn one(source: &str, event: &Value, place: &str) -> Result<Alert, String> {
    let kind = body::text(event.get("eventType"));
    let Some(kind) = kind.filter(|_| event.is_object()) else {
        return Err(format!("{place} is no event"));
    };
    if kind.starts_with("event_hook.") {
        return Err(format!("{} is about hooks themselves", shapes::name(&kind)));
    }
    let mut draft = Draft::new(source);
    let name = body::text(event.get("displayMessage"));
    draft.rule(Some(&kind), name.as_deref());
    log_event::put(event, &mut draft);
    if EVERYDAY.contains(&kind.as_str()) {
        draft.informational();
    }
    let uuid = body::text(event.get("uuid")).filter(|id| shapes::is_event_id(id));
    Ok(draft.done(uuid.as_deref().unwrap_or(place), MISSING))
}
