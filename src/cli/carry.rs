//! Carries a run out for a person: progress, Ctrl-C, result, files, exit code.
//!
//! The same for a new run and one that goes on; does not plan and does not ask.

use std::sync::Arc;

use tokio::sync::watch;

use super::args::{Global, GoArgs, Output};
use super::exit::{Exit, Failure, works_on};
use super::secrets::Secrets;
use super::setup::Workshop;
use super::{notices, pause, print, say, show, stop, when};
use crate::consent::Consent;
use crate::engine::{Ended, Run, RunError, Snapshot, Start};
use crate::ledger::{RunState, StoreError};
use crate::model::Plan;
use crate::report::Report;
use crate::transport::Handover;

/// What a run starts from.
pub(super) enum From {
    /// A plan that was just agreed to.
    Plan(Box<Plan>),
    /// A run that goes on.
    State(Box<RunState>),
}

/// Carries it out, to the exit code.
///
/// # Errors
/// [`Failure`] if it could not begin; nothing was written by this command then.
pub(super) async fn carry_out(
    global: &Global,
    shop: &Workshop,
    from: From,
    consent: Consent,
    snapshot: Snapshot,
    go: &GoArgs,
    secrets: Option<Arc<Secrets>>,
) -> Result<Exit, Failure> {
    let hands = (stop::on_ctrl_c(), secrets.clone());
    let (run, ended) = carried(global, shop, from, consent, snapshot, go, hands).await?;
    let (exit, report) = tell(global, shop, &run, (ended, Tells::All), go);
    if let Some(secrets) = secrets {
        secrets.tell();
    }
    notices::ended(shop, run.plan(), &report, ended).await;
    Ok(exit)
}

/// What is told at the end of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// Everything.
    All,
    /// All but the JSON object, of which there is one a command: somebody tells it later.
    NoJson,
}

/// The same; whoever goes on with it later has `stop` already. Tells how it ended, too.
///
/// # Errors
/// [`Failure`] if it could not begin; nothing was written by this command then.
pub(super) async fn carry_out_told(
    global: &Global,
    shop: &Workshop,
    from: From,
    consent: Consent,
    snapshot: Snapshot,
    go: &GoArgs,
    (stop, tells): (watch::Receiver<bool>, Tells),
) -> Result<(Exit, Ended), Failure> {
    let hands = (stop, None);
    let (run, ended) = carried(global, shop, from, consent, snapshot, go, hands).await?;
    let (exit, report) = tell(global, shop, &run, (ended, tells), go);
    notices::ended(shop, run.plan(), &report, ended).await;
    Ok((exit, ended))
}

/// Carries it out and shows how it goes, with what stops it and whoever takes secrets; whoever
/// asked tells what came of it.
///
/// # Errors
/// [`Failure`] if it could not begin; nothing was written by this command then.
pub(super) async fn carried(
    global: &Global,
    shop: &Workshop,
    from: From,
    consent: Consent,
    snapshot: Snapshot,
    go: &GoArgs,
    (stop, secrets): (watch::Receiver<bool>, Option<Arc<Secrets>>),
) -> Result<(Run, Ended), Failure> {
    let watcher = Arc::new(show::Watcher::new(global, &shop.tools));
    let since = shop.tools.clock.now();
    let (halt, halted) = watch::channel(false);
    let start = Start {
        consent,
        requester: shop.person.clone(),
        snapshot,
        observer: watcher.clone(),
        stop: halted,
        prove_for: prove_for(go)?,
        handover: secrets.map(|secrets| secrets as Arc<dyn Handover>),
    };
    let recorded = shop.archive.is_recorded();
    match &from {
        From::Plan(plan) => works_on(&plan.run, recorded),
        From::State(state) => state
            .plan
            .iter()
            .for_each(|plan| works_on(&plan.run, recorded)),
    }
    // Before the first write is made, so that others know whose it is; nobody waits for it.
    let told = notices::starting(shop, &from, &start.consent);
    let run = match from {
        From::Plan(plan) => Run::begin(shop.tools.clone(), *plan, start).await,
        From::State(state) => Run::resume(shop.tools.clone(), *state, start).await,
    };
    let run = match run {
        Ok(run) => run,
        Err(error) => {
            notices::not_begun(shop, told, &error).await;
            return Err(run_failed(error));
        }
    };
    // Ctrl-C may have come while it began.
    halt.send_replace(*stop.borrow());
    let ended = tokio::select! {
        ended = run.carry_out() => ended,
        () = pause::heeded(shop, (run.id(), since), stop, halt) => {
            unreachable!("it lasts until the run has ended")
        }
    };
    watcher.finish();
    Ok((run, ended))
}

