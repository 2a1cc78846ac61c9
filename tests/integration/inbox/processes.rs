//! Two processes on one inbox, and one that is killed at every commit.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[cfg(debug_assertions)]
use oust::inbox::Accepted;
use oust::inbox::{Inbox, InboxError};

use super::world::*;

const FILE: &str = "OUST_TEST_INBOX";
const PART: &str = "OUST_TEST_PART";
const EACH: i64 = 12;

/// This test binary once more, doing what [`the_other_process`] does.
fn other(place: &Place, part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "inbox::processes::the_other_process"])
        .env(FILE, place.0.path())
        .env(PART, part)
        .stdout(Stdio::null());
    command
}

/// No test by itself: the part of the other process in the tests below.
#[tokio::test]
async fn the_other_process() {
    let (Some(dir), Ok(part)) = (std::env::var_os(FILE), std::env::var(PART)) else {
        return;
    };
    let file = std::path::Path::new(&dir).join("inbox").join("inbox.db");
    let rng = std::sync::Arc::new(oust::given::SystemRng::default());
    let inbox = oust::inbox::SqliteInbox::open(&file, 10_000, rng).unwrap();
    match part.as_str() {
        "work" => {
            inbox.begin_work().await.unwrap();
            inbox.take(at(1_000), 2, &[]).await.unwrap();
            std::fs::write(file.with_extension("works"), "").unwrap();
            // Long enough for the test, and no orphan for ever if the test dies.
            std::thread::sleep(Duration::from_secs(60));
        }
        "flow" => flow(&inbox, &file).await,
        _ => {
            for number in 0..EACH {
                new(&inbox, from(&part, &number.to_string(), number)).await;
            }
        }
    }
}

/// Accepts and settles, and writes down what was answered, as a sender would remember it.
async fn flow(inbox: &dyn Inbox, file: &std::path::Path) {
    use std::io::Write as _;
    let mut heard = std::fs::File::create(file.with_extension("heard")).unwrap();
    for number in 0..EACH {
        let request = vec![
            alert(&format!("{number}"), number),
            alert(&format!("{number}+"), number),
        ];
        inbox.accept(request, None).await.unwrap();
        writeln!(heard, "accepted {number}").unwrap();
        if number % 3 == 0 {
            let taken = inbox.take(at(1_000), 1, &[]).await.unwrap();
            inbox
                .settle(&taken[0].id, observed(), at(number))
                .await
                .unwrap();
            writeln!(heard, "settled {}", taken[0].id).unwrap();
        }
    }
}

#[tokio::test]
async fn two_that_receive_share_one_file() {
    let place = Place::new();
    // Both may find the file missing at once.
    let children: Vec<Child> = ["a", "b"]
        .map(|part| other(&place, part).spawn().unwrap())
        .into();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let counts = place.open().counts().await.unwrap();
    assert_eq!(counts.waiting, 2 * EACH.unsigned_abs());
}

/// Another process that works, killed when this goes.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn one_process_works_and_what_a_killed_one_had_taken_waits_again() {
    let place = Place::new();
    let inbox = place.open();
    for number in 0..3 {
        new(&inbox, alert(&number.to_string(), number)).await;
    }
    let mark = place.file().with_extension("works");
    let mut worker = Worker(other(&place, "work").spawn().unwrap());
    while !mark.exists() {
        assert!(worker.0.try_wait().unwrap().is_none(), "it gave up");
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = inbox.begin_work().await.unwrap_err();
    assert!(matches!(refused, InboxError::Taken { .. }), "{refused}");
    // Whoever only receives is not in its way.
    new(&inbox, alert("3", 3)).await;
    assert_eq!(inbox.counts().await.unwrap().taken, 2);

    // As `kill -9` does: nothing is flushed, dropped or removed.
    drop(worker);
    inbox.begin_work().await.unwrap();
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.taken), (4, 0));
    let taken = inbox.take(at(1_000), 10, &[]).await.unwrap();
    let attempts: Vec<_> = taken.iter().map(|entry| entry.attempts).collect();
    assert_eq!(attempts, [2, 2, 1, 1]);
    // Said again by the one who has it, it takes nothing away from himself.
    inbox.begin_work().await.unwrap();
    assert_eq!(inbox.counts().await.unwrap().taken, 4);
}

/// A commit is there or it is not; what was answered is always there, and once.
#[cfg(debug_assertions)]
#[tokio::test]
async fn killed_at_any_commit_nothing_that_was_answered_is_lost_or_doubled() {
    let list = tempfile::NamedTempFile::new().unwrap();
    let whole = Place::new();
    let recording = other(&whole, "flow")
        .env("OUST_KILL_RECORD", list.path())
        .status();
    assert!(recording.unwrap().success());
    let points = std::fs::read_to_string(list.path()).unwrap();
    let points = points.lines().count();
    // Each request, and a take and a settling for every third; before and after the commit.
    assert_eq!(points as i64, 2 * (EACH + 2 * (EACH / 3)));

    for point in 1..=points {
        let place = Place::new();
        let status = other(&place, "flow")
            .env("OUST_KILL_STORE", point.to_string())
            .status();
        assert!(!status.unwrap().success(), "survived {point}");
        let heard = std::fs::read_to_string(place.file().with_extension("heard")).unwrap();
        let inbox = place.open();
        inbox.begin_work().await.unwrap();
        let kept = keys(&inbox).await;
        for line in heard.lines() {
            match line.split_once(' ').unwrap() {
                ("accepted", number) => {
                    for key in [number.to_owned(), format!("{number}+")] {
                        assert!(kept.contains(&key), "{key} was lost at {point}");
                    }
                }
                (_, id) => {
                    let entry = inbox.entry(id).await.unwrap().unwrap();
                    assert_eq!(entry.fate, Some(observed()), "{id} at {point}");
                }
            }
        }
        // Nobody knows whether the last one was kept: its sender sends it again.
        for number in 0..EACH {
            let request = vec![
                alert(&format!("{number}"), number),
                alert(&format!("{number}+"), number),
            ];
            let accepted = inbox.accept(request, None).await.unwrap();
            let both_or_none = matches!(
                accepted[..],
                [Accepted::New(_), Accepted::New(_)] | [Accepted::Again(_), Accepted::Again(_)]
            );
            assert!(both_or_none, "half of a request was kept at {point}");
        }
        let mut once = keys(&inbox).await;
        once.sort();
        once.dedup();
        assert_eq!(once.len() as i64, 2 * EACH);
        let counts = inbox.counts().await.unwrap();
        let all = counts.waiting + counts.taken + counts.settled;
        assert_eq!(all as i64, 2 * EACH, "{counts:?} at {point}");
        assert_eq!(counts.taken, 0);
    }
}
