//! The config file: which systems there are, and which guards stand before them.
//!
//! [`Config::load`] reads one file through the same parser and complains in the same style as
//! playbooks. A vendor's settings are only checked for unknown keys and inline secrets here;
//! what they mean, its own file parses. Does not look for the file by itself: where it may be
//! is [`Places`], made of what the command line and the environment say.
//!
//! `config/oust.yaml` is compiled in: it is the example to copy, and the guards' defaults are
//! read from it, so that what people read there is what holds.

mod approvers;
mod apps;
mod canary;
mod client;
mod connectors;
mod detections;
mod guards;
mod mass_order;
mod notify;
mod owners;
mod places;
mod poll;
mod rules;
mod reference;
mod secrets;
mod server;
mod sources;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use apps::hand_out;
pub use client::Client;
pub use connectors::is_directory;
pub use guards::Guards;
pub use places::Places;
pub use poll::{Poll, Polled};
pub use rules::{AlertMode, AlertRules, RuleRow};
pub use server::{Server, Tls};
pub use sources::sources_alone;

use crate::approval::Approvers;
use crate::connectors::{REGISTER, Row};
use crate::model::{Owner, SystemId};
use crate::notify::Receiver;
use crate::yaml::{Diagnostics, Fields, Problems, bounded, normalised, parse};

/// The config file to copy: every key, commented.
pub const DEFAULT: &str = include_str!("../../config/oust.yaml");

const BYTES_MAX: usize = 1024 * 1024;

/// A config file, read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The systems, in the order of the file; exactly one is the directory.
    pub connectors: Vec<Connector>,
    /// Which of the directory's apps (catalogue name or app id) belongs to which system, where
    /// it is not the vendor's own catalogue name.
    pub apps: Vec<(String, SystemId)>,
    /// What refuses a step.
    pub guards: Guards,
    /// Whom to call about an app.
    pub owners: Vec<Owner>,
    /// The account that a live rehearsal contains: a login or an id.
    pub canary: Option<String>,
    /// Of many, everybody is suspended before anybody's sessions are cleared, where a live rehearsal
    /// showed that a suspension ends them.
    pub suspends_first: bool,
    /// Where alerts are taken and people decide.
    pub server: Server,
    /// How many people have to agree to a plan, and whose signatures count.
    pub approvers: Approvers,
    /// Who is told what.
    pub notify: Vec<Receiver>,
    /// The server that some commands ask instead of the local state.
    pub client: Option<Client>,
    /// The directory of detections beside those that are shipped; relative to the config file.
    pub detections: Option<PathBuf>,
    /// What becomes of alerts, without what holds where nothing is said.
    pub rules: AlertRules,
}

/// One configured system.
#[derive(Clone)]
pub struct Connector {
    /// `vendor`, or `vendor:name`.
    pub id: SystemId,
    /// Its vendor's row in the register.
    pub row: Row,
    /// Its settings for the vendor to parse: an object without `vendor` and `name`, in which
    /// no secret stands.
    pub settings: Value,
    /// `FILE:LINE`, for whoever finds fault with the settings later.
    pub place: String,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("id", &self.id)
            .field("settings", &self.settings)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Why there is no config. Nothing was sent; the exit code is 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is none.
    #[error("there is no config file; looked at {}", .looked.join(", "))]
    NotFound {
        /// Where it was looked for, in order.
        looked: Vec<String>,
    },
    /// It could not be read.
    #[error("cannot read the config file {file}: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// What went wrong.
        why: String,
    },
    /// Anybody on this machine may change it, and it can name programs to run.
    #[error("the config file {file} can be changed by everybody on this machine")]
    OpenToAll {
        /// Which.
        file: String,
    },
    /// The directory that `detections` names cannot be read.
    #[error("cannot read the detections: {why}")]
    Detections {
        /// What went wrong, and at which file.
        why: String,
    },
    /// It has mistakes.
    #[error("{0}")]
    Wrong(Diagnostics),
}

impl ConfigError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotFound { looked } => {
                let last = looked.last().map_or("oust.yaml", String::as_str);
                format!("try `oust sandbox` on nothing real, or copy config/oust.yaml to {last}")
            }
            Self::Unreadable { .. } => "name a config file with --config FILE".into(),
            Self::OpenToAll { file } => format!("chmod go-w {file}"),
            Self::Detections { .. } => {
                "name a directory that can be read with `detections:`, or leave it out".into()
            }
            Self::Wrong(_) => "mend the file, then run it again".into(),
        }
    }
}

impl Config {
    /// Reads the config at `path`, at most 1 MiB.
    ///
    /// # Errors
    /// [`ConfigError`]: cannot be read, open to everybody, or all its mistakes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = bounded(path, BYTES_MAX).map_err(|why| ConfigError::Unreadable {
            file: file.clone(),
            why,
        })?;
        if open_to_all(path) {
            return Err(ConfigError::OpenToAll { file });
        }
        Self::parse(&file, &text, REGISTER).map_err(ConfigError::Wrong)
    }

    /// Reads the text of a config with the vendors in `rows`; `file` is how it is named in
    /// messages.
    ///
    /// # Errors
    /// All mistakes found. Lines are shown with the vendors' settings covered, and not at all
    /// if the text is no YAML: a secret may stand there, and nobody could tell.
    pub fn parse(file: &str, text: &str, rows: &[Row]) -> Result<Self, Diagnostics> {
        let text = normalised(text);
        let tree = parse(&text, BYTES_MAX)
            .map_err(|one| Diagnostics::new(file, &text, vec![one]).unquoted())?;
        let mut problems = Problems::default();
        let config = Fields::of("the config", &tree, &mut problems).map(|mut fields| {
            let connectors = connectors::read(&mut fields, file, &text, rows, &mut problems);
            let apps = apps::read(&mut fields, &connectors, &mut problems);
            let owners = owners::read(&mut fields, &mut problems);
            let canary = canary::read(&mut fields, &mut problems);
            let suspends_first = mass_order::read(&mut fields, &mut problems);
            let detections = detections::read(&mut fields, file, &mut problems);
            let rules = rules::read(&mut fields, file, rows, &mut problems);
            let server = server::read(&mut fields, file, &mut problems);
            let approvers = approvers::read(&mut fields, &mut problems);
            let notify = notify::read(&mut fields, &mut problems);
            let client = client::read(&mut fields, &mut problems);
            let guards = fields.take("guards", &mut problems);
            let guards = guards.map_or_else(Guards::default, |at| guards::read(at, &mut problems));
            fields.finish(&mut problems);
            Self {
                connectors,
                apps,
                guards,
                owners,
                canary,
                suspends_first,
                server,
                approvers,
                notify,
                client,
                detections,
                rules,
            }
        });
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Diagnostics::new(file, &text, problems.into_list())
                .covered(&secrets::to_cover(&tree, &text))),
        }
    }
}

#[cfg(unix)]
fn open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|about| about.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn open_to_all(_path: &Path) -> bool {
    false
}
