//! Thousands of incidents in virtual time, each from one seed: faults on the network, crashes
//! at the disk and at the wire, an attacker who fights back; and what must hold in all of them.
//!
//! `OUST_SIMULATE=100000 cargo test --test integration simulation` runs that many, from
//! `OUST_SIMULATE_FROM` on; `OUST_SEED=42` replays one. Seeds that ever failed stay in [`EVER_FAILED`].

mod invariants;
mod plant;
mod schedule;
mod witness;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oust::engine::{Ended, PlanError, Run};
use oust::guard::GuardConfig;
use oust::ledger::{Disk, MemoryStore, RunState, Store};
use oust::model::RunId;
use oust::playbook::CheckedPlaybook;
use oust::transport::Reader;

use crate::lab::Lab;
use invariants::Violation;
use plant::Plant;
use schedule::{Crash, Schedule};
use witness::{Intents, Spy, Witness};

/// Seeds of schedules that once failed.
const EVER_FAILED: &[u64] = &[34, 396, 469, 510, 1422, 1930, 2473, 5073, 8028, 95691];

/// How many schedules every test run makes; CI makes 1,400 others beside them.
const SCHEDULES_MIN: u64 = 600;

/// Lives of the process in one incident; the last one does not crash.
const LIVES_MAX: usize = 4;

/// What a batch of schedules met.
#[derive(Default)]
pub(crate) struct Coverage {
    met: BTreeMap<String, u64>,
}

impl Coverage {
    fn count(&mut self, what: &str, times: u64) {
        *self.met.entry(what.to_owned()).or_default() += times;
    }

    fn add(&mut self, other: &Self) {
        for (what, times) in &other.met {
            self.count(what, *times);
        }
    }

    fn of(&self, what: &str) -> u64 {
        self.met.get(what).copied().unwrap_or(0)
    }
}

/// Runs the incident of one seed to its end, through its crashes, and judges it.
fn incident(seed: u64, plant: Plant, coverage: &mut Coverage) -> Result<(), Violation> {
    incident_told(seed, plant, coverage).0
}

/// The same, with the vendor's journal of it.
fn incident_told(
    seed: u64,
    plant: Plant,
    coverage: &mut Coverage,
) -> (Result<(), Violation>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let schedule = Schedule::of(seed);
        let spy = Arc::new(Spy::new(schedule.crashes.clone()));
        let lab = Lab::tapped(schedule.world(), seed, spy.clone(), schedule.latency_max_ms);
        lab.range.lock().unwrap().faults = schedule.faults();
        let before = invariants::Bystanders::of(&lab, &schedule);
        let intents = Arc::new(Intents::default());
        let mut disk = Disk::default();
        let mut last = None;
        for life in 0..LIVES_MAX {
            spy.begin_life(life, intents.clone());
            let lived = live(&lab, &schedule, plant, life, disk.clone(), &intents).await;
            disk = lived.disk;
            coverage.count(&format!("life ended: {}", lived.how), 1);
            if let Some(outcome) = lived.outcome {
                last = Some(outcome);
                break;
            }
        }
        schedule.cover(&lab, &spy, coverage);
        let journal = lab.range.lock().unwrap().journal.lines();
        let held = match spy.first_violation() {
            Ok(()) => invariants::hold(&lab, &schedule, &before, last.as_ref(), disk).await,
            seen => seen,
        };
        (held, journal)
    })
}

/// What one life of the process came to.
struct Lived {
    disk: Disk,
    how: &'static str,
    outcome: Option<Outcome>,
}

/// How an incident ended.
pub(crate) enum Outcome {
    /// A run closed.
    Closed(Box<RunState>),
    /// It could never be planned; nothing may have been written.
    NoPlan,
}

async fn live(
    lab: &Lab,
    schedule: &Schedule,
    plant: Plant,
    life: usize,
    disk: Disk,
    intents: &Arc<Intents>,
) -> Lived {
    let mut store = MemoryStore::restore(disk);
    if let Some(Crash::Store(point)) = schedule.crashes.get(life) {
        store = store.crash_at(*point);
    }
    let store = Arc::new(store);
    let witness = Arc::new(Witness::new(store.clone(), intents.clone(), plant));
    lab.wire.dead.send_replace(false);
    let mut dead = lab.wire.dead.subscribe();
    let died = async {
        tokio::select! {
            biased;
            () = store.crashed() => {},
            _ = dead.wait_for(|dead| *dead) => {},
        }
    };
    let worked = tokio::select! {
        biased;
        worked = work(lab, schedule, plant, witness) => Some(worked),
        () = died => None,
    };
    let disk = store.snapshot();
    match worked {
        None => Lived {
            disk,
            how: "crash",
            outcome: None,
        },
        Some(Outcome::NoPlan) => Lived {
            disk,
            how: "no plan",
            outcome: Some(Outcome::NoPlan),
        },
        Some(closed) => Lived {
            disk,
            how: "closed",
            outcome: Some(closed),
        },
    }
}

