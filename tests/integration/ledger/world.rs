//! Plans, runs and files to tell the ledger's stories with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use oust::consent::ConsentKind;
use oust::ledger::{Event, Happened, Mode, SqliteStore, Store};
use oust::model::{
    ActionId, Case, Change, Found, Identity, Outcome, OutcomeKind, Plan, PlannedFor, PlannedStage,
    PlannedStep, PlannedSystem, PlaybookRef, Role, RunId, Scope, Select, Source, StageOrder,
    StepKey, Subject, SystemId, Target, Tie, Tri, Undo, UserId, Utc, Verdict, Window, WindowHow,
};
use serde_json::json;

pub(super) const ALEX: &str = "alex@example.com";
pub(super) const KIM: &str = "kim@example.com";
pub(super) const SAM: &str = "sam@example.com";

/// 2026-03-10T13:41:00.000Z and `seconds`.
pub(super) fn at(seconds: i64) -> Utc {
    Utc::from_millis(1_773_150_060_000 + seconds * 1000)
}

/// Events that all happened at `at(second)`.
pub(super) fn on(second: i64, events: Vec<Event>) -> Vec<Happened> {
    Happened::at_once(at(second), events)
}

pub(super) fn run(name: &str) -> RunId {
    RunId::new(format!("r_{name}"))
}

/// The immutable id of a login: `00u_alex`.
pub(super) fn id(login: &str) -> UserId {
    UserId::new(format!("00u_{}", login.split('@').next().unwrap()))
}

pub(super) fn ids(logins: &[&str]) -> Vec<UserId> {
    logins.iter().map(|login| id(login)).collect()
}

const KEY: StepKey = StepKey {
    stage: 0,
    step: 0,
    system: 0,
};

fn subject(login: &str) -> Subject {
    Subject {
        id: id(login),
        login: login.into(),
        role: Role::Compromised,
        status: "ACTIVE".into(),
        privileged: Tri::No,
        roles: vec![],
        groups: Some(vec!["00g1".into()]),
        accounts: None,
        mastered_by: "OKTA".into(),
        changed_at: None,
        last_login: None,
    }
}

/// The one change that the plans below make for a login.
pub(super) fn suspend(login: &str) -> Change {
    let target = Target::user(&id(login), login);
    Change {
        id: Change::id_of(KEY, &id(login), &target),
        step: KEY,
        subject: id(login),
        system: SystemId::new("okta"),
        action: ActionId::new("okta", "suspend_user"),
        target,
        sentence: "suspend the account".into(),
        settings: json!({"if_locked_out": "report"}).into(),
        before: json!({"status": "ACTIVE", "ratio": 0.5, "big": 9_007_199_254_740_993_u64}),
        undo: Undo::Restores,
        made_at: None,
        found: Found::InPlan,
    }
}

/// A plan that suspends these people.
pub(super) fn plan(name: &str, logins: &[&str]) -> Plan {
    let planned = |login: &&str| PlannedFor {
        subject: id(login),
        changes: vec![suspend(login).into()],
        kept: vec![],
        skip: None,
        ceiling: 6,
        notes: vec![],
    };
    let step = PlannedStep {
        key: KEY,
        action: ActionId::new("okta", "suspend_user"),
        system: SystemId::new("okta"),
        settings: json!({}).into(),
        select: Select::All,
        when: None,
        optional: false,
        requires: vec![],
        halt_on_failure: false,
        timeout_ms: 60_000,
        subjects: logins.iter().map(planned).collect(),
        tie: Tie::None,
    };
    let found = |login: &&str| {
        let id = id(login);
        (id.clone(), Identity::Found { id: id.to_string() })
    };
    Plan {
        run: run(name),
        org_id: "00o1".into(),
        org: "acme.okta.com".into(),
        made_at: at(0),
        playbook: PlaybookRef {
            name: "account-takeover".into(),
            title: "Okta account takeover".into(),
            digest: "d".repeat(64),
        },
        case: Case {
            subjects: logins.iter().map(|login| subject(login)).collect(),
            window: Window {
                start: at(-7200),
                end: None,
                how: WindowHow::Given,
            },
            id: Some("INC-7".into()),
            reason: None,
            source: Source::Person("maya".into()),
            began: None,
            intruders: Vec::new(),
        },
        systems: vec![PlannedSystem {
            id: SystemId::new("okta"),
            identities: logins.iter().map(found).collect(),
            late: vec![],
            tenant: None,
        }],
        scope: Scope::default(),
        left_out: Vec::new(),
        guards: vec![],
        stages: vec![PlannedStage {
            name: "evict".into(),
            after: None,
            stage_wait_ms: None,
            order: StageOrder::Sequential,
            ask: false,
            steps: vec![step],
        }],
        findings: vec![],
        owners: Vec::new(),
        suspends_first: None,
        gives_back: None,
        left_alone: Vec::new(),
        chosen: Vec::new(),
        unreached: Vec::new(),
    }
}

pub(super) fn opened(name: &str, logins: &[&str]) -> Vec<Event> {
    let plan = plan(name, logins);
    let consented = Event::Consented {
        digest: plan.digest(),
        kind: ConsentKind::Typed,
        by: "maya".into(),
        approvals: Vec::new(),
    };
    let opened = Event::Opened {
        tool: "oust/0.1.0".into(),
        mode: Mode::Contain,
        requester: "maya".into(),
        plan: std::sync::Arc::new(plan),
    };
    vec![opened, consented]
}

pub(super) fn intended(login: &str, attempt: u32) -> Event {
    let change = suspend(login).id;
    Event::Intended { change, attempt }
}

pub(super) fn answered(login: &str, attempt: u32, kind: OutcomeKind) -> Event {
    Event::Answered {
        change: suspend(login).id,
        attempt,
        outcome: Outcome::bare(kind),
        ms: 104,
    }
}

pub(super) fn closed() -> Event {
    Event::Closed {
        verdict: Verdict::Contained,
        requests: BTreeMap::from([(SystemId::new("okta"), Default::default())]),
    }
}

pub(super) fn reopened() -> Event {
    Event::Reopened {
        by: "maya".into(),
        tool: "oust/0.1.0".into(),
    }
}

/// Opens a run for these people at `at(0)`.
pub(super) async fn begin(store: &dyn Store, name: &str, logins: &[&str]) {
    let events = opened(name, logins);
    store
        .open_run(&run(name), &ids(logins), on(0, events))
        .await
        .unwrap();
}

/// One whole run of one person: seven records in four commits.
pub(super) async fn whole_run(store: &dyn Store, name: &str, login: &str) {
    begin(store, name, &[login]).await;
    let name = run(name);
    let append = |second, events| store.append(&name, on(second, events));
    append(1, vec![intended(login, 1)]).await.unwrap();
    let done = answered(login, 1, OutcomeKind::Done);
    append(2, vec![done, Event::WritesEnded]).await.unwrap();
    let read = Event::LogRead { until: at(3) };
    append(3, vec![read, closed()]).await.unwrap();
}

/// A directory of its own, with the ledger's file in it.
pub(super) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(super) fn file(&self) -> PathBuf {
        self.dir().join("ledger.db")
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).unwrap()
    }

    /// The lock files beside the ledger.
    pub(super) fn lock_files(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.dir()).unwrap().flatten();
        files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|end| end == "lock"))
            .collect()
    }

    /// The file as anyone sees it who opens it with SQLite itself.
    pub(super) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}
