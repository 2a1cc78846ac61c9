//! What an incident asks of the org: no more for many subjects than their number explains.
//!
//! Okta's quotas are small where it hurts (60 log reads and 50 app lists a minute): what one
//! read can answer for everybody is read once for everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::engine::{Ended, Prepared, Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{GuardName, Identity, Lift, Verdict};
use oust::playbook::{CheckedPlaybook, check};
use oust_mocks::World;

use crate::lab::services::{furnished, service};
use crate::lab::{Lab, NOON, NoTap, Tap, shipped};

/// Requests by path, ids left out.
type Counts = BTreeMap<String, usize>;

/// What is read once for everybody, and how often at most, whatever the number of subjects.
/// The prover looks into the log until it holds every event, so it is read a few times; plan and
/// run are two processes here.
const OF_THE_ORG: [(&str, usize); 5] = [
    ("/.well-known/okta-organization", 1),
    ("/api/v1/iam/assignees/users", 1),
    ("/api/v1/users/me", 6),
    ("/api/v1/api-tokens", 12),
    ("/api/v1/logs", 28),
];

/// Reads of one kind about one subject at most: planned, read again before the step, proven or
/// looked at once more.
const ABOUT_EACH_MAX: usize = 4;

/// Of his status: looked up, read where a suspension is refused, proven and looked at again.
const STATUS_OF_EACH_MAX: usize = 6;

#[tokio::test(start_paused = true)]
async fn many_subjects_cost_no_more_than_their_number() {
    for status in ["ACTIVE", "SUSPENDED"] {
        for n in [1, 10, 26, 200] {
            let lab = crowd(n, status);
            let prepared = planned(&lab, &shipped("account-takeover"), n).await;
            let tools = lab.tools(Arc::new(MemoryStore::new()));
            let start = lab.start(&prepared.plan, prepared.snapshot);
            let run = Run::begin(tools, prepared.plan, start).await.unwrap();
            assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));

            let counts = reads(&lab);
            for (path, max) in OF_THE_ORG {
                let count = counts.get(path).copied().unwrap_or_default();
                // Those whose turn comes later ask later: still no more often than they are many.
                let max = max.max(n);
                assert!(count <= max, "{n} {status}: {path} {count} times");
            }
            for (path, count) in counts.iter().filter(|(path, _)| path.contains('*')) {
                let each = match path.as_str() {
                    "/api/v1/users/*" => STATUS_OF_EACH_MAX,
                    _ => ABOUT_EACH_MAX,
                };
                // The administrators are looked at, too.
                let (max, others) = (each * n, 4);
                assert!(
                    *count <= max + others,
                    "{n} {status}: {path} {count} times in {counts:#?}"
                );
            }
            // Nobody of a few waited for a quota.
            assert!(n > 26 || lab.clock.elapsed() < Duration::from_secs(10));
        }
    }
}

/// Requests of a whole run of `account-takeover` on one: of the plan, and in all. Nobody else is in
/// the way, so that they are always as many.
const OF_ONE: (usize, usize) = (38, 67);

/// Subjects, and the same of many at most.
const IN_ALL: [(usize, usize, usize); 2] = [(26, 220, 570), (200, 1_480, 4_400)];

#[tokio::test(start_paused = true)]
async fn a_run_costs_what_the_table_of_the_docs_says() {
    assert_eq!(cost(1).await, OF_ONE);
    for (n, plan_max, all_max) in IN_ALL {
        let (of_plan, in_all) = cost(n).await;
        println!("{n} subjects: {of_plan} requests to plan, {in_all} in all");
        assert!(of_plan <= plan_max, "{n}: {of_plan} to plan");
        assert!(in_all <= all_max, "{n}: {in_all} in all");
    }
}

/// Requests of the plan for so many, and in all.
async fn cost(n: usize) -> (usize, usize) {
    let lab = crowd(n, "ACTIVE");
    let prepared = planned(&lab, &shipped("account-takeover"), n).await;
    let of_plan = requests(&lab);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));
    (of_plan, requests(&lab))
}

