//! Proposals: what waits for somebody, what one would do, and the two buttons.
//!
//! Whoever approves types what is at stake, as at the prompt; the form carries the digest of the plan
//! that he saw, so that he approves that one and no other.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, Uri};

use super::frame::{Broken, Frame, When, sorry};
use super::html;
use super::runs::{names, seg};
use super::visitor::{Filled, Visitor, Words};
use crate::desk::{Proposal, ProposalState};
use crate::model::{Plan, RunId, count};
use crate::report::plan_fragment;
use crate::server::api::Problem;
use crate::server::decide::{Wish, agreed, decide, hindrance, plan_of};
use crate::server::session::Who;
use crate::server::site::Site;

/// Rows of the page.
const ROWS: usize = 100;

/// A proposal in a list.
pub(super) struct ProposalRow {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) who: String,
    pub(super) why: String,
    pub(super) requester: String,
    pub(super) made: When,
    pub(super) expires: When,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    /// How many approved, of how many that have to.
    pub(super) agreed: String,
    /// Whether whoever looks can decide.
    pub(super) is_his: bool,
}

impl ProposalRow {
    pub(super) async fn of(proposal: &Proposal, site: &Site, who: &Who) -> Result<Self, Problem> {
        let plan = plan_of(site, proposal).await?;
        Ok(Self::with(proposal, plan.as_ref(), site, who))
    }

    /// The first few of many, each with its plan.
    pub(super) async fn all(
        proposals: &[Proposal],
        site: &Site,
        who: &Who,
    ) -> Result<Vec<Self>, Problem> {
        let mut rows = Vec::new();
        for proposal in proposals.iter().take(ROWS) {
            rows.push(Self::of(proposal, site, who).await?);
        }
        Ok(rows)
    }

    fn with(proposal: &Proposal, plan: Option<&Plan>, site: &Site, who: &Who) -> Self {
        let zone = &site.settings.zone;
        let now = site.shared.clock.now();
        let rules = &site.settings.approvers;
        let (given, needed) = agreed(proposal, plan, rules, now);
        let is_late = proposal.state == ProposalState::Waiting && now >= proposal.expires_at;
        let state = match is_late {
            true => ProposalState::Expired,
            false => proposal.state,
        };
        Self {
            path: format!("/proposals/{}", seg(proposal.run.as_str())),
            title: proposal.title.clone(),
            who: names(&proposal.subjects),
            why: proposal.why.clone(),
            requester: proposal.requester.clone(),
            made: When::of(proposal.made_at, zone),
            expires: When::of(proposal.expires_at, zone),
            word: state.word(),
            tone: tone(state),
            agreed: format!("{given} of {}", count(needed, "approval")),
            is_his: hindrance(who, proposal, plan, true, (rules, now)).is_none(),
        }
    }
}

fn tone(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Waiting => "warn",
        ProposalState::Approved | ProposalState::Begun => "good",
        ProposalState::Denied | ProposalState::Expired | ProposalState::Overtaken => "idle",
    }
}

#[derive(Template)]
#[template(path = "console/proposals.html")]
struct List {
    frame: Frame,
    waiting: Vec<ProposalRow>,
    others: Vec<ProposalRow>,
}

/// All of them.
pub(super) async fn list(
    State(site): State<Site>,
    Visitor(who): Visitor,
) -> Result<Response, Broken> {
    let waiting = site
        .desk
        .proposals(Some(ProposalState::Waiting), ROWS)
        .await?;
    let mut others = site.desk.proposals(None, ROWS).await?;
    others.retain(|each| each.state != ProposalState::Waiting);
    Ok(html(&List {
        frame: Frame::of(&site, &who, "/proposals", "Proposals").await?,
        waiting: ProposalRow::all(&waiting, &site, &who).await?,
        others: ProposalRow::all(&others, &site, &who).await?,
    }))
}

/// What somebody decided, on the page.
struct DecisionRow {
    by: String,
    word: &'static str,
    tone: &'static str,
    at: When,
    how: String,
    reason: String,
    /// Whether it was about another plan than the one that stands there now.
    is_of_another: bool,
}

#[derive(Template)]
#[template(path = "console/proposal.html")]
struct One {
    frame: Frame,
    row: ProposalRow,
    run: String,
    digest: String,
    plan: String,
    /// What is at stake, to be typed; empty if there is no plan any more.
    typed: String,
    many: bool,
    /// What became of the plan that this one took the place of.
    changed: Vec<String>,
    decisions: Vec<DecisionRow>,
    alerts: Vec<String>,
    /// What keeps whoever looks from approving, with what to do next; empty if nothing.
    not_approve: String,
    not_deny: String,
    said: String,
    run_path: Option<String>,
}

