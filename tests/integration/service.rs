//! A responder's desk at one service behind the directory: consent to whatever is tried, and the
//! mock's own word on what came of it. Knows no vendor: each has a desk of its own around it.

use oust::connector::{Identified, Planned, Step, System};
use oust::consent::{Asked, Consent};
use oust::model::{
    ActionId, Applied, Case, Change, Identity, Key, KeyKind, Lookup, Outcome, Plan, PlaybookRef,
    Proof, Role, RunId, Scope, Select, Source, StepKey, Subject, Tri, UserId, Utc, Window,
    WindowHow,
};
use oust::transport::{Reader, Writer};
use oust_mocks::{Entry, Fault, FaultKind};
use serde_json::Value;

use crate::wire::{NOW, Org};

/// How long before [`NOW`] the window begins: when contoso's story does.
const WINDOW_MIN: i64 = 78;

pub(crate) struct Service {
    pub(crate) org: Org,
    pub(crate) system: System,
    pub(crate) reader: Reader,
    consent: Consent,
    case: Case,
}

impl Service {
    pub(crate) fn new(org: Org, system: System) -> Self {
        let now: Utc = NOW.parse().unwrap();
        let window = Window {
            start: Utc::from_millis(now.millis() - WINDOW_MIN * 60_000),
            end: None,
            how: WindowHow::Given,
        };
        let case = Case {
            subjects: Vec::new(),
            window,
            id: None,
            reason: None,
            source: Source::Person("test".into()),
        };
        let asked = Asked { shown_at: now, now };
        let consent = Consent::yes(&some_plan(&case, now), "test", asked).unwrap();
        let reader = Reader::new(system.client.clone());
        Self {
            org,
            system,
            reader,
            consent,
            case,
        }
    }

    /// Who somebody is at the service, by one key.
    pub(crate) async fn who(&self, kind: KeyKind, value: &str) -> Identity {
        let key = Key {
            kind,
            value: value.into(),
            doubt: None,
        };
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys: vec![key],
        };
        let lookups = [lookup];
        let connector = &self.system.connector;
        let mut found = connector.identify(&self.reader, &lookups).await;
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    /// What one step would do to the account `id` of `login`.
    pub(crate) async fn plan_for(
        &self,
        verb: &str,
        (login, id): (&str, &str),
        select: Select,
        settings: Value,
    ) -> Planned {
        let step = Step {
            key: StepKey {
                stage: 0,
                step: 0,
                system: 0,
            },
            action: ActionId::new(self.system.id.vendor(), verb),
            system: self.system.id.clone(),
            settings,
            select,
            again: false,
        };
        let who = [Identified {
            subject: subject(login),
            id: id.to_owned(),
        }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    pub(crate) async fn apply(&self, change: &Change) -> Outcome {
        let writer = Writer::new(&self.reader, &self.consent);
        let batch = [change.clone()];
        let mut outcomes = self.system.connector.apply(&writer, &batch).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Applies and keeps both, as the prover gets them.
    pub(crate) async fn applied(&self, change: &Change) -> Applied {
        Applied {
            change: change.clone(),
            outcome: self.apply(change).await,
        }
    }

    pub(crate) async fn proof(&self, done: &Applied) -> Proof {
        let done = std::slice::from_ref(done);
        let mut proofs = self.system.connector.prove(&self.reader, done).await;
        assert_eq!(proofs.len(), 1);
        proofs.remove(0)
    }

    /// Once, at the next match at this service, `METHOD path` meets `kind`.
    pub(crate) fn fault(&self, method: &str, path: &str, kind: FaultKind) {
        let fault = Fault {
            method: Some(method.into()),
            path_contains: path.into(),
            nth: None,
            times: Some(1),
            kind,
        };
        let system = self.system.id.vendor();
        self.org.range().faults.add_at(system, fault);
    }

    /// What the mock was asked at this service.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        let here = entries.filter(|entry| entry.system == self.system.id.vendor());
        here.cloned().collect()
    }

    /// Requests to endpoints that change something, as `METHOD path`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let entries = self.entries().into_iter().filter(|entry| entry.mutating);
        entries
            .map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }
}

/// Somebody of the directory's.
fn subject(login: &str) -> Subject {
    Subject {
        id: UserId::new(format!("00u{login}")),
        login: login.into(),
        role: Role::Compromised,
        status: "SUSPENDED".into(),
        privileged: Tri::No,
        roles: Vec::new(),
        groups: None,
        accounts: None,
        mastered_by: "OKTA".into(),
        changed_at: None,
    }
}

fn some_plan(case: &Case, now: Utc) -> Plan {
    Plan {
        run: RunId::new("r_test"),
        org_id: "00oContosoOrg00005d7".into(),
        org: "contoso.okta.example".into(),
        made_at: now,
        playbook: PlaybookRef {
            name: "test".into(),
            title: "test".into(),
            digest: String::new(),
        },
        case: case.clone(),
        systems: Vec::new(),
        scope: Scope::default(),
        guards: Vec::new(),
        stages: Vec::new(),
        findings: Vec::new(),
        chosen: Vec::new(),
        unreached: Vec::new(),
    }
}
