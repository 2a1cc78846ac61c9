//! What somebody decides about a proposal: one rule for console and API.
//!
//! An approval is bound to the digest that its approver saw. Whoever is a subject decides nothing
//! about himself, and whoever asked does not approve what he asked for: else one stolen account would
//! do. Once as many people approved as have to, the proposal is handed to the worker; what that does
//! with it is not said here.

use super::Item;
use super::api::Problem;
use super::session::{Who, audit};
use super::site::Site;
use crate::approval::{Approvers, Objection, SignedIn, Vote, weigh};
use crate::desk::{Decision, Power, Proposal, ProposalState};
use crate::ledger::StoreError;
use crate::model::{Plan, RunId, Utc};

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
    /// The stored plan is gone: nobody can see what he would approve.
    Gone,
    /// It would not count for another reason.
    Other(String),
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
            Self::Gone => "no_plan",
            Self::Other(_) => "objection",
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
            Self::Over(state) => format!("it waits no longer: {}", state.word()),
            Self::Expired(at) => format!("nobody decided until {at}: it has expired"),
            Self::Stale => "the plan is another than the one you saw".into(),
            Self::Gone => "the stored plan is gone, so that nobody can see what he approves".into(),
            Self::Other(why) => why.clone(),
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
            Self::Expired(_) | Self::Gone | Self::Other(_) => {
                "plan anew: `oust plan`, or wait for the next alert"
            }
            Self::Stale => "read the plan that waits now, then decide",
        }
    }
}

/// What keeps somebody from deciding about a proposal as it stands. `plan` is its stored plan.
///
/// Whether his word would count is asked of the very rule that counts it later.
pub(super) fn hindrance(
    who: &Who,
    proposal: &Proposal,
    plan: Option<&Plan>,
    approve: bool,
    (rules, now): (&Approvers, Utc),
) -> Option<Hindrance> {
    if proposal.state != ProposalState::Waiting {
        return Some(Hindrance::Over(proposal.state));
    }
    if now >= proposal.expires_at {
        return Some(Hindrance::Expired(proposal.expires_at));
    }
    if !who.may(Power::Approver) {
        return Some(Hindrance::Power);
    }
    let Some(plan) = plan else {
        // Saying no to what nobody can see any more needs no more than not being in it.
        let is_subject = who.token.okta_id.as_ref();
        let is_subject = is_subject.is_some_and(|id| proposal.subject_ids.contains(id));
        let why = if is_subject {
            Hindrance::Subject
        } else {
            Hindrance::Gone
        };
        return (approve || is_subject).then_some(why);
    };
    let mut votes = votes(proposal, rules);
    let askers = [proposal.requester.as_str()];
    let count = |votes: &[Vote]| weigh(plan, votes, rules, &askers, (plan.made_at, now)).objections;
    let before = count(&votes).len();
    let mine = SignedIn {
        by: who.name(),
        okta_id: who.token.okta_id.as_deref(),
        approve,
        run: &proposal.run,
        digest: &proposal.digest,
        at: now,
        how: "",
        reason: "",
    };
    votes.push(Vote::signed_in(&mine, rules));
    let mut objections = count(&votes);
    // His is the last; those before it are about others.
    match objections.split_off(before.min(objections.len())).pop()? {
        Objection::Subject { .. } => Some(Hindrance::Subject),
        Objection::Requester { .. } => Some(Hindrance::Requester),
        Objection::Twice { .. } => Some(Hindrance::Already),
        Objection::OtherPlan { .. } | Objection::OtherRun { .. } => Some(Hindrance::Gone),
        other => Some(Hindrance::Other(other.to_string())),
    }
}

/// What was decided, as votes; what only claims to be signed is none.
fn votes(proposal: &Proposal, rules: &Approvers) -> Vec<Vote> {
    let all = proposal.decisions.iter();
    all.filter_map(|each| each.vote(&proposal.run, rules).ok())
        .collect()
}

