//! What a check found, as scripts read it: `oust.check/v1`.
//!
//! Findings are the model's own. Nothing here is decided; [`state`](SystemCheck::state) and
//! [`Checked::is_good`] repeat what the findings say, so that nobody has to know which of them
//! weigh.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::schema::{FindingShape, Instant, SystemIdShape};
use crate::model::{ActionId, Finding, Severity, SystemId, Utc};

/// The name of this shape.
pub const SCHEMA: &str = "oust.check/v1";

/// What would stop us tonight.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Checked {
    /// `oust.check/v1`
    pub schema: &'static str,
    /// `oust/<version>`
    pub tool: String,
    /// When it began, by this machine's clock.
    #[schemars(with = "Instant")]
    pub checked_at: Utc,
    /// The directory's own facts; null if it could not be read.
    pub org: Option<OrgChecked>,
    /// The playbooks whose needs were checked, by name.
    pub playbooks: Vec<String>,
    /// Systems that `--only` and `--skip` left out.
    #[schemars(with = "Vec<SystemIdShape>")]
    pub left_out: Vec<SystemId>,
    /// One entry a system, the directory first.
    pub systems: Vec<SystemCheck>,
    /// What belongs to no one system, the worst first.
    #[schemars(with = "Vec<FindingShape>")]
    pub findings: Vec<Finding>,
    /// How many accounts can sign in, as configured and as counted.
    pub active_users: ActiveUsers,
    /// At how many systems nothing of severity `high` was found.
    pub ready: usize,
    /// Whether nothing of severity `high` was found anywhere; the command then exits 0.
    pub good: bool,
}

/// The directory's own facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrgChecked {
    /// Its immutable id.
    pub id: String,
    /// Its host, for people.
    pub host: String,
}

/// What was found at one system.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SystemCheck {
    /// `okta`, `github:eng`, `aws:111122223333`.
    #[schemars(with = "SystemIdShape")]
    pub id: SystemId,
    /// Its vendor.
    pub vendor: String,
    /// What it would be good for tonight.
    pub state: State,
    /// Whether it answered any read. One that answers no question (`gtr`) never does.
    pub answered: bool,
    /// Actions that the playbooks want of it.
    #[schemars(with = "Vec<String>")]
    pub wanted: Vec<ActionId>,
    /// What its clock is ahead of ours, in milliseconds, by the `Date` of its last answer; null if
    /// it told none. A `Date` has whole seconds.
    pub clock_ahead_ms: Option<i64>,
    /// How long looking took, in milliseconds.
    pub ms: u64,
    /// What was found, the worst first.
    #[schemars(with = "Vec<FindingShape>")]
    pub findings: Vec<Finding>,
}

/// What a system would be good for tonight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing of severity `high` was found.
    Ready,
    /// Something of severity `high` was found: some or all of it would fail.
    Hindered,
    /// It did not answer in time, or could not be opened.
    Silent,
}

/// How many accounts can sign in: the guard `cap_percent` counts by the configured number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActiveUsers {
    /// `guards.active_users` of the config; null if it is not there.
    pub configured: Option<u64>,
    /// As counted at the directory; null if it could not be read.
    pub counted: Option<u64>,
    /// Whether it was counted to the end: if not, there are more than `counted`.
    pub complete: bool,
}

impl Checked {
    /// The system of this id.
    #[must_use]
    pub fn system(&self, id: &str) -> Option<&SystemCheck> {
        self.systems.iter().find(|system| system.id.as_str() == id)
    }

    /// Everything found, with the system it was found at.
    pub fn all(&self) -> impl Iterator<Item = (Option<&SystemId>, &Finding)> {
        let org_wide = self.findings.iter().map(|finding| (None, finding));
        let of_systems = self.systems.iter().flat_map(|system| {
            let findings = system.findings.iter();
            findings.map(|finding| (Some(&system.id), finding))
        });
        org_wide.chain(of_systems)
    }

    /// Whether nothing of severity `high` was found.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.all()
            .all(|(_, finding)| finding.severity != Severity::High)
    }
}

/// The JSON Schema (2020-12) of `oust.check/v1`; `docs/check.schema.json` is its print.
#[must_use]
pub fn check_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Checked);
    schema.insert("title".into(), SCHEMA.into());
    schema.to_value()
}
