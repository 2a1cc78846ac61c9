//! What each verb of a service is made of, and how a connector's calls go through its verbs.
//!
//! Plan, apply, prove and inverse stand side by side, one file a verb.

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;

use super::glance::Glance;
use super::voice::Voice;
use crate::connector::{CannotUndo, Identified, Planned, Step};
use crate::model::{
    ActionId, Applied, Case, Change, Outcome, OutcomeKind, Proof, ProofState, Skip,
};
use crate::transport::{Reader, Writer};

/// Subjects and items asked about at the same time.
const AT_ONCE: usize = 16;

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

type Found<S> = Option<&'static dyn Verb<S>>;

/// Plans a step for everybody.
pub(in crate::connectors) async fn plan_all<S: Sync + 'static>(
    verb: Found<S>,
    planning: &Planning<'_, S>,
    who: &[Identified],
) -> Vec<Planned> {
    let Some(verb) = verb else {
        let why = format!("`{}` is no action of this version", planning.step.action);
        let none = Planned::skipped(Skip::Unsupported { why });
        return vec![none; who.len()];
    };
    let each: Vec<BoxFuture<'_, Planned>> =
        who.iter().map(|who| verb.plan(planning, who)).collect();
    stream::iter(each).buffered(AT_ONCE).collect().await
}

/// Makes changes one after the other.
pub(in crate::connectors) async fn apply_all<S: Sync + 'static>(
    verb_of: impl Fn(&ActionId) -> Found<S>,
    service: &S,
    w: &Writer<'_>,
    batch: &[Change],
) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for change in batch {
        outcomes.push(match verb_of(&change.action) {
            Some(verb) => verb.apply(service, w, change).await,
            None => Outcome::bare(OutcomeKind::Failed {
                why: format!("`{}` is no action of this version", change.action),
                hint: "this plan was made by another version: plan again".into(),
            }),
        });
    }
    outcomes
}

/// Reads changes back, side by side.
pub(in crate::connectors) async fn prove_all<S: Sync + 'static>(
    verb_of: impl Fn(&ActionId) -> Found<S>,
    service: &S,
    voice: &'static Voice,
    reader: &Reader,
    done: &[Applied],
) -> Vec<Proof> {
    let glance = Glance::new(reader, voice);
    let glance = &glance;
    let seen: Vec<BoxFuture<'_, Seen>> = done
        .iter()
        .map(|item| match verb_of(&item.change.action) {
            Some(verb) => verb.prove(service, glance, item),
            None => {
                let how = format!("`{}` is no action of this version", item.change.action);
                Box::pin(std::future::ready((ProofState::Unverifiable, how)))
            }
        })
        .collect();
    let seen: Vec<Seen> = stream::iter(seen).buffered(AT_ONCE).collect().await;
    let at = reader.clock().now();
    seen.into_iter()
        .map(|(state, how)| Proof {
            state,
            how,
            at,
            event_at: None,
        })
        .collect()
}

/// The changes that undo one change.
///
/// # Errors
/// [`CannotUndo`], as its verb says.
pub(in crate::connectors) fn inverse_of<S: Sync + 'static>(
    verb_of: impl Fn(&ActionId) -> Found<S>,
    done: &Applied,
) -> Result<Vec<Change>, CannotUndo> {
    match verb_of(&done.change.action) {
        Some(verb) => verb.inverse(done),
        None => Err(CannotUndo::Never("another version made this change".into())),
    }
}
