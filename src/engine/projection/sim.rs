//! The simulator: requests, quotas and answers on a clock of its own. Nothing is sent, nobody
//! waits, and the same course always takes the same time.
//!
//! It works as the run does: `crowd`'s legs and places, the prover's calls and breaths, the last
//! look of `sweep`, and one queue per bucket in the order rank, subject, arrival. An event is an
//! answer or a moment at which something may go on; what waits is a number in a queue.
//!
//! Not in it: failures, what others send, what a log takes to show what was done (the first read is
//! taken to prove it), and what only a later read finds.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use super::course::{Ask, Course, Row, Serves};
use super::window::Gate;

/// Ranks of a request.
const EVICT: usize = 0;
const CONTAIN: usize = 1;
const PROVE: usize = 2;

/// Changes in one call that proves.
const ITEMS_MAX: usize = 2_000;

/// Between two such calls at one system.
const BREATH_MS: u64 = 2_000;

/// Reads at the same time within one call: of a few, and of many.
const FEW: usize = 50;
const AT_ONCE: (usize, usize) = (16, 32);

/// Events after which a simulation is given up: far beyond 20,000 subjects at all services.
const EVENTS_MAX: u64 = 50_000_000;

/// What came of it, in milliseconds since the first write was due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// When each was evicted; `None` for whom that is not planned.
    pub(super) evicted: Vec<Option<u64>>,
    /// When each was contained, with all proofs.
    pub(super) contained: Vec<Option<u64>>,
    /// When the last write and what is read beside it was answered.
    pub(super) written: u64,
    /// When the last look was over.
    pub(super) ended: u64,
    /// By bucket.
    pub(super) buckets: Vec<Used>,
}

/// What was used of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) requests: u64,
    /// How long somebody waited for it.
    pub(super) waited_ms: u64,
    since: Option<u64>,
}

/// Simulates; `None` if it comes to no end.
pub(super) fn run(course: &Course) -> Option<Outcome> {
    let mut sim = Sim::new(course);
    sim.begin();
    sim.go_on().then_some(sim.outcome)
}

/// Who an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
    /// A write of a subject in a leg.
    Send(usize),
    /// His read beside it.
    Again(usize),
    /// All who wait in a lane.
    Lane(usize),
    /// One item of a job, by its place among those under way.
    Item(usize, usize),
    /// A page that serves several items of a job; whether more pages follow it.
    Page(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer { bucket: usize, asker: Asker },
    Wake { system: usize },
    Breathed { system: usize },
    Due { stage: usize, who: usize },
}

/// A request in its queue.
type Place = (usize, usize, u64, Asker);

struct Queue {
    bucket: super::window::Bucket,
    system: usize,
    waiting: BinaryHeap<Reverse<Place>>,
    wakes_at: Option<u64>,
}

/// A subject in a leg.
#[derive(Clone, Copy, Default)]
struct Walk {
    leg: usize,
    who: usize,
    step: usize,
    /// Requests of the writes that were sent.
    sent: usize,
    round: usize,
    /// Answers that the round waits for.
    round_open: usize,
    /// Writes and reads that are not over.
    open: u8,
}

#[derive(Default)]
struct LegState {
    ready: BTreeSet<usize>,
    parked: BTreeSet<usize>,
    taken: usize,
    /// Somebody further up lets people in already: he goes on with whoever came meanwhile.
    filling: bool,
}

/// A shared read: one under way, and those who came since.
#[derive(Default)]
struct Lane {
    served: Vec<Asker>,
    next: Vec<Asker>,
    under_way: bool,
}

/// Something read for many: proofs, or the last look.
#[derive(Default)]
struct Job {
    /// The steps of those who are read one by one.
    items: VecDeque<usize>,
    /// Those it is about, to be settled at its end.
    about: Vec<(usize, usize)>,
    /// Items under way: step, whose, round, answers open.
    running: Vec<Option<(usize, usize, usize)>>,
    under_way: usize,
    at_once: usize,
    pages: usize,
    is_proof: bool,
}

