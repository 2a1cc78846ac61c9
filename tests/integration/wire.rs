//! A mock org without a socket: the wire, the clock and the key that every test shares.
//!
//! Time is tokio's paused time, so that a minute of throttling takes no minute: tests that use
//! this say `#[tokio::test(start_paused = true)]`. The mock keeps its own journal of what was
//! asked; tests read effects there and in the org's state, never in what the client believes.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use oust::connector::{DirectorySystem, System};
use oust::connectors::{Opened, Opening, REGISTER};
use oust::given::{Clock, Rng};
use oust::model::{SystemId, Utc};
use oust::transport::{Wire, WireError, WireLimits};
use oust_mocks::world::{CLIENT_ID, READER_CLIENT_ID, SSWS_SECRET};
use oust_mocks::{KeyPair, Range, Reply, Request, World};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// When every story begins.
pub(crate) const NOW: &str = "2026-03-10T15:00:00.000Z";

/// [`NOW`] in milliseconds, for building a world.
pub(crate) fn now_ms() -> i64 {
    NOW.parse::<Utc>().unwrap().millis()
}

/// Tokio's paused time, beginning at [`NOW`]; `ahead_ms` sets our clock wrong.
pub(crate) struct PausedClock {
    began: tokio::time::Instant,
    ahead_ms: i64,
}

