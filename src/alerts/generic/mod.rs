//! A sender of one's own: a body of our own shape, or any JSON with a map of where things stand in it.
//!
//! Without `map` the body is
//! `{ source, id, rule: { id, name }, severity, time, subject: { okta_user_id, login }, session_id,
//! ip: [], asn: [], event_id: [], token_id, since, until, link }`, of which only the subject is needed.
//! With `map` each of these is found by a JSONPath (RFC 9535); what is not mapped is not there. Nothing
//! but an Okta id and a login to the letter names anybody, whatever the path says.

mod map;

use async_trait::async_trait;
use serde_json::Value;

use self::map::{Map, OWN};
use super::draft::Draft;
use super::kind::{Adapter, Key, Kind, Opener, curt};
use super::{Form, Incoming, Reading, Refused, json, shapes};
use crate::model::Part;

pub(super) const KIND: Kind = Kind {
    name: "generic",
    title: "Any sender of JSON",
    content_types: &["application/json"],
    body_max: 256 << 10,
    forms: &[
        Form::Hmac,
        Form::Bearer,
        Form::Header,
        Form::Basic,
        Form::Path,
    ],
    signed: false,
    greets: false,
    accepted: 200,
    template: Some(include_str!("../../../config/alerts/generic.txt")),
    keys: &[Key {
        name: "map",
        is: "where things stand in a body of another shape, each as a JSONPath",
        needed: false,
    }],
    settings: |fields, problems| {
        let map = match fields.take("map", problems) {
            Some(at) => map::read(at, problems)?,
            None => OWN.clone(),
        };
        Some(Opener::new(move |_| Box::new(Generic(map.clone()))))
    },
    refused: curt,
};

/// What there is to map, with what it is, for the docs.
pub(super) fn mapped() -> &'static [(&'static str, &'static str)] {
    map::NAMES
}

const MISSING: &str = "the body names no Okta id and no login where its source is told to look";

struct Generic(Map);

#[async_trait]
impl Adapter for Generic {
    async fn read(&self, name: &str, incoming: &Incoming<'_>) -> Result<Reading, Refused> {
        let body = json::parse(incoming.body)?;
        if !matches!(body, Value::Object(_) | Value::Array(_)) {
            return Err(json::malformed("it is neither an object nor a list"));
        }
        let all = |name: &str| self.0.texts(name, &body);
        let one = |name: &str| all(name).into_iter().next();
        let moment = |name: &str| one(name).and_then(|at| shapes::moment(&at));
        let mut draft = Draft::new(name);
        draft.rule(one("rule_id").as_deref(), one("rule_name").as_deref());
        draft.severity(one("severity").as_deref());
        draft.time(moment("time"));
        draft.window(moment("since"), moment("until"));
        draft.link(one("link").as_deref());
        draft.subjects(&all("okta_user_id"), &all("login"), Part::Unknown);
        draft.sessions(all("session_id"));
        draft.ips(all("ip"));
        draft.asns(all("asn"));
        draft.events(all("event_id"));
        draft.tokens(all("token_id"));
        let key = one("id").unwrap_or_else(|| json::digest(incoming.body));
        Ok(Reading {
            alerts: vec![draft.done(&key, MISSING)],
            notes: Vec::new(),
        })
    }
}
