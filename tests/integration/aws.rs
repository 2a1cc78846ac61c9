//! AWS, account by account, against the mock: who is denied what, what proves it, what gives it
//! back, and whom it must not touch.

mod chains;
mod crowd;
mod deny;
pub(crate) mod desk;
mod identity;
mod refusals;
mod release;