impl PausedClock {
    pub(crate) fn new(ahead_ms: i64) -> Self {
        Self {
            began: tokio::time::Instant::now(),
            ahead_ms,
        }
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Utc {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        Utc::from_millis(now_ms() + passed + self.ahead_ms)
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// Numbers that repeat from run to run.
#[derive(Default)]
pub(crate) struct CountingRng(AtomicU64);

impl Rng for CountingRng {
    fn next(&self) -> u64 {
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Hands requests to a range in this process.
pub(crate) struct MockWire {
    range: Arc<Mutex<Range>>,
    /// The vendor's clock, which may differ from ours.
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Wire for MockWire {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<http::Response<Vec<u8>>, WireError> {
        let now_ms = self.clock.now().millis();
        let (system, asked) = Range::route(&as_asked(request));
        let reply = self.range.lock().unwrap().handle(system, &asked, now_ms);
        let silent = |why: &str| Err(WireError::Silent(why.to_owned()));
        match reply {
            Reply::Answer { response, delay_ms } => {
                self.clock.sleep(Duration::from_millis(delay_ms)).await;
                if response.body.len() > limits.body_max {
                    return Err(WireError::Unreadable {
                        status: response.status,
                        why: format!("more than {} bytes", limits.body_max),
                    });
                }
                let mut answer = http::Response::builder().status(response.status);
                for (name, value) in &response.headers {
                    answer = answer.header(name, value);
                }
                Ok(answer.body(response.body).unwrap())
            }
            Reply::Cut { delay_ms } => {
                self.clock.sleep(Duration::from_millis(delay_ms)).await;
                silent("connection closed")
            }
            Reply::CutMidBody { response, .. } => Err(WireError::Unreadable {
                status: response.status,
                why: "connection closed".into(),
            }),
            Reply::Hang => {
                self.clock.sleep(limits.call).await;
                silent("timed out")
            }
            Reply::Kill { .. } => silent("the mock cannot kill in process"),
        }
    }
}

fn as_asked(request: http::Request<Vec<u8>>) -> Request {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut asked = Request::new(parts.method.as_str(), target);
    for (name, value) in &parts.headers {
        asked = asked.with_header(name.as_str(), value.to_str().unwrap());
    }
    // What an HTTP client adds by itself, and signatures cover.
    if let Some(host) = parts.uri.authority() {
        asked = asked.with_header("host", host.as_str());
    }
    asked.body = body;
    asked
}

/// A mock org, and all that a connector is opened with.
pub(crate) struct Org {
    range: Arc<Mutex<Range>>,
    vendor_clock: Arc<PausedClock>,
    our_clock: Arc<PausedClock>,
    files: Vec<NamedTempFile>,
}

impl Org {
    /// Opens a world. Must be called inside a paused runtime.
    pub(crate) fn new(world: World) -> Self {
        Self {
            range: Arc::new(Mutex::new(Range::new(world, 7))),
            vendor_clock: Arc::new(PausedClock::new(0)),
            our_clock: Arc::new(PausedClock::new(0)),
            files: Vec::new(),
        }
    }

    /// Sets our own clock wrong.
    pub(crate) fn with_our_clock_ahead(mut self, ms: i64) -> Self {
        self.our_clock = Arc::new(PausedClock::new(ms));
        self
    }

    /// The range, for looking at the truth and for changing it by hand.
    pub(crate) fn range(&self) -> MutexGuard<'_, Range> {
        self.range.lock().unwrap()
    }

    /// The vendor's time now.
    pub(crate) fn at_ms(&self) -> i64 {
        self.vendor_clock.now().millis()
    }

    /// Lets time pass.
    pub(crate) async fn wait(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// A secret in a file that only we can read, as a config refers to it.
    pub(crate) fn secret(&mut self, text: &str) -> Value {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let place = json!({ "file": file.path() });
        self.files.push(file);
        place
    }

    /// Opens the connector with these settings; `org_url` is filled in.
    pub(crate) fn open(&self, mut settings: Value) -> DirectorySystem {
        settings["org_url"] = self.range().okta.base_url.clone().into();
        let row = REGISTER.iter().find(|row| row.vendor.id == "okta").unwrap();
        let opening = Opening {
            settings,
            ..self.opening()
        };
        match (row.open)(&opening) {
            Ok(Opened::Directory(directory)) => directory,
            Ok(Opened::Service(_)) => panic!("okta is the directory"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a service with these settings; `{base}` in an address is where the mocks are.
    pub(crate) fn open_service(&self, vendor: &str, settings: &Value) -> System {
        let base = self.range().okta.base_url.clone();
        let settings = settings.to_string().replace("{base}", &base);
        let row = REGISTER.iter().find(|row| row.vendor.id == vendor).unwrap();
        let opening = Opening {
            id: SystemId::new(vendor),
            settings: serde_json::from_str(&settings).unwrap(),
            ..self.opening()
        };
        match (row.open)(&opening) {
            Ok(Opened::Service(system)) => system,
            Ok(Opened::Directory(_)) => panic!("{vendor} is a service"),
            Err(error) => panic!("{error}"),
        }
    }

    fn opening(&self) -> Opening {
        Opening {
            id: SystemId::new("okta"),
            settings: Value::Null,
            wire: Arc::new(MockWire {
                range: Arc::clone(&self.range),
                clock: Arc::clone(&self.vendor_clock) as Arc<dyn Clock>,
            }),
            clock: Arc::clone(&self.our_clock) as Arc<dyn Clock>,
            rng: Arc::new(CountingRng::default()),
            user_agent: "oust/0.1.0 run=r_test".into(),
            budgets: oust::transport::Budgets::default(),
        }
    }

    /// Opens it with the service account's SSWS token.
    pub(crate) fn by_api_token(&mut self) -> DirectorySystem {
        let token = self.secret(SSWS_SECRET);
        self.open(json!({ "auth": { "api_token": token } }))
    }

    /// Opens it as a service app that owns `key`, which the world must have registered.
    pub(crate) fn by_key(&mut self, key: &KeyPair) -> DirectorySystem {
        let auth = self.service_app(CLIENT_ID, key);
        self.open(json!({ "auth": auth }))
    }

    /// The settings of a service app.
    pub(crate) fn service_app(&mut self, client_id: &str, key: &KeyPair) -> Value {
        let private_key = self.secret(&key.private_pem);
        json!({ "client_id": client_id, "private_key": private_key, "key_id": key.kid })
    }

    /// Opens it as two service apps, one that writes and one that can only read.
    pub(crate) fn by_two_keys(&mut self, writer: &KeyPair, reader: &KeyPair) -> DirectorySystem {
        let auth = self.service_app(CLIENT_ID, writer);
        let read_auth = self.service_app(READER_CLIENT_ID, reader);
        self.open(json!({ "auth": auth, "read_auth": read_auth }))
    }
}
