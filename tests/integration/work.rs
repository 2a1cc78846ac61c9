//! The worker against the mock in this process: from an alert to what becomes of it.
//!
//! Every story asserts what the mock's journal shows: writes were sent, or none.

mod approved;
mod guarded;
mod killed;
mod memory;
mod polled;
mod rules;
mod soc;
mod told;
mod watched;
