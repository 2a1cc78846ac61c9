//! What can happen in a run. Pure values; their order is their meaning.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::Approval;
use crate::consent::ConsentKind;
use crate::model::{
    Change, ChangeId, Finding, Identity, Kept, Outcome, Plan, Proof, Skip, StepKey, SystemId,
    UserId, Utc, Verdict,
};
use crate::transport::MeterReading;

/// What a plan says of a step's targets beside its changes, read only after the plan was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstReading {
    /// At most this many changes without asking again.
    pub ceiling: u32,
    /// What the selector leaves alone.
    pub kept: Vec<Kept>,
    /// What a person should read beside it.
    pub notes: Vec<String>,
}

/// What a run sets out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Throw the intruder out.
    Contain,
    /// Give the account back.
    Release,
}

/// An event and its time: when it happened, which may be before it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// When.
    pub at: Utc,
    /// What.
    pub event: Event,
}

impl Happened {
    /// Events of one moment.
    #[must_use]
    pub fn at_once(at: Utc, events: Vec<Event>) -> Vec<Self> {
        let one = |event| Self { at, event };
        events.into_iter().map(one).collect()
    }
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The run began, with this plan.
    Opened {
        /// `oust/<version>`
        tool: String,
        /// What for.
        mode: Mode,
        /// Who asked.
        requester: String,
        /// The whole plan.
        plan: Arc<Plan>,
    },
    /// Somebody agreed to the plan.
    Consented {
        /// The plan's digest.
        digest: String,
        /// How.
        kind: ConsentKind,
        /// Who.
        by: String,
        /// Whose approvals it is made of, with the signed texts: others can check them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<Approval>,
    },
    /// A part of the before-state, as the vendor answered it; after the first write if `late`.
    Captured {
        /// Whose.
        subject: UserId,
        /// Which part.
        part: String,
        /// What was there.
        value: Value,
        /// It came after the first write.
        late: bool,
    },
    /// A part of the before-state had not answered when the first write left.
    NotCaptured {
        /// Whose.
        subject: UserId,
        /// Which part.
        part: String,
        /// What kept it.
        why: String,
    },
    /// A system that had not answered when the plan was made told who the subject is there.
    Identified {
        /// Which system.
        system: SystemId,
        /// Whose.
        subject: UserId,
        /// Who he is there.
        identity: Identity,
    },
    /// A re-read found another target of the same selector.
    FoundLater {
        /// What will be done to it.
        change: Box<Change>,
    },
    /// A write is about to leave.
    Intended {
        /// Which change.
        change: ChangeId,
        /// The how-manieth time, from 1.
        attempt: u32,
    },
    /// It was answered, or given up waiting for.
    Answered {
        /// Which change.
        change: ChangeId,
        /// Which attempt.
        attempt: u32,
        /// How.
        outcome: Outcome,
        /// After how long, in milliseconds.
        ms: u64,
    },
    /// A step does nothing for a subject.
    Skipped {
        /// Which step.
        step: StepKey,
        /// For whom.
        subject: UserId,
        /// Why.
        skip: Skip,
    },
    /// A step's targets were read again, all of them.
    Reread {
        /// Which step.
        step: StepKey,
        /// For whom.
        subject: UserId,
        /// What the plan would have said, where it could not read them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<Box<FirstReading>>,
    },
    /// A read showed something about a change.
    Proved {
        /// Which.
        change: ChangeId,
        /// What.
        proof: Proof,
    },
    /// The log shows that the subject still acted; the eviction is swept again.
    SignOfLife {
        /// Whose.
        subject: UserId,
        /// When.
        seen_at: Utc,
        /// What he did.
        what: String,
        /// The event's id at the vendor.
        event_id: String,
    },
    /// The log was read up to this event time.
    LogRead {
        /// By the vendor's clock.
        until: Utc,
    },
    /// Something a person should know.
    Noted {
        /// What.
        finding: Finding,
    },
    /// Everything that this command will write is written.
    WritesEnded,
    /// The run is over.
    Closed {
        /// The word.
        verdict: Verdict,
        /// Requests by system.
        requests: BTreeMap<SystemId, MeterReading>,
    },
    /// What later reads made of the verdict of a run that is over.
    Judged {
        /// The word.
        verdict: Verdict,
    },
    /// Somebody goes on with it.
    Reopened {
        /// Who.
        by: String,
        /// `oust/<version>`
        tool: String,
    },
}
