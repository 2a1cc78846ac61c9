//! Holds back what has not left yet when its run is stopped.
//!
//! A write may queue for its quota for hours. Once the run is stopped it leaves the queue instead:
//! nothing of it was sent, and whoever goes on with the run sends it then. What a writer has begun
//! with an effect it may finish, so that nothing stays half done for a stop.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Of one writer.
pub(super) struct Hold {
    stop: watch::Receiver<bool>,
    begun: AtomicBool,
}

impl Hold {
    /// Until `stop` turns true.
    pub(super) fn new(stop: watch::Receiver<bool>) -> Self {
        Self {
            stop,
            begun: AtomicBool::new(false),
        }
    }

    /// Something had an effect, or may have had one.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Ends when what waits must not leave any more; never, once something was begun.
    pub(super) async fn stopped(&self) {
        let is_stopped = self.stop.clone().wait_for(|stop| *stop).await.is_ok();
        if !is_stopped || self.begun.load(Ordering::Relaxed) {
            pending().await
        }
    }
}
