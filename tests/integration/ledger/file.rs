//! The file itself: modes, foreign files, versions, and what a restart finds.

use std::fs;

use oust::ledger::{Archive, SqliteStore, Store, StoreError};

use super::world::*;

#[tokio::test]
async fn after_a_restart_everything_is_there() {
    let place = Place::new();
    let store = place.open();
    store.bind_org("00o1").await.unwrap();
    whole_run(&store, "1", ALEX).await;
    begin(&store, "2", &[SAM]).await;
    let stored = plan("3", &[ALEX]);
    store.save_plan(&stored).await.unwrap();
    let before = (
        store.head().await.unwrap(),
        store.runs().await.unwrap(),
        store.records(&run("1")).await.unwrap(),
    );
    drop(store);

    let store = place.open();
    let after = (
        store.head().await.unwrap(),
        store.runs().await.unwrap(),
        store.records(&run("1")).await.unwrap(),
    );
    assert_eq!(before, after);
    assert_eq!(store.plan(&stored.phrase()).await.unwrap(), Some(stored));
    store.bind_org("00o2").await.unwrap_err();
    assert_eq!(store.unfinished().await.unwrap()[0].id, run("2"));
    let busy = store
        .open_run(&run("4"), &ids(&[SAM]), on(9, opened("4", &[SAM])))
        .await
        .unwrap_err();
    assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    assert_eq!(store.commits(), 0, "opening commits nothing");
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_ledger_is_for_its_owner_alone() {
    let place = Place::new();
    let store = place.open();
    whole_run(&store, "1", ALEX).await;
    assert!(store.notes().is_empty(), "{:?}", store.notes());
    assert_eq!(mode(&place.dir()), 0o700);
    let files: Vec<_> = fs::read_dir(place.dir()).unwrap().flatten().collect();
    assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
    }
    store.head().await.unwrap();
    drop(store);
    let left = fs::read_dir(place.dir()).unwrap().count();
    assert_eq!(left, 1, "closing folds the log into the file");
}

#[cfg(unix)]
#[tokio::test]
async fn looser_modes_are_said_and_left() {
    let place = Place::new();
    drop(place.open());
    set_mode(&place.dir(), 0o755);
    set_mode(&place.file(), 0o644);
    let store = place.open();
    let hints: Vec<&str> = store.notes().iter().map(|note| &note.hint[..]).collect();
    let chmod = |mode, path: std::path::PathBuf| format!("chmod {mode} {}", path.display());
    assert_eq!(hints, [chmod(700, place.dir()), chmod(600, place.file())]);
    assert_eq!((mode(&place.dir()), mode(&place.file())), (0o755, 0o644));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_untouched() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    let text = "these are the notes of somebody else ".repeat(50);
    fs::write(place.file(), &text).unwrap();
    let refused = SqliteStore::open(&place.file()).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert_eq!(fs::read_to_string(place.file()).unwrap(), text);
}

#[test]
fn another_program_s_database_is_refused_and_untouched() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    place
        .raw()
        .execute_batch("CREATE TABLE run (id); CREATE TABLE bookmarks (url)")
        .unwrap();
    let before = fs::read(place.file()).unwrap();
    let refused = SqliteStore::open(&place.file()).unwrap_err();
    assert!(
        refused
            .to_string()
            .ends_with("a database, but not a ledger"),
        "{refused}"
    );
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[test]
fn a_newer_oust_s_ledger_is_left_to_the_newer_oust() {
    let place = Place::new();
    drop(place.open());
    place
        .raw()
        .execute_batch("UPDATE meta SET version = 2")
        .unwrap();
    let refused = SqliteStore::open(&place.file()).unwrap_err();
    assert!(
        matches!(refused, StoreError::Newer { found: 2, known: 1 }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_damaged_page_is_corruption_and_not_a_full_disk() {
    let place = Place::new();
    let store = place.open();
    for number in 0..40 {
        whole_run(&store, &number.to_string(), ALEX).await;
    }
    drop(store);
    let mut bytes = fs::read(place.file()).unwrap();
    let end = bytes.len();
    bytes[4096 * 2..end].fill(0x5a);
    fs::write(place.file(), bytes).unwrap();
    let broken = match SqliteStore::open(&place.file()) {
        Err(error) => error,
        Ok(store) => store.verify(None).await.unwrap_err(),
    };
    assert!(matches!(broken, StoreError::Corrupt { .. }), "{broken}");
}

#[test]
fn where_nothing_can_be_made_the_disk_is_blamed() {
    let place = Place::new();
    fs::write(place.dir(), "in the way").unwrap();
    let refused = SqliteStore::open(&place.file()).unwrap_err();
    assert!(matches!(refused, StoreError::Disk { .. }), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_refused_before_the_run() {
    let place = Place::new();
    drop(place.open());
    set_mode(&place.file(), 0o400);
    set_mode(&place.dir(), 0o500);
    let probe = place.dir().join("probe");
    let opened = SqliteStore::open(&place.file());
    // For root no mode is read-only: then there is nothing to refuse.
    if fs::write(&probe, "").is_err() {
        let refused = opened.unwrap_err();
        assert!(matches!(refused, StoreError::Disk { .. }), "{refused}");
    }
    set_mode(&place.dir(), 0o700);
}

#[tokio::test]
async fn what_was_purged_is_gone_from_the_file() {
    let place = Place::new();
    let store = place.open();
    whole_run(&store, "1", ALEX).await;
    store.save_plan(&plan("9", &[ALEX])).await.unwrap();
    let found = || {
        let names = fs::read_dir(place.dir()).unwrap().flatten();
        let bytes: Vec<u8> = names.flat_map(|f| fs::read(f.path()).unwrap()).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.contains(ALEX) || text.contains("00u_alex")
    };
    assert!(found());
    store.purge_older_than(at(50), at(100)).await.unwrap();
    assert!(!found());
}
