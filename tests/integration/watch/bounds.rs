//! What a watch may and may not do: nothing without consent, a few rounds with it, and little quota.

use std::time::Duration;

use oust::consent::{Again, Asked, Bounds, Consent, ConsentError, ROUNDS_MAX};
use oust::engine::watch::{CALLS_AN_HOUR, Contained, Keeper, Turn};
use oust::model::{Severity, Verdict};
use oust_mocks::{Faults, Strike};

use super::world::{ALEX, DAY, Watched, due, quiet, told};

#[tokio::test(start_paused = true)]
async fn without_consent_nothing_is_written_and_the_news_are_told_once() {
    let it = Watched::everywhere().await;
    let writes = it.writes();
    let mut keeper = it.teller();
    for strike in [Strike::Import, Strike::Slack, Strike::GitHub, Strike::Aws] {
        it.strike(strike);
    }
    match keeper.turn(&it.tools).await {
        Turn::Back(look) => assert!(look.news.len() >= 4, "{:?}", told(&look)),
        other => panic!("{other:?}"),
    }
    it.lab.clock.sleep(keeper.pause()).await;
    quiet(keeper.turn(&it.tools).await);
    assert!(keeper.progress.is_open, "it is still so");
    let contained = it.contain(&mut keeper).await;
    assert!(matches!(contained, Contained::NotBegun(_)), "{contained:?}");
    assert_eq!(it.writes(), writes, "{}", it.range().journal.lines());
    assert_eq!(it.state().await.verdict, Some(Verdict::Partial));

    // A person resumes the run: the next look sees that it is over.
    let state = it.tools.store.state(&it.run).await.unwrap();
    let start = it.lab.start(&it.plan, oust::engine::Snapshot::default());
    let run = oust::engine::Run::resume(it.tools.clone(), state, start)
        .await
        .unwrap();
    let ended = run.carry_out().await;
    assert_eq!(
        run.verdict(),
        Some(Verdict::Contained),
        "{}",
        crate::downstream::story::Told::of(ended, run.state()).screen
    );
    it.lab.clock.sleep(keeper.pause()).await;
    quiet(keeper.turn(&it.tools).await);
    assert!(!keeper.progress.is_open);
}

#[tokio::test(start_paused = true)]
async fn after_its_rounds_it_gives_up_loudly_and_says_who() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    for _ in 0..3 {
        it.strike(Strike::Import);
        due(keeper.turn(&it.tools).await);
        it.contained_again(&mut keeper).await;
        it.lab.clock.sleep(keeper.pause()).await;
    }
    it.strike(Strike::Import);
    let writes = it.writes();
    let finding = match keeper.turn(&it.tools).await {
        Turn::GaveUp(_, finding) => finding,
        other => panic!("{other:?}"),
    };
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.text.starts_with("contained again 3 times"));
    assert!(
        finding.text.contains("by an import or a job"),
        "{finding:?}"
    );
    assert!(finding.hint.contains("oust runs resume"), "{finding:?}");
    assert_eq!(it.writes(), writes);
    let contained = it.contain(&mut keeper).await;
    assert!(matches!(contained, Contained::NotBegun(_)), "{contained:?}");
    assert_eq!(it.writes(), writes);
    assert!(it.state().await.findings.contains(&finding));
}

/// A round is tried again if what it wrote did not hold, and that counts, too.
#[tokio::test(start_paused = true)]
async fn a_round_that_did_not_hold_is_tried_again_within_the_rounds() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(2);
    it.strike(Strike::Unsuspend);
    it.range().faults = Faults::parse("POST suspend=forbidden").unwrap();
    due(keeper.turn(&it.tools).await);
    match it.contain(&mut keeper).await {
        Contained::Closed(verdict, _) => assert!(verdict > Verdict::Contained),
        other => panic!("{other:?}"),
    }
    assert!(keeper.progress.is_open);
    it.range().faults = Faults::default();
    it.lab.clock.sleep(keeper.pause()).await;
    due(keeper.turn(&it.tools).await);
    it.contained_again(&mut keeper).await;
    assert_eq!(keeper.left(), Some(0));
    it.lab.clock.sleep(keeper.pause()).await;
    quiet(keeper.turn(&it.tools).await);
}

