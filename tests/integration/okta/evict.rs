//! Clearing and suspending: what is done, what Okta's ambiguous answers mean, and what is proven.

use oust::connector::CannotUndo;
use oust::model::{Applied, OutcomeKind, ProofState, Skip};
use oust_mocks::world::ALEX;
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::wire::{Org, now_ms};

#[tokio::test(start_paused = true)]
async fn sessions_are_cleared_with_both_switches_sent_and_proven_by_the_event() {
    let desk = Desk::contoso();
    let others = desk.others(ALEX_LOGIN);
    let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
    assert!(desk.writes().is_empty(), "planning writes nothing");
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(
        desk.writes(),
        [format!(
            "DELETE /api/v1/users/{ALEX}/sessions?oauthTokens=true&forgetDevices=true"
        )]
    );
    {
        let range = desk.org.range();
        let alex = range.okta.user(ALEX).unwrap();
        assert!(alex.sessions.is_empty() && alex.tokens.is_empty());
        assert_eq!(alex.remembered_devices, 0);
    }
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    assert!(proof.how.contains("our request id"), "{}", proof.how);
    let logged = proof.event_at.unwrap().to_string();
    assert!(proof.how.contains(&logged), "{logged}: {}", proof.how);
    assert_eq!(desk.others(ALEX_LOGIN), others);
}

#[tokio::test(start_paused = true)]
async fn a_clear_whose_event_is_late_stays_pending_until_it_comes() {
    let desk = Desk::of(World::contoso(now_ms()).log_delay_ms(90_000));
    let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Pending);
    desk.org.wait(100).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

