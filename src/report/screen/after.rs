//! What stands below the systems: what still works, what is left for people, what now.

use jiff::tz::TimeZone;

use super::{LINES_MAX, more};
use crate::model::Verdict;
use crate::report::left;
use crate::report::object::{Because, Ending, LeftAloneReport, Report, Residual};
use crate::report::summary::{self, whose};
use crate::report::text::{Ink, Page, moment, zone_name};
use crate::report::times;

/// Lines under one word at the left: the first carries it, the others hang below.
fn list(page: &mut Page, name: &str, lines: &[String]) {
    const COLUMN: usize = 14;
    for (place, line) in lines.iter().take(LINES_MAX).enumerate() {
        if place == 0 {
            page.put(Ink::Strong, name);
        }
        page.wrap(COLUMN, Ink::Plain, line).end();
    }
    more(page, COLUMN, lines.len());
}

pub(super) fn still_works(page: &mut Page, report: &Report, zone: &TimeZone) {
    // What is open or cannot be read stands with its system already, and an app that is not reached
    // with what is to be done there.
    let elsewhere = |one: &Residual| {
        matches!(
            one.because,
            Because::Open | Because::Unproven | Because::Unreached
        )
    };
    let mut left = left::in_order(report);
    left.retain(|(_, one)| !elsewhere(one));
    // Lines are few here: what has a clock time first, as it can be waited for.
    left.sort_by_key(|(_, one)| one.ends_at.is_none());
    let mut lines: Vec<String> = left
        .into_iter()
        .map(|(login, one)| {
            let until = match (one.ends_at, &one.until) {
                (None, None) => String::new(),
                _ => format!(" until {}", left::until(one, report.finished_at, zone)),
            };
            // Why it outlives what was done is said by naming it.
            let why = match one.because {
                Because::Outlives => String::new(),
                _ => format!(" ({})", one.why),
            };
            let call = match one.ends {
                Ending::ByItself | Ending::Unknown => String::new(),
                Ending::ByPerson => left::call(one.call.as_ref()),
            };
            format!(
                "{}{}: {}{until}{why}{call}",
                whose(report, &login),
                one.system,
                one.what,
            )
        })
        .collect();
    let more = report.of_all.as_ref().map_or(0, |all| all.more_residual);
    if more > 0 {
        let file = report.subjects_file.as_deref();
        let where_to = file.map_or_else(|| "oust runs export".into(), |file| format!("see {file}"));
        lines.insert(
            lines.len().min(LINES_MAX - 1),
            format!("{more} more that are told account by account: {where_to}"),
        );
    }
    list(page, "still works", &lines);
}

pub(super) fn by_hand(page: &mut Page, report: &Report) {
    let lines: Vec<String> = report
        .manual
        .iter()
        .map(|one| {
            let login = one.login.as_deref().unwrap_or_default();
            let (whose, call) = (whose(report, login), left::call(one.call.as_ref()));
            format!("{whose}{}: {}{call}", one.system, one.text)
        })
        .collect();
    list(page, "by hand", &lines);
}

/// What a release leaves as it is: first what somebody has to do.
pub(super) fn left_alone(page: &mut Page, report: &Report) {
    let line = |one: &LeftAloneReport| {
        format!("{}{}: {}", whose(report, &one.login), one.system, one.text)
    };
    for (name, by_hand) in [("by hand", true), ("left alone", false)] {
        let those = report
            .left_alone
            .iter()
            .filter(|one| one.by_hand == by_hand);
        let lines: Vec<String> = those.map(line).collect();
        list(page, name, &lines);
    }
}

/// Ways in that the intruder left outside the subjects' own accounts, and other damage.
pub(super) fn planted(page: &mut Page, report: &Report) {
    let told = |one| format!("{}: {}", summary::planted(one), summary::planted_now(one));
    let lines: Vec<String> = report.planted.iter().map(told).collect();
    list(page, "planted", &lines);
}

pub(super) fn findings(page: &mut Page, report: &Report) {
    let lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| match &finding.hint[..] {
            "" => finding.text.clone(),
            hint => format!("{} ({hint})", finding.text),
        })
        .collect();
    list(page, "also", &lines);
}

pub(super) fn read_again(page: &mut Page, report: &Report, zone: &TimeZone) {
    if let Some(text) = summary::read_again(report, zone) {
        page.wrap(0, Ink::Plain, &text).end();
    }
}

pub(super) fn found_later(page: &mut Page, report: &Report) {
    if let Some(text) = summary::found_later(report) {
        page.wrap(0, Ink::Plain, &text).end();
    }
}

pub(super) fn life(page: &mut Page, report: &Report, zone: &TimeZone) {
    let signs = summary::life(report, zone);
    for (held, text) in signs.iter().take(LINES_MAX) {
        let ink = if *held { Ink::Warn } else { Ink::Bad };
        page.wrap(0, ink, &format!("! {text}")).end();
    }
    if signs.is_empty()
        && let Some(text) = summary::no_life(report, zone)
    {
        page.wrap(0, Ink::Plain, &text).end();
    }
}

pub(super) fn times(page: &mut Page, report: &Report) {
    if let Some(text) = times::in_short(report) {
        page.wrap(0, Ink::Plain, &text).end();
    }
}

pub(super) fn next(page: &mut Page, report: &Report, zone: &TimeZone, file: Option<&str>) {
    page.put(Ink::Plain, &format!("run {}", report.run_id));
    if let Some(file) = file {
        page.put(Ink::Plain, "  report ").put(Ink::Plain, file);
    }
    if !report.recorded {
        page.put(Ink::Bad, "  UNRECORDED: no resume, no release");
    }
    page.end();
    if let Some((name, command)) = summary::next_command(report) {
        page.put(Ink::Strong, name)
            .put(Ink::Plain, "  ")
            .put(Ink::Plain, &command)
            .end();
    }
    if report.recorded && report.verdict == Verdict::Contained {
        let undo = format!("undo   oust release {}", report.run_id);
        page.put(Ink::Plain, &undo).end();
    }
    if let Some(at) = report.finished_at.or(report.started_at) {
        let text = format!("{}, times in {}", moment(at, zone), zone_name(at, zone));
        page.put(Ink::Dim, &text).end();
    }
}
