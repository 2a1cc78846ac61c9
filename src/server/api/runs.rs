//! Runs: which there are, the report of one, what was recorded of it.

use std::io;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;

use super::caller::{Caller, Query, one};
use super::shapes::{Events, Run, Runs};
use super::{Problem, json};
use crate::desk::Power;
use crate::ledger::{Record, RunState};
use crate::model::RunId;
use crate::report::Report;
use crate::server::site::Site;

type Part = Result<Path<String>, PathRejection>;

/// Which runs there are.
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let query = query.only(&["before", "limit"])?;
    let limit = query.limit()?;
    let mut runs = site.archive.runs().await?;
    if let Some(before) = query.get("before") {
        // Ids are sortable: one that was purged meanwhile still says where to go on.
        runs.retain(|run| run.id.as_str() < before);
    }
    let next = (runs.len() > limit).then(|| runs[limit - 1].id.to_string());
    runs.truncate(limit);
    let runs = runs.into_iter().map(Run::from).collect();
    Ok(json(&Runs { runs, next }))
}

/// The report of a run; of many subjects those that are not contained.
pub(super) async fn report(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let run = one(path, "run")?;
    let file = format!("/v1/runs/{run}/subjects");
    Ok(json(&split(&site, &run, &file, &mut io::sink()).await?))
}

/// All subjects of a run, a line each.
pub(super) async fn subjects(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let run = one(path, "run")?;
    let mut lines = Vec::new();
    let report = split(&site, &run, "", &mut lines).await?;
    if report.subjects_file.is_none() {
        let all = report.subjects.iter();
        let all = all.filter_map(|each| serde_json::to_string(each).ok());
        lines = all.map(|line| line + "\n").collect::<String>().into_bytes();
    }
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], lines).into_response())
}

/// What was recorded of a run.
pub(super) async fn events(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let run = one(path, "run")?;
    let query = query.only(&["after", "limit"])?;
    let (after, limit) = (query.number("after")?, query.limit()?);
    let mut records = records(&site, &run).await?;
    records.retain(|record| record.seq > after);
    let next = (records.len() > limit).then(|| records[limit - 1].seq);
    records.truncate(limit);
    let events = records.iter().map(serde_json::to_value);
    let events = events.collect::<Result<_, _>>();
    let events = events.map_err(|_| Problem::unavailable("a record could not be written"))?;
    Ok(json(&Events { events, next }))
}

/// The report of a run; its subjects go to `lines`, which it names `file`, if they are many.
async fn split(
    site: &Site,
    run: &str,
    file: &str,
    lines: &mut (dyn io::Write + Send),
) -> Result<Report, Problem> {
    let records = records(site, run).await?;
    let state = RunState::of(&records);
    let recorded = site.archive.is_recorded();
    let (report, written) = (site.settings.report)(&state, recorded, file, lines);
    written.map_err(|_| Problem::unavailable("the subjects could not be written"))?;
    Ok(report)
}

async fn records(site: &Site, run: &str) -> Result<Vec<Record>, Problem> {
    let records = site.archive.records(&RunId::new(run)).await?;
    if records.is_empty() {
        return Err(Problem::not_found("run"));
    }
    Ok(records)
}
