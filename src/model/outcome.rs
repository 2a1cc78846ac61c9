//! What a call answered, and what a later read showed. Two things, never one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Change, Utc};

/// What the vendor answered to one change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// In one word.
    #[serde(flatten)]
    pub kind: OutcomeKind,
    /// The traces the calls left, for finding their events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
}

/// The kinds of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum OutcomeKind {
    /// Done by this call.
    Done,
    /// It was so before, as a read says.
    AlreadyDone,
    /// Queued: the vendor works later.
    Accepted,
    /// Refused or impossible.
    Failed {
        /// What the vendor said.
        why: String,
        /// What the operator does next.
        hint: String,
    },
    /// It may have happened.
    InDoubt {
        /// What was seen of it.
        why: String,
    },
}

impl OutcomeKind {
    /// The word of the report.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyDone => "already_done",
            Self::Accepted => "accepted",
            Self::Failed { .. } => "failed",
            Self::InDoubt { .. } => "in_doubt",
        }
    }

    /// Whether the vendor said yes.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone | Self::Accepted)
    }
}

impl Outcome {
    /// An outcome without traces.
    #[must_use]
    pub fn bare(kind: OutcomeKind) -> Self {
        Self {
            kind,
            receipts: Vec::new(),
        }
    }
}

/// The trace that one call left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The vendor's id of the request, if it sent one.
    pub request_id: Option<Arc<str>>,
    /// When it left, by our clock.
    pub sent_at: Utc,
    /// When it was answered, by the vendor's clock (`Date`), else by ours.
    pub server_at: Utc,
}

/// A change with the answer it got: what the prover starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The change, which the run has too.
    pub change: Arc<Change>,
    /// Its answer.
    pub outcome: Outcome,
    /// What other calls of the run did to the same target: what they left proves nothing of this.
    pub others: Vec<Receipt>,
}

impl Applied {
    /// The only call of its kind.
    #[must_use]
    pub fn alone(change: impl Into<Arc<Change>>, outcome: Outcome) -> Self {
        Self {
            change: change.into(),
            outcome,
            others: Vec::new(),
        }
    }
}

/// What a read showed about a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// In one word.
    pub state: ProofState,
    /// By what: "SUSPENDED read", "404 on the id", or why it cannot be read.
    pub how: String,
    /// When it was read, by our clock.
    pub at: Utc,
    /// When the vendor's log says it happened, if an event of that log proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_at: Option<Utc>,
}

impl Proof {
    /// What a read of the state itself showed.
    #[must_use]
    pub fn read(state: ProofState, how: impl Into<String>, at: Utc) -> Self {
        Self {
            state,
            how: how.into(),
            at,
            event_at: None,
        }
    }
}

/// The states of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofState {
    /// Read back, and so.
    Proven,
    /// Not to be seen yet.
    Pending,
    /// Cannot be read, for the reason in `how`.
    Unverifiable,
    /// Read back, and not so.
    Refuted,
}

impl ProofState {
    /// The word of the report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Pending => "pending",
            Self::Unverifiable => "unverifiable",
            Self::Refuted => "refuted",
        }
    }
}

/// Something a person should know, beside the changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How loud.
    pub severity: Severity,
    /// A short stable name: `second_credential_used`.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// What to do next; empty if nothing.
    pub hint: String,
}

impl Finding {
    /// The finding of a plan that says how its accounts were selected.
    pub const SELECTED: &'static str = "selected";
}

/// How loud a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something may go wrong.
    Warning,
    /// Something is wrong.
    High,
}
