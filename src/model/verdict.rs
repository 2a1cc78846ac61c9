//! The verdict: from what was answered and what was read back, to one word per system.
//!
//! Pure. `contained` is never assumed: every item must be *closed*, and the only ways to be
//! closed are the ones written here. What cannot be read back is counted (`unproven`), and
//! what may or may not have happened makes the system `unknown`. When somebody is evicted
//! stands in [`eviction`]; from what in a run the items are made, in `ledger::Judge`.

mod eviction;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Evicts, OutcomeKind, ProofState, Skip, StepKey, SystemId, Utc};
use eviction::Eviction;

/// The four words, from best to worst; `not_attempted` judges nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Left out on purpose.
    NotAttempted,
    /// Given back, and read back, all of it that can be.
    Released,
    /// Thrown out, and read back, all of it that can be.
    Contained,
    /// Something is open.
    Partial,
    /// Something may or may not have happened, and could not be read.
    Unknown,
}

impl Verdict {
    /// The word of the report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAttempted => "not_attempted",
            Self::Released => "released",
            Self::Contained => "contained",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// One change or one skipped step of one subject, as far as the verdict cares.
#[derive(Clone, Debug)]
pub struct Item<'run> {
    /// Where it stands in the playbook.
    pub step: StepKey,
    /// Where.
    pub system: &'run SystemId,
    /// What was done to what: `action target`, the same for a repetition of it.
    pub what: String,
    /// Its part in eviction.
    pub evicts: Evicts,
    /// Its action declares why it cannot always be read back.
    pub declared: bool,
    /// Whether its step is `optional: true`.
    pub optional: bool,
    /// What came of it.
    pub state: ItemState<'run>,
}

/// What came of an item.
#[derive(Clone, Debug)]
pub enum ItemState<'run> {
    /// Planned, never sent.
    Unsent,
    /// Sent, or about to be; perhaps answered, perhaps read back.
    Sent(Sent<'run>),
    /// Not done, for this reason.
    Skipped(&'run Skip),
}

/// A change that left, or was about to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent<'run> {
    /// The how-manieth write of the run it was, the last time it was sent.
    pub order: u64,
    /// The answer; `None` if none was recorded.
    pub outcome: Option<&'run OutcomeKind>,
    /// When the answer was given.
    pub answered_at: Option<Utc>,
    /// What the last read showed.
    pub proof: Option<ProofState>,
    /// Since when every read has shown it so.
    pub proven_since: Option<Utc>,
}

impl Sent<'_> {
    fn proven_at(&self) -> Option<Utc> {
        self.proven_since
            .filter(|_| self.proof == Some(ProofState::Proven))
    }

    fn is_done(&self) -> bool {
        self.outcome == Some(&OutcomeKind::Done)
    }
}

/// One subject at one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The word.
    pub verdict: Verdict,
    /// Closed without a proof.
    pub unproven: usize,
}

/// One subject everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// A word per system that has an item, the directory among them.
    pub systems: BTreeMap<SystemId, Judged>,
    /// When he was out of the directory for good; `None` if that is not shown.
    pub evicted_at: Option<Utc>,
    /// Whether the playbook tries to evict him there at all.
    pub tries_eviction: bool,
}

