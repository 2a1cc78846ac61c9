//! SOQL over what the caller may see: a first batch, the next ones by a cursor, and counts.
//!
//! Of `OauthToken` a query gives at most 2,500 rows, 500 a batch; `COUNT()` tells them all.

use serde_json::{Map, Value, json};

use super::answers::refusal;
use super::objects::Object;
use super::state::Cursor;
use super::{Call, Salesforce, soql};
use crate::vendor::Answer;

/// The smallest batch that can be asked for.
const BATCH_MIN: usize = 200;

impl Salesforce {
    pub(super) fn run_query(&mut self, call: &Call<'_>) -> Answer {
        let query = match soql::parse(call.query("q").unwrap_or_default()) {
            Ok(query) => query,
            Err(why) => return refusal(400, "MALFORMED_QUERY", &why),
        };
        let Some(object) = self.object(&query.object, &call.user_id) else {
            let text = format!("sObject type '{}' is not supported.", query.object);
            return refusal(400, "INVALID_TYPE", &text);
        };
        let order = query.order.iter().map(|(field, _)| field.as_str());
        let asked = query.condition.iter().flat_map(soql::Condition::fields);
        let named = query.fields.iter().map(String::as_str);
        if let Some(field) = named
            .chain(asked)
            .chain(order)
            .find(|field| object.field(field).is_none())
        {
            let text = format!("No such column '{field}' on entity '{}'.", object.name);
            return refusal(400, "INVALID_FIELD", &text);
        }
        let mut rows = self.rows(object, &call.user_id);
        if let Some(condition) = &query.condition {
            rows.retain(|row| condition.holds(&|field| value(object, row, field)));
        }
        if let Some((field, last_first)) = &query.order {
            rows.sort_by_key(|row| value(object, row, field).to_string());
            if *last_first {
                rows.reverse();
            }
        }
        rows.truncate(query.limit.unwrap_or(usize::MAX));
        if query.fields.is_empty() {
            let body = json!({ "totalSize": rows.len(), "done": true, "records": [] });
            return Answer::json(200, body);
        }
        self.select(object, &query.fields, rows, call)
    }

    fn select(
        &mut self,
        object: &'static Object,
        fields: &[String],
        mut rows: Vec<Map<String, Value>>,
        call: &Call<'_>,
    ) -> Answer {
        let mut batch = asked_batch(call).unwrap_or(self.settings.batch_rows);
        if object.name == "OauthToken" {
            rows.truncate(self.settings.token_rows_max);
            batch = batch.min(self.settings.token_batch_rows);
            if fields.iter().any(|f| f.eq_ignore_ascii_case("AccessToken")) {
                self.access_token_reads += 1;
            }
        }
        let selected: Vec<Value> = rows
            .iter()
            .map(|row| record(object, fields, row, &call.version))
            .collect();
        let id = format!("01g{}", self.rng.text(15));
        let cursor = Cursor {
            user_id: call.user_id.clone(),
            total: selected.len(),
            rows: selected,
            batch,
        };
        let answer = page(&cursor, &id, 0, &call.version);
        if cursor.total > batch {
            self.cursors.insert(id, cursor);
        }
        answer
    }

    /// The rest of an answer, as its `nextRecordsUrl` says.
    pub(super) fn query_more(&mut self, call: &Call<'_>) -> Answer {
        let found = call.param(0).rsplit_once('-').and_then(|(id, from)| {
            let cursor = self.cursors.get(id)?;
            let from: usize = from.parse().ok()?;
            let is_his = cursor.user_id == call.user_id && from < cursor.total;
            is_his.then(|| page(cursor, id, from, &call.version))
        });
        found.unwrap_or_else(|| refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator"))
    }
}

fn page(cursor: &Cursor, id: &str, from: usize, version: &str) -> Answer {
    let to = cursor.total.min(from + cursor.batch);
    let mut body = json!({ "totalSize": cursor.total, "done": to == cursor.total });
    if to < cursor.total {
        body["nextRecordsUrl"] = format!("/services/data/{version}/query/{id}-{to}").into();
    }
    body["records"] = cursor.rows[from..to].to_vec().into();
    Answer::json(200, body)
}

/// The batch that `Sforce-Query-Options` asks for.
fn asked_batch(call: &Call<'_>) -> Option<usize> {
    let header = call.request.header("sforce-query-options")?;
    let size = header.trim().strip_prefix("batchSize=")?.parse().ok();
    size.map(|n: usize| n.clamp(BATCH_MIN, 2000))
}

fn value(object: &Object, row: &Map<String, Value>, field: &str) -> Value {
    let name = object.field(field).unwrap_or_default();
    row.get(name).cloned().unwrap_or(Value::Null)
}

/// A row with the fields asked for, and where it is.
pub(super) fn record(
    object: &Object,
    fields: &[String],
    row: &Map<String, Value>,
    version: &str,
) -> Value {
    let id = row
        .get("Id")
        .and_then(Value::as_str)
        .unwrap_or("000000000000000AAA");
    let url = format!("/services/data/{version}/sobjects/{}/{id}", object.name);
    let mut out = Map::new();
    out.insert(
        "attributes".to_owned(),
        json!({ "type": object.name, "url": url }),
    );
    for field in fields {
        if let Some(name) = object.field(field) {
            out.insert(name.to_owned(), value(object, row, field));
        }
    }
    Value::Object(out)
}
