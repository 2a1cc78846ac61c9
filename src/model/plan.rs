//! A plan: every change of a case, made by reads alone, and the digest that consent binds to.
//!
//! The digest covers what a person agrees to (whom, where, which steps with which settings,
//! from when, up to how many, which guards lifted) and not the matched items, so that a
//! re-read may add the factor that the intruder enrols while we ask.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    ActionId, Case, Change, Chosen, Fact, Finding, Identity, Kept, LeftAlone, Logout, Lookup, Role,
    RunId, Select, Subject, SystemId, UserId, Utc,
};

/// Every change of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The run this plan would be.
    pub run: RunId,
    /// The directory's own id: a plan holds for one org.
    pub org_id: String,
    /// The org's host, for people.
    pub org: String,
    /// When the reads were made.
    pub made_at: Utc,
    /// What it follows.
    pub playbook: PlaybookRef,
    /// Whom it is about.
    pub case: Case,
    /// The systems in scope, and who each subject is there.
    pub systems: Vec<PlannedSystem>,
    /// What was left out on purpose.
    pub scope: Scope,
    /// The configured systems that are not in scope, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<SystemId>,
    /// What the guards answered.
    pub guards: Vec<GuardAnswer>,
    /// The stages, in playbook order.
    pub stages: Vec<PlannedStage>,
    /// Identities that a person named.
    #[serde(default)]
    pub chosen: Vec<Chosen>,
    /// Apps of the subjects that no system in this plan stands for.
    #[serde(default)]
    pub unreached: Vec<Unreached>,
    /// What the reads found that is no change.
    pub findings: Vec<Finding>,
    /// Whom to call about what is named here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// Many are all suspended before anybody's sessions are cleared, because this was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspends_first: Option<Fact>,
    /// The run that it gives back; `None` contains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_back: Option<RunId>,
    /// Of a release: what stays as it is, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_alone: Vec<LeftAlone>,
}

/// The finding that a source elsewhere will undo a suspension.
pub const MASTERED_ELSEWHERE: &str = "mastered_elsewhere";

/// Who looks after an app, as the config says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The app's label, catalogue name or id at the directory, a system's id, or the source of
    /// profiles: `active_directory`, `ldap`, or `import` for any.
    pub app: String,
    /// A person or a team.
    pub owner: String,
    /// How to reach them.
    pub contact: String,
}

impl Owner {
    /// Whether this is the owner of what goes by one of these names; an admin writes them by
    /// hand, so that capitals do not count.
    pub fn owns<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> bool {
        names.any(|name| !name.is_empty() && name.eq_ignore_ascii_case(&self.app))
    }
}

impl Plan {
    /// Keeps those owners that somebody may have to call about this plan. Who they are is told
    /// with the run, so that a report needs no config; consent does not cover it.
    pub fn call(&mut self, owners: &[Owner]) {
        let apps = self.unreached.iter().flat_map(Unreached::names);
        let systems = self.systems.iter();
        let systems = systems.flat_map(|each| [each.id.as_str(), each.id.vendor()]);
        let sources = self.case.subjects.iter().flat_map(Subject::source_names);
        let names: Vec<&str> = apps.chain(systems).chain(sources).collect();
        let named = owners
            .iter()
            .filter(|owner| owner.owns(names.iter().copied()));
        self.owners = named.cloned().collect();
        self.name_owners_of_sources();
    }

    /// Who is told beforehand that his source must not give the account back.
    fn name_owners_of_sources(&mut self) {
        for who in &self.case.subjects {
            let Some(owner) = self.owner_of_source(who) else {
                continue;
            };
            let hint = format!(
                "call {}, {}, now: have him suspended at the source too; then watch: oust watch",
                owner.owner, owner.contact
            );
            let his = self.findings.iter_mut().find(|finding| {
                let rest = finding.text.strip_prefix(who.login.as_str());
                finding.id == MASTERED_ELSEWHERE && rest.is_some_and(|rest| rest.starts_with(' '))
            });
            if let Some(finding) = his {
                finding.hint = hint;
            }
        }
    }

    /// Who looks after the source that a subject's profile comes from: whoever owns that very
    /// one before whoever owns imports as such.
    #[must_use]
    pub fn owner_of_source(&self, who: &Subject) -> Option<&Owner> {
        let mut names = who.source_names();
        names.find_map(|name| self.owner_of(std::iter::once(name)))
    }

    /// Whom to call about what goes by one of these names.
    pub fn owner_of<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.owns(names.clone()))
    }
}