/// What a person does: contain, or resume what is there.
async fn work(lab: &Lab, schedule: &Schedule, plant: Plant, store: Arc<Witness>) -> Outcome {
    let store: Arc<dyn Store> = store;
    let tools = plant.into_tools(schedule.tools(lab, store.clone()));
    // A secret's file is read on another thread: before anything else goes on, so that the
    // order of things never depends on the machine.
    let reader = Reader::new(tools.directory.system.client.clone());
    let _ = tools.directory.directory.org(&reader).await;
    tools.directory.system.client.warm_writes().await;
    for service in &tools.services {
        service.client.warm_reads().await;
        service.client.warm_writes().await;
    }
    let records = store.records(&RunId::new("r_lab")).await.unwrap();
    let run = if records.is_empty() {
        let playbook: CheckedPlaybook = schedule.playbook();
        let mut planned = None;
        // Faults on the way to a plan run out; a person tries again.
        for _ in 0..6 {
            let mut request = lab.request(&schedule.who());
            request.grace = schedule.grace;
            let limits = GuardConfig::default();
            match oust::engine::plan(&tools, &playbook, &limits, request).await {
                Ok(prepared) => {
                    planned = Some(prepared);
                    break;
                }
                Err(PlanError::Nobody | PlanError::NoSuchSystem(_)) => unreachable!(),
                Err(_) => {}
            }
        }
        let Some(prepared) = planned else {
            return Outcome::NoPlan;
        };
        let start = lab.start(&prepared.plan, prepared.snapshot);
        Run::begin(tools, prepared.plan, start).await.unwrap()
    } else {
        let plan = RunState::of(&records).plan.unwrap();
        let start = lab.start(&plan, oust::engine::Snapshot::default());
        Run::resume(tools, RunState::of(&records), start)
            .await
            .unwrap()
    };
    let ended = run.carry_out().await;
    assert!(matches!(ended, Ended::Closed(_)));
    Outcome::Closed(Box::new(run.state()))
}

/// The seeds asked for.
fn wanted() -> std::ops::Range<u64> {
    let asked = |name: &str| std::env::var(name).ok()?.parse().ok();
    let from: u64 = asked("OUST_SIMULATE_FROM").unwrap_or(0);
    from..from + asked("OUST_SIMULATE").unwrap_or(SCHEDULES_MIN)
}

type Batch = (Coverage, Vec<(u64, Violation)>);

/// Runs every seed once, on as many threads as there are processors: an incident shares nothing
/// with another, and has a time of its own.
fn side_by_side(seeds: &[u64]) -> Vec<Batch> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let batch = || {
            let mut coverage = Coverage::default();
            let mut failed = Vec::new();
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(violation) = incident(*seed, Plant::Nothing, &mut coverage) {
                    failed.push((*seed, violation));
                }
            }
            (coverage, failed)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(batch)).collect();
        let ended = running.into_iter().map(|each| each.join().unwrap());
        ended.collect()
    })
}

fn replay(seed: u64) -> String {
    format!(
        "OUST_SEED={seed} cargo test --test integration simulation::what_must_hold -- --nocapture"
    )
}

#[test]
fn what_must_hold_holds_in_every_schedule() {
    let mut coverage = Coverage::default();
    if let Some(seed) = std::env::var("OUST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        let result = incident(seed, Plant::Nothing, &mut coverage);
        println!("{:#?}", coverage.met);
        result.unwrap_or_else(|violation| panic!("{violation}"));
        return;
    }
    let seeds: Vec<u64> = EVER_FAILED.iter().copied().chain(wanted()).collect();
    let (count, mut failed) = (seeds.len(), Vec::new());
    for (met, broken) in side_by_side(&seeds) {
        coverage.add(&met);
        failed.extend(broken);
    }
    failed.sort_by_key(|(seed, _)| *seed);
    if let Some((seed, violation)) = failed.first() {
        let all: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
        panic!(
            "seeds {all:?} failed; {seed}: {violation}\nreplay: {}",
            replay(*seed)
        );
    }
    println!("{count} schedules\n{:#?}", coverage.met);
    for what in schedule::everything_to_meet() {
        let times = coverage.of(&what);
        assert!(times >= 20, "`{what}` was met {times} times only");
    }
}

#[test]
fn planted_bugs_are_found() {
    for plant in [
        Plant::SkipLastClear,
        Plant::TrustAnswers,
        Plant::LoseIntents,
    ] {
        let mut coverage = Coverage::default();
        let found = (0..400).find(|seed| incident(*seed, plant, &mut coverage).is_err());
        assert!(found.is_some(), "{plant:?} went unnoticed in 400 schedules");
    }
}

#[test]
fn a_seed_replays_to_the_letter() {
    for seed in [7, 34, 469, 2473, 3, 12, 300] {
        let journal = || {
            let mut coverage = Coverage::default();
            incident_told(seed, Plant::Nothing, &mut coverage).1
        };
        let first = journal();
        for _ in 0..8 {
            let again = journal();
            let differs = first.lines().zip(again.lines()).position(|(a, b)| a != b);
            let told = differs.map(|at| (first.lines().nth(at), again.lines().nth(at)));
            assert_eq!(again, first, "seed {seed} differs first at {told:?}");
        }
    }
}
