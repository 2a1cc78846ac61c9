//! The first page: what needs somebody now, then what is going on.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::alerts::{AlertRow, alerts_matching};
use super::frame::{Broken, Frame, When};
use super::html;
use super::proposals::ProposalRow;
use super::runs::RunLine;
use super::visitor::Visitor;
use crate::desk::ProposalState;
use crate::inbox::Counts;
use crate::server::site::Site;

/// Rows of each part.
const ROWS: usize = 12;
/// The words of fates that need a person.
const NEEDS_SOMEBODY: [&str; 3] = ["needs lookup", "refused", "failed"];
/// Alerts that are looked through for those.
const LOOKED_AT: usize = 200;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Page {
    frame: Frame,
    waiting: Vec<ProposalRow>,
    open: Vec<RunLine>,
    closed: Vec<RunLine>,
    alerts: Vec<AlertRow>,
    latest: Vec<AlertRow>,
    counts: Counts,
}

/// What needs somebody.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    let zone = &site.settings.zone;
    let now = site.shared.clock.now();
    let mut waiting = site
        .desk
        .proposals(Some(ProposalState::Waiting), 50)
        .await?;
    waiting.retain(|each| each.expires_at > now);
    let runs = site.archive.runs().await?;
    let (open, closed): (Vec<_>, Vec<_>) = runs
        .into_iter()
        .take(200)
        .partition(|run| run.closed_at.is_none());
    let newest = alerts_matching(&site, None, None, None, LOOKED_AT).await?;
    let alerts = newest.entries.iter().filter(|entry| {
        let fate = entry.fate.as_ref();
        fate.is_some_and(|fate| NEEDS_SOMEBODY.contains(&fate.word()))
    });
    let page = Page {
        frame: Frame::of(&site, &who, "/", "Now").await?,
        waiting: ProposalRow::all(&waiting, &site, &who).await?,
        open: open
            .iter()
            .take(ROWS)
            .map(|run| RunLine::of(run, zone))
            .collect(),
        closed: closed
            .iter()
            .take(5)
            .map(|run| RunLine::of(run, zone))
            .collect(),
        alerts: alerts
            .take(ROWS)
            .map(|one| AlertRow::of(one, zone))
            .collect(),
        latest: newest
            .entries
            .iter()
            .take(5)
            .map(|one| AlertRow::of(one, zone))
            .collect(),
        counts: site.shared.inbox.counts().await?,
    };
    Ok(html(&page))
}

impl Page {
    /// Whether nothing needs anybody.
    fn is_calm(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty() && self.alerts.is_empty()
    }

    fn now(&self) -> &When {
        &self.frame.now
    }
}
