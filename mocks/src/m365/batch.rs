//! `$batch`: several requests in one, each with its own permissions, quota, answer and effect.
//!
//! Up to twenty; answers stand in no order, here in the opposite one. `dependsOn` is not known: a
//! batch that has it is refused. Assumed: whoever forgets something gets a 400 for the whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::M365;
use super::answers::{bad, refusal};
use crate::http::{self, Request};
use crate::vendor::Answer;

const INNER_MAX: usize = 20;

impl M365 {
    /// Answers a batch; the caller is known, and his token counts for all that is in it.
    pub(super) fn batch(&mut self, request: &Request, now_ms: i64) -> Answer {
        if !self.settings.takes_batches {
            return refusal(400, "BadRequest", "Batch requests are not supported here.");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Some(inner) = body["requests"].as_array().filter(|all| !all.is_empty()) else {
            return bad("Invalid batch payload format.");
        };
        if inner.len() > INNER_MAX {
            return bad("Number of batch request steps exceeds the maximum value of 20.");
        }
        let asked: Option<Vec<(&str, Request)>> =
            inner.iter().map(|each| asked(each, request)).collect();
        let Some(asked) = asked else {
            return bad("Invalid batch payload format.");
        };
        let ids: BTreeSet<&str> = asked.iter().map(|(id, _)| *id).collect();
        if ids.len() < asked.len() {
            return bad("Request Id values must be unique.");
        }
        let mut effective = false;
        let mut responses = Vec::new();
        for (id, each) in asked {
            let segments = http::segments(&each.path);
            let (_, answer) = self.graph(&segments[2..], &each, now_ms);
            effective |= answer.effective;
            let mut response = self.finish(answer, &each, now_ms);
            let about = segments.get(3).map(String::as_str).unwrap_or_default();
            if let Some(status) = self.settings.batch_says.get(about) {
                response.status = *status;
                response.body.clear();
            }
            if self.settings.batch_leaves_out.contains(about) {
                continue;
            }
            let headers = response.headers.iter();
            let headers: Map<String, Value> = headers
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect();
            let mut told = json!({ "id": id, "status": response.status, "headers": headers });
            if !response.body.is_empty() {
                told["body"] = response.json();
            }
            responses.push(told);
        }
        responses.reverse();
        Answer::json(200, json!({ "responses": responses })).changed(effective)
    }
}

/// One request of a batch, as if it had come alone.
fn asked<'a>(inner: &'a Value, outer: &Request) -> Option<(&'a str, Request)> {
    let id = inner["id"].as_str().filter(|id| !id.is_empty())?;
    let method = inner["method"].as_str()?;
    let url = inner["url"].as_str()?;
    if inner.get("dependsOn").is_some() || url.contains("$batch") {
        return None;
    }
    let target = format!("/graph/v1.0/{}", url.trim_start_matches('/'));
    let mut request = Request::new(method, &target);
    let authorization = outer.header("authorization").unwrap_or_default();
    request = request.with_header("authorization", authorization);
    if let Some(body) = inner.get("body") {
        // A body without its type is refused.
        let json_type = inner["headers"]["Content-Type"].as_str()?;
        request = request.with_body(json_type, body.to_string());
    }
    Some((id, request))
}

/// Whether a batch holds anything but reads. What cannot be read is taken to.
pub(super) fn is_write(request: &Request) -> bool {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let inner = body["requests"].as_array();
    inner.is_none_or(|all| all.iter().any(|each| each["method"] != "GET"))
}
