//! Parts of a page for whoever frames them himself: a run as it stands, a plan before anybody agrees.
//!
//! The same words, tables and escapes as the pages that stand by themselves (`html`). What a run that
//! is not over has come to is told as progress and never as a verdict.

use askama::Template;
use jiff::tz::TimeZone;

use super::live::{Mark, Told, told};
use super::plan_view;
use super::sheet::{Cell, Row, Section, Table};
use super::text::{count, moment};
use super::view::View;
use super::{Report, page};
use crate::ledger::{Record, RunState};
use crate::model::{Plan, Utc};

/// Rows of a run's timeline; the earliest are left out.
const TIMELINE_MAX: usize = 400;

#[derive(Template)]
#[template(path = "run_fragment.html")]
struct RunPart {
    view: View,
    section: Section,
    deep: bool,
}

#[derive(Template)]
#[template(path = "plan_fragment.html")]
struct PlanPart {
    sections: Vec<Section>,
    deep: bool,
}

/// How far a run is that was not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was recorded a moment ago.
    Running,
    /// Nothing was recorded since then: its process may have died.
    Silent(Utc),
}

/// The style of every page of ours.
#[must_use]
pub fn page_css() -> &'static str {
    page::CSS
}

/// A run as HTML, times in `zone`: the verdict and what it rests on, or how far it is, then all that
/// happened in it.
#[must_use]
pub fn run_fragment(
    report: Report,
    records: &[Record],
    progress: Option<Progress>,
    zone: &TimeZone,
) -> String {
    let mut view = View::of(&report, zone);
    if let Some(progress) = progress {
        let word = match progress {
            Progress::Running => "RUNNING",
            Progress::Silent(_) => "UNFINISHED",
        };
        let is_running = progress == Progress::Running;
        view = view.unfinished(word, so_far(&report, records), is_running);
        if let Progress::Silent(since) = progress {
            view.alarms.push(format!(
                "nothing was recorded since {}; if its process died, go on with `oust runs resume {}`",
                moment(since, zone),
                report.run_id
            ));
        }
    }
    if report.of_all.is_some() {
        view.calm.push(format!(
            "{} of {} are told here; the API has all",
            report.subjects.len(),
            count(report.counts.subjects, "subject")
        ));
    }
    let part = RunPart {
        view,
        section: timeline(records, zone),
        deep: false,
    };
    part.render().expect("writing to a String cannot fail")
}

/// A plan as HTML, times in `zone`: whom, since when, what the log shows of an intruder, what the
/// guards said, and every change with what cannot be undone.
#[must_use]
pub fn plan_fragment(plan: &Plan, zone: &TimeZone) -> String {
    let part = PlanPart {
        sections: plan_view::sections(plan, zone),
        deep: false,
    };
    part.render().expect("writing to a String cannot fail")
}

/// Who it is about, and how much of it is answered and proven.
fn so_far(report: &Report, records: &[Record]) -> String {
    let state = RunState::of(records);
    let all = state.changes().len();
    let answered = state.changes().iter();
    let answered = answered.filter(|each| each.is_answered_well()).count();
    let proven = state.changes().iter();
    let proven = proven.filter(|each| each.is_proven()).count();
    let who = match report.only_subject() {
        Some(only) => only.login.clone(),
        None => count(report.counts.subjects, "subject"),
    };
    format!(
        "{who}: {answered} of {} made, {proven} proven",
        count(all, "change")
    )
}

fn timeline(records: &[Record], zone: &TimeZone) -> Section {
    let mut all = told(records);
    let left_out = all.len().saturating_sub(TIMELINE_MAX);
    all.drain(..left_out);
    let section = Section::new("timeline".into(), "What happened");
    if all.is_empty() {
        return section.say("soft", "Nothing is recorded yet.");
    }
    let rows = all.into_iter().map(|each| row(each, zone));
    let mut table = Table::new(
        "Everything that was recorded, oldest first",
        &["when", "what", "system", "what came of it"],
        rows,
    );
    if left_out > 0 {
        table.more = Some(format!(
            "{} left out here; the API has all",
            count(left_out, "earlier row")
        ));
    }
    section.table(table)
}

fn row(each: Told, zone: &TimeZone) -> Row {
    let tone = match each.mark {
        Mark::Good => "good",
        Mark::Bad | Mark::Doubt => "bad",
        Mark::Say => "warn",
        Mark::Wait | Mark::Skip => "idle",
    };
    let came = match each.word.is_empty() {
        true => Cell::text(each.why),
        false => Cell {
            tags: vec![super::sheet::Tag {
                text: each.word,
                tone,
                anchor: None,
            }],
            ..Cell::default()
        }
        .under(each.why),
    };
    Row::new(
        "",
        [
            Cell::time(moment(each.at, zone)),
            Cell::text(each.what),
            Cell::text(each.place),
            came,
        ],
    )
}
