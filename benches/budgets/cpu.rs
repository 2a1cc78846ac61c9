//! Processor time of the engine for one step of one subject, and whether it grows with them.
//!
//! The default playbook against a directory that answers at once, the ledger in memory, one
//! thread: planning, digest, intents, answers, proofs, verdict, and the ledger's texts and
//! hashes. The bound is in time, so its ratio is to 50 µs; flatness is a ratio to 100 subjects.

use std::sync::Arc;
use std::time::Duration;

use oust::engine::Silent;
use oust::ledger::MemoryStore;
use oust::model::Verdict;
use oust::playbook::CheckedPlaybook;

use super::machine::{ratio, thread_cpu};
use super::table::Table;
use super::{fake, kit};

/// What a step may cost.
const BOUND: Duration = Duration::from_micros(50);

/// Subjects, and how often they are contained in one round: the kernel counts a thread's time
/// in ticks of some milliseconds, so that a round must take many.
const SIZES: [(usize, u32); 3] = [(1, 1_000), (100, 20), (20_000, 1)];

/// The quickest round counts.
const ROUNDS: usize = 3;

pub(crate) fn measure(table: &mut Table) {
    let playbook = kit::shipped("account-takeover");
    let costs = SIZES.map(|(subjects, times)| {
        let quickest = (0..ROUNDS)
            .map(|_| a_step(&playbook, subjects, times))
            .min();
        (subjects, quickest.unwrap_or_default())
    });
    for (subjects, cost) in costs {
        let figures = format!("{cost:.1?} of CPU a step at {subjects} subjects");
        let name = format!("engine CPU a step, {subjects} subjects / 50 µs");
        table.add(name, ratio(cost, BOUND), 1.0, figures);
    }
    let [_, (_, hundred), (_, most)] = costs;
    let figures = format!("{most:.1?} a step over {hundred:.1?}");
    let name = "engine CPU a step, 20000 over 100 subjects";
    table.add(name, ratio(most, hundred), 1.5, figures);
}

/// Contains so many subjects so often; what that cost for each step of each.
fn a_step(playbook: &CheckedPlaybook, subjects: usize, times: u32) -> Duration {
    kit::one_thread().block_on(async {
        let mut steps = 0;
        let before = thread_cpu().unwrap_or_default();
        for _ in 0..times {
            let tools = fake::tools(Arc::new(MemoryStore::new()), 1);
            let prepared = kit::prepare(&tools, playbook, "r_bench", kit::crowd(subjects)).await;
            let rows = prepared.plan.steps().flat_map(|step| &step.subjects);
            steps += rows.filter(|row| !row.changes.is_empty()).count();
            let run = kit::carry_out(&tools, prepared, Arc::new(Silent)).await;
            assert_eq!(run.verdict(), Some(Verdict::Contained));
        }
        let spent = thread_cpu().unwrap_or_default() - before;
        spent / u32::try_from(steps).expect("it fits")
    })
}