#[tokio::test(start_paused = true)]
async fn a_consent_is_bound_to_its_plan_its_rounds_and_its_time() {
    let it = Watched::at_okta().await;
    let now = it.lab.clock.now();
    let mut other = (*it.plan).clone();
    other.org_id = "00oSomewhereElse".into();
    let consent = Consent::yes(&other, "kim", Asked { shown_at: now, now }).unwrap();
    let bounds = Bounds {
        rounds: 3,
        until: now.plus(DAY),
    };
    let foreign = Again::agreed(&consent, &it.plan, bounds);
    assert_eq!(foreign, Err(ConsentError::OtherPlan));

    let mut agreed = it.agreed(1_000);
    assert_eq!(agreed.left(), ROUNDS_MAX, "whatever is asked for");
    assert_eq!(agreed.take(&other, now), Err(ConsentError::OtherPlan));
    assert_eq!(agreed.left(), ROUNDS_MAX);
    let late = now.plus(DAY + Duration::from_secs(1));
    assert!(matches!(
        agreed.take(&it.plan, late),
        Err(ConsentError::Over { .. })
    ));
    let mut one = it.agreed(1);
    assert!(one.take(&it.plan, now).unwrap().covers(&it.plan));
    assert_eq!(one.take(&it.plan, now), Err(ConsentError::Spent));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said_and_takes_nothing_back() {
    let it = Watched::everywhere().await;
    let mut keeper = it.keeper(3);
    it.range().faults = Faults::parse("slack=internal,GET /api/v1/logs=forbidden").unwrap();
    match keeper.turn(&it.tools).await {
        Turn::Quiet(look) => {
            assert_eq!(look.news, []);
            let unread = look.unread.join("; ");
            assert!(unread.contains("slack"), "{unread}");
            assert!(unread.contains("who locked and unlocked"), "{unread}");
            assert_eq!(look.verdict(), Verdict::Contained);
        }
        other => panic!("{other:?}"),
    }
    it.range().faults = Faults::default();
    it.lab.clock.sleep(keeper.pause()).await;
    quiet(keeper.turn(&it.tools).await);
}

/// One lag of a vendor behind itself is no news.
#[tokio::test(start_paused = true)]
async fn a_status_that_lags_once_is_not_believed() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    let now = it.lab.clock.now().millis();
    it.range()
        .okta
        .users
        .get_mut(oust_mocks::world::ALEX)
        .unwrap()
        .status = "ACTIVE".into();
    let back = async {
        it.lab.clock.sleep(Duration::from_secs(3)).await;
        let mut range = it.range();
        let user = range.okta.users.get_mut(oust_mocks::world::ALEX).unwrap();
        user.status = "SUSPENDED".into();
    };
    let (turn, ()) = tokio::join!(keeper.turn(&it.tools), back);
    quiet(turn);
    assert!(it.lab.clock.now().millis() - now >= 2_000, "it asked again");
}

/// The table of docs/watch.md is made from what this counts.
#[tokio::test(start_paused = true)]
async fn a_day_of_watching_costs_little() {
    let it = Watched::everywhere().await;
    let mut keeper: Keeper = it.keeper(3);
    let began = it.lab.clock.now();
    let (mut hours, mut counted) = (vec![0u64; 24], 0u64);
    loop {
        let at = it.lab.clock.now().since(began);
        if at >= DAY {
            break;
        }
        let before = it.entries();
        let look = quiet(keeper.turn(&it.tools).await);
        let made = (it.entries() - before) as u64;
        counted += look.calls;
        hours[(at.as_secs() / 3600) as usize] += made;
        it.lab.clock.sleep(keeper.pause()).await;
    }
    let all: u64 = hours.iter().sum();
    println!("{hours:?}: {all} requests, {} looks", keeper.progress.looks);
    assert!(hours.iter().all(|each| *each <= CALLS_AN_HOUR), "{hours:?}");
    assert!(hours[23] * 2 < hours[0], "it becomes rarer: {hours:?}");
    // Tokens are asked for, too, and are nobody's reads.
    assert!(
        all >= counted && all < counted + counted / 5,
        "{all} {counted}"
    );
    assert!(keeper.progress.looks < 200, "{}", keeper.progress.looks);
    let records = it.tools.store.records(&it.run).await.unwrap();
    let of_watch = records.iter().filter(|r| r.at > began).count();
    assert!(
        of_watch <= 25,
        "{of_watch} records of a quiet day for {ALEX}"
    );
}
