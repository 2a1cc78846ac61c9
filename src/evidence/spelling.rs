//! An event's members as Okta spells them, where an exporter spelt them otherwise.
//!
//! Exports of log collectors have `eventtype` for `eventType`, or `securitycontext.isproxy` as one
//! name for a member within a member. Only then, told by a name at the top of the event, are known
//! names written as Okta writes them; values stay what they are, and so does every other name. Lists
//! that were taken apart (`target{}.id`) are not put together again: which id belongs to which type
//! is lost there.
//!
//! Source: field names of public detection rules for such exports; Okta API, LogEvent.

use serde_json::{Map, Value};

/// Members at the top of an event.
const TOP: &[&str] = &[
    "actor",
    "authenticationContext",
    "client",
    "debugContext",
    "device",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "request",
    "securityContext",
    "severity",
    "target",
    "transaction",
    "uuid",
    "version",
];

/// Members below those whose names are not all in lower case.
const BELOW: &[&str] = &[
    "alternateId",
    "appInstanceId",
    "asNumber",
    "asOrg",
    "authenticationProvider",
    "authenticationStep",
    "authnRequestId",
    "botProtection",
    "changeDetails",
    "credentialProvider",
    "credentialType",
    "debugData",
    "detailEntry",
    "detectionName",
    "deviceFingerprint",
    "displayName",
    "dtHash",
    "externalSessionId",
    "factorIntent",
    "geographicalContext",
    "grantType",
    "initiationType",
    "ipAddress",
    "ipChain",
    "ipDetails",
    "ipServiceCategories",
    "isAnonymous",
    "isProxy",
    "logOnlySecurityData",
    "postalCode",
    "previousLevel",
    "privilegeGranted",
    "rawUserAgent",
    "requestApiTokenId",
    "requestId",
    "requestUri",
    "rootSessionId",
    "signOnMode",
    "threatDetections",
    "threatSuspected",
    "userAgent",
    "userBehaviors",
];

/// `event` with the names that Okta has for what is known.
pub(super) fn as_okta_spells(mut event: Map<String, Value>) -> Map<String, Value> {
    if !event.keys().any(|name| is_otherwise(name)) {
        return event;
    }
    let names: Vec<String> = event.keys().cloned().collect();
    for name in names.iter().filter(|name| is_path(name)) {
        if let Some(value) = event.shift_remove(name) {
            put(&mut event, name, value);
        }
    }
    renamed(event, true)
}

/// Whether Okta would spell this name at the top otherwise.
fn is_otherwise(name: &str) -> bool {
    is_path(name) || spelt(name, true).is_some_and(|right| right != name)
}

/// `securitycontext.isproxy`
fn is_path(name: &str) -> bool {
    let head = name.split_once('.').map(|(head, _)| head);
    head.is_some_and(|head| spelt(head, true).is_some())
}

/// Puts `value` where `path` leads; a place that is taken keeps what it has, and the value its name.
fn put(event: &mut Map<String, Value>, path: &str, value: Value) {
    let mut names: Vec<&str> = path.split('.').collect();
    let last = names.pop().unwrap_or_default();
    let mut place = &mut *event;
    for name in names {
        let name = own_name(place, name);
        let next = place
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()));
        match next {
            Value::Object(inner) => place = inner,
            _ => {
                event.insert(path.to_owned(), value);
                return;
            }
        }
    }
    if place.contains_key(last) {
        event.insert(path.to_owned(), value);
    } else {
        place.insert(last.to_owned(), value);
    }
}

/// The name that is there already, in whatever case.
fn own_name(place: &Map<String, Value>, name: &str) -> String {
    let mut there = place.keys();
    let own = there.find(|key| key.eq_ignore_ascii_case(name));
    own.cloned().unwrap_or_else(|| name.to_owned())
}

fn renamed(members: Map<String, Value>, top: bool) -> Map<String, Value> {
    let mut right = Map::with_capacity(members.len());
    let (known, others): (Vec<_>, Vec<_>) = members
        .into_iter()
        .partition(|(name, _)| spelt(name, top) == Some(name));
    for (name, value) in known.into_iter().chain(others) {
        let spelt = spelt(&name, top).filter(|spelt| !right.contains_key(*spelt));
        let name = spelt.map_or(name, str::to_owned);
        right.insert(name, below(value));
    }
    right
}

fn below(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(renamed(members, false)),
        Value::Array(items) => Value::Array(items.into_iter().map(below).collect()),
        other => other,
    }
}

/// What Okta calls the member that is called `name` here.
fn spelt(name: &str, top: bool) -> Option<&'static str> {
    let is_it = |known: &&&str| known.eq_ignore_ascii_case(name);
    let known = if top { TOP } else { BELOW };
    known.iter().find(is_it).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{By, Event};
    use serde_json::json;

    fn read(event: Value) -> Value {
        match event {
            Value::Object(event) => Value::Object(as_okta_spells(event)),
            other => other,
        }
    }

    #[test]
    fn an_export_in_lower_case_answers_as_okta_s_event_does() {
        let event = read(json!({
            "eventtype": "user.session.start", "published": "2026-03-10T13:41:02",
            "actor": { "id": "00u1", "alternateid": "alex@contoso.example" },
            "client": { "ipaddress": "203.0.113.66", "useragent": { "rawuseragent": "curl" } },
            "securitycontext.isproxy": "true", "securitycontext.asnumber": "64505",
            "authenticationContext": { "externalsessionid": "idx1" },
            "target": [{ "id": "00T1", "alternateid": "t", "type": "Token" }],
            "debugcontext": { "debugdata": { "dthash": "9ee" } }, "mine": { "isproxy": 1 },
        }));
        let read = Event(&event);
        assert_eq!(read.kind(), Some("user.session.start"));
        assert_eq!(read.actor_name(), Some("alex@contoso.example"));
        assert_eq!(
            (read.ip(), read.is_proxy()),
            (Some("203.0.113.66"), Some(true))
        );
        let keys = [By::Session, By::Asn, By::Device, By::Token].map(|by| read.key(by).unwrap());
        assert_eq!(keys, ["idx1", "AS64505", "9ee", "00T1"]);
        assert!(read.published().is_some());
    }

    #[test]
    fn an_event_as_okta_has_it_stays_to_the_letter() {
        let event = json!({
            "uuid": "1", "eventType": "x", "debugContext": { "debugData": { "DTHASH": 1 } },
            "Some.Name": 1,
        });
        assert_eq!(read(event.clone()).to_string(), event.to_string());
    }

    #[test]
    fn two_spellings_of_one_name_lose_neither_value() {
        let event = read(json!({
            "EVENTTYPE": "no", "eventType": "yes", "actor": 7, "actor.id": "00u1",
            "client": { "ipAddress": "1" }, "CLIENT.ipAddress": "2",
        }));
        assert_eq!(event["eventType"], "yes");
        assert_eq!(event["EVENTTYPE"], "no");
        assert_eq!(event["actor.id"], "00u1");
        assert_eq!(event["client"]["ipAddress"], "1");
        assert_eq!(event["CLIENT.ipAddress"], "2");
    }
}