/// An app that a subject uses and this run does not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// Who.
    pub subject: UserId,
    /// The app's label, for people; empty if his apps could not be read.
    pub app: String,
    /// The vendor whose connector would reach it; `None` if there is none such.
    pub vendor: Option<SystemId>,
    /// How it is known that he uses it: "assigned", "signed in to", or why nobody knows.
    pub why: String,
    /// The app's id at the directory; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its catalogue name; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether the directory can have it signed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout: Option<Logout>,
    /// Its page in the directory's console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Unreached {
    /// What it may be called by whoever wrote down its owner.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let vendor = self.vendor.as_ref().map_or("", SystemId::vendor);
        [&*self.app, &*self.name, &*self.id, vendor].into_iter()
    }
}

/// The name that stands where a containment has its playbook's.
pub const RELEASE: &str = "release";

/// A playbook by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookRef {
    /// `account-takeover`
    pub name: String,
    /// For people.
    pub title: String,
    /// SHA-256 of its text, hex.
    pub digest: String,
}

/// A system and who the subjects are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSystem {
    /// `okta`, `github:eng`, …
    pub id: SystemId,
    /// Identity by subject, in the case's order.
    pub identities: Vec<(UserId, Identity)>,
    /// What those whose identity had not answered are to be looked up by; consent covers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Lookup>,
    /// Which account at the vendor it is, by the vendor's own id; told where the vendor has
    /// several systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// Systems named by `--only` and `--skip`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only these; empty is all.
    pub only: Vec<String>,
    /// All but these.
    pub skip: Vec<String>,
}

impl Scope {
    /// Whether `system` takes part; a bare vendor names all its systems.
    #[must_use]
    pub fn includes(&self, system: &SystemId) -> bool {
        let named = |list: &[String]| {
            list.iter()
                .any(|name| name == system.as_str() || name == system.vendor())
        };
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}

/// One stage of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// Its name in the playbook.
    pub name: String,
    /// The stage it waits for.
    pub after: Option<String>,
    /// How long after the subject's eviction it waits at most, in milliseconds.
    pub stage_wait_ms: Option<u64>,
    /// Whether its systems run side by side.
    pub order: StageOrder,
    /// Whether it needs a consent of its own.
    pub ask: bool,
    /// Its steps, one per (playbook step, system).
    pub steps: Vec<PlannedStep>,
}

/// How the steps of a stage stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageOrder {
    /// One after the other.
    #[default]
    Sequential,
    /// Systems side by side; steps of one system one after the other.
    Parallel,
}

/// Where a step stands: stage and step, counted from 0 in playbook order, and the system's
/// place among those the step runs at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepKey {
    /// Stage, from 0.
    pub stage: u16,
    /// Step within the stage, from 0.
    pub step: u16,
    /// System within the step, from 0.
    pub system: u16,
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.stage, self.step, self.system)
    }
}

impl FromStr for StepKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<u16> = text
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect();
        match parts[..] {
            [stage, step, system] => Ok(Self {
                stage,
                step,
                system,
            }),
            _ => Err(format!("`{text}` is not a step's place")),
        }
    }
}

impl Serialize for StepKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// One step at one system, for all subjects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its place.
    pub key: StepKey,
    /// What it does.
    pub action: ActionId,
    /// Where.
    pub system: SystemId,
    /// Checked settings, defaults filled in.
    #[serde(deserialize_with = "super::sharing::value")]
    pub settings: Arc<Value>,
    /// Which of the subject's things it takes.
    pub select: Select,
    /// `when:` as written.
    pub when: Option<String>,
    /// Whether its absence is a residual instead of a failure.
    pub optional: bool,
    /// Actions of which one must be proven first.
    pub requires: Vec<ActionId>,
    /// Whether its failure ends the run for that subject.
    pub halt_on_failure: bool,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// What it means for each subject, in the case's order.
    pub subjects: Vec<PlannedFor>,
    /// How it hangs together with the steps around it.
    #[serde(default, skip_serializing_if = "Tie::is_none")]
    pub tie: Tie,
}

/// How a step hangs together with another of the same system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "tie")]
pub enum Tie {
    /// It stands alone.
    #[default]
    None,
    /// It is never left without `then`: the intents of both are recorded first, nothing comes
    /// between them, and if `then` fails, `or_else` makes good what this step has done.
    Unbroken {
        /// What must follow.
        then: StepKey,
        /// What is done if that fails.
        or_else: StepKey,
    },
    /// Done within an unbroken pair, or where it failed, and never by itself.
    Within {
        /// The first of the pair.
        first: StepKey,
    },
}

