//! From undoings to the stages of a release.
//!
//! `account` first: what lets the person in and the password step are one unbroken pair, with what
//! makes it good if the password step fails; then the end of all sessions, then whatever else the
//! directory gives back. `services` after it, side by side. `quarantine` last of all: as long as
//! anything may still fail, its policy keeps him out. What comes after the password step requires
//! that step to be proven.

use std::sync::Arc;

use super::standing::{self, Standing};
use super::{ReleaseRequest, Whose};
use crate::engine::run::Tools;
use crate::model::{
    ActionId, Applied, Change, Evicts, Outcome, OutcomeKind, PlannedFor, PlannedStage, PlannedStep,
    Select, Skip, StageOrder, StepKey, SystemId, Tie, UserId,
};

/// How long a step may take, in milliseconds; as in a playbook that does not say.
const TIMEOUT_MS: u64 = 60_000;

/// The stages, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Account,
    Services,
    Quarantine,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Account, Self::Services, Self::Quarantine];

    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Services => "services",
            Self::Quarantine => "quarantine",
        }
    }
}

/// A step's part within the account's stage; their order is the order they are done in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Lets him in; never without the next.
    First,
    /// After it the old password is no more.
    Then,
    /// Shuts him out again, if that failed.
    OrElse,
    /// The password step where nothing was locked.
    Password,
    /// The rest of what undoes a lock.
    Lock,
    /// Everything else.
    Rest,
}

/// One change of the plan in the making, or why it is none.
struct Draft {
    stage: Stage,
    part: Part,
    change: Change,
    skip: Option<Skip>,
}

/// The changes of a release, before they have their places.
pub(super) struct Drafted {
    drafts: Vec<Draft>,
    /// What every later step requires.
    password: Option<ActionId>,
}

/// Drafts what undoes everything that still stands.
pub(super) fn draft(
    tools: &Tools,
    request: &ReleaseRequest<'_>,
    who: &[Whose],
    stands: &Standing,
) -> Drafted {
    let mut drafts = Vec::new();
    for each in who {
        let his = One {
            tools,
            request,
            who: each,
            stands,
        };
        his.draft(&mut drafts);
    }
    drafts.sort_by_key(|draft| (draft.stage, draft.part));
    let is_password =
        |draft: &&Draft| draft.skip.is_none() && matches!(draft.part, Part::Then | Part::Password);
    let password = drafts.iter().find(is_password);
    Drafted {
        password: password.map(|draft| draft.change.action.clone()),
        drafts,
    }
}

/// One subject's part of the plan.
struct One<'a> {
    tools: &'a Tools,
    request: &'a ReleaseRequest<'a>,
    who: &'a Whose,
    stands: &'a Standing,
}

