//! Proof that somebody agreed to one plan.
//!
//! A [`Consent`] is made by asking and by nothing else; a writer cannot exist without one, and
//! it is good for the one plan whose digest it carries. It does not decide *whether* to ask
//! (`cli`) nor what a plan covers (`model::plan`).

mod again;

use std::time::Duration;

pub use again::{Again, Bounds, ROUNDS_MAX, WATCH_MAX};

use serde::{Deserialize, Serialize};

use crate::approval::{Approvers, Objection, Vote, weigh};
use crate::model::{Confirmation, Plan, Role, Utc};

/// How long a typed consent or a phrase holds.
pub const TYPED_FOR: Duration = Duration::from_secs(15 * 60);

/// Somebody agreed to the plan with this digest.
///
/// No field can be set from outside:
///
/// ```compile_fail,E0451
/// # use oust::consent::{Consent, ConsentKind};
/// # fn demo(at: oust::model::Utc) {
/// let (digest, by, votes) = (String::new(), String::new(), Vec::new());
/// let forged = Consent { digest, kind: ConsentKind::Yes, by, at, votes };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    digest: String,
    kind: ConsentKind,
    by: String,
    at: Utc,
    votes: Vec<Vote>,
}

/// When a plan was shown to a person, and what time it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When its reads were made; for a run that goes on, when that was shown.
    pub shown_at: Utc,
    /// Now.
    pub now: Utc,
}

/// How a consent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// Typed at the prompt.
    Typed,
    /// `--yes`.
    Yes,
    /// `--consent PHRASE` for a stored plan.
    Phrase,
    /// As many approvers as are needed agreed, none of them who asked or whom it is about.
    Approved,
    /// A rule of the config file that says `mode: contain`, for an alert that the log confirms.
    Standing,
    /// To the same plan once more, while its run is watched: agreed to when the watch began.
    Watch,
}

impl ConsentKind {
    /// Whether a process that finds it in the ledger may go on with it.
    fn outlives_a_process(self) -> bool {
        matches!(self, Self::Approved | Self::Standing)
    }
}

/// Why a consent was not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConsentError {
    /// The word typed is not the one asked for.
    #[error("`{typed}` is not `{wanted}`: nothing was written")]
    Mistyped {
        /// What was typed.
        typed: String,
        /// What was asked for.
        wanted: String,
    },
    /// The phrase is of another plan.
    #[error("the phrase `{given}` does not belong to this plan (`{wanted}`)")]
    Foreign {
        /// What was given.
        given: String,
        /// The phrase of the plan at hand.
        wanted: String,
    },
    /// The plan is too old.
    #[error("the plan was made at {made_at}; consent holds for 15 minutes: plan again")]
    Stale {
        /// When it was made.
        made_at: Utc,
    },
    /// A rule agrees to nothing of this kind.
    #[error("no rule may agree to this: {why}")]
    NotStanding {
        /// Why.
        why: String,
    },
    /// The ledger has no consent of a server's to this plan.
    #[error("the ledger has no consent to this plan that a server may go on with")]
    NotRecorded,
    /// It was given to another plan.
    #[error("the consent was given to another plan")]
    OtherPlan,
    /// It was good for so many rounds of containing again, and those are used up.
    #[error("all rounds of containing again that were agreed to are used up")]
    Spent,
    /// It was good until the watch ended.
    #[error("the consent to contain again was good until {until}")]
    Over {
        /// When that was.
        until: Utc,
    },
    /// One of the approvals does not count, so that none was taken.
    #[error("{0}: nothing was written")]
    Objected(Objection),
    /// An approver said no.
    #[error("{by} denied it{}: nothing was written", because(.reason))]
    Denied {
        /// Who.
        by: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Not enough people agreed yet.
    #[error("{} of {needed} approvals: {}", .have.len(), waiting(.have, .needed, .could))]
    Unapproved {
        /// Who did.
        have: Vec<String>,
        /// How many have to.
        needed: usize,
        /// Who of the approvers could still.
        could: Vec<String>,
    },
}

/// What the ledger has of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The digest of the plan it was given to.
    pub digest: String,
    /// How it was given.
    pub kind: ConsentKind,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Utc,
}

fn because(reason: &str) -> String {
    if reason.is_empty() {
        return String::new();
    }
    format!(" (\u{201c}{reason}\u{201d})")
}

fn waiting(have: &[String], needed: &usize, could: &[String]) -> String {
    let so_far = match have {
        [] => "nobody agreed yet".to_owned(),
        have => format!("{} agreed", have.join(", ")),
    };
    let more = match needed.saturating_sub(have.len()) {
        1 => "one more has".to_owned(),
        more => format!("{more} more have"),
    };
    match could {
        [] => format!("{so_far}; {more} to"),
        could => format!("{so_far}; {more} to, of {}", could.join(", ")),
    }
}

impl Consent {
    /// The person typed what is at stake: the login's local part, or the number of subjects.
    ///
    /// # Errors
    /// [`ConsentError::Mistyped`] for anything else, [`ConsentError::Stale`] if asking took
    /// longer than a consent holds.
    pub fn typed(plan: &Plan, word: &str, by: &str, asked: Asked) -> Result<Self, ConsentError> {
        let wanted = plan.typed_word();
        if word.trim() != wanted {
            return Err(ConsentError::Mistyped {
                typed: word.trim().to_owned(),
                wanted,
            });
        }
        Self::give(plan, ConsentKind::Typed, by, asked)
    }

