//! The register: one row per vendor, and nothing else that names one.
//!
//! Adding a vendor is one file here and its row below; docs, `playbook check` and the plan
//! screen are printed from what the row declares.

mod aws;
mod caep;
mod github;
mod google;
mod gtr;
mod kit;
mod m365;
mod okta;
mod salesforce;
mod slack;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::connector::{DirectorySystem, System};
use crate::given::{Clock, Rng};
use crate::model::{Access, Action, Grant, SystemId, Vendor};
use crate::transport::{Budgets, Client, ClientParts, Credential, Manners, Wire};

/// A vendor as the program finds it.
#[derive(Clone, Copy)]
pub struct Row {
    /// What it declares.
    pub vendor: &'static Vendor,
    /// The settings it knows, for `unknown key` errors with the nearest name.
    pub settings: &'static [&'static str],
    /// The systems that one entry of the config file stands for, each with the rest of its name
    /// and its own part of the settings. Empty: one system, with all of them. What is wrong with
    /// the settings, opening says.
    pub split: fn(&Value) -> Vec<(String, Value)>,
    /// What has to be granted at an instance with these settings for these actions, asking nobody.
    /// Settings that are no good, or none, are taken for the usual ones.
    pub grants: fn(&Value, &[&'static Action], Access) -> Grant,
    /// Opens one configured instance.
    pub open: fn(&Opening) -> Result<Opened, OpenError>,
}

/// What an instance is opened with.
pub struct Opening {
    /// Its id: the vendor, or `vendor:name`.
    pub id: SystemId,
    /// Its part of the config file, an object without `vendor` and `name`.
    pub settings: Value,
    /// The network.
    pub wire: Arc<dyn Wire>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// For jitter and nonces.
    pub rng: Arc<dyn Rng>,
    /// `oust/<version> run=<id>`
    pub user_agent: String,
    /// The quotas, shared with whatever else is opened with these.
    pub budgets: Budgets,
}

/// How an instance is reached.
struct Reached {
    /// Where it is.
    origin: Url,
    /// Further addresses, by the names that its paths use.
    more_origins: Vec<(Cow<'static, str>, Url)>,
    /// Signs reads.
    reads_as: Arc<dyn Credential>,
    /// Signs writes.
    writes_as: Arc<dyn Credential>,
    /// How the vendor wants to be spoken to.
    manners: Manners,
}

impl Opening {
    /// Its settings, as `parse` reads them.
    ///
    /// # Errors
    /// [`OpenError`], with what `parse` says.
    fn settings<S>(&self, parse: fn(&Value) -> Result<S, String>) -> Result<S, OpenError> {
        parse(&self.settings).map_err(|why| OpenError {
            id: self.id.clone(),
            why,
            hint: "see `connectors:` in config/oust.yaml".into(),
        })
    }

    /// A client of the instance that has sent nothing yet.
    fn client(&self, reached: Reached) -> Arc<Client> {
        Arc::new(Client::new(ClientParts {
            system: self.id.clone(),
            origin: reached.origin,
            more_origins: reached.more_origins,
            wire: Arc::clone(&self.wire),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            reads_as: reached.reads_as,
            writes_as: reached.writes_as,
            manners: reached.manners,
            budget: self.budgets.of(&self.id, &self.clock, &self.rng),
            user_agent: self.user_agent.clone(),
        }))
    }
}

/// An opened instance.
pub enum Opened {
    /// The identity source.
    Directory(DirectorySystem),
    /// Any other service.
    Service(System),
}

/// Why an instance could not be opened; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("connector `{id}`: {why}")]
pub struct OpenError {
    /// Which.
    pub id: SystemId,
    /// What is wrong with its settings.
    pub why: String,
    /// What to do about it.
    pub hint: String,
}

/// The rights that actions declare for this: what reads them, or what carries them out, too.
fn rights(actions: &[&'static Action], access: Access) -> impl Iterator<Item = &'static str> {
    actions.iter().flat_map(move |action| {
        let needs = match access {
            Access::Read => &[],
            Access::Write => action.needs,
        };
        needs.iter().chain(action.reads).copied()
    })
}

/// For vendors of which an entry is one system.
fn one(_settings: &Value) -> Vec<(String, Value)> {
    Vec::new()
}

/// All vendors.
pub const REGISTER: &[Row] = &[
    okta::ROW,
    m365::ROW,
    google::ROW,
    salesforce::ROW,
    slack::ROW,
    github::ROW,
    gtr::ROW,
    caep::ROW,
    aws::ROW,
];

/// Every vendor's declaration.
pub fn vendors() -> impl Iterator<Item = &'static Vendor> {
    REGISTER.iter().map(|row| row.vendor)
}
