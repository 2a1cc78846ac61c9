//! The ledger: an append-only, hash-chained record of every run.
//!
//! An intent is durable before its write leaves, its answer before the next one. Everything
//! that is said about a run later (report, resume, release) is folded from its events
//! ([`RunState`]); nothing is remembered anywhere else. The store is a port ([`Store`]):
//! SQLite for people, memory for simulation.

mod archive;
mod before_state;
pub mod chain;
mod draft;
mod emergency;
mod event;
mod fence;
mod judge;
mod memory;
mod sqlite;
mod state;
mod stderr;
mod store;

pub use archive::{Archive, Exported, Pause, Purged};
pub use before_state::before_state;
pub use emergency::{Emergency, open_or_emergency};
pub use event::{Event, FirstReading, Happened, Mode};
pub use judge::{
    Actions, Judge, LifeSign, Planted, StepOf, SubjectVerdict, last_clear, run_verdict,
};
pub use memory::{Disk, Fate, Hook, MemoryStore, Moment, Point};
pub use sqlite::SqliteStore;
pub use state::{ChangeState, RunState};
pub use stderr::LineStore;
pub use store::{Head, Record, RunRow, Store, StoreError};
