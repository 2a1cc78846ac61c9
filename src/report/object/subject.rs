//! The report's part about one subject: its systems, steps, changes, and what still works.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ActionId, ChangeId, ProofState, Role, SystemId, Undo, UserId, Utc, Verdict};
use crate::report::schema as words;

/// One subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectReport {
    /// For people; attacker input.
    pub login: String,
    /// The directory's immutable id.
    #[schemars(with = "String")]
    pub okta_id: UserId,
    /// The part the account plays.
    #[schemars(with = "words::RoleWord")]
    pub role: Role,
    /// The worst of its systems.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: Verdict,
    /// When it was out of the directory for good; null if that is not shown.
    #[schemars(with = "Option<words::Moment>")]
    pub evicted_at: Option<Utc>,
    /// The same, counted like `timings`.
    pub evicted_ms: Option<u64>,
    /// The moment of its last clear, by the directory's clock: signs of life count from here.
    #[schemars(with = "Option<words::Moment>")]
    pub cleared_at: Option<Utc>,
    /// Eviction was tried and is not shown: single sign-on may let it in again anywhere.
    pub can_reenter: bool,
    /// System by system.
    pub systems: Vec<SubjectSystem>,
    /// Steps in playbook order.
    pub steps: Vec<StepReport>,
    /// What still works.
    pub residual: Vec<Residual>,
    /// What the log showed the account do after the eviction began.
    pub signs_of_life: Vec<Sign>,
    /// The parts of the before-state kept in the ledger.
    pub evidence: Vec<Evidence>,
}

/// One subject at one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectSystem {
    /// Which system.
    #[schemars(with = "String")]
    pub id: SystemId,
    /// The word.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: Verdict,
    /// Changes closed without a proof.
    pub unproven: usize,
    /// Who the subject is there.
    pub identity: WhoThere,
}

/// Who a subject is at a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum WhoThere {
    /// Exactly one account, pointing back.
    Found {
        /// The vendor's immutable id.
        id: String,
    },
    /// Read, and there is none.
    NoAccount,
    /// Several answer to the name.
    Ambiguous {
        /// The candidates' ids.
        candidates: Vec<String>,
    },
    /// It was changed within the window.
    Contested {
        /// What was changed.
        why: String,
        /// Accounts that answer to it now; perhaps somebody else's.
        #[serde(default)]
        candidates: Vec<String>,
    },
    /// Could not be read.
    Unread {
        /// What went wrong.
        why: String,
    },
    /// The subject uses it, and no connector is configured.
    NotConfigured {
        /// The apps, or why nobody knows whether he uses it.
        why: String,
    },
    /// Nobody looked.
    NotAsked,
}

/// One step for one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// The stage's name in the playbook.
    pub stage: String,
    /// What was to be done.
    #[schemars(with = "String")]
    pub action: ActionId,
    /// Where.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// The worst of its changes; `skipped` if it had none.
    #[schemars(with = "words::OutcomeWord")]
    pub outcome: StepOutcome,
    /// Whether its absence is a residual instead of a failure.
    pub optional: bool,
    /// MITRE ATT&CK techniques that the action answers.
    #[serde(default)]
    pub attack: Vec<String>,
    /// MITRE D3FEND techniques that it is.
    #[serde(default)]
    pub d3fend: Vec<String>,
    /// Why nothing was done, if so.
    pub not_done: Option<NotDone>,
    /// One row per change.
    pub changes: Vec<ChangeReport>,
    /// What the selector left alone.
    pub kept: Vec<KeptReport>,
    /// What stood beside it in the plan.
    pub notes: Vec<String>,
}

/// Why a step did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotDone {
    /// `when_false`, `nothing_selected`, `no_account`, `guard`, `unread`, …
    pub kind: String,
    /// One sentence.
    pub why: String,
    /// Whether that leaves something open.
    pub open: bool,
}

/// What came of a step or a change, from harmless to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It was so before.
    AlreadyDone,
    /// Done by this run.
    Done,
    /// Queued by the vendor.
    Accepted,
    /// Not sent.
    Skipped,
    /// Refused or impossible.
    Failed,
    /// It may have happened.
    InDoubt,
}

