//! Reads back what was written, beside the writes and after them, until it is settled.
//!
//! A verdict is made of these reads, never of a status code. Each system is read on its own;
//! everything that is due there goes in one call, so that one log poll serves all subjects. A
//! change is settled when it is proven, cannot be read, was seen undone three times running,
//! or its time is up.
//!
//! Of a crowd a call reads a bounded number, and takes a breath before the next: what is answered
//! meanwhile goes into one read of the log, not into one each.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::{join_all, select};
use tokio::sync::watch;

use super::bell::{Bell, Listener};
use super::run::Run;
use super::step::applied_of;
use super::tenants::is_as_planned;
use crate::connector::System;
use crate::ledger::{ChangeState, Event};
use crate::model::{Applied, ChangeId, OutcomeKind, Proof, ProofState, Provable, Utc};
use crate::transport::{Rank, Reader};

/// Reads that must agree before something counts as undone: vendors lag behind themselves.
const REFUTALS: u32 = 3;

/// Changes in one call: one that is slow holds up no more than these.
const ITEMS_MAX: usize = 2_000;

/// Between two calls at one system when the run is about many: 30 reads of a log in a minute are
/// half of what Okta gives, and nobody is proven noticeably later for it.
const BREATH: Duration = Duration::from_secs(2);

/// How long after its first read a change stays pending at least: a read that waited for the quota,
/// or got none, says nothing of the vendor's lateness. One window of a quota, and its late reset.
const FIRST_READ_COUNTS: Duration = Duration::from_secs(65);

/// Reads back at every system until the writes have ended and all is settled.
pub(super) async fn prove(run: &Run, writes_ended: watch::Receiver<bool>) {
    join_all(run.tools.systems().map(|system| {
        let mut prover = Prover {
            run,
            system,
            reads: HashMap::new(),
            queue: BTreeSet::new(),
            heard: 0,
        };
        let writes_ended = writes_ended.clone();
        async move { prover.work(writes_ended).await }
    }))
    .await;
}

struct Prover<'a> {
    run: &'a Run,
    system: &'a System,
    /// Reads made of each attempt of a change, and when the next is due.
    reads: HashMap<(ChangeId, u32), Reads>,
    /// What is not settled, by when it is to be read next.
    queue: BTreeSet<(Duration, ChangeId, u32)>,
    /// Answers taken into the queue so far.
    heard: usize,
}

#[derive(Clone, Copy, Default)]
struct Reads {
    count: u32,
    refutals: u32,
    next_at: Duration,
    settled: bool,
    /// When the first was through.
    first_at: Option<Duration>,
}

