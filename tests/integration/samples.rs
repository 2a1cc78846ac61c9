//! Runs told by hand: plans and events folded into the state that report, resume and release
//! read. No engine, no vendor; what stands here is what a ledger could hold.

mod investigations;
mod runs;

pub(crate) use investigations::*;
pub(crate) use runs::*;

use std::collections::BTreeMap;
use std::time::Duration;

use oust::consent::ConsentKind;
use oust::ledger::{Event, Mode, Record, RunState};
use oust::model::{
    Action, ActionId, Case, Change, ChangeId, Ends, Evicts, Found, GuardAnswer, GuardName,
    GuardReply, Identity, Kept, Left, Outcome, OutcomeKind, Plan, PlannedFor, PlannedStage,
    PlannedStep, PlannedSystem, PlaybookRef, Proof, ProofState, Provable, Role, RunId, Scope,
    Select, Skip, Source, StageOrder, StepKey, Subject, SystemId, Target, Tie, Tri, Undo, UserId,
    Utc, Window, WindowHow,
};
use oust::report::{Aside, Report};
use oust::transport::MeterReading;
use serde_json::json;

/// What the samples start at.
pub(crate) const START: &str = "2026-03-10T14:59:00.000Z";

/// The directory of every sample.
pub(crate) fn directory() -> SystemId {
    SystemId::new("okta")
}

/// The moment `ms` milliseconds after [`START`].
pub(crate) fn at(ms: u64) -> Utc {
    START
        .parse::<Utc>()
        .expect("samples are well formed")
        .plus(Duration::from_millis(ms))
}

const fn action(verb: &'static str, does: &'static str, undo: Undo, evicts: Evicts) -> Action {
    Action {
        verb,
        does,
        needs: &[],
        reads: &[],
        settings: &[],
        undo,
        proof: Provable::ByRead,
        repeatable: true,
        evicts,
        attack: &[],
        d3fend: &[],
        collateral: "",
        residual: &[],
    }
}

static OKTA: &[Action] = &[
    action(
        "clear_sessions",
        "clear sessions",
        Undo::PersonRedoes,
        Evicts::Clears,
    ),
    action("suspend_user", "suspend", Undo::Restores, Evicts::Locks),
    action("delete_factors", "delete factors", Undo::Never, Evicts::No),
    action(
        "universal_logout",
        "universal logout",
        Undo::PersonRedoes,
        Evicts::No,
    ),
    action(
        "revoke_api_tokens",
        "revoke API tokens",
        Undo::Never,
        Evicts::No,
    ),
    action(
        "remove_admin_roles",
        "remove admin roles",
        Undo::Restores,
        Evicts::No,
    ),
    Action {
        residual: &[Left {
            what: "JWT access tokens",
            ends: Ends::ByItself("they expire"),
        }],
        ..action(
            "revoke_oauth_grants",
            "revoke grants",
            Undo::Never,
            Evicts::No,
        )
    },
];

static SALESFORCE: &[Action] = &[
    action("freeze_user", "freeze", Undo::Restores, Evicts::No),
    action(
        "delete_sessions",
        "delete sessions",
        Undo::PersonRedoes,
        Evicts::No,
    ),
];

static GOOGLE: &[Action] = &[Action {
    proof: Provable::Unverifiable("Google has no call that lists sign-ins"),
    ..action("sign_out", "sign out", Undo::PersonRedoes, Evicts::No)
}];

/// The declarations of the samples' actions.
pub(crate) fn actions(id: &ActionId) -> Option<&'static Action> {
    let all = match id.vendor() {
        "okta" => OKTA,
        "salesforce" => SALESFORCE,
        "google" => GOOGLE,
        _ => return None,
    };
    all.iter().find(|action| action.verb == id.verb())
}

/// The report of a state, with the samples' declarations.
pub(crate) fn report_of(state: &RunState) -> Report {
    Report::of(state, &actions, &directory())
}

/// The same with the subjects of many as lines.
pub(crate) fn report_beside(state: &RunState, file: &str) -> (Report, String) {
    let mut lines = Vec::new();
    let aside = Aside {
        file,
        lines: &mut lines,
    };
    let (report, written) = Report::of_many(state, &actions, &directory(), aside);
    written.unwrap();
    (report, String::from_utf8(lines).unwrap())
}

/// A subject with this login.
pub(crate) fn subject(id: &str, login: &str) -> Subject {
    Subject {
        id: UserId::new(id),
        login: login.into(),
        role: Role::Compromised,
        status: "ACTIVE".into(),
        privileged: Tri::No,
        roles: Vec::new(),
        groups: None,
        accounts: None,
        mastered_by: "OKTA".into(),
        changed_at: None,
        last_login: None,
    }
}

/// Alex, super administrator.
pub(crate) fn alex() -> Subject {
    Subject {
        privileged: Tri::Yes,
        roles: vec!["SUPER_ADMIN".into()],
        ..subject("00ujkPI1q4Pa7UeFg5d7", "alex@contoso.example")
    }
}

