//! The state cannot be opened, and the intruder is inside.

use std::fs;
use std::path::{Path, PathBuf};

use oust::ledger::{Emergency, Store, StoreError, open_or_emergency};

use super::world::*;

fn emergency(candidates: &[&Path]) -> Emergency {
    Emergency {
        candidates: candidates.iter().map(PathBuf::from).collect(),
        suffix: "20260310T134100Z".into(),
    }
}

#[test]
fn a_good_state_is_used_and_nothing_is_said() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let asked = emergency(&[&elsewhere.dir()]);
    let (store, said) = open_or_emergency(&place.file(), Some(&asked)).unwrap();
    assert_eq!((store.path(), said), (&*place.file(), vec![]));
    assert!(!elsewhere.dir().exists());
    let left = fs::read_dir(place.dir()).unwrap().flatten();
    let left: Vec<_> = left.map(|file| file.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().starts_with("ledger.db"))
    );
    assert!(!place.dir().join("ledger.db.room").exists());
}

#[tokio::test]
async fn a_state_that_cannot_be_made_is_replaced_by_the_first_good_place() {
    let (broken, worse, good) = (Place::new(), Place::new(), Place::new());
    for blocked in [&broken, &worse] {
        fs::write(blocked.dir(), "in the way").unwrap();
    }
    let without = open_or_emergency(&broken.file(), None).unwrap_err();
    assert!(matches!(without, StoreError::Disk { .. }), "{without}");

    let asked = emergency(&[&worse.dir(), &good.dir()]);
    let (store, said) = open_or_emergency(&broken.file(), Some(&asked)).unwrap();
    let dir = good.dir().join("oust-20260310T134100Z");
    assert_eq!(store.path(), dir.join("ledger.db"));
    let hints: Vec<&str> = said.iter().map(|said| &said.hint[..]).collect();
    assert_eq!(hints, [format!("go on with `--state {}`", dir.display())]);
    assert!(
        said[0].text.contains("cannot be written"),
        "{}",
        said[0].text
    );
    whole_run(&store, "1", ALEX).await;
    // As the hint says: that directory is a state like any other.
    drop(store);
    let (again, _) = open_or_emergency(&dir.join("ledger.db"), None).unwrap();
    assert_eq!(again.head().await.unwrap().seq, 7);
}

#[tokio::test]
async fn a_damaged_ledger_is_moved_aside_and_kept() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    let asked = emergency(&[]);
    for (damage, aside) in [
        ("first damage ", "ledger.db.damaged-20260310T134100Z"),
        ("second damage ", "ledger.db.damaged-20260310T134100Z-1"),
    ] {
        let damage = damage.repeat(99);
        fs::write(place.file(), &damage).unwrap();
        fs::write(place.dir().join("ledger.db-wal"), "its log").unwrap();
        let refused = open_or_emergency(&place.file(), None).unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");

        let (store, said) = open_or_emergency(&place.file(), Some(&asked)).unwrap();
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(store.path(), place.file());
        begin(&store, "1", &[ALEX]).await;
        drop(store);
        let aside = place.dir().join(aside);
        assert_eq!(fs::read_to_string(aside).unwrap(), damage);
    }
}

#[test]
fn a_newer_ledger_stays_where_it_is() {
    let (place, elsewhere) = (Place::new(), Place::new());
    drop(place.open());
    place
        .raw()
        .execute_batch("UPDATE meta SET version = 9")
        .unwrap();
    let asked = emergency(&[&elsewhere.dir()]);
    let (store, said) = open_or_emergency(&place.file(), Some(&asked)).unwrap();
    assert!(store.path().starts_with(elsewhere.dir()));
    assert!(said[0].text.contains("version 9"), "{}", said[0].text);
    assert!(place.file().exists());
}

#[cfg(unix)]
#[test]
fn a_place_that_others_prepared_is_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let (broken, open_to_all, prepared) = (Place::new(), Place::new(), Place::new());
    fs::write(broken.dir(), "in the way").unwrap();
    fs::create_dir(open_to_all.dir()).unwrap();
    fs::set_permissions(open_to_all.dir(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir_all(prepared.dir().join("oust-20260310T134100Z")).unwrap();
    let asked = emergency(&[&open_to_all.dir(), &prepared.dir()]);
    let refused = open_or_emergency(&broken.file(), Some(&asked)).unwrap_err();
    assert!(matches!(refused, StoreError::Disk { .. }), "{refused}");
}
