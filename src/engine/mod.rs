//! The engine: plans a case, carries out a consented plan, proves it.
//!
//! Knows no vendor, prints nothing, decides nothing that a person should. One [`Run`] holds
//! what its parts share; the parts are the planner (reads), the executor (writes, in order),
//! the prover (reads, beside and after) and the sweep (looks for signs of life).

mod again;
mod background;
mod bell;
mod check;
mod crowd;
mod executor;
mod inquire;
mod instances;
mod investigate;
mod late;
mod log;
mod look;
mod mass_order;
mod narrow;
mod pair;
mod pause;
mod planner;
mod projection;
mod prover;
mod recorder;
mod rehearse;
mod release;
mod rows;
mod run;
mod scout;
mod settled;
mod services;
mod snapshot;
mod step;
mod subjects;
mod sweep;
mod tenants;
mod unreached;
pub mod watch;

pub use again::prove_again;
pub use check::{
    ActiveUsers, CHECK_SCHEMA, CheckAsk, Checked, OrgChecked, State, SystemCheck, check,
    check_schema, wanted,
};
pub use investigate::{
    InvestigateAsk, InvestigateError, Investigator, Only, investigate, looks_back,
};
pub use log::{LogRead, settle_log, stream_log, stream_log_beside};
pub use look::{LookAsk, Looked, NAMED_MAX, Seen, look_into};
pub use mass_order::{MassOrder, Shown};
pub use pause::heed;
pub use planner::{PlanError, PlanRequest, Prepared, plan};
pub use projection::{BucketLoad, Projection, Reached, SystemLoad, Tightest, project};
pub use recorder::{Observer, Silent};
pub use rehearse::{RehearseAsk, Rehearsed, canary, rehearse};
pub use release::{ReleaseError, ReleaseRequest, Younger, is_refused, plan_release};
pub use run::{Ended, Run, RunError, Start, Tools};
pub use snapshot::Snapshot;
