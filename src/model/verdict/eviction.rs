//! When somebody is out of the directory for good.
//!
//! A lock (suspension, quarantine) is proven, and the last clear of the evict stage was
//! answered `done`; in a playbook without a lock for him, that clear is proven by its event. The evict
//! stage is the first one that clears. A playbook that clears nothing evicts nobody: a lock
//! keeps him from coming in, not from going on with what he holds.

use super::{Item, ItemState, Sent};
use crate::model::{Evicts, ProofState, SystemId, Utc};

/// What is known of one subject's eviction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Eviction {
    /// The playbook tries.
    pub(super) tried: bool,
    /// A lock is proven now.
    pub(super) locked: bool,
    /// Since when he is out; `None` if that is not shown.
    pub(super) at: Option<Utc>,
}

impl Eviction {
    /// Of one subject; `lives`: the log shows him at work after his last clear.
    pub(super) fn of(items: &[Item<'_>], directory: &SystemId, lives: bool) -> Self {
        let part = |part: Evicts| {
            items
                .iter()
                .filter(move |item| item.system == directory && item.evicts == part)
        };
        let clear = last_clear(part(Evicts::Clears));
        let no_lock = part(Evicts::Locks).all(is_not_meant);
        let locks = || part(Evicts::Locks).filter_map(|item| Some((item, sent(item)?)));
        let out = match clear.and_then(|item| Some((item, sent(item)?))) {
            None => None,
            Some((_, clear)) if no_lock => clear.proven_at(),
            Some((item, clear)) => {
                let locked = locks()
                    .filter(|(lock, at)| lock.step > item.step || clear.order > at.order)
                    .filter_map(|(_, lock)| lock.proven_at())
                    .min();
                locked
                    .zip(done_at(clear))
                    .map(|(locked, cleared)| locked.max(cleared))
            }
        };
        Self {
            tried: !no_lock || part(Evicts::Clears).next().is_some(),
            locked: locks().any(|(_, lock)| lock.proven_at().is_some()),
            at: out.filter(|_| !lives),
        }
    }
}

/// Whether the playbook has the step for others: his role or its condition leaves him out.
fn is_not_meant(item: &Item<'_>) -> bool {
    matches!(&item.state, ItemState::Skipped(skip) if skip.is_not_meant())
}

/// The last clear of the evict stage. One that was not to be done (its condition is false) is
/// none; one that was not done for another reason is, and is not done.
fn last_clear<'i, 'run: 'i>(
    clears: impl Iterator<Item = &'i Item<'run>> + Clone,
) -> Option<&'i Item<'run>> {
    let meant =
        clears.filter(|item| !matches!(&item.state, ItemState::Skipped(skip) if skip.is_closed()));
    let stage = meant.clone().map(|item| item.step.stage).min()?;
    meant
        .filter(|item| item.step.stage == stage)
        .max_by_key(|item| item.step)
}

fn sent<'i, 'run>(item: &'i Item<'run>) -> Option<&'i Sent<'run>> {
    match &item.state {
        ItemState::Sent(sent) => Some(sent),
        _ => None,
    }
}

/// When a clear was answered `done`, or was seen in the log although its answer was lost.
fn done_at(clear: &Sent<'_>) -> Option<Utc> {
    let refuted = clear.proof == Some(ProofState::Refuted);
    clear
        .answered_at
        .filter(|_| clear.is_done() && !refuted)
        .or_else(|| clear.proven_at())
}
