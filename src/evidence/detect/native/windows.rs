//! What is remembered of each group, for as long as its window is open.
//!
//! A group is forgotten when nothing was seen of it for as long as the window is. Groups whose
//! time has passed are swept out whenever their number has doubled; of more than the most that may
//! be held the stalest tenth goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::model::Utc;

/// Groups of one detection.
const GROUPS_MAX: usize = 50_000;

/// Groups that are not worth sweeping for.
const SWEEP_MIN: usize = 1_000;

/// Groups of one detection, and what is known of each.
pub(super) struct Windows<K, V> {
    window: Duration,
    groups: HashMap<K, (Utc, V)>,
    sweep_at: usize,
    max: usize,
}

impl<K: Eq + Hash, V: Default> Windows<K, V> {
    /// None yet.
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            groups: HashMap::new(),
            sweep_at: SWEEP_MIN,
            max: GROUPS_MAX,
        }
    }

    /// What is known of a group, which was seen now; afresh, if its window has passed.
    pub(super) fn of<Q>(&mut self, key: &Q, now: Utc) -> &mut V
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if !self.groups.contains_key(key) {
            if self.groups.len() >= self.sweep_at {
                self.sweep(now);
            }
            self.groups.insert(key.to_owned(), (now, V::default()));
        }
        let (seen, value) = self.groups.get_mut(key).expect("it was put there");
        if now.since(*seen) > self.window {
            *value = V::default();
        }
        *seen = now;
        value
    }

    /// What is known of a group, if its window is open.
    pub(super) fn peek<Q>(&self, key: &Q, now: Utc) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let (seen, value) = self.groups.get(key)?;
        (now.since(*seen) <= self.window).then_some(value)
    }

    /// How many groups are held.
    pub(super) fn held(&self) -> usize {
        self.groups.len()
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.groups.clear();
        self.sweep_at = SWEEP_MIN;
    }

    fn sweep(&mut self, now: Utc) {
        self.groups
            .retain(|_, (seen, _)| now.since(*seen) <= self.window);
        if self.groups.len() >= self.max {
            let mut times: Vec<Utc> = self.groups.values().map(|(seen, _)| *seen).collect();
            times.sort_unstable();
            let stale = times[times.len() / 10];
            self.groups.retain(|_, (seen, _)| *seen > stale);
        }
        self.sweep_at = (self.groups.len() * 2).clamp(SWEEP_MIN, self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Utc {
        Utc::from_millis(second * 1_000)
    }

    #[test]
    fn a_group_is_known_while_its_window_is_open() {
        let mut windows: Windows<String, u32> = Windows::new(Duration::from_secs(10));
        *windows.of("a", at(0)) += 1;
        *windows.of("a", at(10)) += 1;
        assert_eq!(windows.peek("a", at(20)), Some(&2));
        assert_eq!(windows.peek("a", at(21)), None);
        assert_eq!(*windows.of("a", at(21)), 0);
    }

    #[test]
    fn what_has_passed_is_swept_out_and_there_is_a_most() {
        let mut windows: Windows<String, u32> = Windows::new(Duration::from_secs(10));
        for second in 0..100_000 {
            windows.of(&second.to_string(), at(second));
            assert!(windows.held() <= SWEEP_MIN + 11);
        }
        let mut windows: Windows<String, u32> = Windows::new(Duration::from_secs(1_000_000));
        windows.max = 5_000;
        for second in 0..20_000 {
            windows.of(&second.to_string(), at(second));
            assert!(windows.held() <= 5_000);
        }
        assert!(windows.peek("19999", at(20_000)).is_some());
    }
}
