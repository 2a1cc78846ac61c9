//! `oust investigate`: whether somebody else is in an account, and what is left of it.
//!
//! Reads only, keeps nothing but the report that was asked for. The result goes to stdout, as the
//! screen or as the one object `oust.investigation/v1`; what went wrong on the way to stderr.

use std::path::Path;

use jiff::tz::TimeZone;

use super::args::{Global, InvestigateArgs, Output};
use super::exit::{Exit, Failure};
use super::files::Written;
use super::{print, runtime, say, setup, show, when};
use crate::engine::{InvestigateAsk, InvestigateError, Investigator, Only, investigate as look};
use crate::evidence::detect::Detections;
use crate::evidence::investigation::Investigation;
use crate::given::{Clock as _, SystemClock};
use crate::model::Confirmation;
use crate::report::{self, escape::harmless_json};

/// Looks into it.
///
/// # Errors
/// [`Failure`], if it could not begin.
pub(super) fn investigate(global: &Global, args: &InvestigateArgs) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    let usage = |why: String| Failure::say(Exit::Usage, why, "");
    let zone = TimeZone::system();
    let time = |text: &Option<String>, name: &str| {
        let text = text.as_deref();
        let at = text.map(|text| when::moment(text, now, &zone));
        at.transpose()
            .map_err(|why| usage(format!("{name}: {why}")))
    };
    let (since, until) = (time(&args.since, "--since")?, time(&args.until, "--until")?);
    if since.is_some_and(|since| since > now || until.is_some_and(|until| until <= since)) {
        return Err(usage(
            "--since must lie before --until and before now".into(),
        ));
    }
    let ask = InvestigateAsk {
        who: args.who.iter().map(|who| who.trim().to_owned()).collect(),
        since,
        until,
        only: only(args),
        file: args.log.clone(),
    };
    let is_named = global.config.is_some();
    let tools = if ask.file.is_some() && !is_named {
        Investigator {
            directory: None,
            services: Vec::new(),
            owners: Vec::new(),
            detections: Detections::shipped(),
            broken_rules: Vec::new(),
            tool: setup::TOOL.to_owned(),
            now,
        }
    } else {
        setup::investigator(global, now)?
    };
    let found = runtime(false)?
        .block_on(look(&tools, &ask))
        .map_err(failed)?;
    match global.output {
        Output::Human => print(show::investigation(global, &found).trim_end()),
        Output::Json => print(&harmless_json(&json(&found))),
    }
    if let Some(dir) = &args.report {
        write(dir, &found);
    }
    Ok(exit_of(&found))
}

fn only(args: &InvestigateArgs) -> Option<Only> {
    let session = args.session.clone().map(Only::Session);
    let token = args.token.clone().map(Only::Token);
    let support = args.impersonation.clone().map(Only::Impersonation);
    session.or(token).or(support)
}

fn failed(error: InvestigateError) -> Failure {
    let hint = error.hint();
    let exit = match error {
        InvestigateError::Twice | InvestigateError::Nothing => Exit::Usage,
        _ => Exit::NotStarted,
    };
    Failure::new(exit, error, hint)
}

/// Good is only: all was read, and in no account is anybody.
fn exit_of(found: &Investigation) -> Exit {
    let nobody = |answer: Confirmation| answer == Confirmation::NotConfirmed;
    let quiet = found
        .subjects
        .iter()
        .all(|each| nobody(each.intruder.answer));
    let whole = found.read.missing.is_empty() && found.unread.is_empty();
    match quiet && whole && found.broken_rules.is_empty() {
        true => Exit::Good,
        false => Exit::NotAllGood,
    }
}

fn json(found: &Investigation) -> String {
    serde_json::to_string(found).expect("an investigation is plain values")
}

/// The report's files, named by the moment: several may lie in one directory.
fn write(dir: &Path, found: &Investigation) {
    let made = found.made_at.to_string();
    let stamp: String = made[..19]
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = format!("oust-investigation-{stamp}");
    let json = json(found);
    let zone = TimeZone::system();
    let html = report::investigation_html(found, &zone);
    let markdown = report::investigation_markdown(found, &zone);
    let renderings = [("json", json.as_str()), ("html", &html), ("md", &markdown)];
    let mut written = Written::below(dir);
    written.add(dir, &name, &renderings);
    for trouble in written.trouble {
        say(&trouble);
    }
    say(&format!("written to {}", dir.join(name).display()));
}
