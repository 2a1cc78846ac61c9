//! SCIM 2.0: search, read, deactivate, reactivate. Works on every plan from Business+ on.
//!
//! Statuses say what happened here, unlike in the Web API. Deactivation ends sessions and the
//! tokens of apps; reactivation brings neither back. Limits: reads 1000 a minute, one user 300,
//! changes 180. That the primary owner cannot be deactivated is assumed to be a 403.

use serde_json::{Value, json};

use super::state::Member;
use super::{Caller, Slack, scim_error};
use crate::http::{Request, form};
use crate::scim::Filter;
use crate::time::{MINUTE, iso};
use crate::vendor::Answer;

impl Slack {
    pub(super) fn scim(
        &mut self,
        rest: &[&str],
        request: &Request,
        now_ms: i64,
    ) -> (Option<Caller>, Answer) {
        let caller = match self.caller(request) {
            Ok(caller) => caller,
            Err(error) => return (None, scim_error(401, error)),
        };
        if !self.scopes_of(&caller).iter().any(|s| s == "admin") {
            return (Some(caller), scim_error(403, "missing_scope: admin"));
        }
        if !self.is_administrator(&caller) {
            return (Some(caller), scim_error(403, "not_an_admin"));
        }
        let (bucket, limit) = match (request.method.as_str(), rest) {
            ("GET", ["Users", _]) => ("scim one", 300),
            ("GET", _) => ("scim reads", 1000),
            _ => ("scim changes", 180),
        };
        let limit = self.settings.limits.get(bucket).copied().unwrap_or(limit);
        if let Err(wait_s) = self.windows.take(bucket, 1, limit, MINUTE, now_ms) {
            let answer = scim_error(429, "ratelimited").header("Retry-After", wait_s.to_string());
            return (Some(caller), answer);
        }
        let answer = match (request.method.as_str(), rest) {
            ("GET", ["ServiceProviderConfigs"]) => Answer::json(200, provider()),
            ("GET", ["Users"]) => self.scim_search(request),
            ("GET", ["Users", id]) => match self.members.get(*id) {
                Some(member) => Answer::json(200, self.scim_json(member)),
                None => not_found(),
            },
            ("PATCH", ["Users", id]) => self.scim_patch(id, request, now_ms),
            ("DELETE", ["Users", id]) => match self.set_active(id, false, now_ms) {
                Ok(changed) => Answer::empty(200).changed(changed),
                Err(refusal) => refusal,
            },
            _ => scim_error(404, "no such resource"),
        };
        (Some(caller), answer)
    }

    fn scim_search(&self, request: &Request) -> Answer {
        let query = form(&request.query);
        let value = |name: &str| {
            query
                .iter()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.as_str())
        };
        let filter = match value("filter").map(Filter::parse) {
            None => None,
            Some(Ok(filter)) => Some(filter),
            Some(Err(why)) => return scim_error(400, &why),
        };
        let number = |name: &str, default: usize| {
            value(name).map_or(Ok(default), |text| text.parse().map_err(|_| ()))
        };
        let (Ok(start), Ok(count)) = (number("startIndex", 1), number("count", 10)) else {
            return scim_error(400, "startIndex and count are numbers");
        };
        let found: Vec<Value> = self
            .members
            .values()
            .filter(|m| filter.as_ref().is_none_or(|f| f.matches(&searched(m))))
            .map(|m| self.scim_json(m))
            .collect();
        let total = found.len();
        let page: Vec<Value> = found
            .into_iter()
            .skip(start.saturating_sub(1))
            .take(count.min(1000))
            .collect();
        Answer::json(
            200,
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": total, "itemsPerPage": page.len(), "startIndex": start, "Resources": page,
            }),
        )
    }

    fn scim_patch(&mut self, id: &str, request: &Request, now_ms: i64) -> Answer {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        if body["schemas"] != json!([patch]) {
            return scim_error(400, "schemas must be PatchOp");
        }
        let operations = body["Operations"].as_array();
        let active = operations.and_then(|all| match all.as_slice() {
            [only] if only["op"] == "replace" && only["path"] == "active" => {
                only["value"].as_bool()
            }
            _ => None,
        });
        let Some(active) = active else {
            return scim_error(
                400,
                "the mock knows one operation: replace active by a boolean",
            );
        };
        match self.set_active(id, active, now_ms) {
            Ok(changed) => {
                let body = self.scim_json(&self.members[id]);
                Answer::json(200, body).changed(changed)
            }
            Err(refusal) => refusal,
        }
    }

    fn set_active(&mut self, id: &str, active: bool, now_ms: i64) -> Result<bool, Answer> {
        let member = self.members.get_mut(id).ok_or_else(not_found)?;
        if member.is_primary_owner && !active {
            return Err(scim_error(403, "cannot_modify_primary_owner"));
        }
        if member.active == active {
            return Ok(false);
        }
        member.active = active;
        member.deactivated_ms = (!active).then_some(now_ms);
        if !active {
            member.sessions.clear();
            member.app_tokens.clear();
        }
        Ok(true)
    }

    fn scim_json(&self, member: &Member) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": member.id, "userName": member.user_name, "nickName": member.user_name,
            "displayName": format!("{} {}", member.given_name, member.family_name),
            "active": member.active,
            "name": { "givenName": member.given_name, "familyName": member.family_name },
            "emails": [{ "value": member.email, "primary": true }],
            "groups": [],
            "meta": {
                "created": iso(member.created_ms),
                "location": format!("{}/scim/v2/Users/{}", self.base_url, member.id),
            },
        })
    }
}

/// What a filter sees of a member: Slack knows `email` beside SCIM's own names.
fn searched(member: &Member) -> Value {
    json!({ "id": member.id, "userName": member.user_name, "email": member.email, "active": member.active })
}

fn not_found() -> Answer {
    scim_error(404, "user_not_found")
}

fn provider() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true }, "bulk": { "supported": false },
        "filter": { "supported": true, "maxResults": 1000 },
    })
}
