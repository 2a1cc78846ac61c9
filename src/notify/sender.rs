//! Sends notices, each receiver by a task and a bounded queue of its own.
//!
//! Whoever tells something hands it over and goes on: a receiver that hangs costs the run nothing,
//! and no other receiver. A full queue loses the newest, which is logged. Few attempts, bounded in
//! time; every attempt carries the same id, so that a receiver can tell one that came twice.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use futures_util::future::join_all;
use http::{Method, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Notice, Notifier, Receiver, Shape, Where, shape};
use crate::given::{Clock, Rng, within};
use crate::transport::{Wire, WireLimits, origin_of};

/// The header that our own form is signed in: `t=<seconds>,v1=<hex>`.
pub const SIGNATURE: &str = "X-Oust-Signature";

/// Notices that wait for one receiver at most.
const QUEUE_MAX: usize = 64;

/// How long one attempt may take, and how much of an answer is read.
const LIMITS: WireLimits = WireLimits {
    call: Duration::from_secs(5),
    body_max: 64 << 10,
};

/// What is waited before the second attempt and before the third, which is the last.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Where PagerDuty takes events.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// Tells everybody who wants to know.
pub struct Sender {
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    lines: Vec<Line>,
}

struct Line {
    receiver: Receiver,
    /// Taken when nothing more is to be told.
    queue: Mutex<Option<mpsc::Sender<(String, Notice)>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Sender {
    /// Begins a task for each receiver; their secrets are fetched at once, so that the first notice
    /// need not wait for them.
    #[must_use]
    pub fn start(
        receivers: Vec<Receiver>,
        wire: &Arc<dyn Wire>,
        clock: &Arc<dyn Clock>,
        rng: &Arc<dyn Rng>,
        user_agent: &str,
    ) -> Self {
        let line = |receiver: Receiver| {
            let (queue, told) = mpsc::channel(QUEUE_MAX);
            let post = Post {
                receiver: receiver.clone(),
                wire: Arc::clone(wire),
                clock: Arc::clone(clock),
                user_agent: user_agent.to_owned(),
            };
            Line {
                receiver,
                queue: Mutex::new(Some(queue)),
                task: Mutex::new(Some(tokio::spawn(post.deliver(told)))),
            }
        };
        Self {
            clock: Arc::clone(clock),
            rng: Arc::clone(rng),
            lines: receivers.into_iter().map(line).collect(),
        }
    }

    /// Takes nothing more, and gives what is on its way so long; the rest is given up.
    pub async fn flush(&self, most: Duration) {
        for line in &self.lines {
            drop(line.queue.lock().expect("nobody panics here").take());
        }
        let tasks = self.lines.iter();
        let tasks: Vec<_> = tasks
            .filter_map(|line| line.task.lock().expect("nobody panics here").take())
            .collect();
        let stops: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
        if within(&*self.clock, most, join_all(tasks)).await.is_none() {
            tracing::warn!("some receivers of notices did not answer in time");
            stops.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

impl Notifier for Sender {
    fn tell(&self, notice: Notice) {
        let id = format!("n_{:016x}", self.rng.next());
        for line in &self.lines {
            if !line.receiver.tell.contains(&notice.tells()) {
                continue;
            }
            let queue = line.queue.lock().expect("nobody panics here");
            let taken = queue
                .as_ref()
                .is_some_and(|queue| queue.try_send((id.clone(), notice.clone())).is_ok());
            if !taken {
                tracing::warn!("a notice was not taken: its receiver's queue is full or closed");
            }
        }
    }
}

struct Post {
    receiver: Receiver,
    wire: Arc<dyn Wire>,
    clock: Arc<dyn Clock>,
    user_agent: String,
}

/// Where to send, and with which secret.
struct Target {
    url: SecretString,
    secret: Option<SecretString>,
}

impl Post {
    async fn deliver(self, mut told: mpsc::Receiver<(String, Notice)>) {
        let mut target = self.target().await;
        while let Some((id, notice)) = told.recv().await {
            // What could not be fetched once may be there the next time.
            if target.is_err() {
                target = self.target().await;
            }
            let sent = match &target {
                Ok(target) => self.send(target, &id, &notice).await,
                Err(why) => Err(why.clone()),
            };
            if let Err(why) = sent {
                let shape = self.receiver.shape.word();
                tracing::warn!(id, shape, why, "a notice could not be delivered");
            }
        }
    }

    async fn target(&self) -> Result<Target, String> {
        let clock = &*self.clock;
        let url: SecretString = match &self.receiver.url {
            Where::Plain(url) => url.to_string().into(),
            Where::PagerDuty => PAGERDUTY.to_owned().into(),
            Where::Secret(place) => {
                let url = place.fetch(clock).await.map_err(|why| why.to_string())?;
                // Its own words hold the address.
                origin_of(url.expose_secret().trim())
                    .map_err(|_| format!("{} holds no https address", place.place()))?
                    .to_string()
                    .into()
            }
        };
        let secret = match &self.receiver.secret {
            Some(place) => Some(place.fetch(clock).await.map_err(|why| why.to_string())?),
            None => None,
        };
        Ok(Target { url, secret })
    }

    async fn send(&self, target: &Target, id: &str, notice: &Notice) -> Result<(), String> {
        let secret = target.secret.as_ref();
        let body = shape::body(self.receiver.shape, notice, id, secret);
        let mut waits = WAITS.into_iter();
        loop {
            let request = self.request(target, id, &body)?;
            let why = match self.wire.send(request, LIMITS).await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    let status = answer.status();
                    let why = format!("it answered {}", status.as_u16());
                    if !status.is_server_error() && status.as_u16() != 429 {
                        return Err(why);
                    }
                    why
                }
                Err(error) => error.to_string(),
            };
            match waits.next() {
                Some(wait) => self.clock.sleep(wait).await,
                None => return Err(why),
            }
        }
    }

    fn request(
        &self,
        target: &Target,
        id: &str,
        body: &SecretString,
    ) -> Result<Request<Vec<u8>>, String> {
        let body = body.expose_secret();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target.url.expose_secret())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, &self.user_agent)
            .header("X-Oust-Notice", id);
        if let (Shape::Oust, Some(secret)) = (self.receiver.shape, &target.secret) {
            let value = signature(secret, self.clock.now().seconds(), body.as_bytes());
            request = request.header(SIGNATURE, value);
        }
        let request = request.body(body.as_bytes().to_vec());
        request.map_err(|_| "its address is none".to_owned())
    }
}

/// `t=<seconds>,v1=<hex of HMAC-SHA256 over "<seconds>." and the body>`: the time is signed with
/// the body, so that a receiver can refuse what is old.
#[must_use]
pub fn signature(secret: &SecretString, seconds: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    let mut text = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}
