//! Heeds what another process asks of a run under way: to pause.
//!
//! The ask is a row beside the ledger's records, not one of them: whoever appends to a run's
//! records takes the run over, and it must stay with the process that works on it. That process
//! looks once a second, and then stops as its own person would stop it: what is in flight is
//! finished and recorded, nothing else begins, and `resume` goes on.

use std::time::Duration;

use tokio::sync::watch;

use crate::given::Clock;
use crate::ledger::{Archive, Pause};
use crate::model::{RunId, Utc};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// Passes on that the run is to stop, by `own` or by whoever asked for it since `since`, and lasts
/// until it is dropped. `told` hears of the first ask.
pub async fn heed(
    archive: &dyn Archive,
    clock: &dyn Clock,
    (run, since): (&RunId, Utc),
    mut own: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    told: impl Fn(&Pause),
) {
    let mut asked = false;
    let mut watched = true;
    loop {
        if *own.borrow_and_update() {
            let _ = stop.send(true);
        }
        tokio::select! {
            changed = own.changed(), if watched => watched = changed.is_ok(),
            () = clock.sleep(LOOK) => {
                if asked {
                    continue;
                }
                // A ledger that cannot be read just now is read again in a second.
                if let Ok(Some(pause)) = archive.pause_asked(run, since).await {
                    asked = true;
                    told(&pause);
                    let _ = stop.send(true);
                }
            }
        }
    }
}
