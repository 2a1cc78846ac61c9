//! Alerts: which came, and what became of them. Taking them in is not done here.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::caller::{Caller, Query};
use super::shapes::{Alerted, Alerts};
use super::{Problem, json};
use crate::desk::Power;
use crate::server::console::alerts_matching;
use crate::server::site::Site;

/// Which came.
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let query = query.only(&["before", "limit", "source", "fate"])?;
    let limit = query.limit()?;
    let (before, source, fate) = (query.get("before"), query.get("source"), query.get("fate"));
    let found = alerts_matching(&site, before, source, fate, limit).await?;
    let alerts = found.entries.into_iter();
    let alerts = alerts.map(|entry| Alerted::of(entry, false)).collect();
    Ok(json(&Alerts {
        alerts,
        next: found.next,
    }))
}

/// One, with the body as it came.
pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let Ok(Path((source, id))) = path else {
        return Err(Problem::not_found("alert"));
    };
    let entry = site.shared.inbox.entry(&id).await?;
    let entry = entry.filter(|entry| entry.alert.source == source);
    let entry = entry.ok_or_else(|| Problem::not_found("alert"))?;
    Ok(json(&Alerted::of(entry, true)))
}
