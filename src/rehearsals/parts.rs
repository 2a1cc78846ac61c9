//! The parts of a rehearsal: who, what, how long, what stops, whom to call.

use serde::{Deserialize, Serialize};

use super::Fact;
use crate::model::{ActionId, RunId, SystemId, Undo, UserId, Utc};

/// Who the subject is at one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whom {
    /// Where.
    pub system: SystemId,
    /// What was found.
    pub is: WhomIs,
    /// The vendor's id of him; empty if none was found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Why not, or between whom; empty if there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What was found of a subject at a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhomIs {
    /// Exactly one account.
    Found,
    /// Read, and there is none.
    NoAccount,
    /// Several.
    Ambiguous,
    /// One that the intruder may have written himself.
    Contested,
    /// The system did not tell.
    Unread,
}

impl WhomIs {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NoAccount => "no account",
            Self::Ambiguous => "several accounts",
            Self::Contested => "contested",
            Self::Unread => "not read",
        }
    }

    /// Whether the playbook can act there, or need not.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Found | Self::NoAccount)
    }
}

/// One intended write, exactly as a live run would make it today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// The stage.
    pub stage: String,
    /// Whether its stage asks for a consent of its own first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// Where.
    pub system: SystemId,
    /// What is done.
    pub action: ActionId,
    /// In words.
    pub sentence: String,
    /// What kind of thing it is done to.
    pub target_kind: String,
    /// Which one, by the vendor's id.
    pub target_id: String,
    /// What undoing it means.
    pub undo: Undo,
}

/// A step that would do nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    /// Where.
    pub system: SystemId,
    /// What it would have done.
    pub action: ActionId,
    /// Why not.
    pub why: String,
    /// Whether that leaves something open.
    pub open: bool,
}

/// What a guard answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// `warns`, `refuses_steps`, `refuses_run`.
    pub answer: String,
    /// What it said.
    pub why: String,
}

/// How long a containment would take today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicted {
    /// Until the account is locked and its sessions are ended.
    pub evicted_ms: Option<u64>,
    /// Until the last write is answered.
    pub contained_ms: Option<u64>,
    /// What reading back may take beyond that, at most, by the slowest system's own bound.
    pub proofs_ms_max: u64,
    /// Each system's part.
    pub by_system: Vec<SystemPace>,
    /// What the answers told of today's quota.
    pub quota: Vec<QuotaSeen>,
}

/// What one system takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemPace {
    /// Which.
    pub system: SystemId,
    /// Writes that it would get.
    pub writes: u64,
    /// What its answers took on average while this was rehearsed; `None` if none came.
    pub answer_ms: Option<u64>,
    /// What its writes take, one after the other.
    pub takes_ms: Option<u64>,
    /// What of that is waiting for quota.
    pub waits_ms: u64,
}

/// A rate limit, as the last answer's headers told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaSeen {
    /// Where.
    pub system: SystemId,
    /// Which bucket, by our name.
    pub bucket: String,
    /// Requests in a window.
    pub limit: u64,
    /// What was left of it.
    pub remaining: u64,
}

/// Something that stops with the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stops {
    /// What kind of thing: `agent`, `api_token`, `oauth_client`, `admin_role`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// What that means, in a sentence.
    pub why: String,
}

/// Whom to call about an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppOwner {
    /// The app's label, or the system's id. Attacker input.
    pub app: String,
    /// The system that stands for it; `None` if no connector reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
    /// Who looks after it; empty if nobody is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// How to reach them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact: String,
}

impl AppOwner {
    /// Whether somebody is named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.owner.is_empty()
    }
}

/// The org's API tokens, looked at one by one. Proposals: nothing was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReview {
    /// Those that were read.
    pub tokens: Vec<ReviewedToken>,
    /// What was not read, and why; empty if all was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unread: String,
}

/// One API token of the org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedToken {
    /// Its id.
    pub id: String,
    /// What it is called. Attacker input.
    pub name: String,
    /// Who owns it, by id.
    pub owner: UserId,
    /// Who owns it, by login; empty if unread or gone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub login: String,
    /// The kind of agent that lives by it; empty if a person made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// What is wrong with it, a few words each; empty if nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
    /// What somebody should do; empty if nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub proposal: String,
    /// When it was last used, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Utc>,
}

/// What a live rehearsal did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// The run that contained the canary.
    pub run: RunId,
    /// Its verdict.
    pub contained: String,
    /// The run that gave it back; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<RunId>,
    /// Its verdict; empty if there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub released: String,
    /// What was measured.
    pub measured: Measured,
    /// What is not as it was before, a sentence each; empty if everything is.
    pub not_as_before: Vec<String>,
    /// What could be found out about this org.
    pub learnt: Vec<Fact>,
}

/// What a live rehearsal measured, in milliseconds from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Until the first write left.
    pub first_write_ms: Option<u64>,
    /// Until the canary was locked and its sessions ended.
    pub evicted_ms: Option<u64>,
    /// Until the last write was answered.
    pub contained_ms: Option<u64>,
    /// Until the last proof.
    pub proven_ms: Option<u64>,
}
