//! How long a run took, in sentences: from the consent, and from the alert or the command on.
//!
//! People's time stands beside the program's: a quarter of an hour until somebody agreed is
//! mended otherwise than a quarter of an hour of throttling.

use super::object::{BeganBy, Report, WholeTime};
use super::text::took;

/// From the consent on: the program's own pace.
pub(super) fn from_consent(report: &Report) -> String {
    let times = &report.timings;
    let said = legs([
        ("first write", times.first_write_ms),
        ("evicted", times.evicted_ms),
        ("contained", times.contained_ms),
        ("proven", times.proven_ms),
    ]);
    if said.is_empty() {
        "nothing was written".into()
    } else {
        said.join(", ")
    }
}

/// From the alert or the command on, every leg of it; `None` if it is not known when it began.
pub(super) fn from_start(report: &Report) -> Option<(&'static str, String)> {
    let whole = report.timings.whole.as_ref()?;
    let name = match whole.from {
        BeganBy::Alert => "since the alert",
        BeganBy::Command => "since the command",
    };
    let mut said = legs([("planned", whole.planned_ms)]);
    said.extend(
        whole
            .waited_ms
            .map(|ms| format!("people were waited for {}", took(ms))),
    );
    said.extend(legs([
        ("first write", whole.first_write_ms),
        ("evicted", whole.evicted_ms),
        ("contained", whole.contained_ms),
        ("proven", whole.proven_ms),
    ]));
    (!said.is_empty()).then(|| (name, said.join(", ")))
}

/// The same in one line, for a screen: how far it came, and how much of that people took.
pub(super) fn in_short(report: &Report) -> Option<String> {
    let whole = report.timings.whole.as_ref()?;
    let (word, ms) = [
        ("contained", whole.contained_ms),
        ("evicted", whole.evicted_ms),
    ]
    .into_iter()
    .find_map(|(word, ms)| Some((word, ms?)))?;
    let people = people(whole, ms);
    let from = whole.from.word();
    Some(format!("{word} {} after the {from}{people}", took(ms)))
}

fn people(whole: &WholeTime, ms: u64) -> String {
    match whole.waited_ms {
        Some(waited) => format!(
            ": {} until people agreed, {} by itself",
            took(waited),
            took(whole.of_machine(ms))
        ),
        None => String::new(),
    }
}

fn legs<const N: usize>(legs: [(&str, Option<u64>); N]) -> Vec<String> {
    let said = legs.into_iter();
    said.filter_map(|(name, ms)| Some(format!("{name} after {}", took(ms?))))
        .collect()
}
