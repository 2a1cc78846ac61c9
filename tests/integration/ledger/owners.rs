//! Two handles and one run: only the last that took it may write to it.

use std::fs;

use oust::ledger::{Archive, Event, Head, MemoryStore, Store, StoreError};

use super::world::*;

fn refused(answer: Result<Head, StoreError>) {
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, StoreError::TakenOver { run: whose } if *whose == run("1")),
        "{error}"
    );
}

/// `mine` opens a run, `theirs` reopens it while `mine` still works.
async fn taken_over(mine: &dyn Archive, theirs: &dyn Archive, lose_lock: impl Fn()) {
    let name = run("1");
    begin(mine, "1", &[ALEX]).await;
    let intent = on(1, vec![intended(ALEX, 1)]);
    mine.append(&name, intent).await.unwrap();
    lose_lock();
    let reopen = |second| on(second, vec![reopened()]);
    theirs.append(&name, reopen(2)).await.unwrap();

    let head = mine.head().await.unwrap();
    for late in [intended(ALEX, 2), Event::LogRead { until: at(3) }, closed()] {
        refused(mine.append(&name, on(3, vec![late])).await);
    }
    assert_eq!(mine.head().await.unwrap(), head, "nothing was stored");
    let intent = on(4, vec![intended(ALEX, 2)]);
    theirs.append(&name, intent).await.unwrap();

    // It may be taken back, and then the other is the one that is refused.
    lose_lock();
    mine.append(&name, reopen(5)).await.unwrap();
    refused(theirs.append(&name, on(6, vec![closed()])).await);
    mine.append(&name, on(7, vec![closed()])).await.unwrap();
    let verified = mine.verify(None).await.unwrap();
    assert!(verified.is_good(), "{verified:?}");
}

#[tokio::test]
async fn in_memory_whoever_was_taken_over_stores_nothing() {
    let mine = MemoryStore::new();
    taken_over(&mine, &mine.another(), || ()).await;
}

/// Without its lock file, as on a file system that has no locks, the epoch still guards a run.
#[tokio::test]
async fn in_a_file_whoever_was_taken_over_stores_nothing() {
    let place = Place::new();
    taken_over(&place.open(), &place.open(), || {
        for file in place.lock_files() {
            fs::remove_file(file).unwrap();
        }
    })
    .await;
}

/// `theirs` never took the run that `mine` works on.
async fn stranger(mine: &dyn Archive, theirs: &dyn Archive) {
    let name = run("1");
    begin(mine, "1", &[ALEX]).await;
    let read = on(1, vec![Event::LogRead { until: at(1) }]);
    theirs.append(&name, read).await.unwrap();
    for write in [intended(ALEX, 1), closed()] {
        refused(theirs.append(&name, on(2, vec![write])).await);
    }
    // Nor does whoever closed it go on without taking it again.
    mine.append(&name, on(3, vec![closed()])).await.unwrap();
    refused(mine.append(&name, on(4, vec![intended(ALEX, 1)])).await);
    let again = on(5, vec![reopened(), intended(ALEX, 1)]);
    theirs.append(&name, again).await.unwrap();
}

#[tokio::test]
async fn in_memory_a_stranger_adds_what_it_read_and_no_write() {
    let mine = MemoryStore::new();
    stranger(&mine, &mine.another()).await;
}

#[tokio::test]
async fn in_a_file_a_stranger_adds_what_it_read_and_no_write() {
    let place = Place::new();
    stranger(&place.open(), &place.open()).await;
}

#[tokio::test]
async fn a_run_whose_owner_lives_is_neither_reopened_nor_opened_again() {
    let place = Place::new();
    let (mine, theirs) = (place.open(), place.open());
    begin(&mine, "1", &[ALEX]).await;
    let name = run("1");
    let reopen = || theirs.append(&name, on(1, vec![reopened()]));
    let alive = reopen().await.unwrap_err();
    assert!(matches!(alive, StoreError::Alive { .. }), "{alive}");
    let again = on(1, opened("1", &[ALEX]));
    let alive = theirs.open_run(&name, &ids(&[ALEX]), again).await;
    assert!(matches!(alive, Err(StoreError::Alive { .. })), "{alive:?}");

    // The owner itself may begin again: it is the same process.
    mine.append(&name, on(2, vec![reopened()])).await.unwrap();
    drop(mine);
    reopen().await.unwrap();
    drop(theirs);
    assert!(place.lock_files().is_empty());
}

/// What was refused for another reason must not stay locked.
#[tokio::test]
async fn a_run_that_could_not_be_taken_is_not_locked() {
    let place = Place::new();
    let store = place.open();
    let (nowhere, busy) = (run("../9"), run("2"));
    let none = store.append(&nowhere, on(1, vec![reopened()])).await;
    assert!(matches!(none, Err(StoreError::NoRun { .. })), "{none:?}");
    begin(&store, "1", &[ALEX]).await;
    let held = on(1, opened("2", &[ALEX]));
    let held = store.open_run(&busy, &ids(&[ALEX]), held).await;
    assert!(matches!(held, Err(StoreError::Busy { .. })), "{held:?}");
    let file = place.dir().join("ledger.db.r_1.lock");
    assert_eq!(place.lock_files(), [file]);
}
