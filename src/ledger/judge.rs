//! From a run's state to verdicts: lays one subject's steps out for `model::judge`.
//!
//! The one place that judges: the event that closes a run, the report, the exit code and the
//! engine's own sweeps all take their word from here. Adds nothing and forgives nothing: a step
//! of which nobody knows why it did nothing, an action that this program does not know, and an
//! identity that could not be told are open items, not absent ones.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{ChangeState, FirstReading, RunState};
use crate::model::{
    Action, ActionId, Evicts, Identity, Item, ItemState, Judged, Judgement, Kept, Plan, PlannedFor,
    PlannedStage, PlannedStep, Plant, ProofState, Provable, Sent, Severity, Skip, StepKey, Subject,
    SystemId, Tie, Unreached, UserId, Utc, Verdict, judge, judge_release,
};

/// Stands for whatever could not be told; open by the verdict's rules.
static UNTOLD: Skip = Skip::Unread { why: String::new() };

/// A stage that asks for a consent of its own, before anybody recorded that nobody gave it.
static UNASKED: Skip = Skip::Unasked;

/// Looks up an action's declaration.
pub type Actions<'a> = &'a dyn Fn(&ActionId) -> Option<&'static Action>;

/// Judges one run.
pub struct Judge<'r> {
    /// The run's plan.
    pub plan: &'r Plan,
    /// The run.
    pub state: &'r RunState,
    actions: Actions<'r>,
    directory: &'r SystemId,
    /// Where each subject stands in the case, and so in every list that follows its order.
    places: HashMap<&'r UserId, usize>,
    signs: HashMap<&'r UserId, Vec<(Utc, &'r str)>>,
    /// What each uses that is not reached: of thousands whose apps are unread, it is many rows.
    unreached: HashMap<&'r UserId, Vec<&'r Unreached>>,
}

/// One step for one subject.
pub struct StepOf<'r> {
    /// Its stage.
    pub stage: &'r PlannedStage,
    /// The step.
    pub step: &'r PlannedStep,
    /// What was planned for the subject.
    pub planned: &'r PlannedFor,
    /// What was found when it was first read, where the plan could not read it.
    pub first: Option<&'r FirstReading>,
    /// What was done, planned or found later.
    pub changes: Vec<&'r ChangeState>,
    /// Why it does nothing, if so.
    pub skip: Option<&'r Skip>,
}

impl<'r> StepOf<'r> {
    /// What its selector leaves alone.
    pub fn kept(&self) -> impl Iterator<Item = &'r Kept> {
        let first = self.first.into_iter().flat_map(|first| &first.kept);
        self.planned.kept.iter().chain(first)
    }

    /// What a person should read beside it.
    pub fn notes(&self) -> impl Iterator<Item = &'r String> {
        let first = self.first.into_iter().flat_map(|first| &first.notes);
        self.planned.notes.iter().chain(first)
    }
}

/// What is to be said of one subject.
#[derive(Clone, Debug)]
pub struct SubjectVerdict<'r> {
    /// A word for every system of the plan, in its order, then for those that only a step names.
    pub systems: Vec<(&'r SystemId, Judged)>,
    /// When he was out of the directory for good; `None` if that is not shown.
    pub evicted_at: Option<Utc>,
    /// His eviction was tried and is not shown.
    pub can_reenter: bool,
    /// The moment of his last clear, by the directory's clock.
    pub cleared_at: Option<Utc>,
    /// What the log showed him do after the eviction began.
    pub signs: Vec<LifeSign<'r>>,
}

/// One sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifeSign<'r> {
    /// When, by the directory's clock.
    pub at: Utc,
    /// What was done.
    pub what: &'r str,
    /// He was cleared after it; else his eviction does not hold.
    pub swept: bool,
}

impl SubjectVerdict<'_> {
    /// The worst of his systems.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let words = self.systems.iter().map(|(_, judged)| judged.verdict);
        words.max().unwrap_or(Verdict::NotAttempted)
    }
}

/// The verdict of the run as it stands.
#[must_use]
pub fn run_verdict(state: &RunState, actions: Actions<'_>, directory: &SystemId) -> Verdict {
    let Some(judge) = Judge::of(state, actions, directory) else {
        return Verdict::NotAttempted;
    };
    let who = judge.plan.case.subjects.iter();
    judge.run(who.map(|who| judge.subject(&who.id).verdict()))
}

/// Something that an intruder made outside the subjects' own accounts.
#[derive(Clone, Copy, Debug)]
pub struct Planted<'r> {
    /// What.
    pub plant: &'r Plant,
    /// This run took it away, and a read showed that.
    pub resolved: bool,
}

