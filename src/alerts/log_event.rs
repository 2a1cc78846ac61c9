//! What one event of Okta's log, as it is written there, names: who did it, to whom, in which session.
//!
//! The shape that event hooks send and that log collectors keep in full. Whether it is one that names
//! the victim's own session is known here too: in a report of suspicious activity, what the report
//! points at is the intruder's, and all that it carries itself is the victim's. Source: Okta API,
//! LogEvent; event types of Okta's catalogue.

use serde_json::Value;

use super::draft::Draft;
use super::{json, shapes};
use crate::evidence::{By, Event};
use crate::model::{Part, Utc};

/// Somebody pressed "this was not me".
const REPORT: &str = "user.account.report_suspicious_activity_by_enduser";

/// Kinds of actors that are nobody.
const NOBODY: &[&str] = &["IP address", "SystemPrincipal"];

/// Puts into `draft` what the event names.
pub(super) fn put(event: &Value, draft: &mut Draft) {
    people(event, draft);
    draft.severity(json::text(event.get("severity")).as_deref());
    draft.time(published(event));
    if Event(event).kind() == Some(REPORT) {
        reported(event, draft);
        return;
    }
    let it = Event(event);
    draft.events(it.uuid());
    draft.sessions(it.key(By::Session));
    draft.ips(it.ip());
    draft.asns(it.key(By::Asn));
    draft.tokens(json::text(json::at(
        event,
        "transaction.detail.requestApiTokenId",
    )));
    draft.tokens(targets(event, "Token").filter_map(|target| json::text(target.get("id"))));
    draft.agents(it.agent());
}

/// When it was published.
pub(super) fn published(event: &Value) -> Option<Utc> {
    json::text(event.get("published")).and_then(|at| shapes::moment(&at))
}

/// Actor and targets, each with his part. An address and the directory itself are nobody, an app with
/// a token of its own is a client.
fn people(event: &Value, draft: &mut Draft) {
    let actor = &event["actor"];
    let text = |of: &Value, member: &str| json::text(of.get(member));
    let kind = text(actor, "type").unwrap_or_default();
    let id = text(actor, "id");
    let is_nobody = NOBODY.iter().any(|no| no.eq_ignore_ascii_case(&kind));
    if kind.eq_ignore_ascii_case("User") || kind.is_empty() {
        let login = text(actor, "alternateId");
        draft.subject(id.as_deref(), login.as_deref(), Part::Actor);
    } else if !is_nobody {
        draft.clients(id);
    }
    for target in targets(event, "User") {
        let (id, login) = (text(target, "id"), text(target, "alternateId"));
        draft.subject(id.as_deref(), login.as_deref(), Part::Target);
    }
}

/// The targets of a type; there may be none, in any order.
fn targets<'e>(event: &'e Value, kind: &'static str) -> impl Iterator<Item = &'e Value> {
    let all = event.get("target").and_then(Value::as_array);
    let all = all.into_iter().flatten().take(json::TEXTS_MAX);
    all.filter(move |target| {
        let theirs = target.get("type").and_then(Value::as_str);
        theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(kind))
    })
}

/// What a report points at. Its own session and address are of whoever was harmed, and so is its
/// event: nothing that is looked up by it may be taken for the intruder's.
fn reported(event: &Value, draft: &mut Draft) {
    let said = |member: &str| {
        let path = format!("debugContext.debugData.suspiciousActivity{member}");
        json::text(json::at(event, &path))
    };
    draft.events(said("EventId"));
    draft.ips(said("EventIp"));
    let from = said("Timestamp").and_then(|at| shapes::moment(&at));
    draft.window(from, None);
}
