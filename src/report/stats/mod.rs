//! How long runs took, over many: percentiles of each leg, by playbook, by verdict, by month.
//!
//! Fed one report at a time and keeps a few numbers of each, never a report: whoever reads the
//! ledger decides what it costs. Gives the numbers as JSON; a terminal's table is `screen`.
//!
//! What was not come to is no number: a run that contained nobody has no time to contain, and how
//! many those are stands beside the percentiles.

mod screen;

pub use screen::stats_screen;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::object::{BeganBy, Report};
use crate::model::{LIVE_REHEARSAL, Utc, Verdict};

/// The name of the format, in the first field.
const SCHEMA: &str = "oust.stats/v1";

/// Groups of one kind at most; what is beyond is counted under [`OTHERS`].
const GROUPS_MAX: usize = 200;

/// The group of what has no room.
const OTHERS: &str = "(others)";

/// What is counted and what is left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Runs that are not over.
    pub unfinished: usize,
    /// Runs that gave something back.
    pub releases: usize,
    /// Runs whose records were purged.
    pub purged: usize,
    /// Runs that were agreed to and wrote nothing.
    pub nothing_written: usize,
}

/// One leg of many runs, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// How many runs came so far.
    pub count: usize,
    /// Half of them took at most so long.
    pub p50_ms: u64,
    /// Nine of ten took at most so long.
    pub p90_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

/// The legs of a group of runs; null where none came so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Legs {
    /// From the consent to the first write.
    pub first_write: Option<Leg>,
    /// From the consent until all subjects were evicted.
    pub evicted: Option<Leg>,
    /// From the consent until contained.
    pub contained: Option<Leg>,
    /// From the consent to the last proof.
    pub proven: Option<Leg>,
    /// From an alert or a command until there was a plan.
    pub planned: Option<Leg>,
    /// From the plan until people had agreed to it, where they were asked.
    pub people: Option<Leg>,
    /// From the alert until evicted.
    pub evicted_since_alert: Option<Leg>,
    /// From the alert until contained.
    pub contained_since_alert: Option<Leg>,
    /// From the alert to the last proof.
    pub proven_since_alert: Option<Leg>,
    /// From the command until evicted.
    pub evicted_since_command: Option<Leg>,
    /// From the command until contained.
    pub contained_since_command: Option<Leg>,
    /// From the command to the last proof.
    pub proven_since_command: Option<Leg>,
}

/// A group of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What they have in common: a playbook, a verdict, a month (UTC); empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How many.
    pub runs: usize,
    /// How many of them ended contained.
    pub contained: usize,
    /// How long they took.
    pub legs: Legs,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// `oust.stats/v1`.
    pub schema: &'static str,
    /// Only runs that began since then.
    pub since: Option<Utc>,
    /// Only runs of this playbook.
    pub playbook: Option<String>,
    /// What is not among the numbers.
    pub left_out: LeftOut,
    /// All runs that are counted.
    pub all: Group,
    /// Live rehearsals on a canary, which are not among them.
    pub rehearsals: Group,
    /// By playbook, in the order of the names.
    pub by_playbook: Vec<Group>,
    /// By verdict.
    pub by_verdict: Vec<Group>,
    /// By the month (UTC) that they began in, the oldest first.
    pub by_month: Vec<Group>,
}

/// Takes reports and counts.
#[derive(Debug, Default)]
pub struct Counting {
    since: Option<Utc>,
    playbook: Option<String>,
    left_out: LeftOut,
    all: Numbers,
    rehearsals: Numbers,
    by_playbook: BTreeMap<String, Numbers>,
    by_verdict: BTreeMap<String, Numbers>,
    by_month: BTreeMap<String, Numbers>,
}

impl Counting {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(since: Option<Utc>, playbook: Option<String>) -> Self {
        Self {
            since,
            playbook,
            ..Self::default()
        }
    }

    /// What is not among the numbers, for whoever leaves it out.
    pub fn left_out(&mut self) -> &mut LeftOut {
        &mut self.left_out
    }

