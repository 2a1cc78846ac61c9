//! The verdict: from what was answered and what was read back, to one word per system.
//!
//! Pure. `contained` is never assumed: every item must be *closed*, and the only ways to be
//! closed are the ones written here. What cannot be read back is counted (`unproven`), and
//! what may or may not have happened makes the system `unknown`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Evicts, OutcomeKind, Proof, ProofState, Skip, StepKey, SystemId, UserId, Utc};

/// The four words, from best to worst; `not_attempted` judges nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Left out on purpose.
    NotAttempted,
    /// Read back, all of it that can be.
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
            Self::Contained => "contained",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// One change or one skipped step, as far as the verdict cares.
#[derive(Clone, Debug)]
pub struct Item<'run> {
    /// Where it stands in the playbook.
    pub step: StepKey,
    /// Whose.
    pub subject: &'run UserId,
    /// Where.
    pub system: &'run SystemId,
    /// What was done to what: `action target`, the same for a repetition of it.
    pub what: String,
    /// Its part in eviction.
    pub evicts: Evicts,
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
    Sent {
        /// The answer; `None` if none was recorded.
        outcome: Option<&'run OutcomeKind>,
        /// When the answer was given.
        answered_at: Option<Utc>,
        /// What the last read showed.
        proof: Option<&'run Proof>,
    },
    /// Not done, for this reason.
    Skipped(&'run Skip),
}

/// One subject at one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The word.
    pub verdict: Verdict,
    /// Closed without a proof.
    pub unproven: usize,
}

