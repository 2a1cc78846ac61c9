//! Sessions end, and the proof is a moment that may take a while to show.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::FaultKind;
use oust_mocks::accounts::m365_id;

use super::{ALEX, contoso, desk, skipped};
use crate::okta::desk::failure;

#[tokio::test(start_paused = true)]
async fn sessions_end_at_once_and_a_lagging_replica_is_waited_for() {
    for world in [
        contoso().m365_replica_lag_ms(20_000),
        contoso()
            .m365_replica_lag_ms(20_000)
            .with_m365(|m365| m365.settings.revoke_answers_204 = true),
    ] {
        let desk = desk(world);
        let (before, others) = (desk.digest(), desk.others(ALEX));
        let change = desk.change("revoke_sessions", ALEX).await;
        assert_eq!(desk.digest(), before, "planning changed something");
        assert_eq!(desk.writes(), Vec::<String>::new());

        let done = desk.applied(&change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert!(done.outcome.receipts[0].request_id.is_some());
        let person = desk.person(ALEX);
        assert!(person.sessions.is_empty() && person.refresh_tokens.is_empty());

        let early = desk.proof(&done).await;
        assert_eq!(early.state, ProofState::Pending, "{}", early.how);
        desk.org.wait(25).await;
        let proof = desk.proof(&done).await;
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
        let first = desk.person(ALEX).valid_from_ms;
        desk.org.wait(60).await;
        let again = desk.applied(&change).await;
        assert_eq!(again.outcome.kind, OutcomeKind::Done);
        assert!(desk.person(ALEX).valid_from_ms > first, "it only moves on");
        assert_eq!(desk.others(ALEX), others);
        let undo = desk.system.connector.inverse(&done);
        assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_before_our_call_proves_nothing() {
    let desk = desk(contoso());
    let change = desk.change("revoke_sessions", ALEX).await;
    let done = desk.applied(&change).await;
    desk.org.wait(5).await;
    assert!(desk.is_proven(&done).await);
    let id = m365_id(ALEX);
    let minute_ago = desk.org.at_ms() - 60_000;
    desk.org
        .range()
        .m365
        .users
        .get_mut(&id)
        .unwrap()
        .valid_from_ms = minute_ago;
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Pending, "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn a_lie_and_a_cut_are_told_apart_by_the_moment_alone() {
    let desk = desk(contoso());
    let change = desk.change("revoke_sessions", ALEX).await;
    desk.fault("POST", "revokeSignInSessions", FaultKind::LieOk);
    let lied = desk.applied(&change).await;
    assert_eq!(lied.outcome.kind, OutcomeKind::Done);
    desk.org.wait(120).await;
    assert_eq!(desk.proof(&lied).await.state, ProofState::Pending);

    desk.fault("POST", "revokeSignInSessions", FaultKind::CutAfterEffect);
    let cut = desk.applied(&change).await;
    assert!(matches!(cut.outcome.kind, OutcomeKind::InDoubt { .. }));
    desk.org.wait(5).await;
    assert!(desk.is_proven(&cut).await);
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_no_green_tick() {
    let desk = desk(contoso().m365_guest(ALEX));
    let planned = desk.plan("revoke_sessions", ALEX, Select::All).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unsupported { .. })),
        "{planned:?}"
    );
    let why = skipped(&planned);
    assert!(
        why.contains("another organisation") && why.contains("disable_account"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_and_a_restricted_unit_are_told_apart() {
    let without = desk(contoso().m365_without_permission("User.RevokeSessions.All"));
    let change = without.change("revoke_sessions", ALEX).await;
    let (why, hint) = failure(&without.apply(&change).await);
    assert!(why.contains("lacks User.RevokeSessions.All"), "{why}");
    assert!(hint.contains("grant") && hint.contains("resume"), "{hint}");

    let restricted = desk(contoso().m365_restricted(ALEX));
    let planned = restricted.plan("revoke_sessions", ALEX, Select::All).await;
    assert!(
        planned.notes[0].contains("restricted management"),
        "{planned:?}"
    );
    let (why, hint) = failure(&restricted.apply(&planned.changes[0]).await);
    assert!(
        why.contains("restricted management administrative unit"),
        "{why}"
    );
    assert!(hint.contains("scoped"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_waits_as_long_as_it_is_told_and_is_sent_once() {
    let desk = desk(contoso());
    let change = desk.change("revoke_sessions", ALEX).await;
    desk.fault("POST", "revokeSignInSessions", FaultKind::ThrottleMinute);
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.effects(), 1);
}
