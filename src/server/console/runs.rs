//! Runs: all of them, and one as it stands, while it works and after.

use std::time::Duration;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use jiff::tz::TimeZone;

use super::frame::{Broken, Frame, When, sorry};
use super::html;
use super::visitor::{Visitor, Words};
use crate::desk::{Watch, WatchState};
use crate::ledger::{RunRow, RunState};
use crate::model::{RunId, count};
use crate::report::{Progress, run_fragment};
use crate::server::site::Site;

/// Rows of a page.
const ROWS: usize = 50;
/// Names in one row.
const NAMES_MAX: usize = 3;
/// Without a record for so long, a run's process may be gone: a call and its repetitions may take
/// nearly as long.
const SILENT: Duration = Duration::from_secs(180);

/// A run in a list.
pub(super) struct RunLine {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) who: String,
    pub(super) playbook: String,
    pub(super) opened: When,
    pub(super) word: String,
    pub(super) tone: &'static str,
}

impl RunLine {
    pub(super) fn of(row: &RunRow, zone: &TimeZone) -> Self {
        let word = match (&row.verdict, row.closed_at) {
            (Some(verdict), Some(_)) => verdict.replace('_', " "),
            (None, Some(_)) => "closed".into(),
            (_, None) => "not over".into(),
        };
        Self {
            path: format!("/runs/{}", seg(row.id.as_str())),
            id: row.id.to_string(),
            who: names(&row.subjects),
            playbook: row.playbook.clone(),
            opened: When::of(row.opened_at, zone),
            tone: match &word[..] {
                "contained" => "good",
                "partial" | "unknown" => "bad",
                "not over" => "warn",
                _ => "idle",
            },
            word,
        }
    }
}

/// A value as one part of a path.
pub(super) fn seg(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'_')
        .remove(b'-')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

/// The first names of many.
pub(super) fn names(all: &[String]) -> String {
    let first = all.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>();
    match all.len().saturating_sub(NAMES_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[derive(Template)]
#[template(path = "console/runs.html")]
struct List {
    frame: Frame,
    runs: Vec<RunLine>,
    all: String,
    older: Option<String>,
}

/// All runs.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
    uri: Uri,
) -> Result<Response, Broken> {
    let words = Words::read(uri.query().unwrap_or_default().as_bytes());
    let mut runs = site.archive.runs().await?;
    let all = count(runs.len(), "run");
    let before = words.get("before");
    if let Some(place) = runs.iter().position(|run| run.id.as_str() == before) {
        runs.drain(..=place);
    }
    let older =
        (runs.len() > ROWS).then(|| format!("/runs?before={}", seg(runs[ROWS - 1].id.as_str())));
    let rows = runs.iter().take(ROWS);
    let zone = &site.settings.zone;
    Ok(html(&List {
        runs: rows.map(|run| RunLine::of(run, zone)).collect(),
        frame: Frame::of(&site, &who, "/runs", "Runs").await?,
        all,
        older,
    }))
}

#[derive(Template)]
#[template(path = "console/run.html")]
struct One {
    frame: Frame,
    run: String,
    shown: String,
    is_open: bool,
    proposal: Option<String>,
    watched: Option<String>,
}

/// One run.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Broken> {
    let Ok(Path(id)) = path else {
        return Ok(none());
    };
    let run = RunId::new(&id);
    let records = site.archive.records(&run).await?;
    let Some(last) = records.last() else {
        // It may wait for somebody, and have begun nothing yet.
        return Ok(match site.desk.proposal(&run).await? {
            Some(_) => {
                axum::response::Redirect::to(&format!("/proposals/{}", seg(&id))).into_response()
            }
            None => none(),
        });
    };
    let state = RunState::of(&records);
    let now = site.shared.clock.now();
    let progress = state
        .closed_at
        .is_none()
        .then(|| match now.since(last.at) > SILENT {
            true => Progress::Silent(last.at),
            false => Progress::Running,
        });
    let recorded = site.archive.is_recorded();
    let file = "the run's JSON";
    let (report, _) = (site.settings.report)(&state, recorded, file, &mut std::io::sink());
    let proposal = site.desk.proposal(&run).await?;
    let watched = site.desk.watch(&run).await?;
    let page = One {
        frame: Frame::of(&site, &who, "/runs", format!("Run {id}")).await?,
        shown: run_fragment(report, &records, progress, &site.settings.zone),
        is_open: progress.is_some(),
        proposal: proposal.map(|_| format!("/proposals/{}", seg(&id))),
        watched: watched.map(|watch| watch_line(&watch, &site.settings.zone)),
        run: id,
    };
    Ok(html(&page))
}

/// Whether it is watched still, until when, and what came of it.
fn watch_line(watch: &Watch, zone: &TimeZone) -> String {
    let looks = count(watch.looks as usize, "look");
    let until = When::of(watch.until, zone).local;
    let came = match watch.news {
        0 => "nothing came back".to_owned(),
        _ => format!(
            "something came back, contained again {}",
            count(watch.rounds as usize, "time")
        ),
    };
    match watch.state {
        WatchState::Watching => format!("Watched until {until}: {looks}, {came}."),
        WatchState::Over => format!("Was watched until {until}: {looks}, {came}."),
        WatchState::GaveUp => format!("The watch was given up after {looks}: {came}."),
        WatchState::Released => "The watch ended: it was given back.".to_owned(),
        WatchState::Followed => "A newer run took its place and is watched instead.".to_owned(),
    }
}

fn none() -> Response {
    let next = "It may stand in the ledger of another server.";
    sorry(StatusCode::NOT_FOUND, "There is no such run.", next)
}
