//! What it takes to work: the systems, the ledger, the desk; and who works with them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;

use super::Stop;
use crate::cli::args::Global;
use crate::cli::carry::store_failed;
use crate::cli::exit::{Exit, Failure};
use crate::cli::setup::{TOOL, limits, opener, state_dir};
use crate::cli::{say, show};
use crate::config::{Config, Poll};
use crate::connectors;
use crate::desk::SqliteDesk;
use crate::evidence::Detections;
use crate::ledger::SqliteStore;
use crate::notify::Sender;
use crate::report::escape::visible;
use crate::server::poll::{Poller, SOURCE};
use crate::server::work::{OpenTools, Setup, Worker};
use crate::server::{Alive, Settings, Shared, look_at_ledger, router};
use crate::transport::{HttpWire, Wire};

/// How long notices on their way are waited for at the end.
const FLUSH: Duration = Duration::from_secs(2);

/// Everything that the half that works has open.
pub(super) struct Work {
    config: Arc<Config>,
    open: OpenTools,
    detections: Arc<Detections>,
}

/// What goes on beside the requests until the server is stopped.
pub(super) struct Working {
    /// Console and API.
    pub(super) router: Router,
    tasks: Vec<JoinHandle<()>>,
    notifier: Arc<Sender>,
}

impl Work {
    /// Opens systems, ledger and desk, and puts them where all parts find them.
    ///
    /// # Errors
    /// [`Failure`] that says which of them could not be opened.
    pub(super) fn open(
        global: &Global,
        config: Config,
        shared: &mut Shared,
    ) -> Result<Self, Failure> {
        let (detections, broken) = config.load_detections().map_err(|error| {
            let hint = error.hint();
            Failure::new(Exit::Usage, error, hint)
        })?;
        for rule in broken {
            say(&format!("! {}", visible(&rule.to_string())));
        }
        if let Some(poll) = &config.server.poll {
            known(poll, &detections)?;
        }
        let path = state_dir(global)?.join("oust.db");
        let ledger = Arc::new(SqliteStore::open(&path).map_err(store_failed)?);
        let desk = SqliteDesk::open(&SqliteDesk::beside(&path)).map_err(|error| {
            let hint = "name another directory with --state, or mend the file";
            Failure::new(Exit::NotStarted, error, hint)
        })?;
        for note in ledger.notes().iter().chain(desk.notes()) {
            say(&format!("! {}", visible(&note.text)));
            say(&format!(" hint: {}", visible(&note.hint)));
        }
        let config = Arc::new(config);
        let open = opener(config.clone(), ledger.clone(), &shared.clock, &shared.rng)?;
        shared.archive = Some(ledger);
        shared.desk = Some(Arc::new(desk));
        Ok(Self {
            config,
            open,
            detections: Arc::new(detections),
        })
    }

    /// Begins to work beside the requests.
    ///
    /// # Errors
    /// [`Failure`] if it cannot begin.
    pub(super) fn begin(
        self,
        shared: &Shared,
        alive: &Alive,
        stop: &Stop,
        https: bool,
    ) -> Result<Working, Failure> {
        let wire = HttpWire::new()
            .map_err(|why| Failure::say(Exit::NotStarted, why, "install the CA certificates"))?;
        let wire: Arc<dyn Wire> = Arc::new(wire);
        let receivers = self.config.notify.clone();
        let notifier = Sender::start(receivers, &wire, &shared.clock, &shared.rng, TOOL);
        let notifier = Arc::new(notifier);
        let worker = Worker::new(shared.clone(), self.setup(&notifier)?, stop.clone());
        let worker = worker.map_err(|error| Failure::new(Exit::NotStarted, error, ""))?;
        let mut tasks = Vec::new();
        if let Some(poll) = &self.config.server.poll {
            tasks.push(self.poll(shared, poll.clone(), stop.clone())?);
        }
        let beating = alive.begin();
        tasks.push(tokio::spawn(async move {
            let _alive = beating;
            if let Err(error) = worker.work().await {
                say(&format!("error: nobody works on alerts: {error}"));
                tracing::error!("nobody works on alerts: {error}");
            }
        }));
        tokio::spawn(look_at_ledger(shared.clone()));
        Ok(Working {
            router: router(shared.clone(), self.settings(https)),
            tasks,
            notifier,
        })
    }

    fn setup(&self, notifier: &Arc<Sender>) -> Result<Setup, Failure> {
        let vendors: Vec<_> = connectors::vendors().collect();
        let rules = self.config.rules.clone().complete(&vendors);
        let rules = rules.map_err(|error| {
            let hint = error.hint();
            Failure::new(Exit::Usage, error, hint)
        })?;
        let sources = self.config.server.sources.iter();
        let kinds = sources.map(|source| (source.name.clone(), source.kind.name.to_owned()));
        let polled = (SOURCE.to_owned(), SOURCE.to_owned());
        Ok(Setup {
            open: self.open.clone(),
            rules,
            kinds: kinds.chain([polled]).collect::<BTreeMap<_, _>>(),
            guards: limits(&self.config.guards),
            cap_source: self.config.guards.cap_source.into(),
            owners: self.config.owners.clone(),
            notifier: notifier.clone(),
            approvers: self.config.approvers.clone(),
        })
    }

    fn poll(&self, shared: &Shared, poll: Poll, stop: Stop) -> Result<JoinHandle<()>, Failure> {
        let tools = (self.open)(None).map_err(|why| Failure::say(Exit::NotStarted, why, ""))?;
        let detections = self.detections.clone();
        let poller = Poller::new(shared.clone(), tools.directory, detections, poll);
        Ok(tokio::spawn(async move { poller.poll(stop).await }))
    }

    fn settings(&self, https: bool) -> Settings {
        let server = &self.config.server;
        let public = server.public_url.as_ref().and_then(|url| url.host_str());
        let listens = [server.listen, server.console].map(|at| at.ip().to_string());
        let mut hosts: Vec<String> = public.map(str::to_owned).into_iter().collect();
        hosts.extend(listens);
        if server.listen.ip().is_loopback() {
            hosts.push("localhost".into());
        }
        Settings {
            hosts,
            https,
            approvers: self.config.approvers.clone(),
            zone: TimeZone::system(),
            report: show::report,
        }
    }
}

impl Working {
    /// Waits until everything has come to its own end, and notices are away.
    pub(super) async fn end(self) {
        for task in self.tasks {
            let _ = task.await;
        }
        self.notifier.flush(FLUSH).await;
    }
}

/// A detection that is asked for and is not there would never be found.
fn known(poll: &Poll, detections: &Detections) -> Result<(), Failure> {
    let Some((name, close)) = poll.detections.unknown(detections) else {
        return Ok(());
    };
    let hint = match close {
        Some(close) => format!("did you mean `{close}`?"),
        None => "docs/detections.md lists those that are shipped".to_owned(),
    };
    let what = format!("`server: poll:` asks for `{name}`, and no detection is called that");
    Err(Failure::say(Exit::Usage, what, hint))
}
