//! Hundreds of releases in virtual time, each from one seed: faults on the network, the process
//! dying at the disk and at the wire, up to three times; and what must hold in all of them.
//!
//! `OUST_RELEASES=5000 cargo test --test integration release::seeds` runs that many, and
//! `OUST_SEED=42` replays one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use oust::engine::{Run, Snapshot};
use oust::given::Rng as _;
use oust::ledger::{Archive as _, Disk, MemoryStore, RunState, Store as _};
use oust::model::{RunId, Verdict};
use oust_mocks::world::ALEX;
use oust_mocks::{Range, Request, World};

use super::story::{ALEX_LOGIN, LOOKED_AT, Story, alarm};
use crate::downstream::story::Told;
use crate::lab::{LabRng, Tap};

const SEEDS_MIN: u64 = 150;

/// Lives of the process; nothing happens to the last one.
const LIVES: usize = 4;

const KINDS: &[&str] = &[
    "lie_ok",
    "forbidden",
    "internal",
    "html_502",
    "throttle_concurrency",
    "timeout_before",
    "timeout_after",
    "cut_before_effect",
    "cut_after_effect",
    "reset_mid_body",
];

const PLACES: &[&str] = &[
    "okta POST unsuspend",
    "okta POST reset_password",
    "okta POST lifecycle/suspend",
    "okta DELETE /sessions",
    "okta DELETE /groups",
    "okta GET /api/v1/users",
    "okta GET /api/v1/logs",
    "salesforce PATCH",
    "aws POST",
];

/// Dies at one request, or never.
#[derive(Default)]
struct Wire(Mutex<Option<(u64, bool)>>);

impl Wire {
    fn arm(&self, at: Option<(u64, bool)>) {
        *self.0.lock().unwrap() = at;
    }

    fn dies(&self, after: bool) -> bool {
        let mut armed = self.0.lock().unwrap();
        match &mut *armed {
            Some((left, then)) if *then == after => {
                *left = left.saturating_sub(1);
                let now = *left == 0;
                if now {
                    *armed = None;
                }
                now
            }
            _ => false,
        }
    }
}

impl Tap for Wire {
    fn before(&self, _: &Request, _: &Range) -> bool {
        self.dies(false)
    }

    fn after(&self, _: &Request, _: &Range) -> bool {
        self.dies(true)
    }
}

fn world(rng: &LabRng) -> (World, bool) {
    match rng.below(4) {
        0 => (super::world().status(ALEX_LOGIN, "LOCKED_OUT"), false),
        1 => (crate::lab::services::contoso(), true),
        _ => (super::world(), false),
    }
}

/// What `released` claims of this world.
fn truth(story: &Story, services: bool) -> Result<(), String> {
    let status = story.status();
    let range = story.range();
    if status != "RECOVERY" {
        return Err(format!("the account is {status}"));
    }
    if range.okta.is_quarantined(ALEX) {
        return Err("he is still in the quarantine group".into());
    }
    let id = oust_mocks::accounts::salesforce_id(ALEX_LOGIN);
    if services && range.salesforce.users[&id].is_frozen {
        return Err("he is still frozen".into());
    }
    Ok(())
}

fn others(story: &Story) -> BTreeMap<String, String> {
    let range = story.range();
    let ids = range.okta.users.keys().filter(|id| *id != ALEX);
    ids.map(|id| (id.clone(), range.okta.user_digest(id)))
        .collect()
}

/// One life: plans if nothing is recorded, else goes on; `None` if it died.
async fn live(story: &mut Story, store: &Arc<MemoryStore>) -> Option<Option<Told>> {
    let mut tools = story.tools.clone();
    tools.store = store.clone();
    let mut dead = story.lab.wire.dead.subscribe();
    let records = store.records(&RunId::new("r_back")).await.unwrap();
    let work = async {
        let run = if records.is_empty() {
            let Ok(mut plan) = story.plan(LOOKED_AT).await else {
                return None;
            };
            plan.run = RunId::new("r_back");
            if oust::engine::is_refused(&plan) {
                return None;
            }
            let mut start = story.lab.start(&plan, Snapshot::default());
            start.handover = Some(story.hands.clone());
            Run::begin(tools, plan, start).await.unwrap()
        } else {
            let plan = RunState::of(&records).plan.unwrap();
            let mut start = story.lab.start(&plan, Snapshot::default());
            start.handover = Some(story.hands.clone());
            Run::resume(tools, RunState::of(&records), start)
                .await
                .unwrap()
        };
        let ended = run.carry_out().await;
        Some(Told::of(ended, run.state()))
    };
    tokio::select! {
        biased;
        () = store.crashed() => None,
        _ = dead.wait_for(|dead| *dead) => None,
        told = work => Some(told),
    }
}

