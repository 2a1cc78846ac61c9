//! A SOC: a laboratory with a server's worker in it, and what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::approval::Approvers;
use oust::config::{AlertRules, Config};
use oust::connectors::REGISTER;
use oust::desk::{Decision, Desk, Proposal};
use oust::guard::GuardConfig;
use oust::inbox::{Accepted, Inbox, Received};
use oust::ledger::{Archive, MemoryStore, RunRow, Store};
use oust::model::{Alert, AlertRule, Fate, Hinted, Part, RunId, UserId};
use oust::notify::{Notice, Notifier};
use oust::server::work::{Setup, Worker};
use oust::server::{News, Shared};
use oust_mocks::World;
use oust_mocks::world::AD_AGENT;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::memory::{MemoryDesk, MemoryInbox};
use crate::lab::{Lab, NOON};

pub(super) const KIM: &str = "00u8KSGNDz7R3c9db5d7";
pub(super) const LEE: &str = "00uWS71VKyr8mvIKz5d7";
pub(super) const PHISHED: &str = "idxz0xpMH0Qn-snfAELRg_KLd";

/// Everything is contained by itself, as far as it may.
pub(super) const CONTAIN: &str = "rules: [{ source: '*', rule: '*', mode: contain }]";

/// The events of the saved attack.
pub(super) fn takeover() -> Vec<Value> {
    let text = include_str!("../../fixtures/system-log/takeover.jsonl");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The org that the saved attack happened in, with its log. No agent lives by alex's tokens: he can
/// be contained without a person.
pub(super) fn world() -> World {
    world_with_an_agent().with(|okta| {
        okta.api_tokens.remove(AD_AGENT);
        okta.agents.clear();
    })
}

/// The same, and a directory agent lives by a token of alex's.
pub(super) fn world_with_an_agent() -> World {
    World::contoso_aged(NOON, 79).only_okta().log(&takeover())
}

#[derive(Default)]
pub(super) struct Notices(Mutex<Vec<Notice>>);

impl Notifier for Notices {
    fn tell(&self, notice: Notice) {
        self.0.lock().unwrap().push(notice);
    }
}

pub(super) struct Soc {
    pub(super) lab: Arc<Lab>,
    pub(super) inbox: Arc<MemoryInbox>,
    pub(super) desk: Arc<MemoryDesk>,
    pub(super) store: Arc<MemoryStore>,
    notices: Arc<Notices>,
    rules: AlertRules,
    /// The kind of the source `soc`.
    pub(super) kind: &'static str,
    pub(super) guards: GuardConfig,
    /// For how long runs are watched.
    pub(super) watch: Option<Duration>,
    bell: Arc<Notify>,
    working: Option<(JoinHandle<()>, watch::Sender<bool>)>,
}

/// `rules:` of a config file.
pub(super) fn config(rules: &str) -> Result<Config, String> {
    let text = format!(
        "connectors: [{{ vendor: okta, org_url: https://contoso.okta.example, auth: {{ api_token: {{ env: X }} }} }}]\n{rules}\n"
    );
    Config::parse("oust.yaml", &text, REGISTER).map_err(|wrong| wrong.to_string())
}

impl Soc {
    pub(super) fn new(world: World, rules: &str) -> Self {
        let vendors: Vec<_> = oust::connectors::vendors().collect();
        Self {
            lab: Arc::new(Lab::new(world, 7)),
            inbox: Arc::default(),
            desk: Arc::default(),
            store: Arc::new(MemoryStore::new()),
            notices: Arc::default(),
            rules: config(rules).unwrap().rules.complete(&vendors).unwrap(),
            kind: "generic",
            guards: GuardConfig::default(),
            watch: None,
            bell: Arc::default(),
            working: None,
        }
    }

    /// The same, and the server works.
    pub(super) async fn working(world: World, rules: &str) -> Self {
        let mut soc = Self::new(world, rules);
        soc.start().await;
        soc
    }

    pub(super) fn shared(&self) -> Shared {
        Shared {
            clock: Arc::clone(&self.lab.clock),
            rng: self.lab.rng.clone(),
            inbox: self.inbox.clone(),
            desk: Some(self.desk.clone()),
            archive: Some(self.store.clone()),
            rehearsals: None,
            news: News::default(),
            bell: self.bell.clone(),
        }
    }

    /// A process begins to work.
    pub(super) async fn start(&mut self) {
        assert!(self.working.is_none(), "it works already");
        let (lab, store) = (self.lab.clone(), self.store.clone());
        let tools = lab.tools(store.clone());
        tools.directory.system.client.warm_reads().await;
        tools.directory.system.client.warm_writes().await;
        let setup = Setup {
            open: Arc::new(move |run: Option<&RunId>| {
                let store: Arc<dyn Store> = store.clone();
                Ok(match run {
                    Some(run) => lab.tools_as(store, &format!("oust/test run={run}")),
                    None => lab.tools_as(store, "oust/test"),
                })
            }),
            rules: self.rules.clone(),
            kinds: BTreeMap::from([("soc".to_owned(), self.kind.to_owned())]),
            guards: self.guards.clone(),
            cap_source: 3,
            owners: Vec::new(),
            notifier: self.notices.clone(),
            approvers: Approvers::default(),
            watch: self.watch,
        };
        let (stop, stopped) = watch::channel(false);
        let worker = Worker::new(self.shared(), setup, stopped).unwrap();
        let working = tokio::spawn(async move { worker.work().await.unwrap() });
        self.working = Some((working, stop));
    }

    /// The process is killed: nothing of it goes on, and what was durable is there.
    pub(super) async fn kill(&mut self) {
        let (working, _) = self.working.take().unwrap();
        working.abort();
        let _ = working.await;
        self.store = Arc::new(MemoryStore::restore(self.store.snapshot()));
    }

    /// Hands an alert in; its id.
    pub(super) async fn receive(&self, alert: Alert) -> String {
        let received = Received {
            at: self.lab.clock.now(),
            alert,
            from: None,
            raw: String::new(),
        };
        let accepted = self.inbox.accept(vec![received], None).await.unwrap();
        self.bell.notify_one();
        match accepted.into_iter().next().unwrap() {
            Accepted::New(id) | Accepted::Again(id) => id,
        }
    }

    /// What became of it, within an hour.
    pub(super) async fn fate(&self, id: &str) -> Fate {
        for _ in 0..720 {
            let entry = self.inbox.entry(id).await.unwrap().unwrap();
            if let Some(fate) = entry.fate {
                return fate;
            }
            self.wait(5).await;
        }
        panic!("nothing became of {id}: {:?}", self.inbox.entry(id).await);
    }

    /// Hands it in and waits for what becomes of it.
    pub(super) async fn decided(&self, alert: Alert) -> Fate {
        let id = self.receive(alert).await;
        self.fate(&id).await
    }

    pub(super) async fn wait(&self, secs: u64) {
        self.lab.clock.sleep(Duration::from_secs(secs)).await;
    }

    /// Everything that may change something at a vendor and was sent, one line each.
    pub(super) fn writes(&self) -> Vec<String> {
        let range = self.lab.range.lock().unwrap();
        let writes = range.journal.writes();
        writes
            .iter()
            .map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }

    #[track_caller]
    pub(super) fn saw_no_writes(&self) {
        assert_eq!(self.writes(), Vec::<String>::new());
    }

    /// How often this account was suspended by a call that did something.
    pub(super) fn suspended(&self, who: &str) -> usize {
        let path = format!("/api/v1/users/{who}/lifecycle/suspend");
        let range = self.lab.range.lock().unwrap();
        let effects = range.journal.effects();
        effects.iter().filter(|entry| entry.path == path).count()
    }

    pub(super) fn notices(&self) -> Vec<Value> {
        let all = self.notices.0.lock().unwrap();
        all.iter()
            .map(|notice| serde_json::to_value(notice).unwrap())
            .collect()
    }

    /// The words of all notices, in order.
    pub(super) fn said(&self) -> Vec<String> {
        let all = self.notices();
        all.iter()
            .map(|notice| notice["notice"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) async fn runs(&self) -> Vec<RunRow> {
        self.store.runs().await.unwrap()
    }

    pub(super) async fn unfinished(&self) -> usize {
        self.store.unfinished().await.unwrap().len()
    }

    pub(super) async fn proposals(&self) -> Vec<Proposal> {
        self.desk.proposals(None, 1_000).await.unwrap()
    }

    /// Somebody signed in approves a proposal.
    pub(super) async fn approve(&self, proposal: &Proposal, by: &str) {
        let decision = Decision {
            by: by.to_owned(),
            okta_id: None,
            approve: true,
            digest: proposal.digest.clone(),
            at: self.lab.clock.now(),
            how: "console".into(),
            reason: String::new(),
            signed: None,
        };
        assert!(self.desk.decide(&proposal.run, &decision).await.unwrap());
        self.bell.notify_one();
    }
}

impl Drop for Soc {
    fn drop(&mut self) {
        if let Some((working, _)) = self.working.take() {
            working.abort();
        }
    }
}

/// An alert on somebody.
pub(super) fn on(who: &str) -> Alert {
    Alert {
        source: "soc".into(),
        rule: AlertRule {
            id: "any".into(),
            name: "Any rule".into(),
        },
        event_time: Some("2026-03-10T13:52:31Z".parse().unwrap()),
        dedupe_key: format!("key {who}"),
        subjects: vec![named(who, Part::Unknown)],
        ..Alert::default()
    }
}

pub(super) fn named(who: &str, part: Part) -> Hinted {
    let is_id = !who.contains('@');
    Hinted {
        okta_id: is_id.then(|| UserId::new(who)),
        login: (!is_id).then(|| who.to_owned()),
        part,
    }
}

/// Somebody else signs in as this account: through a proxy that it never used, suspected, and with a
/// factor of his own.
pub(super) fn intrusion(who: &str, login: &str, n: usize) -> Vec<Value> {
    let at = |second: usize| format!("2026-03-10T14:{:02}:{second:02}.000Z", 10 + n % 40);
    let event = |second: usize, kind: &str| {
        json!({
            "uuid": format!("{who}-{second}"), "published": at(second), "eventType": kind,
            "actor": { "id": who, "type": "User", "alternateId": login },
            "client": { "ipAddress": "203.0.113.66",
                "userAgent": { "rawUserAgent": "Mozilla/5.0", "os": "Windows 10", "browser": "CHROME" } },
            "authenticationContext": { "externalSessionId": format!("idx{who}") },
            "securityContext": { "asNumber": 64505, "isProxy": true },
            "debugContext": { "debugData": { "threatSuspected": "true", "dtHash": format!("dt{who}") } },
            "outcome": { "result": "SUCCESS" },
            "target": [{ "id": who, "type": "User", "alternateId": login }],
            "transaction": { "id": format!("tx{who}{second}"), "detail": {} },
        })
    };
    vec![
        event(1, "user.session.start"),
        event(20, "user.mfa.factor.activate"),
    ]
}
