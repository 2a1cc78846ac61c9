//! Reports: who authorised which app when, and what administrators did.
//!
//! The one place that dates a token. Rows appear `settings.report_delay_ms` after the fact.

use serde_json::{Value, json};

use super::answers::refusal;
use super::state::Activity;
use super::{CUSTOMER, Call, Google};
use crate::time::{iso, parse};
use crate::vendor::Answer;

impl Google {
    /// `activities.list`, newest first.
    pub(super) fn list_activities(&mut self, call: &Call<'_>) -> Answer {
        let who = match call.param(0) {
            "all" => None,
            key => match self.find(key) {
                Ok(id) => Some(id),
                Err(refusal) => return refusal,
            },
        };
        let time = |name: &str| match call.query(name).map(parse) {
            None => Ok(None),
            Some(Some(ms)) => Ok(Some(ms)),
            Some(None) => Err(refusal(
                400,
                "invalid",
                &format!("Invalid value for: {name}"),
            )),
        };
        let (start, end) = match (time("startTime"), time("endTime")) {
            (Ok(start), Ok(end)) => (start, end),
            (Err(refusal), _) | (_, Err(refusal)) => return refusal,
        };
        let limit = match call.query("maxResults").map(str::parse::<usize>) {
            None => 1000,
            Some(Ok(n @ 1..=1000)) => n,
            Some(_) => return refusal(400, "invalid", "Invalid value for: maxResults"),
        };
        let skip = match call.query("pageToken").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(n)) => n,
            Some(Err(_)) => return refusal(400, "invalid", "Invalid value for: pageToken"),
        };
        let mut rows: Vec<(usize, &Activity)> = self
            .activities
            .iter()
            .enumerate()
            .filter(|(_, a)| a.application == call.param(1) && a.visible_ms <= call.now_ms)
            .filter(|(_, a)| who.as_ref().is_none_or(|id| *id == a.actor_id))
            .filter(|(_, a)| call.query("eventName").is_none_or(|name| name == a.name))
            .filter(|(_, a)| start.is_none_or(|at| a.at_ms >= at))
            .filter(|(_, a)| end.is_none_or(|at| a.at_ms <= at))
            .collect();
        rows.sort_by_key(|(n, a)| (std::cmp::Reverse(a.at_ms), *n));
        let total = rows.len();
        let page = rows.into_iter().skip(skip).take(limit);
        let items: Vec<Value> = page.map(|(n, a)| activity_json(n, a)).collect();
        let mut body = json!({ "kind": "admin#reports#activities", "etag": "\"mock\"" });
        if skip + items.len() < total {
            body["nextPageToken"] = json!((skip + items.len()).to_string());
        }
        if !items.is_empty() {
            body["items"] = json!(items);
        }
        Answer::json(200, body)
    }

    /// Notes what the administrator of a call did to a person.
    pub(super) fn report_admin(
        &mut self,
        call: &Call<'_>,
        name: &'static str,
        target: &str,
        more: Value,
    ) {
        let target = self.users.get(target).map(|u| u.primary_email.clone());
        let mut parameters = vec![json!({ "name": "USER_EMAIL", "value": target })];
        parameters.extend(more.as_array().cloned().unwrap_or_default());
        let actor = self.users.get(&call.sub);
        self.activities.push(Activity {
            at_ms: call.now_ms,
            visible_ms: call.now_ms + self.settings.report_delay_ms,
            application: "admin",
            actor_id: call.sub.clone(),
            actor_email: actor.map(|u| u.primary_email.clone()).unwrap_or_default(),
            ip: "192.0.2.10".to_owned(),
            kind: "USER_SETTINGS",
            name,
            parameters: Value::Array(parameters),
        });
    }
}

fn activity_json(n: usize, activity: &Activity) -> Value {
    json!({
        "kind": "admin#reports#activity", "etag": "\"mock\"",
        "id": {
            "time": iso(activity.at_ms), "uniqueQualifier": (1_000_000 + n).to_string(),
            "applicationName": activity.application, "customerId": CUSTOMER,
        },
        "actor": { "email": activity.actor_email, "profileId": activity.actor_id },
        "ipAddress": activity.ip,
        "events": [{ "type": activity.kind, "name": activity.name, "parameters": activity.parameters }],
    })
}
