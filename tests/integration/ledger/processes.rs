//! Several processes on one file: who may work on a run, and one that is killed at every commit.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oust::ledger::{Archive, Emergency, Event, SqliteStore, Store, StoreError, open_or_emergency};
use oust::model::Utc;

use super::world::*;

const FILE: &str = "OUST_TEST_LEDGER";
const NAME: &str = "OUST_TEST_RUN";
const FILL: &str = "fill";
const OWN: &str = "own";
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
        } else if name == OWN {
            own(&store, file.as_ref()).await;
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
async fn fill(store: &SqliteStore, file: &Path) {
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
        .append(&run(FILL), on(2, vec![reopened(), closed()]))
        .await
        .unwrap();
}

/// Takes a run, says so beside the ledger, and works on it until it is killed.
async fn own(store: &SqliteStore, file: &Path) {
    if store.runs().await.unwrap().is_empty() {
        begin(store, OWN, &[ALEX]).await;
    } else {
        let again = on(5, vec![reopened()]);
        store.append(&run(OWN), again).await.unwrap();
    }
    let intent = on(6, vec![intended(ALEX, 1)]);
    store.append(&run(OWN), intent).await.unwrap();
    std::fs::write(file.with_extension("owned"), "").unwrap();
    // Long enough for the test, and no orphan for ever if the test dies.
    std::thread::sleep(Duration::from_secs(60));
}

/// Another process that has the run, killed when this goes.
struct Owner(Child);

impl Owner {
    fn start(place: &Place) -> Self {
        let mark = place.file().with_extension("owned");
        let _ = std::fs::remove_file(&mark);
        let mut owner = Self(other(place, OWN).spawn().unwrap());
        while !mark.exists() {
            assert!(owner.0.try_wait().unwrap().is_none(), "it gave up");
            std::thread::sleep(Duration::from_millis(5));
        }
        owner
    }

    /// As `kill -9` does: nothing is flushed, dropped or removed.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_run_is_resumed_when_its_process_was_killed_and_not_before() {
    let place = Place::new();
    let owner = Owner::start(&place);
    let store = place.open();
    let name = run(OWN);
    let reopen = || store.append(&name, on(9, vec![reopened()]));
    let before = store.head().await.unwrap();
    let alive = reopen().await.unwrap_err();
    assert!(matches!(alive, StoreError::Alive { .. }), "{alive}");
    assert_eq!(store.head().await.unwrap(), before);

    owner.kill();
    reopen().await.unwrap();
    let intent = on(10, vec![intended(ALEX, 2)]);
    store.append(&name, intent).await.unwrap();
    store.append(&name, on(11, vec![closed()])).await.unwrap();
    assert!(store.verify(None).await.unwrap().is_good());
    assert_eq!(place.lock_files().len(), 0);
}

#[tokio::test]
async fn a_second_resume_is_refused_while_the_first_lives() {
    let place = Place::new();
    Owner::start(&place).kill();
    assert_eq!(
        place.lock_files().len(),
        1,
        "a killed process removes nothing"
    );
    let resumed = Owner::start(&place);
    let store = place.open();
    let second = store.append(&run(OWN), on(9, vec![reopened()])).await;
    assert!(
        matches!(second, Err(StoreError::Alive { .. })),
        "{second:?}"
    );
    let records = store.records(&run(OWN)).await.unwrap();
    let times = records.iter().filter(|record| record.event == reopened());
    assert_eq!(times.count(), 1);
    resumed.kill();
    let third = store.append(&run(OWN), on(9, vec![reopened()])).await;
    third.unwrap();
}

/// A commit is there or it is not; what was answered is always there.
#[cfg(debug_assertions)]
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
    // The run and each append, before and after; the tables come with the file, in one step.
    assert_eq!(points.len() as i64, 2 * (1 + EACH));

    for (done, point) in points.iter().enumerate() {
        let place = Place::new();
        let number = (done + 1).to_string();
        let status = other(&place, "a").env("OUST_KILL_STORE", &number).status();
        assert!(!status.unwrap().success(), "survived {point}");
        let committed = number.parse::<u64>().unwrap() / 2;
        // The first commit makes two records, each other one.
        let expected = if committed == 0 { 0 } else { committed + 1 };
        let store = place.open();
        let verified = store.verify(None).await.unwrap();
        assert!(verified.is_good(), "{point}: {verified:?}");
        assert_eq!(verified.records, expected, "{point}");
        assert_eq!(
            store.unfinished().await.unwrap().len(),
            usize::from(committed > 0)
        );
    }
}
