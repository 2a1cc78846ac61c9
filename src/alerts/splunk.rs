//! Splunk: the webhook action of an alert, also of one that was made from a Sigma rule.
//!
//! It sends the first row of a search, all of it as texts with dots in the names, and lists as
//! `target{}.id`. Where the row has `_raw`, that is the event itself and read instead. Names are
//! compared without case: older field extractions write them in lower case. A search that ends in
//! `stats` has only what it grouped by; of the aliases that Splunk's data model has, `user` and
//! `src_user` are taken where they are logins to the letter.
//!
//! The action sets no header: who sends is told by a secret in the address, or by the network. An alert
//! has no id and no rule id either: its name is the rule, and search id and row are the key. Choose "for
//! each result" as the trigger, or all rows but the first are lost. Source: Splunk, webhook alert action;
//! Okta add-on, field aliases; how lists in one text are parted is inferred.

use serde_json::{Map, Value};

use super::draft::{Draft, says_it_is_us};
use super::kind::{Kind, Opener, curt};
use super::{Form, Reading, Refused, json, log_event, shapes};
use crate::model::Part;

pub(super) const KIND: Kind = Kind {
    name: "splunk",
    title: "Splunk",
    content_types: &["application/json"],
    body_max: 1 << 20,
    forms: &[Form::Path, Form::Header, Form::Bearer, Form::Basic],
    signed: false,
    greets: false,
    accepted: 200,
    template: Some(include_str!("../../config/alerts/splunk.txt")),
    keys: &[],
    settings: |_, _| Some(Opener::plain(read)),
    refused: curt,
};

const MISSING: &str = "the row has no `actor.id`, no `actor.alternateId` and no login in `user`; end \
                       the search in a table with `_raw`, and open it in Splunk for this one";

fn read(source: &str, bytes: &[u8]) -> Result<Reading, Refused> {
    let body = json::object(bytes)?;
    let result = body.get("result").and_then(json::unquoted);
    let row = match &result {
        Some(Value::Object(row)) => row,
        Some(Value::Array(rows)) if rows.len() == 1 && rows[0].is_object() => {
            rows[0].as_object().expect("it was just asked")
        }
        _ => return Err(json::malformed("it has no object `result`")),
    };
    let mut draft = Draft::new(source);
    let search = json::text(body.get("search_name"));
    draft.rule(search.as_deref(), search.as_deref());
    draft.link(json::text(body.get("results_link")).as_deref());
    let row = Row::of(row);
    match row.raw() {
        Some(event) => log_event::put(&event, &mut draft),
        None => row.put(&mut draft),
    }
    // The event's own severity is not how bad the search is.
    draft.severity(None);
    let row = json::digest(
        result
            .as_ref()
            .map(Value::to_string)
            .unwrap_or_default()
            .as_bytes(),
    );
    let key = match json::text(body.get("sid")).and_then(|sid| shapes::word(&sid)) {
        Some(sid) => format!("{sid}/{row}"),
        None => row,
    };
    let alert = draft.done(&key, MISSING);
    let notes = says_it_is_us(&alert).then(|| "a row about what calls itself oust".to_owned());
    Ok(Reading {
        alerts: vec![alert],
        notes: notes.into_iter().collect(),
    })
}

/// A row with its names in lower case; of two that differ by case alone the first counts.
struct Row(Map<String, Value>);

impl Row {
    fn of(row: &Map<String, Value>) -> Self {
        let mut lower = Map::new();
        for (name, value) in row {
            let name = name.to_ascii_lowercase();
            lower.entry(name).or_insert_with(|| value.clone());
        }
        Self(lower)
    }

    /// The event itself, if the row has it whole.
    fn raw(&self) -> Option<Value> {
        let raw = json::unquoted(self.0.get("_raw")?)?;
        let is_event = raw.get("eventType").is_some_and(Value::is_string);
        (is_event && raw.get("actor").is_some_and(Value::is_object)).then_some(raw)
    }

    /// The texts of a field; several may stand in one text, apart by line ends or commas.
    fn all(&self, name: &str) -> Vec<String> {
        let texts = json::texts(self.0.get(&name.to_ascii_lowercase()));
        let parts = texts.iter().flat_map(|text| text.split(['\n', ',']));
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        parts.take(json::TEXTS_MAX).map(str::to_owned).collect()
    }

    fn one(&self, name: &str) -> Option<String> {
        json::text(self.0.get(&name.to_ascii_lowercase()))
    }

    fn put(&self, draft: &mut Draft) {
        self.people(draft);
        let at = self.one("published").or_else(|| self.one("_time"));
        draft.time(at.and_then(|at| shapes::moment(&at)));
        draft.events(self.all("uuid"));
        draft.sessions(self.all("authenticationContext.externalSessionId"));
        for name in ["client.ipAddress", "src", "src_ip"] {
            draft.ips(self.all(name));
        }
        draft.asns(self.all("securityContext.asNumber"));
        draft.tokens(self.all("transaction.detail.requestApiTokenId"));
        draft.agents(self.one("client.userAgent.rawUserAgent"));
        for name in ["target{}.id", "target.id"] {
            draft.tokens(self.all(name));
        }
    }

    fn people(&self, draft: &mut Draft) {
        let kind = self.one("actor.type").unwrap_or_default();
        let (ids, logins) = (self.all("actor.id"), self.all("actor.alternateId"));
        let has_actor = !ids.is_empty() || !logins.is_empty();
        if kind.is_empty() || kind.eq_ignore_ascii_case("User") {
            draft.subjects(&ids, &logins, Part::Actor);
        } else {
            draft.clients(ids);
        }
        for id in ["target{}.id", "target.id"]
            .iter()
            .flat_map(|name| self.all(name))
        {
            draft.subject(Some(&id), None, Part::Target);
        }
        if !has_actor {
            self.aliases(draft);
        }
    }

    /// `src_user` does something to `user`; `user` alone may be either.
    fn aliases(&self, draft: &mut Draft) {
        let (users, sources) = (self.all("user"), self.all("src_user"));
        let part = if sources.is_empty() || sources == users {
            Part::Unknown
        } else {
            Part::Target
        };
        for (texts, part) in [(&sources, Part::Actor), (&users, part)] {
            let part = if sources == users {
                Part::Unknown
            } else {
                part
            };
            for text in texts {
                draft.subject(Some(text), Some(text), part);
            }
        }
    }
}
