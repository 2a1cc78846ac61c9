//! Datadog Cloud SIEM: security signals, sent by its webhook integration with our template.
//!
//! The variables that hold JSON are often put in quotes: an object and a text that holds one are the
//! same here. A signal groups several logs, so that any attribute may be a list. `@usr.id` is an Okta id
//! in one org and a login in the next, told by its shape; `@usr.name` is what people are called, and is
//! never read. Whether `usr` did it or had it done to him is not established, and left open.
//!
//! Without our template no `$SECURITY_…` variable comes, and nothing can be read: that is refused.
//! Source: Datadog, webhooks integration and its variables; attribute names from queries that Okta
//! publishes for Datadog. Session and target paths are inferred from those.

use serde_json::Value;

use super::draft::{Draft, says_it_is_us};
use super::kind::{Kind, Opener, curt};
use super::{Form, Reading, Refused, json, shapes};
use crate::model::Part;

pub(super) const KIND: Kind = Kind {
    name: "datadog",
    title: "Datadog Cloud SIEM",
    content_types: &["application/json"],
    body_max: 1 << 20,
    forms: &[Form::Header, Form::Bearer, Form::Basic],
    signed: false,
    greets: false,
    accepted: 200,
    template: Some(include_str!("../../config/alerts/datadog.txt")),
    keys: &[],
    settings: |_, _| Some(Opener::plain(read)),
    refused: curt,
};

const MISSING: &str = "the signal has no `@usr.id` that is an Okta id or a login, and no \
                       `@usr.email`; open it in Datadog to see whom it is about";

fn read(source: &str, bytes: &[u8]) -> Result<Reading, Refused> {
    let body = json::object(bytes)?;
    let text = |path: &str| json::text(json::at(&body, path)).filter(|text| !unfilled(text));
    let (rule, signal) = (text("rule.id"), text("signal.id"));
    let Some(signal) = signal else {
        let why = "it has no `signal.id`: the webhook is without our template";
        return Err(json::malformed(why));
    };
    let mut draft = Draft::new(source);
    let name = text("rule.name").or_else(|| text("signal.title"));
    draft.rule(rule.as_deref(), name.as_deref());
    draft.severity(text("signal.severity").as_deref());
    draft.link(text("link").as_deref());
    let parsed = |path: &str| json::at(&body, path).and_then(json::unquoted);
    let attributes = parsed("signal.attributes");
    let attributes = attributes.or_else(|| parsed("attributes"));
    let group_by = parsed("rule.group_by").or_else(|| parsed("group_by"));
    let it = It {
        attributes: attributes.unwrap_or(Value::Null),
        group_by: group_by.unwrap_or(Value::Null),
    };
    it.put(&mut draft);
    let moment = |path: &str| it.one(path).and_then(|at| shapes::moment(&at));
    let (first, last) = (moment("first_seen"), moment("last_seen"));
    let sent = text("date").and_then(|at| shapes::moment(&at));
    draft.time(last.or(sent));
    draft.window(first, last);
    // A signal is sent again when it grows, and then it may name others.
    let key = match text("event_id") {
        Some(event) => format!("{signal}/{event}"),
        None => signal,
    };
    let alert = draft.done(&key, MISSING);
    let notes = says_it_is_us(&alert).then(|| format!("{key} is about what calls itself oust"));
    Ok(Reading {
        alerts: vec![alert],
        notes: notes.into_iter().collect(),
    })
}

/// A variable that Datadog had nothing for stays as it is written in the template.
fn unfilled(text: &str) -> bool {
    text.starts_with('$')
}

struct It {
    attributes: Value,
    group_by: Value,
}

impl It {
    /// What stands at a path, and beside that what the signal was grouped by.
    fn all(&self, path: &str) -> Vec<String> {
        let mut all = json::texts(json::at(&self.attributes, path));
        for path in [format!("@{path}"), path.to_owned()] {
            all.extend(json::texts(self.group_by.get(path)));
        }
        all.retain(|text| !unfilled(text));
        all.sort_unstable();
        all.dedup();
        all
    }

    fn one(&self, path: &str) -> Option<String> {
        self.all(path).into_iter().next()
    }

    fn put(&self, draft: &mut Draft) {
        let mut logins = self.all("usr.email");
        let (ids, others): (Vec<_>, Vec<_>) = self
            .all("usr.id")
            .into_iter()
            .partition(|id| shapes::is_user_id(id));
        // The same login in two places is one; two logins beside one id are not sorted out.
        logins.extend(others.into_iter().filter(|text| shapes::is_login(text)));
        logins.sort_unstable();
        logins.dedup();
        draft.subjects(&ids, &logins, Part::Unknown);
        self.targets(draft);
        draft.ips(self.all("network.client.ip"));
        for path in ["network.client.geoip.as.number", "securityContext.asNumber"] {
            draft.asns(self.all(path));
        }
        draft.sessions(self.all("authenticationContext.externalSessionId"));
        draft.tokens(self.all("transaction.detail.requestApiTokenId"));
        draft.agents(self.all("http.useragent"));
        draft.events(self.all("uuid"));
    }

    /// Targets of the native event, where the path was kept.
    fn targets(&self, draft: &mut Draft) {
        let targets = match json::at(&self.attributes, "target") {
            Some(Value::Array(items)) => items.iter().take(json::TEXTS_MAX).collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => Vec::new(),
        };
        for target in targets {
            let text = |member: &str| json::text(target.get(member));
            let id = text("id");
            if text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("User")) {
                let login = text("alternateId");
                draft.subject(id.as_deref(), login.as_deref(), Part::Target);
            }
            draft.tokens(id);
        }
    }
}
