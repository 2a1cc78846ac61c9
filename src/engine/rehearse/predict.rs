//! How long a containment would take today, at the pace that the reads of this rehearsal met and
//! within the quotas that their answers told: what `projection` simulates of the plan.
//!
//! An estimate, and told as one. A system that was not heard (it cannot be asked who somebody is)
//! is taken for as slow as the slowest; where none was, nothing is predicted. Reading back runs
//! beside the writes and after them and is not in it: its bound is told apart.

use crate::engine::projection::times;
use crate::engine::run::Tools;
use crate::model::{Change, Plan, PlannedStep};
use crate::rehearsals::{Predicted, QuotaSeen, SystemPace};

/// What the plan takes.
pub(super) fn of(tools: &Tools, plan: &Plan) -> Predicted {
    let times = times(tools, plan);
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
        let waits = times
            .as_ref()
            .and_then(|times| times.waits_ms.get(&system.id));
        let waits_ms = waits.copied().unwrap_or_default();
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
    // A pace that nothing was heard of is no prediction.
    let heard = by_system.iter().any(|pace| pace.answer_ms.is_some());
    let times = times.filter(|_| heard);
    Predicted {
        evicted_ms: times.as_ref().and_then(|times| times.evicted_ms),
        contained_ms: times.as_ref().map(|times| times.written_ms),
        proofs_ms_max: u64::try_from(slowest).unwrap_or(u64::MAX),
        by_system,
        quota: quota(tools, plan),
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
