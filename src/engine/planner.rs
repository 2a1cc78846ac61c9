//! Plans a case: every change that would contain its subjects, by reads alone.
//!
//! Looks up subjects and org facts side by side, then lets every connector say what each step
//! would change, all at once: the directory here, everything behind it in `services`. What
//! cannot be read becomes a row that says so, never a gap. Asks nobody and writes nothing; the
//! snapshot reads leave from here so that they need not be waited for later.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join_all, join3, join4, try_join};
use tokio::sync::watch;

use super::rows::{Known, millis, plan_step, slots};
use super::run::Tools;
use super::services::{Brief, PlannedService, Services};
use super::snapshot::Snapshot;
use super::unreached;
use crate::connector::{DirectorySystem, Org, ResolveError, System};
use crate::guard::{self, GuardConfig, GuardFacts};
use crate::model::{
    Case, Chosen, Finding, GuardAnswer, GuardReply, History, Identity, Lift, Plan, PlannedFor,
    PlannedStage, PlannedStep, PlannedSystem, RunId, Scope, Severity, Skip, Source, StepKey,
    Subject, SystemId, Tri, UserId, Utc, Window, WindowHow,
};
use crate::playbook::CheckedPlaybook;
use crate::transport::Reader;

/// The window when nobody gave one.
const ASSUMED_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// What to plan.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The run it would be.
    pub run: RunId,
    /// Logins or ids, as given.
    pub who: Vec<String>,
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
    /// How long services may take beyond the directory itself.
    pub grace: Duration,
}

/// A plan, and the evidence reads that left with it.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// Reads under way.
    pub snapshot: Snapshot,
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
    /// The org could not be read.
    #[error("the org could not be read: {0}")]
    Org(String),
    /// `--only` or `--skip` names nothing that is configured.
    #[error("no system is called `{0}`")]
    NoSuchSystem(String),
    /// `--identity` names nobody of the case, or no service.
    #[error("`--identity {who}={system}=…` names no subject of this run at a configured service")]
    NoSuchIdentity {
        /// The login or id.
        who: String,
        /// The system.
        system: SystemId,
    },
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
    Ok(assemble(tools, playbook, request, home, behind))
}

/// The directory's part of a plan, and all that is known of the case.
struct Home {
    org: Org,
    case: Case,
    history: History,
    answers: Vec<GuardAnswer>,
    steps: Vec<PlannedStep>,
    system: Option<PlannedSystem>,
    findings: Vec<Finding>,
    snapshot: Snapshot,
}

async fn plan_home(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    guards: &GuardConfig,
    request: &PlanRequest,
    systems: &[System],
    tell: &watch::Sender<Option<Brief>>,
) -> Result<Home, PlanError> {
    let clock = &*tools.clock;
    let home = &tools.directory;
    let warm = async {
        if request.warm_writes {
            home.system.client.warm_writes().await;
        }
    };
    let (org, subjects, org_facts, ()) = join4(
        read_org(home),
        resolve(home, &request.who),
        guard::read_org(home, clock),
        warm,
    )
    .await;
    let (org, subjects) = (org?, subjects?);
    check_chosen(tools, request, &subjects)?;
    let snapshot = Snapshot::start(home, &subjects);
    let case = case_of(request, subjects, clock.now());
    let history = async {
        let history = read_history(home, &case).await;
        let _ = tell.send(Some(Brief {
            case: case.clone(),
            history: history.clone(),
        }));
        history
    };
    let (facts, steps, history): (GuardFacts, _, _) = join3(
        guard::read_facts(org_facts, home, &*tools.store, &case.subjects, clock),
        plan_directory(home, playbook, systems, &case),
        history,
    )
    .await;
    let locking = home.directory.locking_actions();
    let answers = guard::judge(&case, &facts, guards, &locking, &request.lifts);
    let mut findings = findings(&case);
    findings.extend(unread_history(&history));
    Ok(Home {
        org,
        history,
        answers,
        steps,
        system: systems
            .iter()
            .any(|system| system.id == home.system.id)
            .then(|| at_home(&home.system, &case)),
        case,
        findings,
        snapshot,
    })
}

/// At the directory everybody is himself.
fn at_home(system: &System, case: &Case) -> PlannedSystem {
    let found = |who: &Subject| {
        let id = who.id.to_string();
        (who.id.clone(), Identity::Found { id })
    };
    PlannedSystem {
        id: system.id.clone(),
        identities: case.subjects.iter().map(found).collect(),
        late: Vec::new(),
    }
}

async fn plan_directory(
    home: &DirectorySystem,
    playbook: &CheckedPlaybook,
    systems: &[System],
    case: &Case,
) -> Vec<PlannedStep> {
    let known = Known {
        identities: at_home(&home.system, case).identities,
        own: Vec::new(),
    };
    let all = slots(playbook, systems);
    let here = all.iter().filter(|slot| slot.system.id == home.system.id);
    join_all(here.map(|slot| plan_step(slot, &known, case))).await
}

