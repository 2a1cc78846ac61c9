//! From waiting to taken to settled.

use oust::inbox::{Inbox, InboxError, Standing};
use oust::model::Utc;

use super::world::*;

async fn take(inbox: &dyn Inbox, now: Utc, most: usize) -> Vec<String> {
    let taken = inbox.take(now, most, &[]).await.unwrap();
    taken
        .into_iter()
        .map(|entry| entry.alert.dedupe_key)
        .collect()
}

#[tokio::test]
async fn the_oldest_is_taken_first_and_each_once() {
    let place = Place::new();
    let inbox = place.open();
    for (key, ms) in [("2", 20), ("1", 10), ("3", 30)] {
        new(&inbox, alert(key, ms)).await;
    }
    let counts = inbox.counts().await.unwrap();
    assert_eq!(counts.oldest_waiting, Some(at(10)));
    let taken = inbox.take(at(40), 2, &[]).await.unwrap();
    assert_eq!(taken[0].alert.dedupe_key, "1");
    assert_eq!(taken[1].alert.dedupe_key, "2");
    assert_eq!(
        taken[0].raw, "{\"id\":\"1\"}",
        "who takes one sees its body"
    );
    assert_eq!((taken[0].standing, taken[0].attempts), (Standing::Taken, 1));
    assert_eq!(take(&inbox, at(40), 2).await, ["3"]);
    assert!(take(&inbox, at(40), 2).await.is_empty());
    let commits = inbox.commits();
    take(&inbox, at(41), 2).await;
    assert_eq!(inbox.commits(), commits, "looking in vain costs no commit");
}

#[tokio::test]
async fn a_busy_source_is_passed_over() {
    let place = Place::new();
    let inbox = place.open();
    new(&inbox, from("flood", "1", 0)).await;
    new(&inbox, from("flood", "2", 1)).await;
    new(&inbox, from("quiet", "3", 2)).await;
    let taken = inbox.take(at(3), 10, &["flood".into()]).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].alert.dedupe_key, "3");
    assert_eq!(take(&inbox, at(3), 10).await, ["1", "2"]);
}

#[tokio::test]
async fn what_is_put_back_waits_until_it_is_due() {
    let place = Place::new();
    let inbox = place.open();
    let id = new(&inbox, alert("1", 0)).await;
    take(&inbox, at(1), 1).await;
    inbox.put_back(&id, at(100)).await.unwrap();
    assert!(take(&inbox, at(99), 1).await.is_empty());
    let taken = inbox.take(at(100), 1, &[]).await.unwrap();
    assert_eq!(taken[0].attempts, 2);
}

#[tokio::test]
async fn what_is_settled_stays_with_its_fate_and_its_key() {
    let place = Place::new();
    let inbox = place.open();
    let id = new(&inbox, alert("1", 0)).await;
    take(&inbox, at(1), 1).await;
    inbox.settle(&id, observed(), at(2)).await.unwrap();
    drop(inbox);

    let inbox = place.open();
    let entry = inbox.entry(&id).await.unwrap().unwrap();
    assert_eq!(entry.standing, Standing::Settled);
    assert_eq!(entry.fate, Some(observed()));
    assert_eq!(entry.settled_at, Some(at(2)));
    inbox.accept(vec![alert("1", 3)], None).await.unwrap();
    assert!(
        take(&inbox, at(4), 1).await.is_empty(),
        "it is not run again"
    );
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.taken, counts.settled), (0, 0, 1));

    let nobody = inbox.settle("a_0", observed(), at(5)).await.unwrap_err();
    assert!(matches!(nobody, InboxError::NoAlert { .. }), "{nobody}");
}

#[tokio::test]
async fn counts_follow_every_move() {
    let place = Place::new();
    let inbox = place.open();
    let counts = async || {
        let counts = inbox.counts().await.unwrap();
        (counts.waiting, counts.taken, counts.settled)
    };
    let id = new(&inbox, alert("1", 0)).await;
    new(&inbox, alert("2", 1)).await;
    assert_eq!(counts().await, (2, 0, 0));
    take(&inbox, at(2), 1).await;
    assert_eq!(counts().await, (1, 1, 0));
    inbox.put_back(&id, at(3)).await.unwrap();
    assert_eq!(counts().await, (2, 0, 0));
    take(&inbox, at(3), 2).await;
    inbox.settle(&id, observed(), at(4)).await.unwrap();
    // Once more, with another word: the last counts.
    inbox.settle(&id, observed(), at(5)).await.unwrap();
    assert_eq!(counts().await, (0, 1, 1));
    assert_eq!(inbox.forget_before(at(5)).await.unwrap(), 0);
    assert_eq!(inbox.forget_before(at(6)).await.unwrap(), 1);
    assert_eq!(counts().await, (0, 1, 0));
    assert_eq!(inbox.entry(&id).await.unwrap(), None);
    assert_eq!(keys(&inbox).await, ["2"]);
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended() {
    let place = Place::new();
    let inbox = place.open();
    for number in 0..5 {
        new(&inbox, alert(&number.to_string(), number)).await;
    }
    let first = inbox.entries(None, 2).await.unwrap();
    let rest = inbox.entries(Some(&first[1].id), 10).await.unwrap();
    let keys: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|e| &e.alert.dedupe_key)
        .collect();
    assert_eq!(keys, ["4", "3", "2", "1", "0"]);
}

/// A year of settled alerts must not slow down a take, a count or the first page of a list.
#[tokio::test]
async fn nothing_that_is_asked_often_looks_through_what_is_settled() {
    let place = Place::new();
    drop(place.open());
    let db = place.raw();
    let asked = [
        "SELECT id FROM alert INDEXED BY alert_waiting WHERE standing = 0 AND due_ms <= 1
         AND source NOT IN (SELECT value FROM json_each('[]')) ORDER BY id LIMIT 1",
        "SELECT at_ms FROM alert INDEXED BY alert_waiting WHERE standing = 0 ORDER BY id LIMIT 1",
        "SELECT id, alert FROM alert WHERE id < 'b' ORDER BY id DESC LIMIT 1",
        "UPDATE alert INDEXED BY alert_taken SET standing = 0, due_ms = 0 WHERE standing = 1",
        "DELETE FROM alert WHERE standing = 2 AND settled_ms < 1",
        "SELECT count FROM tally WHERE standing = 0",
    ];
    for sql in asked {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
        for step in steps.map(Result::unwrap) {
            let through = step.contains("SCAN alert")
                && !step.contains("INDEX alert_waiting")
                && !step.contains("INDEX alert_taken");
            assert!(!through && !step.contains("TEMP B-TREE"), "{sql}\n{step}");
        }
    }
}
