//! Turns a plan into the numbers of a course.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use http::Method;

use super::course::{Ask, Course, Leg, OfSystem, Row, Serves, Stage, Step, System};
use super::window::Bucket;
use crate::connector::{self, Costs};
use crate::engine::crowd::{EVICTED_AT_ONCE, IN_A_LEG_AT_ONCE, waits_for_proof};
use crate::engine::executor::FEW_MAX;
use crate::engine::mass_order::{is_behind, last_lock};
use crate::engine::run::Tools;
use crate::engine::settled;
use crate::engine::step::{can_grow, may_run, needs_reread};
use crate::model::{
    Change, Evicts, Plan, PlannedFor, PlannedStage, PlannedStep, Skip, StageOrder, StepKey,
    SystemId, UserId,
};
use crate::transport;

/// An answer, where no system has given any yet.
const ANSWER_MS: u64 = 250;

/// What the numbers of a course stand for.
pub(super) struct Known {
    /// Each system, and whether its pace was measured.
    pub(super) systems: Vec<(SystemId, bool)>,
    pub(super) buckets: Vec<KnownBucket>,
    pub(super) unread: u64,
}

/// A bucket.
pub(super) struct KnownBucket {
    pub(super) system: usize,
    pub(super) name: &'static str,
    pub(super) limit: u64,
    pub(super) told: bool,
}

/// The course of a plan.
pub(super) fn course(tools: &Tools, plan: &Plan) -> (Course, Known) {
    let mut maker = Maker::of(tools, plan);
    for stage in &plan.stages {
        maker.stage(stage);
    }
    maker.last_look();
    (maker.course, maker.known)
}

