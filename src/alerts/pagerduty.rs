//! PagerDuty, webhooks v3: says that there is an incident, and nothing of what it is about.
//!
//! The details stay with PagerDuty and would have to be fetched there; the title may be a rule's name,
//! and nobody is guessed from it. So every alert of this kind needs a person, who at least finds it
//! beside all others. Source: PagerDuty, Webhooks v3 overview, event types and signature.

use serde_json::Value;

use super::draft::Draft;
use super::kind::{Kind, Opener, curt};
use super::{Form, Reading, Refused, json, shapes};

pub(super) const KIND: Kind = Kind {
    name: "pagerduty",
    title: "PagerDuty",
    content_types: &["application/json"],
    body_max: 256 << 10,
    forms: &[Form::PagerDuty, Form::Header, Form::Bearer],
    signed: false,
    greets: false,
    accepted: 200,
    template: None,
    keys: &[],
    settings: |_, _| Some(Opener::plain(read)),
    refused: curt,
};

/// What a person has to do.
const MISSING: &str = "PagerDuty sends no details: open the incident to see whom it is about";

/// Events that begin something; the others tell how an incident goes on.
const BEGINS: &[&str] = &["incident.triggered", "incident.reopened"];

fn read(source: &str, body: &[u8]) -> Result<Reading, Refused> {
    let body = json::object(body)?;
    let event = &body["event"];
    let text = |path: &str| json::text(json::at(event, path));
    let Some(kind) = text("event_type") else {
        return Err(json::malformed("it has no `event.event_type`"));
    };
    if !BEGINS.contains(&kind.as_str()) {
        let note = format!(
            "{} from {source}, which begins nothing",
            shapes::name(&kind)
        );
        return Ok(Reading {
            alerts: Vec::new(),
            notes: vec![note],
        });
    }
    let mut draft = Draft::new(source);
    draft.rule(None, text("data.title").as_deref());
    draft.severity(severity(event).as_deref());
    draft.time(text("occurred_at").and_then(|at| shapes::moment(&at)));
    draft.link(text("data.html_url").as_deref());
    let key = text("id").unwrap_or_else(|| json::digest(event.to_string().as_bytes()));
    Ok(Reading {
        alerts: vec![draft.done(&key, MISSING)],
        notes: Vec::new(),
    })
}

/// Its priority if it has one (`P1`), else its urgency.
fn severity(event: &Value) -> Option<String> {
    json::text(json::at(event, "data.priority.summary"))
        .or_else(|| json::text(json::at(event, "data.urgency")))
}
