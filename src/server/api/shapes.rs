//! What the API says and takes, field by field: a contract of its own, so that what is stored may
//! change.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::{Audited, Decision, Frozen, Proposal, ProposalState};
use crate::inbox::{Entry, Standing};
use crate::ledger::RunRow;
use crate::model::{Alert, Part, Utc, Weight};

/// A moment: RFC 3339, UTC, milliseconds.
struct Moment;

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Any object, in a form of its own.
struct Object;

impl JsonSchema for Object {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// Runs, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Runs {
    pub(super) runs: Vec<Run>,
    /// What to pass as `before` for the next page; null at the end.
    pub(super) next: Option<String>,
}

/// A run in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Run {
    /// Its id.
    pub(super) run: String,
    /// When it began.
    #[schemars(with = "Moment")]
    opened_at: Utc,
    /// When it closed; null while it is unfinished.
    #[schemars(with = "Option<Moment>")]
    closed_at: Option<Utc>,
    /// Its verdict's word, once closed.
    verdict: Option<String>,
    /// Logins.
    subjects: Vec<String>,
    /// The playbook's name.
    playbook: String,
    /// Whether a write may have left.
    wrote: bool,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            run: row.id.to_string(),
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            verdict: row.verdict,
            subjects: row.subjects,
            playbook: row.playbook,
            wrote: row.wrote,
        }
    }
}

/// What was recorded of a run, in order.
#[derive(Serialize, JsonSchema)]
pub(super) struct Events {
    /// Each with its number, time, event and hash.
    #[schemars(with = "Vec<Object>")]
    pub(super) events: Vec<Value>,
    /// What to pass as `after` for the next page; null at the end.
    pub(super) next: Option<u64>,
}

/// Proposals, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Proposals {
    pub(super) proposals: Vec<Proposed>,
}

/// A plan that waits, or waited, for somebody.
#[derive(Serialize, JsonSchema)]
pub(super) struct Proposed {
    /// The run that it would be.
    run: String,
    /// The plan's digest: an approval is bound to it.
    digest: String,
    /// The stored plan's phrase.
    phrase: String,
    /// Whose accounts.
    subjects: Vec<String>,
    /// Their immutable ids.
    subject_ids: Vec<String>,
    /// What it is about.
    title: String,
    /// Why it was not carried out by itself.
    why: String,
    /// Who or what asks.
    requester: String,
    /// The alerts that led to it.
    alerts: Vec<String>,
    #[schemars(with = "Moment")]
    made_at: Utc,
    #[schemars(with = "Moment")]
    expires_at: Utc,
    /// Where it stands.
    state: StateWord,
    /// How many people have to approve.
    approvals: usize,
    /// What people decided, oldest first.
    decisions: Vec<Decided>,
}

impl Proposed {
    pub(super) fn of(proposal: Proposal, approvals: usize) -> Self {
        Self {
            run: proposal.run.to_string(),
            digest: proposal.digest,
            phrase: proposal.phrase,
            subjects: proposal.subjects,
            subject_ids: proposal.subject_ids,
            title: proposal.title,
            why: proposal.why,
            requester: proposal.requester,
            alerts: proposal.alerts,
            made_at: proposal.made_at,
            expires_at: proposal.expires_at,
            state: proposal.state.into(),
            approvals,
            decisions: proposal.decisions.into_iter().map(Decided::from).collect(),
        }
    }
}

/// Where a proposal stands.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum StateWord {
    Waiting,
    Approved,
    Begun,
    Denied,
    Expired,
    Overtaken,
}

impl From<ProposalState> for StateWord {
    fn from(state: ProposalState) -> Self {
        match state {
            ProposalState::Waiting => Self::Waiting,
            ProposalState::Approved => Self::Approved,
            ProposalState::Begun => Self::Begun,
            ProposalState::Denied => Self::Denied,
            ProposalState::Expired => Self::Expired,
            ProposalState::Overtaken => Self::Overtaken,
        }
    }
}

/// What somebody decided.
#[derive(Serialize, JsonSchema)]
pub(super) struct Decided {
    by: String,
    approve: bool,
    digest: String,
    #[schemars(with = "Moment")]
    at: Utc,
    /// `console`, `api` or `key`.
    how: String,
    reason: String,
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        Self {
            by: decision.by,
            approve: decision.approve,
            digest: decision.digest,
            at: decision.at,
            how: decision.how,
            reason: decision.reason,
        }
    }
}

/// A proposal with its plan.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProposedPlan {
    pub(super) proposal: Proposed,
    /// The stored plan; null if it was purged.
    #[schemars(with = "Option<Object>")]
    pub(super) plan: Option<Value>,
    /// What keeps whoever asks from approving; null if nothing does.
    pub(super) hindrance: Option<String>,
}

/// What somebody decides.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deciding {
    /// The digest of the plan that he read.
    #[schemars(length(max = 200))]
    pub(super) digest: String,
    /// Why, in his words.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(super) reason: String,
}

