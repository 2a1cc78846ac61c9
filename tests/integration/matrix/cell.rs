//! One cell: one place, one fault, once or for good; and what was seen of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use oust::engine::{Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::{Judge, MemoryStore, RunState};
use oust::model::{ActionId, SystemId, Verdict};
use oust::playbook::{CheckedPlaybook, check, find};
use oust_mocks::world::ALEX;
use oust_mocks::{Faults, Range, World};

use crate::lab::services::{everybody, services};
use crate::lab::{Lab, NoTap};

/// Whom every cell is about.
pub(super) const ALEX_LOGIN: &str = "alex@contoso.example";

/// The longest way there or back, milliseconds.
const LATENCY_MAX_MS: u64 = 10;

/// A person who gets no plan asks once more.
const PLANS_MAX: usize = 2;

/// What is for good will not get better: proofs are waited for so long.
const PROVE_FOR: Duration = Duration::from_secs(20);

/// "For good" is so many matches from the first on.
const FOR_GOOD: u32 = 60;

/// A request of the product's that something happens to.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// What it does, for people.
    pub(super) name: &'static str,
    /// A shipped playbook's name, or the text of one of ours.
    pub(super) playbook: &'static str,
    /// The service that is asked; empty for Okta, behind which nothing is open then.
    pub(super) at: &'static str,
    /// Where it plays.
    pub(super) world: fn() -> World,
    pub(super) method: &'static str,
    /// A part of the path.
    pub(super) path: &'static str,
    /// Parts of longer paths that hold `path`, too, and are not meant.
    pub(super) but_not: &'static [&'static str],
    /// Which match is the first to meet the fault.
    pub(super) from: u32,
    /// What `contained` must mean here.
    pub(super) truth: fn(&Range) -> Result<(), String>,
}

/// How often it happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Once,
    ForGood,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Once => "once",
            Self::ForGood => "for good",
        })
    }
}

/// What one cell came to.
pub(super) struct Seen {
    /// The last plan's error, if no plan came.
    pub(super) no_plan: Option<String>,
    /// How many plans it took.
    pub(super) plans: usize,
    /// The run as it closed.
    pub(super) state: Option<RunState>,
    /// Virtual time from the first read to the verdict.
    pub(super) took: Duration,
    /// How often the fault was shown.
    pub(super) shown: u32,
    /// Writes by `METHOD path`.
    pub(super) writes: BTreeMap<String, usize>,
    /// Whether what `contained` claims is so.
    pub(super) truth: Result<(), String>,
    /// Who else was touched.
    pub(super) touched: Vec<String>,
    /// For a failing test to print.
    pub(super) journal: String,
}

impl Seen {
    /// The subject's own: what the intruder planted outside the account is for the few playbooks
    /// that take it away.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let state = self
            .state
            .as_ref()
            .filter(|state| state.verdict.is_some())?;
        let actions = |id: &ActionId| {
            let vendor = oust::connectors::vendors().find(|vendor| vendor.id == id.vendor())?;
            vendor.action(id.verb())
        };
        let home = SystemId::new("okta");
        let judge = Judge::of(state, &actions, &home)?;
        let subjects = judge.plan.case.subjects.iter();
        subjects.map(|who| judge.subject(&who.id).verdict()).max()
    }

    /// The verdict in one word, for the table.
    pub(super) fn word(&self) -> &'static str {
        self.verdict().map_or("no plan", Verdict::word)
    }
}

/// Runs the playbook of `place` against `fault`; without one it is the baseline.
pub(super) fn run(place: &Place, fault: Option<(&str, How)>) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(live(place, fault))
}

async fn live(place: &Place, fault: Option<(&str, How)>) -> Seen {
    let lab = Lab::tapped((place.world)(), 7, Arc::new(NoTap), LATENCY_MAX_MS);
    let before = others(&lab.range.lock().unwrap());
    let (rules, first) = fault.map_or((Faults::default(), 0), |(kind, how)| {
        (rules(place, kind, how), place.but_not.len())
    });
    lab.range.lock().unwrap().faults = rules;
    let store = Arc::new(MemoryStore::new());
    let tools = match place.at {
        "" => lab.tools(store),
        _ => lab.with_services(store),
    };
    let playbook = playbook(place.playbook);
    let limits = GuardConfig::default();
    let mut no_plan = None;
    let mut prepared = None;
    let mut plans = 0;
    while prepared.is_none() && plans < PLANS_MAX {
        plans += 1;
        match plan(&tools, &playbook, &limits, lab.request(&[ALEX_LOGIN])).await {
            Ok(good) => (prepared, no_plan) = (Some(good), None),
            Err(error) => no_plan = Some(error.to_string()),
        }
    }
    let mut state = None;
    if let Some(prepared) = prepared {
        let mut start = lab.start(&prepared.plan, prepared.snapshot);
        if fault.is_some_and(|(_, how)| how == How::ForGood) {
            start.prove_for = Some(PROVE_FOR);
        }
        let run = Run::begin(tools, prepared.plan, start).await.unwrap();
        run.carry_out().await;
        state = Some(run.state());
    }
    let took = lab.clock.elapsed();
    let range = lab.range.lock().unwrap();
    let mut writes = BTreeMap::new();
    for entry in range.journal.writes() {
        let line = format!("{} {}", entry.method, entry.path);
        *writes.entry(line).or_default() += 1;
    }
    let now = others(&range);
    Seen {
        no_plan,
        plans,
        state,
        took,
        shown: range.faults.shown().iter().skip(first).sum(),
        writes,
        truth: (place.truth)(&range),
        touched: before
            .into_iter()
            .filter(|(id, digest)| now.get(id) != Some(digest))
            .map(|(id, _)| id)
            .collect(),
        journal: range.journal.lines(),
    }
}

/// Everybody but alex, as he is, at every system.
fn others(range: &Range) -> BTreeMap<String, String> {
    let ids = range.okta.users.keys().filter(|id| *id != ALEX);
    let mut all: BTreeMap<String, String> = ids
        .map(|id| (id.clone(), range.okta.user_digest(id)))
        .collect();
    all.extend(everybody(range));
    for service in services() {
        all.remove(&format!("{} {}", service.vendor, (service.id)(ALEX_LOGIN)));
    }
    all
}

/// The mock's own notation for it.
fn rules(place: &Place, kind: &str, how: How) -> Faults {
    let Place { path, from, .. } = place;
    let method = format!("{} {}", place.at, place.method);
    let method = method.trim_start();
    // The first rule that fits decides: this one lets pass what is not meant.
    let pass = place
        .but_not
        .iter()
        .map(|other| format!("{method} {other}=latency:0"));
    let met: Vec<String> = match (how, from) {
        (How::Once, 1) => vec![format!("{method} {path}*1={kind}")],
        (How::Once, nth) => vec![format!("{method} {path}#{nth}={kind}")],
        (How::ForGood, 1) => vec![format!("{method} {path}={kind}")],
        (How::ForGood, from) => (*from..from + FOR_GOOD)
            .map(|nth| format!("{method} {path}#{nth}={kind}"))
            .collect(),
    };
    let all: Vec<String> = pass.chain(met).collect();
    Faults::parse(&all.join(",")).unwrap()
}

fn playbook(name_or_text: &str) -> CheckedPlaybook {
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    if name_or_text.contains('\n') {
        check("ours.yaml", name_or_text, &vendors).unwrap_or_else(|wrong| panic!("{wrong}"))
    } else {
        find(name_or_text, &vendors).unwrap_or_else(|wrong| panic!("{wrong}"))
    }
}
