//! What somebody decides about a proposal: one rule for console and API.
//!
//! An approval is bound to the digest that its approver saw. Whoever is a subject decides nothing
//! about himself, and whoever asked does not approve what he asked for: else one stolen account would
//! do. Once as many people approved as have to, the proposal is handed to the worker; what that does
//! with it is not said here.

use super::Item;
use super::session::{Who, audit};
use super::site::Site;
use crate::desk::{Decision, Power, Proposal, ProposalState};
use crate::ledger::StoreError;
use crate::model::{RunId, Utc};

/// Characters of a reason that are kept.
const REASON_MAX: usize = 500;

/// Why somebody cannot decide, or not this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// There is no such proposal.
    Unknown,
    /// His token does not allow it.
    Power,
    /// He is one of those it is about.
    Subject,
    /// He asked for it.
    Requester,
    /// He has decided already.
    Already,
    /// It waits for nobody any more.
    Over(ProposalState),
    /// Its time is over.
    Expired(Utc),
    /// He saw another plan than the one that waits.
    Stale,
}

impl Hindrance {
    /// A short stable name.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Power => "power",
            Self::Subject => "subject",
            Self::Requester => "requester",
            Self::Already => "already_decided",
            Self::Over(_) => "not_waiting",
            Self::Expired(_) => "expired",
            Self::Stale => "stale_plan",
        }
    }

    /// What is the matter, in a sentence.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Unknown => "there is no proposal of this run".into(),
            Self::Power => "your token does not let you decide: that takes an approver".into(),
            Self::Subject => "you are one of those it is about: somebody else decides".into(),
            Self::Requester => "you asked for it: somebody else approves".into(),
            Self::Already => "you have decided already".into(),
            Self::Over(state) => format!("it waits no longer: {}", word(*state)),
            Self::Expired(at) => format!("nobody decided until {at}: it has expired"),
            Self::Stale => "the plan is another than the one you saw".into(),
        }
    }

    /// What to do next.
    pub(super) fn next(&self) -> &'static str {
        match self {
            Self::Unknown => "see which proposals wait",
            Self::Power => "ask an approver, or an admin for a token",
            Self::Subject | Self::Requester => "ask another approver",
            Self::Already => "nothing: your decision is kept",
            Self::Over(_) => "see what became of its run",
            Self::Expired(_) => "plan anew: `oust plan`, or wait for the next alert",
            Self::Stale => "read the plan that waits now, then decide",
        }
    }
}

/// Where a proposal stands, for people.
pub(super) fn word(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Waiting => "waiting",
        ProposalState::Approved => "approved",
        ProposalState::Begun => "begun",
        ProposalState::Denied => "denied",
        ProposalState::Expired => "expired",
        ProposalState::Overtaken => "overtaken",
    }
}

/// What keeps somebody from deciding about a proposal as it stands.
pub(super) fn hindrance(
    who: &Who,
    proposal: &Proposal,
    approve: bool,
    now: Utc,
) -> Option<Hindrance> {
    let name = who.name();
    let is_subject = who
        .token
        .okta_id
        .as_ref()
        .is_some_and(|id| proposal.subject_ids.contains(id))
        || has_name(&proposal.subjects, name);
    let is_requester = proposal.requester.eq_ignore_ascii_case(name);
    let has_decided = proposal.decisions.iter().any(|each| each.by == name);
    if proposal.state != ProposalState::Waiting {
        Some(Hindrance::Over(proposal.state))
    } else if now >= proposal.expires_at {
        Some(Hindrance::Expired(proposal.expires_at))
    } else if !who.may(Power::Approver) {
        Some(Hindrance::Power)
    } else if is_subject {
        Some(Hindrance::Subject)
    } else if approve && is_requester {
        Some(Hindrance::Requester)
    } else if has_decided {
        Some(Hindrance::Already)
    } else {
        None
    }
}

fn has_name(all: &[String], name: &str) -> bool {
    all.iter().any(|each| each.eq_ignore_ascii_case(name))
}

/// What somebody wants to decide.
pub(super) struct Wish<'r> {
    /// About which proposal.
    pub(super) run: &'r RunId,
    /// To do it, or not to.
    pub(super) approve: bool,
    /// The digest that he saw.
    pub(super) digest: &'r str,
    /// In his words.
    pub(super) reason: &'r str,
    /// `console` or `api`.
    pub(super) how: &'static str,
}

/// Keeps what somebody decided, and hands the proposal on if that was the last word; the proposal as
/// it stands then.
pub(super) async fn decide(
    site: &Site,
    who: &Who,
    wish: Wish<'_>,
) -> Result<Result<Proposal, Hindrance>, StoreError> {
    let Wish { run, approve, .. } = wish;
    let Some(proposal) = site.desk.proposal(run).await? else {
        return Ok(Err(Hindrance::Unknown));
    };
    let now = site.shared.clock.now();
    if let Some(hindrance) = hindrance(who, &proposal, approve, now) {
        return refuse(site, who, &wish, hindrance).await;
    }
    if wish.digest != proposal.digest {
        return refuse(site, who, &wish, Hindrance::Stale).await;
    }
    let decision = Decision {
        by: who.name().to_owned(),
        approve,
        digest: wish.digest.to_owned(),
        at: now,
        how: wish.how.to_owned(),
        reason: wish.reason.trim().chars().take(REASON_MAX).collect(),
        signed: None,
    };
    let kept = site.desk.decide(run, &decision).await?;
    let Some(proposal) = site.desk.proposal(run).await? else {
        return Ok(Err(Hindrance::Unknown));
    };
    if !kept {
        // Somebody was faster.
        let why = match proposal.state {
            ProposalState::Waiting => Hindrance::Already,
            state => Hindrance::Over(state),
        };
        return Ok(Err(why));
    }
    let verb = if approve { "approved" } else { "denied" };
    audit(site, who.name(), said(verb, &wish)).await?;
    // It may have been planned anew between our read and the decision: then it does not count.
    let is_last = !approve || site.is_agreed(&proposal);
    let to = match approve {
        true => ProposalState::Approved,
        false => ProposalState::Denied,
    };
    if is_last {
        let moved = site.desk.move_proposal(run, ProposalState::Waiting, to);
        if moved.await? {
            site.shared.bell.notify_one();
        }
    }
    site.shared.news.tell(Item::Proposal(run.clone()));
    let now = site.desk.proposal(run).await?;
    Ok(Ok(now.unwrap_or(proposal)))
}

async fn refuse(
    site: &Site,
    who: &Who,
    wish: &Wish<'_>,
    why: Hindrance,
) -> Result<Result<Proposal, Hindrance>, StoreError> {
    let verb = match wish.approve {
        true => "was not allowed to approve",
        false => "was not allowed to deny",
    };
    let what = format!("{}: {}", said(verb, wish), why.sentence());
    audit(site, who.name(), what).await?;
    Ok(Err(why))
}

fn said(verb: &str, wish: &Wish<'_>) -> String {
    let digest: String = wish.digest.chars().take(12).collect();
    format!("{verb} {} ({digest}) by {}", wish.run, wish.how)
}
