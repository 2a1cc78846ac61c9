//! `oust check`: what would stop us tonight.
//!
//! Reads alone. Of what is on this machine it opens the ledger, because a ledger that cannot be
//! opened stops a containment, and writes nothing into it. A system whose settings are no good is
//! told and holds up none of the others; a config file that cannot be read at all, and a directory
//! that cannot be opened, end the command.

mod grants;

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use super::args::{CheckArgs, Global, Output};
use super::exit::{Exit, Failure};
use super::setup::{self, CheckShop};
use super::{print, runtime, show};
use crate::engine::{CheckAsk, Checked, check as look};
use crate::model::{Finding, Scope, Severity, SystemId, Utc, nearest};
use crate::playbook::{CheckedPlaybook, shipped};
use crate::rehearsals::{SqliteRehearsals, learnt};
use crate::report::escape::harmless_json;
use crate::transport::ends_at;

/// Runs the command.
///
/// # Errors
/// [`Failure`], if there is nothing to look at.
pub(super) fn check(global: &Global, args: &CheckArgs) -> Result<Exit, Failure> {
    if args.grants {
        return grants::grants(global, args);
    }
    let mut playbooks = playbooks(&args.playbook)?;
    let shop = CheckShop::open(global)?;
    if args.playbook.is_empty() {
        add_those_of_rules(&mut playbooks, &shop);
    }
    let scope = scope(&shop, args)?;
    let guards = setup::limits(&shop.config.guards);
    let checked = runtime(false)?.block_on(async {
        let ask = CheckAsk {
            playbooks: &playbooks,
            scope: &scope,
            guards: &guards,
            approvers: &shop.config.approvers,
            owners: &shop.config.owners,
            found: on_this_machine(global, &shop).await,
            unopened: shop.unopened.clone(),
        };
        look(&shop.tools, &ask).await
    });
    match global.output {
        Output::Human => print(show::check(global, &checked).trim_end()),
        Output::Json => print(&harmless_json(&json(&checked))),
    }
    Ok(match checked.good {
        true => Exit::Good,
        false => Exit::NotAllGood,
    })
}

/// Those named, or all that are shipped.
pub(super) fn playbooks(named: &[String]) -> Result<Vec<CheckedPlaybook>, Failure> {
    if named.is_empty() {
        let all = shipped().iter().map(|(name, _)| setup::checked(name));
        return all.collect();
    }
    named.iter().map(|name| setup::checked(name)).collect()
}

/// An alert may lead to one of the config's own.
fn add_those_of_rules(playbooks: &mut Vec<CheckedPlaybook>, shop: &CheckShop) {
    for row in shop.config.rules.rows() {
        let known = |each: &CheckedPlaybook| each.reference.digest == row.playbook.reference.digest;
        if !playbooks.iter().any(known) {
            playbooks.push((*row.playbook).clone());
        }
    }
}

fn json(checked: &Checked) -> String {
    serde_json::to_string(checked).expect("what was found is plain values")
}