#[tokio::test(start_paused = true)]
async fn groups_and_apps_are_read_for_a_playbook_that_asks_for_them() {
    // One that takes groups back reads them for that; this one does not.
    let lab = crowd(26, "ACTIVE");
    planned(&lab, &shipped("factor-tampering"), 26).await;
    let counts = reads(&lab);
    assert_eq!(counts.get("/api/v1/apps"), None);
    assert_eq!(counts.get("/api/v1/users/*/groups"), None);

    let lab = crowd(26, "ACTIVE");
    let playbook = conditional("'office365' in subject.apps or '00g' in subject.groups");
    let prepared = planned(&lab, &playbook, 26).await;
    let counts = reads(&lab);
    assert_eq!(counts.get("/api/v1/apps"), Some(&26));
    assert_eq!(counts.get("/api/v1/users/*/groups"), Some(&26));
    let known = |who: &oust::model::Subject| who.apps().is_some() && who.groups.is_some();
    assert!(prepared.plan.case.subjects.iter().all(known));
}

#[tokio::test(start_paused = true)]
async fn too_many_subjects_are_refused_before_anything_is_read_about_each() {
    let lab = crowd(26, "ACTIVE");
    let refused = prepare(&lab, &shipped("account-takeover"), 26, Vec::new()).await;
    let plan = refused.plan;
    let cap = plan.guards.iter().find(|each| each.stops_run()).unwrap();
    assert_eq!(cap.name, GuardName::CapRun);
    assert_eq!(plan.case.subjects.len(), 26);
    assert_eq!(plan.changes().count(), 0);
    assert!(plan.findings.iter().any(|each| each.id == "not_planned"));
    for (path, count) in reads(&lab) {
        // Each account is looked up; the rest is about the administrators there are.
        let max = if path == "/api/v1/users/*" { 26 + 4 } else { 4 };
        assert!(count <= max, "{path} {count} times");
    }

    let lift = Lift {
        guard: GuardName::CapRun,
        reason: "half the company was phished".into(),
        by: "kim".into(),
    };
    let lifted = prepare(&lab, &shipped("account-takeover"), 26, vec![lift]).await;
    assert!(lifted.plan.changes().count() >= 26);
}

/// A round trip, long enough that nothing else shows.
const CALL_MS: u64 = 100;

/// Sequential round trips before the first write, without the one that fetches a token: the
/// account is looked up, and what is to be done to it is read.
const TRIPS_TO_FIRST_WRITE: u64 = 2;