impl Tie {
    /// Whether it stands alone.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// What a step means for one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFor {
    /// Whose account.
    pub subject: UserId,
    /// The intended writes.
    pub changes: Vec<Arc<Change>>,
    /// What the selector leaves alone.
    pub kept: Vec<Kept>,
    /// Why there is nothing to do, if so.
    pub skip: Option<Skip>,
    /// At most this many changes without asking again.
    pub ceiling: u32,
    /// What a person should read beside it.
    pub notes: Vec<String>,
}

impl PlannedFor {
    /// The most changes that consent to `matches` covers: twice as many, at least five more.
    #[must_use]
    pub fn ceiling_for(matches: usize) -> u32 {
        u32::try_from((matches * 2).max(matches + 5)).unwrap_or(u32::MAX)
    }
}

/// Why a step does nothing for a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "skip")]
pub enum Skip {
    /// Its `when:` is false.
    WhenFalse,
    /// There is nothing that it could be done to, for the reason given (may be empty).
    NothingSelected {
        /// Why, in words.
        why: String,
    },
    /// The subject has no account there.
    NoAccount,
    /// A guard refused it.
    Guard {
        /// Which.
        guard: GuardName,
        /// What it said.
        why: String,
    },
    /// None of the actions it requires was proven.
    Requires {
        /// Which actions.
        actions: Vec<ActionId>,
    },
    /// Its stage asks for a consent of its own, and nobody answered.
    Unasked,
    /// What it needs to know could not be read.
    Unread {
        /// What went wrong.
        why: String,
    },
    /// The vendor or org cannot do it.
    Unsupported {
        /// Why.
        why: String,
    },
    /// It would stop an agent, and the playbook keeps agents.
    AgentsKept {
        /// The agents' names.
        agents: Vec<String>,
    },
    /// More was found than consent covers.
    CeilingPassed {
        /// How many were found.
        found: u32,
        /// How many were agreed to.
        ceiling: u32,
    },
    /// An earlier step failed and said `on_failure: halt`.
    Halted,
}

/// Why a system that had not answered in time is unread: nobody waits for it, and it is asked
/// while the directory is being written to.
pub const NOT_YET: &str = "it had not answered yet; it is read while Okta is written to";

/// Why a step does nothing for a subject whose part it is not for.
pub const NOT_FOR_ROLE: &str = "not for this role in the incident";

impl Skip {
    /// Whether the playbook means the step for him at all: by his role and its condition.
    #[must_use]
    pub fn is_not_meant(&self) -> bool {
        match self {
            Self::WhenFalse => true,
            Self::NothingSelected { why } => why == NOT_FOR_ROLE,
            _ => false,
        }
    }

    /// Whether its system had merely not answered in time.
    #[must_use]
    pub fn is_not_yet(&self) -> bool {
        matches!(self, Self::Unread { why } if why == NOT_YET)
    }

    /// One line for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::WhenFalse => "its condition is false".into(),
            Self::NothingSelected { why } if why.is_empty() => "nothing to do".into(),
            Self::NothingSelected { why } | Self::Unread { why } | Self::Unsupported { why } => {
                why.clone()
            }
            Self::NoAccount => "no account there".into(),
            Self::Guard { guard, why } => format!("refused by {guard}: {why}"),
            Self::Requires { actions } => {
                let names: Vec<String> = actions.iter().map(ToString::to_string).collect();
                format!("none of {} is proven", names.join(", "))
            }
            Self::Unasked => "asks for a consent of its own".into(),
            Self::AgentsKept { agents } => {
                format!("owns an agent token ({}); agents: keep", agents.join(", "))
            }
            Self::CeilingPassed { found, ceiling } => {
                format!("found {found}, consent covers {ceiling}: plan again")
            }
            Self::Halted => "an earlier step failed (on_failure: halt)".into(),
        }
    }

    /// Whether it leaves nothing open: the cases that the verdict rules name.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(
            self,
            Self::WhenFalse | Self::NothingSelected { .. } | Self::NoAccount
        )
    }
}

/// The guards by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// Ids that config protects.
    Protected,
    /// Our own principal.
    OwnPrincipal,
    /// The last usable super admins.
    SuperAdmins,
    /// Owners of agent tokens.
    AgentOwner,
    /// Subjects a run.
    CapRun,
    /// Subjects a rolling hour.
    CapHour,
    /// Subjects as a share of all active users.
    CapPercent,
    /// Automatic runs per source and hour.
    CapSource,
    /// Of a release: nobody has confirmed since when the intruder was in.
    WindowAssumed,
    /// Of a release: something that the intruder planted is still there.
    PlantedOpen,
    /// Of a release: nobody has decided about apps assigned in the window.
    AssignmentsOpen,
    /// Of a release: somebody else has locked the account since.
    YoungerLock,
    /// Of a release: the password lives elsewhere, and nobody says that it was changed there.
    PasswordElsewhere,
    /// Of a release: services would be given back before the password was changed.
    PasswordFirst,
}