    /// Counts a closed run of containment.
    pub fn take(&mut self, report: &Report) {
        if report.timings.first_write_ms.is_none() {
            // Nothing was there to be done, or it was stopped before: no time to contain anybody.
            self.left_out.nothing_written += 1;
            return;
        }
        let took = Took::of(report);
        if report.reason.as_deref() == Some(LIVE_REHEARSAL) {
            self.rehearsals.take(&took);
            return;
        }
        let month = report.started_at.map_or_else(String::new, |at| {
            let at = at.timestamp().to_zoned(TimeZone::UTC);
            at.strftime("%Y-%m").to_string()
        });
        self.all.take(&took);
        for (groups, name) in [
            (&mut self.by_playbook, report.playbook.name.clone()),
            (&mut self.by_verdict, report.verdict.word().to_owned()),
            (&mut self.by_month, month),
        ] {
            let is_full = groups.len() >= GROUPS_MAX && !groups.contains_key(&name);
            let name = if is_full { OTHERS.to_owned() } else { name };
            groups.entry(name).or_default().take(&took);
        }
    }

    /// The numbers.
    #[must_use]
    pub fn done(self) -> Stats {
        let groups = |all: BTreeMap<String, Numbers>| {
            let groups = all.into_iter();
            groups.map(|(name, numbers)| numbers.done(name)).collect()
        };
        Stats {
            schema: SCHEMA,
            since: self.since,
            playbook: self.playbook,
            left_out: self.left_out,
            all: self.all.done(String::new()),
            rehearsals: self.rehearsals.done(String::new()),
            by_playbook: groups(self.by_playbook),
            by_verdict: groups(self.by_verdict),
            by_month: groups(self.by_month),
        }
    }
}

/// What one run adds: its times in the order of the fields of [`Legs`].
struct Took {
    contained: bool,
    legs: [Option<u64>; LEGS],
}

const LEGS: usize = 12;

impl Took {
    fn of(report: &Report) -> Self {
        let times = &report.timings;
        let whole = times.whole.as_ref();
        let from = |by: BeganBy| whole.filter(|whole| whole.from == by);
        let (alert, command) = (from(BeganBy::Alert), from(BeganBy::Command));
        Self {
            contained: report.verdict == Verdict::Contained,
            legs: [
                times.first_write_ms,
                times.evicted_ms,
                times.contained_ms,
                times.proven_ms,
                whole.and_then(|whole| whole.planned_ms),
                whole.and_then(|whole| whole.waited_ms),
                alert.and_then(|whole| whole.evicted_ms),
                alert.and_then(|whole| whole.contained_ms),
                alert.and_then(|whole| whole.proven_ms),
                command.and_then(|whole| whole.evicted_ms),
                command.and_then(|whole| whole.contained_ms),
                command.and_then(|whole| whole.proven_ms),
            ],
        }
    }
}

/// The numbers of a group, as they come.
#[derive(Debug, Default)]
struct Numbers {
    runs: usize,
    contained: usize,
    legs: [Vec<u64>; LEGS],
}

impl Numbers {
    fn take(&mut self, took: &Took) {
        self.runs += 1;
        self.contained += usize::from(took.contained);
        for (all, one) in self.legs.iter_mut().zip(took.legs) {
            all.extend(one);
        }
    }

    fn done(self, name: String) -> Group {
        let [
            first_write,
            evicted,
            contained,
            proven,
            planned,
            people,
            evicted_since_alert,
            contained_since_alert,
            proven_since_alert,
            evicted_since_command,
            contained_since_command,
            proven_since_command,
        ] = self.legs.map(leg);
        Group {
            name,
            runs: self.runs,
            contained: self.contained,
            legs: Legs {
                first_write,
                evicted,
                contained,
                proven,
                planned,
                people,
                evicted_since_alert,
                contained_since_alert,
                proven_since_alert,
                evicted_since_command,
                contained_since_command,
                proven_since_command,
            },
        }
    }
}

fn leg(mut all: Vec<u64>) -> Option<Leg> {
    all.sort_unstable();
    Some(Leg {
        count: all.len(),
        p50_ms: percentile(&all, 50)?,
        p90_ms: percentile(&all, 90)?,
        max_ms: *all.last()?,
    })
}

/// By the nearest rank: a time that some run really took, and of two the shorter is the half.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_some_run_took() {
        let ten: Vec<u64> = (1..=10).map(|n| n * 100).collect();
        let told = leg(ten.into_iter().rev().collect()).unwrap();
        assert_eq!((told.p50_ms, told.p90_ms, told.max_ms), (500, 900, 1000));
        let one = leg(vec![7]).unwrap();
        assert_eq!((one.p50_ms, one.p90_ms, one.max_ms), (7, 7, 7));
        assert_eq!(leg(Vec::new()), None);
    }
}
