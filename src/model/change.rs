//! A change: one intended write on one target, with what was there before and how to undo it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ActionId, ChangeId, StepKey, SystemId, Undo, UserId, Utc};

/// One intended write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The same for the same step, subject and target, in every plan, re-read and run.
    pub id: ChangeId,
    /// The step it belongs to.
    pub step: StepKey,
    /// Whose account.
    pub subject: UserId,
    /// Where.
    pub system: SystemId,
    /// What is done.
    pub action: ActionId,
    /// To what.
    pub target: Target,
    /// For people, an imperative without the vendor: "revoke API token ci-backup".
    pub sentence: String,
    /// The step's settings, as checked; all its changes share them.
    #[serde(deserialize_with = "super::sharing::value")]
    pub settings: Arc<Value>,
    /// What was there, as far as read; null if nothing was.
    pub before: Value,
    /// What undoing it means.
    pub undo: Undo,
    /// When its target was made, if the step chose it by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Utc>,
    /// Whether a re-read found it after consent.
    pub found: Found,
}

/// When a target was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It stood in the plan that was consented to.
    InPlan,
    /// Its system had not answered when the plan was made; the first reading found it.
    FirstRead,
    /// A re-read of the same selector found it later.
    AfterPlan,
}

/// What a change is made to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `user`, `factor`, `api_token`, …
    pub kind: String,
    /// The vendor's immutable id.
    pub id: String,
    /// For people; attacker input, escaped where it is shown.
    pub label: String,
}

impl Target {
    /// The account itself.
    #[must_use]
    pub fn user(id: &UserId, login: &str) -> Self {
        Self {
            kind: "user".into(),
            id: id.to_string(),
            label: login.into(),
        }
    }
}

impl Change {
    /// The id of the change that `step` makes to `target` of `subject`.
    #[must_use]
    pub fn id_of(step: StepKey, subject: &UserId, target: &Target) -> ChangeId {
        ChangeId::new(format!("{step}/{subject}/{}:{}", target.kind, target.id))
    }
}

/// Something of the subject's that a selector leaves alone, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What it is.
    pub target: Target,
    /// Why it stays: "2024-01-12".
    pub why: String,
    /// Whether a person should look at it.
    pub suspect: bool,
}

/// How a person comes to a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewPassword {
    /// A link, which whoever carries the run out hands over.
    Link,
    /// A temporary one, handed over likewise and changed at the first sign-in.
    Temporary,
    /// A mail from the directory, to an address that the intruder must not be able to read.
    Mail,
}

/// Which of the subject's things a step takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// Those made within the window.
    InWindow,
    /// All of them.
    #[default]
    All,
    /// Those whose ids the step lists.
    Listed,
}
