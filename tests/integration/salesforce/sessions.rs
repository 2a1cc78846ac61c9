//! Sessions: parents and children, the expired, few and many.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Skip};
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::salesforce_error;
use oust_mocks::{Fault, FaultKind, World};
use serde_json::json;

use super::desk::{ALEX, Desk, KIM, contoso};
use crate::okta::desk::failure;

/// Alex with so many more sessions, each of a login of its own.
fn busy(world: World, more: usize) -> World {
    world.with_salesforce(|salesforce| {
        for n in 0..more {
            let at = crate::wire::now_ms() - 60_000;
            let ip = format!("198.51.100.{}", n % 200);
            salesforce.sign_in(&salesforce_id(ALEX), &ip, false, at);
        }
    })
}

fn live(desk: &Desk) -> usize {
    let at = desk.org.at_ms();
    let sessions = desk.alex().sessions;
    sessions.values().filter(|each| each.is_live(at)).count()
}

#[tokio::test(start_paused = true)]
pub(crate) async fn sessions_end_with_their_children_and_expired_rows_are_none() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.digest(), desk.others());
    let planned = desk.plan("delete_sessions", ALEX).await;
    assert_eq!(desk.digest(), before, "planning changed something");
    let rows = desk.alex().sessions.len();
    assert_eq!(planned.changes.len(), live(&desk));
    assert_eq!(rows, planned.changes.len() + 1, "one row has expired");
    let parents: Vec<bool> = planned
        .changes
        .iter()
        .map(|change| change.before["parent"].is_null())
        .collect();
    assert!(parents.is_sorted_by(|a, b| a >= b), "{parents:?}");
    let his = planned
        .changes
        .iter()
        .find(|change| change.sentence == "end session UI from 203.0.113.66");
    assert!(his.is_some(), "{planned:?}");

    for change in &planned.changes {
        let done = desk.applied(change).await;
        // Children went with their parents.
        assert!(done.outcome.kind.is_good(), "{:?}", done.outcome);
        let proof = desk.proof(&done).await;
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
        assert_eq!(desk.apply(change).await.kind, OutcomeKind::AlreadyDone);
        let undo = desk.system.connector.inverse(&done);
        assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
    }
    assert_eq!(live(&desk), 0);
    assert_eq!(desk.alex().sessions.len(), 1, "the expired row lingers");
    assert_eq!(desk.others(), others);
    match desk.plan("delete_sessions", ALEX).await.skip {
        Some(Skip::NothingSelected { why }) => {
            assert_eq!(why, "has no open session; 1 expired");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_still_there_refutes_and_a_new_one_is_found_by_a_re_read() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("delete_sessions", ALEX).await;
    desk.fault("DELETE", "/AuthSession/", FaultKind::LieOk);
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
    for change in &planned.changes {
        desk.apply(change).await;
    }
    let at = desk.org.at_ms();
    let id = desk
        .org
        .range()
        .salesforce
        .sign_in(&salesforce_id(ALEX), "203.0.113.66", true, at);
    let again = desk.plan("delete_sessions", ALEX).await;
    assert_eq!(again.changes.len(), 1);
    assert_eq!(Some(&again.changes[0].target.id), id.as_ref());
    let proof = desk.proof(&done).await;
    assert_eq!(proof.how, "not among 1 session open now");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn many_go_together_and_each_row_tells_for_itself() {
    let desk = Desk::of(busy(contoso(), 240));
    let planned = desk.plan("delete_sessions", ALEX).await;
    assert!(planned.changes.len() > 240, "{}", planned.changes.len());
    // One is gone by then.
    let gone = planned.changes[7].target.id.clone();
    desk.by_hand(|alex| {
        alex.sessions.remove(&gone);
    });
    let done = desk.applied_together(&planned.changes).await;
    assert_eq!(
        desk.writes(),
        ["DELETE /services/data/v66.0/composite/sobjects"; 2],
        "200 a call"
    );
    assert_eq!(done[7].outcome.kind, OutcomeKind::AlreadyDone);
    assert!(done.iter().all(|each| each.outcome.kind.is_good()));
    assert_eq!(live(&desk), 0);
    for each in [&done[0], &done[7], done.last().unwrap()] {
        assert_eq!(desk.proof(each).await.state, ProofState::Proven);
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_many_are_refused_as_such_they_go_one_by_one() {
    let world = busy(contoso(), 20)
        .with_salesforce(|salesforce| salesforce.settings.composite_takes_sessions = false);
    let desk = Desk::of(world);
    let planned = desk.plan("delete_sessions", ALEX).await;
    let done = desk.applied_together(&planned.changes).await;
    assert!(done.iter().all(|each| each.outcome.kind.is_good()));
    assert_eq!(desk.writes().len(), 1 + planned.changes.len());
    assert_eq!(live(&desk), 0);
    // Row by row the same.
    let desk = Desk::of(busy(contoso(), 20));
    let planned = desk.plan("delete_sessions", ALEX).await;
    let rows: Vec<_> = planned
        .changes
        .iter()
        .map(|_| json!({ "success": false, "errors": [{ "statusCode": "INVALID_TYPE" }] }))
        .collect();
    let body = json!(rows).to_string();
    desk.fault(
        "DELETE",
        "/composite/",
        FaultKind::Status { code: 200, body },
    );
    let done = desk.applied_together(&planned.changes).await;
    assert!(done.iter().all(|each| each.outcome.kind.is_good()));
    assert_eq!(live(&desk), 0);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_refused_fails_alone_and_one_that_is_not_answered_is_in_doubt() {
    let desk = Desk::of(busy(contoso(), 20));
    let planned = desk.plan("delete_sessions", ALEX).await;
    let rows = planned.changes.iter().enumerate().map(|(n, change)| {
        let id = &change.target.id;
        match n {
            0 => json!({ "success": false, "errors": [{
                "statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no" }] }),
            _ => json!({ "id": id, "success": true, "errors": [] }),
        }
    });
    let mut rows: Vec<_> = rows.collect();
    let body = json!(rows).to_string();
    desk.fault(
        "DELETE",
        "/composite/",
        FaultKind::Status { code: 200, body },
    );
    let done = desk.applied_together(&planned.changes).await;
    let (why, hint) = failure(&done[0].outcome);
    assert!(why.contains("may not do this"), "{why}");
    assert!(hint.contains("oust runs resume"), "{hint}");
    assert_eq!(done[1].outcome.kind, OutcomeKind::Done);
    // The answer was untrue: only the list proves.
    assert_eq!(desk.proof(&done[1]).await.state, ProofState::Refuted);
    rows.pop();
    rows.remove(0);
    let body = json!(rows).to_string();
    desk.fault(
        "DELETE",
        "/composite/",
        FaultKind::Status { code: 200, body },
    );
    let done = desk.applied_together(&planned.changes).await;
    for silent in [&done[0], done.last().unwrap()] {
        let kind = &silent.outcome.kind;
        assert!(matches!(kind, OutcomeKind::InDoubt { .. }), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_call_without_an_answer_leaves_all_in_doubt_and_repeats_none() {
    for kind in [FaultKind::CutAfterEffect, FaultKind::Html502] {
        let desk = Desk::of(busy(contoso(), 20));
        let planned = desk.plan("delete_sessions", ALEX).await;
        desk.fault("DELETE", "/composite/", kind.clone());
        let done = desk.applied_together(&planned.changes).await;
        assert_eq!(desk.writes().len(), 1, "{kind}");
        for each in &done {
            let outcome = &each.outcome.kind;
            assert!(
                matches!(outcome, OutcomeKind::InDoubt { .. }),
                "{kind} {outcome:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_composite_call_fails_all_in_words() {
    let desk = Desk::of(busy(contoso(), 20));
    let planned = desk.plan("delete_sessions", ALEX).await;
    let body = salesforce_error("INSUFFICIENT_ACCESS_OR_READONLY", "no");
    desk.fault(
        "DELETE",
        "/composite/",
        FaultKind::Status { code: 403, body },
    );
    let done = desk.applied_together(&planned.changes).await;
    assert_eq!(desk.writes().len(), 1);
    for each in &done {
        let (why, _) = failure(&each.outcome);
        assert!(why.contains("may not do this"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_no_session_is_shown_and_that_is_not_none() {
    let desk = Desk::of(contoso().salesforce_without_permission("ManageUsers"));
    for verb in ["delete_sessions", "freeze_user"] {
        match desk.plan(verb, ALEX).await.skip {
            Some(Skip::Unread { why }) => assert!(why.contains("Manage Users"), "{verb}: {why}"),
            other => panic!("{verb}: {other:?}"),
        }
    }
    let desk = Desk::of(contoso().salesforce_user(KIM, |kim| kim.sessions.clear()));
    match desk.plan("delete_sessions", KIM).await.skip {
        Some(Skip::NothingSelected { why }) => assert_eq!(why, "has no open session"),
        other => panic!("{other:?}"),
    }
    // Whether it is none cannot be told: then it is not.
    let desk = Desk::of(contoso().salesforce_user(KIM, |kim| kim.sessions.clear()));
    let body = salesforce_error("INVALID_TYPE", "sObject type is not supported.");
    desk.org.range().faults.add(Fault {
        method: Some("GET".into()),
        path_contains: "/query".into(),
        nth: Some(2),
        times: Some(1),
        kind: FaultKind::Status { code: 400, body },
    });
    match desk.plan("delete_sessions", KIM).await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("could not be read"), "{why}"),
        other => panic!("{other:?}"),
    }
}
