//! The other way in: alerts come by webhook, people decide by console, API and signed files.
//!
//! Two roles that one process or two can have. `receive` authenticates alerts and keeps them in the
//! inbox, and holds no credential of any vendor. `work` takes them from there, looks into the log,
//! proposes or carries out, and serves console and API.

mod api;
mod certificate;
mod console;
mod decide;
mod health;
mod intake;
mod limits;
mod listen;
pub mod metrics;
mod peer;
pub mod poll;
pub mod work;
mod session;
mod site;

use std::net::IpAddr;
use std::sync::Arc;

pub use api::openapi;
pub use certificate::Certificate;
pub use console::{look_at_ledger, router};
pub use health::{Alive, Beating, Health};
pub use intake::Intake;
pub use listen::Listener;
pub use site::{MakesReport, Settings};
use tokio::sync::{Notify, broadcast};

use crate::desk::Desk;
use crate::given::{Clock, Rng};
use crate::inbox::Inbox;
use crate::ledger::Archive;
use crate::model::RunId;
use crate::rehearsals::SqliteRehearsals;

/// What all parts of a server share.
#[derive(Clone)]
pub struct Shared {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// Alerts.
    pub inbox: Arc<dyn Inbox>,
    /// Proposals, tokens, sessions; `None` in a process that only receives.
    pub desk: Option<Arc<dyn Desk>>,
    /// The ledger; `None` in a process that only receives.
    pub archive: Option<Arc<dyn Archive>>,
    /// What was rehearsed; `None` in a process that only receives.
    pub rehearsals: Option<Arc<SqliteRehearsals>>,
    /// What happens, for whoever looks on.
    pub news: News,
    /// Rung when an alert came or somebody decided: the worker need not wait for its next look.
    pub bell: Arc<Notify>,
}

/// Who sent a request: the peer, or whom a trusted proxy names. Whoever accepts a connection puts it
/// into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Something changed that a screen may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An alert came, or something became of it.
    Alert(String),
    /// A proposal was made, or somebody decided.
    Proposal(RunId),
    /// Something happened in a run.
    Run(RunId),
}

/// What happens, for whoever looks on. Who is too slow misses some and reads everything anew.
#[derive(Clone, Debug)]
pub struct News(broadcast::Sender<Item>);

impl Default for News {
    fn default() -> Self {
        Self(broadcast::channel(256).0)
    }
}

impl News {
    /// Says that something changed.
    pub fn tell(&self, item: Item) {
        // Nobody may be looking on.
        let _ = self.0.send(item);
    }

    /// From now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Item> {
        self.0.subscribe()
    }
}
