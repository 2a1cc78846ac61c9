//! Opens everything a command works with: config, ledger, systems.
//!
//! Nothing is sent from here. What cannot be opened is told before anything else is tried.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::args::{Global, GoArgs};
use super::carry::store_failed;
use super::exit::{Exit, Failure};
use super::say;
use super::shown::ShownBeside;
use super::told::Told;
use crate::approval::Approvers;
use crate::config::{self, Config, Places};
use crate::connector::{DirectorySystem, System};
use crate::connectors::{self, OpenError, Opened, Opening};
use crate::engine::{Investigator, MassOrder, Tools};
use crate::given::{Clock, Rng, SystemClock, SystemRng};
use crate::guard::GuardConfig;
use crate::ledger::{
    Archive, Emergency, LineStore, MemoryStore, SqliteStore, Store, open_or_emergency,
};
use crate::model::{Finding, Owner, RunId, Severity, SystemId, UserId, Utc};
use crate::notify::{Receiver, Sender};
use crate::playbook::{CheckedPlaybook, find};
use crate::report::escape::visible;
use crate::transport::{Budgets, HttpWire, Wire};

/// This program, as vendors and the ledger know it.
pub(super) const TOOL: &str = concat!("oust/", env!("CARGO_PKG_VERSION"));

/// Which ledger a command writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ledger {
    /// The one under `--state`.
    Usual,
    /// That one, or a fresh one elsewhere if it cannot be opened.
    Emergency,
    /// stderr.
    Lines,
}

impl Ledger {
    /// What the arguments ask for.
    #[must_use]
    pub(super) fn of(go: &GoArgs) -> Self {
        match (go.emergency_ledger, go.no_ledger) {
            (true, _) => Self::Emergency,
            (_, true) => Self::Lines,
            _ => Self::Usual,
        }
    }
}

/// Everything a command works with.
pub(super) struct Workshop {
    /// For the engine.
    pub tools: Tools,
    /// The ledger, as it can be looked after.
    pub archive: Arc<dyn Archive>,
    /// The id of the run this command would make.
    pub run: RunId,
    /// The guards' limits.
    pub guards: GuardConfig,
    /// Whom to call about an app.
    pub owners: Vec<Owner>,
    /// The account that a live rehearsal contains.
    pub canary: Option<String>,
    /// Who runs this, as the operating system says.
    pub person: String,
    /// When the command was given.
    pub began: Utc,
    /// How many people have to agree, and who may sign.
    pub approvers: Approvers,
    /// Who is told what.
    receivers: Vec<Receiver>,
    wire: Arc<dyn Wire>,
    notifier: OnceLock<Sender>,
}

impl Workshop {
    /// Opens config, ledger and systems.
    ///
    /// # Errors
    /// [`Failure`] that says which of them could not be opened, and what to do.
    pub(super) async fn open(global: &Global, ledger: Ledger) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let began = clock.now();
        warm_up();
        let config = load_config(global)?;
        let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
        let run = new_run_id(&*clock, &*rng);
        // Reading the TLS roots and making a ledger take some milliseconds each, and neither
        // needs the other.
        let wire = std::thread::spawn(HttpWire::new);
        let (archive, notes) = open_ledger(global, ledger, &run)?;
        for note in notes {
            say(&format!("! {}", visible(&note.text)));
            if !note.hint.is_empty() {
                say(&format!(" hint: {}", visible(&note.hint)));
            }
        }
        let wire = wire.join().expect("setting up TLS does not panic");
        let mut opener = Opener::new(config, wire, &clock, &rng)?;
        opener.heed_rehearsals(&ledger_path(global)?);
        let tools = opener.tools(archive.clone(), Some(&run))?;
        let person = person();
        let wire = Arc::clone(opener.wire());
        let config = opener.config;
        Ok(Self {
            tools,
            archive,
            run,
            guards: limits(&config.guards),
            owners: config.owners,
            canary: config.canary,
            person,
            began,
            approvers: config.approvers,
            receivers: config.notify,
            wire,
            notifier: OnceLock::new(),
        })
    }

    /// Tells others; begun when first asked for, within the runtime.
    pub(super) fn notifier(&self) -> &Sender {
        self.notifier.get_or_init(|| {
            Sender::start(
                self.receivers.clone(),
                &self.wire,
                &self.tools.clock,
                &self.tools.rng,
                &self.user_agent(),
            )
        })
    }

    /// The id of another run of this command.
    pub(super) fn another_run(&self) -> RunId {
        new_run_id(&*self.tools.clock, &*self.tools.rng)
    }

    /// As which client we write.
    pub(super) fn user_agent(&self) -> String {
        format!("{TOOL} run={}", self.run)
    }

    /// Says loudly that a run is unfinished.
    pub(super) async fn say_unfinished(&self) {
        let Ok(runs) = self.archive.unfinished().await else {
            return;
        };
        for run in runs {
            let who = match &run.subjects[..] {
                [one] => visible(one),
                many => format!("{} subjects", many.len()),
            };
            say(&format!(
                "! run {id} on {who} is unfinished since {since}: oust runs resume {id}",
                id = run.id,
                since = run.opened_at,
            ));
        }
    }
}

