//! In a crowd: who needs no last look at a step, because it was read when he was long out.
//!
//! A few are all read once more at the end, for what a log or a replica showed late. Of thousands
//! that look would cost as much quota as the whole purge, and most were read minutes after their
//! eviction: what was seen then is all there is, because nobody was left to add to it. That holds of
//! an eviction that went well and no longer: whoever is swept may have made more since, so that
//! what was noted of him counts no more, and a sweep notes nothing.
//!
//! Not kept: a resumed run reads every step of everybody again before it looks.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::model::StepKey;

/// How long the eviction must have been over: as long as Okta's log is given to show a clear.
pub(super) const AFTER: Duration = Duration::from_secs(120);

/// Subjects by their place in the case, for each step.
#[derive(Default)]
pub(super) struct Settled(Mutex<BTreeMap<StepKey, Vec<bool>>>);

impl Settled {
    /// He of `crowd` subjects needs no other look at the step.
    pub(super) fn note(&self, step: StepKey, place: usize, crowd: usize) {
        let mut all = self
            .0
            .lock()
            .expect("no code panics while it holds this lock");
        let places = all.entry(step).or_insert_with(|| vec![false; crowd]);
        if let Some(place) = places.get_mut(place) {
            *place = true;
        }
    }

    /// He needs another look at all steps.
    pub(super) fn forget(&self, place: usize) {
        let mut all = self
            .0
            .lock()
            .expect("no code panics while it holds this lock");
        for places in all.values_mut() {
            if let Some(place) = places.get_mut(place) {
                *place = false;
            }
        }
    }

    /// Whether that was noted of him.
    pub(super) fn holds(&self, step: StepKey, place: usize) -> bool {
        let all = self
            .0
            .lock()
            .expect("no code panics while it holds this lock");
        let places = all.get(&step);
        places.is_some_and(|places| places.get(place).copied().unwrap_or_default())
    }
}
