//! Suspension and its undoing.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::FaultKind;
use oust_mocks::accounts::google_id;

use super::desk::{ALEX, Desk, contoso};

fn suspended(desk: &Desk) -> bool {
    desk.google().user(ALEX).unwrap().suspended
}

fn by_hand(desk: &Desk, suspended: bool) {
    let mut range = desk.org.range();
    range
        .google
        .users
        .get_mut(&google_id(ALEX))
        .unwrap()
        .suspended = suspended;
}

#[tokio::test(start_paused = true)]
pub(crate) async fn an_account_is_suspended_and_given_back() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.google().digest(), desk.others());
    let change = desk.change("suspend_user").await;
    assert_eq!(desk.google().digest(), before);
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(suspended(&desk));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let after = desk.google().digest();
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.google().digest(), after, "changed twice");

    by_hand(&desk, false);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    by_hand(&desk, true);
    let chain = desk.system.connector.inverse(&done).unwrap();
    let [give_back] = &chain[..] else {
        panic!("{chain:?}")
    };
    let back = desk.applied(give_back).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    assert!(!suspended(&desk));
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(desk.apply(give_back).await.kind, OutcomeKind::AlreadyDone);
    let again = desk.system.connector.inverse(&back).unwrap();
    assert_eq!(again[0].action.verb(), "suspend_user");
    assert_eq!(desk.others(), others);
    let open = desk.plan("unsuspend_user", ALEX, Select::All).await;
    assert!(matches!(open.skip, Some(Skip::NothingSelected { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_was_suspended_before_is_proven_and_not_ours_to_undo() {
    for (before_the_plan, archived) in [(true, false), (true, true), (false, false)] {
        let desk = Desk::of(contoso().google_user(ALEX, |user| {
            user.suspended = before_the_plan;
            user.archived = archived;
        }));
        let planned = desk.plan("suspend_user", ALEX, Select::All).await;
        assert_eq!(
            planned.notes.iter().any(|note| note.contains("archived")),
            archived
        );
        by_hand(&desk, true);
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
    let change = desk.change("suspend_user").await;
    desk.fault("PUT", "/users/", FaultKind::CutAfterEffect);
    let mut done = desk.applied(&change).await;
    assert!(matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    // The engine repeats it when that proof cannot be read, and keeps the trace of the first.
    done.outcome.kind = desk.apply(&change).await.kind;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.system.connector.inverse(&done).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_412_is_never_believed() {
    let desk = Desk::of(contoso());
    let change = desk.change("suspend_user").await;
    desk.fault("PUT", "/users/", FaultKind::AlreadyDone400);
    match desk.apply(&change).await.kind {
        OutcomeKind::Failed { why, hint } => {
            assert!(
                why.contains("state") && hint.contains("Admin console"),
                "{why}; {hint}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!suspended(&desk));
}
