//! Elastic Security: the alerts of a detection rule, sent by Kibana's webhook connector with our
//! template.
//!
//! Members come within one another or with dots in their names, scalars as lists of one, and old
//! versions have `signal.…` for `kibana.alert.…`: all are read. What an alert holds depends on the type
//! of its rule. A `query` or `new_terms` rule copies the event; a `threshold` rule keeps only what it
//! grouped by, and says since when it counted; `esql` keeps the columns of its output; `eql` what its
//! events have in common.
//!
//! `user.name` is never read: the integration cuts it off a login at its first odd letter, so that two
//! people of different domains have one. Source: Elastic, alert schema; the Okta integration's ingest
//! pipeline; Kibana, webhook connector and rule action variables.

use serde_json::Value;

use super::draft::{Draft, says_it_is_us};
use super::kind::{Kind, Opener, curt};
use super::{Form, Reading, Refused, json, shapes};
use crate::model::{Alert, Part};

pub(super) const KIND: Kind = Kind {
    name: "elastic",
    title: "Elastic Security",
    content_types: &["application/json"],
    body_max: 4 << 20,
    forms: &[Form::Header, Form::Bearer, Form::Basic],
    signed: false,
    greets: false,
    accepted: 200,
    template: Some(include_str!("../../config/alerts/elastic.txt")),
    keys: &[],
    settings: |_, _| Some(Opener::plain(read)),
    refused: curt,
};

/// Alerts in one body at most; a rule makes 100 a run unless told otherwise.
const ALERTS_MAX: usize = 1_000;

const MISSING: &str = "the alert has neither `okta.actor.id` nor `okta.actor.alternate_id`; open it \
                       in Kibana to see whom it is about";

/// Where an alert's own fields are, newest first.
const TREES: [&str; 2] = ["kibana.alert", "signal"];

fn read(source: &str, bytes: &[u8]) -> Result<Reading, Refused> {
    let body = json::object(bytes)?;
    let alerts = body.get("alerts").and_then(json::unquoted);
    let alerts = match alerts {
        Some(Value::Array(alerts)) => alerts,
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    if alerts.len() > ALERTS_MAX {
        let why = format!("it holds more than {ALERTS_MAX} alerts");
        return Err(Refused::Malformed(why));
    }
    let mut reading = Reading::default();
    for alert in alerts.iter().filter(|alert| alert.is_object()) {
        let alert = one(source, &body, alert);
        if says_it_is_us(&alert) {
            let note = format!("{} is about what calls itself oust", alert.dedupe_key);
            reading.notes.push(note);
        }
        reading.alerts.push(alert);
    }
    if reading.alerts.is_empty() {
        reading.alerts.push(bare(source, &body, bytes)?);
    }
    Ok(reading)
}

/// A rule that fired and sent none of its alerts: still something that happened.
fn bare(source: &str, body: &Value, bytes: &[u8]) -> Result<Alert, Refused> {
    let text = |path: &str| json::text(json::at(body, path));
    let (id, name) = (text("rule.rule_id"), text("rule.name"));
    if id.is_none() && name.is_none() {
        return Err(json::malformed("it has neither `alerts` nor `rule`"));
    }
    let mut draft = Draft::new(source);
    draft.rule(id.as_deref(), name.as_deref());
    draft.severity(text("rule.severity").as_deref());
    draft.time(text("date").and_then(|at| shapes::moment(&at)));
    draft.link(text("results_link").as_deref());
    let missing = "the body carries no alerts: see that the template has \
                   `{{{context.alerts.asJSON}}}`";
    Ok(draft.done(&json::digest(bytes), missing))
}

fn one(source: &str, body: &Value, alert: &Value) -> Alert {
    let it = It(alert);
    let mut draft = Draft::new(source);
    let around = |path: &str| json::text(json::at(body, path));
    let or = |own: &str, path: &str| it.own(own).or_else(|| around(path));
    draft.rule(
        or("rule.rule_id", "rule.rule_id").as_deref(),
        or("rule.name", "rule.name").as_deref(),
    );
    draft.severity(or("severity", "rule.severity").as_deref());
    draft.link(or("url", "results_link").as_deref());
    people(it, &mut draft);
    traces(it, &mut draft);
    time(it, &mut draft);
    let key = it.own("uuid").or_else(|| it.text("_id"));
    let key = key.unwrap_or_else(|| json::digest(alert.to_string().as_bytes()));
    draft.done(&key, MISSING)
}

/// Actor and targets. A copy of the actor's id stands in two more places.
fn people(it: It<'_>, draft: &mut Draft) {
    let ids = ["okta.actor.id", "client.user.id", "source.user.id"];
    let ids = ids.iter().map(|path| it.all(path));
    let ids = ids.into_iter().find(|found| !found.is_empty());
    let kind = it.text("okta.actor.type").unwrap_or_default();
    if kind.is_empty() || kind.eq_ignore_ascii_case("User") {
        let logins = it.all("okta.actor.alternate_id");
        draft.subjects(&ids.unwrap_or_default(), &logins, Part::Actor);
    } else {
        draft.clients(ids.unwrap_or_default());
    }
    for target in it.objects("okta.target") {
        let text = |member: &str| json::text(json::at(target, member));
        if text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("User")) {
            let (id, login) = (text("id"), text("alternate_id"));
            draft.subject(id.as_deref(), login.as_deref(), Part::Target);
        }
    }
    // Taken apart, or the pipeline's own copy: an id alone still shows that it is a user's.
    for path in ["okta.target.id", "user.target.id"] {
        for id in it.all(path) {
            draft.subject(Some(&id), None, Part::Target);
        }
    }
}

