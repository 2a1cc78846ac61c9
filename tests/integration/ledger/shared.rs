//! What every store promises, asked of each of them.

use oust::ledger::{Archive, Event, Head, MemoryStore, Mode, RunState, StoreError};
use oust::model::OutcomeKind;

use super::world::*;

/// Tells each story once with the SQLite store and once with the one in memory.
macro_rules! with_every_store {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $story() {
                let place = super::Place::new();
                super::$story(&place.open()).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $story() {
                super::$story(&super::MemoryStore::new()).await;
            })*
        }
    };
}

with_every_store! {
    an_empty_ledger_has_a_head_and_nothing_else,
    what_was_appended_comes_back_in_order,
    each_event_keeps_its_own_time,
    a_subject_is_held_until_its_run_closes_and_again_when_it_reopens,
    a_refused_run_leaves_nothing_behind,
    a_run_that_never_opened_takes_no_events,
    runs_are_listed_newest_first_and_tell_whether_they_wrote,
    a_plan_waits_under_its_phrase_and_the_newest_wins,
    a_ledger_belongs_to_one_org,
    subjects_of_the_last_hour_are_counted,
    only_who_is_to_be_thrown_out_counts,
    a_whole_chain_verifies_and_a_head_vouches_for_its_end,
    an_exported_record_can_be_checked_alone,
    a_purge_keeps_the_chain_and_says_so,
}

async fn an_empty_ledger_has_a_head_and_nothing_else(store: &dyn Archive) {
    let head = store.head().await.unwrap();
    assert_eq!((head.seq, head.hash), (0, "0".repeat(64)));
    assert!(store.runs().await.unwrap().is_empty());
    assert!(store.records(&run("1")).await.unwrap().is_empty());
    assert_eq!(store.plan("contain 00000000").await.unwrap(), None);
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_good() && verified.records == 0, "{verified:?}");
}

async fn what_was_appended_comes_back_in_order(store: &dyn Archive) {
    begin(store, "1", &[ALEX]).await;
    let events = vec![answered(ALEX, 1, OutcomeKind::Done), Event::WritesEnded];
    let head = store
        .append(&run("1"), on(2, events.clone()))
        .await
        .unwrap();
    assert_eq!(store.append(&run("1"), on(9, vec![])).await.unwrap(), head);

    let records = store.records(&run("1")).await.unwrap();
    let numbers: Vec<u64> = records.iter().map(|record| record.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let all: Vec<Event> = records.iter().map(|record| record.event.clone()).collect();
    assert_eq!(all, [opened("1", &[ALEX]), events].concat());
    assert_eq!((records[1].at, records[2].at), (at(0), at(2)));
    let last = &records[3];
    let (seq, hash) = (last.seq, last.hash.clone());
    assert_eq!(head, Head { seq, hash });
    assert_eq!(store.head().await.unwrap(), head);
}

async fn each_event_keeps_its_own_time(store: &dyn Archive) {
    begin(store, "1", &[ALEX]).await;
    let waited = [
        on(2, vec![intended(ALEX, 1)]),
        on(3, vec![answered(ALEX, 1, OutcomeKind::Done)]),
        on(5, vec![Event::WritesEnded, closed()]),
    ];
    store.append(&run("1"), waited.concat()).await.unwrap();
    let records = store.records(&run("1")).await.unwrap();
    let times: Vec<_> = records.iter().map(|record| record.at).collect();
    assert_eq!(times, [0, 0, 2, 3, 5, 5].map(at));
    let state = RunState::of(&records);
    let told = (state.first_write_at, state.last_answer_at, state.closed_at);
    assert_eq!(told, (Some(at(2)), Some(at(3)), Some(at(5))));
    assert_eq!(store.runs().await.unwrap()[0].closed_at, Some(at(5)));
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_good(), "{verified:?}");
}

async fn a_subject_is_held_until_its_run_closes_and_again_when_it_reopens(store: &dyn Archive) {
    begin(store, "1", &[ALEX]).await;
    let second = || {
        let events = opened("2", &[SAM, ALEX]);
        let who = ids(&[SAM, ALEX]);
        async move { store.open_run(&run("2"), &who, on(1, events)).await }
    };
    let busy = |refused: Result<Head, StoreError>, holder: &str| match refused.unwrap_err() {
        StoreError::Busy {
            run: held_by,
            subject,
        } => {
            assert_eq!((held_by, subject), (run(holder), id(ALEX)));
        }
        other => panic!("{other}"),
    };

    busy(second().await, "1");
    store
        .append(&run("1"), on(2, vec![closed()]))
        .await
        .unwrap();
    second().await.unwrap();
    busy(store.append(&run("1"), on(3, vec![reopened()])).await, "2");
    store
        .append(&run("2"), on(4, vec![closed()]))
        .await
        .unwrap();
    store
        .append(&run("1"), on(5, vec![reopened()]))
        .await
        .unwrap();
    // Resuming a run that never closed claims what it holds already.
    store
        .append(&run("1"), on(6, vec![reopened()]))
        .await
        .unwrap();
    busy(store.append(&run("2"), on(7, vec![reopened()])).await, "1");
    let again = store
        .open_run(&run("2"), &[], on(8, opened("2", &[])))
        .await;
    let exists = again.unwrap_err();
    assert!(matches!(exists, StoreError::Exists { .. }), "{exists}");
}

