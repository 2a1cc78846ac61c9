//! Giving back: our own statement and nothing else, whatever others did meanwhile.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, UserId};
use oust_mocks::FaultKind;
use oust_mocks::aws::PRODUCTION;
use serde_json::json;

use super::desk::{Desk, OURS, contoso};
use crate::okta::desk::failure;

#[tokio::test(start_paused = true)]
async fn the_policy_goes_with_its_last_statement_and_not_before() {
    let desk = Desk::of(contoso());
    let mine = desk.in_admin().await;
    let mut another = mine.clone();
    another.subject = UserId::new("00u7");
    let first = desk.applied(&mine).await;
    let second = desk.applied(&another).await;
    assert_eq!(second.outcome.kind, OutcomeKind::Done);

    let undo = desk.inverse(&first).remove(0);
    let undone = desk.applied(&undo).await;
    assert_eq!(undone.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&undone).await);
    let left = desk.ours("Admin").unwrap();
    assert_eq!(left["Statement"][0]["Sid"], "Oust00u7");
    assert_eq!(left["Statement"].as_array().unwrap().len(), 1);

    desk.released(std::slice::from_ref(&second)).await;
    assert_eq!(desk.ours("Admin"), None);
    let writes = desk.writes();
    assert!(
        writes.last().unwrap().ends_with("/DeleteRolePolicy"),
        "{writes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_took_out_is_done_and_what_they_changed_is_left() {
    let desk = Desk::of(contoso());
    let done = desk.applied(&desk.in_admin().await).await;
    let undo = desk.inverse(&done).remove(0);
    desk.put("Admin", OURS, None);
    let undone = desk.applied(&undo).await;
    assert_eq!(undone.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.is_proven(&undone).await);

    let theirs = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let other = theirs.replace(
        "[]",
        r#"[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]"#,
    );
    desk.put("Admin", OURS, Some(&other));
    let undone = desk.applied(&undo).await;
    let (why, hint) = failure(&undone.outcome);
    assert!(
        why.contains("not ours") && hint.contains("Admin"),
        "{why} {hint}"
    );
    assert_eq!(desk.state(&undone).await.0, ProofState::Refuted);
    assert_eq!(desk.ours("Admin").unwrap().to_string(), other);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_gone_needs_nothing_given_back() {
    let mut desk = Desk::of(contoso());
    let done = desk.applied(&desk.in_admin().await).await;
    let undo = desk.inverse(&done).remove(0);
    desk.org
        .range()
        .aws
        .accounts
        .get_mut(PRODUCTION)
        .unwrap()
        .roles
        .remove("Admin");
    desk.settle();
    let undone = desk.applied(&undo).await;
    assert_eq!(undone.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.is_proven(&undone).await);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_giving_back_is_found_out_by_reading() {
    let desk = Desk::of(contoso());
    let before = desk.digest();
    let done = desk.applied(&desk.in_admin().await).await;
    let undo = desk.inverse(&done).remove(0);
    desk.fault("POST", "/iam/DeleteRolePolicy", FaultKind::CutAfterEffect);
    let undone = desk.applied(&undo).await;
    assert!(matches!(undone.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert!(desk.is_proven(&undone).await);
    assert_eq!(desk.apply(&undo).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.digest(), before);
}

/// A plan that could not see whether he was denied before does not take it back.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_so_before_is_not_taken_back() {
    let desk = Desk::of(contoso());
    let first = desk.in_admin().await;
    assert_eq!(desk.apply(&first).await.kind, OutcomeKind::Done);
    let mut blind = first.clone();
    blind.before["read"] = false.into();
    let done = desk.applied(&blind).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    let answer = desk.system.connector.inverse(&done);
    assert_eq!(answer, Err(CannotUndo::NotOurs));
    // A plan that saw nothing there, and a run that was cut off before it could say so: ours.
    let done = desk.applied(&first).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.inverse(&done).len(), 1);
}

/// Undoing an undoing denies again.
#[tokio::test(start_paused = true)]
async fn what_was_given_back_can_be_denied_again() {
    let desk = Desk::of(contoso());
    let done = desk.applied(&desk.in_admin().await).await;
    let undone = desk.applied(&desk.inverse(&done).remove(0)).await;
    let again = desk.applied(&desk.inverse(&undone).remove(0)).await;
    assert_eq!(again.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&again).await);
    let planned = desk
        .plan(
            "allow_sessions",
            super::desk::ALEX,
            oust::model::Select::All,
        )
        .await;
    assert_eq!(planned.changes.len(), 1, "{planned:?}");
    assert_eq!(
        desk.apply(&planned.changes[0]).await.kind,
        OutcomeKind::Done
    );
    assert_eq!(desk.ours("Admin"), None);
}