/// The sandwich clears twice within seconds: what the first left must not prove the second.
#[tokio::test(start_paused = true)]
async fn a_clear_that_never_happened_is_not_proven_by_another_of_ours() {
    for first in [None, Some(FaultKind::CutAfterEffect)] {
        let desk = Desk::contoso();
        let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
        if let Some(fault) = first.clone() {
            desk.fault("DELETE", "/sessions", fault);
        }
        let first = desk.applied(&change).await;
        assert_eq!(desk.proof(&first).await.state, ProofState::Proven);
        desk.org.wait(2).await;

        desk.fault("DELETE", "/sessions", FaultKind::CutBeforeEffect);
        let mut second = desk.applied(&change).await;
        second.others = first.outcome.receipts;
        let proof = desk.proof(&second).await;
        assert_eq!(proof.state, ProofState::Pending, "{}", proof.how);

        desk.fault("DELETE", "/sessions", FaultKind::CutAfterEffect);
        let again = desk.applied(&change).await;
        second.outcome.receipts.extend(again.outcome.receipts);
        let proof = desk.proof(&second).await;
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clear_that_lost_its_answer_is_in_doubt_and_settled_by_the_log() {
    let desk = Desk::contoso();
    let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
    desk.fault("DELETE", "/sessions", FaultKind::CutAfterEffect);
    let done = desk.applied(&change).await;
    assert!(matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert_eq!(desk.writes().len(), 1, "never repeated by itself");
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    assert!(proof.how.contains("our client"), "{}", proof.how);

    let lost = desk
        .change("clear_sessions", "kim@contoso.example", json!({}))
        .await;
    desk.fault("DELETE", "/sessions", FaultKind::CutBeforeEffect);
    let lost = desk.applied(&lost).await;
    assert_eq!(
        desk.proof(&lost).await.state,
        ProofState::Pending,
        "it never happened"
    );
}

#[tokio::test(start_paused = true)]
async fn a_clear_in_doubt_by_a_service_app_is_settled_by_its_client_id() {
    let key = oust_mocks::KeyPair::es256("k");
    let jwk = key.public_jwk.clone();
    let client = oust_mocks::world::CLIENT_ID;
    let mut org = Org::new(World::contoso(now_ms()).client(client, jwk, &World::all_scopes()));
    let okta = org.by_key(&key);
    let desk = Desk::with(org, okta);
    let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
    desk.fault("DELETE", "/sessions", FaultKind::CutAfterEffect);
    let done = desk.applied(&change).await;
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn a_clear_in_doubt_is_settled_though_our_clock_is_hours_off() {
    for hours in [-3, 3] {
        let mut org = Org::new(World::contoso(now_ms())).with_our_clock_ahead(hours * 3_600_000);
        let okta = org.by_api_token();
        let desk = Desk::with(org, okta);
        let change = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
        desk.fault("DELETE", "/sessions", FaultKind::CutAfterEffect);
        let done = desk.applied(&change).await;
        let proof = desk.proof(&done).await;
        assert_eq!(proof.state, ProofState::Proven, "{hours} h: {}", proof.how);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clear_by_somebody_else_proves_nothing_of_ours() {
    let desk = Desk::contoso();
    let alex = desk.change("clear_sessions", ALEX_LOGIN, json!({})).await;
    let kim = desk
        .change("clear_sessions", "kim@contoso.example", json!({}))
        .await;
    desk.fault("DELETE", "/sessions", FaultKind::LieOk);
    let lied = desk.applied(&alex).await;
    // At the same moment another administrator does what our call only claimed.
    let at = desk.org.at_ms();
    let by_priya = oust_mocks::Request::new("DELETE", &format!("/api/v1/users/{ALEX}/sessions"))
        .with_header(
            "authorization",
            "SSWS 00TerraformSecret0000000000000000000000mock",
        );
    let reply = desk.org.range().handle("okta", &by_priya, at);
    assert_eq!(reply.answer().unwrap().status, 204);
    let honest = desk.applied(&kim).await;
    let proofs = desk.prove(&[lied, honest]).await;
    assert_eq!(proofs[0].state, ProofState::Pending, "{}", proofs[0].how);
    assert_eq!(proofs[1].state, ProofState::Proven, "{}", proofs[1].how);
    assert_eq!(desk.reads_of("/api/v1/logs"), 1, "one read serves all");
}

#[tokio::test(start_paused = true)]
async fn suspending_is_proven_by_reading_and_a_change_taken_back_by_hand_is_seen() {
    let desk = Desk::contoso();
    let others = desk.others(ALEX_LOGIN);
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(done.outcome.receipts[0].request_id.is_some());
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert_eq!(desk.others(ALEX_LOGIN), others);

    let at = desk.org.at_ms();
    let by = oust_mocks::world::PRIYA;
    assert!(desk.org.range().okta.unsuspend_by_hand(ALEX, by, at));
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Refuted);
    assert!(proof.how.contains("ACTIVE"), "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn suspending_twice_changes_once_and_the_second_is_not_ours_to_undo() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    let again = desk.applied(&change).await;
    assert_eq!(again.outcome.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 1);
    let undo = desk.okta.system.connector.inverse(&again);
    assert_eq!(undo, Err(CannotUndo::NotOurs));
}

#[tokio::test(start_paused = true)]
async fn the_same_400_for_an_account_that_cannot_be_suspended_is_no_success() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    for status in ["LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "STAGED"] {
        status.clone_into(&mut desk.org.range().okta.users.get_mut(ALEX).unwrap().status);
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(why.contains(status) && why.contains(ALEX_LOGIN), "{why}");
        assert!(hint.contains("quarantine"), "{hint}");
        let planned = desk.plan("suspend_user", ALEX_LOGIN, json!({})).await;
        match planned.skip {
            Some(Skip::NothingSelected { why }) => assert!(why.starts_with(status), "{why}"),
            other => panic!("{status}: {other:?}"),
        }
    }
    "DEPROVISIONED".clone_into(&mut desk.org.range().okta.users.get_mut(ALEX).unwrap().status);
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_locked_out_account_is_unlocked_and_suspended_if_the_playbook_says_so() {
    let desk = Desk::of(World::contoso(now_ms()).status(ALEX_LOGIN, "LOCKED_OUT"));
    let unlock = json!({ "if_locked_out": "unlock" });
    let change = desk.change("suspend_user", ALEX_LOGIN, unlock).await;
    assert!(change.sentence.contains("unlock"));
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(done.outcome.receipts.len(), 2);
    assert_eq!(desk.status(ALEX_LOGIN), "SUSPENDED");
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_locks_itself_out_after_the_plan_is_unlocked_once() {
    let desk = Desk::contoso();
    let unlock = json!({ "if_locked_out": "unlock" });
    let change = desk.change("suspend_user", ALEX_LOGIN, unlock).await;
    let lock = || {
        let mut range = desk.org.range();
        "LOCKED_OUT".clone_into(&mut range.okta.users.get_mut(ALEX).unwrap().status);
    };
    lock();
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(desk.status(ALEX_LOGIN), "SUSPENDED");
    lock();
    desk.fault("POST", "/lifecycle/unlock", FaultKind::LieOk);
    let (why, _) = failure(&desk.apply(&change).await);
    assert!(why.contains("LOCKED_OUT"), "{why}");
    let unlocks = desk
        .writes()
        .iter()
        .filter(|line| line.ends_with("/unlock"))
        .count();
    assert_eq!(unlocks, 2, "once each time, never in a loop");
}

#[tokio::test(start_paused = true)]
async fn the_inverse_gives_the_account_back_with_a_new_password_and_no_session() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    let chain = desk.inverse(&done);
    let verbs: Vec<&str> = chain.iter().map(|link| link.action.verb()).collect();
    assert_eq!(
        verbs,
        ["unsuspend_user", "reset_password", "clear_sessions"]
    );
    let ids: std::collections::BTreeSet<_> = chain.iter().map(|link| &link.id).collect();
    assert_eq!(ids.len(), 3, "each link is a change of its own");
    let mut undone: Vec<Applied> = Vec::new();
    for link in &chain {
        undone.push(desk.applied(link).await);
    }
    assert_eq!(desk.status(ALEX_LOGIN), "RECOVERY");
    for proof in desk.prove(&undone).await {
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
}

#[tokio::test(start_paused = true)]
async fn what_okta_refuses_is_said_in_words_with_the_next_step() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let meets = |kind| desk.fault("POST", "/lifecycle/suspend", kind);

    meets(FaultKind::Forbidden403);
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(
        why.contains("okta.suspend_user") && why.contains(ALEX_LOGIN),
        "{why}"
    );
    assert!(
        hint.contains("okta.users.manage") && hint.contains("SUPER_ADMIN"),
        "{hint}"
    );

    meets(FaultKind::ReadOnly503);
    let (why, _) = failure(&desk.apply(&change).await);
    assert!(why.contains("read-only"), "{why}");

    for doubtful in [
        FaultKind::Internal500,
        FaultKind::Html502,
        FaultKind::ForeignRedirect,
        FaultKind::TimeoutBefore,
        FaultKind::CutBeforeEffect,
    ] {
        meets(doubtful.clone());
        let before = desk.writes().len();
        let outcome = desk.apply(&change).await;
        assert!(
            matches!(outcome.kind, OutcomeKind::InDoubt { .. }),
            "{doubtful:?}: {outcome:?}"
        );
        assert_eq!(
            desk.writes().len(),
            before + 1,
            "{doubtful:?} is not repeated"
        );
    }
    assert_eq!(desk.status(ALEX_LOGIN), "ACTIVE");

    for _ in 0..4 {
        meets(FaultKind::ThrottleConcurrency);
    }
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(
        why.contains("throttled") && hint.contains("resume"),
        "{why}; {hint}"
    );
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
}