/// `--only` and `--skip`; a name that is nothing's is a slip.
fn scope(shop: &CheckShop, args: &CheckArgs) -> Result<Scope, Failure> {
    let opened = shop.tools.systems().map(|system| &system.id);
    let known: Vec<&SystemId> = opened
        .chain(shop.unopened.iter().map(|(id, _)| id))
        .collect();
    let is_known = |name: &&String| {
        known
            .iter()
            .any(|id| id.as_str() == *name || id.vendor() == *name)
    };
    let mut named = args.only.iter().chain(&args.skip);
    if let Some(stranger) = named.find(|name| !is_known(name)) {
        let close = nearest(stranger, known.iter().map(|id| id.as_str()));
        let hint = close.map_or_else(
            || "systems are those of the config file".to_owned(),
            |close| format!("did you mean `{close}`?"),
        );
        let what = format!("no system is called `{stranger}`");
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    Ok(Scope {
        only: args.only.clone(),
        skip: args.skip.clone(),
    })
}

/// What can be told without asking anybody.
async fn on_this_machine(global: &Global, shop: &CheckShop) -> Vec<Finding> {
    let mut found = ledger(global).await;
    found.extend(detections(shop));
    let tls = shop.config.server.tls.as_ref();
    let now = shop.tools.clock.now();
    found.extend(tls.and_then(|tls| certificate(&tls.certificate, now)));
    found.extend(rehearsed(global).await);
    found
}

/// What live rehearsals have found out about this org, where documentation does not settle it.
async fn rehearsed(global: &Global) -> Vec<Finding> {
    let path = setup::ledger_path(global).map(|ledger| SqliteRehearsals::beside(&ledger));
    // Nobody's first check makes a file.
    let Some(path) = path.ok().filter(|path| path.exists()) else {
        return Vec::new();
    };
    let known = match SqliteRehearsals::open(&path) {
        Ok(rehearsals) => rehearsals.all().await,
        Err(why) => Err(why),
    };
    let noted = |text: String, severity| Finding {
        severity,
        id: "rehearsed".into(),
        text,
        hint: String::new(),
    };
    match known {
        Ok(all) => {
            let facts = learnt(&all).into_iter();
            let told = facts.map(|fact| {
                let what = fact.name.sentence(fact.holds);
                noted(format!("{what}, as seen on {}", fact.at), Severity::Info)
            });
            told.collect()
        }
        Err(why) => {
            let text = format!("what was rehearsed cannot be read: {why}");
            vec![noted(text, Severity::Warning)]
        }
    }
}

/// Rules of one's own that detect nothing.
fn detections(shop: &CheckShop) -> Option<Finding> {
    let text = match shop.config.load_detections() {
        Ok((_, broken)) if broken.is_empty() => return None,
        Ok((_, broken)) => {
            let all: Vec<String> = broken.iter().map(ToString::to_string).collect();
            format!("some of your detections detect nothing: {}", all.join("; "))
        }
        Err(error) => error.to_string(),
    };
    Some(Finding {
        severity: Severity::Warning,
        id: "detections".into(),
        text,
        hint: "mend the files that `detections` names, or take them out".into(),
    })
}

/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// The longest certificate file that is looked into, in bytes.
const PEM_MAX: u64 = 256 << 10;

/// Whether the server's certificate has ended, or will soon: then nobody sends it alerts.
fn certificate(path: &Path, now: Utc) -> Option<Finding> {
    let shown = path.display();
    let finding = |severity, id: &str, text: String| Finding {
        severity,
        id: id.into(),
        text,
        hint: "put another one there; `oust serve` takes it without a restart or says so".into(),
    };
    let mut pem = String::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(PEM_MAX).read_to_string(&mut pem));
    if let Err(error) = read {
        let text = format!("the server's certificate {shown} cannot be read: {error}");
        return Some(finding(Severity::High, "server_certificate", text));
    }
    let ends = ends_at(&pem)?;
    if ends <= now {
        let text = format!("the server's certificate {shown} ended {ends}: nobody sends it alerts");
        return Some(finding(Severity::High, "server_certificate", text));
    }
    (ends <= now.plus(SOON)).then(|| {
        let text = format!("the server's certificate {shown} ends {ends}");
        finding(Severity::Warning, "server_certificate", text)
    })
}

/// Whether the ledger can be opened, and what stands unfinished in it.
async fn ledger(global: &Global) -> Vec<Finding> {
    let archive = match setup::ledger_only(global) {
        Ok(archive) => archive,
        Err(failure) => {
            let why = failure.error.map(|error| format!("{error:#}"));
            return vec![Finding {
                severity: Severity::High,
                id: "ledger".into(),
                text: format!(
                    "the ledger cannot be opened: {}",
                    why.unwrap_or_else(|| "nobody says why".into())
                ),
                hint: match failure.hint.is_empty() {
                    true => "name another place with --state".into(),
                    false => failure.hint,
                },
            }];
        }
    };
    let Ok(runs) = archive.unfinished().await else {
        return Vec::new();
    };
    let unfinished = runs.iter().map(|run| Finding {
        severity: Severity::Warning,
        id: "unfinished_run".into(),
        text: format!("run {} is unfinished since {}", run.id, run.opened_at),
        hint: format!("oust runs resume {}", run.id),
    });
    unfinished.collect()
}
