//! Who waits for one bucket, in the order in which they go.
//!
//! A seat is in the queue until it is let in, refused or left: leaving is a removal, so that
//! nobody behind a caller that gave up waits for it. Whoever is first is known in O(log n).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::Rank;

/// A place in the order: rank, then turn, then arrival. No two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transport) struct Place {
    pub(super) rank: Rank,
    pub(super) turn: u32,
    pub(super) arrival: u64,
}

/// What the holder of a seat is woken for.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) bell: Notify,
    verdict: AtomicU64,
}

const REFUSED: u64 = u64::MAX;

impl Seat {
    /// Lets it in as the bucket's request of this number.
    pub(super) fn let_in(&self, number: u64) {
        self.verdict.store(number + 1, Ordering::Release);
        self.bell.notify_one();
    }

    fn refuse(&self) {
        self.verdict.store(REFUSED, Ordering::Release);
        self.bell.notify_one();
    }

    /// `None`: it waits. `Some(None)`: refused. Else the number of its request.
    pub(super) fn verdict(&self) -> Option<Option<u64>> {
        match self.verdict.load(Ordering::Acquire) {
            0 => None,
            REFUSED => Some(None),
            number => Some(Some(number - 1)),
        }
    }
}

struct Waiting {
    seat: Arc<Seat>,
    patience: Duration,
}

/// The waiters of one bucket.
#[derive(Default)]
pub(super) struct Queue(BTreeMap<Place, Waiting>);

impl Queue {
    pub(super) fn join(&mut self, place: Place, seat: Arc<Seat>, patience: Duration) {
        self.0.insert(place, Waiting { seat, patience });
    }

    pub(super) fn leave(&mut self, place: Place) {
        self.0.remove(&place);
    }

    pub(super) fn first(&self) -> Option<(Place, &Arc<Seat>)> {
        let (place, waiting) = self.0.first_key_value()?;
        Some((*place, &waiting.seat))
    }

    pub(super) fn pop(&mut self) -> Option<(Place, Arc<Seat>)> {
        let (place, waiting) = self.0.pop_first()?;
        Some((place, waiting.seat))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Refuses one.
    pub(super) fn refuse(&mut self, place: Place) {
        if let Some(waiting) = self.0.remove(&place) {
            waiting.seat.refuse();
        }
    }

    /// Refuses everybody who would not wait so long.
    pub(super) fn refuse_below(&mut self, wait: Duration) {
        self.0.retain(|_, waiting| {
            let stays = waiting.patience >= wait;
            if !stays {
                waiting.seat.refuse();
            }
            stays
        });
    }
}
