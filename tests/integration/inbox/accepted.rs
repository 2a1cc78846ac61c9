//! What is accepted is there, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use oust::inbox::{Accepted, Cursor, Inbox, InboxError};

use super::world::*;

#[tokio::test]
async fn an_alert_comes_back_as_it_was_received() {
    let place = Place::new();
    let inbox = place.open();
    let received = alert("1", 0);
    let id = new(&inbox, received.clone()).await;
    // `a_`, the time as 12 hex digits, 8 of chance.
    assert_eq!(id.len(), 22, "{id}");
    assert!(id.starts_with(&format!("a_{:012x}", received.at.millis())));

    let entry = inbox.entry(&id).await.unwrap().unwrap();
    assert_eq!(entry.alert, received.alert);
    assert_eq!((entry.at, entry.from), (received.at, received.from));
    assert_eq!(entry.raw, received.raw);
    assert_eq!((entry.attempts, entry.repeats, entry.fate), (0, 0, None));
    let listed = inbox.entries(None, 10).await.unwrap();
    assert_eq!(listed[0].raw, "", "a list carries no bodies");
    assert_eq!(inbox.entry("a_0").await.unwrap(), None);
}

#[tokio::test]
async fn what_comes_again_is_kept_once_and_costs_no_commit() {
    let place = Place::new();
    let inbox = place.open();
    let id = new(&inbox, alert("1", 0)).await;
    let commits = inbox.commits();
    for ms in 1..=20 {
        let again = inbox.accept(vec![alert("1", ms)], None).await.unwrap();
        assert_eq!(again, [Accepted::Again(id.clone())]);
    }
    assert_eq!(inbox.commits(), commits);
    assert_eq!(inbox.entry(&id).await.unwrap().unwrap().repeats, 20);

    // The next commit that is made anyway takes the count with it.
    new(&inbox, alert("2", 21)).await;
    assert_eq!(inbox.commits(), commits + 1);
    let elsewhere = place.open();
    assert_eq!(elsewhere.entry(&id).await.unwrap().unwrap().repeats, 20);
    assert_eq!(inbox.entry(&id).await.unwrap().unwrap().repeats, 20);
}

#[tokio::test]
async fn a_count_that_grew_old_is_written_by_itself() {
    let place = Place::new();
    let inbox = place.open();
    let id = new(&inbox, alert("1", 0)).await;
    for ms in [1, 10_001, 10_002] {
        inbox.accept(vec![alert("1", ms)], None).await.unwrap();
    }
    let elsewhere = place.open();
    // What was counted up to the second one; the others wait for the next.
    assert_eq!(elsewhere.entry(&id).await.unwrap().unwrap().repeats, 1);
    assert_eq!(inbox.entry(&id).await.unwrap().unwrap().repeats, 3);
    drop(inbox);
    assert_eq!(elsewhere.entry(&id).await.unwrap().unwrap().repeats, 3);
}

#[tokio::test]
async fn the_same_key_of_another_source_is_another_alert() {
    let place = Place::new();
    let inbox = place.open();
    new(&inbox, from("a", "bc", 0)).await;
    new(&inbox, from("ab", "c", 0)).await;
    new(&inbox, from("b", "bc", 0)).await;
    assert_eq!(inbox.counts().await.unwrap().waiting, 3);
}

#[tokio::test]
async fn one_request_is_one_commit_and_keeps_its_order() {
    let place = Place::new();
    let inbox = place.open();
    let commits = inbox.commits();
    let many = (0..50).map(|number| alert(&format!("{number:02}"), 0));
    // The same twice in one request is one.
    let request: Vec<_> = many.chain([alert("07", 0)]).collect();
    let accepted = inbox.accept(request, None).await.unwrap();
    assert_eq!(inbox.commits(), commits + 1);
    let Accepted::New(seventh) = &accepted[7] else {
        panic!("{accepted:?}")
    };
    assert_eq!(accepted[50], Accepted::Again(seventh.clone()));
    let mut oldest_first = keys(&inbox).await;
    oldest_first.reverse();
    let expected: Vec<_> = (0..50).map(|number| format!("{number:02}")).collect();
    // Ids of one request are neighbours, unless chance began at the very end of its range.
    assert_eq!(oldest_first, expected);
}

/// Sixty-four senders at once, half of them sending what others send too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_at_the_same_time_lose_nothing_and_double_nothing() {
    let place = Place::new();
    let inbox = Arc::new(place.open());
    let senders: Vec<_> = (0..64)
        .map(|sender| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let mut new = 0;
                for number in 0..20 {
                    let key = format!("{}-{number}", sender % 32);
                    let accepted = inbox.accept(vec![alert(&key, number)], None).await;
                    new += usize::from(matches!(accepted.unwrap()[..], [Accepted::New(_)]));
                }
                new
            })
        })
        .collect();
    let mut new = 0;
    for sender in senders {
        new += sender.await.unwrap();
    }
    assert_eq!(new, 32 * 20);
    let kept = keys(&*inbox).await;
    assert_eq!(kept.len(), 32 * 20);
    assert_eq!(kept.iter().collect::<BTreeSet<_>>().len(), 32 * 20);
    let entries = inbox.entries(None, 1_000).await.unwrap();
    let repeats: u64 = entries.iter().map(|entry| entry.repeats).sum();
    assert_eq!(repeats, 32 * 20, "every second one is counted");
    // They shared commits: that is what makes a flood bearable.
    assert!(inbox.commits() < 32 * 20, "{}", inbox.commits());
}

#[tokio::test]
async fn a_full_inbox_keeps_nothing_of_a_request_that_does_not_fit() {
    let place = Place::new();
    let inbox = place.open_for(3);
    for (key, ms) in [("1", 0), ("2", 1)] {
        new(&inbox, alert(key, ms)).await;
    }
    let two = vec![alert("3", 1), alert("4", 1)];
    let cursor = Some(Cursor {
        name: "okta".into(),
        place: "here".into(),
    });
    let full = inbox.accept(two, cursor).await.unwrap_err();
    assert!(matches!(full, InboxError::Full { waiting: 2 }), "{full}");
    assert_eq!(keys(&inbox).await, ["2", "1"]);
    assert_eq!(inbox.cursor("okta").await.unwrap(), None);

    new(&inbox, alert("3", 2)).await;
    inbox.accept(vec![alert("4", 3)], None).await.unwrap_err();
    // What is there already is acknowledged all the same.
    let again = inbox.accept(vec![alert("1", 4)], None).await.unwrap();
    assert!(matches!(again[..], [Accepted::Again(_)]), "{again:?}");
    // What was taken waits no longer.
    inbox.take(at(5), 1, &[]).await.unwrap();
    new(&inbox, alert("4", 6)).await;
}

#[tokio::test]
async fn a_cursor_moves_with_what_was_read_and_costs_nothing_where_it_stands() {
    let place = Place::new();
    let inbox = place.open();
    let to = |there: &str| {
        Some(Cursor {
            name: "okta".into(),
            place: there.into(),
        })
    };
    inbox.accept(vec![alert("1", 0)], to("a")).await.unwrap();
    inbox.accept(vec![], to("b")).await.unwrap();
    let commits = inbox.commits();
    inbox.accept(vec![], to("b")).await.unwrap();
    assert_eq!(inbox.commits(), commits);
    drop(inbox);
    let inbox = place.open();
    assert_eq!(inbox.cursor("okta").await.unwrap().as_deref(), Some("b"));
    assert_eq!(inbox.cursor("other").await.unwrap(), None);
}