/// Why somebody freezes or thaws.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// In his words.
    #[schemars(length(min = 1, max = 500))]
    pub(super) reason: String,
}

/// Whether automatic runs are frozen.
#[derive(Serialize, JsonSchema)]
pub(super) struct Freeze {
    /// Null: they are not.
    pub(super) frozen: Option<FrozenBy>,
}

/// Who froze them, and why.
#[derive(Serialize, JsonSchema)]
pub(super) struct FrozenBy {
    by: String,
    reason: String,
    #[schemars(with = "Moment")]
    at: Utc,
}

impl From<Frozen> for FrozenBy {
    fn from(frozen: Frozen) -> Self {
        Self {
            by: frozen.by,
            reason: frozen.reason,
            at: frozen.at,
        }
    }
}

/// Alerts, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Alerts {
    pub(super) alerts: Vec<Alerted>,
    /// What to pass as `before` for the next page; null at the end.
    pub(super) next: Option<String>,
}

/// An alert and what became of it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Alerted {
    /// Its id.
    pub(super) id: String,
    #[schemars(with = "Moment")]
    at: Utc,
    /// From which address; null if we found it ourselves.
    from: Option<String>,
    source: String,
    rule_id: String,
    rule_name: String,
    severity: String,
    #[schemars(with = "Option<Moment>")]
    event_time: Option<Utc>,
    subjects: Vec<Hint>,
    /// Why nobody is named, if so.
    needs_lookup: Option<String>,
    events: Vec<String>,
    sessions: Vec<String>,
    ips: Vec<String>,
    asns: Vec<String>,
    token_ids: Vec<String>,
    informational: bool,
    /// Where it stands.
    standing: StandingWord,
    attempts: u32,
    /// How often the same came again.
    repeats: u64,
    /// What became of it: null until it is settled.
    fate: Option<Became>,
    /// The body as it came; only where one alert is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl Alerted {
    pub(super) fn of(entry: Entry, with_body: bool) -> Self {
        let Alert { source, rule, .. } = entry.alert;
        let alert = Alert {
            source: String::new(),
            rule: Default::default(),
            ..entry.alert
        };
        Self {
            id: entry.id,
            at: entry.at,
            from: entry.from.map(|from| from.to_string()),
            source,
            rule_id: rule.id,
            rule_name: rule.name,
            severity: alert.severity,
            event_time: alert.event_time,
            subjects: alert
                .subjects
                .into_iter()
                .map(|who| Hint {
                    okta_id: who.okta_id.map(|id| id.to_string()),
                    login: who.login,
                    part: match who.part {
                        Part::Actor => "actor",
                        Part::Target => "target",
                        Part::Unknown => "unknown",
                    }
                    .into(),
                })
                .collect(),
            needs_lookup: alert.needs_lookup,
            events: alert.events,
            sessions: alert.sessions,
            ips: alert.ips,
            asns: alert.asns,
            token_ids: alert.token_ids,
            informational: alert.weight == Weight::Informational,
            standing: entry.standing.into(),
            attempts: entry.attempts,
            repeats: entry.repeats,
            fate: entry.fate.map(|fate| Became {
                word: fate.word().into(),
                sentence: fate.sentence(),
                run: fate.run().map(ToString::to_string),
                at: entry.settled_at,
            }),
            raw: with_body.then_some(entry.raw),
        }
    }
}

/// Whom an alert names.
#[derive(Serialize, JsonSchema)]
pub(super) struct Hint {
    okta_id: Option<String>,
    login: Option<String>,
    /// `actor`, `target` or `unknown`.
    part: String,
}

/// What became of an alert.
#[derive(Serialize, JsonSchema)]
pub(super) struct Became {
    /// In a word: `proposed`.
    word: String,
    /// In a sentence.
    sentence: String,
    /// The run that it led to.
    run: Option<String>,
    #[schemars(with = "Option<Moment>")]
    at: Option<Utc>,
}

/// Where an alert stands.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum StandingWord {
    Waiting,
    Taken,
    Settled,
}

impl From<Standing> for StandingWord {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Taken => Self::Taken,
            Standing::Settled => Self::Settled,
        }
    }
}

/// Rehearsals, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Rehearsals {
    /// Each an `oust.rehearsal/v1`.
    #[schemars(with = "Vec<Object>")]
    pub(super) rehearsals: Vec<Value>,
}

/// What was done, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct AuditTrail {
    pub(super) entries: Vec<Did>,
}

/// Somebody did something.
#[derive(Serialize, JsonSchema)]
pub(super) struct Did {
    #[schemars(with = "Moment")]
    at: Utc,
    by: String,
    what: String,
}

impl From<Audited> for Did {
    fn from(entry: Audited) -> Self {
        Self {
            at: entry.at,
            by: entry.by,
            what: entry.what,
        }
    }
}
