//! Leaves out of the directory's steps what a window that became known meanwhile leaves alone.
//!
//! They are planned while the log is read, by the widest window there may be; when the log then
//! tells when the intruder came, what is older stays. It only ever takes away, so that nothing is
//! in a plan that no read showed. What cannot be told by its date is read again when its step is
//! due.

use std::sync::Arc;

use crate::model::{Change, Kept, PlannedFor, PlannedStep, Select, Skip, Utc, Window};

/// Leaves out what was made before the window began.
pub(super) fn narrow(steps: &mut [PlannedStep], window: &Window) {
    let windowed = steps
        .iter_mut()
        .filter(|step| step.select == Select::InWindow);
    for row in windowed.flat_map(|step| &mut step.subjects) {
        if row.changes.iter().all(|change| change.made_at.is_some()) {
            leave_older(row, window.start);
        } else {
            row.changes.clear();
            row.skip = Some(Skip::Unread {
                why: "the window was not known yet".into(),
            });
        }
    }
}

fn leave_older(row: &mut PlannedFor, start: Utc) {
    let is_older = |change: &Arc<Change>| change.made_at.is_some_and(|at| at < start);
    let older: Vec<Arc<Change>> = row
        .changes
        .extract_if(.., |change| is_older(change))
        .collect();
    if older.is_empty() {
        return;
    }
    row.kept.extend(older.iter().map(|change| {
        Kept {
            target: change.target.clone(),
            why: change
                .made_at
                .map(|at| at.to_string()[..10].to_owned())
                .unwrap_or_default(),
            suspect: false,
        }
    }));
    row.ceiling = PlannedFor::ceiling_for(row.changes.len());
    if row.changes.is_empty() && row.skip.is_none() {
        row.skip = Some(Skip::NothingSelected {
            why: "made before the window".into(),
        });
    }
}