struct Maker<'p> {
    tools: &'p Tools,
    plan: &'p Plan,
    course: Course,
    known: Known,
    places: BTreeMap<SystemId, usize>,
    buckets: BTreeMap<(usize, &'static str), usize>,
    lanes: BTreeMap<(usize, &'static str), usize>,
    who: HashMap<&'p UserId, usize>,
    planned: Vec<&'p PlannedStep>,
    /// What comes after it waits behind everybody's suspension.
    last_lock: Option<StepKey>,
}

impl<'p> Maker<'p> {
    fn of(tools: &'p Tools, plan: &'p Plan) -> Self {
        let subjects = plan.case.subjects.len();
        let after_ms = u64::try_from(settled::AFTER.as_millis()).unwrap_or(u64::MAX);
        let mut course = Course {
            subjects,
            settled_after_ms: (subjects > FEW_MAX).then_some(after_ms),
            is_crowd: subjects > FEW_MAX,
            ..Course::default()
        };
        let mut known = Known {
            systems: Vec::new(),
            buckets: Vec::new(),
            unread: 0,
        };
        let mut places = BTreeMap::new();
        // Who was not heard is taken for as slow as the slowest.
        let heard = tools.systems().filter_map(|each| each.client.answer_ms());
        let unheard_ms = heard.max().unwrap_or(ANSWER_MS);
        for system in tools.systems() {
            let answer_ms = system.client.answer_ms();
            places.insert(system.id.clone(), course.systems.len());
            course.systems.push(System {
                answer_ms: answer_ms.unwrap_or(unheard_ms).max(1),
                at_once: transport::AT_ONCE_MAX,
            });
            known.systems.push((system.id.clone(), answer_ms.is_some()));
        }
        let who = plan.case.subjects.iter().enumerate();
        Self {
            tools,
            plan,
            course,
            known,
            places,
            buckets: BTreeMap::new(),
            lanes: BTreeMap::new(),
            who: who.map(|(place, who)| (&who.id, place)).collect(),
            planned: Vec::new(),
            last_lock: last_lock(tools, plan),
        }
    }

    /// A stage: its legs as `crowd` cuts them.
    fn stage(&mut self, stage: &'p PlannedStage) {
        let place = self.course.stages.len();
        // What asks for a consent of its own is passed by.
        let steps: Vec<&PlannedStep> = match stage.ask {
            true => Vec::new(),
            false => stage.steps.iter().collect(),
        };
        let systems: BTreeSet<&SystemId> = steps.iter().map(|step| &step.system).collect();
        let sides: Vec<Vec<&PlannedStep>> = match stage.order {
            StageOrder::Parallel if !systems.is_empty() => systems
                .into_iter()
                .map(|system| {
                    let own = steps.iter().copied();
                    own.filter(|step| step.system == *system).collect()
                })
                .collect(),
            StageOrder::Parallel | StageOrder::Sequential => vec![steps],
        };
        let firsts = sides.into_iter().map(|steps| self.legs(place, &steps));
        let firsts = firsts.collect();
        let named = |after: &String| {
            let before = &self.plan.stages[..place];
            before.iter().position(|known| known.name == *after)
        };
        self.course.stages.push(Stage {
            firsts,
            after: stage.after.as_ref().and_then(named),
            wait_ms: stage.stage_wait_ms,
        });
    }

    /// Legs one after the other; returns the first.
    fn legs(&mut self, stage: usize, steps: &[&'p PlannedStep]) -> usize {
        let first = self.course.legs.len();
        let last_lock = self.last_lock;
        let behind = |step: &PlannedStep| is_behind(step.key, last_lock);
        let cut = |a: &&PlannedStep, b: &&PlannedStep| {
            a.system == b.system && !waits_for_proof(b) && behind(a) == behind(b)
        };
        let mut parts: Vec<&[&PlannedStep]> = steps.chunk_by(cut).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let last = first + parts.len() - 1;
        for part in parts {
            let own = self.course.legs.len();
            let leg = Leg {
                stage,
                next: (own < last).then_some(own + 1),
                places: match (self.course.is_crowd, stage) {
                    (false, _) => usize::MAX,
                    (true, 0) => EVICTED_AT_ONCE,
                    (true, _) => IN_A_LEG_AT_ONCE,
                },
                behind: part.first().is_some_and(|step| behind(step)),
                ..Leg::default()
            };
            self.course.legs.push(leg);
            let awaits = part.first().filter(|step| waits_for_proof(step));
            let awaits = awaits.map(|step| self.required(step)).unwrap_or_default();
            let steps = part.iter().filter_map(|step| self.step(stage, step));
            let steps = steps.collect();
            let leg = &mut self.course.legs[own];
            leg.awaits = awaits;
            leg.steps = steps;
        }
        first
    }

    /// The steps before this one of which it waits for a proof.
    fn required(&self, step: &PlannedStep) -> Vec<usize> {
        let known = self.planned.iter().enumerate();
        let required = known.filter(|(_, other)| step.requires.contains(&other.action));
        required.map(|(place, _)| place).collect()
    }

    fn step(&mut self, stage: usize, step: &'p PlannedStep) -> Option<usize> {
        let system = self.tools.system(&step.system)?;
        let place = *self.places.get(&step.system)?;
        let costs = self.costs_of(step).unwrap_or_else(|| plain(system));
        let action = system.connector.action(&step.action);
        let evicts = stage == 0 && action.is_some_and(|action| action.evicts != Evicts::No);
        let mut rows = vec![Row::default(); self.course.subjects];
        for row in &step.subjects {
            let Some(who) = self.who.get(&row.subject) else {
                continue;
            };
            let unread = matches!(row.skip, Some(Skip::Unread { .. }));
            self.known.unread += u64::from(unread);
            rows[*who] = row_of(system, row);
        }
        let mut rounds = |all: Vec<Vec<connector::Ask>>| -> Vec<Vec<Ask>> {
            let each = |round: Vec<connector::Ask>| {
                let asks = round.into_iter().map(|request| self.ask(place, request));
                asks.collect()
            };
            all.into_iter().map(each).collect()
        };
        let (again, prove) = (rounds(costs.again), rounds(costs.prove));
        let send = rounds(vec![costs.send]).concat();
        self.planned.push(step);
        self.course.steps.push(Step {
            system: place,
            evicts,
            again,
            send,
            prove,
            rows,
        });
        Some(self.course.steps.len() - 1)
    }

    fn costs_of(&self, step: &PlannedStep) -> Option<Costs> {
        let system = self.tools.system(&step.system)?;
        system.connector.costs(&step.action)
    }

    fn ask(&mut self, system: usize, request: connector::Ask) -> Ask {
        let serves = match request.serves {
            connector::Serves::One => Serves::One,
            connector::Serves::Each => Serves::Each,
            connector::Serves::Many(each) => Serves::Many(each),
            connector::Serves::Together { what, each } => Serves::Together {
                lane: self.lane(system, what),
                each,
            },
            connector::Serves::All { what, page } => Serves::All {
                lane: self.lane(system, what),
                page,
            },
        };
        Ask {
            bucket: self.bucket(system, request.bucket),
            serves,
        }
    }

    fn lane(&mut self, system: usize, what: &'static str) -> usize {
        let next = self.lanes.len();
        *self.lanes.entry((system, what)).or_insert(next)
    }

    /// A bucket as the last answer told it, else as documented: where no answer tells anything at
    /// all, the program paces itself.
    fn bucket(&mut self, system: usize, bucket: transport::Bucket) -> usize {
        if let Some(known) = self.buckets.get(&(system, bucket.name)) {
            return *known;
        }
        let (id, _) = &self.known.systems[system];
        let seen = self.tools.system(id).map(|system| system.client.buckets());
        let seen = seen.unwrap_or_default();
        let per_minute = u64::from(bucket.per_minute.max(1));
        let own = seen.iter().find(|each| each.name == bucket.name);
        let (limit, model) = match own {
            Some(own) => {
                let resets_in_ms = u64::try_from(own.resets_in.as_millis()).unwrap_or(u64::MAX);
                let model = Bucket::told(own.limit, own.remaining, resets_in_ms);
                (own.limit, model)
            }
            None if seen.is_empty() => (per_minute, Bucket::paced(per_minute)),
            None => (per_minute, Bucket::told(per_minute, per_minute, 0)),
        };
        let place = self.course.buckets.len();
        self.course.buckets.push(OfSystem {
            system,
            bucket: model,
        });
        self.known.buckets.push(KnownBucket {
            system,
            name: bucket.name,
            limit,
            told: own.is_some(),
        });
        self.buckets.insert((system, bucket.name), place);
        place
    }

    /// What is read once more when all is proven: locks, and targets that may have grown.
    fn last_look(&mut self) {
        let home = self.places[&self.tools.directory.system.id];
        for (place, step) in self.planned.iter().enumerate() {
            let action = self.tools.action(&step.action);
            let locks = action.is_some_and(|action| action.evicts == Evicts::Locks);
            if locks && self.course.steps[place].system == home {
                self.course.locks.push(place);
            }
            if step.subjects.iter().any(can_grow) {
                self.course.looked_at.push(place);
                let costs = self.costs_of(step);
                if costs.is_some_and(|costs| costs.stays_listed) {
                    self.course.read_back.push(place);
                }
            }
        }
        // The clears are proven by the same log.
        let clears = self.planned.iter().enumerate().find(|(_, step)| {
            let action = self.tools.action(&step.action);
            action.is_some_and(|action| action.evicts == Evicts::Clears)
        });
        self.course.signs = clears.and_then(|(place, _)| {
            let asks = self.course.steps[place].prove.iter().flatten();
            asks.map(|ask| ask.bucket).next()
        });
    }
}

fn row_of(system: &connector::System, row: &PlannedFor) -> Row {
    if !may_run(row) {
        return Row::default();
    }
    let changes: Vec<Change> = row.changes.iter().map(|each| (**each).clone()).collect();
    let few = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let count = changes.len();
    Row {
        batches: few(system.connector.batch(changes).len()),
        changes: few(count),
        again: needs_reread(row),
    }
}

/// What an action costs that nothing is declared of.
fn plain(system: &connector::System) -> Costs {
    let read = system.client.bucket(&Method::GET, "/");
    Costs {
        again: vec![vec![connector::Ask::one(read)]],
        send: vec![connector::Ask::one(
            system.client.bucket(&Method::POST, "/"),
        )],
        prove: vec![vec![connector::Ask::one(read)]],
        ..Costs::default()
    }
}
