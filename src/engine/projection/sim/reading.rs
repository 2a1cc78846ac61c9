//! Reads for many at once: the prover's calls, and the last look at everybody.

use std::collections::VecDeque;

use super::{Asker, Event, Item, Job, PROVE, Sim};
use crate::engine::projection::course::{Ask, Serves};

/// Changes in one call that proves.
const ITEMS_MAX: usize = 2_000;

/// Between two such calls at one system.
const BREATH_MS: u64 = 2_000;

/// Reads at the same time within one call: of a few, and of many.
const FEW: usize = 50;
const AT_ONCE: (usize, usize) = (16, 32);

impl<'c> Sim<'c> {
    /// Begins a call that proves what is due at a system, if none is under way.
    pub(super) fn prove(&mut self, system: usize) {
        if self.jobs[system].is_some() || self.breathing[system] || self.due[system].is_empty() {
            return;
        }
        let count = self.due[system].len().min(ITEMS_MAX);
        let items: Vec<(usize, usize)> = self.due[system].drain(..count).collect();
        self.start(system, items, true);
    }

    /// Reads for these: what serves several at once, and the rest one by one.
    pub(super) fn start(&mut self, job: usize, items: Vec<(usize, usize)>, is_proof: bool) {
        let mut shared: Vec<(Ask, usize)> = Vec::new();
        let mut single = VecDeque::new();
        for (step, who) in &items {
            let mut alone = false;
            for ask in self.rounds(*step, is_proof).iter().flatten() {
                let same = |(known, _): &&mut (Ask, usize)| {
                    known.bucket == ask.bucket && known.serves == ask.serves
                };
                match (ask.serves, shared.iter_mut().find(same)) {
                    (Serves::One | Serves::Each, _) => alone = true,
                    (_, Some((_, count))) => *count += 1,
                    (_, None) => shared.push((*ask, 1)),
                }
            }
            if alone {
                let changes = self.course.steps[*step].rows[*who].changes;
                single.push_back((*step, changes));
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
                Serves::Many(each) | Serves::Together { each, .. } => count.div_ceil(each.max(1)),
                // The last page of a list is one that is not full.
                Serves::All { page, .. } if is_proof => count.div_ceil(page.max(1)),
                Serves::All { .. } | Serves::One | Serves::Each => 1,
            };
            self.ask(ask.bucket, PROVE, 0, Asker::Page(job, pages - 1));
        }
        self.advance(job);
    }

    pub(super) fn rounds(&self, step: usize, is_proof: bool) -> &'c [Vec<Ask>] {
        let step = &self.course.steps[step];
        match is_proof {
            true => &step.prove,
            false => &step.again,
        }
    }

    /// Begins as many items as may be under way; ends the job when nothing is.
    pub(super) fn advance(&mut self, id: usize) {
        loop {
            let Some(job) = &mut self.jobs[id] else {
                return;
            };
            if job.under_way >= job.at_once {
                return;
            }
            let Some((step, changes)) = job.items.pop_front() else {
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
            let item = Item {
                step,
                changes,
                round: 0,
                open: 0,
            };
            job.running[slot] = Some(item);
            self.next_round(id, slot, item);
        }
    }

    /// Asks for the next round of an item, from the one that it has come to.
    pub(super) fn next_round(&mut self, id: usize, slot: usize, item: Item) {
        let is_proof = self.jobs[id].as_ref().is_some_and(|job| job.is_proof);
        let rounds = self.rounds(item.step, is_proof);
        let alone = |round: &[Ask]| -> Vec<usize> {
            let of_it = |ask: &Ask| {
                let times = match ask.serves {
                    Serves::One => 1,
                    Serves::Each => usize::from(item.changes.max(1)),
                    Serves::Many(_) | Serves::Together { .. } | Serves::All { .. } => 0,
                };
                std::iter::repeat_n(ask.bucket, times)
            };
            round.iter().flat_map(of_it).collect()
        };
        let next = (item.round..rounds.len()).find(|round| !alone(&rounds[*round]).is_empty());
        let Some(job) = &mut self.jobs[id] else {
            return;
        };
        let Some(round) = next else {
            job.running[slot] = None;
            job.under_way -= 1;
            return;
        };
        let asks = alone(&rounds[round]);
        job.running[slot] = Some(Item {
            round,
            open: asks.len(),
            ..item
        });
        for bucket in asks {
            self.ask(bucket, PROVE, 0, Asker::Item(id, slot));
        }
    }

    pub(super) fn item_answered(&mut self, id: usize, slot: usize) {
        let Some(job) = &mut self.jobs[id] else {
            return;
        };
        let Some(item) = &mut job.running[slot] else {
            return;
        };
        item.open -= 1;
        if item.open > 0 {
            return;
        }
        let next = Item {
            round: item.round + 1,
            ..*item
        };
        self.next_round(id, slot, next);
        self.advance(id);
    }

    pub(super) fn page_answered(&mut self, id: usize, bucket: usize, more: usize) {
        if more > 0 {
            return self.ask(bucket, PROVE, 0, Asker::Page(id, more - 1));
        }
        if let Some(job) = &mut self.jobs[id] {
            job.pages -= 1;
        }
        self.advance(id);
    }

    pub(super) fn job_over(&mut self, id: usize) {
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

    pub(super) fn is_proven(&mut self, step: usize, who: usize) {
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

    /// Begins the next part of the last look: locks, then targets step by step, then what is listed
    /// though it was done, then the log;
    /// `false` when all of it is over.
    pub(super) fn look_once_more(&mut self) -> bool {
        let part = self.looking;
        self.looking += 1;
        let look = self.jobs.len() - 1;
        let locks = self.course.locks.len();
        match part {
            _ if part < locks => {
                let step = self.course.locks[part];
                let rows = self.course.steps[step].rows.iter().enumerate();
                let locked = rows.filter(|(_, row)| row.batches > 0);
                let items = locked.map(|(who, _)| (step, who)).collect();
                self.start(look, items, true);
            }
            _ if part == locks => {
                let items = self.grown(&self.course.looked_at);
                self.start(look, items, false);
            }
            _ if part == locks + 1 => {
                let mut items = self.grown(&self.course.read_back);
                items.retain(|(step, who)| self.course.steps[*step].rows[*who].batches > 0);
                self.start(look, items, true);
            }
            _ if part == locks + 2 => {
                if let Some(bucket) = self.course.signs {
                    self.jobs[look] = Some(Job {
                        pages: 1,
                        ..Job::default()
                    });
                    self.ask(bucket, PROVE, 0, Asker::Page(look, 0));
                }
            }
            _ => return false,
        }
        self.pump();
        true
    }

    /// Whose targets may have grown since they were read, of all steps at once.
    fn grown(&self, steps: &[usize]) -> Vec<(usize, usize)> {
        let steps = steps.iter();
        let of_step = |step: &usize| {
            let step = *step;
            let rows = self.course.steps[step].rows.iter().enumerate();
            let open = rows.filter(move |(who, row)| row.again && !self.settled[step][*who]);
            open.map(move |(who, _)| (step, who))
        };
        steps.flat_map(of_step).collect()
    }
}
