//! Freezing automatic runs, and thawing them: whoever may look into things can stop the machine, and
//! only an admin lets it go again.

use axum::extract::State;
use axum::response::Response;

use super::caller::{Body, Caller, bounded};
use super::shapes::{Because, Freeze};
use super::{Problem, json};
use crate::desk::{Frozen, Power};
use crate::server::session::{Who, audit};
use crate::server::site::Site;
use crate::sqlite::FileError;

/// Whether they are frozen.
pub(super) async fn show(State(site): State<Site>, caller: Caller) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    answer(&site).await
}

/// Freezes them.
pub(super) async fn freeze(
    State(site): State<Site>,
    caller: Caller,
    Body(because): Body<Because>,
) -> Result<Response, Problem> {
    let who = caller.with(Power::Responder)?;
    set(&site, &who, checked(&because)?, true).await?;
    answer(&site).await
}

/// Thaws them.
pub(super) async fn thaw(
    State(site): State<Site>,
    caller: Caller,
    Body(because): Body<Because>,
) -> Result<Response, Problem> {
    let who = caller.with(Power::Admin)?;
    set(&site, &who, checked(&because)?, false).await?;
    answer(&site).await
}

fn checked(because: &Because) -> Result<&str, Problem> {
    bounded(&because.reason, "reason", 500)?;
    if because.reason.is_empty() {
        return Err(Problem::malformed("`reason` says nothing"));
    }
    Ok(&because.reason)
}

async fn answer(site: &Site) -> Result<Response, Problem> {
    let frozen = site.desk.frozen().await?.map(Into::into);
    Ok(json(&Freeze { frozen }))
}

/// Freezes or thaws, and notes who did and why. Who thaws has looked: what sources had begun within
/// the hour is not held against them any more.
pub(in crate::server) async fn set(
    site: &Site,
    who: &Who,
    reason: &str,
    freeze: bool,
) -> Result<(), FileError> {
    let frozen = Frozen {
        by: who.name().to_owned(),
        reason: reason.to_owned(),
        at: site.shared.clock.now(),
    };
    site.desk.set_frozen(freeze.then_some(&frozen)).await?;
    if !freeze {
        site.desk.clear_automatic(None).await?;
    }
    let did = if freeze { "froze" } else { "thawed" };
    audit(site, who.name(), format!("{did} automatic runs: {reason}")).await?;
    // What waited because of it may go on.
    site.shared.bell.notify_one();
    Ok(())
}
