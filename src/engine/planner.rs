//! Plans a case: every change that would contain its subjects, by reads alone.
//!
//! Looks up subjects and org facts side by side, then lets every connector say what each step
//! would change, all at once: the directory here, everything behind it in `services`. What the
//! subjects hold is read meanwhile, and decides at the end which steps are for whom: two round
//! trips after the first token a write may leave. What cannot be read becomes a row that says so,
//! never a gap. Asks nobody and writes nothing; the snapshot reads leave from here so that they
//! need not be waited for later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, FutureExt as _, join, join_all, join3, select, try_join};
use tokio::sync::watch;

use super::background::{GRACE_MIN, SUBJECTS_MAX as AHEAD_MAX};
use super::narrow::narrow;
use super::rows::{Answers, Known, Slot, ask, millis, settle, slots, unread_step};
use super::run::Tools;
use super::services::{Brief, PlannedService, Services, grace_over};
use super::snapshot::Snapshot;
use super::subjects::{Who, described, wanted, who};
use super::{background, inquire, instances, mass_order, tenants, unreached};
use crate::connector::{DirectorySystem, Org, ResolveError, System, Unheard};
use crate::given::Clock;
use crate::guard::{self, CaseFacts, GuardConfig, GuardFacts};
use crate::model::{
    ActionId, Case, Chosen, Fact, Finding, GuardAnswer, GuardReply, Identity, Intruder, Lift,
    MASTERED_ELSEWHERE, NOT_YET, Plan, PlannedFor, PlannedStage, PlannedStep, PlannedSystem, Role,
    RunId, Scope, Severity, Skip, Source, StepKey, Subject, SystemId, UserId, Utc, name_key,
};
use crate::playbook::CheckedPlaybook;
use crate::transport::Reader;

/// The window when nobody gave one.
pub(super) const ASSUMED_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// What to plan.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The run it would be.
    pub run: RunId,
    /// Logins or ids, as given.
    pub who: Vec<String>,
    /// Of these, as given, those who may have been deleted since somebody saw them: whoever is
    /// not there any more is left out.
    pub may_be_gone: BTreeSet<String>,
    /// The part that somebody plays, by [`name_key`] of his name as given; of the others it is
    /// that of the compromised.
    pub roles: BTreeMap<String, Role>,
    /// Start and end of the window, if given.
    pub window: Option<(Utc, Option<Utc>)>,
    /// The ticket.
    pub case_id: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// Who asks.
    pub source: Source,
    /// Systems left out on purpose.
    pub scope: Scope,
    /// Guards lifted by a person.
    pub lifts: Vec<Lift>,
    /// Whether writes are to follow at once: their credential is then fetched while the plan
    /// is read, and the first write need not wait for it.
    pub warm_writes: bool,
    /// Identities that a person named.
    pub identities: Vec<Chosen>,
    /// What the log was found to show of the subjects already, so that it is not asked twice. A
    /// window that nobody gave begins with it.
    pub found: Vec<Intruder>,
    /// How long services may take beyond the directory itself. None: what has not answered by
    /// then is read while the directory is being written to.
    pub grace: Duration,
}

impl PlanRequest {
    /// The same case once more, to see whether what consent to `plan` binds has changed.
    #[must_use]
    pub fn again(plan: &Plan, grace: Duration) -> Self {
        let (case, subjects) = (&plan.case, &plan.case.subjects);
        let role = |who: &Subject| (name_key(who.id.as_str()), who.role);
        let lifted = plan.guards.iter().filter_map(|guard| guard.lifted.clone());
        Self {
            run: plan.run.clone(),
            who: subjects.iter().map(|who| who.id.to_string()).collect(),
            may_be_gone: BTreeSet::new(),
            roles: subjects.iter().map(role).collect(),
            window: Some((case.window.start, case.window.end)),
            case_id: case.id.clone(),
            reason: case.reason.clone(),
            source: case.source.clone(),
            scope: plan.scope.clone(),
            lifts: lifted.collect(),
            warm_writes: true,
            identities: plan.chosen.clone(),
            found: Vec::new(),
            grace,
        }
    }
}

/// A plan, and the evidence reads that left with it.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// Reads under way.
    pub snapshot: Snapshot,
    /// Who was left out because he is not there any more, as given.
    pub gone: Vec<String>,
}

