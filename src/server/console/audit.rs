//! Who did what, the newest first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::{Broken, Frame, When};
use super::html;
use super::visitor::Visitor;
use crate::server::site::Site;

/// Rows of the page.
const ROWS: usize = 200;

struct Row {
    at: When,
    by: String,
    what: String,
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    is_cut: bool,
}

/// What was done last.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    let entries = site.desk.audited(ROWS).await?;
    let zone = &site.settings.zone;
    Ok(html(&Page {
        frame: Frame::of(&site, &who, "/audit", "Audit").await?,
        is_cut: entries.len() == ROWS,
        rows: entries
            .into_iter()
            .map(|each| Row {
                at: When::of(each.at, zone),
                by: each.by,
                what: each.what,
            })
            .collect(),
    }))
}