impl GuardName {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Protected,
        Self::OwnPrincipal,
        Self::SuperAdmins,
        Self::AgentOwner,
        Self::CapRun,
        Self::CapHour,
        Self::CapPercent,
        Self::CapSource,
        Self::WindowAssumed,
        Self::PlantedOpen,
        Self::AssignmentsOpen,
        Self::YoungerLock,
        Self::PasswordElsewhere,
        Self::PasswordFirst,
    ];

    /// The name on the command line and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::OwnPrincipal => "own_principal",
            Self::SuperAdmins => "super_admins",
            Self::AgentOwner => "agent_owner",
            Self::CapRun => "cap_run",
            Self::CapHour => "cap_hour",
            Self::CapPercent => "cap_percent",
            Self::CapSource => "cap_source",
            Self::WindowAssumed => "window_assumed",
            Self::PlantedOpen => "planted_open",
            Self::AssignmentsOpen => "assignments_open",
            Self::YoungerLock => "younger_lock",
            Self::PasswordElsewhere => "password_elsewhere",
            Self::PasswordFirst => "password_first",
        }
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a guard answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardAnswer {
    /// Which guard.
    pub name: GuardName,
    /// Its answer.
    #[serde(flatten)]
    pub reply: GuardReply,
    /// Who lifted it and why, if so; the refusal then no longer binds.
    pub lifted: Option<Lift>,
}

impl GuardAnswer {
    /// Whether it still stops the whole run.
    #[must_use]
    pub fn stops_run(&self) -> bool {
        self.lifted.is_none() && matches!(self.reply, GuardReply::RefusesRun { .. })
    }
}

/// A guard's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum GuardReply {
    /// Nothing to say.
    Passes,
    /// Goes on, but says this above everything else.
    Warns {
        /// One sentence.
        why: String,
    },
    /// Refuses some actions for some subjects; the rest runs.
    RefusesSteps {
        /// One sentence.
        why: String,
        /// Which actions.
        actions: Vec<ActionId>,
        /// For whom.
        subjects: Vec<UserId>,
    },
    /// Refuses the run.
    RefusesRun {
        /// One sentence.
        why: String,
        /// The next best command.
        next: String,
    },
}

/// A guard lifted by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// Which guard.
    pub guard: GuardName,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
}

impl Plan {
    /// All steps, in playbook order.
    pub fn steps(&self) -> impl Iterator<Item = &PlannedStep> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// All planned changes, in playbook order.
    pub fn changes(&self) -> impl Iterator<Item = &Arc<Change>> {
        self.steps()
            .flat_map(|step| step.subjects.iter().flat_map(|each| &each.changes))
    }

    /// The step at `key`.
    #[must_use]
    pub fn step(&self, key: StepKey) -> Option<&PlannedStep> {
        self.steps().find(|step| step.key == key)
    }

    /// SHA-256, hex, over what consent covers (see the module's opening).
    #[must_use]
    pub fn digest(&self) -> String {
        let lifts = self.guards.iter().filter_map(|guard| guard.lifted.as_ref());
        let covered = Covered {
            org: &self.org_id,
            subjects: self.case.subjects.iter().map(|who| &who.id).collect(),
            roles: self.roles(),
            systems: &self.systems,
            playbook: &self.playbook.digest,
            steps: self.steps().map(|step| Bound::of(step, true)).collect(),
            window_start: self.case.window.start,
            lifted: lifts.collect(),
            gives_back: self.gives_back.as_ref(),
        };
        let mut hashed = Hashed(Sha256::new());
        serde_json::to_writer(&mut hashed, &covered).expect("a plan has text keys and no NaN");
        hex(&hashed.0.finalize())
    }

    fn roles(&self) -> Vec<(&UserId, Role)> {
        let subjects = self.case.subjects.iter();
        let others = subjects.filter(|who| who.role != Role::default());
        others.map(|who| (&who.id, who.role)).collect()
    }

    /// What a person passes to `--consent`: `contain` or `release`, and the digest's first eight
    /// digits.
    #[must_use]
    pub fn phrase(&self) -> String {
        let what = match self.gives_back {
            None => "contain",
            Some(_) => "release",
        };
        format!("{what} {}", &self.digest()[..8])
    }

