//! Two processes on one file, and one that is killed at every commit.

use std::process::{Child, Command, Stdio};

use oust::ledger::{Archive, Emergency, Event, SqliteStore, Store, StoreError, open_or_emergency};
use oust::model::Utc;

use super::world::*;

const FILE: &str = "OUST_TEST_LEDGER";
const NAME: &str = "OUST_TEST_RUN";
const FILL: &str = "fill";
const EACH: i64 = 40;

/// This test binary once more, doing what [`the_other_process`] does.
fn other(place: &Place, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "ledger::processes::the_other_process"])
        .env(FILE, place.file())
        .env(NAME, name)
        .stdout(Stdio::null());
    command
}

/// No test by itself: the part of the other process in the tests below.
#[tokio::test]
async fn the_other_process() {
    if let (Some(file), Ok(name)) = (std::env::var_os(FILE), std::env::var(NAME)) {
        let store = SqliteStore::open(file.as_ref()).unwrap();
        if name == FILL {
            fill(&store, file.as_ref()).await;
        } else {
            append_many(&store, &name).await;
        }
    }
}

async fn append_many(store: &SqliteStore, name: &str) {
    begin(store, name, &[&format!("{name}@example.com")]).await;
    for number in 0..EACH {
        let until = Utc::from_millis(number);
        let events = vec![Event::LogRead { until }];
        store.append(&run(name), on(number, events)).await.unwrap();
    }
}

#[tokio::test]
async fn three_processes_make_one_chain() {
    let place = Place::new();
    // All of them may find the file missing at once.
    let children: Vec<Child> = ["a", "b"]
        .map(|name| other(&place, name).spawn().unwrap())
        .into();
    let store = SqliteStore::open(&place.file()).unwrap();
    append_many(&store, "c").await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_good(), "{verified:?}");
    assert_eq!(verified.records, 3 * (2 + EACH.unsigned_abs()));
    for name in ["a", "b", "c"] {
        let records = store.records(&run(name)).await.unwrap();
        assert_eq!(records.len(), 2 + EACH.unsigned_abs() as usize, "{name}");
    }
}

#[tokio::test]
async fn what_one_process_holds_the_other_cannot_open() {
    let place = Place::new();
    let (mine, theirs) = (place.open(), place.open());
    begin(&mine, "1", &[ALEX]).await;
    let (second, who) = (run("2"), ids(&[ALEX]));
    let open = || theirs.open_run(&second, &who, on(0, opened("2", &[ALEX])));
    let busy = open().await.unwrap_err();
    assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    mine.append(&run("1"), on(1, vec![closed()])).await.unwrap();
    open().await.unwrap();
    assert_eq!(mine.unfinished().await.unwrap()[0].id, second);
    assert_eq!(mine.head().await.unwrap(), theirs.head().await.unwrap());
}

/// Appends until the disk refuses, and leaves the last head beside the ledger.
async fn fill(store: &SqliteStore, file: &std::path::Path) {
    begin(store, FILL, &[ALEX]).await;
    let note = Event::NotCaptured {
        subject: id(ALEX),
        part: "factors".into(),
        why: "x".repeat(10_000),
    };
    let refused = loop {
        match store.append(&run(FILL), on(1, vec![note.clone()])).await {
            Ok(head) => std::fs::write(file.with_extension("head"), head.hash).unwrap(),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, StoreError::Disk { .. }), "{refused}");
    let asked = Emergency {
        candidates: vec![],
        suffix: "now".into(),
    };
    let refused = open_or_emergency(file, Some(&asked)).unwrap_err();
    assert!(
        refused.to_string().contains("no room for a run"),
        "{refused}"
    );
}

/// The limit on a file's size stands for the full disk: the same refusal, at a known place.
#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fills_up_loses_nothing_that_was_answered() {
    let place = Place::new();
    let child = other(&place, FILL);
    let small = "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\"";
    let status = Command::new("sh")
        .args(["-c", small])
        .arg(child.get_program())
        .args(child.get_args())
        .envs(
            child
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        )
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());

    let store = place.open();
    let head = store.head().await.unwrap();
    assert!(head.seq > 10, "{head:?}");
    let answered = std::fs::read_to_string(place.file().with_extension("head")).unwrap();
    assert_eq!(head.hash, answered);
    assert!(store.verify(None).await.unwrap().is_good());
    store
        .append(&run(FILL), on(2, vec![closed()]))
        .await
        .unwrap();
}

/// A commit is there or it is not; what was answered is always there.
#[cfg(feature = "killpoints")]
#[tokio::test]
async fn killed_at_any_commit_the_chain_holds_and_nothing_answered_is_lost() {
    let list = tempfile::NamedTempFile::new().unwrap();
    let whole = Place::new();
    let recording = other(&whole, "a")
        .env("OUST_KILL_RECORD", list.path())
        .status();
    assert!(recording.unwrap().success());
    let points = std::fs::read_to_string(list.path()).unwrap();
    let points: Vec<&str> = points.lines().collect();
    // The tables, the run, and each append: before and after.
    assert_eq!(points.len() as i64, 2 * (2 + EACH));

    for (done, point) in points.iter().enumerate() {
        let place = Place::new();
        let number = (done + 1).to_string();
        let status = other(&place, "a").env("OUST_KILL_STORE", &number).status();
        assert!(!status.unwrap().success(), "survived {point}");
        let committed = number.parse::<u64>().unwrap() / 2;
        // The first commit makes the tables, the second two records, each other one.
        let expected = if committed < 2 { 0 } else { committed };
        let store = place.open();
        let verified = store.verify(None).await.unwrap();
        assert!(verified.is_good(), "{point}: {verified:?}");
        assert_eq!(verified.records, expected, "{point}");
        assert_eq!(
            store.unfinished().await.unwrap().len(),
            usize::from(committed > 1)
        );
    }
}
