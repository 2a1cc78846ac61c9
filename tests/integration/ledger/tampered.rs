//! Somebody edits the file with SQLite itself: the first record that is wrong is named.

use oust::ledger::{Archive, Head, Store, StoreError};

use super::world::*;

/// Records 1 to 7 are alex's run, 8 to 14 sam's; then `sql` is run on the closed file.
async fn after(sql: &str) -> (Place, Head) {
    let place = Place::new();
    let store = place.open();
    whole_run(&store, "1", ALEX).await;
    whole_run(&store, "2", SAM).await;
    let head = store.head().await.unwrap();
    drop(store);
    place.raw().execute_batch(sql).unwrap();
    (place, head)
}

async fn said_of(sql: &str) -> String {
    let (place, _) = after(sql).await;
    place.open().verify(None).await.unwrap().sentence()
}

#[tokio::test]
async fn nothing_was_touched() {
    let (place, head) = after("SELECT 1").await;
    let verified = place.open().verify(Some(head)).await.unwrap();
    assert_eq!(verified.sentence(), "14 records verify, to the end");
}

#[tokio::test]
async fn one_letter_of_a_body_is_changed() {
    let flip = "UPDATE record SET body = replace(body, '\"done\"', '\"dome\"') WHERE seq = 4";
    assert_eq!(
        said_of(flip).await,
        "record 4: its body is not what was written"
    );
}

#[tokio::test]
async fn a_body_is_changed_and_its_hash_with_it() {
    let (place, _) = after("SELECT 1").await;
    let forged = "{\"event\":\"writes_ended\"}";
    let hash = oust::ledger::chain::body_hash(forged);
    place
        .raw()
        .execute(
            "UPDATE record SET body = ?1, body_hash = ?2 WHERE seq = 4",
            rusqlite::params![forged, &hash[..]],
        )
        .unwrap();
    let said = place.open().verify(None).await.unwrap().sentence();
    assert_eq!(said, "record 4: does not follow from the one before");
}

#[tokio::test]
async fn a_time_or_a_run_is_changed() {
    for edit in ["at_ms = at_ms + 1", "run = 'r_2'"] {
        let said = said_of(&format!("UPDATE record SET {edit} WHERE seq = 5")).await;
        assert_eq!(said, "record 5: does not follow from the one before");
    }
}

#[tokio::test]
async fn a_record_is_dropped() {
    let drop = "DELETE FROM record WHERE seq = 4";
    assert_eq!(said_of(drop).await, "record 4: record 4 is missing");
    let closed_up = "DELETE FROM record WHERE seq = 4;
        UPDATE record SET seq = -seq WHERE seq > 4; UPDATE record SET seq = -seq - 1 WHERE seq < 0";
    assert_eq!(
        said_of(closed_up).await,
        "record 4: does not follow from the one before"
    );
}

#[tokio::test]
async fn two_records_change_places() {
    let swap = "UPDATE record SET seq = -1 WHERE seq = 4; UPDATE record SET seq = 4 WHERE seq = 5;
        UPDATE record SET seq = 5 WHERE seq = -1";
    assert_eq!(
        said_of(swap).await,
        "record 4: does not follow from the one before"
    );
}

#[tokio::test]
async fn a_record_is_inserted() {
    let shift = "UPDATE record SET seq = -seq WHERE seq > 3;
        UPDATE record SET seq = -seq + 1 WHERE seq < 0;
        INSERT INTO record SELECT 4, run, at_ms, body, body_hash, hash FROM record WHERE seq = 3";
    assert_eq!(
        said_of(shift).await,
        "record 4: does not follow from the one before"
    );
    let before_all = "INSERT INTO record SELECT -5, run, at_ms, body, body_hash, hash
        FROM record WHERE seq = 3";
    assert_eq!(
        said_of(before_all).await,
        "record 0: stands where a later one belongs"
    );
}

