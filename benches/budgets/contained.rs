//! How long until the intruder is out everywhere: from consent to the last answer to a write, at
//! every service of the sandbox, at 100 ms a call.
//!
//! Over the longest chain of writes that the plan lists: those at Okta one after the other, then
//! those at the service that has the most, each as long as one bare call was measured to take.
//! Proofs run beside and are not counted. Then once more with one service that hangs: what each
//! of the others took, over what it took before.

use std::time::Duration;

use oust::model::Verdict;

use super::everywhere::{Contained, Everywhere};
use super::kit;
use super::machine::{median, ratio};
use super::table::Table;

/// How late the mocks answer, milliseconds.
const LATENCY_MS: u64 = 100;

/// How often he is contained in each world; the median counts.
const TIMES: usize = 3;

/// Long after everybody else is contained, and long before one that hangs is given up.
const AT_MOST: Duration = Duration::from_secs(40);

/// Which one hangs: the service with the most writes, where there is most to wait for.
const HANGING: &str = "google";

pub(crate) fn measure(table: &mut Table) {
    kit::many_threads().block_on(async {
        let (mut whole, mut chains, mut well) = (Vec::new(), Vec::new(), Vec::new());
        let mut figures = String::new();
        for n in 0..TIMES {
            let sandbox = Everywhere::open(LATENCY_MS, "").await;
            let one_call = sandbox.one_call().await;
            let run = sandbox.contain(&format!("well-{n}"), AT_MOST).await;
            kit::is_contained(&run.state);
            let longest = longest_chain(&run, one_call);
            let took = run.times().into_values().max().expect("there were writes");
            figures = format!(
                "{} systems, {longest} writes of {one_call:.1?} each, the last took {took:.0?}",
                run.times().len()
            );
            chains.push(one_call * longest);
            whole.push(took);
            well.push(run);
        }
        table.add(
            "contained / longest chain, all services",
            ratio(median(whole), median(chains)),
            1.15,
            figures,
        );
        one_hangs(table, &well).await;
    });
}

/// The longest chain that the plan lists, in writes.
fn longest_chain(run: &Contained, one_call: Duration) -> u32 {
    let mut chains = run.chains(one_call);
    let home = chains.remove("okta").expect("it was written to");
    home + chains.into_values().max().unwrap_or_default()
}

async fn one_hangs(table: &mut Table, well: &[Contained]) {
    let mut ill = Vec::new();
    for n in 0..TIMES {
        let sandbox = Everywhere::open(LATENCY_MS, &format!("{HANGING}=hang:1000000")).await;
        let run = sandbox.contain(&format!("ill-{n}"), AT_MOST).await;
        assert_ne!(run.state.verdict, Some(Verdict::Contained));
        ill.push(run);
    }
    let median_at = |runs: &[Contained], system: &str| {
        let at = runs
            .iter()
            .filter_map(|run| run.times().get(system).copied());
        median(at.collect())
    };
    let systems = well[0]
        .times()
        .into_keys()
        .filter(|system| system != HANGING);
    let slower = systems.map(|system| {
        let (ill, well) = (median_at(&ill, &system), median_at(well, &system));
        (ratio(ill, well), system, ill, well)
    });
    let worst = slower.max_by(|one, other| one.0.total_cmp(&other.0));
    let (slower, system, ill, well) = worst.expect("there are others");
    table.add(
        format!("{HANGING} hangs: the most anybody else is slower"),
        slower,
        1.05,
        format!("{system}: {ill:.0?}, without it {well:.0?}"),
    );
}
