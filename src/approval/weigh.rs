//! Whether enough people agreed to one plan, and what is wrong with those votes that do not count.

use serde::Serialize;

use super::text::SKEW;
use super::{APPROVAL_FOR, Approvers, Signed, Vote, same};
use crate::model::{Plan, RunId, Subject, Utc};

/// What the votes come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// Who agreed and counts, in the order given.
    pub approved: Vec<String>,
    /// Who said no, and why; then nothing else matters.
    pub denied: Option<(String, String)>,
    /// What is wrong with the votes that do not count.
    pub objections: Vec<Objection>,
    /// How many more have to agree.
    pub missing: usize,
    /// Who of the approvers could still.
    pub could: Vec<String>,
}

/// Why a vote does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "objection")]
pub enum Objection {
    /// It is about another run.
    #[error("the decision of {by} is about run {theirs}")]
    OtherRun {
        /// Who.
        by: String,
        /// Which.
        theirs: RunId,
    },
    /// It is about another plan.
    #[error("the decision of {by} is about another plan")]
    OtherPlan {
        /// Who.
        by: String,
    },
    /// It holds no longer.
    #[error("the decision of {by} has expired at {at}")]
    Expired {
        /// Who.
        by: String,
        /// When.
        at: Utc,
    },
    /// The plan is too old for any.
    #[error("the plan was made at {made_at}; approvals hold for 4 hours from then")]
    OldPlan {
        /// When.
        made_at: Utc,
    },
    /// It is dated later than now.
    #[error("the decision of {by} is dated {at}, which is still to come")]
    Future {
        /// Who.
        by: String,
        /// When.
        at: Utc,
    },
    /// He asked for it.
    #[error("{by} asks for this: somebody else has to approve it")]
    Requester {
        /// Who.
        by: String,
    },
    /// It is about him.
    #[error("this is about the account of {by}, who decides nothing about it")]
    Subject {
        /// Who.
        by: String,
    },
    /// He decided already.
    #[error("{by} decided already: each counts once")]
    Twice {
        /// Who.
        by: String,
    },
}

/// Counts `votes` for `plan`. `askers` are those who want it done: whoever proposed it, and
/// whoever carries it out. `shown_at` is when the plan was made, or the run shown that goes on.
#[must_use]
pub fn weigh(
    plan: &Plan,
    votes: &[Vote],
    rules: &Approvers,
    askers: &[&str],
    (shown_at, now): (Utc, Utc),
) -> Weighed {
    let mut weighed = Weighed::default();
    if now.since(shown_at) > APPROVAL_FOR {
        let made_at = shown_at;
        weighed.objections.push(Objection::OldPlan { made_at });
    }
    let digest = plan.digest();
    let mut counted: Vec<&Vote> = Vec::new();
    for vote in votes {
        let wrong = stale(vote, plan, &digest, now)
            .or_else(|| not_his(vote, plan, askers))
            .or_else(|| twice(vote, &counted));
        if let Some(wrong) = wrong {
            weighed.objections.push(wrong);
            continue;
        }
        counted.push(vote);
        if vote.approve {
            weighed.approved.push(vote.by.clone());
        } else if weighed.denied.is_none() {
            weighed.denied = Some((vote.by.clone(), vote.reason.clone()));
        }
    }
    weighed.missing = rules.needed.max(1).saturating_sub(weighed.approved.len());
    if weighed.missing > 0 {
        let free = rules.people.iter().filter(|one| {
            let about = plan.case.subjects.iter();
            let mut about =
                about.map(|who| is_him(&one.name, one.okta_id.as_ref(), one.login.as_deref(), who));
            !about.any(|him| him)
                && !asks(&one.name, one.login.as_deref(), askers)
                && !counted.iter().any(|vote| same(&vote.by, &one.name))
        });
        weighed.could = free.map(|one| one.name.clone()).collect();
    }
    weighed
}

fn stale(vote: &Vote, plan: &Plan, digest: &str, now: Utc) -> Option<Objection> {
    let by = vote.by.clone();
    if vote.run != plan.run {
        let theirs = vote.run.clone();
        return Some(Objection::OtherRun { by, theirs });
    }
    // The org and the names in a signed text are the plan's, or its signer read something else.
    let signed = vote.signed.as_deref().map(Signed::parse);
    let agrees = signed.is_none_or(|text| text.is_ok_and(|text| text.claims().is_about(plan)));
    if vote.digest != digest || !agrees {
        return Some(Objection::OtherPlan { by });
    }
    if vote.at > now.plus(SKEW) {
        return Some(Objection::Future { by, at: vote.at });
    }
    let until = vote.expires.min(vote.at.plus(APPROVAL_FOR));
    (now >= until).then_some(Objection::Expired { by, at: until })
}

fn not_his(vote: &Vote, plan: &Plan, askers: &[&str]) -> Option<Objection> {
    let by = vote.by.clone();
    let (id, login) = (vote.okta_id.as_ref(), vote.login.as_deref());
    let mut subjects = plan.case.subjects.iter();
    if subjects.any(|who| is_him(&vote.by, id, login, who)) {
        return Some(Objection::Subject { by });
    }
    // Whoever asked for it may take it back.
    (vote.approve && asks(&vote.by, login, askers)).then_some(Objection::Requester { by })
}

fn twice(vote: &Vote, counted: &[&Vote]) -> Option<Objection> {
    let mut earlier = counted.iter();
    let by = vote.by.clone();
    earlier
        .any(|one| one.is_by_same(vote))
        .then_some(Objection::Twice { by })
}

/// Whether this is the subject himself. Of whom neither id nor login is known, the name is all
/// there is: one that is the subject's login, or its part before the `@`, is taken for his.
fn is_him(
    name: &str,
    id: Option<&crate::model::UserId>,
    login: Option<&str>,
    who: &Subject,
) -> bool {
    if id.is_some_and(|id| *id == who.id) || login.is_some_and(|login| same(login, &who.login)) {
        return true;
    }
    same(name, &who.login) || (id.is_none() && login.is_none() && same(name, local(&who.login)))
}

/// Whether he is among those who ask. They are known by the operating system's name for them,
/// which is as a rule the part of a login before the `@`.
fn asks(name: &str, login: Option<&str>, askers: &[&str]) -> bool {
    askers.iter().any(|asker| {
        same(name, asker)
            || login.is_some_and(|login| same(login, asker) || same(local(login), asker))
    })
}

fn local(login: &str) -> &str {
    login.split('@').next().unwrap_or(login)
}
