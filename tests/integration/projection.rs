//! What a run of many is said to take, and what it takes. The projection knows the plan, the quotas
//! and the pace of answers while it was planned; it is made before the run begins and never sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::engine::{Ended, MassOrder, Observer, Prepared, Projection, Run, Tools, plan, project};
use oust::guard::GuardConfig;
use oust::ledger::{ChangeState, Event, MemoryStore, RunState};
use oust::model::{ChangeId, Chosen, GuardName, Lift, ProofState, SystemId, Utc, Verdict};
use oust_mocks::World;
use oust_mocks::okta::state::Factor;

use crate::lab::services::contoso;
use crate::lab::{Lab, NOON, NoTap, shipped};
use crate::turns::Canary;

/// How far a projection may be off, in percent.
const OFF_MAX: u64 = 10;

/// How far a time of seconds may be off: the answers to one account vary by as much.
const OFF_MS: u64 = 500;

#[tokio::test(start_paused = true)]
async fn a_run_under_a_short_quota_takes_what_was_projected() {
    // 300 requests a minute for us, of which planning has used up most of a window.
    let lab = Lab::tapped(World::contoso(NOON).crowd(300), 7, Arc::new(NoTap), 100);
    limit(&lab, "api", 600);
    let (tools, prepared) = planned(&lab, 300).await;
    let projected = project(&tools, &prepared.plan).unwrap();
    let tightest = projected.tightest.clone().unwrap();
    assert_eq!(
        (tightest.bucket.as_str(), tightest.limit),
        ("api", 300),
        "{projected:#?}"
    );
    assert!(tightest.raise.contains("half of the org's limit"));
    let measured = Measured::of(&lab, tools, prepared).await;
    // Far beyond what answers alone would take, or nothing was shown.
    assert!(measured.evicted > Duration::from_secs(100));
    measured.agrees_with(&projected);
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_suspends_everybody_before_anybody_is_cleared() {
    let lab = Lab::tapped(World::contoso(NOON).crowd(200), 7, Arc::new(NoTap), 100);
    limit(&lab, "api", 300);
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    tools.mass_order = MassOrder::SuspendsFirst(Arc::new(Canary(Some(true))));
    let prepared = planned_by(&lab, &tools, 200, Vec::new()).await;
    assert!(prepared.plan.suspends_first.is_some());
    let projected = project(&tools, &prepared.plan).unwrap();
    // Two hundred suspensions take more than a window of a hundred and fifty.
    assert!(projected.evicted.unwrap().first_ms > 60_000);
    let measured = Measured::of(&lab, tools, prepared).await;
    measured.agrees_with(&projected);
    let first_ms = u64::try_from(measured.first_evicted.as_millis()).unwrap();
    let off_ms = first_ms.abs_diff(projected.evicted.unwrap().first_ms);
    assert!(
        off_ms <= first_ms * OFF_MAX / 100,
        "{first_ms} ms, off {off_ms}"
    );
}

#[tokio::test(start_paused = true)]
async fn so_does_one_under_a_fresh_quota_with_more_to_write_for_each() {
    let enrolled = NOON - 30 * 60 * 1000;
    let mut world = World::contoso(NOON).crowd(150);
    for n in 1..=150 {
        world = world.user(&login(n), |user| {
            let factor = Factor {
                id: format!("smsCrowd{n:012}"),
                kind: "sms".into(),
                provider: "OKTA".into(),
                status: "ACTIVE".into(),
                created_ms: enrolled,
                last_updated_ms: enrolled,
                name: String::new(),
                phone: Some("+15550100147".into()),
                intruder: true,
            };
            user.factors.insert(factor.id.clone(), factor);
        });
    }
    let lab = Lab::tapped(world, 11, Arc::new(NoTap), 300);
    limit(&lab, "api", 400);
    let (tools, prepared) = planned(&lab, 150).await;
    // The plan is read before it is agreed to: by then every window has reset.
    lab.clock.sleep(Duration::from_secs(150)).await;
    let projected = project(&tools, &prepared.plan).unwrap();
    let measured = Measured::of(&lab, tools, prepared).await;
    assert!(measured.contained > Duration::from_secs(300));
    measured.agrees_with(&projected);
}

#[tokio::test(start_paused = true)]
async fn and_one_that_no_quota_binds_takes_as_long_as_its_answers() {
    let lab = Lab::tapped(World::contoso(NOON).crowd(300), 3, Arc::new(NoTap), 400);
    for bucket in ["api", "users", "users/id:get", "logs", "oauth2"] {
        limit(&lab, bucket, 1_000_000);
    }
    let (tools, prepared) = planned(&lab, 300).await;
    let projected = project(&tools, &prepared.plan).unwrap();
    let measured = Measured::of(&lab, tools, prepared).await;
    assert!(measured.ended < Duration::from_secs(60));
    measured.agrees_with(&projected);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_tells_no_quota_is_paced_as_projected() {
    let lab = Lab::tapped(contoso().crowd(200), 5, Arc::new(NoTap), 100);
    for bucket in ["api", "users", "users/id:get", "logs", "oauth2"] {
        limit(&lab, bucket, 1_000_000);
    }
    for n in 1..=200 {
        // Known there under his login, as it is told below.
        let mut range = lab.range.lock().unwrap();
        let mut person = range.gtr.people.values().next().unwrap().clone();
        person.id = login(n);
        person.email = login(n);
        person.sub = format!("00uCrowd{n:09}5d7");
        range.gtr.people.insert(login(n), person);
    }
    let mut tools = lab.with_services(Arc::new(MemoryStore::new()));
    tools.services.retain(|system| system.id.vendor() == "gtr");
    let chosen = (1..=200).map(|n| Chosen {
        who: login(n),
        system: SystemId::new("gtr"),
        id: login(n),
    });
    let prepared = planned_by(&lab, &tools, 200, chosen.collect()).await;
    let projected = project(&tools, &prepared.plan).unwrap();
    let tightest = projected.tightest.clone().unwrap();
    assert_eq!(tightest.system.as_str(), "gtr");
    let measured = Measured::of(&lab, tools, prepared).await;
    // A minute's worth at once, and the rest one a second.
    assert!(measured.contained > Duration::from_secs(120));
    measured.agrees_with(&projected);
}

fn login(n: usize) -> String {
    format!("crowd-{n:05}@contoso.example")
}

/// What the whole org gets of a bucket in a minute; one principal gets half of it.
fn limit(lab: &Lab, bucket: &str, of_org: u32) {
    let mut range = lab.range.lock().unwrap();
    range.okta.limits.overrides.insert(bucket.into(), of_org);
}

async fn planned(lab: &Lab, n: usize) -> (Tools, Prepared) {
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let prepared = planned_by(lab, &tools, n, Vec::new()).await;
    (tools, prepared)
}

async fn planned_by(lab: &Lab, tools: &Tools, n: usize, chosen: Vec<Chosen>) -> Prepared {
    let logins: Vec<String> = (1..=n).map(login).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = vec![Lift {
        guard: GuardName::CapRun,
        reason: "half the company was phished".into(),
        by: "kim".into(),
    }];
    request.identities = chosen;
    let (playbook, guards) = (shipped("account-takeover"), GuardConfig::default());
    plan(tools, &playbook, &guards, request).await.unwrap()
}

/// What a run took, from its consent on.
struct Measured {
    first_evicted: Duration,
    evicted: Duration,
    contained: Duration,
    ended: Duration,
    calls: u64,
}

impl Measured {
    async fn of(lab: &Lab, tools: Tools, prepared: Prepared) -> Self {
        let seen = Arc::new(Seen::default());
        let start = lab.start_watched(&prepared.plan, prepared.snapshot, seen.clone());
        let requests = || lab.range.lock().unwrap().journal.entries().len();
        let (began, before) = (lab.clock.now(), requests());
        let run = Run::begin(tools, prepared.plan, start).await.unwrap();
        let ended = run.carry_out().await;
        // What an app does that cannot be asked leaves the verdict open; it takes no longer for it.
        assert!(matches!(ended, Ended::Closed(_)), "{ended:?}");
        if run.state().changes().iter().all(ChangeState::is_proven) {
            assert_eq!(ended, Ended::Closed(Verdict::Contained));
        }
        let ended = lab.clock.now().since(began);
        let state = run.state();
        let clears = state
            .changes()
            .iter()
            .filter(|each| each.change.action.verb() == "clear_sessions")
            .filter_map(|each| each.answered_at);
        Self {
            first_evicted: clears.clone().min().unwrap().since(began),
            evicted: clears.max().unwrap().since(began),
            contained: seen.contained_at().since(began),
            ended,
            calls: u64::try_from(requests() - before).unwrap(),
        }
    }

    fn agrees_with(&self, projected: &Projection) {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        let evicted = projected.evicted.unwrap();
        let pairs = [
            ("evicted", ms(self.evicted), evicted.all_ms),
            ("contained", ms(self.contained), projected.contained.all_ms),
            ("ended", ms(self.ended), projected.ended_ms),
            ("calls", self.calls, projected.calls),
        ];
        for (what, measured, projected) in pairs {
            let few_ms = if what == "calls" { 0 } else { OFF_MS };
            assert!(
                measured.abs_diff(projected) <= (measured * OFF_MAX / 100).max(few_ms),
                "{what}: {measured} measured, {projected} projected"
            );
        }
    }
}

/// Watches a run.
#[derive(Default)]
struct Seen(Mutex<Moments>);

/// When the last write was over, and when each change was first settled: the last look proves
/// locks once more.
#[derive(Default)]
struct Moments {
    written: Option<Utc>,
    proven: BTreeMap<ChangeId, Utc>,
}

impl Seen {
    fn contained_at(&self) -> Utc {
        let seen = self.0.lock().unwrap();
        let proven = seen.proven.values().copied();
        proven.chain(seen.written).max().unwrap()
    }
}

fn is_settled(state: ProofState) -> bool {
    matches!(state, ProofState::Proven | ProofState::Unverifiable)
}

impl Observer for Seen {
    fn saw(&self, at: Utc, event: &Event, _: &RunState) {
        let mut seen = self.0.lock().unwrap();
        match event {
            Event::WritesEnded => {
                seen.written.get_or_insert(at);
            }
            Event::Proved { change, proof } if is_settled(proof.state) => {
                seen.proven.entry(change.clone()).or_insert(at);
            }
            _ => {}
        }
    }
}
