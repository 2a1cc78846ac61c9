//! Plain values of an incident: who, when, what was intended, answered and read back.
//!
//! No input, no output, no vendor, no clock. Every value here can be printed, stored and
//! compared; what the rest of the program hands from stage to stage is made of them.

mod action;
mod alert;
mod case;
mod change;
mod fact;
mod grant;
mod identity;
mod ids;
mod intruder;
mod left_alone;
mod outcome;
mod plan;
mod sharing;
mod technique;
mod time;
mod verdict;
mod words;

pub use action::{Action, Ends, Evicts, Left, Provable, Setting, Undo, Vendor, nearest};
pub use alert::{Alert, AlertRule, Fate, Hinted, Part, Weight};
pub use case::{
    Began, Case, LIVE_REHEARSAL, Role, Source, Subject, Tri, Window, WindowHow, name_key,
};
pub use change::{Change, Found, Kept, NewPassword, Select, Target};
pub use fact::{Fact, FactName};
pub use grant::{Access, Grant, GrantPolicy, each_once};
pub use identity::{
    AppAccount, Chosen, History, Identities, Identity, Key, KeyKind, Logout, Lookup, Renamed,
    keys_of,
};
pub use ids::{ActionId, ChangeId, RunId, SystemId, UserId};
pub use intruder::{Address, Confirmation, Intruder, Plant, Sign, Trace, Witness};
pub use left_alone::{LeftAlone, LeftWhy};
pub use outcome::{Applied, Finding, Outcome, OutcomeKind, Proof, ProofState, Receipt, Severity};
pub(crate) use plan::hex;
pub use plan::{
    GuardAnswer, GuardName, GuardReply, Lift, MASTERED_ELSEWHERE, NOT_FOR_ROLE, NOT_YET, Owner,
    Plan, PlannedFor, PlannedStage, PlannedStep, PlannedSystem, PlaybookRef, RELEASE, Scope, Skip,
    StageOrder, StepKey, Tie, Unreached,
};
pub use sharing::shared;
pub use technique::{is_attack_id, is_d3fend_id, technique_link, technique_name, technique_spoken};
pub use time::Utc;
pub use verdict::{Item, ItemState, Judged, Judgement, Sent, Verdict, judge, judge_release};
pub use words::{count, count_and};