impl StepOutcome {
    /// The word of the report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AlreadyDone => "already_done",
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeReport {
    /// The same in plan, ledger and report.
    #[schemars(with = "String")]
    pub id: ChangeId,
    /// An imperative: "revoke API token ci-backup".
    pub sentence: String,
    /// To what.
    pub target: TargetReport,
    /// What the call answered.
    #[schemars(with = "words::OutcomeWord")]
    pub outcome: StepOutcome,
    /// Why it failed, is in doubt or was not sent.
    pub why: Option<String>,
    /// What the operator does next.
    pub hint: Option<String>,
    /// A re-read found its target after consent was given. What the plan could not read yet
    /// counts as planned.
    pub found_after_plan: bool,
    /// What the last read showed; null if nothing was read.
    pub proof: Option<ProofReport>,
    /// What undoing it means.
    #[schemars(with = "words::UndoWord")]
    pub undo: Undo,
    /// How long the answer took.
    pub ms: Option<u64>,
    /// When it was recorded.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub answered_at: Option<Utc>,
}

/// What a change is made to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetReport {
    /// `user`, `factor`, `api_token`, …
    pub kind: String,
    /// The vendor's immutable id.
    pub id: String,
    /// For people; attacker input.
    pub label: String,
}

/// What a read showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProofReport {
    /// In one word.
    #[schemars(with = "words::ProofWord")]
    pub state: ProofState,
    /// By what, or why it cannot be read.
    pub how: String,
    /// When it was read; of a proof, when it was first read so.
    #[schemars(with = "words::Moment")]
    pub at: Utc,
    /// When it was last read again after the run had closed; null if it was not.
    #[schemars(with = "Option<words::Moment>")]
    pub read_again_at: Option<Utc>,
}

/// Something a selector left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptReport {
    /// What it is.
    pub target: TargetReport,
    /// Why it stays.
    pub why: String,
    /// Whether a person should look at it.
    pub suspect: bool,
}

/// Something that still works after the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Residual {
    /// What.
    pub what: String,
    /// Where.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// The app's label, where it is an app that no connector reaches.
    #[serde(default)]
    pub app: Option<String>,
    /// Until when, in words; null is until somebody ends it.
    pub until: Option<String>,
    /// Whether it ends by itself.
    #[serde(default)]
    pub ends: Ending,
    /// When it has ended at the latest; null if nobody tells.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub ends_at: Option<Utc>,
    /// Why it is so.
    pub why: String,
    /// Which kind of reason that is.
    pub because: Because,
    /// Whom to call about it; null if the config names nobody.
    #[serde(default)]
    pub call: Option<Call>,
    /// A page where a person can look after it; null if no address is known.
    #[serde(default)]
    pub link: Option<String>,
}

/// Whether something ends by itself.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// When somebody ends it, and not before.
    #[default]
    ByPerson,
    /// By itself: at `ends_at`, or at a moment that nobody tells.
    ByItself,
    /// Perhaps nothing is left that could end: it cannot be read.
    Unknown,
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// A person or a team.
    pub owner: String,
    /// How to reach them.
    pub contact: String,
}

/// Why something still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// A change is open: the verdict says so, too.
    Open,
    /// An optional step was not done.
    Optional,
    /// The selector or the playbook kept it.
    Kept,
    /// Closed, but nothing can be read back.
    Unproven,
    /// The vendor lets it live on after the action that was done.
    Outlives,
    /// No connector reaches the app.
    Unreached,
}

/// One sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sign {
    /// When, by the directory's clock.
    #[schemars(with = "words::Moment")]
    pub at: Utc,
    /// What was done.
    pub what: String,
    /// The last clear was done after it; else the eviction does not hold.
    pub swept: bool,
}

/// A part of the before-state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Which part.
    pub part: String,
    /// Whether and when it was kept.
    pub captured: Captured,
    /// What kept us from it, if anything.
    pub why: Option<String>,
}

/// When a part of the before-state was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Captured {
    /// Before the first write.
    Before,
    /// After the first write had left.
    Late,
    /// Not at all.
    Missing,
}
