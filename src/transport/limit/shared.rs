//! The budgets that the runs of one process share.
//!
//! A server opens its systems anew for every run, by the same credentials: without this each run
//! would take the whole quota for its own until an answer tells otherwise, and two runs could not
//! say who of them goes first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::Budget;
use crate::given::{Clock, Rng};
use crate::model::SystemId;

/// One budget for each system; a clone is the same ones.
#[derive(Clone, Default)]
pub struct Budgets(Arc<Mutex<BTreeMap<SystemId, Arc<Budget>>>>);

impl Budgets {
    /// That of a system, made when first asked for. All who share it go by one clock.
    #[must_use]
    pub fn of(&self, system: &SystemId, clock: &Arc<dyn Clock>, rng: &Arc<dyn Rng>) -> Arc<Budget> {
        let mut known = self
            .0
            .lock()
            .expect("no code panics while it holds this lock");
        let made = || Arc::new(Budget::new(Arc::clone(clock), Arc::clone(rng)));
        Arc::clone(known.entry(system.clone()).or_insert_with(made))
    }
}