/// From the window's start, and for the apps used from at least a week ago.
async fn read_history(home: &DirectorySystem, case: &Case) -> History {
    let reader = Reader::new(home.system.client.clone());
    let week_ago = reader.clock().now().minus(ASSUMED_WINDOW);
    let day_before = case.window.start.minus(Duration::from_secs(24 * 3600));
    let since = week_ago.min(day_before);
    home.directory
        .history(&reader, &case.subjects, &case.window, since)
        .await
}

fn unread_history(history: &History) -> Option<Finding> {
    let why = history.unread.as_ref()?;
    Some(Finding {
        severity: Severity::Warning,
        id: "history_unread".into(),
        text: format!("who was renamed, and which apps were used, could not be read: {why}"),
        hint: "services that know a subject only by his name are left alone: grant the log".into(),
    })
}

fn assemble(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    request: PlanRequest,
    home: Home,
    behind: Vec<PlannedService>,
) -> Prepared {
    let mut steps: BTreeMap<StepKey, PlannedStep> = home
        .steps
        .into_iter()
        .map(|step| (step.key, step))
        .collect();
    let mut identities: Vec<PlannedSystem> = home.system.into_iter().collect();
    for service in behind {
        identities.push(service.system);
        steps.extend(service.steps);
    }
    let mut stages = stages(playbook, steps);
    refuse_steps(&mut stages, &home.answers);
    let plan = Plan {
        run: request.run,
        org_id: home.org.id,
        org: home.org.host,
        made_at: tools.clock.now(),
        playbook: playbook.reference.clone(),
        unreached: unreached::of(tools, &home.case, &home.history),
        chosen: request.identities,
        case: home.case,
        systems: identities,
        scope: request.scope,
        guards: home.answers,
        stages,
        findings: home.findings,
    };
    Prepared {
        plan,
        snapshot: home.snapshot,
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

fn check_chosen(
    tools: &Tools,
    request: &PlanRequest,
    subjects: &[Subject],
) -> Result<(), PlanError> {
    let fits = |chosen: &Chosen| {
        let mut services = tools.services.iter();
        let mut subjects = subjects.iter();
        services.any(|system| system.id == chosen.system)
            && subjects.any(|who| chosen.who == who.login || chosen.who == who.id.as_str())
    };
    match request.identities.iter().find(|chosen| !fits(chosen)) {
        Some(chosen) => Err(PlanError::NoSuchIdentity {
            who: chosen.who.clone(),
            system: chosen.system.clone(),
        }),
        None => Ok(()),
    }
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

/// Looks everybody up at once; the same account named twice counts once. Privileged first.
async fn resolve(home: &DirectorySystem, who: &[String]) -> Result<Vec<Subject>, PlanError> {
    if who.is_empty() {
        return Err(PlanError::Nobody);
    }
    let reader = Reader::new(home.system.client.clone());
    let found = join_all(who.iter().map(|name| home.directory.resolve(&reader, name))).await;
    let mut subjects: Vec<Subject> = Vec::with_capacity(found.len());
    let mut seen = std::collections::BTreeSet::new();
    for subject in found {
        let subject = subject?;
        if seen.insert(subject.id.clone()) {
            subjects.push(subject);
        }
    }
    subjects.sort_by_key(
        |subject| match (subject.privileged, subject.status.as_str()) {
            (Tri::Yes, _) => 0,
            (Tri::Unread, _) => 1,
            (Tri::No, "ACTIVE") => 2,
            (Tri::No, _) => 3,
        },
    );
    Ok(subjects)
}

fn case_of(request: &PlanRequest, subjects: Vec<Subject>, now: Utc) -> Case {
    let window = match request.window {
        Some((start, end)) => Window {
            start,
            end,
            how: WindowHow::Given,
        },
        None => Window {
            start: now.minus(ASSUMED_WINDOW),
            end: None,
            how: WindowHow::Assumed,
        },
    };
    Case {
        subjects,
        window,
        id: request.case_id.clone(),
        reason: request.reason.clone(),
        source: request.source.clone(),
    }
}

/// Takes the refused steps out, each with the guard's reason.
fn refuse_steps(stages: &mut [PlannedStage], guards: &[GuardAnswer]) {
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

fn findings(case: &Case) -> Vec<Finding> {
    let foreign = case.subjects.iter().filter(|who| {
        !matches!(
            who.mastered_by.as_str(),
            "" | "OKTA" | "SOCIAL" | "FEDERATION"
        )
    });
    foreign
        .map(|who| Finding {
            severity: Severity::Warning,
            id: "mastered_elsewhere".into(),
            text: format!(
                "{} is mastered by {}: its next import may reactivate him",
                who.login, who.mastered_by
            ),
            hint: "tell the owner of that source to suspend him there too".into(),
        })
        .collect()
}