/// How many agreed so that it counts, and how many have to.
pub(super) fn agreed(
    proposal: &Proposal,
    plan: Option<&Plan>,
    rules: &Approvers,
    now: Utc,
) -> (usize, usize) {
    let votes = votes(proposal, rules);
    let needed = rules.needed.max(1);
    let Some(plan) = plan else {
        return (votes.iter().filter(|vote| vote.approves()).count(), needed);
    };
    let askers = [proposal.requester.as_str()];
    let weighed = weigh(plan, &votes, rules, &askers, (plan.made_at, now));
    (weighed.approved.len(), needed)
}

/// The stored plan of a proposal, if it still is the one that was proposed.
pub(super) async fn plan_of(site: &Site, proposal: &Proposal) -> Result<Option<Plan>, StoreError> {
    let plan = site.archive.plan(&proposal.phrase).await?;
    Ok(plan.filter(|plan| plan.digest() == proposal.digest && plan.run == proposal.run))
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
) -> Result<Result<Proposal, Hindrance>, Problem> {
    let Wish { run, approve, .. } = wish;
    let Some(proposal) = site.desk.proposal(run).await? else {
        return Ok(Err(Hindrance::Unknown));
    };
    let now = site.shared.clock.now();
    let rules = &site.settings.approvers;
    let plan = plan_of(site, &proposal).await?;
    let why = hindrance(who, &proposal, plan.as_ref(), approve, (rules, now));
    let why = why.or_else(|| (wish.digest != proposal.digest).then_some(Hindrance::Stale));
    if let Some(why) = why {
        let verb = match approve {
            true => "was not allowed to approve",
            false => "was not allowed to deny",
        };
        let what = format!("{}: {}", said(verb, &wish), why.sentence());
        audit(site, who.name(), what).await?;
        return Ok(Err(why));
    }
    let decision = Decision {
        by: who.name().to_owned(),
        okta_id: who.token.okta_id.clone(),
        approve,
        digest: wish.digest.to_owned(),
        at: now,
        how: wish.how.to_owned(),
        reason: wish.reason.trim().chars().take(REASON_MAX).collect(),
        signed: None,
    };
    if !site.desk.decide(run, &decision).await? {
        // Somebody was faster.
        let proposal = site.desk.proposal(run).await?;
        return Ok(Err(match proposal.map(|proposal| proposal.state) {
            None => Hindrance::Unknown,
            Some(ProposalState::Waiting) => Hindrance::Already,
            Some(state) => Hindrance::Over(state),
        }));
    }
    let verb = if approve { "approved" } else { "denied" };
    audit(site, who.name(), said(verb, &wish)).await?;
    let proposal = hand_on(site, proposal, plan.as_ref()).await?;
    site.shared.news.tell(Item::Proposal(run.clone()));
    Ok(Ok(proposal))
}

/// Moves on what enough people agreed to, and wakes the worker, which counts for itself.
async fn hand_on(site: &Site, before: Proposal, plan: Option<&Plan>) -> Result<Proposal, Problem> {
    let run = before.run.clone();
    // It may have been planned anew since it was read: then these votes are about another plan.
    let proposal = site.desk.proposal(&run).await?.unwrap_or(before);
    let rules = &site.settings.approvers;
    let plan = plan.filter(|plan| plan.digest() == proposal.digest);
    let (given, needed) = agreed(&proposal, plan, rules, site.shared.clock.now());
    if plan.is_some() && given >= needed {
        let (from, to) = (ProposalState::Waiting, ProposalState::Approved);
        site.desk.move_proposal(&run, from, to).await?;
    }
    site.shared.bell.notify_one();
    Ok(site.desk.proposal(&run).await?.unwrap_or(proposal))
}

fn said(verb: &str, wish: &Wish<'_>) -> String {
    let digest: String = wish.digest.chars().take(12).collect();
    format!("{verb} {} ({digest}) by {}", wish.run, wish.how)
}
