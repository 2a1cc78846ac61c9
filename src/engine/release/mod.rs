//! Plans a release: the run of inverses that gives back what a run took.
//!
//! Takes the run as its ledger tells it and reads everything anew: who its subjects are by now,
//! whether each change still stands as we left it, what the guards ask. Only what the run changed
//! is given back, and only if nobody has changed it since; never what was made while the intruder
//! was in. What stays as it is, is in the plan with its reason.
//!
//! Asks nobody and writes nothing. How the two calls that must not be parted are carried out
//! stands in [`pair`](super::pair); that this plan is an ordinary one, with guards, consent,
//! ledger and proofs, is why nothing else here knows how to write.

mod guards;
mod standing;
mod steps;

use sha2::{Digest, Sha256};

use super::planner::refuse_steps;
use super::run::Tools;
use crate::connector::{ResolveError, Unheard, Wanted};
use crate::ledger::{Mode, RunState};
use crate::model::{
    Case, ChangeId, Finding, GuardAnswer, Identity, LeftAlone, LeftWhy, Lift, NewPassword, Owner,
    Plan, PlannedSystem, PlaybookRef, RELEASE, RunId, Scope, Severity, Source, Subject, SystemId,
    UserId, hex,
};
use crate::transport::Reader;

/// What to give back.
#[derive(Clone, Debug)]
pub struct ReleaseRequest<'r> {
    /// The run it would be.
    pub run: RunId,
    /// The run that is given back.
    pub of: RunId,
    /// What that run did.
    pub state: &'r RunState,
    /// Earlier releases of it.
    pub earlier: &'r [RunState],
    /// Younger runs that contain one of its subjects and were not given back.
    pub younger: &'r [Younger],
    /// Systems left out on purpose.
    pub scope: Scope,
    /// Guards lifted by a person.
    pub lifts: Vec<Lift>,
    /// Who asks.
    pub source: Source,
    /// How the person comes to a new password.
    pub password: NewPassword,
    /// Whom to call about what is named.
    pub owners: &'r [Owner],
    /// Whether the password stays: the account is a canary that was contained as a rehearsal, and
    /// nobody else ever knew it. With the password step it would wait for its owner in a status that
    /// cannot be suspended, and the next rehearsal could not be made.
    pub keeps_password: bool,
}

/// A younger run that contains somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Younger {
    /// Which.
    pub run: RunId,
    /// Whom.
    pub subjects: Vec<UserId>,
}

/// Why there is no plan of a release. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is nothing of this run in the ledger.
    #[error("run {of} has no plan in the ledger: nothing says what it did")]
    Unrecorded {
        /// Which.
        of: RunId,
    },
    /// It gives back already.
    #[error("run {of} is itself a release, of {back}")]
    IsRelease {
        /// Which.
        of: RunId,
        /// What it gives back.
        back: RunId,
    },
    /// It wrote nothing.
    #[error("run {of} wrote nothing: there is nothing to give back")]
    WroteNothing {
        /// Which.
        of: RunId,
    },
    /// It, or an earlier release of it, never ended.
    #[error("run {run} is not over: what it did is not certain yet")]
    Unfinished {
        /// Which.
        run: RunId,
    },
    /// Everything that can be given back was.
    #[error("run {of} was given back already, by {}", names(.by))]
    Released {
        /// Which.
        of: RunId,
        /// By which releases.
        by: Vec<RunId>,
    },
    /// Nothing it did can be given back.
    #[error("nothing of run {of} can be given back: {}", reasons(.left))]
    Nothing {
        /// Which.
        of: RunId,
        /// What stays, and why.
        left: Vec<LeftAlone>,
    },
    /// All its accounts are gone, or none could be looked up.
    #[error("{who}: {why}")]
    Nobody {
        /// Whose.
        who: String,
        /// What became of them.
        why: String,
    },
    /// The directory is another org than the run's.
    #[error("run {of} was made in the org {theirs}; this config is for {ours}")]
    OtherOrg {
        /// Which.
        of: RunId,
        /// The run's org.
        theirs: String,
        /// This one.
        ours: String,
    },
    /// The org could not be read.
    #[error("the org could not be read: {0}")]
    Org(Unheard),
    /// `--only` or `--skip` names nothing that is configured.
    #[error("no system is called `{0}`")]
    NoSuchSystem(String),
}

