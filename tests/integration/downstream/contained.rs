//! How long containing takes, in round trips: as long as the plan's longest chain of writes, and
//! no service makes another wait.
//!
//! Every call takes the same time here, so that a moment tells how many calls came one after the
//! other. What is read back is not counted: nobody waits for a proof but who requires one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use oust::ledger::MemoryStore;
use oust::model::Verdict;

use super::story::{ALEX, Story, Told};
use crate::lab::services::{contoso, services};
use crate::lab::{Lab, NoTap};

/// A round trip.
const CALL_MS: i64 = 100;

/// The budget: hundredths of the longest chain of writes.
const BOUND: i64 = 115;

/// Calls that only read and stand in a chain of writes, by vendor: what a write is made of must be
/// of that moment, and what is looked for once more may take longer than what it stands beside.
const READS_BETWEEN: [(&str, i64); 4] = [
    // Whose app a consent is: asked of the directory after the consents, beside one write.
    ("m365", 1),
    // Who froze him, before he is frozen; what revokes a token, before it is revoked.
    ("salesforce", 2),
    // Whose login it is by now, as its paths take no id.
    ("github", 1),
    // Whether the role is still the one that was planned, what our policy holds and what the others
    // do, and whether ours stands there after it was written: AWS has nothing else to tell a lost
    // write by.
    ("aws", 4),
];

#[tokio::test(start_paused = true)]
async fn containing_takes_as_long_as_the_longest_chain_of_writes() {
    // Whether the services were read before consent was given, or while Okta was written to.
    for grace in [Duration::from_secs(1), Duration::ZERO] {
        let (story, told) = contained("", grace).await;
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        let chain = |vendor: &str| chain_at(&story, vendor);
        let home = chain("okta");
        let took = times(&told);
        assert_eq!(took["okta"], home * CALL_MS, "{}", story.journal());
        for service in services() {
            let mut known = READS_BETWEEN.iter();
            let reads = known.find(|(vendor, _)| *vendor == service.vendor);
            let reads = reads.map_or(0, |(_, reads)| *reads);
            let calls = home + chain(service.vendor) + reads;
            assert_eq!(
                took[service.vendor],
                calls * CALL_MS,
                "{}\n{}",
                service.vendor,
                story.journal()
            );
        }
        let longest = services().map(|each| chain(each.vendor)).max();
        let longest = (home + longest.unwrap()) * CALL_MS;
        let whole = told.report.timings.contained_ms.unwrap();
        let whole = i64::try_from(whole).unwrap();
        assert!(whole * 100 <= longest * BOUND, "{whole} over {longest} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_makes_nobody_else_wait() {
    let grace = Duration::from_secs(1);
    let well = times(&contained("", grace).await.1);
    for hanging in services() {
        let (_, told) = contained(&format!("{}=hang:1000000", hanging.vendor), grace).await;
        let mut took = times(&told);
        took.remove(hanging.vendor);
        let mut others = well.clone();
        others.remove(hanging.vendor);
        assert_eq!(took, others, "while {} hangs", hanging.vendor);
    }
}

/// He is contained with every token warm, while this goes wrong.
async fn contained(faults: &str, grace: Duration) -> (Story, Told) {
    let call = u64::try_from(CALL_MS).unwrap();
    let lab = Lab::steady(contoso(), call, Arc::new(NoTap));
    let tools = lab.with_services(Arc::new(MemoryStore::new()));
    for system in tools.systems() {
        system.client.warm_reads().await;
        system.client.warm_writes().await;
    }
    let story = Story { lab, tools }.faults(faults);
    let mut request = story.request(&[ALEX]);
    request.grace = grace;
    let told = story.contain(request).await;
    (story, told)
}

/// Milliseconds from consent to the last answer to a write, system by system.
fn times(told: &Told) -> BTreeMap<String, i64> {
    let (_, _, consented) = told.state.consent.as_ref().unwrap();
    let mut last = BTreeMap::new();
    for each in told.state.changes() {
        if let Some(at) = each.answered_at {
            let at = at.millis() - consented.millis();
            let known = last.entry(each.change.system.to_string()).or_insert(at);
            *known = at.max(*known);
        }
    }
    last
}

/// Writes that reached a system one after another: those sent together count once.
fn chain_at(story: &Story, vendor: &str) -> i64 {
    let range = story.range();
    let writes = range.journal.writes();
    let here = writes.iter().filter(|entry| entry.system == vendor);
    let mut moments: Vec<i64> = here.map(|entry| entry.at_ms).collect();
    moments.sort_unstable();
    moments.dedup();
    i64::try_from(moments.len()).unwrap()
}
