//! Quotas: so many requests an hour for each caller and kind, and so many changes a minute.
//!
//! Exceeding the first is a 403 with nothing remaining and the time of the reset; exceeding the second a
//! 403 with `retry-after`. `GET /rate_limit` costs nothing. That every query of GraphQL costs one
//! point is a simplification.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::GitHub;
use super::answers::refusal;
use super::routes;
use crate::http::Request;
use crate::time::MINUTE;
use crate::vendor::Answer;

const HOUR: i64 = 60 * MINUTE;

/// Which of the limits a path counts against.
pub(super) fn resource(path: &str) -> &'static str {
    match path {
        "/graphql" => "graphql",
        path if path.starts_with("/scim/") => "scim",
        _ => "core",
    }
}

/// Who has used how much of what since when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quotas(BTreeMap<(String, &'static str), (i64, u32)>);

impl Quotas {
    /// What was used of an hour, and when it ends, milliseconds.
    fn state(&self, who: &str, resource: &'static str, now_ms: i64) -> (u32, i64) {
        match self.0.get(&(who.to_owned(), resource)) {
            Some((start_ms, used)) if now_ms < start_ms + HOUR => (*used, start_ms + HOUR),
            _ => (0, now_ms + HOUR),
        }
    }

    fn count(&mut self, who: &str, resource: &'static str, now_ms: i64) {
        let (used, end_ms) = self.state(who, resource, now_ms);
        let key = (who.to_owned(), resource);
        self.0.insert(key, (end_ms - HOUR, used + 1));
    }
}

/// The 403 of a secondary limit.
pub(crate) fn secondary(wait_s: i64) -> Answer {
    let text =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    refusal(403, text).header("retry-after", wait_s.to_string())
}

impl GitHub {
    pub(super) fn throttle(
        &mut self,
        who: &str,
        resource: &'static str,
        request: &Request,
        now_ms: i64,
    ) -> Result<(), Box<Answer>> {
        let (used, _) = self.quotas.state(who, resource, now_ms);
        if used >= self.settings.per_hour {
            let answer = match resource {
                "graphql" => {
                    let text = "API rate limit exceeded for installation ID.";
                    let errors = json!([{ "type": "RATE_LIMITED", "message": text }]);
                    Answer::json(200, json!({ "errors": errors }))
                }
                _ => refusal(403, "API rate limit exceeded for installation ID."),
            };
            return Err(Box::new(self.with_quota(answer, who, resource, now_ms)));
        }
        self.quotas.count(who, resource, now_ms);
        if routes::is_write(request) {
            let limit = self.settings.writes_per_minute;
            let key = format!("write {who}");
            if let Err(wait_s) = self.windows.take(&key, 1, limit, MINUTE, now_ms) {
                let answer = secondary(wait_s);
                return Err(Box::new(self.with_quota(answer, who, resource, now_ms)));
            }
        }
        Ok(())
    }

    /// The answer with what is left of the hour.
    pub(super) fn with_quota(
        &self,
        answer: Answer,
        who: &str,
        resource: &'static str,
        now_ms: i64,
    ) -> Answer {
        let limit = self.settings.per_hour;
        let (used, end_ms) = self.quotas.state(who, resource, now_ms);
        answer
            .header("x-ratelimit-limit", limit.to_string())
            .header(
                "x-ratelimit-remaining",
                limit.saturating_sub(used).to_string(),
            )
            .header("x-ratelimit-used", used.to_string())
            .header("x-ratelimit-reset", (end_ms / 1000).to_string())
            .header("x-ratelimit-resource", resource)
    }

    pub(super) fn rate_limit(&self, who: &str, now_ms: i64) -> Answer {
        let limit = self.settings.per_hour;
        let of = |resource: &'static str| -> Value {
            let (used, end_ms) = self.quotas.state(who, resource, now_ms);
            let remaining = limit.saturating_sub(used);
            json!({ "limit": limit, "remaining": remaining, "used": used, "reset": end_ms / 1000 })
        };
        let resources = json!({ "core": of("core"), "graphql": of("graphql"), "scim": of("scim"), "search": of("search") });
        Answer::json(200, json!({ "resources": resources, "rate": of("core") }))
    }
}