struct Sim<'c> {
    course: &'c Course,
    now: u64,
    arrivals: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    queues: Vec<Queue>,
    of_system: Vec<Vec<usize>>,
    /// Systems at which something changed since somebody was last let in.
    stirred: Vec<usize>,
    free: Vec<usize>,
    legs: Vec<LegState>,
    walks: Vec<Walk>,
    idle_walks: Vec<usize>,
    lanes: Vec<Lane>,
    /// One for each system's proofs, and the last look.
    jobs: Vec<Option<Job>>,
    due: Vec<VecDeque<(usize, usize)>>,
    breathing: Vec<bool>,
    /// By stage and subject.
    begun: Vec<bool>,
    through: Vec<usize>,
    /// Of each subject: steps unproven and stages not over; evicting steps not answered.
    open: Vec<usize>,
    evicting: Vec<usize>,
    /// By step and subject, of those that somebody waits for.
    proven: Vec<Vec<bool>>,
    stages_open: usize,
    looking: usize,
    outcome: Outcome,
}

impl<'c> Sim<'c> {
    fn new(course: &'c Course) -> Self {
        let n = course.subjects;
        let steps = course.steps.iter();
        let lanes = steps.flat_map(|step| step.again.iter().flatten().chain(&step.send));
        let lanes = lanes.filter_map(|ask| match ask.serves {
            Serves::All { lane, .. } => Some(lane + 1),
            Serves::One | Serves::Many(_) => None,
        });
        let queues = course.buckets.iter().map(|each| Queue {
            bucket: each.bucket.clone(),
            system: each.system,
            waiting: BinaryHeap::new(),
            wakes_at: None,
        });
        let mut of_system = vec![Vec::new(); course.systems.len()];
        for (id, each) in course.buckets.iter().enumerate() {
            of_system[each.system].push(id);
        }
        let mut open = vec![course.stages.len(); n];
        let mut evicting = vec![0; n];
        for step in &course.steps {
            for (who, row) in step.rows.iter().enumerate() {
                let does = usize::from(row.batches > 0 && !step.send.is_empty());
                open[who] += does;
                evicting[who] += if step.evicts { does } else { 0 };
            }
        }
        let awaited: BTreeSet<usize> = course
            .legs
            .iter()
            .flat_map(|leg| leg.awaits.clone())
            .collect();
        let proven = (0..course.steps.len()).map(|step| match awaited.contains(&step) {
            true => vec![false; n],
            false => Vec::new(),
        });
        Self {
            course,
            now: 0,
            arrivals: 0,
            events: BinaryHeap::new(),
            queues: queues.collect(),
            of_system,
            stirred: Vec::new(),
            free: course.systems.iter().map(|each| each.at_once).collect(),
            legs: std::iter::repeat_with(LegState::default)
                .take(course.legs.len())
                .collect(),
            walks: Vec::new(),
            idle_walks: Vec::new(),
            lanes: std::iter::repeat_with(Lane::default)
                .take(lanes.max().unwrap_or(0))
                .collect(),
            jobs: std::iter::repeat_with(|| None)
                .take(course.systems.len() + 1)
                .collect(),
            due: vec![VecDeque::new(); course.systems.len()],
            breathing: vec![false; course.systems.len()],
            begun: vec![false; n * course.stages.len()],
            through: vec![0; n * course.stages.len()],
            open,
            evicting,
            proven: proven.collect(),
            stages_open: n * course.stages.len(),
            looking: 0,
            outcome: Outcome {
                evicted: vec![None; n],
                contained: vec![None; n],
                written: 0,
                ended: 0,
                buckets: vec![Used::default(); course.buckets.len()],
            },
        }
    }

    fn begin(&mut self) {
        let stages = 0..self.course.stages.len();
        let firsts: Vec<usize> = stages
            .filter(|stage| self.course.stages[*stage].after.is_none())
            .collect();
        // All of them stand in the queue before the first is taken out of it.
        for stage in &firsts {
            for who in 0..self.course.subjects {
                self.begun[stage * self.course.subjects + who] = true;
                for leg in &self.course.stages[*stage].firsts {
                    self.stand(*leg, who);
                }
            }
        }
        for leg in 0..self.course.legs.len() {
            self.fill(leg);
        }
        self.pump();
    }

    /// Works through the events; `false` if there is no end.
    fn go_on(&mut self) -> bool {
        let mut count = 0;
        loop {
            let Some(Reverse((at, _, event))) = self.events.pop() else {
                if self.stages_open > 0 {
                    return false;
                }
                if !self.look_once_more() {
                    self.outcome.ended = self.now;
                    return true;
                }
                continue;
            };
            count += 1;
            if count > EVENTS_MAX {
                return false;
            }
            // Who woke for it has gone already.
            if matches!(event, Event::Wake { system } if !self.is_waiting(system)) {
                continue;
            }
            self.now = at;
            match event {
                Event::Answer { bucket, asker } => self.answered(bucket, asker),
                Event::Wake { system } => self.stirred.push(system),
                Event::Breathed { system } => {
                    self.breathing[system] = false;
                    self.prove(system);
                }
                Event::Due { stage, who } => self.begin_stage(stage, who),
            }
            self.pump();
        }
    }

