//! The simulator: requests, quotas and answers on a clock of its own. Nothing is sent, nobody
//! waits, and the same course always takes the same time.
//!
//! It works as the run does: `crowd`'s legs and places, the prover's calls and breaths, the last
//! look of `sweep`, and one queue per bucket in the order rank, subject, arrival. An event is an
//! answer or a moment at which something may go on; what waits is a number in a queue.
//!
//! Not in it: failures, what others send, what a log takes to show what was done (the first read is
//! taken to prove it), and what only a later read finds.

mod legs;
mod reading;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use super::course::{Course, Serves};
use super::window::Gate;

/// Ranks of a request.
const EVICT: usize = 0;
const CONTAIN: usize = 1;
const PROVE: usize = 2;

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
    /// Those who came to a lane within a moment.
    Group(usize),
    /// One item of a job, by its place among those under way.
    Item(usize, usize),
    /// A page that serves several items of a job; whether more pages follow it.
    Page(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer {
        bucket: usize,
        asker: Asker,
    },
    Wake {
        system: usize,
    },
    Breathed {
        system: usize,
    },
    Due {
        stage: usize,
        who: usize,
    },
    Moment {
        lane: usize,
        group: usize,
        bucket: usize,
    },
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
    /// Those who come together now, by the number of their group.
    gathers: Option<usize>,
}

/// Somebody who is read by himself.
#[derive(Clone, Copy)]
struct Item {
    step: usize,
    changes: u16,
    round: usize,
    /// Answers that the round waits for.
    open: usize,
}

/// Something read for many: proofs, or the last look.
#[derive(Default)]
struct Job {
    /// The steps of those who are read one by one, and how many changes each has there.
    items: VecDeque<(usize, u16)>,
    /// Those it is about, to be settled at its end.
    about: Vec<(usize, usize)>,
    /// Items under way.
    running: Vec<Option<Item>>,
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
    /// Those who came to a lane together.
    groups: Vec<Vec<Asker>>,
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
    /// By step and subject: read again so late that no last look is needed.
    settled: Vec<Vec<bool>>,
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
            Serves::All { lane, .. } | Serves::Together { lane, .. } => Some(lane + 1),
            Serves::One | Serves::Each | Serves::Many(_) => None,
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
            groups: Vec::new(),
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
            settled: vec![vec![false; n]; course.steps.len()],
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
                Event::Moment {
                    lane,
                    group,
                    bucket,
                } => self.group_leaves(lane, group, bucket),
            }
            self.pump();
        }
    }

    fn is_waiting(&self, system: usize) -> bool {
        let mut queues = self.of_system[system].iter();
        queues.any(|id| !self.queues[*id].waiting.is_empty())
    }

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
            Asker::Group(group) => self.group_answered(group),
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
