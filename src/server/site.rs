//! What console and API stand on: the server's shared parts, and what was set up for them.
//!
//! Only a process that works has them: one that merely receives has no desk and no ledger, and so no
//! pages.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::Semaphore;

use super::Shared;
use super::session::{Attempts, Seen};
use crate::approval::Approvers;
use crate::desk::Desk;
use crate::ledger::{Archive, RunState};
use crate::report::Report;

/// Pages that may look on at one time.
const STREAMS_MAX: usize = 64;

/// What is set up for console and API.
#[derive(Clone)]
pub struct Settings {
    /// The names that a request may call us by: the host of `public_url` and of `listen`, without
    /// port. Another name is somebody's page that was rebound to our address.
    pub hosts: Vec<String>,
    /// Whether browsers come by https; only on loopback they need not.
    pub https: bool,
    /// Who may decide, and how many have to agree.
    pub approvers: Approvers,
    /// Whose local time pages tell.
    pub zone: TimeZone,
    /// Makes the report of a run; who knows the vendors' actions hands it in.
    pub report: MakesReport,
}

/// Makes the report of a run as it stands, which a later process can read or not; of many subjects
/// all go into a place of this name, a line of JSON each, if that can be written.
pub type MakesReport = fn(&RunState, bool, &str, &mut dyn io::Write) -> (Report, io::Result<()>);

/// What every page and every call stands on.
#[derive(Clone)]
pub(super) struct Site(Arc<Inside>);

/// What is inside.
pub(super) struct Inside {
    pub(super) shared: Shared,
    pub(super) desk: Arc<dyn Desk>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) settings: Settings,
    pub(super) attempts: Attempts,
    pub(super) seen: Seen,
    pub(super) streams: Arc<Semaphore>,
}

impl Deref for Site {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Site {
    /// `None` in a process that only receives.
    pub(super) fn new(shared: Shared, settings: Settings) -> Option<Self> {
        let desk = shared.desk.clone()?;
        let archive = shared.archive.clone()?;
        Some(Self(Arc::new(Inside {
            shared,
            desk,
            archive,
            settings,
            attempts: Attempts::new(),
            seen: Seen::default(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        })))
    }
}