async fn incident(seed: u64) -> Result<&'static str, String> {
    let rng = LabRng::new(seed);
    let wire = Arc::new(Wire::default());
    let (world, services) = world(&rng);
    let mut story = Story::after(world, "account-takeover", services, wire.clone()).await;
    let before = others(&story);
    let mut disk = Disk::default();
    let mut met = "no trouble";
    for life in 0..LIVES {
        let last = life + 1 == LIVES;
        let mut store = MemoryStore::restore(disk);
        let rules: Vec<String> = (0..rng.below(3))
            .map(|_| {
                let place = PLACES[usize::try_from(rng.below(PLACES.len() as u64)).unwrap()];
                let kind = KINDS[usize::try_from(rng.below(KINDS.len() as u64)).unwrap()];
                // More often than a call is made anew.
                let times = 1 + rng.below(10);
                format!("{place}*{times}={kind}")
            })
            .collect();
        story.faults(&if last { String::new() } else { rules.join(",") });
        let (how, nth) = (rng.below(3), 1 + rng.below(40));
        match how {
            0 if !last => store = store.crash_at(nth.div_ceil(2)),
            1 if !last => wire.arm(Some((nth, rng.below(2) == 0))),
            _ => {}
        }
        story.lab.wire.dead.send_replace(false);
        let store = Arc::new(store);
        let lived = live(&mut story, &store).await;
        wire.arm(None);
        disk = store.snapshot();
        if others(&story) != before {
            return Err("somebody else was touched".into());
        }
        match lived {
            None => met = "crash",
            Some(None) if last => return Err("no plan in the last life".into()),
            Some(None) => {}
            Some(Some(told)) => {
                if told.verdict == Verdict::Released {
                    truth(&story, services).map_err(|why| format!("`released`, but {why}"))?;
                    let kept = MemoryStore::restore(disk);
                    let verified = kept.verify(None).await.unwrap();
                    return match verified.is_good() {
                        true => Ok(met),
                        false => Err(verified.sentence()),
                    };
                }
                let open = story.status() == "ACTIVE";
                if open && !alarm(&told.report, "open_with_old_password") {
                    return Err(format!(
                        "open with its old password, unsaid: {}",
                        told.screen
                    ));
                }
                if last {
                    return Err(format!("not ended by the last life: {}", told.screen));
                }
                met = "partial";
            }
        }
    }
    Err("the last life did not end".into())
}

#[test]
fn what_must_hold_of_releases_holds_in_every_schedule() {
    let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds: Vec<u64> = match asked("OUST_SEED") {
        Some(one) => vec![one],
        None => (0..asked("OUST_RELEASES").unwrap_or(SEEDS_MIN)).collect(),
    };
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for seed in &seeds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        match runtime.block_on(incident(*seed)) {
            Ok(what) => *met.entry(what).or_default() += 1,
            Err(why) => broken.push(format!("OUST_SEED={seed}: {why}")),
        }
    }
    let shown: Vec<&str> = broken.iter().take(5).map(String::as_str).collect();
    assert!(
        broken.is_empty(),
        "{} of {}\n{}",
        broken.len(),
        seeds.len(),
        shown.join("\n")
    );
    println!("{} releases: {met:?}", seeds.len());
    for what in ["crash", "partial", "no trouble"] {
        let times = met.get(what).copied().unwrap_or(0);
        assert!(
            seeds.len() == 1 || times >= 10,
            "{what} was met {times} times only"
        );
    }
}
