//! Whether many subjects ask at the moment: only then is it worth waiting for others.
//!
//! A few are each asked about at once and by themselves, as if nobody gathered anything. How many
//! there are is not told to a connector at every call, and a run that goes on after a crash tells
//! nothing at all; so it is seen by who asks.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// Up to so many are few. A subject may be asked about by two names.
const FEW: usize = 8;

/// How long somebody counts after he asked.
const LATELY: Duration = Duration::from_secs(10);

/// Names kept at most.
const NAMES_MAX: usize = 64;

/// Who asked lately.
#[derive(Default)]
pub(in crate::connectors) struct Crowd {
    lately: Mutex<BTreeMap<String, Duration>>,
}

impl Crowd {
    /// Whether many ask, now that somebody asks about `whose`, or about nobody in particular.
    pub(in crate::connectors) fn is_about(&self, now: Duration, whose: Option<&str>) -> bool {
        let mut lately = self
            .lately
            .lock()
            .expect("no code panics while it holds this lock");
        lately.retain(|_, at| now.saturating_sub(*at) < LATELY);
        if let Some(whose) = whose
            && (lately.len() < NAMES_MAX || lately.contains_key(whose))
        {
            lately.insert(whose.to_owned(), now);
        }
        lately.len() > FEW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_who_ask_often_are_no_crowd_and_many_are_one_while_they_ask() {
        let crowd = Crowd::default();
        let at = Duration::from_secs;
        for second in 0..30 {
            for who in ["a", "b", "c", "d", "e", "f", "g", "h"] {
                assert!(!crowd.is_about(at(second), Some(who)));
            }
        }
        assert!(crowd.is_about(at(30), Some("i")));
        assert!(crowd.is_about(at(31), Some("a")));
        assert!(crowd.is_about(at(31), None));
        assert!(!crowd.is_about(at(45), Some("a")));
        let asked: Vec<bool> = (0..1_000)
            .map(|n| crowd.is_about(at(46), Some(&n.to_string())))
            .collect();
        assert_eq!(asked.iter().filter(|many| !**many).count(), 7);
        assert!(crowd.lately.lock().unwrap().len() <= NAMES_MAX);
    }
}
