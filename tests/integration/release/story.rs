//! One account, contained and then given back, and what is asked of both.

use std::sync::{Arc, MutexGuard};

use jiff::tz::TimeZone;
use oust::engine::{
    Ended, ReleaseError, ReleaseRequest, Run, Snapshot, Tools, Younger, plan_release,
};
use oust::ledger::{MemoryStore, RunState};
use oust::model::{GuardName, Lift, NewPassword, Plan, RunId, Scope, Source, UserId, Verdict};
use oust::report::{Report, Style, plan_screen};
use oust_mocks::{Faults, Range, World};

use crate::downstream::story::Told;
use crate::hands::Hands;
use crate::lab::services::contoso;
use crate::lab::{Lab, NoTap, Tap};

pub(super) const ALEX_LOGIN: &str = "alex@contoso.example";

/// What a person lifts who has looked at everything that the intruder left.
pub(super) const LOOKED_AT: &[GuardName] = &[GuardName::PlantedOpen, GuardName::AssignmentsOpen];

/// A laboratory in which alex was contained.
pub(super) struct Story {
    pub(super) lab: Lab,
    pub(super) tools: Tools,
    pub(super) hands: Arc<Hands>,
    pub(super) contained: RunState,
    pub(super) earlier: Vec<RunState>,
    pub(super) younger: Vec<Younger>,
    releases: usize,
}

impl Story {
    /// Alex is contained at all systems, along the playbook for a takeover.
    pub(super) async fn contained() -> Self {
        Self::after(contoso(), "account-takeover", true, Arc::new(NoTap)).await
    }

    /// The same at Okta alone.
    pub(super) async fn at_okta() -> Self {
        Self::at_okta_in(super::world()).await
    }

    /// The same in a world of one's own.
    pub(super) async fn at_okta_in(world: World) -> Self {
        Self::after(world, "account-takeover", false, Arc::new(NoTap)).await
    }

    pub(super) async fn after(
        world: World,
        playbook: &str,
        services: bool,
        tap: Arc<dyn Tap>,
    ) -> Self {
        let lab = Lab::tapped(world, 7, tap, 0);
        let store = Arc::new(MemoryStore::new());
        let tools = match services {
            true => lab.with_services(store),
            false => lab.tools(store),
        };
        let (ended, contained) = lab.contain(&tools, &[ALEX_LOGIN], playbook).await;
        assert!(matches!(ended, Ended::Closed(_)), "{ended:?}");
        Self {
            lab,
            tools,
            hands: Arc::default(),
            contained,
            earlier: Vec::new(),
            younger: Vec::new(),
            releases: 0,
        }
    }

    pub(super) fn range(&self) -> MutexGuard<'_, Range> {
        self.lab.range.lock().unwrap()
    }

    pub(super) fn faults(&self, rules: &str) {
        self.range().faults = Faults::parse(rules).unwrap();
    }

    pub(super) fn alex(&self) -> UserId {
        UserId::new(oust_mocks::world::ALEX)
    }

    /// How the directory has his account.
    pub(super) fn status(&self) -> String {
        self.range().okta.user(ALEX_LOGIN).unwrap().status.clone()
    }

    /// The plan of a release with these guards lifted.
    pub(super) async fn plan(&mut self, lifted: &[GuardName]) -> Result<Plan, ReleaseError> {
        self.plan_in(lifted, Scope::default()).await
    }

    pub(super) async fn plan_in(
        &mut self,
        lifted: &[GuardName],
        scope: Scope,
    ) -> Result<Plan, ReleaseError> {
        self.releases += 1;
        let lift = |guard: &GuardName| Lift {
            guard: *guard,
            reason: "looked at".into(),
            by: "kim".into(),
        };
        let request = ReleaseRequest {
            run: RunId::new(format!("r_back{}", self.releases)),
            of: RunId::new("r_lab"),
            state: &self.contained,
            earlier: &self.earlier,
            younger: &self.younger,
            scope,
            lifts: lifted.iter().map(lift).collect(),
            source: Source::Person("kim".into()),
            password: NewPassword::Link,
            keeps_password: false,
            owners: &[],
        };
        plan_release(&self.tools, request).await
    }

    /// Carries a plan out.
    pub(super) async fn carry_out(&mut self, plan: Plan) -> Told {
        let mut start = self.lab.start(&plan, Snapshot::default());
        start.handover = Some(self.hands.clone());
        let run = Run::begin(self.tools.clone(), plan, start).await.unwrap();
        let ended = run.carry_out().await;
        self.earlier.push(run.state());
        Told::of(ended, run.state())
    }

    /// Plans and carries out, with what the intruder left looked at.
    pub(super) async fn release(&mut self) -> Told {
        let plan = self.plan(LOOKED_AT).await.unwrap();
        self.carry_out(plan).await
    }

    /// Goes on with the last release.
    pub(super) async fn resume(&mut self) -> Told {
        let run = format!("r_back{}", self.releases);
        let state = self.tools.store.state(&RunId::new(run)).await.unwrap();
        let plan = state.plan.clone().unwrap();
        let mut start = self.lab.start(&plan, Snapshot::default());
        start.handover = Some(self.hands.clone());
        let run = Run::resume(self.tools.clone(), state, start).await.unwrap();
        let ended = run.carry_out().await;
        self.earlier.pop();
        self.earlier.push(run.state());
        Told::of(ended, run.state())
    }

    /// Writes since `before`, as `system METHOD path`.
    pub(super) fn writes_since(&self, before: usize) -> Vec<String> {
        let range = self.range();
        let writes = range.journal.writes();
        let since = writes.iter().skip(before);
        since
            .map(|entry| format!("{} {} {}", entry.system, entry.method, entry.path))
            .collect()
    }

    pub(super) fn writes(&self) -> usize {
        self.range().journal.writes().len()
    }
}

/// The plan screen in one line.
pub(super) fn screen(plan: &Plan) -> String {
    let screen = plan_screen(plan, &TimeZone::UTC, Style::default());
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a finding of this name stands in the report, with its severity.
pub(super) fn alarm(report: &Report, id: &str) -> bool {
    let mut findings = report.findings.iter();
    findings.any(|finding| finding.id == id && finding.severity == oust::model::Severity::High)
}

/// What nobody may read in a release.
pub(super) fn speaks_of_no_containment(told: &Told) {
    let zone = TimeZone::UTC;
    let texts = [
        told.screen.clone(),
        oust::report::html(&told.report, &zone),
        oust::report::markdown(&told.report, &zone),
    ];
    for text in texts {
        let text = text.to_lowercase();
        assert!(!text.contains("contained"), "{text}");
    }
    assert_ne!(told.verdict, Verdict::Contained);
}