impl One<'_> {
    fn draft(&self, drafts: &mut Vec<Draft>) {
        let id = &self.who.subject().id;
        let home = &self.tools.directory.system.id;
        let mut password = self.password();
        let all = self
            .stands
            .back
            .iter()
            .filter(|back| back.was.subject == *id);
        let (open, unread): (Vec<_>, Vec<_>) = all.partition(|back| back.skip.is_none());
        let begun = drafts.len();
        for back in &open {
            match back.was.system == *home {
                true => self.at_home(back, &mut password, drafts),
                false => drafts.extend(back.chain.iter().map(|link| Draft {
                    stage: Stage::Services,
                    part: Part::Rest,
                    change: link.clone(),
                    skip: None,
                })),
            }
        }
        // Whatever lets him in anywhere, the old password comes first.
        if let Some(change) = password.filter(|_| drafts.len() > begun) {
            drafts.push(Draft {
                stage: Stage::Account,
                part: Part::Password,
                change,
                skip: None,
            });
        }
        for back in unread {
            let Some(first) = back.chain.first() else {
                continue;
            };
            drafts.push(Draft {
                stage: if first.system == *home {
                    Stage::Account
                } else {
                    Stage::Services
                },
                part: Part::Rest,
                change: first.clone(),
                skip: back.skip.clone(),
            });
        }
    }

    /// What replaces his password, if the directory has it and nobody has done so before.
    fn password(&self) -> Option<Change> {
        let Whose::There(who) = self.who else {
            return None;
        };
        let home = &self.tools.directory;
        if self.request.keeps_password
            || !self.request.scope.includes(&home.system.id)
            || !has_its_password_here(&who.mastered_by)
            || standing::renewed_before(self.tools, self.request, &who.id)
        {
            return None;
        }
        let standing = self.stands.back.iter().map(|back| &back.chain);
        let chains = standing.chain(&self.stands.undone);
        let mut links = chains.flatten().filter(|link| link.subject == who.id);
        links.find_map(|link| self.password_of(link))
    }

    fn password_of(&self, link: &Change) -> Option<Change> {
        let directory = &self.tools.directory.directory;
        directory.password_step(link, self.request.password)
    }

    /// What undoes one change at the directory.
    fn at_home(&self, back: &standing::Back, password: &mut Option<Change>, to: &mut Vec<Draft>) {
        let directory = &self.tools.directory.directory;
        let locks = self
            .tools
            .action(&back.was.action)
            .is_some_and(|action| action.evicts == Evicts::Locks);
        let place = back
            .chain
            .iter()
            .position(|link| self.password_of(link).is_some());
        // The link before the password step is what it must not be parted from.
        let pair = place
            .and_then(|place| place.checked_sub(1))
            .and_then(|first| Some((first, self.shut_again(&back.chain[first])?)))
            .and_then(|(first, or_else)| Some((first, password.take()?, or_else)));
        let mut add = |part: Part, change: Change| {
            let stage = match directory.is_left_last(&change) {
                true => Stage::Quarantine,
                false => Stage::Account,
            };
            to.push(Draft {
                stage,
                part,
                change,
                skip: None,
            });
        };
        for (at, link) in back.chain.iter().enumerate() {
            if Some(at) == place {
                continue;
            }
            let part = match &pair {
                Some((first, ..)) if at == *first => Part::First,
                _ if locks => Part::Lock,
                _ => Part::Rest,
            };
            add(part, link.clone());
        }
        if let Some((_, then, or_else)) = pair {
            add(Part::Then, then);
            add(Part::OrElse, or_else);
        }
    }

    /// What shuts him out again after `link` has let him in.
    fn shut_again(&self, link: &Change) -> Option<Change> {
        let done = Applied::alone(link.clone(), Outcome::bare(OutcomeKind::Done));
        let system = self.tools.system(&link.system)?;
        let chain = system.connector.inverse(&done).ok()?;
        let mut again = chain.into_iter().next()?;
        again.sentence = format!("{} again, if the password step fails", again.sentence);
        Some(again)
    }
}

/// Whether the directory itself has the password of a profile with this master.
pub(super) fn has_its_password_here(mastered_by: &str) -> bool {
    mastered_by == "OKTA"
}

impl Drafted {
    /// Whether anything would be written.
    pub(super) fn has_changes(&self) -> bool {
        self.drafts.iter().any(|draft| draft.skip.is_none())
    }

    /// Why the first of what is not written is not.
    pub(super) fn first_reason(&self) -> Option<String> {
        self.drafts
            .iter()
            .find_map(|draft| Some(draft.skip.as_ref()?.sentence()))
    }

    /// The stages, each step with a row for everybody.
    pub(super) fn stages(self, who: &[Whose]) -> Vec<PlannedStage> {
        let Self { drafts, password } = self;
        let mut by_stage: Vec<Vec<Draft>> = Stage::ALL.iter().map(|_| Vec::new()).collect();
        for draft in drafts {
            by_stage[draft.stage as usize].push(draft);
        }
        let mut stages: Vec<PlannedStage> = Vec::new();
        for (stage, drafts) in Stage::ALL.into_iter().zip(by_stage) {
            if drafts.is_empty() {
                continue;
            }
            let number = narrow(stages.len());
            stages.push(PlannedStage {
                name: stage.name().into(),
                after: stages
                    .last()
                    .map(|before: &PlannedStage| before.name.clone()),
                stage_wait_ms: None,
                order: match stage {
                    Stage::Services => StageOrder::Parallel,
                    Stage::Account | Stage::Quarantine => StageOrder::Sequential,
                },
                ask: false,
                steps: in_steps(number, drafts, who, password.as_ref()),
            });
        }
        stages
    }
}

