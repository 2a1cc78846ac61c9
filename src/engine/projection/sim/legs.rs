//! Subjects in their legs: in the order of the case, so many at once, step by step.

use super::{Asker, CONTAIN, EVICT, Event, Sim, Walk};
use crate::engine::projection::course::{Ask, Serves};

/// How long the first of those who ask together waits for the others.
const MOMENT_MS: u64 = 50;

impl Sim<'_> {
    pub(super) fn begin_stage(&mut self, stage: usize, who: usize) {
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
    pub(super) fn stand(&mut self, leg: usize, who: usize) {
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
    pub(super) fn fill(&mut self, leg: usize) {
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
    pub(super) fn step_on(&mut self, id: usize) {
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

    pub(super) fn ask_for(&mut self, id: usize, bucket: usize, asker: Asker) {
        let walk = self.walks[id];
        let leg = &self.course.legs[walk.leg];
        let rank = match leg.stage {
            0 => EVICT,
            _ => CONTAIN,
        };
        let behind = if leg.behind { self.course.subjects } else { 0 };
        self.ask(bucket, rank, walk.who + behind, asker);
    }

    pub(super) fn step_of(&self, id: usize) -> usize {
        let walk = self.walks[id];
        self.course.legs[walk.leg].steps[walk.step]
    }

    pub(super) fn sent(&mut self, id: usize) {
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

    pub(super) fn read_round(&mut self, id: usize) {
        let at = self.step_of(id);
        let Some(round) = self.course.steps[at].again.get(self.walks[id].round) else {
            self.note_settled(at, self.walks[id].who);
            return self.part_over(id);
        };
        self.walks[id].round_open = round.len();
        for ask in round {
            self.ask_as(id, *ask, Asker::Again(id));
        }
    }

    /// What is read so long after his eviction is all that he left.
    fn note_settled(&mut self, step: usize, who: usize) {
        let evicted = self.outcome.evicted[who];
        let is_late = |after: u64| evicted.is_some_and(|at| self.now - at >= after);
        self.settled[step][who] = self.course.settled_after_ms.is_some_and(is_late);
    }

    /// Asks by himself, or together with all who wait for the same.
    pub(super) fn ask_as(&mut self, id: usize, ask: Ask, asker: Asker) {
        match ask.serves {
            Serves::One | Serves::Each | Serves::Many(_) => self.ask_for(id, ask.bucket, asker),
            Serves::Together { lane, each } => self.gather(lane, each, ask.bucket, asker),
            Serves::All { lane, .. } => {
                self.lanes[lane].next.push(asker);
                self.leave_lane(lane, ask.bucket);
            }
        }
    }

    /// Joins those who come to a lane within a moment, or is the first of them.
    fn gather(&mut self, lane: usize, each: usize, bucket: usize, asker: Asker) {
        let group = match self.lanes[lane].gathers {
            Some(group) => group,
            None => {
                let group = self.groups.len();
                self.groups.push(Vec::new());
                self.lanes[lane].gathers = Some(group);
                let event = Event::Moment {
                    lane,
                    group,
                    bucket,
                };
                self.at(self.now + MOMENT_MS, event);
                group
            }
        };
        self.groups[group].push(asker);
        if self.groups[group].len() >= each {
            self.group_leaves(lane, group, bucket);
        }
    }

    /// Sends for a group, if it was not full before its moment was over.
    pub(super) fn group_leaves(&mut self, lane: usize, group: usize, bucket: usize) {
        if self.lanes[lane].gathers != Some(group) {
            return;
        }
        self.lanes[lane].gathers = None;
        if let Some(Asker::Send(id) | Asker::Again(id)) = self.groups[group].first().copied() {
            self.ask_for(id, bucket, Asker::Group(group));
        }
    }

    pub(super) fn group_answered(&mut self, group: usize) {
        let served = std::mem::take(&mut self.groups[group]);
        self.serve(served);
    }

    /// Sends a lane's next read, for all who wait, unless one is under way.
    pub(super) fn leave_lane(&mut self, lane: usize, bucket: usize) {
        let state = &mut self.lanes[lane];
        let first = state.next.first().copied();
        let Some(Asker::Send(id) | Asker::Again(id)) = first.filter(|_| !state.under_way) else {
            return;
        };
        state.under_way = true;
        self.ask_for(id, bucket, Asker::Lane(lane));
    }

    pub(super) fn lane_answered(&mut self, lane: usize, bucket: usize) {
        let state = &mut self.lanes[lane];
        let served = std::mem::take(&mut state.served);
        state.under_way = false;
        self.leave_lane(lane, bucket);
        self.serve(served);
    }

    fn serve(&mut self, served: Vec<Asker>) {
        for asker in served {
            match asker {
                Asker::Send(id) => self.sent(id),
                Asker::Again(id) => self.again_answered(id),
                Asker::Lane(_) | Asker::Group(_) | Asker::Item(..) | Asker::Page(..) => {}
            }
        }
    }

    pub(super) fn again_answered(&mut self, id: usize) {
        let walk = &mut self.walks[id];
        walk.round_open -= 1;
        if walk.round_open == 0 {
            walk.round += 1;
            self.read_round(id);
        }
    }

    pub(super) fn part_over(&mut self, id: usize) {
        let walk = &mut self.walks[id];
        walk.open -= 1;
        if walk.open == 0 {
            walk.step += 1;
            self.step_on(id);
        }
    }

    /// Through a leg, and on to what that was in the way of.
    pub(super) fn pass(&mut self, id: usize) {
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

    pub(super) fn stage_over(&mut self, done: usize, who: usize) {
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

    pub(super) fn close_one(&mut self, who: usize) {
        self.open[who] -= 1;
        if self.open[who] == 0 {
            self.outcome.contained[who] = Some(self.now);
        }
    }
}
