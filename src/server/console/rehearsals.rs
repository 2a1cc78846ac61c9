//! Rehearsals: when each was, how it went, how the times of live ones move; and one as it was kept.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::frame::{Broken, Frame, When, sorry};
use super::html;
use super::visitor::Visitor;
use crate::rehearsals::{Rehearsal, Verdict, difference, learnt, trend};
use crate::report::{rehearsal_fragment, trend_fragment};
use crate::server::site::Site;

/// Rows of the page.
const ROWS: usize = 200;

struct Row {
    path: String,
    at: When,
    kind: &'static str,
    playbook: String,
    who: String,
    by: String,
    word: &'static str,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "console/rehearsals.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    chart: String,
    learnt: Vec<String>,
}

#[derive(Template)]
#[template(path = "console/rehearsal.html")]
struct OnePage {
    frame: Frame,
    id: String,
    shown: String,
}

/// The newest.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    let all = newest(&site).await?;
    let zone = &site.settings.zone;
    let fact = |fact: crate::rehearsals::Fact| {
        let when = When::of(fact.at, zone).local;
        format!("{} (seen {when})", fact.name.sentence(fact.holds))
    };
    Ok(html(&Page {
        frame: Frame::of(&site, &who, "/rehearsals", "Rehearsals").await?,
        chart: trend_fragment(&trend(&all), zone),
        learnt: learnt(&all).into_iter().map(fact).collect(),
        rows: all
            .iter()
            .map(|each| Row {
                path: format!("/rehearsals/{}", each.id),
                at: When::of(each.at, zone),
                kind: each.kind.word(),
                playbook: each.playbook.name.clone(),
                who: each.subject.login.clone(),
                by: each.by.clone(),
                word: each.verdict.word(),
                tone: match each.verdict {
                    Verdict::Ok => "good",
                    Verdict::Failed => "bad",
                },
            })
            .collect(),
    }))
}

/// One of them, beside the one before it.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Broken> {
    let found = match (&site.shared.rehearsals, id) {
        (Some(kept), Ok(Path(id))) => kept.one(&id).await?,
        _ => None,
    };
    let (Some(kept), Some(found)) = (&site.shared.rehearsals, found) else {
        let says = "There is no such rehearsal.";
        return Ok(sorry(StatusCode::NOT_FOUND, says, ""));
    };
    let last = kept.last_before(&found).await?;
    let since = last.map(|last| difference(&last, &found));
    let zone = &site.settings.zone;
    Ok(html(&OnePage {
        frame: Frame::of(&site, &who, "/rehearsals", "Rehearsal").await?,
        shown: rehearsal_fragment(&found, since.as_ref(), zone),
        id: found.id,
    }))
}

async fn newest(site: &Site) -> Result<Vec<Rehearsal>, Broken> {
    match &site.shared.rehearsals {
        Some(kept) => Ok(kept.newest(ROWS).await?),
        None => Ok(Vec::new()),
    }
}
