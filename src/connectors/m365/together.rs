//! `$batch`: what many subjects ask of Graph leaves twenty to a request.
//!
//! Each inner request has an answer of its own, with a status of its own. A 429 in there throttles
//! that one alone: it had no effect, and it leaves again, with others, when its `Retry-After` is
//! over; until then no batch of its kind leaves. What was meant to be read and is not in the answer,
//! or was not answered there, is read alone; a write that is not in it, or of which it says that it
//! took too long, may have happened, and is in doubt. A batch that is refused as a whole had no effect, and each is sent alone.
//!
//! Few subjects are asked about one by one, as if there were no batches, and whoever asks alone is
//! sent as a plain request. The audit's reports never go this way: their quota is too small. They are
//! the same for everybody, and one is shared by all who wait for it.
//!
//! A batch saves round trips, not quota: the units of each inner request count as ever. Source:
//! Microsoft, "Combine multiple HTTP requests using JSON batching" (up to 20; `id`, `method`, `url`
//! below the version, `headers`, `body`; answers in any order, each with `id`, `status`, `headers`,
//! `body`), "Microsoft Graph throttling guidance" (each is counted and throttled by itself). Not in
//! our specification file. [inferred]: a batch that is answered 4xx was not looked into; a space in
//! the query of an inner `url` is safest as `%20`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::limits;
use crate::connectors::kit::{
    Carrier, Crowd, Gather, MOMENT, Refused, Sent, Shared, Told, lane_of, traced,
};
use crate::transport::{Answer, Bucket, CallError, Path, Read, Reader, Write, Writer};

/// Inner requests at most.
pub(super) const BATCH_MAX: usize = 20;

/// How often one request is throttled within batches before it leaves alone.
const THROTTLES_MAX: usize = 10;

/// Where nothing tells how long a throttle lasts.
const UNTOLD: Duration = Duration::from_secs(5);

/// The longest wait that is believed.
const WAIT_MAX: Duration = Duration::from_secs(120);

const VERSION: &str = "/v1.0";

/// A request that may leave within a batch.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: Method,
    path: Path,
    body: Option<Value>,
}

impl Ask {
    pub(super) fn get(path: Path) -> Self {
        Self::new(Method::GET, path, None)
    }

    pub(super) fn post(path: Path) -> Self {
        Self::new(Method::POST, path, None)
    }

    pub(super) fn patch(path: Path, body: Value) -> Self {
        Self::new(Method::PATCH, path, Some(body))
    }

    pub(super) fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    fn new(method: Method, path: Path, body: Option<Value>) -> Self {
        Self { method, path, body }
    }

    /// As a request of its own.
    fn alone(&self) -> Write {
        let path = self.path.clone();
        let write = match self.method {
            Method::PATCH => Write::patch(path),
            Method::DELETE => Write::delete(path),
            _ => Write::post(path),
        };
        match &self.body {
            Some(body) => write.json(body.clone()),
            None => write,
        }
    }

    /// Within a batch.
    fn inner(&self, id: usize) -> Value {
        let target = self.path.target();
        let url = target.strip_prefix(VERSION).unwrap_or(&target);
        let mut inner = json!({
            "id": id.to_string(), "method": self.method.as_str(), "url": url,
        });
        if let Some(body) = &self.body {
            inner["body"] = body.clone();
            inner["headers"] = json!({ "Content-Type": "application/json" });
        }
        inner
    }

    /// Whom it is about, as far as its path tells.
    fn whose(&self) -> Option<&str> {
        let rest = self.path.path().strip_prefix("/v1.0/users/")?;
        rest.split('/').next()
    }
}

/// Who sends.
#[derive(Clone, Copy)]
enum Via<'a> {
    Reader(&'a Reader),
    Writer(&'a Writer<'a>),
}

impl Via<'_> {
    fn reader(&self) -> &Reader {
        match self {
            Self::Reader(reader) => reader,
            Self::Writer(writer) => writer.reader(),
        }
    }

    /// What may leave together: of the same bucket, rank and patience, and for writes by the same
    /// consent.
    fn lane(&self, bucket: &str) -> String {
        let reader = self.reader();
        let consent = match self {
            Self::Reader(_) => "",
            Self::Writer(writer) => writer.consent().digest(),
        };
        format!("{bucket} {} {consent}", lane_of(reader))
    }

    async fn alone(&self, ask: &Ask) -> Result<Answer, CallError> {
        match self {
            Self::Reader(reader) => reader.send(&Read::get(ask.path.clone())).await,
            Self::Writer(writer) => writer.send(&ask.alone()).await,
        }
    }

    async fn batch(&self, body: Value, bucket: Bucket) -> Result<Answer, CallError> {
        let path = Path::new("/v1.0/$batch");
        match self {
            Self::Reader(reader) => reader.send(&Read::query(path, body).paced(bucket)).await,
            Self::Writer(writer) => {
                let write = Write::post(path).json(body).paced(bucket);
                writer.send(&write).await
            }
        }
    }

    /// Whether an inner answer stands. A token that ran out is renewed for a request of its own; a
    /// read that failed costs nothing but another.
    fn takes(&self, status: u16) -> bool {
        match self {
            Self::Reader(_) => !matches!(status, 401 | 408 | 500..),
            Self::Writer(_) => status != 401,
        }
    }

    /// What became of a request that no answer names, if that is for us to say.
    fn unnamed(&self) -> Option<CallError> {
        match self {
            Self::Reader(_) => None,
            Self::Writer(writer) => Some(CallError::Silent {
                system: writer.reader().system().clone(),
                why: "the answer to its batch does not tell of it".into(),
            }),
        }
    }
}