impl ReleaseError {
    /// The operator's next step, in one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unrecorded { .. } => {
                "what a run without a ledger changed has to be given back by hand".into()
            }
            Self::IsRelease { back, .. } => {
                format!("to take it back, contain again; to go on giving back: oust release {back}")
            }
            Self::WroteNothing { .. } => "oust runs list shows which did".into(),
            Self::Unfinished { run } => {
                format!("go on with it first: oust runs resume {run}")
            }
            Self::Released { by, .. } => by.last().map_or_else(String::new, |by| {
                format!("see what it gave back: oust runs show {by}")
            }),
            Self::Nothing { of, .. } => format!("see what it did: oust runs show {of}"),
            Self::Nobody { .. } => {
                "what it changed at services has to be given back by hand".into()
            }
            Self::OtherOrg { .. } => {
                "name the config of that org with --config, and its ledger with --state".into()
            }
            Self::Org(why) => why.hint(),
            Self::NoSuchSystem(_) => "systems are those of the config file".into(),
        }
    }
}

fn names(runs: &[RunId]) -> String {
    let names: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    names.join(", ")
}

/// Why things stay, as far as a line takes it.
fn reasons(left: &[LeftAlone]) -> String {
    const SHOWN_MAX: usize = 3;
    let told: Vec<String> = left
        .iter()
        .take(SHOWN_MAX)
        .map(LeftAlone::sentence)
        .collect();
    match left.len().saturating_sub(SHOWN_MAX) {
        _ if left.is_empty() => "it changed nothing that lasts".into(),
        0 => told.join("; "),
        more => format!("{}; and {more} more", told.join("; ")),
    }
}

/// What became of a subject since the run.
enum Whose {
    /// He is there.
    There(Subject),
    /// He is not, or must not be let in: why.
    Gone(Subject, String),
    /// Nobody could tell.
    Unread(Subject, String),
}

impl Whose {
    fn subject(&self) -> &Subject {
        match self {
            Self::There(who) | Self::Gone(who, _) | Self::Unread(who, _) => who,
        }
    }
}

/// Plans the release.
///
/// # Errors
/// [`ReleaseError`] if there is nothing to plan. A silent system is not an error: its rows say so.
pub async fn plan_release(
    tools: &Tools,
    request: ReleaseRequest<'_>,
) -> Result<Plan, ReleaseError> {
    let before = checked(tools, &request)?;
    let home = &tools.directory;
    let reader = Reader::new(home.system.client.clone());
    let org = home
        .directory
        .org(&reader)
        .await
        .map_err(ReleaseError::Org)?;
    if org.id != before.org_id {
        return Err(ReleaseError::OtherOrg {
            of: request.of,
            theirs: before.org_id.clone(),
            ours: org.id,
        });
    }
    let who = read_anew(tools, before).await;
    let (stands, facts) = futures_util::future::join(
        standing::read(tools, &request, before, &who),
        guards::read(tools, &request, before, &who),
    )
    .await;
    let drafted = steps::draft(tools, &request, &who, &stands);
    if !drafted.has_changes() {
        return Err(nothing(request, &who, &stands, &drafted));
    }
    let mut stages = drafted.stages(&who);
    let guards = guards::judge(tools, &request, before, &who, &facts, &stages);
    refuse_steps(&mut stages, &guards);
    let systems = systems(&request, before, &stages);
    let left_out = stands.left_out(&request.scope);
    let findings = renamed(before, &who);
    Ok(Plan {
        run: request.run,
        org_id: org.id,
        org: org.host,
        made_at: tools.clock.now(),
        playbook: PlaybookRef {
            name: RELEASE.into(),
            title: format!("Give back what {} took", request.of),
            digest: digest(&request.of, &stages),
        },
        case: Case {
            subjects: who.iter().map(|each| each.subject().clone()).collect(),
            window: before.case.window,
            id: before.case.id.clone(),
            reason: before.case.reason.clone(),
            source: request.source,
            // Who was in, and what he left, is told by the run that is given back.
            intruders: Vec::new(),
            // How long it takes to give back is no measure of anything.
            began: None,
        },
        systems,
        scope: request.scope,
        left_out,
        guards,
        stages,
        chosen: before.chosen.clone(),
        unreached: Vec::new(),
        findings,
        owners: Vec::new(),
        suspends_first: None,
        gives_back: Some(request.of),
        left_alone: stands.left,
    })
}