async fn a_refused_run_leaves_nothing_behind(store: &dyn Archive) {
    begin(store, "1", &[ALEX]).await;
    let head = store.head().await.unwrap();
    let who = ids(&[SAM, ALEX]);
    let refused = store
        .open_run(&run("2"), &who, on(1, opened("2", &[SAM, ALEX])))
        .await;
    assert!(refused.is_err());
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(store.runs().await.unwrap().len(), 1);
    // Sam was not claimed on the way.
    begin(store, "3", &[SAM]).await;
}

async fn a_run_that_never_opened_takes_no_events(store: &dyn Archive) {
    let refused = store
        .append(&run("9"), on(1, vec![intended(ALEX, 1)]))
        .await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StoreError::NoRun { .. }), "{refused}");
    assert_eq!(store.head().await.unwrap().seq, 0);
}

async fn runs_are_listed_newest_first_and_tell_whether_they_wrote(store: &dyn Archive) {
    whole_run(store, "1", ALEX).await;
    let events = opened("2", &[ALEX, SAM]);
    store
        .open_run(&run("2"), &ids(&[ALEX, SAM]), on(60, events))
        .await
        .unwrap();
    let runs = store.runs().await.unwrap();
    let [second, first] = &runs[..] else {
        panic!("{runs:?}")
    };
    assert_eq!((&second.id, second.opened_at), (&run("2"), at(60)));
    assert_eq!(second.subjects, [ALEX, SAM]);
    assert_eq!(second.playbook, "account-takeover");
    assert_eq!((second.closed_at, second.wrote), (None, false));
    assert_eq!((first.closed_at, first.wrote), (Some(at(3)), true));
    assert_eq!(first.verdict.as_deref(), Some("contained"));
    assert_eq!(store.unfinished().await.unwrap(), runs[..1]);

    store
        .append(&run("1"), on(70, vec![reopened()]))
        .await
        .unwrap_err();
    store
        .append(&run("2"), on(80, vec![closed()]))
        .await
        .unwrap();
    store
        .append(&run("1"), on(90, vec![reopened()]))
        .await
        .unwrap();
    let unfinished = store.unfinished().await.unwrap();
    assert_eq!(
        (&unfinished[0].id, &unfinished[0].verdict),
        (&run("1"), &None)
    );
}

async fn a_plan_waits_under_its_phrase_and_the_newest_wins(store: &dyn Archive) {
    let first = plan("1", &[ALEX]);
    let mut newer = plan("2", &[ALEX]);
    newer.made_at = at(60);
    assert_eq!(
        first.phrase(),
        newer.phrase(),
        "the run is not consented to"
    );
    for stored in [&first, &newer, &first] {
        store.save_plan(stored).await.unwrap();
    }
    assert_eq!(store.plan(&first.phrase()).await.unwrap(), Some(newer));
}

async fn a_ledger_belongs_to_one_org(store: &dyn Archive) {
    store.bind_org("00o1").await.unwrap();
    store.bind_org("00o1").await.unwrap();
    let refused = store.bind_org("00o2").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this state belongs to org 00o1, the configured org is 00o2"
    );
}

async fn subjects_of_the_last_hour_are_counted(store: &dyn Archive) {
    whole_run(store, "1", ALEX).await;
    let twice = ids(&[SAM, KIM, SAM]);
    store
        .open_run(&run("2"), &twice, on(60, opened("2", &[SAM, KIM])))
        .await
        .unwrap();
    assert_eq!(store.subjects_since(at(0)).await.unwrap(), 3);
    assert_eq!(store.subjects_since(at(60)).await.unwrap(), 2);
    assert_eq!(store.subjects_since(at(61)).await.unwrap(), 0);
    // Whoever goes on agrees again, and throws out nobody new.
    let [_, consented] = &opened("1", &[ALEX])[..] else {
        panic!("opened and consented")
    };
    let again = on(70, vec![reopened(), consented.clone()]);
    store.append(&run("1"), again).await.unwrap();
    assert_eq!(store.subjects_since(at(60)).await.unwrap(), 2);
}