#[tokio::test(start_paused = true)]
async fn the_first_write_leaves_after_two_round_trips_beyond_the_token() {
    for playbook in ["account-takeover", "session-hijack", "evict-only"] {
        let began = tokio::time::Instant::now();
        let arrivals = Arc::new(Arrivals::default());
        let lab = Lab::steady(World::contoso(NOON), CALL_MS, arrivals.clone());
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        lab.contain(&tools, &["alex@contoso.example"], playbook)
            .await;
        let before = arrivals.until_first_write(began);
        let trips = before.last().map(|(_, ms)| (ms + CALL_MS / 2) / CALL_MS);
        assert_eq!(
            trips,
            Some(TRIPS_TO_FIRST_WRITE + 1),
            "{playbook}: {before:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_eviction_takes_no_longer_than_its_writes() {
    let incidents = [
        ("bailey@contoso.example", "account-takeover"),
        ("bailey@contoso.example", "evict-only"),
        // An administrator: his API tokens are read again, while he is being suspended. Where
        // nothing looks for them later, they are read after that, which takes a round trip.
        ("alex@contoso.example", "account-takeover"),
    ];
    for (who, playbook) in incidents {
        let lab = Lab::steady(World::contoso(NOON), CALL_MS, Arc::new(NoTap));
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        let (_, state) = lab.contain(&tools, &[who], playbook).await;
        let plan = state.plan.as_ref().unwrap();
        let evict = plan.stages[0].steps.iter().flat_map(|step| &step.subjects);
        let writes: usize = evict.map(|row| row.changes.len()).sum();
        let (_, _, consented) = state.consent.as_ref().unwrap();
        let clears = state
            .changes()
            .iter()
            .filter(|each| each.change.action.verb() == "clear_sessions");
        let last = clears.filter_map(|each| each.answered_at).max().unwrap();
        let chain = Duration::from_millis(CALL_MS) * u32::try_from(writes).unwrap();
        assert_eq!(last.since(*consented), chain, "{who} by {playbook}");
    }
}

/// When each request arrived.
#[derive(Default)]
struct Arrivals(Mutex<Vec<(String, tokio::time::Instant)>>);

impl Arrivals {
    /// Up to the first write, in milliseconds since `began`.
    fn until_first_write(&self, began: tokio::time::Instant) -> Vec<(String, u64)> {
        let all = self.0.lock().unwrap();
        let writes = all.iter().position(|(what, _)| !what.starts_with("GET "));
        let ms = |at: &tokio::time::Instant| {
            u64::try_from((*at - began).as_millis()).expect("a test is not that long")
        };
        all.iter()
            .take(writes.expect("something was written") + 1)
            .map(|(what, at)| (what.clone(), ms(at)))
            .collect()
    }
}

impl Tap for Arrivals {
    fn before(&self, request: &oust_mocks::Request, _range: &oust_mocks::Range) -> bool {
        let what = format!("{} {}", request.method, request.path);
        let mut all = self.0.lock().unwrap();
        all.push((what, tokio::time::Instant::now()));
        false
    }
}

fn crowd(n: usize, status: &str) -> Lab {
    let login = |n| format!("crowd-{n:05}@contoso.example");
    let world = World::contoso(NOON).crowd(n);
    let world = (1..=n).fold(world, |world, n| world.status(&login(n), status));
    Lab::tapped(world, 7, Arc::new(NoTap), 40)
}

async fn planned(lab: &Lab, playbook: &CheckedPlaybook, n: usize) -> Prepared {
    let lift = Lift {
        guard: GuardName::CapRun,
        reason: "to count".into(),
        by: "kim".into(),
    };
    prepare(lab, playbook, n, vec![lift]).await
}

async fn prepare(lab: &Lab, playbook: &CheckedPlaybook, n: usize, lifts: Vec<Lift>) -> Prepared {
    let logins: Vec<String> = (1..=n)
        .map(|n| format!("crowd-{n:05}@contoso.example"))
        .collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = lifts;
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    plan(&tools, playbook, &GuardConfig::default(), request)
        .await
        .unwrap()
}

fn conditional(when: &str) -> CheckedPlaybook {
    let text = format!(
        "playbook: oust/v1\nname: asks\ntitle: Asks\ndescription: Asks.\nstages:\n  \
         - name: evict\n    steps:\n      - okta.suspend_user: {{}}\n        when: \"{when}\"\n"
    );
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    check("asks.yaml", &text, &vendors).unwrap()
}

/// Requests of any kind.
fn requests(lab: &Lab) -> usize {
    lab.range.lock().unwrap().journal.entries().len()
}

fn reads(lab: &Lab) -> Counts {
    let range = lab.range.lock().unwrap();
    let reads = range.journal.entries().iter();
    let mut counts = Counts::new();
    for entry in reads.filter(|entry| entry.method == "GET") {
        let mut parts: Vec<&str> = entry.path.split('/').collect();
        if parts.get(3) == Some(&"users") && parts.get(4).is_some_and(|id| *id != "me") {
            parts[4] = "*";
        }
        *counts.entry(parts.join("/")).or_default() += 1;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_too_a_service_is_told_who_somebody_is_by_its_app() {
    // Renamed at the directory: the service knows him by his old name, and by the id that its app
    // has of him.
    let alex = "alex@contoso.example";
    let world = furnished(World::contoso(NOON).crowd(25));
    let world = world.user(alex, |user| user.login = "renamed@contoso.example".into());
    let lab = Lab::tapped(world, 7, Arc::new(NoTap), 40);
    let tools = lab.with_services(Arc::new(MemoryStore::new()));
    let crowd = (1..=25).map(|n| format!("crowd-{n:05}@contoso.example"));
    let logins: Vec<String> = crowd.chain(["renamed@contoso.example".into()]).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = vec![Lift {
        guard: GuardName::CapRun,
        reason: "to count".into(),
        by: "kim".into(),
    }];
    let (playbook, guards) = (shipped("account-takeover"), GuardConfig::default());
    let prepared = plan(&tools, &playbook, &guards, request).await;
    let plan = prepared.unwrap().plan;
    let his = plan
        .case
        .subjects
        .iter()
        .find(|who| who.login == "renamed@contoso.example");
    let his = his.unwrap();
    // What only some apps tell is not told of him as if it were all.
    assert_eq!(his.accounts, None);
    for vendor in ["m365", "slack"] {
        let system = plan
            .systems
            .iter()
            .find(|each| each.id.as_str() == vendor)
            .unwrap();
        let mut known = system.identities.iter();
        let (_, found) = known.find(|(who, _)| *who == his.id).unwrap();
        let id = (service(vendor).id)(alex);
        assert!(
            matches!(found, Identity::Found { id: known } if *known == id),
            "{vendor}: {found:?}"
        );
    }
    // Once the apps, then the users of those that lead to a service: none for each subject.
    let counts = reads(&lab);
    assert_eq!(counts.get("/api/v1/apps"), Some(&1), "{counts:#?}");
    assert_eq!(counts.get("/api/v1/users/*/appLinks"), None);
}
