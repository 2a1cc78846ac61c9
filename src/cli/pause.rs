//! `oust runs pause`: asks another process of this machine to pause the run it works on; and how a
//! process that works on one hears of it.
//!
//! To pause is what Ctrl-C does, from elsewhere: changes in flight are finished and recorded,
//! nothing else begins. Whoever asks waits until that is so. Reads nobody and writes to nobody.

use std::time::Duration;

use tokio::sync::watch;

use super::args::{Global, WhichRun};
use super::carry::store_failed;
use super::exit::{Exit, Failure};
use super::runs::{name_of, no_such_run};
use super::setup::{Workshop, ledger_only, person};
use super::{print, say};
use crate::engine::heed;
use crate::given::{Clock, SystemClock};
use crate::ledger::{Archive, Pause, RunRow};
use crate::model::{RunId, Source, Utc};
use crate::report::escape::visible;

/// How often it is looked whether the process has let go.
const LOOK: Duration = Duration::from_millis(250);

/// How long it may take: a change in flight waits for its vendor, and for its own retries.
const WAIT: Duration = Duration::from_secs(180);

/// Asks, and waits until it is so.
///
/// # Errors
/// [`Failure`], if nobody works on the run, or it does not stop.
pub(super) async fn pause(global: &Global, which: &WhichRun) -> Result<Exit, Failure> {
    let archive = ledger_only(global)?;
    let id = name_of(&*archive, which).await?;
    if let Some(closed) = row(&*archive, &id).await?.closed_at {
        let what = format!("run {id} closed at {closed}: there is nothing to pause");
        return Err(Failure::say(
            Exit::NotStarted,
            what,
            "oust runs show RUN tells how it ended",
        ));
    }
    refuse_a_servers(&*archive, &id).await?;
    let clock = SystemClock::new();
    let ask = Pause {
        by: person(),
        at: clock.now(),
    };
    let asked = archive.ask_to_pause(&id, &ask).await;
    if !asked.map_err(store_failed)? {
        let what = format!("nobody on this machine works on run {id}: it has stopped already");
        let hint = format!("oust runs resume {id} goes on with it");
        return Err(Failure::say(Exit::NotStarted, what, hint));
    }
    say(&format!(
        "asked: run {id} finishes the changes in flight, and begins no other"
    ));
    let until = clock.elapsed() + WAIT;
    while archive.is_worked_on(&id).await.map_err(store_failed)? {
        if clock.elapsed() >= until {
            let what = format!("run {id} has not stopped yet; it stays asked");
            let hint = "look at its own screen: a vendor may be slow to answer";
            return Err(Failure::say(Exit::NotAllGood, what, hint));
        }
        clock.sleep(LOOK).await;
    }
    match row(&*archive, &id).await?.closed_at {
        Some(_) => {
            print(&format!(
                "run {id} came to its end before it could be paused"
            ));
            Ok(Exit::NotAllGood)
        }
        None => {
            print(&format!(
                "run {id} is paused; go on with: oust runs resume {id}"
            ));
            Ok(Exit::Good)
        }
    }
}

async fn row(archive: &dyn Archive, id: &RunId) -> Result<RunRow, Failure> {
    let runs = archive.runs().await.map_err(store_failed)?;
    let found = runs.into_iter().find(|run| run.id == *id);
    found.ok_or_else(|| no_such_run(id))
}

/// A server goes on by itself with what it began.
async fn refuse_a_servers(archive: &dyn Archive, id: &RunId) -> Result<(), Failure> {
    let state = archive.state(id).await.map_err(store_failed)?;
    let is_servers = state
        .plan
        .is_some_and(|plan| !matches!(plan.case.source, Source::Person(_)));
    if !is_servers {
        return Ok(());
    }
    let what = format!("run {id} is a server's, which goes on by itself with what it began");
    let hint = "stop that server: it finishes what is in flight; oust freeze keeps new runs from \
                beginning";
    Err(Failure::say(Exit::NotStarted, what, hint))
}

/// Passes on that this process's run is to stop, by its own person or by somebody elsewhere.
pub(super) async fn heeded(
    shop: &Workshop,
    (run, since): (&RunId, Utc),
    own: watch::Receiver<bool>,
    halt: watch::Sender<bool>,
) {
    let told = |pause: &Pause| {
        say(&format!(
            "paused by {} at {}: finishing the changes in flight; go on with: oust runs resume {run}",
            visible(&pause.by),
            pause.at
        ));
    };
    heed(
        &*shop.archive,
        &*shop.tools.clock,
        (run, since),
        own,
        halt,
        told,
    )
    .await;
}
