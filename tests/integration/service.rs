//! A responder's desk at one service behind Okta: connector, reader, and consent to what is tried.

use oust::connector::{Identified, Planned, Step, System};
use oust::consent::{Asked, Consent};
use oust::model::{
    ActionId, Applied, Case, Change, Identity, Key, KeyKind, Lookup, Outcome, Proof, ProofState,
    Select, Source, StepKey, Subject, SystemId, Tri, UserId, Utc, Window, WindowHow,
};
use oust::transport::{Reader, Writer};
use oust_mocks::{Fault, FaultKind, World};
use serde_json::{Value, json};

use crate::okta::desk::some_plan;
use crate::samples;
use crate::wire::{NOW, Org};

pub(crate) struct ServiceDesk {
    pub(crate) org: Org,
    pub(crate) system: System,
    pub(crate) reader: Reader,
    /// How many subjects the case has; the vendor may do many at once.
    pub(crate) case: Case,
    consent: Consent,
}

impl ServiceDesk {
    /// A world and its connector; `settings` gets the org for its secrets.
    pub(crate) fn of(world: World, vendor: &str, settings: impl FnOnce(&mut Org) -> Value) -> Self {
        let mut org = Org::new(world);
        let settings = settings(&mut org);
        Self::at(org, vendor, &settings)
    }

    /// The same in an org that is there already.
    pub(crate) fn at(org: Org, vendor: &str, settings: &Value) -> Self {
        let system = org.open_service(vendor, settings);
        let now: Utc = NOW.parse().unwrap();
        let case = Case {
            subjects: Vec::new(),
            window: Window {
                start: Utc::from_millis(now.millis() - 78 * 60_000),
                end: None,
                how: WindowHow::Given,
            },
            id: None,
            reason: None,
            source: Source::Person("test".into()),
            intruders: Vec::new(),
        };
        let consent =
            Consent::yes(&some_plan(&case, now), "test", Asked { shown_at: now, now }).unwrap();
        Self {
            reader: Reader::new(system.client.clone()),
            org,
            system,
            case,
            consent,
        }
    }

    /// Who a login is there.
    pub(crate) async fn who(&self, login: &str) -> Identity {
        self.who_by(&[(KeyKind::Login, login)]).await
    }

    /// Who answers to these trusted keys.
    pub(crate) async fn who_by(&self, keys: &[(KeyKind, &str)]) -> Identity {
        let keys = keys.iter().map(|(kind, value)| Key {
            kind: *kind,
            value: (*value).to_owned(),
            doubt: None,
        });
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys: keys.collect(),
            has_app: Tri::Yes,
        };
        let connector = &self.system.connector;
        let mut found = connector.identify(&self.reader, &[lookup]).await;
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    /// The vendor's id of a login.
    pub(crate) async fn id(&self, login: &str) -> String {
        match self.who(login).await {
            Identity::Found { id } => id,
            other => panic!("{login}: {other:?}"),
        }
    }

    pub(crate) async fn plan(&self, verb: &str, login: &str, select: Select) -> Planned {
        self.plan_with(verb, login, select, json!({})).await
    }

    pub(crate) async fn plan_with(
        &self,
        verb: &str,
        login: &str,
        select: Select,
        settings: Value,
    ) -> Planned {
        let vendor = self.system.connector.vendor().id;
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new(vendor, verb),
            system: SystemId::new(vendor),
            settings: settings.into(),
            select,
            again: false,
        };
        let subject: Subject = samples::subject("00u1", login);
        let id = self.id(login).await;
        let who = [Identified { subject, id }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    /// The one change of a step.
    pub(crate) async fn change(&self, verb: &str, login: &str) -> Change {
        let planned = self.plan(verb, login, Select::All).await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        planned.changes.into_iter().next().unwrap()
    }

    pub(crate) async fn apply(&self, change: &Change) -> Outcome {
        let writer = Writer::new(&self.reader, &self.consent);
        let batch = std::slice::from_ref(change);
        let mut outcomes = self.system.connector.apply(&writer, batch).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Applies what the connector would send in one go; outcomes in the order of `changes`.
    pub(crate) async fn applied_together(&self, changes: &[Change]) -> Vec<Applied> {
        let writer = Writer::new(&self.reader, &self.consent);
        let connector = &self.system.connector;
        let mut all = Vec::new();
        for batch in connector.batch(changes.to_vec()) {
            let outcomes = connector.apply(&writer, &batch).await;
            assert_eq!(outcomes.len(), batch.len());
            let each = batch.into_iter().zip(outcomes);
            all.extend(each.map(|(change, outcome)| Applied::alone(change, outcome)));
        }
        all
    }

    /// Applies and keeps both, as the prover gets them.
    pub(crate) async fn applied(&self, change: &Change) -> Applied {
        Applied::alone(change.clone(), self.apply(change).await)
    }

    pub(crate) async fn proof(&self, done: &Applied) -> Proof {
        let done = std::slice::from_ref(done);
        let mut proofs = self.system.connector.prove(&self.reader, done).await;
        assert_eq!(proofs.len(), 1);
        proofs.remove(0)
    }

    pub(crate) async fn is_proven(&self, done: &Applied) -> bool {
        self.proof(done).await.state == ProofState::Proven
    }

    /// The chain that undoes a change.
    pub(crate) fn inverse(&self, done: &Applied) -> Vec<Change> {
        self.system.connector.inverse(done).unwrap()
    }

    /// Once, at the next match, `METHOD path` meets `kind`.
    pub(crate) fn fault(&self, method: &str, path: &str, kind: FaultKind) {
        self.org.range().faults.add(Fault {
            method: Some(method.into()),
            path_contains: path.into(),
            nth: None,
            times: Some(1),
            kind,
        });
    }

    /// The digest of this system's state.
    pub(crate) fn digest(&self) -> String {
        self.org.range().digest_of(self.system.id.vendor())
    }

    /// Requests to endpoints that change something here, as `METHOD path`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let range = self.org.range();
        let writes = range.journal.writes();
        let here = writes
            .iter()
            .filter(|entry| entry.system == self.system.id.vendor());
        here.map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }

    /// How many of them did change something.
    pub(crate) fn effects(&self) -> usize {
        let range = self.org.range();
        let effects = range.journal.effects();
        let here = effects
            .iter()
            .filter(|entry| entry.system == self.system.id.vendor());
        here.count()
    }
}