    fn is_waiting(&self, system: usize) -> bool {
        let mut queues = self.of_system[system].iter();
        queues.any(|id| !self.queues[*id].waiting.is_empty())
    }

    /// Begins the next part of the last look: locks, then targets step by step, then the log;
    /// `false` when all of it is over.
    fn look_once_more(&mut self) -> bool {
        let part = self.looking;
        self.looking += 1;
        let (locks, growing) = (&self.course.locks, &self.course.looked_at);
        if let Some(step) = locks.get(part) {
            self.read_for_all(*step, |row| row.batches > 0, true);
        } else if let Some(step) = growing.get(part - locks.len()) {
            self.read_for_all(*step, |row| row.again, false);
        } else if part == locks.len() + growing.len() {
            if let Some(bucket) = self.course.signs {
                let look = self.jobs.len() - 1;
                self.jobs[look] = Some(Job {
                    pages: 1,
                    ..Job::default()
                });
                self.ask(bucket, PROVE, 0, Asker::Page(look, 0));
            }
        } else {
            return false;
        }
        self.pump();
        true
    }

    fn read_for_all(&mut self, step: usize, wants: impl Fn(&Row) -> bool, is_proof: bool) {
        let rows = self.course.steps[step].rows.iter().enumerate();
        let items: Vec<(usize, usize)> = rows
            .filter(|(_, row)| wants(row))
            .map(|(who, _)| (step, who))
            .collect();
        let look = self.jobs.len() - 1;
        self.start(look, items, is_proof);
    }

    // Subjects in their legs.

    fn begin_stage(&mut self, stage: usize, who: usize) {
        let begun = &mut self.begun[stage * self.course.subjects + who];
        if std::mem::replace(begun, true) {
            return;
        }
        for leg in &self.course.stages[stage].firsts {
            self.stand(*leg, who);
            self.fill(*leg);
        }
    }

    /// Puts somebody in front of a leg, ready or until a proof is there.
    fn stand(&mut self, leg: usize, who: usize) {
        let planned = &self.course.legs[leg];
        let has_to = |step: &usize| {
            let row = self.course.steps[*step].rows[who];
            row.batches > 0 || row.again
        };
        let first = planned.steps.first();
        let awaits = !planned.awaits.is_empty() && first.is_some_and(has_to);
        let is_there = |step: &usize| self.proven[*step][who];
        let may_come = |step: &usize| self.course.steps[*step].rows[who].batches > 0;
        let waits =
            awaits && !planned.awaits.iter().any(is_there) && planned.awaits.iter().any(may_come);
        let state = &mut self.legs[leg];
        match waits {
            true => state.parked.insert(who),
            false => state.ready.insert(who),
        };
    }

    /// Lets in whom a leg has a place for, the first of the case first.
    fn fill(&mut self, leg: usize) {
        if std::mem::replace(&mut self.legs[leg].filling, true) {
            return;
        }
        while self.legs[leg].taken < self.course.legs[leg].places {
            let Some(who) = self.legs[leg].ready.pop_first() else {
                break;
            };
            self.legs[leg].taken += 1;
            let walk = Walk {
                leg,
                who,
                ..Walk::default()
            };
            let id = match self.idle_walks.pop() {
                Some(id) => id,
                None => {
                    self.walks.push(walk);
                    self.walks.len() - 1
                }
            };
            self.walks[id] = walk;
            self.step_on(id);
        }
        self.legs[leg].filling = false;
    }

    /// Begins the walk's next step that has anything to do, or ends the walk.
    fn step_on(&mut self, id: usize) {
        loop {
            let walk = self.walks[id];
            let leg = &self.course.legs[walk.leg];
            let Some(step) = leg.steps.get(walk.step) else {
                return self.pass(id);
            };
            let step = &self.course.steps[*step];
            let row = step.rows[walk.who];
            let sends = row.batches > 0 && !step.send.is_empty();
            let reads = row.again && !step.again.is_empty();
            if !sends && !reads {
                self.walks[id].step += 1;
                continue;
            }
            self.walks[id] = Walk {
                sent: 0,
                round: 0,
                round_open: 0,
                open: u8::from(sends) + u8::from(reads),
                ..walk
            };
            if sends {
                self.ask_as(id, step.send[0], Asker::Send(id));
            }
            if reads {
                self.read_round(id);
            }
            return;
        }
    }

