//! An event of the System Log, down to what tells whose act it was and what it proves.
//!
//! An event is twenty kilobytes once it is read, and of thousands of accounts there are thousands:
//! whoever keeps some keeps these.

use serde_json::Value;

use super::events::published;
use super::glance::{items, text};
use crate::model::Utc;

/// How our own requests name themselves.
const OUR_AGENT: &str = "oust/";

/// One event.
pub(super) struct Logged {
    /// `user.session.clear`, …
    pub(super) kind: String,
    /// When, by the directory's clock.
    pub(super) at: Option<Utc>,
    /// The same as it stands there.
    pub(super) published: String,
    /// What it says was tried failed.
    pub(super) failed: bool,
    /// The id of whoever acted.
    pub(super) actor: String,
    /// The id of the client that acted.
    pub(super) client: String,
    /// The client calls itself as we do, as anybody could.
    pub(super) is_by_our_agent: bool,
    /// What names the request that did it. Debug data is no contract of Okta's.
    requests: Vec<String>,
}

impl Logged {
    pub(super) fn of(event: &Value) -> Self {
        let named = [
            &event["debugContext"]["debugData"]["requestId"],
            &event["transaction"]["id"],
        ];
        let named = named.into_iter().filter_map(Value::as_str);
        let client = &event["client"];
        Self {
            kind: text(event, "eventType").to_owned(),
            at: published(event),
            published: text(event, "published").to_owned(),
            failed: event["outcome"]["result"] == "FAILURE",
            actor: text(&event["actor"], "id").to_owned(),
            client: text(client, "id").to_owned(),
            is_by_our_agent: text(&client["userAgent"], "rawUserAgent").starts_with(OUR_AGENT),
            requests: named.map(str::to_owned).collect(),
        }
    }

    /// Whether it names this request.
    pub(super) fn names(&self, request: &str) -> bool {
        self.requests.iter().any(|known| known == request)
    }
}

/// The ids of what an event is about.
pub(super) fn targets(event: &Value) -> impl Iterator<Item = &str> {
    items(&event["target"])
        .iter()
        .map(|target| text(target, "id"))
}