/// What came of one request.
enum Heard {
    /// An answer of its own.
    Own(Answer),
    /// What came of the whole batch, or of one that left alone.
    Whole(Result<Answer, CallError>),
    /// The answer does not name it.
    Unnamed,
}

/// What waits to leave.
pub(super) struct Together {
    reads: Gather<Ask, Heard>,
    writes: Gather<Ask, Heard>,
    shared: Shared,
    crowd: Crowd,
    /// Until when a bucket is closed, by its name.
    closed: Mutex<BTreeMap<&'static str, Duration>>,
}

impl Default for Together {
    fn default() -> Self {
        Self {
            reads: Gather::new(MOMENT, BATCH_MAX),
            writes: Gather::new(MOMENT, BATCH_MAX),
            shared: Shared::default(),
            crowd: Crowd::default(),
            closed: Mutex::default(),
        }
    }
}

impl Together {
    /// Sends one write and keeps its trace.
    pub(super) async fn send(&self, w: &Writer<'_>, ask: Ask) -> Sent {
        traced(w, self.ask(Via::Writer(w), &ask)).await
    }

    async fn ask(&self, via: Via<'_>, ask: &Ask) -> Result<Answer, CallError> {
        let clock = via.reader().clock();
        let bucket = limits::bucket(&ask.method, ask.path.path());
        let is_crowd = self.crowd.is_about(clock.elapsed(), ask.whose());
        if !is_crowd {
            return via.alone(ask).await;
        }
        let Some(of_batch) = limits::of_batches(bucket) else {
            return match via {
                Via::Reader(reader) => {
                    self.shared
                        .share(reader, &Read::get(ask.path.clone()))
                        .await
                }
                Via::Writer(_) => via.alone(ask).await,
            };
        };
        let gather = match via {
            Via::Reader(_) => &self.reads,
            Via::Writer(_) => &self.writes,
        };
        let lane = via.lane(bucket.name);
        for _ in 0..THROTTLES_MAX {
            let send = async |asks: Vec<Ask>| self.carry(via, bucket, of_batch, asks).await;
            match gather.ask(clock, &lane, ask.clone(), send).await {
                Told::Answer(Heard::Own(answer)) if answer.status == 429 => {
                    let wait = self.closes(bucket, clock.elapsed(), &answer);
                    if wait > via.reader().patience() {
                        return Ok(answer);
                    }
                }
                Told::Answer(Heard::Own(answer)) if via.takes(answer.status) => return Ok(answer),
                Told::Answer(Heard::Own(_)) | Told::Alone => break,
                Told::Answer(Heard::Whole(what)) => return what,
                Told::Answer(Heard::Unnamed) | Told::Unknown => match via.unnamed() {
                    Some(error) => return Err(error),
                    None => break,
                },
            }
        }
        via.alone(ask).await
    }

    async fn carry(
        &self,
        via: Via<'_>,
        bucket: Bucket,
        of_batch: Bucket,
        asks: Vec<Ask>,
    ) -> Result<Vec<Heard>, Refused> {
        if !self.is_open_in_time(via.reader(), bucket).await {
            let system = via.reader().system();
            let late = || {
                Heard::Whole(Err(CallError::NoQuota {
                    system: system.clone(),
                }))
            };
            return Ok(std::iter::repeat_with(late).take(asks.len()).collect());
        }
        if let [only] = &asks[..] {
            return Ok(vec![Heard::Whole(via.alone(only).await)]);
        }
        let inner = asks.iter().enumerate().map(|(id, ask)| ask.inner(id));
        let body = json!({ "requests": inner.collect::<Vec<_>>() });
        let left_there = via.reader().vendor_now();
        match via.batch(body, of_batch).await {
            Ok(answer) if answer.status == 200 => {
                let mut own = inner_answers(&answer);
                let heard = |id: usize| match own.remove(&id.to_string()) {
                    Some(mut own) => {
                        // Each happened after the batch left, and no later than this.
                        own.server_at = own.server_at.min(left_there);
                        Heard::Own(own)
                    }
                    None => Heard::Unnamed,
                };
                Ok((0..asks.len()).map(heard).collect())
            }
            Ok(answer) if is_refused(answer.status) => Err(Refused),
            // A success without the answers that make it one.
            Ok(answer) if answer.status < 400 => Ok(asks.iter().map(|_| Heard::Unnamed).collect()),
            whole => {
                let each = std::iter::repeat_with(|| Heard::Whole(whole.clone()));
                Ok(each.take(asks.len()).collect())
            }
        }
    }

