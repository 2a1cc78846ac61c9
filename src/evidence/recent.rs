//! Tells whether an event was seen a while ago, in memory that does not grow.

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher as _;

/// Events remembered. Copies of one event lie close to each other: pages overlap by what arrives
/// late, files by where one ended and the next began.
const REMEMBERED: usize = 100_000;

/// The last events, by a keyed hash of their ids.
#[derive(Debug)]
pub struct Recent {
    keyed: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
    max: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self::of(REMEMBERED)
    }
}

impl Recent {
    /// Remembers `known` more than usual: what a caller tells it before it is asked.
    #[must_use]
    pub fn beside(known: usize) -> Self {
        Self::of(REMEMBERED.saturating_add(known))
    }

    fn of(max: usize) -> Self {
        Self {
            keyed: RandomState::new(),
            known: HashSet::new(),
            order: VecDeque::new(),
            max,
        }
    }

    /// Whether this id is new; it is remembered from now on. What has none is always new.
    pub fn is_new(&mut self, uuid: Option<&str>) -> bool {
        let Some(uuid) = uuid else {
            return true;
        };
        let hash = self.keyed.hash_one(uuid);
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_and_memory_has_an_end() {
        let mut recent = Recent::of(2);
        assert!(recent.is_new(Some("a")) && recent.is_new(Some("b")));
        assert!(!recent.is_new(Some("a")));
        assert!(recent.is_new(Some("c")), "pushes a out");
        assert!(recent.is_new(Some("a")));
        assert!(recent.is_new(None) && recent.is_new(None));
        assert_eq!(recent.known.len(), 2);
    }
}
