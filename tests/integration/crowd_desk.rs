//! A desk for many: everybody of a crowd at one service, asked about and worked on side by side.

use futures_util::future::join_all;
use oust::connector::{Identified, Planned, Step};
use oust::model::{
    ActionId, Applied, Change, Identity, Key, KeyKind, Lookup, OutcomeKind, Proof, ProofState,
    Select, StepKey, SystemId, Tri, UserId,
};
use serde_json::json;

use crate::samples;
use crate::service::ServiceDesk;

/// The login of one of `World::crowd`.
pub(crate) fn login(n: usize) -> String {
    format!("crowd-{n:05}@contoso.example")
}

impl ServiceDesk {
    /// The first `n` of the crowd, as the service knows them.
    pub(crate) async fn who_of(&self, n: usize) -> Vec<Identified> {
        let lookup = |n: usize| Lookup {
            subject: UserId::new(format!("00u{n}")),
            keys: vec![Key {
                kind: KeyKind::Login,
                value: login(n),
                doubt: None,
            }],
            has_app: Tri::Yes,
        };
        let lookups: Vec<Lookup> = (1..=n).map(lookup).collect();
        let connector = &self.system.connector;
        let found = connector.identify(&self.reader, &lookups).await;
        let who = found.into_iter().enumerate().map(|(place, identity)| {
            let Identity::Found { id } = identity else {
                panic!("{identity:?}");
            };
            let subject = samples::subject(&format!("00u{}", place + 1), &login(place + 1));
            Identified { subject, id }
        });
        who.collect()
    }

    /// `verb` planned for each of them.
    pub(crate) async fn planned_for(&self, verb: &str, who: &[Identified]) -> Vec<Planned> {
        let vendor = self.system.connector.vendor().id;
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new(vendor, verb),
            system: SystemId::new(vendor),
            settings: json!({}).into(),
            select: Select::All,
            again: false,
        };
        let connector = &self.system.connector;
        connector.plan(&self.reader, &step, who, &self.case).await
    }

    /// The changes of all, subject by subject.
    pub(crate) async fn changes_for(&self, verb: &str, who: &[Identified]) -> Vec<Vec<Change>> {
        let planned = self.planned_for(verb, who).await;
        assert_eq!(planned.len(), who.len());
        planned.into_iter().map(|each| each.changes).collect()
    }

    /// Each subject's changes are sent by himself, as the engine sends them.
    pub(crate) async fn applied_side_by_side(&self, changes: &[Vec<Change>]) -> Vec<Applied> {
        let each = changes.iter().map(|own| self.applied_together(own));
        join_all(each).await.into_iter().flatten().collect()
    }

    /// All of them read back at once, as the prover does.
    pub(crate) async fn proofs(&self, done: &[Applied]) -> Vec<Proof> {
        let proofs = self.system.connector.prove(&self.reader, done).await;
        assert_eq!(proofs.len(), done.len());
        proofs
    }

    pub(crate) async fn proven(&self, done: &[Applied]) -> usize {
        let proofs = self.proofs(done).await;
        let proven = proofs.iter();
        proven
            .filter(|each| each.state == ProofState::Proven)
            .count()
    }

    /// Requests so far to paths of the service that contain this.
    pub(crate) fn requests(&self, part: &str) -> usize {
        let range = self.org.range();
        let all = range.journal.entries().iter();
        let here = all.filter(|each| each.system == self.system.id.vendor());
        here.filter(|each| each.path.contains(part)).count()
    }
}

pub(crate) fn is_done(done: &Applied) -> bool {
    done.outcome.kind == OutcomeKind::Done
}

pub(crate) fn is_in_doubt(done: &Applied) -> bool {
    matches!(done.outcome.kind, OutcomeKind::InDoubt { .. })
}
