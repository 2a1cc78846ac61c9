//! A responder's desk: one org, one connector, and consent to whatever is tried.

use oust::connector::{DirectorySystem, Identified, Planned, Step, Wanted};
use oust::consent::{Asked, Consent};
use oust::model::{
    ActionId, Address, Applied, Case, Change, Confirmation, Intruder, Outcome, OutcomeKind, Plan,
    PlaybookRef, Proof, RunId, Scope, Select, Sign, Source, StepKey, Subject, SystemId, Tri, Utc,
    Window, WindowHow, Witness,
};
use oust::transport::{Handover, Reader, Writer};
use oust_mocks::{Fault, FaultKind, World};
use serde_json::{Value, json};

use crate::hands::Hands;
use crate::wire::{NOW, Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX_LOGIN: &str = "alex@contoso.example";

pub(crate) struct Desk {
    pub(crate) org: Org,
    pub(crate) okta: DirectorySystem,
    pub(crate) reader: Reader,
    /// Takes links and passwords; without it nobody is there.
    pub(crate) hands: Option<Hands>,
    consent: Consent,
    case: Case,
}

impl Desk {
    /// The contoso org, by API token.
    pub(crate) fn contoso() -> Self {
        Self::of(World::contoso(now_ms()))
    }

    /// Another world, by API token.
    pub(crate) fn of(world: World) -> Self {
        let mut org = Org::new(world);
        let okta = org.by_api_token();
        Self::with(org, okta)
    }

    /// Another world, by API token and with more settings.
    pub(crate) fn configured(world: World, more: &Value) -> Self {
        let mut org = Org::new(world);
        let token = org.secret(oust_mocks::world::SSWS_SECRET);
        let mut settings = json!({ "auth": { "api_token": token } });
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        let okta = org.open(settings);
        Self::with(org, okta)
    }

    /// An org and a connector that are there already.
    pub(crate) fn with(org: Org, okta: DirectorySystem) -> Self {
        let reader = Reader::new(okta.system.client.clone());
        let now: Utc = NOW.parse().unwrap();
        let start = Utc::from_millis(now.millis() - 78 * 60_000);
        let window = Window {
            start,
            end: None,
            how: WindowHow::Given,
        };
        let case = Case {
            subjects: Vec::new(),
            window,
            id: None,
            reason: None,
            source: Source::Person("test".into()),
            began: None,
            intruders: Vec::new(),
        };
        let consent =
            Consent::yes(&some_plan(&case, now), "test", Asked { shown_at: now, now }).unwrap();
        Self {
            org,
            okta,
            reader,
            hands: Some(Hands::default()),
            consent,
            case,
        }
    }

    pub(crate) async fn subject(&self, who: &str) -> Subject {
        let directory = &self.okta.directory;
        let found = directory.resolve(&self.reader, who).await.unwrap();
        let all = Wanted {
            groups: true,
            apps: true,
            roles: true,
        };
        let mut described = directory.describe(&self.reader, vec![found], all).await;
        described.remove(0)
    }

    /// Says whose case it is; without it nobody is of it but whoever is planned for.
    pub(crate) async fn open_case(&mut self, who: &[&str]) {
        let mut subjects = Vec::new();
        for who in who {
            subjects.push(self.subject(who).await);
        }
        self.case.subjects = subjects;
    }

    /// Says that the log confirms an intruder in the account of `who`, from these addresses.
    pub(crate) async fn confirm_intruder(&mut self, who: &str, ips: &[&str]) {
        let now: Utc = NOW.parse().unwrap();
        let address = |ip: &&str| Address {
            ip: (*ip).into(),
            asn: "AS64505".into(),
            network: String::new(),
            proxy: Tri::Yes,
            first: now,
            last: now,
            events: 1,
            witness: Witness {
                sign: Sign::SplitSession,
                says: "session idx1 came from two networks".into(),
                event: "6f1c2a52-0000-4000-8000-000000000001".into(),
                at: Some(now),
            },
        };
        self.case.intruders.push(Intruder {
            subject: Some(self.subject(who).await.id),
            answer: Confirmation::Confirmed,
            addresses: ips.iter().map(address).collect(),
            ..Intruder::default()
        });
    }

    /// What one step would do to one account.
    pub(crate) async fn plan(&self, verb: &str, who: &str, settings: Value) -> Planned {
        self.plan_selecting(verb, who, settings, Select::All).await
    }

    pub(crate) async fn plan_selecting(
        &self,
        verb: &str,
        who: &str,
        settings: Value,
        select: Select,
    ) -> Planned {
        let subject = self.subject(who).await;
        let step = Step {
            key: StepKey {
                stage: 0,
                step: 0,
                system: 0,
            },
            action: ActionId::new("okta", verb),
            system: SystemId::new("okta"),
            settings: settings.into(),
            select,
            again: false,
        };
        let who = [Identified {
            id: subject.id.to_string(),
            subject,
        }];
        let connector = &self.okta.system.connector;
        let mut case = self.case.clone();
        if case.subjects.is_empty() {
            case.subjects.push(who[0].subject.clone());
        }
        let mut planned = connector.plan(&self.reader, &step, &who, &case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    /// The one change of a step.
    pub(crate) async fn change(&self, verb: &str, who: &str, settings: Value) -> Change {
        let planned = self.plan(verb, who, settings).await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        planned.changes.into_iter().next().unwrap()
    }

    pub(crate) async fn apply(&self, change: &Change) -> Outcome {
        let writer = Writer::new(&self.reader, &self.consent);
        let hands = self.hands.as_ref().map(|hands| hands as &dyn Handover);
        let writer = writer.handing_to(hands);
        let batch = [change.clone()];
        let mut outcomes = self.okta.system.connector.apply(&writer, &batch).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Applies and keeps both, as the prover gets them.
    pub(crate) async fn applied(&self, change: &Change) -> Applied {
        Applied::alone(change.clone(), self.apply(change).await)
    }

    pub(crate) async fn prove(&self, done: &[Applied]) -> Vec<Proof> {
        let proofs = self.okta.system.connector.prove(&self.reader, done).await;
        assert_eq!(proofs.len(), done.len());
        proofs
    }

    pub(crate) async fn proof(&self, done: &Applied) -> Proof {
        self.prove(std::slice::from_ref(done)).await.remove(0)
    }

    /// The chain that undoes a change.
    pub(crate) fn inverse(&self, done: &Applied) -> Vec<Change> {
        self.okta.system.connector.inverse(done).unwrap()
    }

    /// From now on (once, at the next match) `METHOD path` meets `kind`.
    pub(crate) fn fault(&self, method: &str, path: &str, kind: FaultKind) {
        self.org.range().faults.add(Fault {
            method: Some(method.into()),
            path_contains: path.into(),
            nth: None,
            times: Some(1),
            kind,
        });
    }

    /// Requests to endpoints that change something, as `METHOD path?query`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let range = self.org.range();
        let writes = range.journal.writes();
        let line = |entry: &&oust_mocks::Entry| match entry.query.as_str() {
            "" => format!("{} {}", entry.method, entry.path),
            query => format!("{} {}?{query}", entry.method, entry.path),
        };
        writes.iter().map(line).collect()
    }

    /// How many of them did change something.
    pub(crate) fn effects(&self) -> usize {
        self.org.range().journal.effects().len()
    }

    /// How often a path was read.
    pub(crate) fn reads_of(&self, path: &str) -> usize {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        entries
            .filter(|entry| entry.method == "GET" && entry.path == path)
            .count()
    }

    /// Which paths below this one were read, as often as they were.
    pub(crate) fn paths_below(&self, path: &str) -> Vec<String> {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        entries
            .filter(|entry| entry.method == "GET" && entry.path.starts_with(path))
            .map(|entry| entry.path.clone())
            .collect()
    }

    pub(crate) fn status(&self, login: &str) -> String {
        self.org.range().okta.user(login).unwrap().status.clone()
    }

    /// The digest of everybody but `login`, to see that nobody else was touched.
    pub(crate) fn others(&self, login: &str) -> Vec<String> {
        let range = self.org.range();
        let users = range.okta.users.values().filter(|user| user.login != login);
        users.map(|user| range.okta.user_digest(&user.id)).collect()
    }
}

/// The failure's reason and hint.
pub(crate) fn failure(outcome: &Outcome) -> (String, String) {
    match &outcome.kind {
        OutcomeKind::Failed { why, hint } => (why.clone(), hint.clone()),
        other => panic!("expected a failure, not {other:?}"),
    }
}

pub(crate) fn some_plan(case: &Case, now: Utc) -> Plan {
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
        left_out: Vec::new(),
        guards: Vec::new(),
        stages: Vec::new(),
        findings: Vec::new(),
        owners: Vec::new(),
        suspends_first: None,
        gives_back: None,
        left_alone: Vec::new(),
        chosen: Vec::new(),
        unreached: Vec::new(),
    }
}
