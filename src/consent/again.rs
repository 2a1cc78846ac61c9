//! Consent to contain again what a run contained, while somebody watches it.
//!
//! Given once, at the start of a watch, by whoever consents to the run's plan then; good for that
//! plan alone, for a few rounds, and until the watch ends. Each round takes one [`Consent`] of it,
//! so that nobody who was agreed with for a night goes on for a week.

use std::time::Duration;

use super::{Consent, ConsentError, ConsentKind};
use crate::approval::Vote;
use crate::model::{Plan, Utc};

/// Rounds at most, whatever is asked for: what comes back so often is not stopped by a suspension.
pub const ROUNDS_MAX: u32 = 10;

/// How long a watch lasts at most.
pub const WATCH_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Agreed to beforehand: contain again, so often at most, until then.
///
/// No field can be set from outside, and none is given but by a consent:
///
/// ```compile_fail,E0451
/// # use oust::consent::Again;
/// # fn demo(until: oust::model::Utc) {
/// let (digest, by, votes) = (String::new(), String::new(), Vec::new());
/// let forged = Again { digest, by, votes, until, left: 99 };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    digest: String,
    by: String,
    votes: Vec<Vote>,
    until: Utc,
    left: u32,
}

/// How often, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rounds that are left.
    pub rounds: u32,
    /// The watch's end.
    pub until: Utc,
}

impl Again {
    /// What `consent` to `plan` is worth while it is watched.
    ///
    /// # Errors
    /// [`ConsentError::OtherPlan`], if it was given to another.
    pub fn agreed(consent: &Consent, plan: &Plan, bounds: Bounds) -> Result<Self, ConsentError> {
        if !consent.covers(plan) {
            return Err(ConsentError::OtherPlan);
        }
        Ok(Self {
            digest: consent.digest.clone(),
            by: consent.by.clone(),
            votes: consent.votes.clone(),
            until: bounds.until,
            left: bounds.rounds.min(ROUNDS_MAX),
        })
    }

    /// Rounds that are left.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// The consent for one more round, which is then used up.
    ///
    /// # Errors
    /// [`ConsentError::OtherPlan`] for another plan than was agreed to, [`ConsentError::Spent`] if
    /// no round is left, [`ConsentError::Over`] once the watch has ended.
    pub fn take(&mut self, plan: &Plan, now: Utc) -> Result<Consent, ConsentError> {
        if self.digest != plan.digest() {
            return Err(ConsentError::OtherPlan);
        }
        if now > self.until {
            return Err(ConsentError::Over { until: self.until });
        }
        self.left = self.left.checked_sub(1).ok_or(ConsentError::Spent)?;
        Ok(Consent {
            digest: self.digest.clone(),
            kind: ConsentKind::Watch,
            by: self.by.clone(),
            at: now,
            votes: self.votes.clone(),
        })
    }
}
