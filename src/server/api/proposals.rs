//! Proposals: which wait, what one would do, and what somebody decides about it.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::caller::{Body, Caller, Query, bounded, one};
use super::shapes::{Deciding, Proposals, Proposed, ProposedPlan};
use super::{Problem, json};
use crate::desk::{Power, ProposalState};
use crate::model::RunId;
use crate::server::decide::{Wish, decide, hindrance, plan_of};
use crate::server::site::Site;

type Part = Result<Path<String>, PathRejection>;

/// Which proposals there are.
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    caller.with(Power::Viewer)?;
    let query = query.only(&["state", "limit"])?;
    let state = match query.get("state") {
        None => None,
        Some(word) => Some(state_of(word)?),
    };
    let found = site.desk.proposals(state, query.limit()?).await?;
    let needed = site.settings.approvers.needed.max(1);
    let proposals = found.into_iter().map(|each| Proposed::of(each, needed));
    Ok(json(&Proposals {
        proposals: proposals.collect(),
    }))
}

fn state_of(word: &str) -> Result<ProposalState, Problem> {
    let value = serde_json::Value::String(word.to_owned());
    serde_json::from_value(value)
        .map_err(|_| Problem::malformed("`state` is none that a proposal can be in"))
}

/// One, with its plan.
pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
) -> Result<Response, Problem> {
    let who = caller.with(Power::Viewer)?;
    let run = RunId::new(one(path, "proposal")?);
    let proposal = site.desk.proposal(&run).await?;
    let proposal = proposal.ok_or_else(|| Problem::not_found("proposal"))?;
    let plan = plan_of(&site, &proposal).await?;
    let rules = &site.settings.approvers;
    let now = site.shared.clock.now();
    let why = hindrance(&who, &proposal, plan.as_ref(), true, (rules, now));
    let plan = plan.map(serde_json::to_value).transpose();
    let plan = plan.map_err(|_| Problem::unavailable("the plan could not be written"))?;
    Ok(json(&ProposedPlan {
        proposal: Proposed::of(proposal, site.settings.approvers.needed.max(1)),
        plan,
        hindrance: why.map(|why| why.sentence()),
    }))
}

/// Somebody approves.
pub(super) async fn approve(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
    body: Body<Deciding>,
) -> Result<Response, Problem> {
    take(&site, caller, path, body, true).await
}

/// Somebody denies.
pub(super) async fn deny(
    State(site): State<Site>,
    caller: Caller,
    path: Part,
    body: Body<Deciding>,
) -> Result<Response, Problem> {
    take(&site, caller, path, body, false).await
}

async fn take(
    site: &Site,
    caller: Caller,
    path: Part,
    Body(said): Body<Deciding>,
    approve: bool,
) -> Result<Response, Problem> {
    let who = caller.with(Power::Approver)?;
    let run = RunId::new(one(path, "proposal")?);
    bounded(&said.digest, "digest", 200)?;
    bounded(&said.reason, "reason", 500)?;
    let wish = Wish {
        run: &run,
        approve,
        digest: &said.digest,
        reason: &said.reason,
        how: "api",
    };
    let proposal = decide(site, &who, wish).await??;
    Ok(json(&Proposed::of(
        proposal,
        site.settings.approvers.needed.max(1),
    )))
}
