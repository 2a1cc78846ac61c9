//! Requests that change nothing, and the only thing that planner and prover ever hold.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde_json::Value;

use super::client::{CallError, Client, Outgoing};
use super::limit::{Bucket, Rank};
use super::manners::Quota;
use super::meaning::Answer;
use super::request::{Body, OwnHeader, Path};
use super::wire::BODY_MAX;
use crate::given::Clock;
use crate::model::{SystemId, Utc};

/// Pages followed at most.
const PAGES_MAX: usize = 200;

/// A request that changes nothing at the vendor.
#[derive(Clone, Debug)]
pub struct Read {
    method: Method,
    path: Path,
    body: Option<Body>,
    headers: Vec<OwnHeader>,
    bucket: Option<Bucket>,
    body_max: usize,
    is_of_many: bool,
}

impl Read {
    /// A GET.
    #[must_use]
    pub fn get(path: Path) -> Self {
        Self::new(Method::GET, path, None)
    }

    /// A POST that only reads; name it as a constant in the connector, with its source.
    #[must_use]
    pub fn query(path: Path, body: Value) -> Self {
        Self::new(Method::POST, path, Some(Body::Json(body)))
    }

    /// A POST of a form that only reads, where a vendor knows no other way to ask.
    #[must_use]
    pub fn form(path: Path, pairs: Vec<(Cow<'static, str>, String)>) -> Self {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(key, value)| (key, SecretString::from(value)));
        Self::new(Method::POST, path, Some(Body::Form(pairs.collect())))
    }

    fn new(method: Method, path: Path, body: Option<Body>) -> Self {
        Self {
            method,
            path,
            body,
            headers: Vec::new(),
            bucket: None,
            body_max: BODY_MAX,
            is_of_many: false,
        }
    }

    /// With a header of its own, by its lower-case name; it replaces the usual one.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Counted against this bucket, where method and path do not tell what is asked.
    #[must_use]
    pub fn paced(mut self, bucket: Bucket) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// What makes it the same question as another; of its body all, so never to be shown.
    #[must_use]
    pub fn key(&self) -> String {
        let body = self.body.as_ref().map(Body::bytes).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        format!("{} {:?} {:?} {body}", self.method, self.path, self.headers)
    }

    /// For pages of the System Log, which may be large: up to 32 MiB.
    #[must_use]
    pub fn log_page(mut self) -> Self {
        self.body_max = 32 << 20;
        self
    }

    /// For reads that name nobody and so answer with what everybody did: one waits until few others
    /// of the kind are on their way, because their answers are large.
    #[must_use]
    pub fn of_many(mut self) -> Self {
        self.is_of_many = true;
        self
    }
}

/// Sends [`Read`]s. All that planning and verifying ever hold.
///
/// ```compile_fail,E0308
/// # use oust::transport::{Path, Reader, Write};
/// # async fn demo(reader: &Reader) {
/// reader.send(&Write::post(Path::new("/people/7/deactivate"))).await; // expected `Read`
/// # }
/// ```
#[derive(Clone)]
pub struct Reader {
    pub(super) client: Arc<Client>,
    pub(super) rank: Rank,
    pub(super) patience: Duration,
    pub(super) turn: u32,
}

impl Reader {
    /// A reader of the highest rank, patient enough to wait a throttled minute out: a window
    /// is a minute long, and its reset may come a moment later.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            rank: Rank::Evict,
            patience: Duration::from_secs(65),
            turn: 0,
        }
    }

    /// The same reader for somebody else's turn: within a rank the lower goes first. It is a
    /// subject's place in the case, which lists whom to help first.
    #[must_use]
    pub fn in_turn(&self, turn: u32) -> Self {
        Self {
            turn,
            ..self.clone()
        }
    }

    /// The same reader at another place in the queue.
    #[must_use]
    pub fn ranked(&self, rank: Rank) -> Self {
        Self {
            rank,
            ..self.clone()
        }
    }

    /// The same reader with at most this much time for each call, repetitions included.
    #[must_use]
    pub fn patient(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// Its place in the queue.
    #[must_use]
    pub fn rank(&self) -> Rank {
        self.rank
    }

    /// How much time each of its calls has, repetitions included.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Which system it reads.
    #[must_use]
    pub fn system(&self) -> &SystemId {
        self.client.system()
    }

    /// The clock it lives by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &**self.client.clock()
    }

    /// The vendor's time now, to a second, as far as its answers told it.
    #[must_use]
    pub fn vendor_now(&self) -> Utc {
        self.client.vendor_now()
    }

    /// What the vendor's last answer told of its long quota, if it has one.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.client.quota()
    }

    /// Sends one read; the answer may have any status.
    ///
    /// # Errors
    /// [`CallError`] if no usable answer came within the attempts and the time.
    pub async fn send(&self, read: &Read) -> Result<Answer, CallError> {
        self.client
            .send(&self.outgoing(read, self.client.url(&read.path)))
            .await
    }

    /// Follows `Link: rel="next"` to the end and returns all items of all pages.
    ///
    /// The inner error is the first answer that was not good, for the caller to interpret.
    ///
    /// # Errors
    /// [`CallError`] as [`Reader::send`], for a link that leaves the configured address, for a
    /// page that is no list, and for more than 200 pages: an incomplete list is no list.
    pub async fn list(&self, read: &Read) -> Result<Result<Vec<Value>, Answer>, CallError> {
        let listed = self.list_at(read).await?;
        Ok(listed.map(|(items, _)| items))
    }

    /// The same, with the vendor's time of the first page: what is older is in the list.
    ///
    /// # Errors
    /// As [`Reader::list`].
    pub async fn list_at(
        &self,
        read: &Read,
    ) -> Result<Result<(Vec<Value>, Utc), Answer>, CallError> {
        let mut items = Vec::new();
        let at = self.list_each(read, |item| items.push(item)).await?;
        Ok(at.map(|at| (items, at)))
    }

    /// The same for lists that are too large to be held: each item is given to `take` with its page,
    /// the items of a list that breaks off, too. Returns the vendor's time of the first page.
    ///
    /// # Errors
    /// As [`Reader::list`].
    pub async fn list_each(
        &self,
        read: &Read,
        mut take: impl FnMut(Value),
    ) -> Result<Result<Utc, Answer>, CallError> {
        let mut url = self.client.url(&read.path);
        let mut at = None;
        for _ in 0..PAGES_MAX {
            let answer = self.client.send(&self.outgoing(read, url)).await?;
            if !answer.is_good() {
                return Ok(Err(answer));
            }
            let next = answer.next_link();
            let at = *at.get_or_insert(answer.server_at);
            match answer.json {
                Value::Array(page) => page.into_iter().for_each(&mut take),
                _ => return Err(self.unusable("a list was expected")),
            }
            match next {
                Some(link) => url = self.client.own_link(&link)?,
                None => return Ok(Ok(at)),
            }
        }
        Err(self.unusable("more than 200 pages"))
    }

    /// One page of a list: the first, or the one that a link of the page before leads to, if that
    /// stays at home. The answer may have any status.
    ///
    /// # Errors
    /// [`CallError`] for a link elsewhere, or if no usable answer came.
    pub async fn page(&self, read: &Read, next: Option<&str>) -> Result<Answer, CallError> {
        let url = match next {
            Some(link) => self.client.own_link(link)?,
            None => self.client.url(&read.path),
        };
        self.client.send(&self.outgoing(read, url)).await
    }

    /// Sends a GET to a link that the vendor sent, if it stays at home.
    ///
    /// # Errors
    /// [`CallError`] for a link elsewhere, or if no usable answer came.
    pub async fn follow(&self, link: &str) -> Result<Answer, CallError> {
        self.page(&Read::get(Path::new("")), Some(link)).await
    }

    fn outgoing<'call>(&self, read: &'call Read, url: url::Url) -> Outgoing<'call> {
        Outgoing {
            method: read.method.clone(),
            url,
            body: read.body.as_ref(),
            place: read.path.host(),
            headers: &read.headers,
            bucket: read.bucket,
            is_write: false,
            rank: self.rank,
            turn: self.turn,
            patience: self.patience,
            body_max: read.body_max,
            is_of_many: read.is_of_many,
            hold: None,
        }
    }

    fn unusable(&self, why: &str) -> CallError {
        CallError::Unusable {
            system: self.system().clone(),
            why: why.to_owned(),
        }
    }
}
