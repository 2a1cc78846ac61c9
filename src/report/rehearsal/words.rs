//! Words that screen, page and sheets share.

use super::super::text::{count, took};
use crate::rehearsals::{Kind, Predicted, Rehearsal, Verdict};

/// The word for its end.
pub(super) fn word(rehearsal: &Rehearsal) -> &'static str {
    match (rehearsal.verdict, rehearsal.kind) {
        (Verdict::Ok, _) => "READY",
        (Verdict::Failed, Kind::Dry) => "NOT READY",
        (Verdict::Failed, Kind::Live) => "FAILED",
    }
}

/// What that means, in a sentence.
pub(super) fn answer(rehearsal: &Rehearsal) -> String {
    let wrong = rehearsal
        .findings
        .iter()
        .filter(|finding| finding.severity == crate::model::Severity::High)
        .count();
    match (rehearsal.verdict, rehearsal.kind) {
        (Verdict::Ok, Kind::Dry) => {
            "nothing that was read would stop it; nothing was written".into()
        }
        (Verdict::Ok, Kind::Live) => "contained, proven and given back".into(),
        (Verdict::Failed, Kind::Dry) => {
            format!(
                "{} would stop it; nothing was written",
                count(wrong, "thing")
            )
        }
        (Verdict::Failed, Kind::Live) => format!("{} went wrong", count(wrong, "thing")),
    }
}

/// The prediction in a sentence.
pub(super) fn predicted(told: &Predicted) -> String {
    let time = |ms: Option<u64>| ms.map_or_else(|| "an unknown time".to_owned(), took);
    format!(
        "evicted in {}, contained in {}; then proofs, at most {}",
        time(told.evicted_ms),
        time(told.contained_ms),
        took(told.proofs_ms_max)
    )
}

/// A duration, or that there is none.
pub(super) fn time(ms: Option<u64>) -> String {
    ms.map_or_else(|| "not reached".to_owned(), took)
}