    fn ask_for(&mut self, id: usize, bucket: usize, asker: Asker) {
        let walk = self.walks[id];
        let rank = match self.course.legs[walk.leg].stage {
            0 => EVICT,
            _ => CONTAIN,
        };
        self.ask(bucket, rank, walk.who, asker);
    }

    fn step_of(&self, id: usize) -> usize {
        let walk = self.walks[id];
        self.course.legs[walk.leg].steps[walk.step]
    }

    fn sent(&mut self, id: usize) {
        let at = self.step_of(id);
        let step = &self.course.steps[at];
        let walk = &mut self.walks[id];
        walk.sent += 1;
        let who = walk.who;
        let all = usize::from(step.rows[who].batches) * step.send.len();
        if walk.sent < all {
            let ask = step.send[walk.sent % step.send.len()];
            return self.ask_as(id, ask, Asker::Send(id));
        }
        self.due[step.system].push_back((at, who));
        if step.evicts {
            self.evicting[who] -= 1;
            if self.evicting[who] == 0 {
                self.outcome.evicted[who] = Some(self.now);
            }
        }
        self.prove(step.system);
        self.part_over(id);
    }

    fn read_round(&mut self, id: usize) {
        let at = self.step_of(id);
        let Some(round) = self.course.steps[at].again.get(self.walks[id].round) else {
            return self.part_over(id);
        };
        self.walks[id].round_open = round.len();
        for ask in round {
            self.ask_as(id, *ask, Asker::Again(id));
        }
    }

    /// Asks by himself, or together with all who wait for the same.
    fn ask_as(&mut self, id: usize, ask: Ask, asker: Asker) {
        match ask.serves {
            Serves::One | Serves::Many(_) => self.ask_for(id, ask.bucket, asker),
            Serves::All { lane, .. } => {
                self.lanes[lane].next.push(asker);
                self.leave_lane(lane, ask.bucket);
            }
        }
    }

    /// Sends a lane's next read, for all who wait, unless one is under way.
    fn leave_lane(&mut self, lane: usize, bucket: usize) {
        let state = &mut self.lanes[lane];
        let first = state.next.first().copied();
        let Some(Asker::Send(id) | Asker::Again(id)) = first.filter(|_| !state.under_way) else {
            return;
        };
        state.under_way = true;
        self.ask_for(id, bucket, Asker::Lane(lane));
    }

    fn lane_answered(&mut self, lane: usize, bucket: usize) {
        let state = &mut self.lanes[lane];
        let served = std::mem::take(&mut state.served);
        state.under_way = false;
        self.leave_lane(lane, bucket);
        for asker in served {
            match asker {
                Asker::Send(id) => self.sent(id),
                Asker::Again(id) => self.again_answered(id),
                Asker::Lane(_) | Asker::Item(..) | Asker::Page(..) => {}
            }
        }
    }

    fn again_answered(&mut self, id: usize) {
        let walk = &mut self.walks[id];
        walk.round_open -= 1;
        if walk.round_open == 0 {
            walk.round += 1;
            self.read_round(id);
        }
    }

    fn part_over(&mut self, id: usize) {
        let walk = &mut self.walks[id];
        walk.open -= 1;
        if walk.open == 0 {
            walk.step += 1;
            self.step_on(id);
        }
    }

    /// Through a leg, and on to what that was in the way of.
    fn pass(&mut self, id: usize) {
        let Walk { leg, who, .. } = self.walks[id];
        self.idle_walks.push(id);
        self.legs[leg].taken -= 1;
        let planned = &self.course.legs[leg];
        if let Some(next) = planned.next {
            self.stand(next, who);
            self.fill(next);
        } else {
            let stage = planned.stage;
            let through = &mut self.through[stage * self.course.subjects + who];
            *through += 1;
            if *through == self.course.stages[stage].firsts.len() {
                self.stage_over(stage, who);
            }
        }
        self.fill(leg);
    }

    fn stage_over(&mut self, done: usize, who: usize) {
        self.stages_open -= 1;
        self.outcome.written = self.now;
        self.close_one(who);
        for stage in done + 1..self.course.stages.len() {
            let planned = &self.course.stages[stage];
            let waits = planned.wait_ms.filter(|_| done == 0);
            match waits {
                _ if planned.after == Some(done) => self.begin_stage(stage, who),
                Some(_) if self.course.is_crowd => self.begin_stage(stage, who),
                Some(wait_ms) => self.at(self.now + wait_ms, Event::Due { stage, who }),
                None => {}
            }
        }
    }

