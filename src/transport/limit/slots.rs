//! How many requests of one client may be under way at once.
//!
//! Vendors limit that, too, and tell the limit nowhere: it is halved when one complains and
//! creeps up again with what is answered well (AIMD).

/// Below what the smallest org of Okta's allows (35), of which others need some.
pub(crate) const MOST: usize = 30;

/// The places on the wire.
pub(super) struct Slots {
    limit: usize,
    taken: usize,
    /// Answered well since the limit last moved.
    well: usize,
    /// Departures so far, and how many of them had left at the last cut: a complaint about one
    /// of those is the same complaint.
    left: u64,
    cut_at: u64,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            limit: MOST,
            taken: 0,
            well: 0,
            left: 0,
            cut_at: 0,
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.taken < self.limit
    }

    pub(super) fn take(&mut self) {
        self.taken += 1;
        self.left += 1;
    }

    /// The number of the last departure.
    pub(super) fn departed(&self) -> u64 {
        self.left
    }

    pub(super) fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    pub(super) fn went_well(&mut self) {
        self.well += 1;
        if self.well >= self.limit && self.limit < MOST {
            self.limit += 1;
            self.well = 0;
        }
    }

    pub(super) fn too_many(&mut self, departure: u64) {
        if departure > self.cut_at {
            self.limit = (self.limit / 2).max(1);
            self.cut_at = self.left;
            self.well = 0;
        }
    }
}

#[cfg(test)]
impl Slots {
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(slots: &mut Slots) -> u64 {
        slots.take();
        slots.departed()
    }

    #[test]
    fn a_burst_of_complaints_halves_once_and_good_answers_creep_up_again() {
        let mut slots = Slots::new();
        let burst: Vec<u64> = (0..MOST).map(|_| take(&mut slots)).collect();
        assert!(!slots.is_free());
        for departure in burst {
            slots.too_many(departure);
            slots.give_back();
        }
        assert_eq!(slots.limit, MOST / 2);
        let later = take(&mut slots);
        slots.too_many(later);
        assert_eq!(slots.limit, MOST / 4);
        for _ in 0..MOST / 4 {
            slots.went_well();
        }
        assert_eq!(slots.limit, MOST / 4 + 1);
        for _ in 0..MOST * MOST {
            slots.went_well();
        }
        assert_eq!(slots.limit, MOST, "it never grows beyond where it began");
    }
}
