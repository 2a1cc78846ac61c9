//! What a restarted oust knows of a run from its events alone.

use oust::ledger::{ChangeState, Event, MemoryStore, Record, RunState, Store, before_state};
use oust::model::{OutcomeKind, Proof, ProofState, Verdict};
use serde_json::json;

use super::world::*;

/// Alex's run with these events after its opening, one second apart, folded from the store.
async fn state_after(events: Vec<Event>) -> RunState {
    RunState::of(&records_after(events).await)
}

async fn records_after(events: Vec<Event>) -> Vec<Record> {
    let store = MemoryStore::new();
    begin(&store, "1", &[ALEX]).await;
    for (second, event) in (1..).zip(events) {
        store
            .append(&run("1"), on(second, vec![event]))
            .await
            .unwrap();
    }
    store.records(&run("1")).await.unwrap()
}

fn the_change(state: &RunState) -> &ChangeState {
    state.change(&suspend(ALEX).id).unwrap()
}

fn proved(state: ProofState) -> Event {
    Event::Proved {
        change: suspend(ALEX).id,
        proof: Proof::read(state, "read", at(9)),
    }
}

fn doubt() -> OutcomeKind {
    OutcomeKind::InDoubt { why: "cut".into() }
}

#[tokio::test]
async fn before_the_first_intent_nothing_was_written() {
    let state = state_after(vec![]).await;
    assert!(!state.wrote() && !the_change(&state).is_in_doubt());
    assert_eq!(state.changes().len(), 1);
    assert_eq!(state.consent.as_ref().unwrap().1, "maya");
    assert_eq!(state.head.as_ref().unwrap().seq, 2);
}

#[tokio::test]
async fn an_intent_without_an_answer_is_in_doubt_until_it_is_read_back() {
    let sent = || vec![intended(ALEX, 1)];
    let state = state_after(sent()).await;
    assert!(state.wrote() && the_change(&state).is_in_doubt());
    for (read, doubtful) in [
        (ProofState::Proven, false),
        (ProofState::Refuted, false),
        (ProofState::Pending, true),
        (ProofState::Unverifiable, true),
    ] {
        let state = state_after([sent(), vec![proved(read)]].concat()).await;
        assert_eq!(the_change(&state).is_in_doubt(), doubtful, "{read:?}");
        // Repeating it puts it in doubt again: what was read before says nothing about that.
        let again = [sent(), vec![proved(read), intended(ALEX, 2)]].concat();
        assert!(the_change(&state_after(again).await).is_in_doubt());
    }
}

#[tokio::test]
async fn an_answer_ends_the_doubt_unless_it_is_one() {
    let sent = intended(ALEX, 1);
    let done = vec![sent.clone(), answered(ALEX, 1, OutcomeKind::Done)];
    let state = state_after(done).await;
    let change = the_change(&state);
    assert!(change.is_answered_well() && !change.is_in_doubt());
    assert_eq!((change.answered_at, change.ms), (Some(at(2)), Some(104)));
    let state = state_after(vec![sent, answered(ALEX, 1, doubt())]).await;
    assert!(the_change(&state).is_in_doubt());
}

#[tokio::test]
async fn the_answer_to_an_earlier_attempt_does_not_answer_the_last() {
    let events = vec![
        intended(ALEX, 1),
        intended(ALEX, 2),
        answered(ALEX, 1, OutcomeKind::Done),
    ];
    let state = state_after(events).await;
    assert!(the_change(&state).is_in_doubt());
    assert_eq!(the_change(&state).attempts, 2);
}

#[tokio::test]
async fn reopening_takes_back_the_close_and_its_verdict() {
    let state = state_after(vec![Event::WritesEnded, closed()]).await;
    assert_eq!(state.verdict, Some(Verdict::Contained));
    let state = state_after(vec![Event::WritesEnded, closed(), reopened()]).await;
    let taken_back = (state.closed_at, state.verdict, state.writes_ended_at);
    assert_eq!(taken_back, (None, None, None));
}

#[tokio::test]
async fn a_late_capture_never_replaces_the_before_state() {
    let captured = |value, late| Event::Captured {
        subject: id(ALEX),
        part: "factors".into(),
        value,
        late,
    };
    let part = (id(ALEX), "factors".to_owned());
    let before = captured(json!(["sms"]), false);
    let after = captured(json!([]), true);
    // The fold keeps when it was read, the records what was.
    for (events, was, late) in [
        (
            vec![before, intended(ALEX, 1), after.clone()],
            json!(["sms"]),
            false,
        ),
        (vec![intended(ALEX, 1), after], json!([]), true),
    ] {
        let records = records_after(events).await;
        assert_eq!(RunState::of(&records).captured[&part], late);
        assert_eq!(before_state(&records)[&(&part.0, "factors")], (&was, late));
    }
}

#[tokio::test]
async fn a_sign_of_life_read_twice_is_one() {
    let sign = Event::SignOfLife {
        subject: id(ALEX),
        seen_at: at(4),
        what: "user.session.start".into(),
        event_id: "e1".into(),
    };
    assert_eq!(state_after(vec![sign.clone(), sign]).await.signs.len(), 1);
}
