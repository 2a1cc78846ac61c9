//! What it takes to work: the systems, the ledger, the desk; and who works with them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;

use super::Stop;
use crate::cli::args::Global;
use crate::cli::carry::store_failed;
use crate::cli::exit::{Exit, Failure};
use crate::cli::setup::{Opener, TOOL, ledger_path, limits};
use crate::cli::{say, show};
use crate::config::Config;
use crate::connectors;
use crate::desk::SqliteDesk;
use crate::engine::Tools;
use crate::evidence::Detections;
use crate::ledger::{Archive, SqliteStore};
use crate::model::{Finding, RunId};
use crate::notify::Sender;
use crate::rehearsals::SqliteRehearsals;
use crate::report::escape::visible;
use crate::server::poll::{Poller, SOURCE};
use crate::server::work::{Setup, Worker};
use crate::server::{Alive, Settings, Shared, look_at_ledger, router};
use crate::transport::HttpWire;

/// How long notices may be on their way when the server ends.
const FLUSH: Duration = Duration::from_secs(10);

/// Everything that the half that works has open.
pub(super) struct Work {
    opener: Arc<Opener>,
    archive: Arc<dyn Archive>,
    rules: crate::config::AlertRules,
    /// For looking; they were opened so that what is wrong with them is told at the start.
    tools: Tools,
    detections: Option<Arc<Detections>>,
}

impl Work {
    /// Opens systems, ledger and desk, and puts them where all parts find them.
    ///
    /// # Errors
    /// [`Failure`] that says which of them could not be opened.
    pub(super) fn open(
        global: &Global,
        config: &Config,
        shared: &mut Shared,
    ) -> Result<Self, Failure> {
        let vendors: Vec<_> = connectors::vendors().collect();
        let rules = config.rules.clone().complete(&vendors).map_err(|error| {
            let hint = error.hint();
            Failure::new(Exit::Usage, error, hint)
        })?;
        let detections = detections(config)?;
        let path = ledger_path(global)?;
        let store = SqliteStore::open(&path).map_err(store_failed)?;
        let archive: Arc<dyn Archive> = Arc::new(store);
        let desk = SqliteDesk::open(&SqliteDesk::beside(&path)).map_err(|error| {
            let hint = "mend it, or name another directory with --state";
            Failure::new(Exit::NotStarted, error, hint)
        })?;
        say_notes(desk.notes());
        let wire = HttpWire::new();
        let mut opener = Opener::new(config.clone(), wire, &shared.clock, &shared.rng)?;
        opener.heed_rehearsals(&path);
        let tools = opener.tools(archive.clone(), None)?;
        let rehearsals = SqliteRehearsals::beside(&path);
        let rehearsals = SqliteRehearsals::open(&rehearsals).map_err(|error| {
            let hint = "move the file aside: it holds rehearsals alone";
            Failure::new(Exit::NotStarted, error, hint)
        })?;
        shared.rehearsals = Some(Arc::new(rehearsals));
        shared.desk = Some(Arc::new(desk));
        shared.archive = Some(Arc::clone(&archive));
        Ok(Self {
            opener: Arc::new(opener),
            archive,
            rules,
            tools,
            detections,
        })
    }

    /// Begins to work beside the requests, and returns console and API, and what ends when the last
    /// change in flight is recorded.
    ///
    /// # Errors
    /// [`Failure`] if it cannot begin.
    pub(super) fn begin(
        self,
        shared: &Shared,
        alive: &Alive,
        stop: Stop,
        https: bool,
    ) -> Result<(Router, JoinHandle<()>), Failure> {
        let config = &self.opener.config;
        let settings = settings(config, https);
        let (clock, rng) = (&shared.clock, &shared.rng);
        let receivers = config.notify.clone();
        let sender = Sender::start(receivers, self.opener.wire(), clock, rng, TOOL);
        let sender = Arc::new(sender);
        let sources = config.server.sources.iter();
        let kinds = sources.map(|each| (each.name.clone(), each.kind.name.to_owned()));
        let mut kinds: BTreeMap<String, String> = kinds.collect();
        kinds.insert(SOURCE.to_owned(), SOURCE.to_owned());
        let (opener, archive) = (Arc::clone(&self.opener), Arc::clone(&self.archive));
        let setup = Setup {
            open: Arc::new(move |run: Option<&RunId>| {
                let tools = opener.tools(archive.clone(), run);
                tools.map_err(|failure| {
                    let why = failure.error.map(|error| format!("{error:#}"));
                    why.unwrap_or(failure.hint)
                })
            }),
            rules: self.rules,
            kinds,
            guards: limits(&config.guards),
            cap_source: config.guards.cap_source.into(),
            owners: config.owners.clone(),
            notifier: sender.clone(),
            approvers: config.approvers.clone(),
            watch: config.server.watch,
        };
        let worker = Worker::new(shared.clone(), setup, stop.clone())
            .map_err(|error| Failure::new(Exit::NotStarted, error, ""))?;
        let poller = config.server.poll.clone().zip(self.detections);
        let poller = poller.map(|(poll, detections)| {
            Poller::new(
                shared.clone(),
                self.tools.directory.clone(),
                detections,
                poll,
            )
        });
        let beating = alive.begin();
        let working = tokio::spawn(async move {
            let polling = async {
                if let Some(poller) = poller {
                    poller.poll(stop).await;
                }
            };
            let working = async {
                // What ends here is told by the readiness.
                let _beating = beating;
                if let Err(error) = worker.work().await {
                    tracing::error!("nobody works on the alerts: {error}");
                }
            };
            join(polling, working).await;
            sender.flush(FLUSH).await;
        });
        tokio::spawn(look_at_ledger(shared.clone()));
        Ok((router(shared.clone(), settings), working))
    }
}

/// What console and API stand on.
fn settings(config: &Config, https: bool) -> Settings {
    let server = &config.server;
    let public = server.public_url.as_ref().and_then(|url| url.host_str());
    let listens = [server.listen, server.console].map(|at| at.ip().to_string());
    let local = server.listen.ip().is_loopback().then(|| "localhost".into());
    let hosts = public.map(str::to_owned).into_iter();
    Settings {
        hosts: hosts.chain(listens).chain(local).collect(),
        https,
        approvers: config.approvers.clone(),
        zone: TimeZone::system(),
        report: show::beside,
    }
}

/// What the log is polled for, if it is.
fn detections(config: &Config) -> Result<Option<Arc<Detections>>, Failure> {
    let Some(poll) = &config.server.poll else {
        return Ok(None);
    };
    let (detections, broken) = config.load_detections().map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, error, hint)
    })?;
    for rule in broken {
        say(&format!("! {}", visible(&rule.to_string())));
    }
    if let Some((stranger, meant)) = poll.detections.unknown(&detections) {
        let what =
            format!("`server: poll:` asks for the detection `{stranger}`, and there is none");
        let hint = meant.map_or_else(
            || "docs/detections.md lists them".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    Ok(Some(Arc::new(detections)))
}

fn say_notes(notes: &[Finding]) {
    for note in notes {
        say(&format!("! {}", visible(&note.text)));
        if !note.hint.is_empty() {
            say(&format!(" hint: {}", visible(&note.hint)));
        }
    }
}
