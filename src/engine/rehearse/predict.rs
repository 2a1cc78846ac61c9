//! How long a containment would take today: the plan's longest chain of writes, at the pace that the
//! reads of this rehearsal met, plus what has to wait for quota.
//!
//! An estimate, and told as one. A system that was not heard (it cannot be asked who somebody is)
//! is taken for as slow as the slowest. A call counts as one answer of its system's average; a write that
//! a vendor needs several requests for is counted once. Reading back runs beside the writes and
//! after them and is not in it: its bound is told apart. Which bucket a write counts against is the
//! vendor's own: the one with the least left is taken.

use std::collections::BTreeMap;

use crate::engine::run::Tools;
use crate::model::{Change, Evicts, Plan, PlannedStage, PlannedStep, StageOrder, SystemId};
use crate::rehearsals::{Predicted, QuotaSeen, SystemPace};

/// A window of a rate limit.
const WINDOW_MS: u64 = 60_000;

/// What the plan takes.
pub(super) fn of(tools: &Tools, plan: &Plan) -> Predicted {
    let quota = quota(tools, plan);
    let mut by_system = Vec::new();
    let mut slowest = 0;
    for system in tools.systems().filter(|each| plan.scope.includes(&each.id)) {
        let steps = plan.stages.iter().filter(|stage| !stage.ask);
        let steps = steps.flat_map(|stage| &stage.steps);
        let calls: u64 = steps
            .filter(|step| step.system == system.id)
            .map(|step| calls(tools, step))
            .sum();
        let answer_ms = system.client.answer_ms();
        let waits_ms = waits(&quota, &system.id, calls);
        if calls > 0 {
            slowest = slowest.max(system.connector.prove_for().as_millis());
        }
        by_system.push(SystemPace {
            system: system.id.clone(),
            writes: calls,
            answer_ms,
            takes_ms: answer_ms.map(|ms| calls * ms + waits_ms),
            waits_ms,
        });
    }
    let pace = Pace {
        tools,
        by_system: &by_system,
    };
    Predicted {
        evicted_ms: evicted(&pace, plan),
        contained_ms: contained(&pace, plan),
        proofs_ms_max: u64::try_from(slowest).unwrap_or(u64::MAX),
        by_system,
        quota,
    }
}

fn quota(tools: &Tools, plan: &Plan) -> Vec<QuotaSeen> {
    let systems = tools.systems().filter(|each| plan.scope.includes(&each.id));
    let seen = systems.flat_map(|system| {
        system.client.buckets().into_iter().map(|bucket| QuotaSeen {
            system: system.id.clone(),
            bucket: bucket.name.to_owned(),
            limit: bucket.limit,
            remaining: bucket.remaining,
        })
    });
    seen.collect()
}

/// What so many calls wait for, if the shortest bucket of the system is theirs.
fn waits(quota: &[QuotaSeen], system: &SystemId, calls: u64) -> u64 {
    let of_system = quota.iter().filter(|seen| seen.system == *system);
    let Some(shortest) = of_system.min_by_key(|seen| seen.remaining) else {
        return 0;
    };
    let beyond = calls.saturating_sub(shortest.remaining);
    beyond.div_ceil(shortest.limit.max(1)) * WINDOW_MS
}

/// How many calls a step makes: some systems take several changes with one.
fn calls(tools: &Tools, step: &PlannedStep) -> u64 {
    let changes: Vec<Change> = step
        .subjects
        .iter()
        .flat_map(|each| &each.changes)
        .map(|change| (**change).clone())
        .collect();
    let batches = match tools.system(&step.system) {
        Some(system) => system.connector.batch(changes).len(),
        None => changes.len(),
    };
    u64::try_from(batches).unwrap_or(u64::MAX)
}

struct Pace<'p> {
    tools: &'p Tools,
    by_system: &'p [SystemPace],
}

impl Pace<'_> {
    /// What one step takes. Of a system that nobody can ask, the slowest other's answer stands in;
    /// `None` if none has answered.
    fn step(&self, step: &PlannedStep) -> Option<u64> {
        let calls = calls(self.tools, step);
        if calls == 0 {
            return Some(0);
        }
        let mut all = self.by_system.iter();
        let own = all.find(|pace| pace.system == step.system);
        let answer_ms = own.and_then(|pace| pace.answer_ms).or(self.slowest_ms())?;
        Some(calls * answer_ms)
    }

    fn slowest_ms(&self) -> Option<u64> {
        let all = self.by_system.iter();
        all.filter_map(|pace| pace.answer_ms).max()
    }

    /// What a stage takes, its longest lane where its systems run side by side.
    fn stage(&self, stage: &PlannedStage) -> Option<u64> {
        let mut lanes = BTreeMap::<&SystemId, u64>::new();
        for step in &stage.steps {
            *lanes.entry(&step.system).or_default() += self.step(step)?;
        }
        Some(match stage.order {
            StageOrder::Sequential => lanes.values().sum(),
            StageOrder::Parallel => lanes.values().max().copied().unwrap_or(0),
        })
    }

    fn waits_ms(&self) -> u64 {
        let waits = self.by_system.iter().map(|pace| pace.waits_ms);
        waits.max().unwrap_or(0)
    }
}

/// Until the last write of the stage that evicts, of those that clear or lock.
fn evicted(pace: &Pace<'_>, plan: &Plan) -> Option<u64> {
    let part = |step: &PlannedStep| {
        let action = pace.tools.action(&step.action);
        action.is_some_and(|action| action.evicts != Evicts::No)
    };
    let first = plan
        .stages
        .iter()
        .find(|stage| stage.steps.iter().any(part))?;
    let last = first.steps.iter().rposition(part)?;
    let mut takes = 0;
    for step in &first.steps[..=last] {
        takes += pace.step(step)?;
    }
    Some(takes)
}

/// Until the last write of all: a stage begins when the one before it has ended, or when its
/// `stage_wait` after the eviction is over.
fn contained(pace: &Pace<'_>, plan: &Plan) -> Option<u64> {
    let evicted = evicted(pace, plan).unwrap_or(0);
    let mut ends = BTreeMap::<&str, u64>::new();
    let mut all = 0;
    for stage in plan.stages.iter().filter(|stage| !stage.ask) {
        let after = stage.after.as_deref().and_then(|name| ends.get(name));
        let after = after.copied().unwrap_or(0);
        let begins = match stage.stage_wait_ms {
            Some(wait) => after.min(evicted + wait),
            None => after,
        };
        let end = begins + pace.stage(stage)?;
        ends.insert(&stage.name, end);
        all = all.max(end);
    }
    Some(all + pace.waits_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_beyond_the_quota_wait_for_the_next_window_and_the_others_do_not() {
        let seen = |bucket: &str, limit, remaining| QuotaSeen {
            system: SystemId::new("okta"),
            bucket: bucket.into(),
            limit,
            remaining,
        };
        let quota = [seen("api", 600, 590), seen("logs", 60, 10)];
        let okta = SystemId::new("okta");
        assert_eq!(waits(&quota, &okta, 10), 0);
        assert_eq!(waits(&quota, &okta, 11), WINDOW_MS);
        assert_eq!(waits(&quota, &okta, 71), 2 * WINDOW_MS);
        assert_eq!(waits(&quota, &SystemId::new("slack"), 1_000), 0);
    }
}
