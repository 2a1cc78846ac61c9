//! What every connector must do, asked of each in the register the same way. No mock, no pass.
//!
//! [`verbs`] asks every declared action at the connector; [`scopes`] runs whole playbooks with
//! the rights that are declared and no others; [`same`] compares a plan with what its run sends;
//! [`crowd`] runs thirty subjects at once.

mod crowd;
pub(crate) mod okta;
mod same;
mod scopes;
mod verbs;