/// Opens the systems, as often as there are runs: each is known at the vendors by its own name.
pub(super) struct Opener {
    /// What is opened.
    pub config: Config,
    mass_order: MassOrder,
    budgets: Budgets,
    wire: Arc<dyn Wire>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Opener {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// [`Failure`], if there is no network to be had.
    pub(super) fn new(
        config: Config,
        wire: Result<HttpWire, String>,
        clock: &Arc<dyn Clock>,
        rng: &Arc<dyn Rng>,
    ) -> Result<Self, Failure> {
        let givens = Givens::new(wire, clock, rng, String::new())?;
        Ok(Self {
            config,
            mass_order: MassOrder::InTurn,
            budgets: givens.budgets,
            wire: givens.wire,
            clock: givens.clock,
            rng: givens.rng,
        })
    }

    /// Lets what rehearsals showed, which stands beside the ledger, decide the order of many, if the
    /// config asks for that.
    pub(super) fn heed_rehearsals(&mut self, ledger: &Path) {
        if self.config.suspends_first {
            self.mass_order = MassOrder::SuspendsFirst(Arc::new(ShownBeside::of(ledger)));
        }
    }

    /// The systems over this ledger, for one run or for looking alone.
    ///
    /// # Errors
    /// [`Failure`] that says which of them could not be opened.
    pub(super) fn tools(
        &self,
        store: Arc<dyn Store>,
        run: Option<&RunId>,
    ) -> Result<Tools, Failure> {
        let user_agent = match run {
            Some(run) => format!("{TOOL} run={run}"),
            None => TOOL.to_owned(),
        };
        let givens = Givens {
            wire: Arc::clone(&self.wire),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            user_agent,
            budgets: self.budgets.clone(),
        };
        let (directory, services) = open_systems(&self.config, &givens)?;
        Ok(Tools {
            directory,
            services,
            vendors: connectors::vendors().collect(),
            store,
            clock: givens.clock,
            rng: givens.rng,
            tool: TOOL.to_owned(),
            mass_order: self.mass_order.clone(),
        })
    }

    /// The network.
    pub(super) fn wire(&self) -> &Arc<dyn Wire> {
        &self.wire
    }
}

/// Begins what takes long and is needed before the first request, whatever is asked for, while
/// config and ledger are opened. Each is done once per process; whoever needs one that is not
/// ready waits for the rest of it.
fn warm_up() {
    // The first random number waits for the processor's jitter to be collected: 30 ms.
    std::thread::spawn(|| {
        let _ = aws_lc_rs::rand::fill(&mut [0; 16]);
    });
    // The time zone is looked for among all that the machine knows.
    std::thread::spawn(jiff::tz::TimeZone::system);
}

/// The checked playbook of a shipped name or a file.
pub(super) fn checked(name: &str) -> Result<CheckedPlaybook, Failure> {
    let vendors: Vec<_> = connectors::vendors().collect();
    find(name, &vendors).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, error, hint)
    })
}

/// The ledger alone, for commands that only look at it.
pub(super) fn ledger_only(global: &Global) -> Result<Arc<dyn Archive>, Failure> {
    let store = SqliteStore::open(&ledger_path(global)?).map_err(store_failed)?;
    Ok(Arc::new(store))
}

pub(super) fn load_config(global: &Global) -> Result<Config, Failure> {
    let places = Places::new(global.config.as_deref(), |name| std::env::var_os(name));
    let loaded = places.find().and_then(|path| {
        tracing::info!("config {}", path.display());
        Config::load(&path)
    });
    loaded.map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, error, hint)
    })
}