/// Sessions, addresses, networks, tokens, events.
fn traces(it: It<'_>, draft: &mut Draft) {
    draft.sessions(it.all("okta.authentication_context.external_session_id"));
    for path in ["okta.client.ip", "client.ip", "source.ip"] {
        draft.ips(it.all(path));
    }
    draft.asns(it.all("okta.security_context.as.number"));
    draft.tokens(it.all("okta.transaction.detail.request_api_token_id"));
    for target in it.objects("okta.target") {
        draft.tokens(json::text(json::at(target, "id")));
    }
    draft.agents(it.all("okta.client.user_agent.raw_user_agent"));
    // The id of a document is the event's own; of a threshold or of another alert it is none.
    let ancestors = TREES.map(|tree| it.objects(&format!("{tree}.ancestors")));
    let ancestors = ancestors.into_iter().flatten();
    let of_events = ancestors.filter(|one| {
        json::text(json::at(one, "type")).is_none_or(|kind| kind.eq_ignore_ascii_case("event"))
    });
    draft.events(of_events.filter_map(|one| json::text(json::at(one, "id"))));
    for path in ["kibana.alert.ancestors.id", "okta.uuid"] {
        draft.events(it.all(path));
    }
}

/// When it happened; for a threshold also since when was counted, and whom it was counted by.
fn time(it: It<'_>, draft: &mut Draft) {
    let moment = |path: &str| it.own(path).and_then(|at| shapes::moment(&at));
    let at = moment("original_time");
    draft.time(at);
    if let Some(from) = moment("threshold_result.from") {
        draft.window(Some(from), at);
    }
    for tree in TREES {
        let terms = it.objects(&format!("{tree}.threshold_result.terms"));
        let value = |field: &str| {
            let of = terms
                .iter()
                .filter(|term| json::text(json::at(term, "field")).as_deref() == Some(field));
            of.flat_map(|term| json::texts(json::at(term, "value")))
                .collect::<Vec<_>>()
        };
        draft.subjects(
            &value("okta.actor.id"),
            &value("okta.actor.alternate_id"),
            Part::Actor,
        );
        draft.subjects(&value("okta.target.id"), &[], Part::Target);
        draft.sessions(value("okta.authentication_context.external_session_id"));
        for field in ["okta.client.ip", "client.ip", "source.ip"] {
            draft.ips(value(field));
        }
    }
}

/// One alert, in whatever spelling.
#[derive(Clone, Copy)]
struct It<'v>(&'v Value);

impl<'v> It<'v> {
    fn text(self, path: &str) -> Option<String> {
        json::text(json::at(self.0, path))
    }

    fn all(self, path: &str) -> Vec<String> {
        json::texts(json::at(self.0, path))
    }

    /// One of the alert's own fields.
    fn own(self, path: &str) -> Option<String> {
        let mut trees = TREES.iter();
        trees.find_map(|tree| self.text(&format!("{tree}.{path}")))
    }

    fn objects(self, path: &str) -> Vec<&'v Value> {
        match json::at(self.0, path) {
            Some(Value::Array(items)) => items.iter().take(json::TEXTS_MAX).collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => Vec::new(),
        }
    }
}