    /// `--yes`: the person agreed to whatever the plan says, up to the caps.
    ///
    /// # Errors
    /// [`ConsentError::Stale`] if the plan is too old.
    pub fn yes(plan: &Plan, by: &str, asked: Asked) -> Result<Self, ConsentError> {
        Self::give(plan, ConsentKind::Yes, by, asked)
    }

    /// The person passes the phrase that `oust plan` printed for this stored plan.
    ///
    /// # Errors
    /// [`ConsentError::Foreign`] if it is another plan's, [`ConsentError::Stale`] if too old.
    pub fn phrase(plan: &Plan, phrase: &str, by: &str, asked: Asked) -> Result<Self, ConsentError> {
        let wanted = plan.phrase();
        if phrase.trim() != wanted {
            return Err(ConsentError::Foreign {
                given: phrase.trim().to_owned(),
                wanted,
            });
        }
        Self::give(plan, ConsentKind::Phrase, by, asked)
    }

    /// A rule agreed beforehand, by name: to a plan that an alert led to, whose compromised
    /// subjects the log confirms, every one, and that no guard stops. Never to what an alert alone
    /// says.
    ///
    /// # Errors
    /// [`ConsentError::NotStanding`] with what is missing, [`ConsentError::Stale`] if too old.
    pub fn standing(plan: &Plan, rule: &str, now: Utc) -> Result<Self, ConsentError> {
        let missing = if !plan.case.source.is_automatic() {
            Some("no alert led to it".to_owned())
        } else if plan.gives_back.is_some() {
            Some("it lets somebody in again, which only a person agrees to".to_owned())
        } else if rule.trim().is_empty() {
            Some("it has no name".to_owned())
        } else if plan.case.subjects.is_empty() {
            Some("it is about nobody".to_owned())
        } else {
            unconfirmed(plan).or_else(|| stopped(plan))
        };
        if let Some(why) = missing {
            return Err(ConsentError::NotStanding { why });
        }
        let shown_at = plan.made_at;
        Self::give(plan, ConsentKind::Standing, rule, Asked { shown_at, now })
    }

    /// A server goes on with a run that it began: what was agreed to without a terminal, as the
    /// ledger has it, however long ago. What a person typed, he types again.
    ///
    /// # Errors
    /// [`ConsentError::NotRecorded`], if it is another plan's or another kind of consent.
    pub fn recorded(plan: &Plan, recorded: &Recorded) -> Result<Self, ConsentError> {
        let Recorded {
            digest,
            kind,
            by,
            at,
        } = recorded;
        if *digest != plan.digest() || !kind.outlives_a_process() {
            return Err(ConsentError::NotRecorded);
        }
        Ok(Self {
            digest: digest.clone(),
            kind: *kind,
            by: by.clone(),
            at: *at,
            votes: Vec::new(),
        })
    }

    /// As many approvers as `rules` ask for agreed to this plan and nobody denied it; `askers` are
    /// those who want it done, whose own word does not count.
    ///
    /// # Errors
    /// [`ConsentError::Denied`]; [`ConsentError::Objected`] if any of the votes does not count;
    /// [`ConsentError::Unapproved`] if more people have to agree.
    pub fn approved(
        plan: &Plan,
        votes: &[Vote],
        rules: &Approvers,
        askers: &[&str],
        asked: Asked,
    ) -> Result<Self, ConsentError> {
        let weighed = weigh(plan, votes, rules, askers, (asked.shown_at, asked.now));
        if let Some((by, reason)) = weighed.denied {
            return Err(ConsentError::Denied { by, reason });
        }
        if let Some(first) = weighed.objections.into_iter().next() {
            return Err(ConsentError::Objected(first));
        }
        if weighed.missing > 0 {
            return Err(ConsentError::Unapproved {
                needed: weighed.approved.len() + weighed.missing,
                have: weighed.approved,
                could: weighed.could,
            });
        }
        Ok(Self {
            digest: plan.digest(),
            kind: ConsentKind::Approved,
            by: weighed.approved.join(", "),
            at: asked.now,
            votes: votes.to_vec(),
        })
    }

    fn give(plan: &Plan, kind: ConsentKind, by: &str, asked: Asked) -> Result<Self, ConsentError> {
        let Asked { shown_at, now: at } = asked;
        if at.since(shown_at) > TYPED_FOR {
            return Err(ConsentError::Stale { made_at: shown_at });
        }
        Ok(Self {
            digest: plan.digest(),
            kind,
            by: by.to_owned(),
            at,
            votes: Vec::new(),
        })
    }

    /// Whether this consent was given to `plan`.
    #[must_use]
    pub fn covers(&self, plan: &Plan) -> bool {
        self.digest == plan.digest()
    }

    /// The digest of the plan it was given to.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How it was given.
    #[must_use]
    pub fn kind(&self) -> ConsentKind {
        self.kind
    }

    /// Whose votes it is made of, if it was approved.
    #[must_use]
    pub fn votes(&self) -> &[Vote] {
        &self.votes
    }

    /// By whom.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Utc {
        self.at
    }
}

/// Whom the log does not confirm, of those that something is taken from.
fn unconfirmed(plan: &Plan) -> Option<String> {
    let confirmed = |id| {
        let intruder = plan.case.intruder(id);
        intruder.is_some_and(|intruder| intruder.answer == Confirmation::Confirmed)
    };
    let mut subjects = plan.case.subjects.iter();
    let open = subjects.find(|who| who.role != Role::Impersonated && !confirmed(&who.id))?;
    Some(format!("the log does not confirm it of {}", open.login))
}

fn stopped(plan: &Plan) -> Option<String> {
    let mut guards = plan.guards.iter();
    let guard = guards.find(|guard| guard.stops_run())?;
    Some(format!("the guard {} refuses it", guard.name))
}
