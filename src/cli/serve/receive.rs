//! What it takes to receive: the sources with their secrets, and the inbox.
//!
//! No system, no ledger, no consent: this file can name none of them, and a test holds it to that.

use std::path::Path;
use std::sync::Arc;

use crate::alerts::{Parts, Source};
use crate::cli::exit::{Exit, Failure};
use crate::cli::say;
use crate::config;
use crate::given::{Clock, Rng};
use crate::inbox::{Inbox, SqliteInbox};
use crate::report::escape::visible;
use crate::transport::HttpWire;

/// Senders, ready to be asked.
pub(super) struct Sources(pub(super) Vec<Source>);

/// Fetches the secrets of all sources.
///
/// # Errors
/// [`Failure`] that names the source whose secret cannot be had, or that there are none.
pub(super) async fn sources(
    settings: &config::Server,
    clock: &Arc<dyn Clock>,
) -> Result<Sources, Failure> {
    if settings.sources.is_empty() {
        let hint = "add one under `server: sources:`; config/oust.yaml shows how";
        return Err(Failure::say(Exit::Usage, "nobody may send alerts", hint));
    }
    let wire = HttpWire::new()
        .map_err(|why| Failure::say(Exit::NotStarted, why, "install the CA certificates"))?;
    let parts = Parts {
        clock: clock.clone(),
        wire: Arc::new(wire),
    };
    let mut sources = Vec::new();
    for source in &settings.sources {
        for secret in &source.auth.secrets {
            if let Some(note) = secret.exposed() {
                say(&format!("! {}", visible(&note)));
            }
        }
        let opened = Source::open(source, &parts).await.map_err(|error| {
            let what = format!("the source {}: {error}", source.name);
            Failure::say(
                Exit::Usage,
                what,
                "put the secret where the config says it is",
            )
        })?;
        sources.push(opened);
    }
    Ok(Sources(sources))
}

/// Opens the inbox.
///
/// # Errors
/// [`Failure`] that says what is wrong with it.
pub(super) fn inbox(
    settings: &config::Server,
    state: &Path,
    rng: &Arc<dyn Rng>,
) -> Result<Arc<dyn Inbox>, Failure> {
    let below = || state.join("inbox").join("inbox.db");
    let path = settings.inbox.clone().unwrap_or_else(below);
    let opened = SqliteInbox::open(&path, settings.waiting_max, rng.clone());
    let inbox = opened.map_err(|error| {
        let hint = "name another file under `server: inbox:`, or mend this one";
        Failure::new(Exit::NotStarted, error, hint)
    })?;
    for note in inbox.notes() {
        say(&format!("! {}", visible(&note.text)));
        say(&format!(" hint: {}", visible(&note.hint)));
    }
    Ok(Arc::new(inbox))
}