impl<'r> Judge<'r> {
    /// The judge of a run; `None` before it was opened. `actions` gives the declaration of each
    /// action, `directory` is the system whose eviction counts.
    #[must_use]
    pub fn of(state: &'r RunState, actions: Actions<'r>, directory: &'r SystemId) -> Option<Self> {
        let plan = state.plan.as_ref()?;
        let subjects: &[Subject] = &plan.case.subjects;
        let places = subjects.iter().map(|who| &who.id).zip(0..).collect();
        let mut signs: HashMap<_, Vec<(Utc, &str)>> = HashMap::new();
        for (who, at, what) in &state.signs {
            signs.entry(who).or_default().push((*at, what));
        }
        let mut unreached: HashMap<_, Vec<&Unreached>> = HashMap::new();
        for each in &plan.unreached {
            unreached.entry(&each.subject).or_default().push(each);
        }
        Some(Self {
            plan,
            state,
            actions,
            directory,
            places,
            signs,
            unreached,
        })
    }

    /// The run's verdict, of those of its subjects: the worst. Subjects that
    /// are contained do not contain an intruder who left himself another way in.
    #[must_use]
    pub fn run(&self, words: impl Iterator<Item = Verdict>) -> Verdict {
        let worst = words.max().unwrap_or(Verdict::NotAttempted);
        if self.plan.gives_back.is_some() {
            return worst;
        }
        let is_left = |each: &Planted<'_>| !each.resolved && each.plant.severity == Severity::High;
        // A run that leaves the directory out on purpose says nothing of what stands there.
        let counts = self.plan.scope.includes(self.directory);
        match worst {
            Verdict::Contained if counts && self.planted().iter().any(is_left) => Verdict::Partial,
            worst => worst,
        }
    }

