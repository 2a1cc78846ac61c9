//! `oust rehearse`: what a containment would do today, kept and compared with the last time.

mod due;
mod live;

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::{Global, Output, RehearseArgs};
use super::contain::plan_failed;
use super::exit::{Exit, Failure};
use super::setup::{Ledger, Workshop, checked, ledger_path};
use super::{print, say, show};
use crate::engine::{PlanRequest, RehearseAsk, Rehearsed, rehearse as rehearse_case};
use crate::model::{Scope, Source};
use crate::playbook::CheckedPlaybook;
use crate::rehearsals::{
    Difference, Kind, Point, Rehearsal, SqliteRehearsals, Verdict, difference, trend,
};
use crate::report::escape::visible;
use crate::report::{owner_sheets, rehearsal_html, rehearsal_markdown, rehearsal_screen};
use crate::sqlite::FileError;

/// The playbook when none is named.
const DEFAULT_PLAYBOOK: &str = "account-takeover";

/// How long the plan waits for the services: nobody is in a hurry.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one JSON object: a rehearsal, and what it means beside the others.
#[derive(Serialize)]
struct Told<'t> {
    #[serde(flatten)]
    rehearsal: &'t Rehearsal,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<&'t Difference>,
}

/// `oust rehearse`.
///
/// # Errors
/// [`Failure`] with the exit code of what stopped it.
pub(super) fn rehearse(global: &Global, args: &RehearseArgs) -> Result<Exit, Failure> {
    if let Some(age) = &args.due {
        return due::due(global, age);
    }
    if args.live {
        return super::runtime(true)?.block_on(live::live(global, args));
    }
    super::runtime(true)?.block_on(dry(global, args))
}

async fn dry(global: &Global, args: &RehearseArgs) -> Result<Exit, Failure> {
    let shop = Workshop::open(global, Ledger::Usual).await?;
    let kept = open(global)?;
    let Some(who) = args.who.clone().or_else(|| shop.canary.clone()) else {
        let what = "nobody is named, and the config has no `canary`";
        let hint = "oust rehearse LOGIN: a person whose apps are the usual ones tells most";
        return Err(Failure::say(Exit::Usage, what, hint));
    };
    let playbook = checked(args.playbook.as_deref().unwrap_or(DEFAULT_PLAYBOOK))?;
    let ask = ask(&shop, args, who, Kind::Dry);
    let rehearsed = rehearse_case(&shop.tools, &playbook, &shop.guards, ask).await;
    let Rehearsed { rehearsal, .. } = rehearsed.map_err(plan_failed)?;
    tell(global, args, &kept, &rehearsal).await
}

fn ask(shop: &Workshop, args: &RehearseArgs, who: String, kind: Kind) -> RehearseAsk {
    RehearseAsk {
        id: shop.run.as_str().replacen("r_", "h_", 1),
        by: shop.person.clone(),
        kind,
        owners: shop.owners.clone(),
        approvers: shop.approvers.clone(),
        request: PlanRequest {
            run: shop.run.clone(),
            grace: PATIENCE,
            who: vec![who],
            may_be_gone: std::collections::BTreeSet::new(),
            roles: std::collections::BTreeMap::new(),
            window: None,
            case_id: None,
            reason: Some("rehearsal".into()),
            source: Source::Person(shop.person.clone()),
            scope: Scope {
                only: args.only.clone(),
                skip: args.skip.clone(),
            },
            lifts: Vec::new(),
            warm_writes: false,
            identities: Vec::new(),
            found: Vec::new(),
        },
    }
}

/// Compares it, keeps it, shows it, writes the sheets.
async fn tell(
    global: &Global,
    args: &RehearseArgs,
    kept: &SqliteRehearsals,
    rehearsal: &Rehearsal,
) -> Result<Exit, Failure> {
    let last = kept.last_before(rehearsal).await.map_err(unkept)?;
    let since = last.map(|last| difference(&last, rehearsal));
    kept.keep(rehearsal).await.map_err(unkept)?;
    let all = kept.all().await.map_err(unkept)?;
    let of_the_same = all.iter().filter(|each| each.is_of_the_same(rehearsal));
    let points = trend(of_the_same);
    match global.output {
        Output::Json => {
            let told = Told {
                rehearsal,
                since: since.as_ref(),
            };
            print(&serde_json::to_string(&told).expect("a rehearsal is plain values"));
        }
        Output::Human => {
            let zone = TimeZone::system();
            let style = show::style(global);
            let screen = rehearsal_screen(rehearsal, since.as_ref(), &points, &zone, style);
            print(screen.trim_end_matches('\n'));
        }
    }
    let sheets = match &args.sheets {
        Some(dir) => write_sheets(dir, rehearsal, since.as_ref(), &points),
        None => Ok(()),
    };
    sheets?;
    Ok(match rehearsal.verdict {
        Verdict::Ok => Exit::Good,
        Verdict::Failed => Exit::NotAllGood,
    })
}

/// A sheet for each owner, and the rehearsal itself beside them.
fn write_sheets(
    dir: &Path,
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    trend: &[Point],
) -> Result<(), Failure> {
    let zone = TimeZone::system();
    let failed = |error: std::io::Error| {
        let what = format!("the sheets cannot be written to {}: {error}", dir.display());
        Failure::say(
            Exit::NotAllGood,
            what,
            "name another directory with --sheets; the rehearsal itself is kept",
        )
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    let sheets = owner_sheets(rehearsal, &show::action, &zone);
    for sheet in &sheets {
        let path = dir.join(&sheet.name);
        std::fs::write(path.with_extension("html"), &sheet.html).map_err(failed)?;
        std::fs::write(path.with_extension("md"), &sheet.markdown).map_err(failed)?;
    }
    let path = dir.join("rehearsal");
    let html = rehearsal_html(rehearsal, since, trend, &zone);
    let markdown = rehearsal_markdown(rehearsal, since, trend, &zone);
    std::fs::write(path.with_extension("html"), html).map_err(failed)?;
    std::fs::write(path.with_extension("md"), markdown).map_err(failed)?;
    say(&format!(
        "{} in {}, as HTML and Markdown; the whole rehearsal beside them",
        crate::model::count(sheets.len(), "sheet"),
        visible(&dir.display().to_string())
    ));
    Ok(())
}

/// The file of rehearsals.
fn open(global: &Global) -> Result<SqliteRehearsals, Failure> {
    let path = SqliteRehearsals::beside(&ledger_path(global)?);
    SqliteRehearsals::open(&path).map_err(unkept)
}

fn unkept(error: FileError) -> Failure {
    Failure::new(
        Exit::NotStarted,
        error,
        "name another directory with --state, or move the file aside: it holds rehearsals alone",
    )
}

/// The playbooks that may run here: the shipped default, and those that rules name.
fn playbooks(config: &crate::config::Config) -> Result<Vec<CheckedPlaybook>, Failure> {
    let mut all = vec![checked(DEFAULT_PLAYBOOK)?];
    for row in config.rules.rows() {
        let name = &row.playbook.reference.name;
        if !all.iter().any(|known| known.reference.name == *name) {
            all.push((*row.playbook).clone());
        }
    }
    Ok(all)
}
