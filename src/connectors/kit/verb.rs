//! What each verb of a service is made of.
//!
//! Plan, apply, prove and inverse stand side by side, one file a verb.

use async_trait::async_trait;

use super::glance::Glance;
use crate::connector::{CannotUndo, Identified, Planned, Step};
use crate::model::{Applied, Case, Change, Outcome, ProofState};
use crate::transport::Writer;

/// What a proof's read showed: the state, and by what.
pub(in crate::connectors) type Seen = (ProofState, String);

/// One verb of the service `S`.
#[async_trait]
pub(in crate::connectors) trait Verb<S: Sync + 'static>: Sync {
    /// What it would change for one subject.
    async fn plan(&self, p: &Planning<'_, S>, who: &Identified) -> Planned;

    /// Makes one change.
    async fn apply(&self, service: &S, w: &Writer<'_>, change: &Change) -> Outcome;

    /// Reads back one change. Reads go through `glance`, so that changes share them.
    async fn prove(&self, service: &S, glance: &Glance, done: &Applied) -> Seen;

    /// The changes that undo one change.
    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo>;
}

/// What planning one step needs.
pub(in crate::connectors) struct Planning<'a, S> {
    /// The service.
    pub(in crate::connectors) service: &'a S,
    /// Shared reads.
    pub(in crate::connectors) glance: &'a Glance,
    /// The step.
    pub(in crate::connectors) step: &'a Step,
    /// The case.
    pub(in crate::connectors) case: &'a Case,
}
