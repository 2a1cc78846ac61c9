//! Rehearsals: what a containment would do today, kept so that the next one can be compared.
//!
//! A [`Rehearsal`] is a plain value with a schema of its own, `oust.rehearsal/v1`; a store keeps
//! them in a file beside the ledger ([`SqliteRehearsals`]). What has changed since the last one is
//! told by [`difference`], what was rehearsed too long ago by [`overdue`], how the times of live
//! ones move by [`trend`], and what they found out about an org by [`learnt`]: all pure.
//!
//! Makes no rehearsal (`engine::rehearse` does) and shows none (`report` does). They are no part
//! of the ledger: a dry one changed nothing, and the run of a live one is in the ledger already.

mod compare;
mod due;
mod fact;
mod parts;
mod sqlite;
mod trend;

use serde::{Deserialize, Serialize};

use crate::model::{Finding, PlaybookRef, Scope, Severity, SystemId, UserId, Utc};

pub use compare::{Difference, difference};
pub use due::{Overdue, Rehearsable, overdue};
pub use fact::{Fact, FactName, learnt};
pub use parts::{
    AppOwner, Gate, Intended, LeftAlone, Live, Measured, Predicted, QuotaSeen, ReviewedToken,
    Stops, SystemPace, TokenReview, Whom, WhomIs,
};
pub use sqlite::SqliteRehearsals;
pub use trend::{Point, sparkline, trend};

/// What the object calls itself.
pub const SCHEMA: &str = "oust.rehearsal/v1";

/// One rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// [`SCHEMA`].
    pub schema: String,
    /// `h_` and a sortable hex number.
    pub id: String,
    /// `oust/<version>`
    pub tool: String,
    /// The directory's own id.
    pub org_id: String,
    /// The org's host, for people.
    pub org: String,
    /// When it was made.
    pub at: Utc,
    /// Who made it, as the operating system says.
    pub by: String,
    /// Whether anything was written.
    pub kind: Kind,
    /// What was rehearsed.
    pub playbook: PlaybookRef,
    /// Whose containment.
    pub subject: Who,
    /// What was left out on purpose.
    pub scope: Scope,
    /// Who he is at each system.
    pub identities: Vec<Whom>,
    /// The writes, in the order of the plan.
    pub writes: Vec<Intended>,
    /// Steps that would do nothing, and why.
    pub left_alone: Vec<LeftAlone>,
    /// What the guards answered, but for those that had nothing to say.
    pub gates: Vec<Gate>,
    /// How long it would take today.
    pub predicted: Predicted,
    /// What stops with the account.
    pub stops: Vec<Stops>,
    /// Whom to call, app by app; those without an owner are gaps.
    pub owners: Vec<AppOwner>,
    /// How to reach us: whoever looks after the directory, as the config says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub us: Option<AppOwner>,
    /// The API tokens of the whole org, looked at one by one.
    pub tokens: TokenReview,
    /// What would stop us, and what a person should know.
    pub findings: Vec<Finding>,
    /// Whether it would work.
    pub verdict: Verdict,
    /// What was done and measured, if it was live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// Whether anything was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Reads alone.
    Dry,
    /// The canary was contained and given back.
    Live,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dry => "dry",
            Self::Live => "live",
        }
    }
}

/// Whether it would work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that was read would stop it.
    Ok,
    /// Something would, or did: the findings say what.
    Failed,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// Whose containment is rehearsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The immutable id.
    pub id: UserId,
    /// The login, for people.
    pub login: String,
    /// The directory's status.
    pub status: String,
    /// Admin roles by the directory's type name.
    pub roles: Vec<String>,
    /// Where the profile is mastered.
    pub mastered_by: String,
}

impl Rehearsal {
    /// The verdict that its findings give: one that is wrong, not one that may be.
    #[must_use]
    pub fn judge(findings: &[Finding]) -> Verdict {
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::High)
        {
            Verdict::Failed
        } else {
            Verdict::Ok
        }
    }

    /// Whether `other` is of the same playbook (by name) and subject, at the same org.
    #[must_use]
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        self.org_id == other.org_id
            && self.playbook.name == other.playbook.name
            && self.subject.id == other.subject.id
    }

    /// Whether this system answered.
    #[must_use]
    pub fn reached(&self, system: &SystemId) -> bool {
        let mut all = self.identities.iter();
        all.any(|whom| whom.system == *system && whom.is != WhomIs::Unread)
    }
}
