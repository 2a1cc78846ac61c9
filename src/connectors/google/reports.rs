//! When a person authorised which app: the Reports API's `authorize` events, the only thing at
//! Google that dates a token.
//!
//! Looks back almost as far as Google keeps them, so that an old token has its date, too. What
//! has none may be older, or too new to be reported (rows lag by minutes to hours): it is told
//! as undated, never as old. Source: Reports API, "Authorization token activity report" (180
//! days) [docs]; event and parameter names, paging and lag [docs*].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::answers;
use crate::connectors::kit::{Glance, Unread, items, moment, text};
use crate::model::{Utc, Window};
use crate::transport::Path;

/// How far back is asked for; Google keeps 180 days.
const LOOK_BACK: Duration = Duration::from_secs(179 * 24 * 3600);

/// When each app, by client id, was authorised.
pub(super) struct Authorized(BTreeMap<String, Vec<Utc>>);

impl Authorized {
    /// Reads it.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    pub(super) async fn read(glance: &Glance, id: &str) -> Result<Self, String> {
        let since = glance.reader().vendor_now().minus(LOOK_BACK);
        let path = Path::new("/admin/reports/v1/activity/users")
            .seg(id)
            .then("/applications/token")
            .query("eventName", "authorize")
            .query("startTime", since.to_string())
            .query("maxResults", "1000");
        let got = glance
            .list_by_token(path, "items", "nextPageToken", "pageToken")
            .await;
        match &*got {
            Ok(activities) => Ok(Self::of(items(activities), id)),
            Err(unread @ Unread::Absent { .. }) => Err(unread.why()),
            Err(unread) => Err(answers::why(unread)),
        }
    }

    fn of(activities: &[Value], id: &str) -> Self {
        let mut all: BTreeMap<String, Vec<Utc>> = BTreeMap::new();
        for activity in activities {
            let his = activity["actor"]["profileId"] == *id;
            let Some(at) = moment(&activity["id"], "time").filter(|_| his) else {
                continue;
            };
            let events = items(&activity["events"]).iter();
            for event in events.filter(|event| event["name"] == "authorize") {
                let parameters = items(&event["parameters"]).iter();
                let clients = parameters.filter(|each| each["name"] == "client_id");
                for client in clients.map(|each| text(each, "value")) {
                    all.entry(client.to_owned()).or_default().push(at);
                }
            }
        }
        Self(all)
    }

    /// When `client` was authorised: within `window` if ever, else the last time.
    pub(super) fn created(&self, client: &str, window: &Window) -> Option<Utc> {
        let all = self.0.get(client)?;
        let within = all.iter().filter(|at| window.contains(**at)).min();
        within.or_else(|| all.iter().max()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::WindowHow;
    use serde_json::json;

    #[test]
    fn an_old_app_that_was_authorised_again_in_the_window_counts_as_of_then() {
        let event = |who: &str, at: &str, name: &str, client: &str| {
            json!({
                "id": { "time": at }, "actor": { "profileId": who },
                "events": [{ "name": name, "parameters": [
                    { "name": "app_name", "value": "x" }, { "name": "client_id", "value": client },
                ] }],
            })
        };
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-03-10T14:30:00Z");
        let events = [
            event("1", new, "authorize", "both"),
            event("1", old, "authorize", "both"),
            event("1", old, "authorize", "old"),
            event("2", new, "authorize", "old"),
            event("1", new, "revoke", "old"),
            json!("no event"),
        ];
        let window = Window {
            start: "2026-03-10T14:00:00Z".parse().unwrap(),
            end: None,
            how: WindowHow::Given,
        };
        let dates = Authorized::of(&events, "1");
        let of = |client: &str| dates.created(client, &window);
        assert_eq!(of("both"), new.parse().ok());
        assert_eq!(of("old"), old.parse().ok());
        assert_eq!(of("unknown"), None);
    }
}
