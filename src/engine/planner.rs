//! Plans a case: every change that would contain its subjects, by reads alone.
//!
//! Looks up subjects and org facts side by side, then lets every connector say what each step
//! would change, all at once. What cannot be read becomes a row that says so, never a gap.
//! Asks nobody and writes nothing; the snapshot reads leave from here so that they need not be
//! waited for later.

use std::time::Duration;

use futures_util::future::{join, join_all, join4};

use super::run::Tools;
use super::snapshot::Snapshot;
use crate::connector::{
    DirectorySystem, Identified, Org, Planned, ResolveError, Step, System, Unheard,
};
use crate::guard::{self, GuardConfig};
use crate::model::{
    Case, Finding, GuardAnswer, GuardReply, Identity, Lift, Plan, PlannedFor, PlannedStage,
    PlannedStep, PlannedSystem, RunId, Scope, Severity, Skip, Source, StepKey, Subject, Tri,
    UserId, Utc, Window, WindowHow,
};
use crate::playbook::{CheckedPlaybook, CheckedStep, Facts, Holds};
use crate::transport::{Rank, Reader};

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
    /// The org could not be read: the network, a credential or a key, each with its next step.
    #[error("the org could not be read: {0}")]
    Org(Unheard),
    /// `--only` or `--skip` names nothing that is configured.
    #[error("no system is called `{0}`")]
    NoSuchSystem(String),
}

impl PlanError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Nobody | Self::NoSuchSystem(_) => "systems are those of the config file".into(),
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
    let snapshot = Snapshot::start(home, &subjects);
    let case = case_of(&request, subjects, clock.now());
    let systems = in_scope(tools, &request.scope);
    let (facts, (identities, stages)) = join(
        guard::read_facts(org_facts, home, &*tools.store, &case.subjects, clock),
        plan_stages(tools, playbook, &systems, &case),
    )
    .await;
    let locking = home.directory.locking_actions();
    let answers = guard::judge(&case, &facts, guards, &locking, &request.lifts);
    let mut stages = stages;
    refuse_steps(&mut stages, &answers);
    let findings = findings(&case);
    let plan = Plan {
        run: request.run,
        org_id: org.id,
        org: org.host,
        made_at: clock.now(),
        playbook: playbook.reference.clone(),
        case,
        systems: identities,
        scope: request.scope,
        guards: answers,
        stages,
        findings,
    };
    Ok(Prepared { plan, snapshot })
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

async fn plan_stages(
    tools: &Tools,
    playbook: &CheckedPlaybook,
    systems: &[System],
    case: &Case,
) -> (Vec<PlannedSystem>, Vec<PlannedStage>) {
    let identities = join_all(systems.iter().map(|system| identify(tools, system, case))).await;
    let stages = playbook.stages.iter().enumerate().map(|(number, stage)| {
        let identities = &identities;
        async move {
            let steps = stage.steps.iter().enumerate().flat_map(|(place, step)| {
                taking_part(step, systems)
                    .enumerate()
                    .map(move |(at, system)| {
                        let key = step_key(number, place, at);
                        let who = identities.iter().find(|known| known.id == system.id);
                        plan_step(
                            step,
                            key,
                            system,
                            who.expect("every system was identified"),
                            case,
                        )
                    })
            });
            PlannedStage {
                name: stage.name.clone(),
                after: stage.after.clone(),
                stage_wait_ms: stage.stage_wait.map(millis),
                order: stage.order,
                ask: stage.ask,
                steps: join_all(steps).await,
            }
        }
    });
    let stages = join_all(stages).await;
    (identities, stages)
}

fn taking_part<'s>(
    step: &'s CheckedStep,
    systems: &'s [System],
) -> impl Iterator<Item = &'s System> {
    systems.iter().filter(|system| {
        let named = |name: &String| name == system.id.as_str() || name == system.id.vendor();
        system.id.vendor() == step.action.vendor()
            && (step.at.is_empty() || step.at.iter().any(named))
    })
}