async fn only_who_is_to_be_thrown_out_counts(store: &dyn Archive) {
    let release = |event| match event {
        Event::Opened {
            tool,
            requester,
            plan,
            ..
        } => Event::Opened {
            tool,
            mode: Mode::Release,
            requester,
            plan,
        },
        other => other,
    };
    let release = opened("1", &[ALEX]).into_iter().map(release).collect();
    store
        .open_run(&run("1"), &ids(&[ALEX]), on(0, release))
        .await
        .unwrap();
    assert_eq!(store.subjects_since(at(0)).await.unwrap(), 0);

    let mut waits = opened("2", &[SAM]);
    let consented = waits.pop().unwrap();
    store
        .open_run(&run("2"), &ids(&[SAM]), on(1, waits))
        .await
        .unwrap();
    assert_eq!(store.subjects_since(at(0)).await.unwrap(), 0);
    let agreed = on(9, vec![consented]);
    store.append(&run("2"), agreed).await.unwrap();
    assert_eq!(store.subjects_since(at(9)).await.unwrap(), 1);
    assert_eq!(store.subjects_since(at(10)).await.unwrap(), 0);
}

async fn a_whole_chain_verifies_and_a_head_vouches_for_its_end(store: &dyn Archive) {
    whole_run(store, "1", ALEX).await;
    let then = store.head().await.unwrap();
    let verified = store.verify(Some(then.clone())).await.unwrap();
    assert_eq!(verified.sentence(), "7 records verify, to the end");
    assert_eq!(verified.head, then);

    whole_run(store, "2", SAM).await;
    let sentence = |head| async { store.verify(head).await.unwrap().sentence() };
    assert_eq!(
        sentence(Some(then.clone())).await,
        "14 records verify; what comes after record 7 cannot be vouched for"
    );
    assert_eq!(
        sentence(None).await,
        "14 records verify; the end cannot be vouched for without a head from a report"
    );
    let (seq, hash) = (7, "0".repeat(64));
    let other = store.verify(Some(Head { seq, hash })).await.unwrap();
    assert_eq!(
        other.sentence(),
        "record 7: is not the one whose hash was given"
    );
}

async fn an_exported_record_can_be_checked_alone(store: &dyn Archive) {
    whole_run(store, "1", ALEX).await;
    whole_run(store, "2", SAM).await;
    let mut exported = store.export(&run("2")).await.unwrap();
    assert_eq!((exported.len(), exported[0].seq), (7, 8));
    assert!(exported.iter().all(oust::ledger::Exported::is_consistent));
    let first = store.export(&run("1")).await.unwrap();
    assert_eq!(exported[0].prev, first[6].hash);
    exported[3].at = at(5);
    assert!(!exported[3].is_consistent());
}

async fn a_purge_keeps_the_chain_and_says_so(store: &dyn Archive) {
    whole_run(store, "1", ALEX).await;
    begin(store, "2", &[SAM]).await;
    store.save_plan(&plan("3", &[ALEX])).await.unwrap();
    let head = store.head().await.unwrap();

    let nothing = store.purge_older_than(at(3), at(100)).await.unwrap();
    assert_eq!((nothing.records, nothing.plans), (0, 1));
    let purged = store.purge_older_than(at(50), at(100)).await.unwrap();
    assert_eq!((&purged.runs[..], purged.records), (&[run("1")][..], 7));
    let again = store.purge_older_than(at(50), at(101)).await.unwrap();
    assert!(again.runs.is_empty());

    let verified = store.verify(Some(head)).await.unwrap();
    assert!(verified.is_good(), "{verified:?}");
    assert_eq!((verified.records, verified.purged), (10, 7));
    let gone = store.records(&run("1")).await.unwrap_err();
    assert_eq!(
        gone.to_string(),
        "run r_1 was purged: only its hashes are left"
    );
    let exported = store.export(&run("1")).await.unwrap();
    assert!(exported[0].body.is_none() && exported[0].is_consistent());
    assert!(exported[7].body.as_deref().unwrap().contains("purged"));
    let runs = store.runs().await.unwrap();
    let row = runs.iter().find(|row| row.id == run("1")).unwrap();
    assert!(row.subjects.is_empty() && row.verdict.is_some());
    assert_eq!(store.subjects_since(at(0)).await.unwrap(), 2);
    // The unfinished one is as it was, and a purged one cannot go on.
    let kept = store.records(&run("2")).await.unwrap();
    assert!(RunState::of(&kept).plan.is_some());
    let refused = store.append(&run("1"), on(102, vec![reopened()])).await;
    assert!(matches!(refused, Err(StoreError::Purged { .. })));
}
