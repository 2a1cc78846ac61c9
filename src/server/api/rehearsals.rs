//! Rehearsals, as they were kept.

use axum::extract::State;
use axum::response::Response;

use super::caller::{Caller, Query};
use super::shapes::Rehearsals;
use super::{Problem, json};
use crate::desk::Power;
use crate::server::site::Site;

/// The newest.
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let limit = query.only(&["limit"])?.limit()?;
    let kept = match &site.shared.rehearsals {
        Some(kept) => kept.newest(limit).await?,
        None => Vec::new(),
    };
    let mut rehearsals = Vec::new();
    for each in kept {
        let value = serde_json::to_value(each);
        rehearsals
            .push(value.map_err(|_| Problem::unavailable("a rehearsal could not be written"))?);
    }
    Ok(json(&Rehearsals { rehearsals }))
}