/// One of them.
pub(super) async fn show(
    State(site): State<Site>,
    Visitor(who): Visitor,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Broken> {
    let said = match Words::read(uri.query().unwrap_or_default().as_bytes()).get("done") {
        "approved" => "Your approval is kept.",
        "denied" => "Your denial is kept: nothing will be done.",
        _ => "",
    };
    let Ok(Path(id)) = path else {
        return Ok(none());
    };
    page(&site, &who, &id, said).await
}

async fn page(site: &Site, who: &Who, id: &str, said: &str) -> Result<Response, Broken> {
    let run = RunId::new(id);
    let Some(proposal) = site.desk.proposal(&run).await? else {
        return Ok(none());
    };
    let now = site.shared.clock.now();
    let zone = &site.settings.zone;
    let plan = plan_of(site, &proposal).await?;
    let rules = &site.settings.approvers;
    let why = |approve| match hindrance(who, &proposal, plan.as_ref(), approve, (rules, now)) {
        Some(why) => format!("{}. Next: {}.", upper(&why.sentence()), why.next()),
        None => String::new(),
    };
    let changed = match &plan {
        Some(plan) => changed(site, &proposal, plan).await?,
        None => Vec::new(),
    };
    let has_begun = matches!(
        proposal.state,
        ProposalState::Approved | ProposalState::Begun
    );
    let one = One {
        frame: Frame::of(site, who, "/proposals", proposal.title.clone()).await?,
        row: ProposalRow::with(&proposal, plan.as_ref(), site, who),
        run: id.to_owned(),
        digest: proposal.digest.clone(),
        typed: plan.as_ref().map_or_else(String::new, Plan::typed_word),
        many: proposal.subjects.len() > 1,
        changed,
        decisions: decisions(&proposal, zone),
        alerts: proposal.alerts.iter().take(50).cloned().collect(),
        not_approve: why(true),
        not_deny: why(false),
        said: said.to_owned(),
        run_path: has_begun.then(|| format!("/runs/{}", seg(id))),
        plan: plan.map_or_else(String::new, |plan| plan_fragment(&plan, zone)),
    };
    Ok(html(&one))
}

fn decisions(proposal: &Proposal, zone: &jiff::tz::TimeZone) -> Vec<DecisionRow> {
    let row = |each: &crate::desk::Decision| DecisionRow {
        by: each.by.clone(),
        word: if each.approve { "approved" } else { "denied" },
        tone: if each.approve { "good" } else { "bad" },
        at: When::of(each.at, zone),
        how: each.how.clone(),
        reason: each.reason.clone(),
        is_of_another: each.digest != proposal.digest,
    };
    proposal.decisions.iter().map(row).collect()
}

/// What differs from the last proposal about the same accounts, if this one took its place.
async fn changed(site: &Site, proposal: &Proposal, plan: &Plan) -> Result<Vec<String>, Problem> {
    let overtaken = site
        .desk
        .proposals(Some(ProposalState::Overtaken), ROWS)
        .await?;
    let before = overtaken
        .iter()
        .find(|each| each.subject_ids == proposal.subject_ids && each.made_at <= proposal.made_at);
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let old = site.archive.plan(&before.phrase).await?;
    Ok(old.map_or_else(Vec::new, |old| old.differs_from(plan)))
}

/// Somebody approves.
pub(super) async fn approve(
    State(site): State<Site>,
    path: Result<Path<String>, PathRejection>,
    filled: Filled,
) -> Result<Response, Broken> {
    let Ok(Path(id)) = path else {
        return Ok(none());
    };
    let proposal = site.desk.proposal(&RunId::new(&id)).await?;
    let Some(proposal) = proposal else {
        return Ok(none());
    };
    let plan = plan_of(&site, &proposal).await?;
    let wanted = plan.as_ref().map(Plan::typed_word);
    let is_seen = filled.words.get("digest") == proposal.digest;
    if is_seen && wanted.as_deref() != Some(filled.words.get("typed")) {
        let says = "What you typed is not what is at stake: nothing was approved.";
        let mut response = page(&site, &filled.who, &id, says).await?;
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    }
    take(&site, &filled, &id, true).await
}

/// Somebody denies.
pub(super) async fn deny(
    State(site): State<Site>,
    path: Result<Path<String>, PathRejection>,
    filled: Filled,
) -> Result<Response, Broken> {
    let Ok(Path(id)) = path else {
        return Ok(none());
    };
    take(&site, &filled, &id, false).await
}

async fn take(site: &Site, filled: &Filled, id: &str, approve: bool) -> Result<Response, Broken> {
    let run = RunId::new(id);
    let wish = Wish {
        run: &run,
        approve,
        digest: filled.words.get("digest"),
        reason: filled.words.get("reason"),
        how: "console",
    };
    match decide(site, &filled.who, wish).await? {
        Ok(_) => {
            let done = if approve { "approved" } else { "denied" };
            let to = format!("/proposals/{}?done={done}", seg(id));
            Ok(Redirect::to(&to).into_response())
        }
        Err(why) => {
            let status = Problem::from(why.clone()).says().0;
            let says = format!(
                "Nothing was decided: {}. Next: {}.",
                why.sentence(),
                why.next()
            );
            let mut response = page(site, &filled.who, id, &says).await?;
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
            Ok(response)
        }
    }
}

fn upper(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next();
    first.map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

fn none() -> Response {
    sorry(StatusCode::NOT_FOUND, "There is no such proposal.", "")
}

impl One {
    /// Whether whoever looks can decide at least one way.
    fn can_decide(&self) -> bool {
        self.not_approve.is_empty() || self.not_deny.is_empty()
    }
}