/// Why there is no plan. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Nobody was named.
    #[error("no subject: name a login or id")]
    Nobody,
    /// A subject could not be resolved.
    #[error(transparent)]
    Subject(#[from] ResolveError),
    /// The org could not be read: the network, a credential or a key, each with its next step.
    #[error("the org could not be read: {0}")]
    Org(Unheard),
    /// `--only` or `--skip` names nothing that is configured.
    #[error("no system is called `{0}`")]
    NoSuchSystem(String),
    /// A step's `at:` names an instance that is not configured: it would act nowhere, unseen.
    #[error("`{action}` of the playbook is `at: {at}`, and no system is called that")]
    NoSuchPlace {
        /// The step's action.
        action: ActionId,
        /// What it names.
        at: String,
        /// The systems of that vendor.
        known: Vec<SystemId>,
    },
    /// A step's `at:` names a system that carries other actions of its vendor alone.
    #[error("`{action}` of the playbook is `at: {at}`, which does not carry it out")]
    NotAtPlace {
        /// The step's action.
        action: ActionId,
        /// What it names.
        at: String,
        /// The systems that do.
        known: Vec<SystemId>,
    },
    /// `--identity` names nobody of the case, or no service.
    #[error("`--identity {who}={system}=…` names no subject of this run at a configured service")]
    NoSuchIdentity {
        /// The login or id.
        who: String,
        /// The system.
        system: SystemId,
        /// The services there are.
        known: Vec<SystemId>,
    },
}

impl PlanError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Nobody | Self::NoSuchSystem(_) => "systems are those of the config file".into(),
            Self::NoSuchPlace { action, known, .. } => match &known[..] {
                [] => format!("no connector of {} is configured", action.vendor()),
                some => {
                    let names: Vec<&str> = some.iter().map(SystemId::as_str).collect();
                    format!("configured are {}: mend the playbook", names.join(", "))
                }
            },
            Self::NotAtPlace { known, .. } => match &known[..] {
                [] => "no configured system does: mend the playbook".into(),
                some => {
                    let names: Vec<&str> = some.iter().map(SystemId::as_str).collect();
                    format!("{} does: mend the playbook", names.join(" or "))
                }
            },
            Self::NoSuchIdentity { known, .. } => {
                let names: Vec<&str> = known.iter().map(SystemId::as_str).collect();
                format!(
                    "name the subject as in this command, and one of the services: {}",
                    names.join(", ")
                )
            }
            Self::Subject(error) => error.hint(),
            Self::Org(why) => why.hint(),
        }
    }
}

/// Plans `request` along `playbook`.
///
/// # Errors
/// [`PlanError`] if the subjects or the org cannot be established. One silent system is not an
/// error: its steps say so.
pub async fn plan(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    guards: &GuardConfig,
    request: PlanRequest,
) -> Result<Prepared, PlanError> {
    check_scope(tools, &request.scope)?;
    check_places(tools, playbook)?;
    let systems = in_scope(tools, &request.scope);
    let (tell, brief) = watch::channel(None);
    let (ready, home_ready) = watch::channel(false);
    let services = Services {
        tools,
        playbook,
        systems: &systems,
        chosen: &request.identities,
        grace: request.grace,
        warm_writes: request.warm_writes,
    };
    let home = async {
        let home = plan_home(tools, playbook, guards, &request, &systems, &tell).await;
        let _ = ready.send(true);
        home
    };
    let behind = async { Ok(services.plan(brief, home_ready).await) };
    let (home, behind) = try_join(home, behind).await?;
    // Nobody reads it any more: the case goes into the plan, and need not be copied.
    drop(tell);
    let subjects = home.about.brief.case.subjects.len();
    let order = mass_order::decide(tools, &home.org.id, subjects).await;
    Ok(assemble(tools, playbook, request, home, behind, order))
}

/// The directory's part of a plan.
struct Home {
    org: Org,
    answers: Vec<GuardAnswer>,
    about: AboutCase,
    gone: Vec<String>,
}

/// All of it but what the org alone decides.
struct AboutCase {
    brief: Brief,
    facts: CaseFacts,
    steps: Vec<PlannedStep>,
    system: Option<PlannedSystem>,
    findings: Vec<Finding>,
    snapshot: Snapshot,
    /// Over its cap: nothing was planned.
    too_many: bool,
}

