//! The System Log as evidence: events as they are, wherever they come from, and what they show.
//!
//! [`event`] asks an event for what it may hold (every member may be missing), [`saved`] reads
//! events that somebody kept in a file, [`filter`] tells which are asked for, [`pivot`] counts them
//! by what holds them together, [`kept`] is a file of them that is gone on with. [`inquiry`] tells
//! whose event is whose, [`forensics`] what happened and what is left of it ([`holdings`]), and
//! [`investigation`] is what it all comes to. An event is kept as the JSON
//! that it was; nothing is taken out of it or made up. What is read is attacker input as much as
//! any name in it.
//!
//! Does not ask the vendor: `Directory::log_page` does.

pub mod detect;
pub mod event;
pub mod filter;
pub mod forensics;
pub mod holdings;
pub mod inquiry;
pub mod investigation;
pub mod kept;
pub mod pivot;
pub mod recent;
pub mod saved;
pub(crate) mod schema;
mod spelling;

pub use detect::{Detections, Hit, Watch};
pub use event::{By, Event};
pub use filter::{Filter, FilterError};
pub use kept::{Kept, KeptError};
pub use pivot::{Group, Pivot};
pub use recent::Recent;
pub use saved::{Line, Saved, SavedError};
