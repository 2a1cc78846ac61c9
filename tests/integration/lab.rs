//! A laboratory: the engine and the Okta connector against the mock in this process.
//!
//! Time is tokio's paused clock, chance comes from one seed, the network is a function call
//! that may lose, delay or cut what the seed says, and the ledger is in memory. The same seed
//! replays the same incident to the letter.

pub(crate) mod services;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use oust::connector::System;
use oust::connectors::{Opened, Opening, REGISTER};
use oust::consent::{Asked, Consent};
use oust::engine::{
    Ended, MassOrder, Observer, PlanRequest, Prepared, Run, Silent, Snapshot, Start, Tools, plan,
};
use oust::given::{Clock, Rng};
use oust::guard::GuardConfig;
use oust::ledger::{RunState, Store};
use oust::model::{Plan, RunId, Scope, Source, SystemId, Utc};
use oust::playbook::{CheckedPlaybook, find};
use oust::transport::{Wire, WireError, WireLimits};
use oust_mocks::{Range, Reply, World};
use serde_json::json;
use tokio::sync::watch;

/// The moment every laboratory begins: the end of the story's attack.
pub(crate) const NOON: i64 = 1_773_154_800_000;

/// Where the mock believes it is.
pub(crate) const ORIGIN: &str = "https://contoso.okta.example";

/// Virtual time: begins at [`NOON`], moves with tokio's paused clock.
pub(crate) struct LabClock {
    began: tokio::time::Instant,
}

impl Default for LabClock {
    fn default() -> Self {
        Self {
            began: tokio::time::Instant::now(),
        }
    }
}

