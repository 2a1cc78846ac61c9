//! What many subjects ask of the services behind the directory: few requests a head, everybody
//! proven, and for a single one no more than ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use oust::engine::{Ended, Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::{MemoryStore, RunState};
use oust::model::{GuardName, Lift};
use oust_mocks::World;

use crate::crowd_desk::login;
use crate::lab::services::furnished;
use crate::lab::{Lab, NOON, NoTap, shipped};

/// Requests of a whole run of `account-takeover` at most, for one subject and for two hundred, as
/// `docs/benchmarks.md` has them.
const IN_ALL: [(&str, usize, usize); 5] = [
    ("m365", 23, 320),
    ("salesforce", 24, 700),
    ("aws", 50, 2_700),
    ("slack", 7, 2_800),
    ("github", 18, 3_400),
];

#[tokio::test(start_paused = true)]
async fn many_subjects_cost_a_service_few_requests_a_head() {
    for n in [1, 200] {
        let (counts, state) = contained(n).await;
        println!("{n} subjects: {counts:?}");
        for (system, one, many) in IN_ALL {
            let max = if n == 1 { one } else { many };
            let count = counts[system];
            assert!(count <= max, "{n} subjects: {count} requests at {system}");
        }
        let changes = state.changes();
        let here = |system: &str| {
            let here = changes.iter();
            here.filter(|each| each.change.system.vendor() == system)
                .count()
        };
        assert!(here("m365") >= n && here("salesforce") >= n && here("slack") >= n);
        for each in changes {
            let what = (&each.change.action, &each.change.subject);
            match each.change.system.vendor() {
                "m365" | "salesforce" | "slack" => assert!(each.is_proven(), "{what:?}"),
                // Of two hundred not all have room in the policy of one role.
                "aws" => assert!(each.is_proven() || n == 200, "{what:?}"),
                _ => {}
            }
        }
        let denied = changes
            .iter()
            .filter(|each| each.change.system.vendor() == "aws");
        let denied = denied.filter(|each| each.is_proven()).count();
        assert!(denied >= 2 * n.min(160), "{denied} sessions denied");
    }
}

async fn contained(n: usize) -> (BTreeMap<String, usize>, RunState) {
    let world = furnished(World::contoso(NOON).crowd_at_services(n));
    let lab = Lab::tapped(world, 7, Arc::new(NoTap), 40);
    let tools = lab.with_services(Arc::new(MemoryStore::new()));
    let logins: Vec<String> = (1..=n).map(login).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = vec![Lift {
        guard: GuardName::CapRun,
        reason: "to count".into(),
        by: "kim".into(),
    }];
    let (playbook, guards) = (shipped("account-takeover"), GuardConfig::default());
    let prepared = plan(&tools, &playbook, &guards, request).await.unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    assert!(matches!(run.carry_out().await, Ended::Closed(_)));
    let mut counts = BTreeMap::new();
    for entry in lab.range.lock().unwrap().journal.entries() {
        *counts.entry(entry.system.clone()).or_default() += 1;
    }
    (counts, run.state())
}
