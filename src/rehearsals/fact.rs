//! The newest word on what live rehearsals found out: what one could not see it leaves out, and the
//! word of the one before holds.

use std::collections::BTreeMap;

use super::Rehearsal;
pub use crate::model::{Fact, FactName};

/// The newest word on each, of those rehearsals.
#[must_use]
pub fn learnt<'r>(all: impl IntoIterator<Item = &'r Rehearsal>) -> Vec<Fact> {
    let mut newest = BTreeMap::<FactName, Fact>::new();
    let facts = all
        .into_iter()
        .flat_map(|each| each.live.iter().flat_map(|live| &live.learnt));
    for fact in facts {
        let known = newest.get(&fact.name);
        if known.is_none_or(|known| known.at < fact.at) {
            newest.insert(fact.name, fact.clone());
        }
    }
    newest.into_values().collect()
}
