//! The chart of a run: when each system was written to, answered and was read back, and the
//! moments that count: first write, evicted, contained, proven.
//!
//! Drawn from the report's own times; a change without one is not drawn. What was read after the
//! run had finished is no pace of the run's.

use jiff::tz::TimeZone;

use super::chart::{Chart, Draft, Scale};
use super::object::{ChangeReport, Report, SystemReport};
use super::summary::plain;
use super::sums::{call, read};
use super::text::{clock, count, cut, took, zone_name};
use crate::model::{SystemId, Utc, Verdict};

/// Lanes; more systems are told in the table alone.
const LANES_MAX: usize = 16;

/// Columns of a lane's label: what a phone has room for.
const LABEL_MAX: usize = 40;

/// From when to when something was done at a system.
struct Pace {
    sent: Utc,
    answered: Utc,
    read: Option<Utc>,
}

/// The chart, if anything was answered.
pub(super) fn of(report: &Report, zone: &TimeZone) -> Option<Chart> {
    let lanes: Vec<(&SystemReport, Pace)> = report
        .systems
        .iter()
        .filter_map(|system| Some((system, pace(report, Some(system))?)))
        .collect();
    let all = pace(report, None)?;
    let end = all.read.map_or(all.answered, |read| read.max(all.answered));
    let says = format!(
        "Chart: when each system was written to and read back, {} to {}. \
         The tables under “Step by step” tell the same, change by change.",
        clock(all.sent, zone),
        clock(end, zone)
    );
    let mut draft = Draft::new(Scale::of(all.sent, end), zone, says);
    for (system, pace) in lanes.iter().take(LANES_MAX) {
        let kind = match system.verdict {
            Verdict::Contained | Verdict::Released => "good",
            _ => "unclear",
        };
        let lasted = u64::try_from(pace.answered.since(pace.sent).as_millis()).unwrap_or(u64::MAX);
        let id = cut(system.id.as_str(), LABEL_MAX - 20);
        let label = format!("{id}: {} ({})", plain(system.verdict), took(lasted));
        draft.stretch(kind, label, (pace.sent, pace.answered), pace.read);
    }
    draft.marks("moments", moments(report, &all, zone));
    draft.note(format!(
        "a bar goes from the first call to the last answer, its line to the last read-back; times in {}",
        zone_name(all.sent, zone)
    ));
    if lanes.len() > LANES_MAX {
        let more = count(lanes.len() - LANES_MAX, "system");
        draft.note(format!("{more} more in the tables"));
    }
    Some(draft.done())
}

/// Over all changes, or those at one system.
fn pace(report: &Report, system: Option<&SystemReport>) -> Option<Pace> {
    let at = |id: &SystemId| system.is_none_or(|system| system.id == *id);
    if let Some(all) = &report.of_all {
        let those = || all.pace.iter().filter(|each| at(&each.system));
        return Some(Pace {
            sent: those().map(|each| each.sent).min()?,
            answered: those().map(|each| each.answered).max()?,
            read: those().filter_map(|each| each.read).max(),
        });
    }
    let steps = report.subjects.iter().flat_map(|subject| &subject.steps);
    let changes: Vec<(&ChangeReport, (Utc, Utc))> = steps
        .filter(|step| at(&step.system))
        .flat_map(|step| &step.changes)
        .filter_map(|change| Some((change, call(change)?)))
        .collect();
    let read = changes
        .iter()
        .filter_map(|(change, _)| read(change, report.finished_at));
    Some(Pace {
        sent: changes.iter().map(|(_, (_, sent))| *sent).min()?,
        answered: changes.iter().map(|(_, (answered, _))| *answered).max()?,
        read: read.max(),
    })
}

/// The moments that count, the first first, each with what the report says it took.
fn moments(report: &Report, all: &Pace, zone: &TimeZone) -> Vec<(Utc, String)> {
    let times = &report.timings;
    let evicted = match &report.of_all {
        Some(all) => all.last_evicted_at,
        None => {
            let subjects = report.subjects.iter();
            subjects.filter_map(|subject| subject.evicted_at).max()
        }
    };
    let mut moments: Vec<(Utc, String)> = [
        ("first write", times.first_write_ms, Some(all.sent)),
        ("evicted", times.evicted_ms, evicted),
        ("contained", times.contained_ms, Some(all.answered)),
        ("proven", times.proven_ms, all.read),
    ]
    .into_iter()
    .filter_map(|(name, ms, at)| {
        let (ms, at) = ms.zip(at)?;
        Some((at, format!("{} {name} after {}", clock(at, zone), took(ms))))
    })
    .collect();
    moments.sort_by_key(|(at, _)| *at);
    moments
}
