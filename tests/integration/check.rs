//! `oust check`, from the engine to the screen: a healthy range is ready, each mischief gives its own
//! finding with the scope or id in it and hides no other, one dead system holds up nobody, and nothing
//! is ever written or told that is a secret.
//!
//! What is true is arranged at the mocks; what they were asked is read from their journal.

mod bench;
mod command;
mod grants;
mod healthy;
mod mischief;
mod org;
