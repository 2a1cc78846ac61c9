//! What a run's end looks like on a terminal: is it over, for whom, what still works, what now.
//!
//! Renders a [`Report`] and decides nothing. Words carry the meaning, colour repeats it; times
//! are local and the zone is said.

mod after;
mod check;
mod grants;
mod investigation;
mod plan;
mod predicted;
mod stopped;

pub use check::check_screen;
pub use grants::{Granting, grants_screen};
pub use investigation::investigation_screen;
pub use plan::{plan_screen, prompt_line};
pub use predicted::predicted_screen;
pub use stopped::{refused_screen, stopped_screen};

use jiff::tz::TimeZone;

use super::object::{Report, SubjectReport, SubjectSystem};
use super::problems::problems;
use super::summary::{self, contained_by, eviction, plain};
use super::text::{Ink, Page, Style, count};
use crate::ledger::Mode;
use crate::model::{SystemId, Verdict};

/// Up to this many subjects are told one by one on a screen.
const SUBJECTS_SHOWN_MAX: usize = 20;
/// Up to this many lines of one kind.
const LINES_MAX: usize = 12;

/// The verdict screen. `file` is where the report was written, if it was.
#[must_use]
pub fn result_screen(report: &Report, zone: &TimeZone, file: Option<&str>, style: Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, report);
    left_out(&mut page, report);
    match report.only_subject() {
        Some(subject) => systems_of(&mut page, report, subject, zone),
        None => many(&mut page, report, zone),
    }
    page.gap();
    after::still_works(&mut page, report, zone);
    after::planted(&mut page, report);
    after::by_hand(&mut page, report);
    after::left_alone(&mut page, report);
    after::findings(&mut page, report);
    after::found_later(&mut page, report);
    after::read_again(&mut page, report, zone);
    after::life(&mut page, report, zone);
    after::times(&mut page, report);
    page.gap();
    after::next(&mut page, report, zone, file);
    page.done()
}

pub(super) fn tone(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Released | Verdict::Contained => Ink::Good,
        Verdict::Partial | Verdict::Unknown => Ink::Bad,
        Verdict::NotAttempted => Ink::Warn,
    }
}

fn headline(page: &mut Page, report: &Report) {
    page.put(tone(report.verdict), summary::word(report));
    page.put(Ink::Plain, "  ");
    page.put(Ink::Strong, &summary::headline(report));
    if report.unproven > 0 {
        page.to(58).put(Ink::Warn, &summary::unproven(report));
    }
    page.end();
}

fn left_out(page: &mut Page, report: &Report) {
    if let Some(text) = summary::left_out(report) {
        page.wrap(2, Ink::Warn, &text).end();
    }
}

fn systems_of(page: &mut Page, report: &Report, subject: &SubjectReport, zone: &TimeZone) {
    let name_wide = name_column(subject.systems.iter().map(|system| &system.id));
    for system in &subject.systems {
        if system.verdict == Verdict::NotAttempted {
            continue;
        }
        system_line(page, report, subject, system, name_wide, zone);
    }
    if subject.can_reenter {
        let text = "! not evicted: single sign-on can let it in again at every system";
        page.wrap(2, Ink::Bad, text).end();
    }
}

fn name_column<'a>(ids: impl Iterator<Item = &'a SystemId>) -> usize {
    let longest = ids.map(|id| Page::measure(id.as_str())).max().unwrap_or(0);
    longest.clamp(10, 28) + 4
}

fn system_line(
    page: &mut Page,
    report: &Report,
    subject: &SubjectReport,
    system: &SubjectSystem,
    name_wide: usize,
    zone: &TimeZone,
) {
    page.to(2).put(Ink::Plain, system.id.as_str());
    page.to(name_wide)
        .put(tone(system.verdict), plain(system.verdict));
    let text_column = name_wide + 12;
    let open = problems(subject, &system.id);
    if let Some(evicted) = eviction(subject, system).filter(|_| !open.is_empty()) {
        page.wrap(text_column, Ink::Plain, &evicted).end();
    }
    if open.is_empty() {
        let text = contained_by(subject, system, zone);
        page.wrap(text_column, Ink::Plain, &text).end();
        return;
    }
    for (place, problem) in open.iter().take(LINES_MAX).enumerate() {
        page.wrap(text_column, Ink::Plain, &problem.text()).end();
        let repeated = open[place + 1..]
            .iter()
            .any(|later| later.hint == problem.hint);
        if let Some(hint) = problem.hint.as_ref().filter(|_| !repeated) {
            page.to(name_wide).put(Ink::Strong, "hint");
            let then = format!("{hint}, then: oust runs resume {}", report.run_id);
            page.wrap(text_column, Ink::Plain, &then).end();
        }
    }
    more(page, text_column, open.len());
}

fn more(page: &mut Page, column: usize, all: usize) {
    if all > LINES_MAX {
        let text = format!("and {} more: see the report", all - LINES_MAX);
        page.to(column).put(Ink::Dim, &text).end();
    }
}

/// Several subjects: a row per system, then each subject that is not contained.
fn many(page: &mut Page, report: &Report, zone: &TimeZone) {
    let name_wide = name_column(report.systems.iter().map(|system| &system.id));
    for system in &report.systems {
        if system.verdict == Verdict::NotAttempted {
            continue;
        }
        page.to(2).put(Ink::Plain, system.id.as_str());
        page.to(name_wide)
            .put(tone(system.verdict), plain(system.verdict));
        if system.unproven > 0 {
            let text = format!("{} cannot be proven", count(system.unproven, "change"));
            page.to(name_wide + 12).put(Ink::Plain, &text);
        }
        page.end();
    }
    let open: Vec<&SubjectReport> = report
        .subjects
        .iter()
        .filter(|subject| subject.verdict > Verdict::Contained)
        .collect();
    for subject in open.iter().take(SUBJECTS_SHOWN_MAX) {
        page.gap();
        page.put(
            tone(subject.verdict),
            &plain(subject.verdict).to_uppercase(),
        );
        page.put(Ink::Plain, "  ")
            .put(Ink::Strong, &subject.login)
            .end();
        let shown = SubjectReport {
            systems: subject
                .systems
                .iter()
                .filter(|system| !matches!(system.verdict, Verdict::Contained | Verdict::Released))
                .cloned()
                .collect(),
            ..(*subject).clone()
        };
        systems_of(page, report, &shown, zone);
    }
    let elsewhere = report.of_all.as_ref().map_or(0, |all| all.open_in_file);
    let rest = (open.len() + elsewhere).saturating_sub(SUBJECTS_SHOWN_MAX);
    if rest > 0 {
        let text = format!(
            "and {} that are not {}: see the report",
            count(rest, "more subject"),
            match report.mode {
                Mode::Contain => "contained",
                Mode::Release => "given back",
            }
        );
        page.gap();
        page.put(Ink::Bad, &text).end();
    }
}
