//! Group commit: many share a sync, and nobody pays for another's failure.

use futures_util::future::join_all;
use oust::ledger::{Archive, Event, Store, StoreError};
use oust::model::Utc;

use super::world::*;

/// Holds SQLite's write lock, so that what is asked meanwhile queues up.
fn lock(place: &Place) -> rusqlite::Connection {
    let raw = place.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    raw
}

async fn let_go(lock: rusqlite::Connection) {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    lock.execute_batch("COMMIT").unwrap();
}

#[tokio::test]
async fn fifty_appends_at_once_share_a_few_commits() {
    let place = Place::new();
    let store = place.open();
    begin(&store, "1", &[ALEX]).await;
    let before = store.commits();
    let held = lock(&place);
    let one = |number: i64| {
        let events = vec![Event::LogRead {
            until: Utc::from_millis(number),
        }];
        let store = &store;
        async move { store.append(&run("1"), on(1, events)).await.unwrap() }
    };
    let (heads, ()) = tokio::join!(join_all((0..50).map(one)), let_go(held));

    let commits = store.commits() - before;
    assert!(commits <= 2, "{commits} commits for 50 appends");
    let mut numbers: Vec<u64> = heads.iter().map(|head| head.seq).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (3..=52).collect::<Vec<u64>>());
    let last = store.head().await.unwrap();
    assert!(heads.contains(&last), "each was told its own head");
    assert!(store.verify(Some(last)).await.unwrap().is_good());
}

#[tokio::test]
async fn one_that_is_refused_fails_nobody_else() {
    let place = Place::new();
    let store = place.open();
    let held = lock(&place);
    let names = ["1", "2", "3", "4", "5", "6"];
    let open = |name: &'static str| {
        let who = if name == "4" { [SAM] } else { [ALEX] };
        let store = &store;
        async move {
            let events = opened(name, &who);
            store.open_run(&run(name), &ids(&who), on(0, events)).await
        }
    };
    let (answers, ()) = tokio::join!(join_all(names.map(open)), let_go(held));

    let opened = |name: usize| answers[name - 1].is_ok();
    assert!(opened(1) && opened(4));
    for name in [2, 3, 5, 6] {
        let busy = answers[name - 1].as_ref().unwrap_err();
        assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    }
    assert!(store.commits() <= 2, "{} commits", store.commits());
    assert_eq!(store.runs().await.unwrap().len(), 2);
    assert_eq!(store.verify(None).await.unwrap().records, 4);
}

#[tokio::test]
async fn what_a_refused_one_did_before_its_refusal_is_taken_back() {
    let place = Place::new();
    let store = place.open();
    begin(&store, "1", &[ALEX]).await;
    begin(&store, "2", &[SAM]).await;
    let (first, second) = (run("1"), run("2"));
    // The intent is taken; then the list does not say whom to claim again.
    place
        .raw()
        .execute_batch("UPDATE run SET subject_ids = 'no JSON' WHERE id = 'r_1'")
        .unwrap();
    let held = lock(&place);
    let writes_and_reopens = vec![intended(ALEX, 1), reopened()];
    let (refused, good, ()) = tokio::join!(
        store.append(&first, on(2, writes_and_reopens)),
        store.append(&second, on(2, vec![Event::WritesEnded])),
        let_go(held),
    );
    assert!(
        matches!(refused, Err(StoreError::Corrupt { .. })),
        "{refused:?}"
    );
    assert_eq!(store.head().await.unwrap(), good.unwrap());
    let runs = store.runs().await.unwrap();
    let row = runs.iter().find(|row| row.id == first).unwrap();
    assert!(!row.wrote);
    assert_eq!(store.records(&first).await.unwrap().len(), 2);
}

/// SQLite answers some errors (a full disk among them) by taking the whole transaction back.
#[tokio::test]
async fn a_failure_that_sinks_the_group_is_paid_by_its_own_caller() {
    let place = Place::new();
    let store = place.open();
    for (name, login) in [("1", ALEX), ("2", SAM)] {
        begin(&store, name, &[login]).await;
    }
    drop(store);
    let raw = place.raw();
    raw.execute_batch(
        "PRAGMA foreign_keys = OFF; ALTER TABLE record RENAME TO old;
         CREATE TABLE record (seq INTEGER PRIMARY KEY, run TEXT NOT NULL,
             at_ms INTEGER UNIQUE ON CONFLICT ROLLBACK, body TEXT, body_hash BLOB, hash BLOB);
         INSERT INTO record SELECT seq, run, seq, body, body_hash, hash FROM old;
         DROP TABLE old;",
    )
    .unwrap();
    drop(raw);

    let store = place.open();
    let held = lock(&place);
    let append = |(name, second)| {
        let store = &store;
        async move {
            store
                .append(&run(name), on(second, vec![Event::WritesEnded]))
                .await
        }
    };
    // The third meets the time of the first, and the table takes everything back for it.
    let asked = [("1", 1), ("2", 2), ("1", 1), ("2", 3)];
    let (answers, ()) = tokio::join!(join_all(asked.map(append)), let_go(held));
    let good: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, true, false, true], "{answers:?}");
    assert_eq!(store.head().await.unwrap().seq, 7);
}

#[tokio::test]
async fn a_chain_of_writes_costs_one_commit_more_than_it_has_writes() {
    let place = Place::new();
    let store = place.open();
    begin(&store, "1", &[ALEX]).await;
    let before = store.commits();
    for second in 1..=4 {
        let mut events = vec![Event::WritesEnded];
        events.push(intended(ALEX, 1));
        store.append(&run("1"), on(second, events)).await.unwrap();
    }
    store
        .append(&run("1"), on(5, vec![closed()]))
        .await
        .unwrap();
    assert_eq!(store.commits() - before, 5);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_record_behind() {
    let place = Place::new();
    let store = place.open();
    begin(&store, "1", &[ALEX]).await;
    let held = lock(&place);
    {
        let name = run("1");
        let mut append = std::pin::pin!(store.append(&name, on(1, vec![Event::WritesEnded])));
        assert!(futures_util::poll!(append.as_mut()).is_pending());
    }
    let_go(held).await;
    drop(store);
    assert_eq!(place.open().head().await.unwrap().seq, 3);
}
