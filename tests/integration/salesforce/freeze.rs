//! Freezing and its undoing.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Skip};
use oust_mocks::FaultKind;

use super::desk::{ALEX, Desk, contoso};

#[tokio::test(start_paused = true)]
pub(crate) async fn an_account_is_frozen_and_given_back() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.digest(), desk.others());
    let change = desk.change("freeze_user").await;
    assert_eq!(desk.digest(), before, "planning changed something");
    assert_eq!(change.before["frozen"], false);
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(desk.alex().is_frozen);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let after = desk.digest();
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.digest(), after, "changed twice");

    desk.by_hand(|alex| alex.is_frozen = false);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    desk.by_hand(|alex| alex.is_frozen = true);
    let chain = desk.inverse(&done);
    let [give_back] = &chain[..] else {
        panic!("{chain:?}")
    };
    let back = desk.applied(give_back).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    assert!(!desk.alex().is_frozen);
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(desk.apply(give_back).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.inverse(&back)[0].action.verb(), "freeze_user");
    assert_eq!(desk.digest(), before, "he is as he was");
    assert_eq!(desk.others(), others);
    let open = desk.plan("unfreeze_user", ALEX).await;
    assert!(matches!(open.skip, Some(Skip::NothingSelected { .. })));
}

#[tokio::test(start_paused = true)]
async fn whom_somebody_else_froze_a_release_leaves_frozen() {
    for before_the_plan in [true, false] {
        let desk = Desk::of(contoso());
        desk.by_hand(|alex| alex.is_frozen = before_the_plan);
        let planned = desk.plan("freeze_user", ALEX).await;
        let said = planned.notes.iter().any(|note| note.contains("already"));
        assert_eq!(said, before_the_plan);
        desk.by_hand(|alex| alex.is_frozen = true);
        let done = desk.applied(&planned.changes[0]).await;
        assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
        assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
        let undo = desk.system.connector.inverse(&done);
        assert_eq!(undo, Err(CannotUndo::NotOurs));
        assert_eq!(desk.writes(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_call_that_was_never_answered_is_ours_to_undo() {
    let desk = Desk::of(contoso());
    let change = desk.change("freeze_user").await;
    desk.fault("PATCH", "/UserLogin/", FaultKind::CutAfterEffect);
    let mut done = desk.applied(&change).await;
    assert!(matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    // The engine repeats it when that proof cannot be read, and keeps the trace of the first.
    done.outcome.kind = desk.apply(&change).await.kind;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.system.connector.inverse(&done).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_any_more_is_frozen_by_its_id() {
    let desk = Desk::of(contoso());
    let change = desk.change("freeze_user").await;
    for _ in 0..4 {
        desk.fault("GET", "/query", FaultKind::Internal500);
    }
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert!(desk.alex().is_frozen);
}
