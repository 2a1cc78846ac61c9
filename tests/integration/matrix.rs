//! The fault matrix: every request of the product's against everything that can happen to it,
//! once and for good.
//!
//! One cell is one whole incident in virtual time, from plan to verdict. The rules that hold in
//! every cell stand in [`oracle`]; the exceptions stand beside the requests, with their reasons.

mod cell;
pub(crate) mod faults;
mod oracle;
mod reads;
mod services;
mod writes;