fn step_key(stage: usize, step: usize, system: usize) -> StepKey {
    let narrow = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    StepKey {
        stage: narrow(stage),
        step: narrow(step),
        system: narrow(system),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

async fn identify(tools: &Tools, system: &System, case: &Case) -> PlannedSystem {
    let found = if system.id == tools.directory.system.id {
        case.subjects
            .iter()
            .map(|who| Identity::Found {
                id: who.id.to_string(),
            })
            .collect()
    } else {
        let reader = Reader::new(system.client.clone());
        system.connector.identify(&reader, &case.subjects).await
    };
    let identities = case
        .subjects
        .iter()
        .map(|who| who.id.clone())
        .zip(found)
        .collect::<Vec<_>>();
    PlannedSystem {
        id: system.id.clone(),
        identities,
    }
}

async fn plan_step(
    step: &CheckedStep,
    key: StepKey,
    system: &System,
    known: &PlannedSystem,
    case: &Case,
) -> PlannedStep {
    let mut subjects: Vec<PlannedFor> = Vec::with_capacity(case.subjects.len());
    let mut asked: Vec<(usize, Identified)> = Vec::new();
    for (place, (subject, (_, identity))) in case.subjects.iter().zip(&known.identities).enumerate()
    {
        let mut row = empty_row(subject);
        match gate(step, subject, identity, case.subjects.len(), &mut row.notes) {
            Ok(id) => asked.push((
                place,
                Identified {
                    subject: subject.clone(),
                    id,
                },
            )),
            Err(skip) => row.skip = Some(skip),
        }
        subjects.push(row);
    }
    let as_step = Step {
        key,
        action: step.action.clone(),
        system: system.id.clone(),
        settings: step.settings.clone(),
        select: step.select,
        again: false,
    };
    if !asked.is_empty() {
        let rank = if key.stage == 0 {
            Rank::Evict
        } else {
            Rank::Contain
        };
        let reader = Reader::new(system.client.clone()).ranked(rank);
        let who: Vec<Identified> = asked.iter().map(|(_, who)| who.clone()).collect();
        let planned = system.connector.plan(&reader, &as_step, &who, case).await;
        for ((place, _), planned) in asked.iter().zip(planned) {
            fill_row(&mut subjects[*place], planned);
        }
    }
    PlannedStep {
        key,
        action: as_step.action,
        system: as_step.system,
        settings: as_step.settings,
        select: as_step.select,
        when: step.when.as_ref().map(|when| when.text().to_owned()),
        optional: step.optional,
        requires: step.requires.clone(),
        halt_on_failure: step.halt_on_failure,
        timeout_ms: millis(step.timeout),
        subjects,
    }
}

fn empty_row(subject: &Subject) -> PlannedFor {
    PlannedFor {
        subject: subject.id.clone(),
        changes: Vec::new(),
        kept: Vec::new(),
        skip: None,
        ceiling: PlannedFor::ceiling_for(0),
        notes: Vec::new(),
    }
}

fn fill_row(row: &mut PlannedFor, planned: Planned) {
    row.ceiling = PlannedFor::ceiling_for(planned.changes.len());
    row.changes = planned.changes;
    row.kept = planned.kept;
    row.notes.extend(planned.notes);
    row.skip = planned.skip;
    if row.changes.is_empty() && row.skip.is_none() {
        row.skip = Some(Skip::NothingSelected { why: String::new() });
    }
}

/// Whether the step is for this subject at all: his id at the system, or why not.
fn gate(
    step: &CheckedStep,
    subject: &Subject,
    identity: &Identity,
    subjects: usize,
    notes: &mut Vec<String>,
) -> Result<String, Skip> {
    if !step.roles.contains(&subject.role) {
        return Err(Skip::NothingSelected {
            why: "not for this role in the incident".into(),
        });
    }
    if let Some(when) = &step.when {
        match when.holds(&Facts { subject, subjects }) {
            Holds::Yes => {}
            Holds::No => return Err(Skip::WhenFalse),
            Holds::Untold(why) => {
                notes.push(format!(
                    "`when: {}` could not be told ({why}): taken as true",
                    when.text()
                ));
            }
        }
    }
    match identity {
        Identity::Found { id } => Ok(id.clone()),
        Identity::NoAccount => Err(Skip::NoAccount),
        Identity::Ambiguous { candidates } => Err(Skip::Unsupported {
            why: format!("several accounts answer to him: {}", candidates.join(", ")),
        }),
        Identity::Contested { why } => Err(Skip::Unsupported {
            why: format!("his identity there is contested: {why}"),
        }),
        Identity::Unread { why } => Err(Skip::Unread { why: why.clone() }),
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

/// The step as the connectors know it, for re-reads.
pub(super) fn as_step(step: &PlannedStep) -> Step {
    Step {
        key: step.key,
        action: step.action.clone(),
        system: step.system.clone(),
        settings: step.settings.clone(),
        select: step.select,
        again: true,
    }
}