    /// What intruders made outside the subjects' own accounts, each thing once.
    #[must_use]
    pub fn planted(&self) -> Vec<Planted<'r>> {
        let intruders = self.plan.case.intruders.iter();
        let mut all: Vec<Planted<'r>> = Vec::new();
        for plant in intruders.flat_map(|intruder| &intruder.planted) {
            if !all.iter().any(|known| known.plant == plant) {
                all.push(Planted {
                    plant,
                    resolved: self.is_taken_away(plant),
                });
            }
        }
        all
    }

    /// Whether all changes of the action that takes it away are proven; or it was read, with
    /// nothing left to change and nothing that a person should look at.
    fn is_taken_away(&self, plant: &Plant) -> bool {
        let Some(remedy) = &plant.remedy else {
            return false;
        };
        let all = self.state.changes().iter();
        let mut done = all.filter(|each| each.change.action == *remedy).peekable();
        if done.peek().is_some() {
            return done.all(ChangeState::is_proven);
        }
        let stages = self.plan.stages.iter();
        let steps = stages
            .flat_map(|stage| &stage.steps)
            .filter(|step| step.action == *remedy);
        let rows = steps.flat_map(|step| step.subjects.iter().map(move |row| (step.key, row)));
        let mut found_nothing = rows.map(|(key, row)| {
            let told = self.state.skipped.get(&(key, row.subject.clone()));
            let nothing = matches!(
                told.or(row.skip.as_ref()),
                Some(Skip::NothingSelected { .. })
            );
            nothing && !row.kept.iter().any(|kept| kept.suspect)
        });
        let first = found_nothing.next();
        first == Some(true) && found_nothing.all(|nothing| nothing)
    }

    /// Judges one subject.
    #[must_use]
    pub fn subject(&self, who: &'r UserId) -> SubjectVerdict<'r> {
        self.subject_of(who, &self.steps(who))
    }

    /// The same, for whoever has the steps already.
    #[must_use]
    pub fn subject_of(&self, who: &'r UserId, steps: &[StepOf<'r>]) -> SubjectVerdict<'r> {
        if self.plan.gives_back.is_some() {
            return self.given_back(who, steps);
        }
        let cleared_at = last_clear(steps, self.actions, self.directory).map(|(_, at)| at);
        let signs: Vec<LifeSign<'r>> = self
            .signs
            .get(who)
            .into_iter()
            .flatten()
            .map(|(at, what)| LifeSign {
                at: *at,
                what,
                swept: cleared_at.is_some_and(|cleared| *at <= cleared),
            })
            .collect();
        let mut items: Vec<Item<'r>> = steps.iter().flat_map(|step| self.items_of(step)).collect();
        self.add_unreachable(who, &mut items);
        let lives = signs.iter().any(|sign| !sign.swept);
        let judged = judge(&items, self.directory, lives);
        SubjectVerdict {
            systems: self.systems(who, steps, &judged),
            evicted_at: judged.evicted_at,
            can_reenter: judged.tries_eviction && judged.evicted_at.is_none(),
            cleared_at,
            signs,
        }
    }

    /// The same of a release: whoever is let in shows life, and what was planted is a guard's
    /// business, so that neither is asked.
    fn given_back(&self, who: &'r UserId, steps: &[StepOf<'r>]) -> SubjectVerdict<'r> {
        let counts = steps.iter().filter(|step| self.counts(who, step.step));
        let items: Vec<Item<'r>> = counts.flat_map(|step| self.items_of(step)).collect();
        let judged = judge_release(&items);
        SubjectVerdict {
            systems: self.systems(who, steps, &judged),
            evicted_at: None,
            can_reenter: false,
            cleared_at: None,
            signs: Vec::new(),
        }
    }

    /// Whether a step of a release says anything of its end: what makes a failed pair good does
    /// so only while the pair has failed, and only once it was sent.
    fn counts(&self, who: &UserId, step: &PlannedStep) -> bool {
        let Tie::Within { first } = step.tie else {
            return true;
        };
        let Some(Tie::Unbroken { then, or_else }) = self.plan.step(first).map(|first| first.tie)
        else {
            return true;
        };
        let sent = || {
            self.state
                .of_step(step.key, who)
                .any(|each| each.attempts > 0)
        };
        let well = |each: &ChangeState| {
            let well = each.is_answered_well() || each.is_proven();
            well && !each.proof_is(ProofState::Refuted)
        };
        let renewed = || self.state.of_step(then, who).all(well);
        step.key != or_else || (sent() && !renewed())
    }

    /// What he uses and this run does not reach; what was left out on purpose is not among it.
    pub fn unreached<'s>(&'s self, who: &'s UserId) -> impl Iterator<Item = &'r Unreached> + 's {
        let scope = &self.plan.scope;
        let left_out = |each: &Unreached| match &each.vendor {
            Some(vendor) => !scope.includes(vendor),
            None => !scope.only.is_empty(),
        };
        let his = self.unreached.get(who).into_iter().flatten().copied();
        his.filter(move |each| !left_out(each))
    }

    /// The subject's steps at the systems in scope, in playbook order.
    #[must_use]
    pub fn steps(&self, who: &'r UserId) -> Vec<StepOf<'r>> {
        let all = self
            .plan
            .stages
            .iter()
            .flat_map(|stage| stage.steps.iter().map(move |step| (stage, step)));
        all.filter(|(_, step)| self.plan.scope.includes(&step.system))
            .filter_map(|(stage, step)| {
                let planned = self.entry_of(&step.subjects, who, |row| &row.subject)?;
                let changes: Vec<_> = self.state.of_step(step.key, who).collect();
                let unsent = changes
                    .iter()
                    .all(|each| matches!(state_of(each), ItemState::Unsent));
                let told = self.state.skipped.get(&(step.key, who.clone()));
                Some(StepOf {
                    stage,
                    step,
                    planned,
                    first: self.state.first_reading(step.key, who),
                    changes,
                    skip: told.or((stage.ask && unsent).then_some(&UNASKED)),
                })
            })
            .collect()
    }

    /// Who the subject is at a system; `None` if nobody asked.
    #[must_use]
    pub fn identity(&self, system: &SystemId, who: &UserId) -> Option<&'r Identity> {
        let known = self.plan.systems.iter().find(|known| known.id == *system)?;
        let (_, identity) = self.entry_of(&known.identities, who, |(id, _)| id)?;
        Some(self.state.late_identity(system, who).unwrap_or(identity))
    }

    /// A subject's entry in a list that holds one for each, found at once where the list is in
    /// the case's order; never another subject's.
    fn entry_of<T>(
        &self,
        list: &'r [T],
        who: &UserId,
        whose: impl Fn(&T) -> &UserId,
    ) -> Option<&'r T> {
        let place = self.places.get(who).and_then(|place| list.get(*place));
        place
            .filter(|entry| whose(entry) == who)
            .or_else(|| list.iter().find(|entry| whose(entry) == who))
    }

    fn items_of(&self, step: &StepOf<'r>) -> Vec<Item<'r>> {
        let action = &step.step.action;
        let declared = (self.actions)(action);
        let item = |what: String, state: ItemState<'r>| Item {
            step: step.step.key,
            system: &step.step.system,
            what,
            evicts: declared.map_or(Evicts::No, |known| known.evicts),
            declared: declared.is_some_and(|known| known.proof != Provable::ByRead),
            optional: step.step.optional,
            state,
        };
        let mut items: Vec<Item<'r>> = Vec::with_capacity(step.changes.len() + 1);
        for each in &step.changes {
            let state = state_of(each);
            // The reason why the step was not done speaks for its unsent changes, once.
            if !matches!(state, ItemState::Unsent) || step.skip.is_none() {
                let target = &each.change.target;
                let what = format!("{action} {}:{}", target.kind, target.id);
                items.push(item(what, state));
            }
        }
        let place = step.step.key;
        match step.skip {
            Some(skip) => items.push(item(
                format!("{action} skipped at {place}"),
                ItemState::Skipped(skip),
            )),
            None if step.changes.is_empty() => items.push(item(
                format!("{action} untold at {place}"),
                ItemState::Skipped(&UNTOLD),
            )),
            None => {}
        }
        if declared.is_none() {
            items.push(item(
                format!("{action} unknown at {place}"),
                ItemState::Skipped(&UNTOLD),
            ));
        }
        items
    }

    /// A system where the subject is nobody we may act on is open, even if no step says so.
    fn add_unreachable(&self, who: &UserId, items: &mut Vec<Item<'r>>) {
        for system in self.plan.systems.iter().map(|system| &system.id) {
            let unreachable = matches!(
                self.identity(system, who),
                Some(
                    Identity::Ambiguous { .. }
                        | Identity::Contested { .. }
                        | Identity::Unread { .. }
                )
            );
            let told = items.iter().any(|item| item.system == system);
            if unreachable && !told && self.plan.scope.includes(system) {
                items.push(nobody_to_act_on(system));
            }
        }
    }

    /// No account there is contained, nothing tried or left out is not attempted, and a service
    /// that he uses and that is not configured is open.
    fn systems(
        &self,
        who: &UserId,
        steps: &[StepOf<'r>],
        judged: &Judgement,
    ) -> Vec<(&'r SystemId, Judged)> {
        let mut ids: Vec<&'r SystemId> =
            self.plan.systems.iter().map(|system| &system.id).collect();
        for step in steps {
            if !ids.contains(&&step.step.system) {
                ids.push(&step.step.system);
            }
        }
        let untried = |id: &SystemId| Judged {
            verdict: match self.identity(id, who) {
                Some(Identity::NoAccount) if self.plan.scope.includes(id) => Verdict::Contained,
                _ => Verdict::NotAttempted,
            },
            unproven: 0,
        };
        let words: &BTreeMap<SystemId, Judged> = &judged.systems;
        let tried = ids.into_iter();
        let tried = tried.map(|id| (id, words.get(id).copied().unwrap_or_else(|| untried(id))));
        let mut missing: Vec<&'r SystemId> = self
            .unreached(who)
            .filter_map(|each| each.vendor.as_ref())
            .collect();
        missing.sort();
        missing.dedup();
        let partial = Judged {
            verdict: Verdict::Partial,
            unproven: 0,
        };
        tried
            .chain(missing.into_iter().map(|id| (id, partial)))
            .collect()
    }
}

