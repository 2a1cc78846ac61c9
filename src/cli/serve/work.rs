//! What it takes to work: the systems, the ledger, the desk; and who works with them.

use axum::Router;

use super::Stop;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure};
use crate::config::Config;
use crate::server::{Alive, Shared};

/// Everything that the half that works has open.
pub(super) struct Work {}

impl Work {
    /// Opens systems, ledger and desk, and puts them where all parts find them.
    ///
    /// # Errors
    /// [`Failure`] that says which of them could not be opened.
    pub(super) fn open(
        _global: &Global,
        _config: &Config,
        _shared: &mut Shared,
    ) -> Result<Self, Failure> {
        // Join here: `shared.desk`, `shared.archive`, what `server::work::Worker` is set up with.
        let what = "this oust cannot work on alerts yet, only receive them";
        Err(Failure::say(Exit::Usage, what, "oust serve --role receive"))
    }

    /// Begins to work beside the requests, and returns console and API.
    ///
    /// # Errors
    /// [`Failure`] if it cannot begin.
    #[expect(clippy::unused_self, reason = "the worker is made of what is open")]
    pub(super) fn begin(
        self,
        _shared: &Shared,
        alive: &Alive,
        _stop: Stop,
    ) -> Result<Router, Failure> {
        // Join here: `tokio::spawn` the worker with `alive.begin()` held by its task, and return
        // `server::router(shared, settings)`.
        let _ = alive;
        Ok(Router::new())
    }
}
