//! The System Log as evidence: events as they are, wherever they come from.
//!
//! [`event`] asks an event for what it may hold (every member may be missing), [`saved`] reads
//! events that somebody kept in a file, [`pivot`] counts them by what holds them together. An
//! event is kept as the JSON that it was; nothing is taken out of it or made up. What is read is
//! attacker input as much as any name in it.
//!
//! Does not ask the vendor (`Directory::log_page` does), and draws no conclusions.

pub mod detect;
pub mod event;
pub mod pivot;
pub mod recent;
pub mod saved;

pub use detect::{Detections, Hit, Watch};
pub use event::{By, Event};
pub use pivot::{Group, Pivot};
pub use recent::Recent;
pub use saved::{Line, Saved, SavedError};