    /// What `now`, the same case planned again, no longer has in common with this plan: a
    /// sentence for each thing that consent binds and a re-read may not change. Matched items
    /// are not among them; their ceilings hold.
    #[must_use]
    pub fn differs_from(&self, now: &Self) -> Vec<String> {
        let ids = |plan: &Self| -> Vec<UserId> {
            let mut ids: Vec<_> = plan
                .case
                .subjects
                .iter()
                .map(|who| who.id.clone())
                .collect();
            ids.sort();
            ids
        };
        fn steps(plan: &Plan) -> Vec<Bound<'_>> {
            plan.steps().map(|step| Bound::of(step, false)).collect()
        }
        let replies = |plan: &Self| -> Vec<(GuardName, Value, bool)> {
            let answers = plan.guards.iter();
            answers
                .map(|guard| (guard.name, binding(&guard.reply), guard.lifted.is_some()))
                .collect()
        };
        let told = [
            (self.org_id != now.org_id, "it is another org"),
            (ids(self) != ids(now), "the subjects have changed"),
            (
                !same_identities(&self.systems, &now.systems),
                "an identity at a system has changed",
            ),
            (
                self.playbook.digest != now.playbook.digest,
                "the playbook has changed",
            ),
            (steps(self) != steps(now), "the steps have changed"),
            (replies(self) != replies(now), "a guard answers otherwise"),
        ];
        told.into_iter()
            .filter(|(differs, _)| *differs)
            .map(|(_, what)| what.to_owned())
            .collect()
    }

    /// What a person types at the prompt: the login's local part for one subject, the number
    /// of subjects for many.
    #[must_use]
    pub fn typed_word(&self) -> String {
        match &self.case.subjects[..] {
            [only] => only
                .login
                .split('@')
                .next()
                .unwrap_or(&only.login)
                .to_owned(),
            many => many.len().to_string(),
        }
    }
}

/// Whether both say the same of everybody, as far as both could tell: a system that had not
/// answered is looked up by the keys that consent covers.
fn same_identities(before: &[PlannedSystem], now: &[PlannedSystem]) -> bool {
    let told = |systems: &[PlannedSystem]| -> BTreeMap<(SystemId, UserId), Identity> {
        let each = systems.iter().flat_map(|system| {
            let people = system.identities.iter();
            people.map(|(who, is)| ((system.id.clone(), who.clone()), is.clone()))
        });
        each.collect()
    };
    let (before, now) = (told(before), told(now));
    let open = |identity: &Identity| matches!(identity, Identity::Unread { .. });
    before.len() == now.len()
        && before.iter().all(|(place, was)| {
            let is = now.get(place);
            is.is_some_and(|is| is == was || open(is) || open(was))
        })
}

/// What consent covers, in the form that is hashed: its fields, their names and their order are
/// the digest.
#[derive(Serialize)]
struct Covered<'p> {
    org: &'p str,
    subjects: Vec<&'p UserId>,
    /// Those with another part than the compromised: it decides which steps are for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<(&'p UserId, Role)>,
    systems: &'p [PlannedSystem],
    playbook: &'p str,
    steps: Vec<Bound<'p>>,
    window_start: Utc,
    lifted: Vec<&'p Lift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gives_back: Option<&'p RunId>,
}

/// What consent binds of a step.
#[derive(PartialEq, Serialize)]
struct Bound<'p> {
    key: StepKey,
    action: &'p ActionId,
    system: &'p SystemId,
    settings: &'p Value,
    select: Select,
    #[serde(skip_serializing_if = "Tie::is_none")]
    tie: Tie,
    /// Only where the same plan is meant.
    ceilings: Option<Vec<(&'p UserId, u32)>>,
}

impl<'p> Bound<'p> {
    fn of(step: &'p PlannedStep, with_ceilings: bool) -> Self {
        let rows = step.subjects.iter();
        let ceilings = || rows.map(|row| (&row.subject, row.ceiling)).collect();
        Self {
            key: step.key,
            action: &step.action,
            system: &step.system,
            settings: &step.settings,
            select: step.select,
            tie: step.tie,
            ceilings: with_ceilings.then(ceilings),
        }
    }
}

/// Hashes a text as it is made: that of thousands of subjects is megabytes.
struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.0.update(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What binds of a guard's reply: whether and whom it refuses, not how it says so.
fn binding(reply: &GuardReply) -> Value {
    match reply {
        GuardReply::Passes | GuardReply::Warns { .. } => Value::Null,
        GuardReply::RefusesRun { .. } => json!("run"),
        GuardReply::RefusesSteps {
            actions, subjects, ..
        } => json!([actions, subjects]),
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
}
