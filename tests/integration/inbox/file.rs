//! The file: whose it is, and what is none.

use std::sync::Arc;

use oust::given::SystemRng;
use oust::inbox::{Inbox, InboxError, SqliteInbox};
use oust::ledger::{SqliteStore, StoreError};
use oust::sqlite::FileError;

use super::world::*;

#[test]
fn a_ledger_is_no_inbox_and_an_inbox_no_ledger() {
    let place = Place::new();
    drop(SqliteStore::open(&place.file()).unwrap());
    let rng = Arc::new(SystemRng::default());
    let Err(refused) = SqliteInbox::open(&place.file(), 1, rng) else {
        panic!("it took a ledger for an inbox")
    };
    assert!(matches!(refused, FileError::Corrupt { .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("the inbox at"), "{said}");
    assert!(said.contains("but not an inbox"), "{said}");

    let other = Place::new();
    drop(other.open());
    let refused = SqliteStore::open(&other.file()).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert!(
        refused.to_string().contains("but not a ledger"),
        "{refused}"
    );
}

#[tokio::test]
async fn an_inbox_of_a_newer_oust_is_left_alone() {
    let place = Place::new();
    drop(place.open());
    place
        .raw()
        .execute("UPDATE meta SET version = 9", [])
        .unwrap();
    let rng = Arc::new(SystemRng::default());
    let Err(refused) = SqliteInbox::open(&place.file(), 1, rng) else {
        panic!("it opened a file of the future")
    };
    assert_eq!(
        refused.to_string(),
        "the inbox is version 9, this oust knows 1: use the newer oust"
    );
}

#[tokio::test]
async fn a_file_that_somebody_holds_for_good_refuses_and_says_which() {
    let place = Place::new();
    let inbox = place.open();
    new(&inbox, alert("1", 0)).await;
    let lock = place.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = inbox.accept(vec![alert("2", 1)], None).await.unwrap_err();
    let InboxError::File(error @ FileError::Disk { .. }) = refused else {
        panic!("{refused}")
    };
    assert!(error.to_string().contains("the inbox at"), "{error}");
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    new(&inbox, alert("2", 2)).await;
}

#[cfg(unix)]
#[test]
fn it_is_its_owners_alone_unless_the_directory_is_a_groups() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path| metadata(path).unwrap().permissions().mode() & 0o7777;
    let alone = Place::new();
    let inbox = alone.open();
    assert!(inbox.notes().is_empty(), "{:?}", inbox.notes());
    assert_eq!(mode(&alone.file()), 0o600);
    assert_eq!(mode(alone.file().parent().unwrap()), 0o700);

    let shared = Place::new();
    let dir = shared.file().parent().unwrap().to_owned();
    std::fs::create_dir(&dir).unwrap();
    set_permissions(&dir, Permissions::from_mode(0o2770)).unwrap();
    let inbox = shared.open();
    assert!(inbox.notes().is_empty(), "{:?}", inbox.notes());
    assert_eq!(mode(&shared.file()), 0o660);
    // Whoever opens it second must be able to write the log that the first one made.
    let log = shared.file().with_extension("db-wal");
    if log.exists() {
        assert_eq!(mode(&log), 0o660);
    }
    drop(inbox);

    set_permissions(&dir, Permissions::from_mode(0o777)).unwrap();
    let inbox = shared.open();
    assert_eq!(inbox.notes()[0].id, "inbox_open_to_others");
}
