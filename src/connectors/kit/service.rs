//! A service that is built from the kit: what it says for itself, and how that keeps the contract.
//!
//! What [`Connector`] asks and what is the same for every such service stands here once. Plan, apply,
//! prove and inverse of an action are its verb's; a service adds who is who there, and whatever goes
//! together in one call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};

use super::glance::{Carrier, Glance};
use super::verb::{Planning, Seen, Verb};
use super::voice::Voice;
use crate::connector::{CannotUndo, Connector, Costs, Identified, Planned, Step, System};
use crate::connectors::{Opened, Opening};
use crate::identity::{Finder, settle};
use crate::model::{
    ActionId, Applied, Case, Change, Finding, Identity, Lookup, Outcome, OutcomeKind, Proof,
    ProofState, Skip, Vendor,
};
use crate::transport::{Client, Reader, Writer};

/// Subjects and items asked about at the same time.
const AT_ONCE: usize = 16;

/// One configured service.
#[async_trait]
pub(in crate::connectors) trait Service:
    Send + Sync + Sized + 'static
{
    /// What it declares.
    const VENDOR: &'static Vendor;

    /// How it talks.
    const VOICE: &'static Voice;

    /// How long a proof may stay pending.
    const PROVE_FOR: Duration;

    /// Subjects and items asked about at the same time.
    const AT_ONCE: usize = AT_ONCE;

    /// The verb of this name; one for each that is declared.
    fn verb(name: &str) -> Option<&'static dyn Verb<Self>>;

    /// Whether this instance of the service can do an action that it declares.
    fn carries(&self, _action: &ActionId) -> bool {
        true
    }

    /// What makes reads along with others', if anything does.
    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        None
    }

    /// Catalogue names of the directory's apps that lead to this instance.
    fn apps(&self) -> &'static [&'static str] {
        Self::VENDOR.apps
    }

    /// What would stop us tonight.
    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding>;

    /// Who the subjects are, in the same order.
    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity>;

    /// Ids that we ourselves act as.
    ///
    /// # Errors
    /// A sentence, if they could not be read.
    async fn own_ids(&self, _r: &Reader) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    /// The vendor's own id of this account; `None` if it does not tell.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String>;

    /// What a verb costs in requests; `None` is taken for one to read again, one to write and one
    /// to read back.
    fn costs(&self, _verb: &str) -> Option<Costs> {
        None
    }

    /// Groups changes that one call can carry.
    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        changes.into_iter().map(|change| vec![change]).collect()
    }

    /// Makes the changes of one batch.
    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        one_by_one(self, w, batch).await
    }
}

#[async_trait]
impl<S: Service> Connector for S {
    fn vendor(&self) -> &'static Vendor {
        S::VENDOR
    }

    fn carries(&self, action: &ActionId) -> bool {
        Service::carries(self, action)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        Service::preflight(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        Service::identify(self, r, who).await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        Service::own_ids(self, r).await
    }

    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String> {
        Service::tenant(self, r).await
    }

    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned> {
        let Some(verb) = S::verb(step.action.verb()) else {
            let why = format!("`{}` is no action of this version", step.action);
            let none = Planned::skipped(Skip::Unsupported { why });
            return vec![none; who.len()];
        };
        let glance = Glance::new(r, S::VOICE).carried(self.carrier());
        let planning = Planning {
            service: self,
            glance: &glance,
            step,
            case,
        };
        let each = who.iter().map(|who| verb.plan(&planning, who));
        side_by_side(each.collect(), S::AT_ONCE).await
    }

    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        Service::batch(self, changes)
    }

    fn costs(&self, action: &ActionId) -> Option<Costs> {
        Service::costs(self, action.verb())
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        Service::apply(self, w, batch).await
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        let glance = Glance::new(r, S::VOICE).carried(self.carrier());
        let each = done.iter().map(|item| seen(self, &glance, item));
        let seen = side_by_side(each.collect(), S::AT_ONCE).await;
        let at = r.clock().now();
        seen.into_iter()
            .map(|(state, how)| Proof {
                state,
                how,
                at,
                event_at: None,
            })
            .collect()
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        match S::verb(done.change.action.verb()) {
            Some(verb) => verb.inverse(done),
            None => Err(CannotUndo::Never("another version made this change".into())),
        }
    }

    fn prove_for(&self) -> Duration {
        S::PROVE_FOR
    }
}

/// A service and its client, as the register gives them out.
pub(in crate::connectors) fn opened<S: Service>(
    opening: &Opening,
    service: S,
    client: Arc<Client>,
) -> Opened {
    let apps = service.apps().iter();
    let apps = apps.map(|app| (*app).to_owned()).collect();
    Opened::Service(System {
        id: opening.id.clone(),
        connector: Arc::new(service),
        apps,
        client,
    })
}

/// Makes changes one after the other.
pub(in crate::connectors) async fn one_by_one<S: Service>(
    service: &S,
    w: &Writer<'_>,
    batch: &[Change],
) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for change in batch {
        outcomes.push(match S::verb(change.action.verb()) {
            Some(verb) => verb.apply(service, w, change).await,
            None => Outcome::bare(OutcomeKind::Failed {
                why: format!("`{}` is no action of this version", change.action),
                hint: "this plan was made by another version: plan again".into(),
            }),
        });
    }
    outcomes
}

/// Who the subjects are, by the keys that each is looked up by.
pub(in crate::connectors) async fn settle_all(
    finder: &dyn Finder,
    who: &[Lookup],
) -> Vec<Identity> {
    settle_many(finder, who, AT_ONCE).await
}

/// The same, so many at once.
pub(in crate::connectors) async fn settle_many(
    finder: &dyn Finder,
    who: &[Lookup],
    at_once: usize,
) -> Vec<Identity> {
    let each = who
        .iter()
        .map(|lookup| Box::pin(settle(finder, lookup)) as BoxFuture<'_, Identity>);
    side_by_side(each.collect(), at_once).await
}

fn seen<'a, S: Service>(
    service: &'a S,
    glance: &'a Glance,
    item: &'a Applied,
) -> BoxFuture<'a, Seen> {
    match S::verb(item.change.action.verb()) {
        Some(verb) => verb.prove(service, glance, item),
        None => {
            let how = format!("`{}` is no action of this version", item.change.action);
            Box::pin(std::future::ready((ProofState::Unverifiable, how)))
        }
    }
}

async fn side_by_side<T>(each: Vec<BoxFuture<'_, T>>, at_once: usize) -> Vec<T> {
    stream::iter(each).buffered(at_once).collect().await
}

/// Asserts that what a service declares can be done, and that nothing else can.
#[cfg(test)]
pub(in crate::connectors) fn declared_can_be_done<S: Service>() {
    for action in S::VENDOR.actions {
        assert!(S::verb(action.verb).is_some(), "{}", action.verb);
        assert!(!action.needs.is_empty(), "{}", action.verb);
    }
    assert!(S::verb("make_coffee").is_none());
}
