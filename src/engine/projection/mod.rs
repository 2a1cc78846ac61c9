//! What a run will take, simulated from its plan: when they are evicted and contained, how many
//! requests that is, and which quota is the tightest.
//!
//! Reads the plan, the quotas as the last answers told them (else the documented default), the
//! pace of the answers so far, and what each connector declares that an action costs. It sends
//! nothing. Other people's use of the same quota is not known: a run beside theirs takes longer.

mod course;
mod object;
mod plan;
mod sim;
#[cfg(test)]
mod tests;
mod window;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use self::object::{BucketLoad, Projection, Reached, SystemLoad, Tightest};
use self::plan::Known;
use super::run::Tools;
use crate::model::{Plan, SystemId};

/// What the plan would take if it were agreed to now; `None` of one that gives back, that does
/// nothing to anybody, or that the simulator comes to no end with.
#[must_use]
pub fn project(tools: &Tools, plan: &Plan) -> Option<Projection> {
    if plan.gives_back.is_some() || plan.case.subjects.is_empty() {
        return None;
    }
    let (course, known) = plan::course(tools, plan);
    let outcome = sim::run(&course)?;
    let contained = Reached::of(&outcome.contained)?;
    Some(Projection {
        subjects: u64::try_from(course.subjects).unwrap_or(u64::MAX),
        evicted: Reached::of(&outcome.evicted),
        contained,
        ended_ms: outcome.ended,
        calls: outcome.buckets.iter().map(|used| used.requests).sum(),
        unread: known.unread,
        systems: loads(&course, &known, &outcome),
        tightest: tightest(tools, &known, &outcome),
    })
}

/// What a rehearsal tells of one account's plan.
pub(super) struct Times {
    /// When he is evicted; `None` if that is not planned.
    pub(super) evicted_ms: Option<u64>,
    /// When the last write is answered.
    pub(super) written_ms: u64,
    /// How long each system's writes and reads wait for quota.
    pub(super) waits_ms: BTreeMap<SystemId, u64>,
}

/// The same for a rehearsal; `None` if the simulator comes to no end.
pub(super) fn times(tools: &Tools, plan: &Plan) -> Option<Times> {
    let (course, known) = plan::course(tools, plan);
    let outcome = sim::run(&course)?;
    let mut waits_ms: BTreeMap<SystemId, u64> = BTreeMap::new();
    for (bucket, used) in known.buckets.iter().zip(&outcome.buckets) {
        if let Some((system, _)) = known.systems.get(bucket.system) {
            let longest = waits_ms.entry(system.clone()).or_default();
            *longest = used.waited_ms.max(*longest);
        }
    }
    Some(Times {
        evicted_ms: outcome.evicted.iter().flatten().max().copied(),
        written_ms: outcome.written,
        waits_ms,
    })
}

fn loads(course: &course::Course, known: &Known, outcome: &sim::Outcome) -> Vec<SystemLoad> {
    let systems = known.systems.iter().enumerate();
    let loads = systems.map(|(place, (id, measured))| {
        let own = known.buckets.iter().zip(&outcome.buckets);
        let own = own.filter(|(bucket, used)| bucket.system == place && used.requests > 0);
        let buckets: Vec<BucketLoad> = own
            .map(|(bucket, used)| BucketLoad {
                bucket: bucket.name.to_owned(),
                calls: used.requests,
                limit: bucket.limit,
                told: bucket.told,
                waits_ms: used.waited_ms,
            })
            .collect();
        SystemLoad {
            system: id.clone(),
            calls: buckets.iter().map(|each| each.calls).sum(),
            answer_ms: course.systems[place].answer_ms,
            measured: *measured,
            buckets,
        }
    });
    loads.filter(|load| load.calls > 0).collect()
}

fn tightest(tools: &Tools, known: &Known, outcome: &sim::Outcome) -> Option<Tightest> {
    let all = known.buckets.iter().zip(&outcome.buckets);
    let waited = all.filter(|(_, used)| used.waited_ms > 0);
    let (bucket, _) = waited.max_by_key(|(_, used)| (used.waited_ms, Reverse(used.requests)))?;
    let (id, _) = known.systems.get(bucket.system)?;
    let raise = tools.system(id)?.connector.raises(bucket.name);
    Some(Tightest {
        system: id.clone(),
        bucket: bucket.name.to_owned(),
        limit: bucket.limit,
        raise: raise.unwrap_or_default().to_owned(),
    })
}
