//! The process dies while one request carries what many subjects want: each has his intent in the
//! ledger before it left, and a run that goes on reads each again and ends what was begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oust::engine::{Run, Snapshot, plan};
use oust::guard::GuardConfig;
use oust::ledger::{MemoryStore, RunState, Store};
use oust::model::{GuardName, Lift, RunId};
use oust_mocks::{Range, Request, World};

use crate::crowd_desk::login;
use crate::lab::services::furnished;
use crate::lab::{Lab, NOON, Tap, shipped};

const MANY: usize = 40;

/// Kills the process once, before or after the effect of the first write whose path ends so.
struct Killer {
    path: &'static str,
    /// What its body holds, where one path has reads and writes.
    body: &'static str,
    after_effect: bool,
    has_killed: AtomicBool,
}

impl Killer {
    fn strikes(&self, request: &Request, after_effect: bool) -> bool {
        let body = String::from_utf8_lossy(&request.body);
        let is_it = request.path.ends_with(self.path) && body.contains(self.body);
        is_it && after_effect == self.after_effect && !self.has_killed.swap(true, Ordering::Relaxed)
    }
}

impl Tap for Killer {
    fn before(&self, request: &Request, _range: &Range) -> bool {
        self.strikes(request, false)
    }

    fn after(&self, request: &Request, _range: &Range) -> bool {
        self.strikes(request, true)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_for_many_that_the_process_died_in_is_read_back_for_each() {
    for (system, path, body) in [
        ("m365", "/$batch", "revokeSignInSessions"),
        ("aws", "/iam", "PutRolePolicy"),
        ("slack", "/admin.users.session.resetBulk", ""),
    ] {
        for after_effect in [false, true] {
            let killer = Killer {
                path,
                body,
                after_effect,
                has_killed: AtomicBool::new(false),
            };
            story(system, Arc::new(killer)).await;
        }
    }
}

async fn story(system: &str, killer: Arc<Killer>) {
    let world = furnished(World::contoso(NOON).crowd_at_services(MANY));
    let lab = Lab::tapped(world, 7, killer.clone(), 40);
    let store = Arc::new(MemoryStore::new());
    died(&lab, store.clone()).await;
    assert!(killer.has_killed.load(Ordering::Relaxed), "{system}");

    // All that the request carried is intended in the ledger, by name, and nothing is answered.
    let records = store.records(&RunId::new("r_lab")).await.unwrap();
    let then = RunState::of(&records);
    let begun = then.changes().iter();
    let begun = begun.filter(|each| each.change.system.vendor() == system && each.attempts > 0);
    let carried = begun.filter(|each| each.outcome.is_none()).count();
    assert!(carried > 1, "{system}: {carried} intents without an answer");
    for target in lab.carried(system) {
        let mut intended = then.changes().iter().filter(|each| each.attempts > 0);
        let is_intended = intended.any(|each| each.change.target.id == target);
        assert!(is_intended, "{system}: {target} left before its intent");
    }

    lab.wire.dead.send_replace(false);
    let tools = lab.with_services(store.clone());
    let start = lab.start(then.plan.as_ref().unwrap(), Snapshot::default());
    let run = Run::resume(tools, RunState::of(&records), start)
        .await
        .unwrap();
    run.carry_out().await;
    for each in run.state().changes() {
        if each.change.system.vendor() == system {
            assert!(each.is_proven(), "{system}: {each:?}");
        }
    }
}

/// Contains everybody, and dies on the way.
async fn died(lab: &Lab, store: Arc<MemoryStore>) {
    let tools = lab.with_services(store);
    let logins: Vec<String> = (1..=MANY).map(login).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = vec![Lift {
        guard: GuardName::CapRun,
        reason: "to see him die".into(),
        by: "kim".into(),
    }];
    let (playbook, guards) = (shipped("account-takeover"), GuardConfig::default());
    let prepared = plan(&tools, &playbook, &guards, request).await.unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let mut dead = lab.wire.dead.subscribe();
    tokio::select! {
        biased;
        _ = dead.wait_for(|dead| *dead) => {},
        _ = run.carry_out() => panic!("nobody killed it"),
    }
}

impl Lab {
    /// The targets of what had left by then and changes something, as far as a request names them.
    fn carried(&self, system: &str) -> Vec<String> {
        let range = self.range.lock().unwrap();
        let writes = range.journal.writes();
        let here = writes.iter().filter(|entry| entry.system == system);
        here.flat_map(|entry| match system {
            "m365" => of_batch(&entry.body),
            "slack" => of_bulk(&entry.body),
            _ => Vec::new(),
        })
        .collect()
    }
}

fn of_batch(body: &str) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let inner = body["requests"].as_array().into_iter().flatten();
    let urls = inner.filter_map(|each| each["url"].as_str()?.split('/').nth(2));
    urls.map(str::to_owned).collect()
}

fn of_bulk(body: &str) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let ids = body["user_ids"].as_array().into_iter().flatten();
    ids.filter_map(|id| Some(id.as_str()?.to_owned())).collect()
}