/// What the run says of itself, if it can be given back at all.
fn checked<'r>(tools: &Tools, request: &ReleaseRequest<'r>) -> Result<&'r Plan, ReleaseError> {
    let (of, state) = (&request.of, request.state);
    let Some(before) = state.plan.as_deref() else {
        return Err(ReleaseError::Unrecorded { of: of.clone() });
    };
    if let (Some(Mode::Release), Some(back)) = (state.mode, &before.gives_back) {
        return Err(ReleaseError::IsRelease {
            of: of.clone(),
            back: back.clone(),
        });
    }
    if !state.wrote() {
        return Err(ReleaseError::WroteNothing { of: of.clone() });
    }
    let mut runs = std::iter::once(state).chain(request.earlier);
    if let Some(open) = runs.find(|run| run.closed_at.is_none()) {
        let run = open.plan.as_ref().map_or(of, |plan| &plan.run);
        return Err(ReleaseError::Unfinished { run: run.clone() });
    }
    let known = |name: &&String| {
        let mut systems = tools.systems();
        systems.any(|system| **name == system.id.as_str() || **name == system.id.vendor())
    };
    let mut named = request.scope.only.iter().chain(&request.scope.skip);
    match named.find(|name| !known(name)) {
        Some(stranger) => Err(ReleaseError::NoSuchSystem(stranger.clone())),
        None => Ok(before),
    }
}

/// The run's subjects as they are now, found by the ids that never change.
async fn read_anew(tools: &Tools, before: &Plan) -> Vec<Whose> {
    let home = &tools.directory;
    let reader = Reader::new(home.system.client.clone());
    let subjects = &before.case.subjects;
    let ids: Vec<String> = subjects.iter().map(|was| was.id.to_string()).collect();
    let now = home.directory.resolve_all(&reader, &ids).await;
    let who: Vec<Whose> = subjects
        .iter()
        .zip(now)
        .map(|(was, now)| whose(was, now))
        .collect();
    let there = who.iter().filter_map(|each| match each {
        Whose::There(who) => Some(who.clone()),
        Whose::Gone(..) | Whose::Unread(..) => None,
    });
    // Whoever agrees sees whether it is an administrator that is let in.
    let there = home
        .directory
        .describe(&reader, there.collect(), Wanted::default());
    let described = there.await;
    let with_roles = |each: Whose| match each {
        Whose::There(who) => {
            let known = described.iter().find(|known| known.id == who.id);
            Whose::There(known.cloned().unwrap_or(who))
        }
        other => other,
    };
    who.into_iter().map(with_roles).collect()
}

fn whose(was: &Subject, now: Result<Subject, ResolveError>) -> Whose {
    let as_was = |status: &str| Subject {
        status: status.to_owned(),
        ..was.clone()
    };
    match now {
        Ok(now) if now.id != was.id => Whose::Unread(
            as_was("UNREAD"),
            "the directory answered with another account".into(),
        ),
        Ok(now) if now.status == "DEPROVISIONED" => Whose::Gone(
            Subject {
                role: was.role,
                ..now
            },
            "the account was deactivated since: nothing of it is given back".into(),
        ),
        Ok(now) => Whose::There(Subject {
            role: was.role,
            ..now
        }),
        Err(ResolveError::Stranger { .. } | ResolveError::Several { .. }) => Whose::Gone(
            as_was("DELETED"),
            "the account was deleted since: there is nobody to give anything back to".into(),
        ),
        Err(ResolveError::Unread { why, .. }) => Whose::Unread(as_was("UNREAD"), why.to_string()),
    }
}