pub(super) fn limits(guards: &config::Guards) -> GuardConfig {
    GuardConfig {
        protected: guards.protected.iter().map(UserId::new).collect(),
        cap_run: guards.cap_run.into(),
        cap_hour: guards.cap_hour.into(),
        cap_percent: guards.cap_percent.into(),
        active_users: guards.active_users.map(u64::from),
    }
}

pub(super) fn person() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    named("SUDO_USER")
        .or_else(|| named("USER"))
        .or_else(|| named("LOGNAME"))
        .unwrap_or_else(|| "unknown".into())
}

/// `r_` and a number that sorts by time: 48 bits of milliseconds, 32 of chance.
fn new_run_id(clock: &dyn Clock, rng: &dyn Rng) -> RunId {
    let millis = clock.now().millis();
    let chance = rng.next() >> 32;
    RunId::new(format!("r_{millis:012x}{chance:08x}"))
}

/// Where the ledger is.
pub(super) fn ledger_path(global: &Global) -> Result<PathBuf, Failure> {
    Ok(state_dir(global)?.join("oust.db"))
}

/// Where ledger, plans and inbox are kept.
///
/// # Errors
/// [`Failure`] if nobody says where, and the user has no home.
pub(super) fn state_dir(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(dir) = &global.state {
        return Ok(dir.clone());
    }
    let home = |sub: &str| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(sub));
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home(".local/state"));
    base.map(|base| base.join("oust")).ok_or_else(|| {
        Failure::say(
            Exit::NotStarted,
            "no home directory for the state",
            "name one with --state",
        )
    })
}

type OpenLedger = (Arc<dyn Archive>, Vec<Finding>);

fn open_ledger(global: &Global, ledger: Ledger, run: &RunId) -> Result<OpenLedger, Failure> {
    if ledger == Ledger::Lines {
        return Ok((
            Arc::new(LineStore::new(Box::new(std::io::stderr()))),
            Vec::new(),
        ));
    }
    let emergency = (ledger == Ledger::Emergency).then(|| Emergency {
        candidates: elsewhere(),
        suffix: run.to_string(),
    });
    let path = ledger_path(global)?;
    tracing::info!("ledger {}", path.display());
    let opened = open_or_emergency(&path, emergency.as_ref());
    let (store, notes) = opened.map_err(store_failed)?;
    Ok((Arc::new(store), notes))
}

/// Where an emergency ledger may go, the best place first.
fn elsewhere() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let here = std::env::current_dir().ok();
    [home, here, Some(std::env::temp_dir())]
        .into_iter()
        .flatten()
        .collect()
}

struct Givens {
    wire: Arc<dyn Wire>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    user_agent: String,
    budgets: Budgets,
}

impl Givens {
    fn new(
        wire: Result<HttpWire, String>,
        clock: &Arc<dyn Clock>,
        rng: &Arc<dyn Rng>,
        user_agent: String,
    ) -> Result<Self, Failure> {
        let wire =
            wire.map_err(|why| Failure::say(Exit::NotStarted, why, "install the CA certificates"))?;
        Ok(Self {
            wire: Arc::new(Told {
                wire,
                clock: Arc::clone(clock),
            }),
            clock: Arc::clone(clock),
            rng: Arc::clone(rng),
            user_agent,
            budgets: Budgets::default(),
        })
    }
}

/// The directory alone, for commands that read it and keep nothing.
///
/// # Errors
/// [`Failure`] that says what could not be opened, and what to do.
pub(super) fn directory(global: &Global) -> Result<DirectorySystem, Failure> {
    warm_up();
    let config = load_config(global)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    let givens = Givens::new(HttpWire::new(), &clock, &rng, TOOL.to_owned())?;
    let (directory, _) = open_systems(&config, &givens)?;
    Ok(directory)
}

/// The config and the ids of its systems; nobody is asked.
///
/// # Errors
/// [`Failure`] that says what could not be opened, and what to do.
pub(super) fn configured(global: &Global) -> Result<(Config, Vec<SystemId>), Failure> {
    let config = load_config(global)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    let givens = Givens::new(HttpWire::new(), &clock, &rng, TOOL.to_owned())?;
    let (directory, services) = open_systems(&config, &givens)?;
    let ids = std::iter::once(directory.system.id)
        .chain(services.into_iter().map(|service| service.id))
        .collect();
    Ok((config, ids))
}