/// A plan in the making.
pub(crate) struct PlanSample {
    plan: Plan,
}

impl PlanSample {
    /// No step yet, at Okta alone.
    pub(crate) fn about(subjects: Vec<Subject>) -> Self {
        let plan = Plan {
            run: RunId::new("r_0193f2"),
            org_id: "00o1n8sbwArJ7OQRw406".into(),
            org: "example.okta.com".into(),
            made_at: at(0),
            playbook: PlaybookRef {
                name: "account-takeover".into(),
                title: "Okta account takeover".into(),
                digest: "5e".repeat(32),
            },
            case: Case {
                subjects,
                window: Window {
                    start: "2026-03-10T13:30:00.000Z"
                        .parse()
                        .expect("samples are well formed"),
                    end: None,
                    how: WindowHow::Given,
                },
                id: Some("INC-2231".into()),
                reason: Some("push fatigue, then a new device".into()),
                source: Source::Person("dana".into()),
                began: None,
                intruders: Vec::new(),
            },
            systems: Vec::new(),
            scope: Scope::default(),
            left_out: Vec::new(),
            guards: Vec::new(),
            stages: Vec::new(),
            findings: Vec::new(),
            owners: Vec::new(),
            suspends_first: None,
            gives_back: None,
            left_alone: Vec::new(),
            chosen: Vec::new(),
            unreached: Vec::new(),
        };
        Self { plan }.at_system("okta")
    }

    /// One more system, where every subject has an account of the same id.
    pub(crate) fn at_system(self, system: &str) -> Self {
        self.at_system_as(system, |who| Identity::Found {
            id: who.id.to_string(),
        })
    }

    /// One more system, with these identities.
    pub(crate) fn at_system_as(
        mut self,
        system: &str,
        identity: impl Fn(&Subject) -> Identity,
    ) -> Self {
        let subjects = &self.plan.case.subjects;
        let identities = subjects
            .iter()
            .map(|who| (who.id.clone(), identity(who)))
            .collect();
        self.plan.systems.push(PlannedSystem {
            id: SystemId::new(system),
            identities,
            late: Vec::new(),
            tenant: None,
        });
        self
    }

    /// Begins a stage.
    pub(crate) fn stage(mut self, name: &str) -> Self {
        self.plan.stages.push(PlannedStage {
            name: name.into(),
            after: self.plan.stages.last().map(|stage| stage.name.clone()),
            stage_wait_ms: None,
            order: StageOrder::Sequential,
            ask: false,
            steps: Vec::new(),
        });
        self
    }

    /// A step of the last stage that makes one change per target and subject. A target is
    /// (kind, id, label); kind `user` is the account itself.
    pub(crate) fn step(
        mut self,
        action: &str,
        sentence: &str,
        targets: &[(&str, &str, &str)],
    ) -> Self {
        let action: ActionId = action.parse().expect("samples are well formed");
        let undo = actions(&action).map_or(Undo::Never, |action| action.undo);
        let stage = self.plan.stages.len() - 1;
        let key = StepKey {
            stage: u16::try_from(stage).expect("samples are well formed"),
            step: u16::try_from(self.plan.stages[stage].steps.len())
                .expect("samples are well formed"),
            system: 0,
        };
        let system = SystemId::new(action.vendor());
        let subjects = self
            .plan
            .case
            .subjects
            .iter()
            .map(|who| {
                let changes: Vec<std::sync::Arc<Change>> = targets
                    .iter()
                    .map(|(kind, id, label)| {
                        let target = match *kind {
                            "user" => Target::user(&who.id, &who.login),
                            _ => Target {
                                kind: (*kind).into(),
                                id: (*id).into(),
                                label: (*label).into(),
                            },
                        };
                        std::sync::Arc::new(Change {
                            id: Change::id_of(key, &who.id, &target),
                            step: key,
                            subject: who.id.clone(),
                            system: system.clone(),
                            action: action.clone(),
                            sentence: sentence.replace("{}", label),
                            target,
                            settings: json!({}).into(),
                            before: json!(null),
                            undo,
                            made_at: None,
                            found: Found::InPlan,
                        })
                    })
                    .collect();
                PlannedFor {
                    subject: who.id.clone(),
                    ceiling: PlannedFor::ceiling_for(changes.len()),
                    changes,
                    kept: Vec::new(),
                    skip: None,
                    notes: Vec::new(),
                }
            })
            .collect();
        self.plan.stages[stage].steps.push(PlannedStep {
            key,
            action,
            system,
            settings: json!({}).into(),
            select: Select::All,
            when: None,
            optional: false,
            requires: Vec::new(),
            halt_on_failure: false,
            timeout_ms: 60_000,
            subjects,
            tie: Tie::None,
        });
        self
    }