/// `Date` has whole seconds: what the log shows within that one cannot be placed before or
/// after the clear. The lock is read after it, and the targets again.
const DATE_IS_COARSE: Duration = Duration::from_millis(999);

/// The last of these steps' clears at the directory that was answered well or seen in the log,
/// and when it took effect, by the directory's clock.
///
/// Its own event tells that best: signs of life are dated by the same log. Without it the
/// answer's `Date` must do, which is another clock of the vendor's.
#[must_use]
pub fn last_clear<'r>(
    steps: &[StepOf<'r>],
    actions: Actions<'_>,
    directory: &SystemId,
) -> Option<(&'r ChangeState, Utc)> {
    let clears = steps.iter().filter(|step| {
        let action = actions(&step.step.action);
        step.step.system == *directory && action.is_some_and(|known| known.evicts == Evicts::Clears)
    });
    let last = clears
        .flat_map(|step| &step.changes)
        .filter(|each| each.is_answered_well() || each.is_proven())
        .max_by_key(|each| each.order)?;
    let logged = last.proof.as_ref().and_then(|proof| proof.event_at);
    let dated = last.receipts.last().map(|receipt| receipt.server_at);
    let at = logged
        .or(dated.map(|at| at.plus(DATE_IS_COARSE)))
        .or(last.answered_at)?;
    Some((last, at))
}

/// An identity that cannot be acted on, at a system where no step says so.
fn nobody_to_act_on(system: &SystemId) -> Item<'_> {
    Item {
        step: StepKey {
            stage: 0,
            step: 0,
            system: 0,
        },
        system,
        what: format!("identity at {system}"),
        evicts: Evicts::No,
        declared: false,
        optional: false,
        state: ItemState::Skipped(&UNTOLD),
    }
}

fn state_of(each: &ChangeState) -> ItemState<'_> {
    if each.attempts == 0 && each.outcome.is_none() && !each.is_proven() {
        return ItemState::Unsent;
    }
    ItemState::Sent(Sent {
        order: each.order,
        outcome: each.outcome.as_ref().map(|outcome| &outcome.kind),
        answered_at: each.answered_at,
        proof: each.proof.as_ref().map(|proof| proof.state),
        proven_since: each.proven_since,
    })
}
