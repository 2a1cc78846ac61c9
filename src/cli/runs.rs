//! `oust runs`: look at runs, go on with one, look after the ledger.

use super::args::{Global, GoArgs, Output, RunsCommand, WhichRun};
use super::carry::{From, carry_out, run_failed, store_failed};
use super::contain::{ask, consent_failed, ready};
use super::exit::{Exit, Failure};
use super::export::export;
use super::setup::{Ledger, Workshop, ledger_only};
use super::{print, say, show, when};
use crate::consent::{Asked, Consent};
use crate::engine::{Snapshot, prove_again};
use crate::given::{Clock, SystemClock};
use crate::ledger::{Archive, Head, Record, RunState};
use crate::model::RunId;

/// Runs one of the subcommands.
///
/// # Errors
/// [`Failure`] with the exit code of what stopped it.
pub(super) fn run(global: &Global, command: &RunsCommand) -> Result<Exit, Failure> {
    super::runtime(true)?.block_on(async {
        match command {
            RunsCommand::List => list(global).await,
            RunsCommand::Show(which) => show_run(global, which).await,
            RunsCommand::Resume { which, go } => resume(global, which, go).await,
            RunsCommand::Prove(which) => prove(global, which).await,
            RunsCommand::Verify { head } => verify(global, head.as_deref()).await,
            RunsCommand::Export(args) => export(global, args).await,
            RunsCommand::Purge { older_than } => purge(global, older_than).await,
        }
    })
}

async fn list(global: &Global) -> Result<Exit, Failure> {
    let runs = ledger_only(global)?.runs().await.map_err(store_failed)?;
    if global.output == Output::Json {
        print(&serde_json::to_string(&runs).expect("plain values always serialise"));
        return Ok(Exit::Good);
    }
    if runs.is_empty() {
        say("no runs yet");
    }
    for run in runs {
        print(&show::run_row(&run));
    }
    Ok(Exit::Good)
}

async fn show_run(global: &Global, which: &WhichRun) -> Result<Exit, Failure> {
    let archive = ledger_only(global)?;
    let (_, records) = pick(&*archive, which).await?;
    let report = show::report(&RunState::of(&records), archive.is_recorded());
    match global.output {
        Output::Json => print(&show::json(&report)),
        Output::Human => print(&show::result(global, &report, None)),
    }
    Ok(show::exit_of(&report))
}

async fn resume(global: &Global, which: &WhichRun, go: &GoArgs) -> Result<Exit, Failure> {
    ready(go)?;
    let shop = Workshop::open(global, Ledger::of(go)).await?;
    let (id, records) = pick(&*shop.archive, which).await?;
    let state = RunState::of(&records);
    let Some(plan) = state.plan.clone() else {
        return Err(Failure::say(
            Exit::NotStarted,
            format!("run {id} has no plan"),
            "",
        ));
    };
    let so_far = show::report(&state, shop.archive.is_recorded());
    say(&show::result(global, &so_far, None));
    let shown_at = shop.tools.clock.now();
    let consent = match &go.consent {
        Some(phrase) => {
            let asked = Asked {
                shown_at,
                now: shown_at,
            };
            Consent::phrase(&plan, phrase, &shop.person, asked)
                .map_err(|error| consent_failed(&error))?
        }
        None => ask(&shop, &plan, shown_at, go.yes)?,
    };
    let snapshot = Snapshot::default();
    carry_out(
        global,
        &shop,
        From::Records(&records),
        consent,
        snapshot,
        go,
    )
    .await
}

/// Reads the vendors again and says whether it is still so.
async fn prove(global: &Global, which: &WhichRun) -> Result<Exit, Failure> {
    let shop = Workshop::open(global, Ledger::Usual).await?;
    let (id, records) = pick(&*shop.archive, which).await?;
    let state = prove_again(&shop.tools, &id, &records)
        .await
        .map_err(run_failed)?;
    let report = show::report(&state, shop.archive.is_recorded());
    match global.output {
        Output::Json => print(&show::json(&report)),
        Output::Human => print(&show::result(global, &report, None)),
    }
    Ok(show::exit_of(&report))
}

async fn verify(global: &Global, head: Option<&str>) -> Result<Exit, Failure> {
    let expected = head.map(parse_head).transpose()?;
    let verified = ledger_only(global)?
        .verify(expected)
        .await
        .map_err(store_failed)?;
    print(&verified.sentence());
    Ok(if verified.is_good() {
        Exit::Good
    } else {
        Exit::NotAllGood
    })
}

fn parse_head(text: &str) -> Result<Head, Failure> {
    let wrong = || {
        let hint = "copy ledger_head from a report: SEQ:HASH";
        Failure::say(
            Exit::Usage,
            format!("--head `{text}` is no ledger head"),
            hint,
        )
    };
    let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
    let seq = seq.parse().map_err(|_| wrong())?;
    if hash.len() != 64 || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok(Head {
        seq,
        hash: hash.to_lowercase(),
    })
}

async fn purge(global: &Global, older_than: &str) -> Result<Exit, Failure> {
    let age = when::duration(older_than).ok_or_else(|| {
        Failure::say(
            Exit::Usage,
            format!("--older-than `{older_than}` is no age"),
            "write 365d",
        )
    })?;
    let now = SystemClock::new().now();
    let purged = ledger_only(global)?
        .purge_older_than(now.minus(age), now)
        .await;
    let purged = purged.map_err(store_failed)?;
    print(&format!(
        "runs emptied: {} (records: {}), stored plans forgotten: {}; the chain still verifies",
        purged.runs.len(),
        purged.records,
        purged.plans,
    ));
    Ok(Exit::Good)
}

/// The run that is asked for.
///
/// # Errors
/// [`Failure`], if there are none yet.
pub(super) async fn name_of(archive: &dyn Archive, which: &WhichRun) -> Result<RunId, Failure> {
    if let Some(id) = &which.run {
        return Ok(RunId::new(id.clone()));
    }
    let runs = archive.runs().await.map_err(store_failed)?;
    let newest = runs.into_iter().next().map(|run| run.id);
    newest.ok_or_else(|| Failure::say(Exit::NotStarted, "there are no runs yet", ""))
}

async fn pick(archive: &dyn Archive, which: &WhichRun) -> Result<(RunId, Vec<Record>), Failure> {
    let id = name_of(archive, which).await?;
    let records = archive.records(&id).await.map_err(store_failed)?;
    if records.is_empty() {
        return Err(no_such_run(&id));
    }
    Ok((id, records))
}

/// That there is none of that name.
pub(super) fn no_such_run(id: &RunId) -> Failure {
    Failure::say(
        Exit::NotStarted,
        format!("there is no run {id}"),
        "oust runs list names them all",
    )
}
