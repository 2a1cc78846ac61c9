//! The range over HTTP/1.1 on loopback: the one place that takes the clock and the network.
//!
//! Each request goes to [`Range::handle`] under the lock; delays and broken connections are
//! acted out outside it. Bodies are bounded. Dropping the [`Server`] ends everything it
//! started. Does not speak TLS and never listens on anything but 127.0.0.1.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::http::{Reply, Request, Response};
use crate::range::Range;
use crate::strike::Strike;

/// The largest request body, bytes.
const BODY_MAX: usize = 1024 * 1024;

/// A range that answers on a port until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it serves; lock it to look at the truth or to change it.
    pub range: Arc<Mutex<Range>>,
    tasks: Vec<JoinHandle<()>>,
    skew_ms: i64,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 takes any. Links and token audience become its address.
    ///
    /// # Errors
    /// If the port cannot be taken.
    pub async fn start(range: Range, port: u16) -> io::Result<Self> {
        Self::start_with_skew(range, port, 0).await
    }

    /// The same with a clock that is off by `skew_ms`.
    ///
    /// # Errors
    /// If the port cannot be taken.
    pub async fn start_with_skew(mut range: Range, port: u16, skew_ms: i64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = listener.local_addr()?;
        range.set_base_url(&format!("http://{addr}"));
        let range = Arc::new(Mutex::new(range));
        let accept = tokio::spawn(accept(listener, Arc::clone(&range), skew_ms));
        Ok(Self {
            addr,
            range,
            tasks: vec![accept],
            skew_ms,
        })
    }

    /// The base URL of the mock Okta org; the others stand below it, as [`Range::route`] says.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The range, whatever happened to another holder of the lock.
    pub fn range(&self) -> MutexGuard<'_, Range> {
        lock(&self.range)
    }

    /// Milliseconds since 1970 by the server's clock.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        clock_ms(self.skew_ms)
    }

    /// Lets the attacker move every `every_ms`, besides before each request.
    pub fn keep_attacker_awake(&mut self, every_ms: u64) {
        let (range, skew_ms) = (Arc::clone(&self.range), self.skew_ms);
        self.tasks.push(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(every_ms.max(1))).await;
                lock(&range).tick(clock_ms(skew_ms));
            }
        }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort(); // the connections live in the accept task's set and end with it
        }
    }
}

fn lock(range: &Mutex<Range>) -> MutexGuard<'_, Range> {
    range.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the mocks that takes the clock"
)]
pub(crate) fn clock_ms(skew_ms: i64) -> i64 {
    jiff::Timestamp::now().as_millisecond() + skew_ms
}

async fn accept(listener: TcpListener, range: Arc<Mutex<Range>>, skew_ms: i64) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, Arc::clone(&range), skew_ms));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, range: Arc<Mutex<Range>>, skew_ms: i64) {
    let _ = stream.set_nodelay(true);
    let kill_at_end = Arc::new(Mutex::new(None));
    let (range, last) = (&range, &kill_at_end);
    let service = service_fn(move |request| answer(request, range, last, skew_ms));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(served); // a cut connection is an error here, and is meant
    let pid = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(pid) = pid {
        kill(pid);
    }
}

/// Below it whoever plays with the range strikes: no vendor's path begins so.
const STRIKE: &str = "/.range/strike/";

/// `POST /.range/strike/{what}/{login}`: undoes a containment by hand; no vendor sees it.
fn strike(request: &Request, range: &Mutex<Range>, skew_ms: i64) -> Option<Response> {
    let (what, login) = request.path.strip_prefix(STRIKE)?.split_once('/')?;
    let (status, says) = match (request.method.as_str(), Strike::of(what)) {
        ("POST", Some(what)) => {
            let mut range = lock(range);
            match range.strike(what, login, clock_ms(skew_ms)) {
                Some(says) => (200, says),
                None => (409, format!("there is nothing of {login} to undo so")),
            }
        }
        ("POST", None) => (404, format!("nothing strikes by the name of {what}")),
        _ => (405, "only POST".to_owned()),
    };
    Some(Response {
        status,
        body: says.into_bytes(),
        ..Response::default()
    })
}

async fn answer(
    request: hyper::Request<Incoming>,
    range: &Mutex<Range>,
    kill_at_end: &Mutex<Option<u32>>,
    skew_ms: i64,
) -> Result<hyper::Response<Sent>, Broken> {
    let Some(request) = receive(request).await else {
        return respond(
            Response {
                status: 413,
                ..Response::default()
            },
            None,
        );
    };
    if let Some(struck) = strike(&request, range, skew_ms) {
        return respond(struck, None);
    }
    let (system, request) = Range::route(&request);
    let reply = lock(range).handle(system, &request, clock_ms(skew_ms));
    match reply {
        Reply::Answer { response, delay_ms } => {
            wait(delay_ms).await;
            respond(response, None)
        }
        Reply::Cut { delay_ms } => {
            wait(delay_ms).await;
            Err(Broken)
        }
        Reply::CutMidBody { response, bytes } => respond(response, Some(bytes)),
        Reply::Hang => std::future::pending().await,
        Reply::Kill {
            pid, answer: None, ..
        } => {
            kill(pid);
            Err(Broken)
        }
        Reply::Kill {
            pid,
            answer: Some(mut response),
            delay_ms,
        } => {
            wait(delay_ms).await;
            // Closing makes hyper flush and end the connection, and then it is time.
            response
                .headers
                .push(("Connection".to_owned(), "close".to_owned()));
            *kill_at_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
            respond(response, None)
        }
    }
}

async fn wait(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn kill(pid: u32) {
    if pid > 0 {
        let _ = std::process::Command::new("sh")
            .args(["-c", &format!("kill -9 {pid}")])
            .status();
    }
}

async fn receive(request: hyper::Request<Incoming>) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX)
        .collect()
        .await
        .ok()?
        .to_bytes();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Some(Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_vec(),
    })
}

fn respond(response: Response, cut_after: Option<usize>) -> Result<hyper::Response<Sent>, Broken> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    let sent = Sent {
        body: response.body.into(),
        at: 0,
        cut_after,
        flushed: false,
    };
    builder.body(sent).map_err(|_| Broken)
}

/// The connection is to be closed without ceremony.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was broken on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A body that may die half-way although its length was promised.
struct Sent {
    body: Bytes,
    at: usize,
    cut_after: Option<usize>,
    flushed: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let end = self
            .cut_after
            .unwrap_or(self.body.len())
            .min(self.body.len());
        if self.at < end {
            let piece = self.body.slice(self.at..end);
            self.at = end;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if self.cut_after.is_some() && !self.flushed {
            // Once around, so that what came before the cut leaves the buffer.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.cut_after.map(|_| Err(Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.cut_after.is_none() && self.at == self.body.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.body.len() - self.at) as u64)
    }
}
