//! Proof that somebody agreed to one plan.
//!
//! A [`Consent`] is made by asking and by nothing else; a writer cannot exist without one, and
//! it is good for the one plan whose digest it carries. It does not decide *whether* to ask
//! (`cli`) nor what a plan covers (`model::plan`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Plan, Utc};

/// How long a typed consent or a phrase holds.
pub const TYPED_FOR: Duration = Duration::from_secs(15 * 60);

/// Somebody agreed to the plan with this digest.
///
/// No field can be set from outside:
///
/// ```compile_fail,E0451
/// # use oust::consent::{Consent, ConsentKind};
/// # fn demo(at: oust::model::Utc) {
/// let forged = Consent { digest: String::new(), kind: ConsentKind::Yes, by: String::new(), at };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    digest: String,
    kind: ConsentKind,
    by: String,
    at: Utc,
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