    /// Changes the last step for every subject.
    pub(crate) fn but(mut self, change: impl Fn(&mut PlannedStep)) -> Self {
        let stage = self.plan.stages.last_mut().expect("a stage");
        change(stage.steps.last_mut().expect("a step"));
        self
    }

    /// The last step does nothing, for this reason.
    pub(crate) fn skipped(self, skip: Skip) -> Self {
        self.but(|step| {
            for each in &mut step.subjects {
                each.changes.clear();
                each.skip = Some(skip.clone());
            }
        })
    }

    /// The last step keeps this.
    pub(crate) fn keeping(self, kind: &str, label: &str, why: &str, suspect: bool) -> Self {
        let kept = Kept {
            target: Target {
                kind: kind.into(),
                id: format!("id-{label}"),
                label: label.into(),
            },
            why: why.into(),
            suspect,
        };
        self.but(|step| {
            for each in &mut step.subjects {
                each.kept.push(kept.clone());
            }
        })
    }

    /// Changes the plan itself.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.plan);
        self
    }

    /// A guard's answer.
    pub(crate) fn guard(self, name: GuardName, reply: GuardReply) -> Self {
        self.with(|plan| {
            plan.guards.push(GuardAnswer {
                name,
                reply,
                lifted: None,
            });
        })
    }

    /// The plan.
    pub(crate) fn plan(self) -> Plan {
        self.plan
    }

    /// The run of this plan, opened and consented to.
    pub(crate) fn run(self) -> RunSample {
        let plan = self.plan;
        let digest = plan.digest();
        let mut run = RunSample {
            run: plan.run.clone(),
            records: Vec::new(),
            now_ms: 0,
        };
        run.happens(Event::Opened {
            tool: "oust/0.1.0".into(),
            mode: Mode::Contain,
            requester: "dana".into(),
            plan: std::sync::Arc::new(plan),
        });
        run.wait(3_000);
        run.happens(Event::Consented {
            digest,
            kind: ConsentKind::Typed,
            by: "dana".into(),
            approvals: Vec::new(),
        });
        run
    }
}

/// A run in the making: its records so far, and its clock.
pub(crate) struct RunSample {
    run: RunId,
    records: Vec<Record>,
    now_ms: u64,
}

impl RunSample {
    /// Lets time pass.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self
    }

    /// One more record.
    pub(crate) fn happens(&mut self, event: Event) -> &mut Self {
        let seq = self.records.len() as u64 + 1;
        self.records.push(Record {
            seq,
            run: self.run.clone(),
            at: at(self.now_ms),
            event,
            hash: format!("{seq:064x}"),
        });
        self
    }

    /// The records so far.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The state so far.
    pub(crate) fn state(&self) -> RunState {
        RunState::of(&self.records)
    }

    /// Ids of the changes so far, in order.
    pub(crate) fn changes(&self) -> Vec<ChangeId> {
        let state = self.state();
        let ids = state.changes().iter().map(|each| &each.change.id);
        ids.cloned().collect()
    }

    /// Sends a change, 100 ms, and gets this answer.
    pub(crate) fn answer(&mut self, change: &ChangeId, kind: OutcomeKind) -> &mut Self {
        let attempt = self.state().change(change).unwrap().attempts + 1;
        self.happens(Event::Intended {
            change: change.clone(),
            attempt,
        });
        self.wait(100).happens(Event::Answered {
            change: change.clone(),
            attempt,
            outcome: Outcome::bare(kind),
            ms: 100,
        })
    }

    /// A read shows this of a change.
    pub(crate) fn prove(&mut self, change: &ChangeId, state: ProofState, how: &str) -> &mut Self {
        let proof = Proof::read(state, how, at(self.now_ms));
        self.happens(Event::Proved {
            change: change.clone(),
            proof,
        })
    }

    /// Every change is answered `done` and then proven, but for those in `not`.
    pub(crate) fn all_goes_well_but(&mut self, not: &[&ChangeId]) -> &mut Self {
        let all: Vec<ChangeId> = self.changes();
        let good = || all.iter().filter(|id| !not.contains(id));
        for change in good() {
            self.answer(change, OutcomeKind::Done);
        }
        self.wait(100);
        for change in good() {
            let how = match change.as_str() {
                id if id.starts_with("0.1.") => "SUSPENDED read",
                id if id.starts_with("0.") => "user.session.clear event",
                _ => "gone",
            };
            self.prove(change, ProofState::Proven, how);
        }
        self
    }

    /// Writes end, the log is read, requests are counted.
    pub(crate) fn close(&mut self, verdict: oust::model::Verdict) -> &mut Self {
        self.happens(Event::WritesEnded);
        self.happens(Event::LogRead {
            until: at(self.now_ms + 500),
        });
        let reading = MeterReading {
            reads: 12,
            writes: 5,
            retries: 1,
            throttled: 0,
        };
        self.wait(20).happens(Event::Closed {
            verdict,
            requests: BTreeMap::from([(directory(), reading)]),
        })
    }
}
