//! The opening of a run on thousands is too long for a row: it lies in parts, and nobody can tell.

use oust::ledger::{Archive, RunState, Store};

use oust::model::Utc;

use super::world::*;

/// More than fit into two parts.
const MANY: usize = 3_000;

fn everybody() -> Vec<String> {
    let login = |n| format!("zoë-{n:05}@contoso.example");
    (1..=MANY).map(login).collect()
}

/// A ledger with one run on all of them.
async fn opened_on_many() -> Place {
    let place = Place::new();
    let all = everybody();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    begin(&place.open(), "1", &all).await;
    place
}

fn parts(place: &Place) -> Vec<u32> {
    let db = place.raw();
    let mut rows = db
        .prepare("SELECT length(body) FROM part WHERE seq = 1 ORDER BY part")
        .unwrap();
    let lengths = rows.query_map([], |row| row.get(0)).unwrap();
    lengths.map(Result::unwrap).collect()
}

#[tokio::test]
async fn it_is_read_as_it_was_written_and_its_chain_holds() {
    let place = opened_on_many().await;
    let lengths = parts(&place);
    assert!(lengths.len() > 2, "{lengths:?}");
    assert!(lengths.iter().all(|bytes| *bytes < 600_000), "{lengths:?}");

    // By this it is told from the others, and read without a tree of it.
    let first: Vec<u8> = place
        .raw()
        .query_row(
            "SELECT body FROM part WHERE seq = 1 AND part = 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(first.starts_with(b"{\"event\":\"opened\","));

    let store = place.open();
    let state = RunState::of(&store.records(&run("1")).await.unwrap());
    let all = everybody();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    // Folded as it is read, it is the same.
    let folded = store.state(&run("1")).await.unwrap();
    assert_eq!((&folded.plan, &folded.head), (&state.plan, &state.head));
    let changes = |state: &RunState| format!("{:?}", state.changes());
    assert_eq!(changes(&folded), changes(&state));
    assert_eq!(*state.plan.unwrap(), plan("1", &all));
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_good(), "{}", verified.sentence());
    let exported = store.export(&run("1")).await.unwrap();
    assert!(exported.iter().all(oust::ledger::Exported::is_consistent));
}

#[tokio::test]
async fn a_part_that_is_changed_dropped_or_moved_shows() {
    for edit in [
        "UPDATE part SET body = CAST(replace(CAST(body AS TEXT), '00017', '00018') AS BLOB) WHERE part = 0",
        "DELETE FROM part WHERE part = 1",
        "UPDATE part SET part = 9 WHERE part = 0",
    ] {
        let place = opened_on_many().await;
        place.raw().execute_batch(edit).unwrap();
        let said = place.open().verify(None).await.unwrap().sentence();
        assert_eq!(said, "record 1: its body is not what was written", "{edit}");
    }
}

#[tokio::test]
async fn a_purge_takes_its_parts_along() {
    let place = opened_on_many().await;
    let store = place.open();
    store
        .append(&run("1"), on(2, vec![reopened(), closed()]))
        .await
        .unwrap();
    store.purge_older_than(at(50), at(100)).await.unwrap();
    assert!(parts(&place).is_empty());
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_good(), "{}", verified.sentence());
}

/// The table of the parts came later than the ledger.
#[tokio::test]
async fn a_file_of_an_older_oust_opens_and_takes_a_run_on_many() {
    let place = Place::new();
    whole_run(&place.open(), "1", ALEX).await;
    place
        .raw()
        .execute_batch("DROP TABLE IF EXISTS part")
        .unwrap();

    // Read, purged and written to like any other.
    let store = place.open();
    assert!(!store.records(&run("1")).await.unwrap().is_empty());
    assert!(store.verify(None).await.unwrap().is_good());
    let all = everybody();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    begin(&store, "2", &all).await;
    let state = RunState::of(&store.records(&run("2")).await.unwrap());
    assert_eq!(*state.plan.unwrap(), plan("2", &all));
    assert!(store.verify(None).await.unwrap().is_good());
    drop(store);
    let db = place.raw();
    let count = "SELECT count(*) FROM part WHERE seq > 1";
    let parts: u32 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert!(parts > 2, "{parts}");
}

#[tokio::test]
async fn a_file_of_an_older_oust_is_purged() {
    let place = Place::new();
    whole_run(&place.open(), "1", ALEX).await;
    place
        .raw()
        .execute_batch("DROP TABLE IF EXISTS part")
        .unwrap();
    let store = place.open();
    let later = Utc::from_millis(4_000_000_000_000);
    let purged = store.purge_older_than(later, later).await.unwrap();
    assert_eq!(purged.runs, [run("1")]);
    assert!(store.verify(None).await.unwrap().is_good());
}
