//! Ctrl-C: the first finishes the change in flight and records it, the second stops at once.
//!
//! Both are safe: every intent is durable before its write leaves. A hang-up stops nothing: a
//! dropped connection must not save the intruder half-way, and the result is in the ledger.

use tokio::sync::watch;

use super::exit::{Exit, after_writes, way_on};

/// Turns true at the first Ctrl-C or SIGTERM; the second ends the process.
#[must_use]
pub(super) fn on_ctrl_c() -> watch::Receiver<bool> {
    on_ctrl_c_saying("stopping: finishing the change in flight (Ctrl-C again stops at once)")
}

/// The same, for a command that says something else at the first.
#[must_use]
pub(super) fn on_ctrl_c_saying(first: &'static str) -> watch::Receiver<bool> {
    let (ask, asked) = watch::channel(false);
    #[cfg(unix)]
    outlive_the_terminal();
    tokio::spawn(async move {
        for count in 0.. {
            if wait().await.is_err() {
                return;
            }
            if count > 0 {
                super::say(&format!("stopped at once; {}", way_on()));
                #[expect(clippy::exit, reason = "the person asked twice; the ledger is durable")]
                std::process::exit(after_writes(Exit::NotStarted) as i32);
            }
            super::say(first);
            if ask.send(true).is_err() {
                return;
            }
        }
    });
    asked
}

/// From now on a hang-up does not end the process.
#[cfg(unix)]
fn outlive_the_terminal() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut hang_up) = signal(SignalKind::hangup()) {
        tokio::spawn(async move { while hang_up.recv().await.is_some() {} });
    }
}

#[cfg(unix)]
async fn wait() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    tokio::select! {
        biased;
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = term.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn wait() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