/// What is known of the org and of the case, read side by side.
async fn plan_home(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    guards: &GuardConfig,
    request: &PlanRequest,
    systems: &[System],
    tell: &watch::Sender<Option<Brief>>,
) -> Result<Home, PlanError> {
    let home = &tools.directory;
    let warm = async {
        if request.warm_writes {
            home.system.client.warm_writes().await;
        }
    };
    let org = join3(read_org(home), guard::read_org(home, &*tools.clock), warm);
    let about = async {
        let (who, gone) = who(tools, guards, request).await?;
        let about = match who {
            Who::Known(case) => read_case(tools, playbook, request, systems, case, tell).await,
            Who::TooMany(case) => over_its_cap(tools, case).await,
        };
        Ok::<_, PlanError>((about, gone))
    };
    let ((org, of_org, ()), about) = join(org, about).await;
    let (org, (about, gone)) = (org?, about?);
    let facts = GuardFacts::of(of_org, &about.facts);
    let locking = home.directory.locking_actions();
    let case = &about.brief.case;
    Ok(Home {
        org,
        answers: guard::judge(case, &facts, guards, &locking, &request.lifts),
        about,
        gone,
    })
}

async fn read_case(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    request: &PlanRequest,
    systems: &[System],
    case: Case,
    tell: &watch::Sender<Option<Brief>>,
) -> AboutCase {
    let home = &tools.directory;
    let snapshot = Snapshot::start(home, &case.subjects);
    let (planned, when_planned) = watch::channel(false);
    let wanted = wanted(playbook);
    let holding = described(home, wanted, case.clone()).map(Arc::new).shared();
    let brief = async {
        let background = background::Background {
            home,
            services: systems,
            case: &case,
            vendors: &tools.vendors,
            apps_are_described: wanted.apps,
        };
        let brief = background
            .read(holding.clone(), when_planned, request.grace)
            .await;
        let _ = tell.send(Some(brief.clone()));
        brief
    };
    let own = async {
        let slots = here(home, playbook, systems);
        let asked = Asked::of(home, &slots, &case);
        let facts = guard::read_case(home, &*tools.store, &case.subjects, &*tools.clock);
        let needed = async {
            let all = join3(facts, asked.first(), holding.clone()).await;
            let _ = planned.send(true);
            all
        };
        let grace = (case.subjects.len() <= AHEAD_MAX).then(|| request.grace.max(GRACE_MIN));
        let rest = asked.rest(&*tools.clock, planned.subscribe(), grace);
        let ((facts, first, case), rest) = join(needed, rest).await;
        (facts, asked.settle(&case, first, rest))
    };
    let ((facts, mut steps), brief) = join(own, brief).await;
    if brief.case.window.start > case.window.start {
        narrow(&mut steps, &brief.case.window);
    }
    let mut findings = findings(&brief.case);
    findings.extend(inquire::findings(&brief.case));
    findings.extend(background::unread_history(&brief.history));
    findings.extend(background::unread_services(&brief));
    let in_scope = systems.iter().any(|system| system.id == home.system.id);
    AboutCase {
        facts,
        steps,
        system: in_scope.then(|| at_home(&home.system.id, &brief.case)),
        findings,
        snapshot,
        too_many: false,
        brief,
    }
}

/// A case that is too large for one run: who it is about, and what the guards ask of it.
async fn over_its_cap(tools: &Tools, case: Case) -> AboutCase {
    let home = &tools.directory;
    AboutCase {
        facts: guard::read_case(home, &*tools.store, &case.subjects, &*tools.clock).await,
        steps: Vec::new(),
        system: None,
        findings: [findings(&case), vec![nothing_read()]].concat(),
        snapshot: Snapshot::default(),
        too_many: true,
        brief: Brief {
            case: Arc::new(case),
            history: Arc::default(),
            at_services: Arc::default(),
            services_unread: None,
        },
    }
}

/// At the directory everybody is himself.
fn at_home(system: &SystemId, case: &Case) -> PlannedSystem {
    let found = |who: &Subject| {
        let id = who.id.to_string();
        (who.id.clone(), Identity::Found { id })
    };
    PlannedSystem {
        id: system.clone(),
        identities: case.subjects.iter().map(found).collect(),
        late: Vec::new(),
        tenant: None,
    }
}

/// The steps at the directory.
fn here<'p>(
    home: &DirectorySystem,
    playbook: &'p CheckedPlaybook,
    systems: &'p [System],
) -> Vec<Slot<'p>> {
    let mut all = slots(playbook, systems);
    all.retain(|slot| slot.system.id == home.system.id);
    all
}

/// The directory's steps, asked about side by side. What keeps the intruder out is waited for;
/// what comes after it may be read again when it is due, and holds nothing up.
struct Asked<'a> {
    home: &'a SystemId,
    case: &'a Case,
    known: Known,
    first: Vec<&'a Slot<'a>>,
    rest: Vec<&'a Slot<'a>>,
}

