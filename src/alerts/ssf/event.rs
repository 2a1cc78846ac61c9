//! What a token says happened, and to whom.
//!
//! Two dialects are in the field. The final texts have the subject beside the events (`sub_id`) and
//! count `event_timestamp` in seconds; Okta has it within the event and counts milliseconds. Subjects
//! come as `iss_sub`, `email`, `opaque`, `complex`, or as a map of those without a format.

use serde_json::Value;

use crate::alerts::draft::Draft;
use crate::alerts::{Reading, Refused, json, shapes};
use crate::model::{Alert, Part};

/// What ends the name of an event type that only checks whether we are there.
const VERIFICATION: &str = "/event-type/verification";

/// What happens every day.
const EVERYDAY: &[&str] = &[
    "assurance-level-change",
    "device-compliance-change",
    "session-established",
    "session-presented",
    "stream-updated",
    "token-claims-change",
];

/// The one that is an everyday event at Okta, which sends it for every sign-out.
const SESSION_REVOKED: &str = "session-revoked";

/// Events in one token at most; the texts want one.
const EVENTS_MAX: usize = 10;

const MISSING: &str = "the token's subject is neither an Okta id nor a login";

/// What the claims of a genuine token say.
pub(super) fn read(source: &str, claims: &Value, is_okta: bool) -> Result<Reading, Refused> {
    let Some(id) = json::text(claims.get("jti")).and_then(|id| shapes::word(&id)) else {
        return Err(json::malformed("it has no `jti`"));
    };
    let events = claims.get("events").and_then(Value::as_object);
    let Some(events) = events.filter(|events| (1..=EVENTS_MAX).contains(&events.len())) else {
        return Err(json::malformed("it has no `events`, or too many"));
    };
    let mut reading = Reading::default();
    for (kind, event) in events {
        if kind.ends_with(VERIFICATION) {
            reading
                .notes
                .push(format!("{source} checked that it is heard"));
            continue;
        }
        let key = if events.len() == 1 {
            id.clone()
        } else {
            format!("{id}/{kind}")
        };
        reading
            .alerts
            .push(one(source, claims, kind, event, &key, is_okta));
    }
    Ok(reading)
}

fn one(source: &str, claims: &Value, kind: &str, event: &Value, key: &str, is_okta: bool) -> Alert {
    let mut draft = Draft::new(source);
    let short = kind.rsplit('/').next().unwrap_or(kind);
    let reason = json::text(json::at(event, "reason_admin.en"))
        .or_else(|| json::text(event.get("reason_admin")));
    draft.rule(Some(kind), Some(reason.as_deref().unwrap_or(short)));
    let at = json::text(event.get("event_timestamp"));
    let at = at.or_else(|| json::text(claims.get("toe")));
    let at = at.or_else(|| json::text(claims.get("iat")));
    draft.time(at.and_then(|at| shapes::moment(&at)));
    // Beside the events in the one dialect, within the event in the other.
    for subject in [claims.get("sub_id"), event.get("subject")]
        .into_iter()
        .flatten()
    {
        put(subject, &mut draft);
    }
    if EVERYDAY.contains(&short) || (is_okta && short == SESSION_REVOKED) {
        draft.informational();
    }
    draft.done(key, MISSING)
}

/// A subject: itself, or its parts one level down.
fn put(subject: &Value, draft: &mut Draft) {
    let format = subject.get("format").and_then(Value::as_str);
    let is_parts = subject.get("user").is_some_and(Value::is_object);
    match format {
        Some("complex") | None if is_parts => {
            person(&subject["user"], draft);
            let session = subject.get("session");
            let session = session.and_then(|session| {
                json::text(session.get("id")).or_else(|| json::text(session.get("sub")))
            });
            draft.sessions(session);
        }
        Some("aliases") => {
            let all = subject.get("identifiers").and_then(Value::as_array);
            for one in all.into_iter().flatten().take(json::TEXTS_MAX) {
                person(one, draft);
            }
        }
        _ => person(subject, draft),
    }
}

/// Whom an identifier names, by what it is shaped like: what is in no known format is nobody.
fn person(subject: &Value, draft: &mut Draft) {
    let text = |member: &str| json::text(subject.get(member));
    let id = match subject.get("format").and_then(Value::as_str) {
        Some("iss_sub") => text("sub"),
        Some("opaque") => text("id"),
        Some("email") => text("email"),
        _ => None,
    };
    draft.subject(id.as_deref(), id.as_deref(), Part::Unknown);
}
