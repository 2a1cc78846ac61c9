//! The process is killed, again and again: nothing is lost and nothing is done twice.

use std::time::Duration;

use oust::model::{Fate, Verdict};
use oust_mocks::world::ALEX;

use super::soc::{CONTAIN, Soc, on, world};

/// Killed after each of these many milliseconds since the alert came: while it is looked into, while
/// it is planned, between consent and the first write, between two writes, while it is proven.
const KILLS: [u64; 14] = [
    1, 40, 90, 150, 220, 300, 380, 460, 560, 700, 900, 1_200, 2_500, 6_000,
];

#[tokio::test(start_paused = true)]
async fn killed_anywhere_an_automatic_run_is_one_and_ends_contained() {
    for ms in KILLS {
        let mut soc = Soc::working(world(), CONTAIN).await;
        let id = soc.receive(on(ALEX)).await;
        soc.lab.clock.sleep(Duration::from_millis(ms)).await;
        soc.kill().await;
        let left = soc.writes().len();
        soc.start().await;
        let fate = soc.fate(&id).await;
        let Fate::Contained { verdict, .. } = &fate else {
            panic!("killed after {ms} ms with {left} writes sent: {fate:?}");
        };
        assert_eq!(*verdict, Verdict::Contained, "{ms} ms");
        let runs = soc.runs().await;
        assert_eq!(runs.len(), 1, "{ms} ms");
        assert_eq!(Some(&runs[0].id), fate.run(), "{ms} ms");
        assert_eq!(soc.suspended(ALEX), 1, "{ms} ms");
        assert_eq!(soc.unfinished().await, 0, "{ms} ms");
        assert!(soc.proposals().await.is_empty(), "{ms} ms");
        assert!(
            soc.lab.range.lock().unwrap().okta.is_contained(ALEX),
            "{ms} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn killed_many_times_in_a_row_it_still_ends() {
    let mut soc = Soc::working(world(), CONTAIN).await;
    let id = soc.receive(on(ALEX)).await;
    for _ in 0..12 {
        soc.lab.clock.sleep(Duration::from_millis(170)).await;
        soc.kill().await;
        soc.start().await;
    }
    let fate = soc.fate(&id).await;
    assert!(matches!(fate, Fate::Contained { .. }), "{fate:?}");
    assert_eq!((soc.runs().await.len(), soc.suspended(ALEX)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_a_proposal_is_one_and_is_carried_out_once() {
    for ms in KILLS {
        let mut soc = Soc::working(world(), "").await;
        let id = soc.receive(on(ALEX)).await;
        soc.lab.clock.sleep(Duration::from_millis(ms)).await;
        soc.kill().await;
        soc.start().await;
        let fate = soc.fate(&id).await;
        assert!(matches!(fate, Fate::Proposed { .. }), "{ms} ms: {fate:?}");
        let proposals = soc.proposals().await;
        assert_eq!(proposals.len(), 1, "{ms} ms");
        soc.saw_no_writes();
        soc.approve(&proposals[0], "dana").await;
        soc.lab.clock.sleep(Duration::from_millis(ms)).await;
        soc.kill().await;
        soc.start().await;
        soc.wait(900).await;
        let runs = soc.runs().await;
        assert_eq!(runs.len(), 1, "{ms} ms");
        assert_eq!(runs[0].verdict.as_deref(), Some("contained"), "{ms} ms");
        assert_eq!(soc.suspended(ALEX), 1, "{ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_refuses_to_settle_delays_and_loses_nothing() {
    let mut soc = Soc::working(world(), CONTAIN).await;
    let id = soc.receive(on(ALEX)).await;
    soc.inbox.fail_after(Some(0));
    soc.wait(900).await;
    assert_eq!(soc.inbox.all()[0].fate, None);
    assert_eq!(soc.suspended(ALEX), 1);
    soc.kill().await;
    soc.inbox.fail_after(None);
    soc.start().await;
    let fate = soc.fate(&id).await;
    assert!(matches!(fate, Fate::Contained { .. }), "{fate:?}");
    assert_eq!((soc.runs().await.len(), soc.suspended(ALEX)), (1, 1));
}