/// All systems and whom to call about apps, for looking into accounts: nothing is kept.
///
/// # Errors
/// [`Failure`] that says what could not be opened, and what to do.
pub(super) fn investigator(global: &Global, now: Utc) -> Result<Investigator, Failure> {
    warm_up();
    let config = load_config(global)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
    let givens = Givens::new(HttpWire::new(), &clock, &rng, TOOL.to_owned())?;
    let (directory, services) = open_systems(&config, &givens)?;
    let (detections, broken) = config.load_detections().map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, error, hint)
    })?;
    Ok(Investigator {
        detections,
        broken_rules: broken.iter().map(ToString::to_string).collect(),
        directory: Some(directory),
        services,
        owners: config.owners,
        tool: TOOL.to_owned(),
        now,
    })
}

fn open_systems(
    config: &Config,
    givens: &Givens,
) -> Result<(DirectorySystem, Vec<System>), Failure> {
    let (directory, services, unopened) = open_each(config, givens);
    if let Some((_, error)) = unopened.into_iter().next() {
        return Err(not_open(error));
    }
    Ok((directory.ok_or_else(no_directory)?, services))
}

/// What can be opened, and why the rest cannot.
fn open_each(
    config: &Config,
    givens: &Givens,
) -> (
    Option<DirectorySystem>,
    Vec<System>,
    Vec<(SystemId, OpenError)>,
) {
    let (mut directory, mut services, mut unopened) = (None, Vec::new(), Vec::new());
    for entry in &config.connectors {
        let opening = Opening {
            id: entry.id.clone(),
            settings: entry.settings.clone(),
            wire: Arc::clone(&givens.wire),
            clock: Arc::clone(&givens.clock),
            rng: Arc::clone(&givens.rng),
            user_agent: givens.user_agent.clone(),
            budgets: givens.budgets.clone(),
        };
        match (entry.row.open)(&opening) {
            Ok(Opened::Directory(found)) => directory = Some(found),
            Ok(Opened::Service(found)) => services.push(found),
            Err(error) => unopened.push((entry.id.clone(), error)),
        }
    }
    config::hand_out(&mut services, &config.apps);
    (directory, services, unopened)
}

fn not_open(error: OpenError) -> Failure {
    let hint = error.hint.clone();
    Failure::new(Exit::Usage, error, hint)
}

fn no_directory() -> Failure {
    Failure::say(
        Exit::Usage,
        "no connector for okta is configured",
        "add one to the config",
    )
}

/// What `oust check` works with: as much as can be opened.
pub(super) struct CheckShop {
    /// For the engine; the ledger in it is in memory and stays empty.
    pub tools: Tools,
    /// The config file, read.
    pub config: Config,
    /// Systems that cannot be opened, and why.
    pub unopened: Vec<(SystemId, Finding)>,
}

impl CheckShop {
    /// Opens what can be opened. Only without a directory there is nothing to look at.
    ///
    /// # Errors
    /// [`Failure`], if the config file is no good or the directory cannot be opened.
    pub(super) fn open(global: &Global) -> Result<Self, Failure> {
        warm_up();
        let config = load_config(global)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let rng: Arc<dyn Rng> = Arc::new(SystemRng::default());
        let givens = Givens::new(HttpWire::new(), &clock, &rng, TOOL.to_owned())?;
        let (directory, services, unopened) = open_each(&config, &givens);
        let directory = match directory {
            Some(directory) => directory,
            None => {
                let is_directory = |id: &SystemId| {
                    config
                        .connectors
                        .iter()
                        .any(|entry| entry.id == *id && config::is_directory(entry.row.vendor))
                };
                let why = unopened.into_iter().find(|(id, _)| is_directory(id));
                return Err(why.map_or_else(no_directory, |(_, error)| not_open(error)));
            }
        };
        let unopened = unopened.into_iter().map(|(id, error)| {
            let finding = Finding {
                severity: Severity::High,
                id: "settings_unfit".into(),
                text: error.why,
                hint: error.hint,
            };
            (id, finding)
        });
        Ok(Self {
            tools: Tools {
                directory,
                services,
                vendors: connectors::vendors().collect(),
                store: Arc::new(MemoryStore::new()),
                clock,
                rng,
                tool: TOOL.to_owned(),
                mass_order: MassOrder::InTurn,
            },
            unopened: unopened.collect(),
            config,
        })
    }
}