impl<'a> Asked<'a> {
    fn of(home: &'a DirectorySystem, slots: &'a [Slot<'a>], case: &'a Case) -> Self {
        let stage = slots.iter().map(|slot| slot.key.stage).min();
        let (first, rest) = slots.iter().partition(|slot| Some(slot.key.stage) == stage);
        Self {
            home: &home.system.id,
            case,
            known: known_at_home(&home.system.id, case),
            first,
            rest,
        }
    }

    async fn first(&self) -> Vec<Answers> {
        join_all(
            self.first
                .iter()
                .map(|slot| ask(slot, &self.known, self.case)),
        )
        .await
    }

    /// `None` for what had not answered when `grace` was over, after the first were ready; without
    /// one all is waited for.
    async fn rest(
        &self,
        clock: &dyn Clock,
        ready: watch::Receiver<bool>,
        grace: Option<Duration>,
    ) -> Vec<Option<Answers>> {
        let each = self.rest.iter().map(|slot| {
            let ready = ready.clone();
            async move {
                let asked = ask(slot, &self.known, self.case);
                let Some(grace) = grace else {
                    return Some(asked.await);
                };
                let late = grace_over(clock, ready, grace);
                match select(Box::pin(asked), Box::pin(late)).await {
                    Either::Left((answers, _)) => Some(answers),
                    Either::Right(_) => None,
                }
            }
        });
        join_all(each).await
    }

    /// All steps, by what is known of the case in the end.
    fn settle(
        &self,
        case: &Case,
        first: Vec<Answers>,
        rest: Vec<Option<Answers>>,
    ) -> Vec<PlannedStep> {
        let known = known_at_home(self.home, case);
        let first = self.first.iter().zip(first.into_iter().map(Some));
        let all = first.chain(self.rest.iter().zip(rest));
        all.map(|(slot, answers)| match answers {
            Some(answers) => settle(slot, &known, case, answers),
            None => unread_step(slot, &known, case, NOT_YET),
        })
        .collect()
    }
}

fn known_at_home(home: &SystemId, case: &Case) -> Known {
    Known {
        identities: at_home(home, case).identities,
        own: Vec::new(),
    }
}

fn assemble(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    request: PlanRequest,
    home: Home,
    mut behind: Vec<PlannedService>,
    (suspends_first, order): (Option<Fact>, Option<Finding>),
) -> Prepared {
    let Home {
        org,
        answers,
        about,
        gone,
    } = home;
    let here = about.steps.into_iter();
    let mut steps: BTreeMap<StepKey, PlannedStep> = here.map(|step| (step.key, step)).collect();
    let Brief {
        case,
        history,
        at_services,
        services_unread: _,
    } = about.brief;
    let unreached = if about.too_many {
        Vec::new()
    } else {
        let shared = instances::account_for(tools, &case, &history, &mut behind);
        [unreached::of(tools, &case, &at_services, &history), shared].concat()
    };
    let mut findings = [about.findings, tenants::same(&behind)].concat();
    findings.extend(order);
    let mut identities: Vec<PlannedSystem> = about.system.into_iter().collect();
    for service in behind {
        identities.push(service.system);
        steps.extend(service.steps);
    }
    let mut stages = match about.too_many {
        true => Vec::new(),
        false => stages(playbook, steps),
    };
    refuse_steps(&mut stages, &answers);
    let left_out = tools
        .systems()
        .map(|system| system.id.clone())
        .filter(|id| !request.scope.includes(id))
        .collect();
    let plan = Plan {
        left_out,
        run: request.run,
        org_id: org.id,
        org: org.host,
        made_at: tools.clock.now(),
        playbook: playbook.reference.clone(),
        unreached,
        chosen: request.identities,
        case: Arc::unwrap_or_clone(case),
        systems: identities,
        scope: request.scope,
        guards: answers,
        stages,
        findings,
        owners: Vec::new(),
        suspends_first,
        gives_back: None,
        left_alone: Vec::new(),
    };
    Prepared {
        plan,
        snapshot: about.snapshot,
        gone,
    }
}

fn stages(playbook: &CheckedPlaybook, steps: BTreeMap<StepKey, PlannedStep>) -> Vec<PlannedStage> {
    let mut by_stage: BTreeMap<u16, Vec<PlannedStep>> = BTreeMap::new();
    for (key, step) in steps {
        by_stage.entry(key.stage).or_default().push(step);
    }
    let stages = playbook.stages.iter().zip(0_u16..);
    stages
        .map(|(stage, number)| PlannedStage {
            name: stage.name.clone(),
            after: stage.after.clone(),
            stage_wait_ms: stage.stage_wait.map(millis),
            order: stage.order,
            ask: stage.ask,
            steps: by_stage.remove(&number).unwrap_or_default(),
        })
        .collect()
}

fn check_scope(tools: &Tools, scope: &Scope) -> Result<(), PlanError> {
    let known = |name: &String| {
        tools
            .systems()
            .any(|system| name == system.id.as_str() || name == system.id.vendor())
    };
    match scope
        .only
        .iter()
        .chain(&scope.skip)
        .find(|name| !known(name))
    {
        Some(stranger) => Err(PlanError::NoSuchSystem(stranger.clone())),
        None => Ok(()),
    }
}

/// A bare vendor may be configured or not; an instance that a playbook names must be there.
fn check_places(tools: &Tools, playbook: &CheckedPlaybook) -> Result<(), PlanError> {
    let steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
    for step in steps {
        let is_known = |at: &String| {
            let mut systems = tools.systems();
            at == step.action.vendor() || systems.any(|system| system.id.as_str() == at)
        };
        if let Some(stranger) = step.at.iter().find(|at| !is_known(at)) {
            let of_vendor = tools
                .systems()
                .filter(|system| system.id.vendor() == step.action.vendor());
            return Err(PlanError::NoSuchPlace {
                action: step.action.clone(),
                at: stranger.clone(),
                known: of_vendor.map(|system| system.id.clone()).collect(),
            });
        }
        let carries = |system: &&System| {
            system.id.vendor() == step.action.vendor() && system.connector.carries(&step.action)
        };
        let is_idle = |at: &&String| {
            let named = tools.systems().find(|system| system.id.as_str() == *at);
            named.is_some_and(|system| at.contains(':') && !carries(&system))
        };
        if let Some(idle) = step.at.iter().find(is_idle) {
            return Err(PlanError::NotAtPlace {
                action: step.action.clone(),
                at: idle.clone(),
                known: tools
                    .systems()
                    .filter(carries)
                    .map(|system| system.id.clone())
                    .collect(),
            });
        }
    }
    Ok(())
}

fn in_scope(tools: &Tools, scope: &Scope) -> Vec<System> {
    tools
        .systems()
        .filter(|system| scope.includes(&system.id))
        .cloned()
        .collect()
}

async fn read_org(home: &DirectorySystem) -> Result<Org, PlanError> {
    let reader = Reader::new(home.system.client.clone());
    home.directory.org(&reader).await.map_err(PlanError::Org)
}

/// Takes the refused steps out, each with the guard's reason.
pub(super) fn refuse_steps(stages: &mut [PlannedStage], guards: &[GuardAnswer]) {
    for guard in guards.iter().filter(|guard| guard.lifted.is_none()) {
        let GuardReply::RefusesSteps {
            why,
            actions,
            subjects,
        } = &guard.reply
        else {
            continue;
        };
        for step in stages.iter_mut().flat_map(|stage| &mut stage.steps) {
            if !actions.contains(&step.action) {
                continue;
            }
            refuse_rows(&mut step.subjects, subjects, guard, why);
        }
    }
}

fn refuse_rows(rows: &mut [PlannedFor], subjects: &[UserId], guard: &GuardAnswer, why: &str) {
    for row in rows
        .iter_mut()
        .filter(|row| subjects.contains(&row.subject))
    {
        if !row.changes.is_empty() {
            row.changes.clear();
            row.skip = Some(Skip::Guard {
                guard: guard.name,
                why: why.to_owned(),
            });
        }
    }
}

/// What a refused plan leaves out.
fn nothing_read() -> Finding {
    Finding {
        severity: Severity::Info,
        id: "not_planned".into(),
        text: "the accounts were looked up; what would be done to each was not read, because \
               there are too many for one run"
            .into(),
        hint: String::new(),
    }
}

fn findings(case: &Case) -> Vec<Finding> {
    let foreign = case.subjects.iter();
    let foreign = foreign.filter(|who| who.is_mastered_elsewhere());
    foreign
        .map(|who| Finding {
            severity: Severity::Warning,
            id: MASTERED_ELSEWHERE.into(),
            text: format!(
                "{} is mastered by {}: its next import will undo a suspension here",
                who.login, who.mastered_by
            ),
            hint: "have him suspended at that source too; then watch: oust watch".into(),
        })
        .collect()
}