impl Clock for LabClock {
    fn now(&self) -> Utc {
        Utc::from_millis(NOON).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// splitmix64 from a seed.
pub(crate) struct LabRng(Mutex<u64>);

impl LabRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Rng for LabRng {
    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Watches the network, and may kill the process there.
pub(crate) trait Tap: Send + Sync {
    /// Called before the vendor sees a request. `true`: the process dies here.
    fn before(&self, _request: &oust_mocks::Request, _range: &Range) -> bool {
        false
    }
    /// Called after the effect, before the answer. `true`: the process dies here.
    fn after(&self, _request: &oust_mocks::Request, _range: &Range) -> bool {
        false
    }
}

/// Lets everything pass.
pub(crate) struct NoTap;

impl Tap for NoTap {}

/// The network: in process, in virtual time.
pub(crate) struct LabWire {
    pub(crate) range: Arc<Mutex<Range>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<LabRng>,
    /// The shortest and the longest way there or back, milliseconds.
    pub(crate) latency_ms: (u64, u64),
    pub(crate) tap: Arc<dyn Tap>,
    /// Turns true when the tap killed the process.
    pub(crate) dead: watch::Sender<bool>,
}

impl LabWire {
    async fn travel(&self) {
        let (min, max) = self.latency_ms;
        let ms = min + self.rng.below(max - min + 1);
        self.clock.sleep(Duration::from_millis(ms)).await;
    }

    async fn die(&self) -> ! {
        let _ = self.dead.send(true);
        std::future::pending().await
    }
}

#[async_trait]
impl Wire for LabWire {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: WireLimits,
    ) -> Result<Response<Vec<u8>>, WireError> {
        let asked = as_asked(&request);
        let late = || WireError::Silent("timed out".into());
        self.travel().await;
        let doomed = { self.tap.before(&asked, &self.range.lock().unwrap()) };
        if doomed {
            self.die().await;
        }
        let (reply, doomed) = {
            let mut range = self.range.lock().unwrap();
            let (system, routed) = Range::route(&asked);
            let reply = range.handle(system, &routed, self.clock.now().millis());
            let doomed = self.tap.after(&asked, &range);
            (reply, doomed)
        };
        if doomed {
            self.die().await;
        }
        self.travel().await;
        match reply {
            Reply::Answer { response, delay_ms } => {
                let delay = Duration::from_millis(delay_ms);
                self.clock.sleep(delay.min(limits.call)).await;
                if delay > limits.call {
                    Err(late())
                } else {
                    answered(response, limits)
                }
            }
            Reply::Cut { delay_ms } => {
                self.clock.sleep(Duration::from_millis(delay_ms)).await;
                Err(WireError::Silent("connection closed".into()))
            }
            Reply::CutMidBody { response, .. } => Err(WireError::Unreadable {
                status: response.status,
                why: "connection reset".into(),
            }),
            Reply::Hang | Reply::Kill { .. } => {
                self.clock.sleep(limits.call).await;
                Err(late())
            }
        }
    }
}

fn as_asked(request: &Request<Vec<u8>>) -> oust_mocks::Request {
    let uri = request.uri();
    let mut asked = oust_mocks::Request::new(
        request.method().as_str(),
        uri.path_and_query().map_or("/", |target| target.as_str()),
    );
    for (name, value) in request.headers() {
        asked = asked.with_header(name.as_str(), value.to_str().unwrap_or_default());
    }
    // What the library that speaks HTTP adds; signatures cover it.
    if let Some(authority) = uri.authority().filter(|_| asked.header("host").is_none()) {
        asked = asked.with_header("host", authority.as_str());
    }
    asked.body = request.body().clone();
    asked
}

fn answered(
    from: oust_mocks::Response,
    limits: WireLimits,
) -> Result<Response<Vec<u8>>, WireError> {
    if from.body.len() > limits.body_max {
        return Err(WireError::Unreadable {
            status: from.status,
            why: "too large".into(),
        });
    }
    let mut response = Response::builder().status(from.status);
    for (name, value) in &from.headers {
        response = response.header(name, value);
    }
    Ok(response.body(from.body).expect("the mock answers in HTTP"))
}

/// One laboratory.
pub(crate) struct Lab {
    pub(crate) range: Arc<Mutex<Range>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<LabRng>,
    pub(crate) wire: Arc<LabWire>,
    /// Holds the files of secrets; no other file is touched.
    home: tempfile::TempDir,
    token: std::path::PathBuf,
}

impl Lab {
    /// A laboratory in which chance comes from `seed`.
    pub(crate) fn new(world: World, seed: u64) -> Self {
        Self::tapped(world, seed, Arc::new(NoTap), 40)
    }

    /// A laboratory in which each call takes `call_ms`, so that time counts round trips.
    pub(crate) fn steady(world: World, call_ms: u64, tap: Arc<dyn Tap>) -> Self {
        Self::at(world, 7, tap, (call_ms / 2, call_ms / 2))
    }

    /// The same, with somebody at the network.
    pub(crate) fn tapped(world: World, seed: u64, tap: Arc<dyn Tap>, latency_max_ms: u64) -> Self {
        Self::at(world, seed, tap, (0, latency_max_ms))
    }

    fn at(world: World, seed: u64, tap: Arc<dyn Tap>, latency_ms: (u64, u64)) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(LabClock::default());
        let rng = Arc::new(LabRng::new(seed));
        let world = world.base_url(ORIGIN);
        let range = Arc::new(Mutex::new(Range::new(world, seed)));
        let wire = Arc::new(LabWire {
            range: Arc::clone(&range),
            clock: Arc::clone(&clock),
            rng: Arc::clone(&rng),
            latency_ms,
            tap,
            dead: watch::Sender::new(false),
        });
        let home = tempfile::tempdir().unwrap();
        let token = home.path().join("token");
        write_private(&token, oust_mocks::world::SSWS_SECRET);
        Self {
            range,
            clock,
            rng,
            wire,
            home,
            token,
        }
    }

    /// What an engine is given here, over this ledger. A new process has new tools.
    pub(crate) fn tools(&self, store: Arc<dyn Store>) -> Tools {
        self.tools_as(store, "oust/test run=r_lab")
    }

    /// The same, under another user agent.
    pub(crate) fn tools_as(&self, store: Arc<dyn Store>, user_agent: &str) -> Tools {
        let opening = Opening {
            id: SystemId::new("okta"),
            settings: json!({
                "org_url": ORIGIN,
                "auth": { "api_token": { "file": self.token } },
                "quarantine_group": oust_mocks::world::QUARANTINE_GROUP,
            }),
            wire: self.wire.clone(),
            clock: Arc::clone(&self.clock),
            rng: self.rng.clone(),
            user_agent: user_agent.into(),
            budgets: oust::transport::Budgets::default(),
        };
        let row = REGISTER.iter().find(|row| row.vendor.id == "okta").unwrap();
        let Ok(Opened::Directory(directory)) = (row.open)(&opening) else {
            panic!("the directory opens");
        };
        Tools {
            directory,
            services: Vec::new(),
            vendors: Vec::new(),
            store,
            clock: Arc::clone(&self.clock),
            rng: self.rng.clone(),
            tool: "oust/test".into(),
            mass_order: MassOrder::InTurn,
        }
    }

    /// A service behind the directory.
    pub(crate) fn service(&self, vendor: &str, settings: serde_json::Value) -> System {
        let mut rows = REGISTER.iter();
        let row = rows.find(|row| row.vendor.id == vendor).unwrap();
        let opened = (row.open)(&Opening {
            id: SystemId::new(vendor),
            settings,
            wire: self.wire.clone(),
            clock: Arc::clone(&self.clock),
            rng: self.rng.clone(),
            user_agent: "oust/test run=r_lab".into(),
            budgets: oust::transport::Budgets::default(),
        });
        match opened {
            Ok(Opened::Service(system)) => system,
            Ok(Opened::Directory(_)) => panic!("{vendor} is a service"),
            Err(error) => panic!("{error}"),
        }
    }

    /// A secret in a file of this laboratory's.
    pub(crate) fn secret(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.home.path().join(name);
        write_private(&path, text);
        path
    }

    /// Plans for `who` along a shipped playbook, for the last two hours.
    pub(crate) async fn prepare(&self, tools: &Tools, who: &[&str], playbook: &str) -> Prepared {
        let request = self.request(who);
        plan(tools, &shipped(playbook), &GuardConfig::default(), request)
            .await
            .unwrap()
    }

    pub(crate) fn request(&self, who: &[&str]) -> PlanRequest {
        let since = self.clock.now().minus(Duration::from_secs(2 * 3600));
        PlanRequest {
            run: RunId::new("r_lab"),
            who: who.iter().map(|name| (*name).to_owned()).collect(),
            may_be_gone: std::collections::BTreeSet::new(),
            roles: std::collections::BTreeMap::new(),
            window: Some((since, None)),
            case_id: None,
            reason: None,
            source: Source::Person("kim".into()),
            scope: Scope::default(),
            lifts: Vec::new(),
            warm_writes: false,
            identities: Vec::new(),
            found: Vec::new(),
            grace: std::time::Duration::from_secs(1),
        }
    }

    /// Contains `who` from plan to verdict.
    pub(crate) async fn contain(
        &self,
        tools: &Tools,
        who: &[&str],
        playbook: &str,
    ) -> (Ended, RunState) {
        // A secret's file is read on another thread: before anything else goes on, so that the
        // order of things never depends on the machine.
        tools.directory.system.client.warm_reads().await;
        tools.directory.system.client.warm_writes().await;
        let prepared = self.prepare(tools, who, playbook).await;
        let start = self.start(&prepared.plan, prepared.snapshot);
        let run = Run::begin(tools.clone(), prepared.plan, start)
            .await
            .unwrap();
        let ended = run.carry_out().await;
        (ended, run.state())
    }

    /// What a run starts with, agreed to just now.
    pub(crate) fn start(&self, plan: &Plan, snapshot: Snapshot) -> Start {
        self.start_watched(plan, snapshot, Arc::new(Silent))
    }

    pub(crate) fn start_watched(
        &self,
        plan: &Plan,
        snapshot: Snapshot,
        observer: Arc<dyn Observer>,
    ) -> Start {
        let now = self.clock.now();
        // Nobody stops a run here: the sender is leaked with the channel open.
        let (keep, stop) = watch::channel(false);
        std::mem::forget(keep);
        Start {
            consent: Consent::yes(plan, "kim", Asked { shown_at: now, now }).unwrap(),
            requester: "kim".into(),
            snapshot,
            observer,
            stop,
            prove_for: None,
            handover: None,
        }
    }
}

/// A secret's file, which nobody else may read.
fn write_private(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A shipped playbook, checked against the real register.
pub(crate) fn shipped(name: &str) -> CheckedPlaybook {
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    find(name, &vendors).unwrap_or_else(|error| panic!("{error}"))
}