    fn close_one(&mut self, who: usize) {
        self.open[who] -= 1;
        if self.open[who] == 0 {
            self.outcome.contained[who] = Some(self.now);
        }
    }

    // Reading back.

    /// Begins a call that proves what is due at a system, if none is under way.
    fn prove(&mut self, system: usize) {
        if self.jobs[system].is_some() || self.breathing[system] || self.due[system].is_empty() {
            return;
        }
        let count = self.due[system].len().min(ITEMS_MAX);
        let items: Vec<(usize, usize)> = self.due[system].drain(..count).collect();
        self.start(system, items, true);
    }

    /// Reads for these: what serves several at once, and the rest one by one.
    fn start(&mut self, job: usize, items: Vec<(usize, usize)>, is_proof: bool) {
        let mut shared: Vec<(Ask, usize)> = Vec::new();
        let mut single = VecDeque::new();
        for (step, _) in &items {
            let mut alone = false;
            for ask in self.rounds(*step, is_proof).iter().flatten() {
                let same = |(known, _): &&mut (Ask, usize)| {
                    known.bucket == ask.bucket && known.serves == ask.serves
                };
                match (ask.serves, shared.iter_mut().find(same)) {
                    (Serves::One, _) => alone = true,
                    (_, Some((_, count))) => *count += 1,
                    (_, None) => shared.push((*ask, 1)),
                }
            }
            if alone {
                single.push_back(*step);
            }
        }
        let at_once = match items.len() {
            0..=FEW => AT_ONCE.0,
            _ => AT_ONCE.1,
        };
        self.jobs[job] = Some(Job {
            items: single,
            about: items,
            running: Vec::new(),
            under_way: 0,
            at_once,
            pages: shared.len(),
            is_proof,
        });
        for (ask, count) in shared {
            let pages = match ask.serves {
                Serves::Many(each) => count.div_ceil(each.max(1)),
                // The last page of a list is one that is not full.
                Serves::All { page, .. } if is_proof => count.div_ceil(page.max(1)),
                Serves::All { .. } | Serves::One => 1,
            };
            self.ask(ask.bucket, PROVE, 0, Asker::Page(job, pages - 1));
        }
        self.advance(job);
    }

