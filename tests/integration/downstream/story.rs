//! One incident at all systems, from plan to report, and what is asked of it afterwards.

use std::sync::{Arc, MutexGuard};

use jiff::tz::TimeZone;
use oust::engine::{Ended, PlanRequest, Run, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::{ChangeState, MemoryStore, RunState};
use oust::model::{ActionId, Skip, SystemId, Verdict};
use oust::report::{Report, Style, SubjectSystem, result_screen};
use oust_mocks::{Faults, Range, World};

use crate::lab::{Lab, NoTap, shipped};

pub(crate) const ALEX: &str = "alex@contoso.example";

/// A laboratory, and the tools of one incident in it.
pub(super) struct Story {
    pub(super) lab: Lab,
    pub(super) tools: Tools,
}

impl Story {
    /// Nothing takes time on the way, so that two incidents can be compared by their times.
    pub(super) fn of(world: World) -> Self {
        Self::slow(world, 7, 0)
    }

    /// Every way there and back takes up to so many milliseconds: time for an intruder to move.
    pub(super) fn slow(world: World, seed: u64, latency_max_ms: u64) -> Self {
        let lab = Lab::tapped(world, seed, Arc::new(NoTap), latency_max_ms);
        let tools = lab.with_services(Arc::new(MemoryStore::new()));
        Self { lab, tools }
    }

    /// What goes wrong, in the mock's own notation.
    pub(super) fn faults(self, rules: &str) -> Self {
        self.range().faults = Faults::parse(rules).unwrap();
        self
    }

    pub(super) fn range(&self) -> MutexGuard<'_, Range> {
        self.lab.range.lock().unwrap()
    }

    pub(super) fn request(&self, who: &[&str]) -> PlanRequest {
        self.lab.request(who)
    }

    /// From plan to report, along the playbook for a takeover.
    pub(super) async fn contain(&self, request: PlanRequest) -> Told {
        let playbook = shipped("account-takeover");
        let limits = GuardConfig::default();
        let prepared = plan(&self.tools, &playbook, &limits, request)
            .await
            .unwrap();
        let start = self.lab.start(&prepared.plan, prepared.snapshot);
        let run = Run::begin(self.tools.clone(), prepared.plan, start)
            .await
            .unwrap();
        let ended = run.carry_out().await;
        Told::of(ended, run.state())
    }

    /// Goes on with the run that `told` tells of.
    pub(super) async fn resume(&self, told: &Told) -> Told {
        let run = &told.state.plan.as_ref().unwrap().run;
        let state = self.tools.store.state(run).await.unwrap();
        let plan = told.state.plan.clone().unwrap();
        let start = self.lab.start(&plan, oust::engine::Snapshot::default());
        let run = Run::resume(self.tools.clone(), state, start).await.unwrap();
        let ended = run.carry_out().await;
        Told::of(ended, run.state())
    }

    /// When Okta was first written to, and last asked to clear sessions: milliseconds.
    pub(super) fn evicted(&self) -> (i64, i64) {
        let range = self.range();
        let writes = range.journal.writes();
        let mut okta = writes.iter().filter(|entry| entry.system == "okta");
        let clears = okta
            .clone()
            .filter(|entry| entry.method == "DELETE" && entry.path.ends_with("/sessions"));
        let first = okta.next().expect("something was written").at_ms;
        (first, clears.map(|entry| entry.at_ms).max().unwrap())
    }

    pub(super) fn writes_at(&self, vendor: &str) -> Vec<String> {
        let range = self.range();
        let writes = range.journal.writes();
        let here = writes.iter().filter(|entry| entry.system == vendor);
        here.map(|entry| format!("{} {}", entry.method, entry.path))
            .collect()
    }

    pub(super) fn journal(&self) -> String {
        self.range().journal.lines()
    }
}

/// What a run and its report say.
pub(crate) struct Told {
    pub(crate) state: RunState,
    pub(crate) verdict: Verdict,
    pub(crate) report: Report,
    /// The result screen, its lines joined: what it says may be wrapped anywhere.
    pub(crate) screen: String,
}

impl Told {
    pub(crate) fn of(ended: Ended, state: RunState) -> Self {
        let actions = |id: &ActionId| {
            let vendor = oust::connectors::vendors().find(|vendor| vendor.id == id.vendor())?;
            vendor.action(id.verb())
        };
        let report = Report::of(&state, &actions, &SystemId::new("okta"));
        assert_eq!(ended, Ended::Closed(report.verdict), "one word");
        let screen = result_screen(&report, &TimeZone::UTC, None, Style::default());
        Self {
            verdict: report.verdict,
            screen: screen.split_whitespace().collect::<Vec<_>>().join(" "),
            state,
            report,
        }
    }

    /// The only subject at one system.
    pub(crate) fn at(&self, vendor: &str) -> &SubjectSystem {
        let [who] = &self.report.subjects[..] else {
            panic!("{} subjects", self.report.subjects.len())
        };
        let mut systems = who.systems.iter();
        systems
            .find(|each| each.id.as_str() == vendor)
            .unwrap_or_else(|| panic!("the report does not name {vendor}"))
    }

    /// Who he is there, as the report has it.
    pub(crate) fn identity(&self, vendor: &str) -> String {
        format!("{:?}", self.at(vendor).identity)
    }

    /// Why the plan's steps at a system do nothing.
    pub(crate) fn skips(&self, vendor: &str) -> Vec<Skip> {
        let plan = self.state.plan.as_ref().unwrap();
        let here = plan.steps().filter(|step| step.system.as_str() == vendor);
        here.filter_map(|step| step.subjects[0].skip.clone())
            .collect()
    }

    /// Changes of which `is` holds, in words.
    pub(crate) fn changes(&self, is: impl Fn(&ChangeState) -> bool) -> Vec<String> {
        let all = self.state.changes().iter().filter(|each| is(each));
        all.map(|each| format!("{}: {}", each.change.system, each.change.sentence))
            .collect()
    }
}