impl Prover<'_> {
    async fn work(&mut self, mut writes_ended: watch::Receiver<bool>) {
        let mut changed = self.run.recorder.listen();
        loop {
            if self.run.stopped() {
                return;
            }
            changed.catch_up();
            let ended = *writes_ended.borrow_and_update();
            self.take_answers();
            let now = self.run.tools.clock.elapsed();
            let due = self.due(now);
            if !due.is_empty() {
                // What another account shows proves nothing: it stays as it was.
                if is_as_planned(self.run, self.system).await.is_ok() {
                    let stop = Box::pin(self.run.told_to_stop());
                    // Whoever goes on reads it again.
                    select(stop, Box::pin(self.read(due))).await;
                }
                if self.run.is_crowd() {
                    self.run.tools.clock.sleep(BREATH).await;
                }
                continue;
            }
            if self.queue.is_empty() && ended {
                return;
            }
            let next = self.queue.first().map(|(at, ..)| at.saturating_sub(now));
            wait(self.run, next, &mut changed, &mut writes_ended).await;
        }
    }

    /// Queues what was answered since the last time, to be read at once.
    fn take_answers(&mut self) {
        let (queue, heard) = (&mut self.queue, &mut self.heard);
        let (system, reads) = (&self.system.id, &self.reads);
        // Behind what is due already: in a crowd there is always somebody new.
        let now = self.run.tools.clock.elapsed();
        self.run.recorder.read(|state| {
            let news = state.answered_after(*heard);
            *heard += news.len();
            for each in news.iter().filter_map(|id| state.change(id)) {
                let key = (each.change.id.clone(), each.attempts);
                if each.change.system == *system && !reads.contains_key(&key) {
                    queue.insert((now, key.0, key.1));
                }
            }
        });
    }

    /// Takes what is due out of the queue, as far as it still needs a proof.
    fn due(&mut self, now: Duration) -> Vec<((ChangeId, u32), Applied)> {
        let mut due = Vec::new();
        while let Some((at, ..)) = self.queue.first()
            && *at <= now
            && due.len() < ITEMS_MAX
        {
            let (_, id, attempt) = self.queue.pop_first().expect("it was there just now");
            let applied = self.run.recorder.read(|state| {
                let each = state.change(&id)?;
                (each.attempts == attempt && needs_proof(each))
                    .then(|| applied_of(state, &each.change))
            });
            if let Some(applied) = applied {
                due.push(((id, attempt), applied));
            }
        }
        due
    }

    async fn read(&mut self, due: Vec<((ChangeId, u32), Applied)>) {
        let reader = Reader::new(self.system.client.clone()).ranked(Rank::Prove);
        let (keys, applied): (Vec<_>, Vec<Applied>) = due.into_iter().unzip();
        let proofs = self.system.connector.prove(&reader, &applied).await;
        let mut news = Vec::new();
        let now = || self.run.tools.clock.now();
        let missing = || Proof::read(ProofState::Pending, "the connector gave no proof", now());
        let proofs: Vec<Proof> = proofs
            .into_iter()
            .chain(std::iter::repeat_with(missing))
            .take(keys.len())
            .collect();
        for ((key, applied), proof) in keys.into_iter().zip(&applied).zip(proofs) {
            let proof = self.weigh(&key, applied, proof);
            if let Some(reads) = self.reads.get(&key).filter(|reads| !reads.settled) {
                self.queue.insert((reads.next_at, key.0.clone(), key.1));
            }
            let (same_attempt, known) = self.run.recorder.read(|state| {
                let each = state.change(&key.0);
                let same = each.is_some_and(|each| each.attempts == key.1);
                (same, each.and_then(|each| each.proof.clone()))
            });
            let is_news = known.is_none_or(|known| known.state != proof.state);
            if same_attempt && is_news {
                news.push(Event::Proved {
                    change: key.0,
                    proof,
                });
            }
        }
        if !news.is_empty() {
            self.run.recorder.commit(news).await;
        }
    }

    /// What one read means, given the reads before it and the time that is left.
    fn weigh(&mut self, key: &(ChangeId, u32), applied: &Applied, proof: Proof) -> Proof {
        let clock = &self.run.tools.clock;
        let reads = self.reads.entry(key.clone()).or_default();
        reads.count += 1;
        reads.refutals = if proof.state == ProofState::Refuted {
            reads.refutals + 1
        } else {
            0
        };
        reads.next_at = clock.elapsed() + pause(reads.count);
        let answered_at = applied
            .outcome
            .receipts
            .last()
            .map(|receipt| receipt.sent_at);
        let prove_for = self.run.prove_for(self.system);
        let first_at = *reads.first_at.get_or_insert(clock.elapsed());
        // What an earlier command sent had its time before this one reads it.
        let is_own = answered_at.is_some_and(|at| at >= self.run.taken_up_at);
        let was_read_in_time =
            !is_own || clock.elapsed() - first_at >= prove_for.min(FIRST_READ_COUNTS);
        let late = clock
            .now()
            .since(answered_at.unwrap_or_else(|| clock.now()))
            >= prove_for;
        let time_is_up = (late && was_read_in_time) || (answered_at.is_none() && reads.count > 8);
        reads.settled = match proof.state {
            ProofState::Proven | ProofState::Unverifiable => true,
            ProofState::Refuted => reads.refutals >= REFUTALS || time_is_up,
            ProofState::Pending => time_is_up,
        };
        if proof.state == ProofState::Pending && time_is_up {
            return self.given_up(applied, proof, clock.now());
        }
        proof
    }

    /// Time is up: an event that never came makes the change unverifiable, a state that could
    /// not be read leaves it pending.
    fn given_up(&self, applied: &Applied, proof: Proof, at: Utc) -> Proof {
        let declared = self.system.connector.action(&applied.change.action);
        match declared.map(|action| action.proof) {
            Some(Provable::ByEvent(why) | Provable::Unverifiable(why)) => {
                let how = format!("{}; {why}", proof.how);
                Proof::read(ProofState::Unverifiable, how, at)
            }
            _ => proof,
        }
    }
}

/// The vendor said yes, or may have.
fn needs_proof(each: &ChangeState) -> bool {
    let doubted = matches!(&each.outcome, Some(outcome) if matches!(outcome.kind, OutcomeKind::InDoubt { .. }));
    each.attempts > 0 && (each.is_answered_well() || doubted) && !each.is_proven()
}

/// Quick at first, then a steady pace that a log's quota can bear.
fn pause(count: u32) -> Duration {
    match count {
        0 | 1 => Duration::from_millis(250),
        2 => Duration::from_millis(500),
        3 => Duration::from_secs(1),
        4..=8 => Duration::from_secs(2),
        _ => Duration::from_secs(5),
    }
}

async fn wait(
    run: &Run,
    pause: Option<Duration>,
    changed: &mut Listener<&Bell>,
    writes_ended: &mut watch::Receiver<bool>,
) {
    let news = select(Box::pin(changed.next()), Box::pin(writes_ended.changed()));
    match pause {
        Some(pause) => {
            select(news, run.tools.clock.sleep(pause)).await;
        }
        None => {
            news.await;
        }
    }
}