/// Even one with the right hash for its place: the next one then does not follow.
#[tokio::test]
async fn a_record_is_replaced_by_a_well_made_forgery() {
    use oust::ledger::chain::{body_hash, link_hash};
    let (place, _) = after("SELECT 1").await;
    let raw = place.raw();
    let prev: Vec<u8> = raw
        .query_row("SELECT hash FROM record WHERE seq = 3", [], |row| {
            row.get(0)
        })
        .unwrap();
    let forged = "{\"event\":\"writes_ended\"}";
    let body = body_hash(forged);
    let hash = link_hash(&prev.try_into().unwrap(), 4, &run("1"), at(2), &body);
    raw.execute(
        "UPDATE record SET body = ?1, body_hash = ?2, hash = ?3 WHERE seq = 4",
        rusqlite::params![forged, &body[..], &hash[..]],
    )
    .unwrap();
    drop(raw);
    let said = place.open().verify(None).await.unwrap().sentence();
    assert_eq!(said, "record 5: does not follow from the one before");
}

#[tokio::test]
async fn the_middle_is_cut_out() {
    let cut = "DELETE FROM record WHERE seq BETWEEN 4 AND 9";
    assert_eq!(said_of(cut).await, "record 4: records 4 to 9 are missing");
}

#[tokio::test]
async fn the_tail_is_cut_and_only_a_head_from_elsewhere_shows_it() {
    let cut = "DELETE FROM record WHERE seq > 9;
        UPDATE run SET closed_at = NULL, verdict = NULL, wrote = 0 WHERE id = 'r_2'";
    let (place, head) = after(cut).await;
    let store = place.open();
    let alone = store.verify(None).await.unwrap();
    assert_eq!(
        alone.sentence(),
        "9 records verify; the end cannot be vouched for without a head from a report"
    );
    let with_head = store.verify(Some(head.clone())).await.unwrap();
    assert!(!with_head.is_good());
    assert_eq!(
        with_head.sentence(),
        "record 10: the end is cut off: records 10 to 14 are missing up to the head that was given"
    );
    // Covering it up by going on does not help: the old head is not on the new chain.
    whole_run(&store, "3", "kim@example.com").await;
    assert!(store.verify(None).await.unwrap().is_good());
    let with_head = store.verify(Some(head)).await.unwrap();
    assert_eq!(
        with_head.sentence(),
        "record 14: is not the one whose hash was given"
    );
}

#[tokio::test]
async fn bodies_are_wiped_without_a_purge() {
    let (place, _) = after("UPDATE record SET body = NULL WHERE seq IN (9, 10)").await;
    let store = place.open();
    assert_eq!(
        store.verify(None).await.unwrap().sentence(),
        "record 9: its body is gone, and no purge of its run is recorded"
    );
    let read = store.records(&run("2")).await.unwrap_err();
    assert!(matches!(read, StoreError::Corrupt { .. }), "{read}");
    // Nor does marking the run as purged help.
    drop(store);
    place
        .raw()
        .execute_batch("UPDATE run SET purged_at = 1 WHERE id = 'r_2'")
        .unwrap();
    assert!(!place.open().verify(None).await.unwrap().is_good());
}

#[tokio::test]
async fn a_hash_of_another_length_is_found_and_not_stumbled_over() {
    let said = said_of("UPDATE record SET hash = x'00' WHERE seq = 2").await;
    assert_eq!(said, "record 2: does not follow from the one before");
    let said = said_of("UPDATE record SET body = 'no JSON' WHERE seq = 2").await;
    assert_eq!(said, "record 2: its body is not what was written");
}

#[tokio::test]
async fn the_list_of_runs_is_dressed_up() {
    for edit in [
        "UPDATE run SET verdict = 'partial' WHERE id = 'r_2'",
        "UPDATE run SET closed_at = closed_at + 1 WHERE id = 'r_2'",
        "UPDATE run SET opened_at = opened_at - 1 WHERE id = 'r_2'",
        "UPDATE run SET wrote = 0 WHERE id = 'r_2'",
        "PRAGMA foreign_keys = OFF; DELETE FROM run WHERE id = 'r_2'",
        "DELETE FROM record WHERE run = 'r_2'",
    ] {
        assert_eq!(
            said_of(edit).await,
            "the list of runs says other than the records of r_2",
            "{edit}"
        );
    }
}

/// A trigger could swallow every record in silence.
#[tokio::test]
async fn a_planted_trigger_does_not_run() {
    let trigger = "CREATE TRIGGER swallow BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END";
    let (place, _) = after(trigger).await;
    let store = place.open();
    whole_run(&store, "3", "kim@example.com").await;
    assert_eq!(store.records(&run("3")).await.unwrap().len(), 7);
}
