//! `oust runs`: look at runs, go on with one, look after the ledger.

use std::path::Path;

use super::args::{Global, GoArgs, Output, RunsCommand, WhichRun};
use super::carry::{From, carry_out, run_failed, store_failed};
use super::contain::{ask, consent_failed, ready};
use super::exit::{Exit, Failure};
use super::export::export;
use super::remote::{self, Server};
use super::setup::{Ledger, Workshop, ledger_only, load_config};
use super::{approvals, print, release, say, show, when};
use crate::consent::{Asked, Consent};
use crate::engine::{Snapshot, prove_again};
use crate::given::{Clock, SystemClock};
use crate::ledger::{Archive, Head, RunState};
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
            RunsCommand::Resume { which, secrets, go } => {
                resume(global, which, secrets.as_deref(), go).await
            }
            RunsCommand::Pause(which) => super::pause::pause(global, which).await,
            RunsCommand::Prove(which) => prove(global, which).await,
            RunsCommand::Verify { head } => verify(global, head.as_deref()).await,
            RunsCommand::Export(args) => export(global, args).await,
            RunsCommand::Stats(args) => super::stats::stats(global, args).await,
            RunsCommand::Purge { older_than } => purge(global, older_than).await,
        }
    })
}

/// The server that the config names, unless `--state` names a state here.
async fn server(global: &Global) -> Result<Option<Server>, Failure> {
    if global.state.is_some() {
        return Ok(None);
    }
    // Looking at the ledger needs no config, and none that can be read.
    let client = load_config(global).ok().and_then(|config| config.client);
    match client {
        Some(client) => Server::open(&client).await.map(Some),
        None => Ok(None),
    }
}

async fn list(global: &Global) -> Result<Exit, Failure> {
    let runs = match server(global).await? {
        Some(server) => server.runs().await?,
        None => ledger_only(global)?.runs().await.map_err(store_failed)?,
    };
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
    if let Some(server) = server(global).await? {
        return show_remote(global, &server, which).await;
    }
    let archive = ledger_only(global)?;
    let (_, state) = pick(&*archive, which).await?;
    Ok(told(global, &state, archive.is_recorded()))
}

/// Shows a report of which no file is written: a script gets every subject.
fn told(global: &Global, state: &RunState, recorded: bool) -> Exit {
    let report = match global.output {
        Output::Json => {
            let report = show::whole(state, recorded);
            print(&show::json(&report));
            report
        }
        Output::Human => {
            let report = show::report(state, recorded);
            print(&show::result(global, &report, None));
            report
        }
    };
    show::exit_of(&report)
}

async fn show_remote(global: &Global, server: &Server, which: &WhichRun) -> Result<Exit, Failure> {
    let run = match &which.run {
        Some(run) => RunId::new(run),
        None => {
            let newest = server.runs().await?.into_iter().next();
            let newest = newest.map(|run| run.id);
            newest.ok_or_else(|| Failure::say(Exit::NotStarted, "there are no runs yet", ""))?
        }
    };
    let found = server.run(&run).await?;
    if global.output == Output::Json {
        print(&remote::shown(&found));
    }
    let report = remote::report(found)?;
    if global.output == Output::Human {
        print(&show::result(global, &report, None));
    }
    Ok(show::exit_of(&report))
}

async fn resume(
    global: &Global,
    which: &WhichRun,
    secrets: Option<&Path>,
    go: &GoArgs,
) -> Result<Exit, Failure> {
    ready(go)?;
    let shop = Workshop::open(global, Ledger::of(go)).await?;
    let (id, state) = pick(&*shop.archive, which).await?;
    let Some(plan) = state.plan.clone() else {
        return Err(Failure::say(
            Exit::NotStarted,
            format!("run {id} has no plan"),
            "",
        ));
    };
    say(&show::so_far(global, &state, shop.archive.is_recorded()));
    let shown_at = shop.tools.clock.now();
    let secrets = match plan.gives_back {
        Some(_) => {
            release::refuse_if_contained_again(&*shop.archive, &id, &state).await?;
            release::secrets(&shop, &plan, secrets)?
        }
        None => None,
    };
    shop.notifier();
    let consent = match (&go.consent, &go.approval[..]) {
        (None, files @ [_, ..]) => {
            let given = approvals::read(files, &shop.approvers)?;
            approvals::consent(&plan, &given.votes, &shop, shown_at)?
        }
        (Some(phrase), _) => {
            let asked = Asked {
                shown_at,
                now: shown_at,
            };
            Consent::phrase(&plan, phrase, &shop.person, asked)
                .map_err(|error| consent_failed(&error))?
        }
        (None, []) => ask(&shop, &plan, shown_at, go.yes)?,
    };
    let snapshot = Snapshot::default();
    carry_out(
        global,
        &shop,
        From::State(Box::new(state)),
        consent,
        snapshot,
        go,
        secrets,
    )
    .await
}

/// Reads the vendors again and says whether it is still so.
async fn prove(global: &Global, which: &WhichRun) -> Result<Exit, Failure> {
    let shop = Workshop::open(global, Ledger::Usual).await?;
    let (id, state) = pick(&*shop.archive, which).await?;
    let state = prove_again(&shop.tools, &id, state)
        .await
        .map_err(run_failed)?;
    Ok(told(global, &state, shop.archive.is_recorded()))
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

async fn pick(archive: &dyn Archive, which: &WhichRun) -> Result<(RunId, RunState), Failure> {
    let id = name_of(archive, which).await?;
    let state = archive.state(&id).await.map_err(store_failed)?;
    if state.head.is_none() {
        return Err(no_such_run(&id));
    }
    Ok((id, state))
}

/// That there is none of that name.
pub(super) fn no_such_run(id: &RunId) -> Failure {
    Failure::say(
        Exit::NotStarted,
        format!("there is no run {id}"),
        "oust runs list names them all",
    )
}
