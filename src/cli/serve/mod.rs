//! `oust serve`: takes alerts, looks into them, serves console and API; or one half of it.
//!
//! Two roles in one process or in two. The half that receives opens neither the systems nor the
//! ledger ([`receive`] cannot name them), so that whoever breaks into it finds no credential that
//! changes anything. `--check` opens everything as the server would, and ends.

mod door;
mod receive;
mod work;

use std::sync::Arc;

use axum::Router;
use futures_util::future::join_all;
use tokio::sync::watch;

use self::door::Door;
use super::args::{Global, Output, Role, ServeArgs};
use super::exit::{Exit, Failure};
use super::setup::{load_config, state_dir};
use super::{log, print, runtime, stop};
use crate::alerts;
use crate::config::Config;
use crate::desk::Desk;
use crate::given::{Clock, Rng, SystemClock, SystemRng};
use crate::model::nearest;
use crate::server::metrics::Metrics;
use crate::server::{Alive, Health, Intake, Shared};

/// How often what was counted is tidied.
const TIDY: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the command.
///
/// # Errors
/// [`Failure`] that says what cannot be used, and what to do.
pub(super) fn serve(global: &Global, args: &ServeArgs) -> Result<Exit, Failure> {
    if let Some(source) = &args.print_template {
        return template(source);
    }
    log::to_stderr(global);
    let config = load_config(global)?;
    runtime(true)?.block_on(async {
        let server = Server::open(global, config, args.role).await?;
        if args.check {
            server.say_checked(global);
            return Ok(Exit::Good);
        }
        server.serve().await
    })
}

/// What to paste at the sender, by the name of its kind.
fn template(name: &str) -> Result<Exit, Failure> {
    let known = || alerts::KINDS.iter().map(|kind| kind.name);
    let Some(kind) = alerts::kind(name) else {
        let hint = match nearest(name, known()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("there is {}", known().collect::<Vec<_>>().join(", ")),
        };
        let what = format!("there is no kind of source `{name}`");
        return Err(Failure::say(Exit::Usage, what, hint));
    };
    let Some(template) = kind.template else {
        let what = format!(
            "{} has no template: its bodies cannot be chosen",
            kind.title
        );
        return Err(Failure::say(
            Exit::Usage,
            what,
            "docs/alerts.md says how to set it up",
        ));
    };
    print(template.trim_end());
    Ok(Exit::Good)
}

/// Everything that is open, with nothing begun.
struct Server {
    shared: Shared,
    waiting_max: u64,
    door: Door,
    /// Whether browsers come by https.
    https: bool,
    sources: Option<receive::Sources>,
    work: Option<work::Work>,
}

impl Server {
    async fn open(global: &Global, config: Config, role: Role) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
        let settings = &config.server;
        let sources = match role {
            Role::Work => None,
            Role::Receive | Role::Both => Some(receive::sources(settings, &clock).await?),
        };
        let door = Door::open(settings, role).await?;
        let inbox = receive::inbox(settings, &state_dir(global)?, &rng)?;
        let mut shared = Shared {
            clock,
            rng,
            inbox,
            desk: None,
            archive: None,
            rehearsals: None,
            news: crate::server::News::default(),
            bell: Arc::default(),
        };
        let waiting_max = settings.waiting_max;
        // Behind a proxy browsers come by https although we do not speak it.
        let public = settings
            .public_url
            .as_ref()
            .map(|url| url.scheme() == "https");
        let https = public.unwrap_or(settings.tls.is_some());
        let work = match role {
            Role::Receive => None,
            Role::Work | Role::Both => Some(work::Work::open(global, &config, &mut shared)?),
        };
        Ok(Self {
            shared,
            waiting_max,
            door,
            https,
            sources,
            work,
        })
    }

    fn say_checked(&self, global: &Global) {
        if global.output == Output::Json {
            print(&serde_json::json!({ "ok": true, "listen": self.door.at() }).to_string());
        } else {
            print(&format!(
                "all is well; it would listen on {}",
                self.door.at()
            ));
        }
    }

    async fn serve(self) -> Result<Exit, Failure> {
        let stop = stop::on_ctrl_c();
        let metrics = Metrics::install().map_err(|why| Failure::say(Exit::NotStarted, why, ""))?;
        tokio::spawn(tidy(metrics.clone(), self.shared.clock.clone()));
        let (console, worker, working) = match self.work {
            Some(work) => {
                let alive = Alive::default();
                let (console, working) =
                    work.begin(&self.shared, &alive, stop.clone(), self.https)?;
                (console, Some(alive), Some(working))
            }
            None => (Router::new(), None, None),
        };
        let router = match self.sources {
            Some(sources) => Intake::router(self.shared.clone(), sources.0, console),
            None => console,
        };
        let desk = self.shared.desk.clone();
        let health = Health {
            shared: self.shared,
            waiting_max: self.waiting_max,
            worker,
            metrics: Some(metrics),
        };
        tracing::info!(address = self.door.at(), "listening on {}", self.door.at());
        if let Some(desk) = &desk {
            say_if_nobody_can_sign_in(&**desk).await;
        }
        let router = health.router().fallback_service(router);
        self.door.listener.serve(router, stop).await;
        // The change in flight is recorded before we end.
        if let Some(Err(error)) = join_all(working).await.into_iter().next() {
            tracing::error!("the worker ended badly: {error}");
        }
        Ok(Exit::Good)
    }
}

/// A console that nobody can get into waits for approvals that cannot come.
async fn say_if_nobody_can_sign_in(desk: &dyn Desk) {
    let Ok(tokens) = desk.tokens().await else {
        return;
    };
    if tokens.iter().all(|token| token.revoked_at.is_some()) {
        tracing::warn!(
            "nobody can sign in to the console yet: oust token add NAME --role approver"
        );
    }
}

async fn tidy(metrics: Metrics, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(TIDY).await;
        metrics.tidy();
    }
}

/// Used by the half that works alone: nothing else may hold what it needs.
type Stop = watch::Receiver<bool>;
