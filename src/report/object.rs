//! The report, `oust.report/v1`: the one object that every rendering shows.
//!
//! Its field names are a contract with scripts (`docs/report.schema.json`); a field may be
//! added, none renamed. Moments are RFC 3339 UTC with milliseconds, durations carry their unit.
//! How it is computed stands in `compute`.

mod of_all;
mod subject;

pub use of_all::{DoneForMany, OfAll, ResidualOfMany, SystemPace};
pub use subject::{
    Because, Call, Captured, ChangeReport, Ending, Evidence, KeptReport, NotDone, ProofReport,
    Residual, Sign, StepOutcome, StepReport, SubjectReport, SubjectSystem, TargetReport, WhoThere,
};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema as words;
use crate::consent::ConsentKind;
use crate::engine::Projection;
use crate::ledger::Mode;
use crate::model::{Finding, GuardName, RunId, Severity, SystemId, Utc, Verdict, WindowHow};

/// The name of the format, in the report's first field.
pub const SCHEMA: &str = "oust.report/v1";

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `oust.report/v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// `oust/<version>` of the last command that worked on the run.
    pub tool: String,
    /// The run.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// Whether a ledger holds this run; without one there is no resume and no release.
    pub recorded: bool,
    /// The directory's own immutable id.
    pub org_id: String,
    /// The directory's host, for people.
    pub org: String,
    /// What the run set out to do.
    #[schemars(with = "words::ModeWord")]
    pub mode: Mode,
    /// What it followed.
    pub playbook: Playbook,
    /// SHA-256 of what consent covered.
    pub plan_digest: String,
    /// The ticket, as the requester gave it.
    pub case: Option<String>,
    /// The reason, as the requester gave it.
    pub reason: Option<String>,
    /// The window of the compromise.
    pub window: ReportWindow,
    /// Who asked.
    pub requester: String,
    /// Who agreed; null if nobody has.
    pub consent: Option<ConsentReport>,
    /// What each guard answered.
    pub guards: Vec<GuardReport>,
    /// Systems named by `--only` and `--skip`.
    pub scope: ScopeReport,
    /// When the run was opened.
    #[schemars(with = "Option<words::Moment>")]
    pub started_at: Option<Utc>,
    /// When it was last closed; null while it is unfinished.
    #[schemars(with = "Option<words::Moment>")]
    pub finished_at: Option<Utc>,
    /// The worst of the systems in scope.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: Verdict,
    /// Changes that count as closed though nothing could be read back.
    pub unproven: usize,
    /// A row per system, and one per name left out on purpose.
    pub systems: Vec<SystemReport>,
    /// How many subjects came out how.
    pub counts: Counts,
    /// The subjects; above 200 only those that are not contained, and of these the first 200.
    pub subjects: Vec<SubjectReport>,
    /// A file of JSON lines with all subjects, beside this report; null if all stand inline.
    pub subjects_file: Option<String>,
    /// Of more than 200 subjects: what is said of all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_all: Option<OfAll>,
    /// What people should know beside the changes.
    #[schemars(with = "Vec<FindingShape>")]
    pub findings: Vec<Finding>,
    /// What the intruder made outside the subjects' own accounts.
    pub planted: Vec<Planted>,
    /// What is left for people to do by hand.
    pub manual: Vec<Manual>,
    /// Of a plan for many: what carrying it out is expected to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<Projection>,
    /// Of a release: the run that it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub gives_back: Option<RunId>,
    /// Of a release: what that run changed and this one leaves as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_alone: Vec<LeftAloneReport>,
    /// Up to which event time the log was read for signs of life.
    #[schemars(with = "Option<words::Moment>")]
    pub log_read_until: Option<Utc>,
    /// How long it took.
    pub timings: Timings,
    /// What was sent.
    pub requests: Requests,
    /// Where the ledger stood after the run's last record; null if unrecorded.
    pub ledger_head: Option<LedgerHead>,
}

/// A playbook by name and content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Playbook {
    /// `account-takeover`
    pub name: String,
    /// For people.
    pub title: String,
    /// SHA-256 of its text, hex.
    pub digest: String,
}

/// The window of the compromise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportWindow {
    /// When it began.
    #[schemars(with = "words::Moment")]
    pub start: Utc,
    /// When it ended; null is still open.
    #[schemars(with = "Option<words::Moment>")]
    pub end: Option<Utc>,
    /// How the start is known.
    #[schemars(with = "words::HowWord")]
    pub how: WindowHow,
}

/// Who agreed to the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentReport {
    /// How.
    #[schemars(with = "words::ConsentWord")]
    pub kind: ConsentKind,
    /// Who.
    pub by: String,
    /// When.
    #[schemars(with = "words::Moment")]
    pub at: Utc,
}

/// What a guard answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuardReport {
    /// Which guard.
    #[schemars(with = "words::GuardWord")]
    pub name: GuardName,
    /// `passes`, `warns`, `refuses_steps` or `refuses_run`.
    #[schemars(with = "words::AnswerWord")]
    pub answer: String,
    /// Its sentence, if it had one.
    pub why: Option<String>,
    /// Who lifted it, if anybody.
    pub lifted_by: Option<String>,
    /// Why it was lifted.
    pub lifted_because: Option<String>,
}

/// Systems named on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeReport {
    /// Only these; empty is all.
    pub only: Vec<String>,
    /// All but these.
    pub skip: Vec<String>,
}

/// One system, over all subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemReport {
    /// `okta`, `github:eng`, …
    #[schemars(with = "String")]
    pub id: SystemId,
    /// The part before the colon.
    pub vendor: String,
    /// The worst of its subjects.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: Verdict,
    /// Changes closed without a proof.
    pub unproven: usize,
}

/// How many subjects came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All of them.
    pub subjects: usize,
    /// Given back.
    #[serde(default)]
    pub released: usize,
    /// Read back, all of it that can be.
    pub contained: usize,
    /// Something is open.
    pub partial: usize,
    /// Something may or may not have happened.
    pub unknown: usize,
    /// Nothing was tried.
    pub not_attempted: usize,
    /// How much still works, over all of them.
    #[serde(default)]
    pub residual: usize,
}

/// The shape of a finding, for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct FindingShape {
    /// How loud.
    #[schemars(with = "words::SeverityWord")]
    severity: Severity,
    /// A short stable name.
    id: String,
    /// One sentence.
    text: String,
    /// What to do next; empty if nothing.
    hint: String,
}

/// Something the intruder made outside the subjects' own accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planted {
    /// What.
    pub what: String,
    /// Where.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// How dangerous.
    #[schemars(with = "words::SeverityWord")]
    pub severity: Severity,
    /// Whether this run took it away, and a read showed that.
    pub resolved: bool,
    /// When it was made.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    pub at: Option<Utc>,
    /// By whom, by login or name.
    #[serde(default)]
    pub by: String,
    /// The event that says so.
    #[serde(default)]
    pub event: String,
    /// The action that takes it away; null if none does.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// Something for a person to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manual {
    /// Whose account; null if it is about the run.
    pub login: Option<String>,
    /// Where.
    #[schemars(with = "String")]
    pub system: SystemId,
    /// The app's label, where it is an app that no connector reaches.
    #[serde(default)]
    pub app: Option<String>,
    /// What to do, one sentence.
    pub text: String,
    /// Whom to call about it; null if the config names nobody.
    #[serde(default)]
    pub call: Option<Call>,
    /// A page where a person can look after it; null if no address is known.
    #[serde(default)]
    pub link: Option<String>,
}

/// Something that a release leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftAloneReport {
    /// Whose account.
    pub login: String,
    /// Where: one system, or several that are left for the same reason.
    pub system: String,
    /// What, and why it stays, in one sentence.
    pub text: String,
    /// Whether somebody has to do something about it.
    pub by_hand: bool,
}

/// How long it took, in milliseconds from the consent that came before the first write, else
/// from the opening of the run. Null is "not so", never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// Until the first write was about to leave.
    pub first_write_ms: Option<u64>,
    /// Until the last subject was evicted; null if one is not.
    pub evicted_ms: Option<u64>,
    /// Until the last answer of a contained run.
    pub contained_ms: Option<u64>,
    /// Until the last proof of a contained run.
    pub proven_ms: Option<u64>,
    /// The same from the alert or the command on, and how much of it people took; null in runs
    /// of versions that did not keep when it began.
    #[serde(default)]
    pub whole: Option<WholeTime>,
}

/// How long it took from the alert or the command on, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WholeTime {
    /// What it counts from.
    pub from: BeganBy,
    /// When the alert was durable here, or the command was given.
    #[schemars(with = "words::Moment")]
    pub began_at: Utc,
    /// When what the alert is about happened, as its sender says; nothing counts from it.
    #[schemars(with = "Option<words::Moment>")]
    pub event_time: Option<Utc>,
    /// Until there was a plan to agree to; null if it was made before.
    pub planned_ms: Option<u64>,
    /// How long people were waited for until they agreed to that plan; null if nobody was asked.
    pub waited_ms: Option<u64>,
    /// Until the first write was about to leave.
    pub first_write_ms: Option<u64>,
    /// Until the last subject was evicted; null if one is not.
    pub evicted_ms: Option<u64>,
    /// Until the last answer of a contained run.
    pub contained_ms: Option<u64>,
    /// Until the last proof of a contained run.
    pub proven_ms: Option<u64>,
}

impl WholeTime {
    /// A time from the start without the wait for people: what the program itself took.
    #[must_use]
    pub fn of_machine(&self, ms: u64) -> u64 {
        ms.saturating_sub(self.waited_ms.unwrap_or(0))
    }
}

/// What a run's times count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BeganBy {
    /// An alert.
    Alert,
    /// A person's command.
    Command,
}

impl BeganBy {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Command => "command",
        }
    }
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requests {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
    /// Repetitions among them.
    pub retries: u64,
    /// 429s seen.
    pub throttled: u64,
    /// The same by system.
    pub by_system: BTreeMap<String, SystemRequests>,
}

/// What was sent to one system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemRequests {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
    /// Repetitions among them.
    pub retries: u64,
    /// 429s seen.
    pub throttled: u64,
}

/// Where the ledger stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerHead {
    /// The last record's number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl Report {
    /// The subject, if there is exactly one.
    #[must_use]
    pub fn only_subject(&self) -> Option<&SubjectReport> {
        match &self.subjects[..] {
            [only] if self.counts.subjects == 1 => Some(only),
            _ => None,
        }
    }

    /// Whether anything may have been written.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.timings.first_write_ms.is_some()
    }
}
