//! Ids of runs that are told by what they are about, so that whoever comes later finds them.

use sha2::{Digest as _, Sha256};

use crate::inbox::Entry;
use crate::model::RunId;

/// The run that an alert may become. It sorts by when the alert came.
pub(super) fn run_of(entry: &Entry) -> RunId {
    let millis = entry.at.millis();
    RunId::new(format!("r_{millis:012x}{}", eight(&["alert", &entry.id])))
}

/// The run in place of one that the world moved away from.
pub(super) fn run_after(run: &RunId) -> RunId {
    let name = run.as_str().trim_start_matches("r_");
    let millis = name.get(..12).unwrap_or(name);
    RunId::new(format!("r_{millis}{}", eight(&["after", run.as_str()])))
}

fn eight(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    hash.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
