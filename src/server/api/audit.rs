//! Who did what.

use axum::extract::State;
use axum::response::Response;

use super::caller::{Caller, Query};
use super::shapes::{AuditTrail, Did};
use super::{Problem, json};
use crate::desk::Power;
use crate::server::site::Site;

/// What was done last.
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let limit = query.only(&["limit"])?.limit()?;
    let entries = site.desk.audited(limit).await?;
    let entries = entries.into_iter().map(Did::from).collect();
    Ok(json(&AuditTrail { entries }))
}