/// What is one step: the same action with the same settings at the same system, in one part.
#[derive(PartialEq, Eq)]
struct Same {
    part: Part,
    action: ActionId,
    system: SystemId,
    settings: Arc<serde_json::Value>,
}

fn in_steps(
    stage: u16,
    drafts: Vec<Draft>,
    who: &[Whose],
    password: Option<&ActionId>,
) -> Vec<PlannedStep> {
    let mut groups: Vec<(Same, Vec<Draft>)> = Vec::new();
    for draft in drafts {
        let same = Same {
            part: draft.part,
            action: draft.change.action.clone(),
            system: draft.change.system.clone(),
            settings: Arc::clone(&draft.change.settings),
        };
        match groups.iter_mut().find(|(known, _)| *known == same) {
            Some((_, group)) => group.push(draft),
            None => groups.push((same, vec![draft])),
        }
    }
    let key = |place: usize| StepKey {
        stage,
        step: narrow(place),
        system: 0,
    };
    let place_of = |part: Part| {
        groups
            .iter()
            .position(|(same, _)| same.part == part)
            .map(key)
    };
    let (first, then, or_else) = (
        place_of(Part::First),
        place_of(Part::Then),
        place_of(Part::OrElse),
    );
    let tie = |part: Part| match (part, first, then, or_else) {
        (Part::First, _, Some(then), Some(or_else)) => Tie::Unbroken { then, or_else },
        (Part::Then | Part::OrElse, Some(first), ..) => Tie::Within { first },
        _ => Tie::None,
    };
    let ties: Vec<Tie> = groups.iter().map(|(same, _)| tie(same.part)).collect();
    let steps = groups.into_iter().zip(ties).enumerate();
    steps
        .map(|(place, ((same, group), tie))| {
            let after_it = stage > 0 || same.part == Part::Rest;
            PlannedStep {
                key: key(place),
                subjects: rows(key(place), &group, who),
                action: same.action,
                system: same.system,
                settings: same.settings,
                select: Select::Listed,
                when: None,
                optional: false,
                requires: password.filter(|_| after_it).cloned().into_iter().collect(),
                halt_on_failure: false,
                timeout_ms: TIMEOUT_MS,
                tie,
            }
        })
        .collect()
}

fn rows(key: StepKey, group: &[Draft], who: &[Whose]) -> Vec<PlannedFor> {
    let each = who.iter().map(|each| row(key, group, &each.subject().id));
    each.collect()
}

/// One subject's row: his changes, under the ids that they have in this plan.
fn row(key: StepKey, group: &[Draft], who: &UserId) -> PlannedFor {
    let mut changes: Vec<Arc<Change>> = Vec::new();
    let mut skip = None;
    for draft in group.iter().filter(|draft| draft.change.subject == *who) {
        if let Some(why) = &draft.skip {
            skip = Some(why.clone());
            continue;
        }
        let mut change = draft.change.clone();
        change.step = key;
        change.id = Change::id_of(key, who, &change.target);
        if !changes.iter().any(|known| known.id == change.id) {
            changes.push(Arc::new(change));
        }
    }
    if changes.is_empty() && skip.is_none() {
        let why = "nothing of his to give back by this".to_owned();
        skip = Some(Skip::NothingSelected { why });
    }
    PlannedFor {
        subject: who.clone(),
        ceiling: u32::try_from(changes.len()).unwrap_or(u32::MAX),
        changes,
        kept: Vec::new(),
        skip,
        notes: Vec::new(),
    }
}

fn narrow(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}
