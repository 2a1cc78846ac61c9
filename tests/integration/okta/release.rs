//! Giving an account back: a new password, and into whose hands it goes.

use oust::model::{Change, NewPassword, OutcomeKind, ProofState};
use oust::transport::Parcel;
use oust_mocks::world::ALEX;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::wire::now_ms;

/// The password step of alex's release, made for this way.
async fn password_step(desk: &Desk, how: NewPassword) -> Change {
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let chain = desk.inverse(&desk.applied(&change).await);
    let directory = &desk.okta.directory;
    let steps = chain.iter().map(|link| directory.password_step(link, how));
    let steps: Vec<Change> = steps.flatten().collect();
    assert_eq!(
        steps.len(),
        1,
        "one link of the chain replaces the password"
    );
    desk.applied(&chain[0]).await;
    assert_eq!(desk.status(ALEX_LOGIN), "ACTIVE");
    steps.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_link_goes_to_whoever_carries_it_out_and_into_no_record() {
    let desk = Desk::contoso();
    let step = password_step(&desk, NewPassword::Link).await;
    let done = desk.applied(&step).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(
        desk.writes().last().unwrap(),
        &format!("POST /api/v1/users/{ALEX}/lifecycle/reset_password?sendEmail=false")
    );
    let handed = desk.hands.as_ref().unwrap().all();
    assert_eq!(handed.len(), 1);
    assert_eq!(handed[0].what, Parcel::PasswordLink);
    assert_eq!(handed[0].login, ALEX_LOGIN);
    let link = handed[0].secret.expose_secret();
    assert!(link.contains("/reset_password/"), "{link}");
    let record = format!("{} {done:?}", serde_json::to_string(&done.outcome).unwrap());
    assert!(!record.contains(link), "{record}");
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn a_temporary_password_is_handed_over_likewise() {
    let desk = Desk::contoso();
    let step = password_step(&desk, NewPassword::Temporary).await;
    let done = desk.applied(&step).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.status(ALEX_LOGIN), "PASSWORD_EXPIRED");
    let handed = desk.hands.as_ref().unwrap().all();
    assert_eq!(handed.len(), 1);
    assert_eq!(handed[0].what, Parcel::TemporaryPassword);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_takes_it_nothing_is_sent_and_the_password_stays() {
    for how in [NewPassword::Link, NewPassword::Temporary] {
        let mut desk = Desk::contoso();
        let step = password_step(&desk, how).await;
        desk.hands = None;
        let before = desk.writes();
        let outcome = desk.apply(&step).await;
        let (why, hint) = failure(&outcome);
        assert!(
            why.starts_with("not sent: nobody is here to take the"),
            "{why}"
        );
        assert!(hint.contains("oust release"), "{hint}");
        assert_eq!(desk.writes(), before);
        assert_eq!(desk.status(ALEX_LOGIN), "ACTIVE");
    }
}

#[tokio::test(start_paused = true)]
async fn by_mail_nothing_is_handed_over() {
    let mut desk = Desk::contoso();
    let step = password_step(&desk, NewPassword::Mail).await;
    desk.hands = None;
    let done = desk.applied(&step).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(
        desk.writes()
            .last()
            .unwrap()
            .ends_with("reset_password?sendEmail=true")
    );
    assert_eq!(desk.status(ALEX_LOGIN), "RECOVERY");
}

/// Somebody set the password between our call and the read: that is what was wanted.
#[tokio::test(start_paused = true)]
async fn a_person_who_was_quicker_than_the_read_does_not_refute_it() {
    let desk = Desk::contoso();
    let step = password_step(&desk, NewPassword::Link).await;
    let done = desk.applied(&step).await;
    {
        let mut range = desk.org.range();
        let alex = range.okta.users.get_mut(ALEX).unwrap();
        "ACTIVE".clone_into(&mut alex.status);
        alex.password_changed_ms = Some(now_ms() + 60_000);
    }
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

/// An old password that still opens the account is never taken for a new one.
#[tokio::test(start_paused = true)]
async fn an_account_that_is_open_with_its_old_password_refutes_it() {
    let desk = Desk::contoso();
    let step = password_step(&desk, NewPassword::Link).await;
    desk.fault(
        "POST",
        "/lifecycle/reset_password",
        oust_mocks::FaultKind::LieOk,
    );
    let done = desk.applied(&step).await;
    assert_eq!(desk.status(ALEX_LOGIN), "ACTIVE");
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
}