/// Judges one subject. `lives`: the log shows him at work after his last clear, which refutes
/// his eviction, whatever was read before.
#[must_use]
pub fn judge(items: &[Item<'_>], directory: &SystemId, lives: bool) -> Judgement {
    let eviction = Eviction::of(items, directory, lives);
    let mut by_system: BTreeMap<&SystemId, Vec<&Item<'_>>> = BTreeMap::new();
    for item in items {
        by_system.entry(item.system).or_default().push(item);
    }
    let systems = by_system.into_iter().map(|(system, here)| {
        let place = Place {
            here: &here,
            eviction,
            home: system == directory,
        };
        (system.clone(), place.judged())
    });
    Judgement {
        systems: systems.collect(),
        evicted_at: eviction.at,
        tries_eviction: eviction.tried,
    }
}

/// Judges what was given back to one subject: nobody is thrown out, so that no eviction has to be
/// shown, and what cannot be read back is closed by its answer.
#[must_use]
pub fn judge_release(items: &[Item<'_>]) -> Judgement {
    let mut systems: BTreeMap<SystemId, Judged> = BTreeMap::new();
    for item in items {
        let system = item.system.clone();
        let here = systems.entry(system).or_insert(Judged {
            verdict: Verdict::Released,
            unproven: 0,
        });
        let (verdict, unproven) = match given_back(&item.state) {
            Closing::InDoubt => (Verdict::Unknown, 0),
            Closing::Open => (Verdict::Partial, 0),
            Closing::Unproven => (Verdict::Released, 1),
            Closing::Proven | Closing::Residual => (Verdict::Released, 0),
        };
        here.verdict = here.verdict.max(verdict);
        here.unproven += unproven;
    }
    Judgement {
        systems,
        evicted_at: None,
        tries_eviction: false,
    }
}

fn given_back(state: &ItemState<'_>) -> Closing {
    let sent = match state {
        ItemState::Unsent => return Closing::Open,
        ItemState::Skipped(skip) if skip.is_closed() => return Closing::Proven,
        ItemState::Skipped(_) => return Closing::Open,
        ItemState::Sent(sent) => sent,
    };
    match (sent.proof, sent.outcome) {
        (Some(ProofState::Proven), _) => Closing::Proven,
        (Some(ProofState::Refuted), _) => Closing::Open,
        (_, None | Some(OutcomeKind::InDoubt { .. })) => Closing::InDoubt,
        (_, Some(OutcomeKind::Failed { .. })) => Closing::Open,
        (Some(ProofState::Unverifiable), Some(_)) => Closing::Unproven,
        (Some(ProofState::Pending) | None, Some(_)) => Closing::Open,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Proven,
    Unproven,
    Residual,
    Open,
    InDoubt,
}

/// One subject's items at one system.
struct Place<'i> {
    here: &'i [&'i Item<'i>],
    eviction: Eviction,
    home: bool,
}

impl Place<'_> {
    /// Any in doubt: unknown; else any open: partial; else contained. An eviction that was
    /// tried and is not shown is open, too.
    fn judged(&self) -> Judged {
        let states: Vec<Closing> = self.here.iter().map(|item| self.closing(item)).collect();
        let not_evicted = self.home && self.eviction.tried && self.eviction.at.is_none();
        let verdict = if states.contains(&Closing::InDoubt) {
            Verdict::Unknown
        } else if not_evicted || states.contains(&Closing::Open) {
            Verdict::Partial
        } else {
            Verdict::Contained
        };
        let unproven = states
            .iter()
            .filter(|state| **state == Closing::Unproven)
            .count();
        Judged { verdict, unproven }
    }

    fn closing(&self, item: &Item<'_>) -> Closing {
        let own = self.own_closing(item);
        if matches!(own, Closing::Proven | Closing::Residual) {
            return own;
        }
        // The same thing done again later speaks for this one: the sandwich's second clear.
        let later = self
            .here
            .iter()
            .filter(|other| other.what == item.what && other.step > item.step);
        match later.max_by_key(|other| other.step) {
            Some(last) if closes(self.own_closing(last)) => Closing::Proven,
            _ => own,
        }
    }

    fn own_closing(&self, item: &Item<'_>) -> Closing {
        let open = if item.optional {
            Closing::Residual
        } else {
            Closing::Open
        };
        let sent = match &item.state {
            ItemState::Unsent => return open,
            ItemState::Skipped(skip) if skip.is_closed() => return Closing::Proven,
            ItemState::Skipped(Skip::Unasked) => return Closing::Residual,
            ItemState::Skipped(_) => return open,
            ItemState::Sent(sent) => sent,
        };
        match (sent.proof, sent.outcome) {
            (Some(ProofState::Proven), _) => Closing::Proven,
            (Some(ProofState::Refuted), _) => open,
            (_, None | Some(OutcomeKind::InDoubt { .. })) => Closing::InDoubt,
            (_, Some(OutcomeKind::Failed { .. })) => open,
            (Some(ProofState::Unverifiable), Some(_)) if self.closes_unread(item, sent) => {
                Closing::Unproven
            }
            (Some(ProofState::Unverifiable | ProofState::Pending) | None, Some(_)) => open,
        }
    }

    /// Whether what cannot be read back counts as closed all the same.
    fn closes_unread(&self, item: &Item<'_>, sent: &Sent<'_>) -> bool {
        // Its absence would not count as open either; but it is counted.
        if item.optional {
            return true;
        }
        match (self.home, item.evicts, item.declared) {
            // A clear whose event never came, behind a door that is seen to be locked.
            (true, Evicts::Clears, _) => sent.is_done() && self.eviction.locked,
            // Not to be told by a read made in time (a token that is gone, or hidden).
            (true, _, false) => self.eviction.at.is_some(),
            (_, _, true) => self.is_done_after_eviction(sent) && self.rest_is_closed(),
            (false, _, false) => false,
        }
    }

    fn is_done_after_eviction(&self, sent: &Sent<'_>) -> bool {
        let evicted = self.eviction.at;
        sent.is_done() && evicted.is_some_and(|at| sent.answered_at.is_some_and(|when| when >= at))
    }

    /// Whether everything else here is proven, or just as impossible to read back and as late:
    /// one blind call does not spoil another.
    fn rest_is_closed(&self) -> bool {
        self.here.iter().all(|other| match &other.state {
            ItemState::Skipped(Skip::Unasked) => true,
            ItemState::Skipped(skip) => skip.is_closed() || other.optional,
            ItemState::Sent(sent) => match sent.proof {
                Some(ProofState::Proven) => true,
                Some(ProofState::Unverifiable) if other.declared => {
                    other.optional
                        || self.is_done_after_eviction(sent)
                        || (self.home && other.evicts == Evicts::Clears && self.eviction.locked)
                }
                _ => other.optional,
            },
            ItemState::Unsent => other.optional,
        })
    }
}

fn closes(state: Closing) -> bool {
    matches!(state, Closing::Proven | Closing::Unproven)
}