/// How long to wait for proofs at most, if that was said.
///
/// # Errors
/// [`Failure`] if it is no duration.
pub(super) fn prove_for(go: &GoArgs) -> Result<Option<std::time::Duration>, Failure> {
    let Some(text) = &go.prove_for else {
        return Ok(None);
    };
    let wrong = || {
        let what = format!("--prove-for `{text}` is no duration");
        Failure::say(Exit::Usage, what, "write 90s, 2m, 1h")
    };
    when::duration(text).map(Some).ok_or_else(wrong)
}

/// The result: screen or JSON, files, exit code.
fn tell(
    global: &Global,
    shop: &Workshop,
    run: &Run,
    (ended, tells): (Ended, Tells),
    go: &GoArgs,
) -> (Exit, Report) {
    let recorded = shop.archive.is_recorded();
    let made = run.with_state(|state| {
        (
            show::write_files(&go.report, state, recorded),
            state.wrote(),
        )
    });
    let ((report, written), wrote) = made;
    for trouble in &written.trouble {
        say(trouble);
    }
    match (global.output, ended) {
        (Output::Json, Ended::Closed(_)) if tells == Tells::NoJson => {}
        (Output::Json, _) => print(&show::json(&report)),
        (Output::Human, Ended::Stopped) => print(&show::stopped(global, &report)),
        (Output::Human, Ended::Closed(_)) => {
            print(&show::result(global, &report, written.html.as_deref()));
        }
    }
    let exit = match ended {
        Ended::Stopped if !wrote => Exit::NotStarted,
        Ended::Stopped => Exit::Stopped,
        Ended::Closed(_) => show::exit_of(&report),
    };
    (exit, report)
}

pub(super) fn run_failed(error: RunError) -> Failure {
    match error {
        RunError::Store(error) => store_failed(error),
        other => Failure::new(Exit::Refused, other, "oust plan makes a new plan"),
    }
}

pub(super) fn store_failed(error: StoreError) -> Failure {
    let (exit, hint) = match &error {
        StoreError::Busy { run, .. } => (
            Exit::Refused,
            format!("go on with it: oust runs resume {run}"),
        ),
        StoreError::Alive { .. } => (
            Exit::Refused,
            "wait until it ends, or end it (Ctrl-C): then oust runs resume goes on".to_owned(),
        ),
        StoreError::TakenOver { run } => (
            Exit::NotStarted,
            format!("see how it goes on: oust runs show {run}"),
        ),
        StoreError::Exists { .. } => (
            Exit::Refused,
            "a plan is carried out once: oust runs show it, or plan again".to_owned(),
        ),
        StoreError::NoRun { .. } | StoreError::Purged { .. } => {
            (Exit::NotStarted, "oust runs list names them all".to_owned())
        }
        StoreError::OtherOrg { .. } => (
            Exit::NotStarted,
            "name another directory with --state for this org".to_owned(),
        ),
        StoreError::Newer { .. } => (
            Exit::NotStarted,
            "use the newer oust, or another directory with --state".to_owned(),
        ),
        StoreError::Corrupt { .. } | StoreError::Disk { .. } => (
            Exit::NotStarted,
            "in an emergency: --emergency-ledger takes a fresh file elsewhere, --no-ledger \
             records to stderr"
                .to_owned(),
        ),
    };
    Failure::new(exit, error, hint)
}
