//! An alert: what somebody else's rule says it saw, as a hint and never as a fact.
//!
//! Made from a body by `alerts`, kept by `inbox`, looked into by the server. Everything in it came
//! from outside: an id names where to look, a login is looked up, and neither is believed before our
//! own read of the directory's log says the same (`evidence::inquiry`).

use serde::{Deserialize, Serialize};

use super::{Confirmation, RunId, UserId, Utc, Verdict};

/// What an adapter makes of one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The configured source that it came by: `soc-elastic`.
    pub source: String,
    /// The rule that fired, in the sender's words. Rules are known by (source's kind, id): two
    /// vendors use one id.
    pub rule: AlertRule,
    /// The sender's word for how bad it is, in lower case; empty if untold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// When what it is about happened, by the sender; never when it was sent, if that can be told.
    pub event_time: Option<Utc>,
    /// Two alerts of one source with the same key are one.
    pub dedupe_key: String,
    /// Who it names. Empty: nobody that can be told without guessing.
    pub subjects: Vec<Hinted>,
    /// Why nobody is named, if so: what a person has to look up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_lookup: Option<String>,
    /// Ids of the directory's events that it names (`uuid`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Sessions that it names (`externalSessionId`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// Addresses that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// Networks that it names: `AS64505`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asns: Vec<String>,
    /// API tokens that it names (`00T…`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_ids: Vec<String>,
    /// Who did it where that is no person, by the directory's id: an app with a token of its own, which
    /// may be ourselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// How the programs that did it call themselves. Anybody can call himself `oust/…`: by this alone
    /// nothing is ever taken for our own work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The time that it speaks of, if it speaks of one: from, and until if that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Utc, Option<Utc>)>,
    /// How much it is by itself.
    #[serde(default)]
    pub weight: Weight,
    /// Where the sender shows it; attacker input, shown and never followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A sender's rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRule {
    /// Its immutable id, as the sender has it; empty if it has none.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Somebody that an alert names: at least one of the two is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hinted {
    /// His immutable id at the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta_id: Option<UserId>,
    /// His exact login; never a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The part he plays in the event.
    pub part: Part,
}

/// The part somebody plays in an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// He did it.
    Actor,
    /// It was done to him.
    Target,
    /// The alert does not say.
    #[default]
    Unknown,
}

/// How much an alert is by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It says that something is wrong.
    #[default]
    Trigger,
    /// It says that something happened that happens every day, such as a session's end.
    Informational,
}

/// What became of an alert. Each says so to people in a sentence ([`Fate::sentence`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// It is about our own work, or about nothing.
    Dropped {
        /// Why.
        why: String,
    },
    /// It names nobody, or nobody that the directory knows: a person has to look.
    NeedsLookup {
        /// What is missing.
        why: String,
    },
    /// It is kept, and by itself no reason to do anything; or its rule says `observe`.
    Observed {
        /// Why, and what the log said.
        why: String,
        /// What the log said, if it was asked.
        answer: Option<Confirmation>,
    },
    /// The log was read, and does not say the same.
    NotConfirmed {
        /// What was read.
        why: String,
    },
    /// A plan waits for somebody to approve it.
    Proposed {
        /// The run that it would be.
        run: RunId,
        /// Why it was not carried out by itself.
        why: String,
    },
    /// The subject is being contained already, or has been for this window.
    Joined {
        /// By which run.
        run: RunId,
    },
    /// It was contained by itself.
    Contained {
        /// By which run.
        run: RunId,
        /// How that ended.
        verdict: Verdict,
    },
    /// A guard refused it.
    Refused {
        /// Which, and why.
        why: String,
        /// What a person can do.
        next: String,
    },
    /// It could not be looked into.
    Failed {
        /// What kept us from it.
        why: String,
    },
}

impl Fate {
    /// Its word, for lists and filters.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dropped { .. } => "dropped",
            Self::NeedsLookup { .. } => "needs lookup",
            Self::Observed { .. } => "observed",
            Self::NotConfirmed { .. } => "not confirmed",
            Self::Proposed { .. } => "proposed",
            Self::Joined { .. } => "joined",
            Self::Contained { .. } => "contained by itself",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
        }
    }

    /// The run that it led to.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Proposed { run, .. } | Self::Joined { run } | Self::Contained { run, .. } => {
                Some(run)
            }
            _ => None,
        }
    }

    /// What became of it, in a sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Dropped { why } => format!("dropped: {why}"),
            Self::NeedsLookup { why } => format!("a person has to look: {why}"),
            Self::Observed { why, .. } => format!("observed: {why}"),
            Self::NotConfirmed { why } => format!("not confirmed: {why}"),
            Self::Proposed { run, why } => format!("{run} waits for approval: {why}"),
            Self::Joined { run } => format!("{run} is about this account already"),
            Self::Contained { run, verdict } => format!("{run} ended {}", verdict.word()),
            Self::Refused { why, next } => format!("refused: {why}; {next}"),
            Self::Failed { why } => format!("could not be looked into: {why}"),
        }
    }
}