/// Why a plan would be empty.
fn nothing(
    request: ReleaseRequest<'_>,
    who: &[Whose],
    stands: &standing::Standing,
    drafted: &steps::Drafted,
) -> ReleaseError {
    let lost = |each: &Whose| match each {
        Whose::There(_) => None,
        Whose::Gone(who, why) | Whose::Unread(who, why) => Some((who.login.clone(), why.clone())),
    };
    let all: Vec<_> = who.iter().filter_map(lost).collect();
    if let Some((first, why)) = all.first().filter(|_| all.len() == who.len()).cloned() {
        return ReleaseError::Nobody { who: first, why };
    }
    if let Some(why) = drafted.first_reason() {
        let login = who.first().map_or("", |each| &each.subject().login);
        return ReleaseError::Nobody {
            who: login.to_owned(),
            why,
        };
    }
    let mut by: Vec<RunId> = Vec::new();
    for left in &stands.left {
        if let LeftWhy::GivenBack { by: run } = &left.why
            && !by.contains(run)
        {
            by.push(run.clone());
        }
    }
    if !by.is_empty() {
        return ReleaseError::Released { of: request.of, by };
    }
    ReleaseError::Nothing {
        of: request.of,
        left: stands.left.clone(),
    }
}

/// The systems of the plan, and who everybody was there.
fn systems(
    request: &ReleaseRequest<'_>,
    before: &Plan,
    stages: &[crate::model::PlannedStage],
) -> Vec<PlannedSystem> {
    let mut here: Vec<SystemId> = Vec::new();
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        if !here.contains(&step.system) {
            here.push(step.system.clone());
        }
    }
    let known = |id: SystemId| {
        let was = before.systems.iter().find(|system| system.id == id);
        let identities = was.into_iter().flat_map(|was| &was.identities);
        let identities = identities.map(|(who, identity)| {
            let late = request.state.late_identity(&id, who);
            (who.clone(), late.unwrap_or(identity).clone())
        });
        PlannedSystem {
            identities: identities
                .filter(|(_, identity)| matches!(identity, Identity::Found { .. }))
                .collect(),
            late: Vec::new(),
            tenant: was.and_then(|was| was.tenant.clone()),
            id,
        }
    };
    here.into_iter().map(known).collect()
}

/// Those who are called otherwise by now.
fn renamed(before: &Plan, who: &[Whose]) -> Vec<Finding> {
    let pairs = before.case.subjects.iter().zip(who);
    let other = pairs.filter_map(|(was, now)| {
        let now = now.subject();
        (now.login != was.login).then(|| Finding {
            severity: Severity::Warning,
            id: "renamed".into(),
            text: format!(
                "{} is called {} by now: it is the same account, {}",
                was.login, now.login, now.id
            ),
            hint: String::new(),
        })
    });
    other.collect()
}

/// What the release is made of; with another set of changes it is another release.
fn digest(of: &RunId, stages: &[crate::model::PlannedStage]) -> String {
    let mut hashed = Sha256::new();
    hashed.update(RELEASE);
    hashed.update([0]);
    hashed.update(of.as_str());
    let steps = stages.iter().flat_map(|stage| &stage.steps);
    let changes = steps.flat_map(|step| step.subjects.iter().flat_map(|row| &row.changes));
    let mut ids: Vec<(&SystemId, &ChangeId)> =
        changes.map(|change| (&change.system, &change.id)).collect();
    ids.sort();
    for (system, id) in ids {
        for part in [system.as_str(), id.as_str()] {
            hashed.update([0]);
            hashed.update(part);
        }
    }
    hex(&hashed.finalize())
}

/// Whether what was asked for is refused altogether: nothing would be written.
#[must_use]
pub fn is_refused(plan: &Plan) -> bool {
    plan.guards.iter().any(GuardAnswer::stops_run) || plan.changes().next().is_none()
}
