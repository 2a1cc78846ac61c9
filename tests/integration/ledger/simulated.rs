//! The store in memory as a simulation uses it: a disk that fails, a process that dies.

use std::sync::{Arc, Mutex};

use oust::ledger::{Archive, Fate, LineStore, MemoryStore, Moment, Store, StoreError};

use super::world::*;

#[tokio::test]
async fn a_process_that_dies_at_any_point_leaves_what_was_committed() {
    let counted = MemoryStore::new();
    whole_run(&counted, "1", ALEX).await;
    assert_eq!(counted.points(), 8, "before and after each of four commits");

    let after_commit = [0, 2, 3, 5, 7];
    for number in 1..=8_u64 {
        let store = MemoryStore::new().crash_at(number);
        tokio::select! {
            () = whole_run(&store, "1", ALEX) => panic!("survived point {number}"),
            () = store.crashed() => {}
        }
        let next = MemoryStore::restore(store.snapshot());
        let verified = next.verify(None).await.unwrap();
        assert!(verified.is_good());
        assert_eq!(verified.records, after_commit[(number / 2) as usize]);
        // The dead one hears nothing more, so it cannot change what the next one sees.
        let name = run("1");
        let mut late = std::pin::pin!(store.append(&name, on(9, vec![closed()])));
        assert!(futures_util::poll!(late.as_mut()).is_pending());
    }
}

#[tokio::test]
async fn a_disk_that_fails_says_so_and_keeps_what_it_has() {
    let store = MemoryStore::new().fail_after(1);
    begin(&store, "1", &[ALEX]).await;
    let failed = store.append(&run("1"), on(1, vec![closed()])).await;
    let failed = failed.unwrap_err();
    assert!(matches!(failed, StoreError::Disk { .. }), "{failed}");
    assert_eq!(store.records(&run("1")).await.unwrap().len(), 2);
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hook_is_told_what_is_about_to_be_committed() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&heard);
    let store = MemoryStore::new().with_hook(Arc::new(move |point| {
        if point.moment == Moment::BeforeCommit {
            list.lock().unwrap().push(point.what.clone());
        }
        Fate::GoOn
    }));
    whole_run(&store, "1", ALEX).await;
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "r_1: opened, consented",
            "r_1: intended",
            "r_1: answered, writes_ended",
            "r_1: log_read, closed"
        ]
    );
}

#[tokio::test]
async fn sqlite_and_memory_make_the_same_chain() {
    let place = Place::new();
    let (file, memory) = (place.open(), MemoryStore::new());
    for store in [&file as &dyn Archive, &memory] {
        whole_run(store, "1", ALEX).await;
        whole_run(store, "2", SAM).await;
        store.purge_older_than(at(50), at(60)).await.unwrap();
    }
    assert_eq!(file.head().await.unwrap(), memory.head().await.unwrap());
    for name in ["1", "2"] {
        let exported = file.export(&run(name)).await.unwrap();
        assert_eq!(exported, memory.export(&run(name)).await.unwrap());
    }
}

/// What was written, for the test to read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn without_a_ledger_each_record_is_a_harmless_line() {
    let lines = Lines::default();
    let store = LineStore::new(Box::new(lines.clone()));
    assert!(!store.is_recorded());
    // A login that would ring, clear the screen by C1, and turn the line around.
    let nasty = "ale\u{7}x\u{9b}2J\u{202e}\u{1f600}@example.com";
    whole_run(&store, "1", nasty).await;

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.chars()
            .all(|letter| letter == '\n' || (' '..='~').contains(&letter))
    );
    let printed: Vec<oust::ledger::Record> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(printed, store.records(&run("1")).await.unwrap());
    assert!(text.lines().nth(2).unwrap().starts_with(
        "{\"seq\":3,\"run\":\"r_1\",\"at\":\"2026-03-10T13:41:01.000Z\",\"event\":\"intended\""
    ));
}

struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn lines_that_nobody_takes_are_a_failed_disk() {
    let store = LineStore::new(Box::new(Closed));
    let failed = store
        .open_run(&run("1"), &[], on(0, opened("1", &[ALEX])))
        .await;
    let failed = failed.unwrap_err();
    assert!(matches!(failed, StoreError::Disk { .. }), "{failed}");
}