    fn rounds(&self, step: usize, is_proof: bool) -> &'c [Vec<Ask>] {
        let step = &self.course.steps[step];
        match is_proof {
            true => &step.prove,
            false => &step.again,
        }
    }

    /// Begins as many items as may be under way; ends the job when nothing is.
    fn advance(&mut self, id: usize) {
        loop {
            let Some(job) = &mut self.jobs[id] else {
                return;
            };
            if job.under_way >= job.at_once {
                return;
            }
            let Some(step) = job.items.pop_front() else {
                if job.under_way == 0 && job.pages == 0 {
                    self.job_over(id);
                }
                return;
            };
            job.under_way += 1;
            let slot = match job.running.iter().position(Option::is_none) {
                Some(slot) => slot,
                None => {
                    job.running.push(None);
                    job.running.len() - 1
                }
            };
            job.running[slot] = Some((step, 0, 0));
            self.next_round(id, slot, step, 0);
        }
    }

    fn next_round(&mut self, id: usize, slot: usize, step: usize, from: usize) {
        let is_proof = self.jobs[id].as_ref().is_some_and(|job| job.is_proof);
        let rounds = self.rounds(step, is_proof);
        let alone = |round: &[Ask]| -> Vec<usize> {
            let alone = round.iter().filter(|ask| ask.serves == Serves::One);
            alone.map(|ask| ask.bucket).collect()
        };
        let next = (from..rounds.len()).find(|round| !alone(&rounds[*round]).is_empty());
        let Some(job) = &mut self.jobs[id] else {
            return;
        };
        let Some(round) = next else {
            job.running[slot] = None;
            job.under_way -= 1;
            return;
        };
        let asks = alone(&rounds[round]);
        job.running[slot] = Some((step, round, asks.len()));
        for bucket in asks {
            self.ask(bucket, PROVE, 0, Asker::Item(id, slot));
        }
    }

    fn item_answered(&mut self, id: usize, slot: usize) {
        let Some(job) = &mut self.jobs[id] else {
            return;
        };
        let Some((step, round, open)) = job.running[slot] else {
            return;
        };
        if open > 1 {
            job.running[slot] = Some((step, round, open - 1));
            return;
        }
        self.next_round(id, slot, step, round + 1);
        self.advance(id);
    }

    fn page_answered(&mut self, id: usize, bucket: usize, more: usize) {
        if more > 0 {
            return self.ask(bucket, PROVE, 0, Asker::Page(id, more - 1));
        }
        if let Some(job) = &mut self.jobs[id] {
            job.pages -= 1;
        }
        self.advance(id);
    }

    fn job_over(&mut self, id: usize) {
        let Some(job) = self.jobs[id].take() else {
            return;
        };
        if id == self.jobs.len() - 1 {
            return;
        }
        for (step, who) in job.about {
            self.is_proven(step, who);
        }
        if self.course.is_crowd {
            self.breathing[id] = true;
            self.at(self.now + BREATH_MS, Event::Breathed { system: id });
        } else {
            self.prove(id);
        }
    }

    fn is_proven(&mut self, step: usize, who: usize) {
        self.close_one(who);
        let Some(proven) = self.proven[step].get_mut(who) else {
            return;
        };
        *proven = true;
        for leg in 0..self.course.legs.len() {
            let waits = self.course.legs[leg].awaits.contains(&step);
            if waits && self.legs[leg].parked.remove(&who) {
                self.legs[leg].ready.insert(who);
                self.fill(leg);
            }
        }
    }

    // Requests.

    fn at(&mut self, at: u64, event: Event) {
        self.arrivals += 1;
        self.events.push(Reverse((at, self.arrivals, event)));
    }

    fn ask(&mut self, bucket: usize, rank: usize, turn: usize, asker: Asker) {
        self.arrivals += 1;
        let place = (rank, turn, self.arrivals, asker);
        let queue = &mut self.queues[bucket];
        queue.waiting.push(Reverse(place));
        if self.stirred.last() != Some(&queue.system) {
            self.stirred.push(queue.system);
        }
    }

    fn answered(&mut self, bucket: usize, asker: Asker) {
        let system = self.queues[bucket].system;
        self.free[system] += 1;
        self.stirred.push(system);
        self.queues[bucket].bucket.answered();
        match asker {
            Asker::Send(id) => self.sent(id),
            Asker::Again(id) => self.again_answered(id),
            Asker::Lane(lane) => self.lane_answered(lane, bucket),
            Asker::Item(job, slot) => self.item_answered(job, slot),
            Asker::Page(job, more) => self.page_answered(job, bucket, more),
        }
    }

    /// Lets in whoever may go at the systems where anything changed.
    fn pump(&mut self) {
        while let Some(system) = self.stirred.pop() {
            self.let_in(system);
        }
    }

    /// Lets in all of a system that may go.
    fn let_in(&mut self, system: usize) {
        loop {
            let mut best: Option<(Place, usize)> = None;
            for id in self.of_system[system].iter().copied() {
                let queue = &mut self.queues[id];
                let Some(Reverse(place)) = queue.waiting.peek().copied() else {
                    continue;
                };
                match queue.bucket.gate(self.now, place.0) {
                    Gate::Open if best.is_none_or(|(first, _)| place < first) => {
                        best = Some((place, id));
                    }
                    Gate::Open | Gate::Answer => {}
                    Gate::Until(at) => {
                        self.outcome.buckets[id].since.get_or_insert(self.now);
                        if queue.wakes_at != Some(at) {
                            queue.wakes_at = Some(at);
                            self.arrivals += 1;
                            let event = (at, self.arrivals, Event::Wake { system });
                            self.events.push(Reverse(event));
                        }
                    }
                }
            }
            let Some((place, id)) = best.filter(|_| self.free[system] > 0) else {
                return;
            };
            self.leave(id, place);
        }
    }

    fn leave(&mut self, id: usize, (rank, _, _, asker): Place) {
        let queue = &mut self.queues[id];
        queue.waiting.pop();
        queue.bucket.leave(self.now, rank);
        let system = queue.system;
        self.free[system] -= 1;
        let used = &mut self.outcome.buckets[id];
        used.requests += 1;
        if let Some(since) = used.since.take() {
            used.waited_ms += self.now - since;
        }
        if let Asker::Lane(lane) = asker {
            // Who comes from here on waits for the next.
            let state = &mut self.lanes[lane];
            state.served = std::mem::take(&mut state.next);
        }
        let back = self.now + self.course.systems[system].answer_ms;
        self.at(back, Event::Answer { bucket: id, asker });
    }
}
