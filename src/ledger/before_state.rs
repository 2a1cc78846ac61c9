//! What was there before the first write of a run, which its fold does not keep: of thousands it is
//! more than all the rest. For whoever hands on everything that there is about one run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Event, Record};
use crate::model::UserId;

/// Each part of each subject's, and whether it was read only after the first write had left.
#[must_use]
pub fn before_state(records: &[Record]) -> BTreeMap<(&UserId, &str), (&Value, bool)> {
    let mut all = BTreeMap::new();
    for record in records {
        let Event::Captured {
            subject,
            part,
            value,
            late,
        } = &record.event
        else {
            continue;
        };
        let place = (subject, part.as_str());
        if counts(*late, all.contains_key(&place)) {
            all.insert(place, (value, *late));
        }
    }
    all
}

/// Whether a reading is the before-state of a part: what is read after the first write is none if
/// there is one already.
pub(super) fn counts(late: bool, is_known: bool) -> bool {
    !(late && is_known)
}
