//! Contains again what came back, by a consent that was given beforehand; and says how a watch
//! ended.
//!
//! It is the run's own plan that is carried out again, by [`Run::resume`]: what is undone is done
//! again, what is new of the same selectors is taken away, and it is proven anew. Nothing is
//! planned here that was not agreed to.

use std::sync::Arc;

use tokio::sync::watch;

use super::super::recorder::Observer;
use super::super::run::{Ended, Run, Start, Tools};
use super::super::snapshot::Snapshot;
use super::news::News;
use super::{WatchError, watchable};
use crate::consent::Again;
use crate::ledger::{Event, Happened, RunState};
use crate::model::{Finding, RunId, Severity, Utc};

/// Carries the plan of `run` out once more, if a round of `agreed` is left.
///
/// # Errors
/// [`WatchError`], if it was released meanwhile, or could not go on; nothing was written then.
pub async fn contain_again(
    tools: &Tools,
    run: &RunId,
    agreed: &mut Again,
    observer: Arc<dyn Observer>,
    stop: watch::Receiver<bool>,
) -> Result<(Ended, RunState), WatchError> {
    let state = watchable(tools, run).await?;
    let plan = state.plan.clone().expect("a watchable run has a plan");
    // A round is used up by what was begun, not by what could not begin.
    let mut taken = agreed.clone();
    let consent = taken.take(&plan, tools.clock.now())?;
    let start = Start {
        requester: consent.by().to_owned(),
        consent,
        snapshot: Snapshot::default(),
        observer,
        stop,
        prove_for: None,
        handover: None,
    };
    let run = Run::resume(tools.clone(), state, start).await?;
    *agreed = taken;
    let ended = run.carry_out().await;
    Ok((ended, run.state()))
}

/// Notes that all rounds are used up and it came back all the same.
///
/// # Errors
/// [`WatchError`], if the ledger does not take it.
pub async fn gave_up(
    tools: &Tools,
    run: &RunId,
    rounds: u32,
    news: &[News],
) -> Result<Finding, WatchError> {
    let told: Vec<String> = news
        .iter()
        .filter(|news| news.is_open())
        .map(|news| format!("{} at {}: {}", news.login, news.system, news.says))
        .collect();
    let next: Vec<&str> = news
        .iter()
        .map(|news| news.next.as_str())
        .filter(|next| !next.is_empty())
        .collect();
    let finding = Finding {
        severity: Severity::High,
        id: "watch_gave_up".into(),
        text: format!(
            "contained again {rounds} times, and it came back: something keeps letting him in: {}",
            told.join("; ")
        ),
        hint: match next.first() {
            Some(next) => format!("stop that first: {next}; then oust runs resume {run}"),
            None => format!("stop whoever does that first; then oust runs resume {run}"),
        },
    };
    note(tools, run, finding.clone()).await?;
    Ok(finding)
}

/// Notes from when to when it was watched, and what came of it.
///
/// # Errors
/// [`WatchError`], if the ledger does not take it.
pub async fn watched(
    tools: &Tools,
    run: &RunId,
    (from, until): (Utc, Utc),
    looks: u32,
    news: usize,
) -> Result<(), WatchError> {
    let what = match news {
        0 => "nothing came back".to_owned(),
        some => format!("{some} times something came back"),
    };
    let finding = Finding {
        severity: Severity::Info,
        id: "watched".into(),
        text: format!("watched from {from} to {until}, {looks} looks: {what}"),
        hint: String::new(),
    };
    note(tools, run, finding).await
}

async fn note(tools: &Tools, run: &RunId, finding: Finding) -> Result<(), WatchError> {
    let events = Happened::at_once(tools.clock.now(), vec![Event::Noted { finding }]);
    tools.store.append(run, events).await?;
    Ok(())
}