    /// Closes a bucket for as long as a throttled answer asks; says how long.
    fn closes(&self, bucket: Bucket, now: Duration, answer: &Answer) -> Duration {
        let told = answer.headers.get("retry-after");
        let told = told.and_then(|told| told.to_str().ok()?.parse().ok());
        let wait = told.map_or(UNTOLD, Duration::from_secs).min(WAIT_MAX);
        let mut closed = self.closed();
        let until = closed.entry(bucket.name).or_default();
        *until = (*until).max(now + wait);
        wait
    }

    /// Waits until a bucket is open, if that is within the reader's patience.
    async fn is_open_in_time(&self, reader: &Reader, bucket: Bucket) -> bool {
        loop {
            let until = self.closed().get(bucket.name).copied();
            let left = until.unwrap_or_default();
            let left = left.saturating_sub(reader.clock().elapsed());
            if left.is_zero() || left > reader.patience() {
                return left.is_zero();
            }
            reader.clock().sleep(left).await;
        }
    }

    fn closed(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Duration>> {
        self.closed
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// Whether this status says that a batch had no effect, and will have none: not that it came too soon,
/// or that somebody waited for it too long.
fn is_refused(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 429)
}

#[async_trait]
impl Carrier for Together {
    async fn get(&self, reader: &Reader, path: Path) -> Result<Answer, CallError> {
        self.ask(Via::Reader(reader), &Ask::get(path)).await
    }
}

/// The answers within an answer, by id. One that stands there twice, or that is no answer, is none.
fn inner_answers(outer: &Answer) -> BTreeMap<String, Answer> {
    let mut all = BTreeMap::new();
    let mut twice = Vec::new();
    let responses = outer.json["responses"].as_array();
    for each in responses.map_or(&[][..], Vec::as_slice) {
        let status = each["status"].as_u64().and_then(|n| u16::try_from(n).ok());
        let (Some(id), Some(status @ 200..=599)) = (each["id"].as_str(), status) else {
            continue;
        };
        let headers = headers(&each["headers"]);
        let own_id = headers.get("request-id");
        let own_id = own_id.and_then(|id| id.to_str().ok()).map(Into::into);
        let answer = Answer {
            status,
            json: each["body"].clone(),
            request_id: own_id.or_else(|| outer.request_id.clone()),
            sent_at: outer.sent_at,
            server_at: outer.server_at,
            headers,
        };
        if all.insert(id.to_owned(), answer).is_some() {
            twice.push(id.to_owned());
        }
    }
    for id in twice {
        all.remove(&id);
    }
    all
}

fn headers(told: &Value) -> HeaderMap {
    let told = told.as_object().into_iter().flatten();
    let each = told.filter_map(|(name, value)| {
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Utc;

    #[test]
    fn an_inner_answer_is_read_by_its_id_and_one_that_cannot_be_told_apart_is_none() {
        let answer = |id: Value, status: Value| json!({ "id": id, "status": status });
        let mut full = answer("0".into(), 429.into());
        full["headers"] = json!({ "Retry-After": "7", "request-id": "abc", "bad name": "x" });
        full["body"] = json!({ "error": { "code": "TooManyRequests" } });
        let responses = [
            full,
            answer("1".into(), 200.into()),
            answer("1".into(), 404.into()),
            answer("2".into(), "200".into()),
            answer(3.into(), 200.into()),
            answer("4".into(), 99.into()),
        ];
        let outer = Answer {
            status: 200,
            json: json!({ "responses": responses }),
            request_id: Some("outer".into()),
            sent_at: Utc::from_millis(0),
            server_at: Utc::from_millis(0),
            headers: HeaderMap::new(),
        };
        let inner = inner_answers(&outer);
        assert_eq!(inner.keys().collect::<Vec<_>>(), ["0"]);
        assert_eq!(inner["0"].headers["retry-after"], "7");
        assert_eq!(inner["0"].request_id.as_deref(), Some("abc"));
        assert_eq!(inner["0"].json["error"]["code"], "TooManyRequests");
    }

    #[test]
    fn an_inner_request_stands_below_the_version() {
        let path = Path::new("/v1.0/users")
            .seg("a b#EXT#@x")
            .query("$filter", "mail eq 'a&b'");
        let inner = Ask::get(path).inner(3);
        let expected = json!({
            "id": "3", "method": "GET",
            "url": "/users/a%20b%23EXT%23@x?$filter=mail%20eq%20'a%26b'",
        });
        assert_eq!(inner, expected);
        let inner = Ask::patch(Path::new("/v1.0/users/1"), json!({ "a": 1 })).inner(0);
        assert_eq!(inner["headers"]["Content-Type"], "application/json");
        assert_eq!(inner["body"], json!({ "a": 1 }));
    }
}
