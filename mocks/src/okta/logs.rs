//! `GET /api/v1/logs`: polling, bounded queries, filters.
//!
//! Polling (no `until`, ascending) goes by the time an event became visible and always has a
//! next link; bounded queries go by `published` and end. An event is visible
//! `settings.log_delay_ms` after it was published.

use serde_json::Value;

use super::events::LogRow;
use super::{Answer, Call, Okta};
use crate::http::encode;
use crate::scim::Filter;
use crate::time::{DAY, parse};

const TOP_FIELDS: &[&str] = &[
    "actor",
    "authenticationContext",
    "client",
    "debugContext",
    "device",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "request",
    "securityContext",
    "severity",
    "target",
    "transaction",
    "uuid",
    "version",
];

impl Okta {
    /// `GET /api/v1/logs`.
    pub(super) fn logs(&mut self, call: &Call<'_>) -> Answer {
        match self.log_page(call) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn log_page(&self, call: &Call<'_>) -> Result<Answer, Answer> {
        let ask = Ask::read(call)?;
        let mut rows: Vec<(i64, usize, &LogRow)> = self
            .log
            .iter()
            .enumerate()
            .filter(|(_, row)| row.visible_ms <= call.now_ms)
            .map(|(n, row)| {
                (
                    if ask.polling {
                        row.visible_ms
                    } else {
                        row.published_ms
                    },
                    n,
                    row,
                )
            })
            .filter(|(at, n, _)| ask.is_after(*at, *n)) // before the filter, which is dear
            .filter(|(at, _, row)| ask.wants(*at, &row.event))
            .collect();
        rows.sort_by_key(|(at, n, _)| (*at, *n));
        if ask.descending {
            rows.reverse();
        }
        let more = rows.len() > ask.limit;
        rows.truncate(ask.limit);
        let last = rows.last().map(|(at, n, _)| (*at, *n));
        let cursor = last.or(ask.after).unwrap_or((ask.since_ms - 1, 0));
        let answer = Answer::list(
            rows.into_iter()
                .map(|(_, _, row)| row.event.clone())
                .collect(),
        )
        .header(
            "Link",
            format!("<{}{}>; rel=\"self\"", self.base_url, self_target(call)),
        );
        if ask.polling || more {
            let url = format!("{}/api/v1/logs?{}", self.base_url, ask.next(cursor));
            return Ok(answer.header("Link", format!("<{url}>; rel=\"next\"")));
        }
        Ok(answer)
    }
}

fn self_target(call: &Call<'_>) -> String {
    if call.request.query.is_empty() {
        call.request.path.clone()
    } else {
        format!("{}?{}", call.request.path, call.request.query)
    }
}

/// A parsed log query.
struct Ask {
    since_ms: i64,
    until_ms: Option<i64>,
    after: Option<(i64, usize)>,
    filter: Option<Filter>,
    words: Vec<String>,
    limit: usize,
    descending: bool,
    polling: bool,
    kept: String,
}

impl Ask {
    fn read(call: &Call<'_>) -> Result<Self, Answer> {
        let descending = match call
            .query("sortOrder")
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            None | Some("ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => return Err(bad("sortOrder", "E0000053")),
        };
        let after = call
            .query("after")
            .map(|text| cursor(text).ok_or_else(|| bad("after", "E0000053")))
            .transpose()?;
        let since = time(call, "since")?;
        let until_ms = time(call, "until")?;
        if after.is_some() && since.is_some() {
            return Err(bad("since and after", "E0000053"));
        }
        if since.is_some_and(|since| since < call.now_ms - 180 * DAY) {
            return Err(bad("since", "E0000053"));
        }
        let limit: usize = call
            .query("limit")
            .unwrap_or("100")
            .parse()
            .unwrap_or(usize::MAX);
        if limit > 1000 {
            return Err(bad("limit", "E0000053"));
        }
        let q = call.query("q").unwrap_or_default();
        Ok(Self {
            since_ms: since.unwrap_or(until_ms.unwrap_or(call.now_ms) - 7 * DAY),
            until_ms: until_ms.or(descending.then_some(call.now_ms)),
            after,
            filter: call.query("filter").map(filter).transpose()?,
            words: q
                .split_whitespace()
                .take(10)
                .map(str::to_lowercase)
                .collect(),
            limit,
            descending,
            polling: until_ms.is_none() && !descending,
            kept: ["until", "filter", "q", "limit", "sortOrder"]
                .iter()
                .filter_map(|key| call.query(key).map(|v| format!("{key}={}&", encode(v))))
                .collect(),
        })
    }

    /// Whether a row stands behind the cursor.
    fn is_after(&self, at_ms: i64, n: usize) -> bool {
        self.after.is_none_or(|after| {
            if self.descending {
                (at_ms, n) < after
            } else {
                (at_ms, n) > after
            }
        })
    }

    fn wants(&self, at_ms: i64, event: &Value) -> bool {
        let text = || event.to_string().to_lowercase();
        (self.after.is_some() || at_ms >= self.since_ms)
            && self.until_ms.is_none_or(|until| at_ms < until)
            && self.filter.as_ref().is_none_or(|f| f.matches(event))
            && (self.words.is_empty() || self.words.iter().all(|w| text().contains(w)))
    }

    fn next(&self, (at_ms, n): (i64, usize)) -> String {
        format!("{}after={at_ms}_{n}", self.kept)
    }
}

fn cursor(text: &str) -> Option<(i64, usize)> {
    let (at, n) = text.split_once('_')?;
    Some((at.parse().ok()?, n.parse().ok()?))
}

fn time(call: &Call<'_>, name: &str) -> Result<Option<i64>, Answer> {
    call.query(name)
        .map(|text| parse(text).ok_or_else(|| bad(name, "E0000053")))
        .transpose()
}

fn bad(what: &str, code: &str) -> Answer {
    Answer::error(
        400,
        code,
        &format!("Invalid filter or parameter: {what}"),
        &[],
    )
}

fn filter(text: &str) -> Result<Filter, Answer> {
    let filter = Filter::parse(text).map_err(|why| bad(&why, "E0000053"))?;
    for (path, op) in filter.tests() {
        let top = path.split('.').next().unwrap_or_default();
        if !TOP_FIELDS.contains(&top) || path.starts_with("target.changeDetails") {
            return Err(bad(&format!("unrecognized attribute '{path}'"), "E0000053"));
        }
        if op == "co"
            && [
                "debugContext.debugData.url",
                "debugContext.debugData.requestUri",
            ]
            .contains(&path)
        {
            return Err(bad(path, "E0000031"));
        }
    }
    Ok(filter)
}