/// Judges one subject: a word per system, `directory` among them.
#[must_use]
pub fn judge(items: &[Item<'_>], directory: &SystemId) -> BTreeMap<SystemId, Judged> {
    let evicted = evicted_at(items, directory);
    let mut verdicts: BTreeMap<SystemId, Judged> = BTreeMap::new();
    let systems: std::collections::BTreeSet<&SystemId> =
        items.iter().map(|item| item.system).collect();
    for system in systems {
        let here: Vec<&Item<'_>> = items.iter().filter(|item| item.system == system).collect();
        let states: Vec<Closing> = here
            .iter()
            .map(|item| closing(item, &here, evicted, system == directory))
            .collect();
        let tries_eviction =
            system == directory && here.iter().any(|item| item.evicts != Evicts::No);
        let not_evicted = tries_eviction && evicted.is_none();
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
        verdicts.insert(system.clone(), Judged { verdict, unproven });
    }
    verdicts
}

/// When the subject was out of the directory for good, if he is: a lock is proven and the
/// last clear was done; in a playbook without a lock, that clear is proven.
#[must_use]
pub fn evicted_at(items: &[Item<'_>], directory: &SystemId) -> Option<Utc> {
    let here = || items.iter().filter(|item| item.system == directory);
    let last_clear = here()
        .filter(|item| {
            item.evicts == Evicts::Clears && !matches!(item.state, ItemState::Skipped(_))
        })
        .max_by_key(|item| item.step);
    let cleared = last_clear.and_then(done_at);
    let locks: Vec<&Item<'_>> = here().filter(|item| item.evicts == Evicts::Locks).collect();
    let locked = locks.iter().filter_map(|item| proven_at(item)).min();
    match (last_clear, locks.is_empty()) {
        (_, true) => last_clear.and_then(proven_at),
        (None, false) => locked,
        (Some(_), false) => locked.zip(cleared).map(|(lock, clear)| lock.max(clear)),
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

fn closing(item: &Item<'_>, here: &[&Item<'_>], evicted: Option<Utc>, home: bool) -> Closing {
    let own = own_closing(item, here, evicted, home);
    if matches!(own, Closing::Proven | Closing::Residual) {
        return own;
    }
    // The same thing done again later speaks for this one: the sandwich's second clear.
    let later = here
        .iter()
        .filter(|other| other.what == item.what && other.step > item.step);
    match later.max_by_key(|other| other.step) {
        Some(last) if closes(own_closing(last, here, evicted, home)) => Closing::Proven,
        _ => own,
    }
}

fn closes(state: Closing) -> bool {
    matches!(state, Closing::Proven | Closing::Unproven)
}

fn own_closing(item: &Item<'_>, here: &[&Item<'_>], evicted: Option<Utc>, home: bool) -> Closing {
    let open = if item.optional {
        Closing::Residual
    } else {
        Closing::Open
    };
    match &item.state {
        ItemState::Unsent => open,
        ItemState::Skipped(skip) if skip.is_closed() => Closing::Proven,
        ItemState::Skipped(Skip::Unasked) => Closing::Residual,
        ItemState::Skipped(_) => open,
        ItemState::Sent {
            outcome,
            answered_at,
            proof,
        } => {
            let state = proof.map(|proof| proof.state);
            match (state, outcome) {
                (Some(ProofState::Proven), _) => Closing::Proven,
                (Some(ProofState::Refuted), _) => open,
                (_, None | Some(OutcomeKind::InDoubt { .. })) => Closing::InDoubt,
                (_, Some(OutcomeKind::Failed { .. })) => open,
                (Some(ProofState::Unverifiable), Some(_)) => {
                    let after =
                        evicted.is_some_and(|at| answered_at.is_some_and(|when| when >= at));
                    let rest = here.iter().all(|other| is_proven_or_unverifiable(other));
                    let good = if home {
                        evicted.is_some()
                    } else {
                        after && rest
                    };
                    if good { Closing::Unproven } else { open }
                }
                (Some(ProofState::Pending) | None, Some(_)) => open,
            }
        }
    }
}

fn is_proven_or_unverifiable(item: &Item<'_>) -> bool {
    match &item.state {
        ItemState::Skipped(skip) => skip.is_closed() || item.optional,
        ItemState::Sent {
            proof: Some(proof), ..
        } => {
            matches!(proof.state, ProofState::Proven | ProofState::Unverifiable)
        }
        _ => item.optional,
    }
}

fn proven_at(item: &Item<'_>) -> Option<Utc> {
    match &item.state {
        ItemState::Sent {
            proof: Some(proof), ..
        } if proof.state == ProofState::Proven => Some(proof.at),
        _ => None,
    }
}

fn done_at(item: &Item<'_>) -> Option<Utc> {
    match &item.state {
        ItemState::Sent {
            outcome: Some(kind),
            answered_at,
            proof,
        } => {
            let refuted = proof.is_some_and(|proof| proof.state == ProofState::Refuted);
            if kind.is_good() && !refuted {
                *answered_at
            } else {
                proven_at(item)
            }
        }
        _ => proven_at(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Utc {
        Utc::from_millis(ms)
    }

    struct World {
        subject: UserId,
        okta: SystemId,
        slack: SystemId,
        done: OutcomeKind,
        doubt: OutcomeKind,
    }

    impl World {
        fn new() -> Self {
            Self {
                subject: UserId::new("00u1"),
                okta: SystemId::new("okta"),
                slack: SystemId::new("slack"),
                done: OutcomeKind::Done,
                doubt: OutcomeKind::InDoubt { why: "cut".into() },
            }
        }

        fn item<'w>(
            &'w self,
            step: u16,
            system: &'w SystemId,
            what: &str,
            evicts: Evicts,
            state: ItemState<'w>,
        ) -> Item<'w> {
            let step = StepKey {
                stage: 0,
                step,
                system: 0,
            };
            let what = what.to_owned();
            Item {
                step,
                subject: &self.subject,
                system,
                what,
                evicts,
                optional: false,
                state,
            }
        }

        fn sent<'w>(&'w self, outcome: &'w OutcomeKind, proof: Option<&'w Proof>) -> ItemState<'w> {
            ItemState::Sent {
                outcome: Some(outcome),
                answered_at: Some(at(10)),
                proof,
            }
        }
    }

    fn proof(state: ProofState) -> Proof {
        Proof {
            state,
            how: String::new(),
            at: at(5),
        }
    }

    #[test]
    fn a_two_hundred_without_a_read_is_not_containment() {
        let world = World::new();
        let items = [
            world.item(
                0,
                &world.okta,
                "suspend",
                Evicts::Locks,
                world.sent(&world.done, None),
            ),
            world.item(
                1,
                &world.okta,
                "clear",
                Evicts::Clears,
                world.sent(&world.done, None),
            ),
        ];
        assert_eq!(
            judge(&items, &world.okta)[&world.okta].verdict,
            Verdict::Partial
        );
    }

    #[test]
    fn the_last_clear_speaks_for_the_first_and_counts_as_unproven_without_its_event() {
        let world = World::new();
        let proven = proof(ProofState::Proven);
        let unread = proof(ProofState::Unverifiable);
        let items = [
            world.item(
                0,
                &world.okta,
                "clear",
                Evicts::Clears,
                world.sent(&world.doubt, None),
            ),
            world.item(
                1,
                &world.okta,
                "suspend",
                Evicts::Locks,
                world.sent(&world.done, Some(&proven)),
            ),
            world.item(
                2,
                &world.okta,
                "clear",
                Evicts::Clears,
                world.sent(&world.done, Some(&unread)),
            ),
        ];
        let judged = judge(&items, &world.okta)[&world.okta];
        assert_eq!((judged.verdict, judged.unproven), (Verdict::Contained, 1));
    }

    #[test]
    fn without_a_lock_only_the_clear_s_own_event_evicts() {
        let world = World::new();
        let unread = proof(ProofState::Unverifiable);
        let clear = world.item(
            0,
            &world.okta,
            "clear",
            Evicts::Clears,
            world.sent(&world.done, Some(&unread)),
        );
        assert_eq!(
            judge(&[clear], &world.okta)[&world.okta].verdict,
            Verdict::Partial
        );
    }

    #[test]
    fn an_unread_doubt_makes_the_system_unknown_and_an_unproven_lock_partial() {
        let world = World::new();
        let refuted = proof(ProofState::Refuted);
        let doubt = world.item(
            0,
            &world.okta,
            "suspend",
            Evicts::Locks,
            world.sent(&world.doubt, None),
        );
        assert_eq!(
            judge(&[doubt], &world.okta)[&world.okta].verdict,
            Verdict::Unknown
        );
        let back = world.item(
            0,
            &world.okta,
            "suspend",
            Evicts::Locks,
            world.sent(&world.done, Some(&refuted)),
        );
        assert_eq!(
            judge(&[back], &world.okta)[&world.okta].verdict,
            Verdict::Partial
        );
    }

    #[test]
    fn an_unverifiable_call_downstream_counts_only_after_the_eviction() {
        let world = World::new();
        let early = Proof {
            at: at(5),
            ..proof(ProofState::Proven)
        };
        let late = Proof {
            at: at(50),
            ..proof(ProofState::Proven)
        };
        let unread = proof(ProofState::Unverifiable);
        for (suspended, expected) in [(&early, Verdict::Contained), (&late, Verdict::Partial)] {
            let items = [
                world.item(
                    0,
                    &world.okta,
                    "suspend",
                    Evicts::Locks,
                    world.sent(&world.done, Some(suspended)),
                ),
                world.item(
                    1,
                    &world.slack,
                    "sign_out",
                    Evicts::No,
                    world.sent(&world.done, Some(&unread)),
                ),
            ];
            assert_eq!(judge(&items, &world.okta)[&world.slack].verdict, expected);
        }
    }
}
