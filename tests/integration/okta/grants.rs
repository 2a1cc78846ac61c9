//! Rights given within the window: roles and groups go, and come back by the inverse.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::okta::state::Role;
use oust_mocks::world::{ALEX, QUARANTINE_GROUP};
use oust_mocks::{FaultKind, Request, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

const PRIYAS_TOKEN: &str = "SSWS 00TerraformSecret0000000000000000000000mock";

fn role(id: &str, kind: &str, assignment: &str, created_ms: i64) -> Role {
    Role {
        id: id.into(),
        kind: kind.into(),
        assignment: assignment.into(),
        created_ms,
    }
}

/// Another administrator, or the intruder through him, puts alex into a group.
fn joins(desk: &Desk, group: &str) {
    let path = format!("/api/v1/groups/{group}/users/{ALEX}");
    let request = Request::new("PUT", &path).with_header("authorization", PRIYAS_TOKEN);
    let at = desk.org.at_ms();
    let reply = desk.org.range().handle("okta", &request, at);
    assert_eq!(reply.answer().unwrap().status, 204);
}

#[tokio::test(start_paused = true)]
async fn roles_of_the_window_are_removed_and_given_back_unless_they_may_be_scoped() {
    let recent = now_ms() - 600_000;
    let desk = Desk::of(World::contoso(now_ms()).user(ALEX_LOGIN, |alex| {
        for (id, kind, assignment) in [
            ("ra1org", "ORG_ADMIN", "USER"),
            ("ra1app", "APP_ADMIN", "USER"),
            ("ra1grp", "REPORT_ADMIN", "GROUP"),
        ] {
            alex.roles
                .insert(id.into(), role(id, kind, assignment, recent));
        }
    }));
    let others = desk.others(ALEX_LOGIN);
    let planned = desk
        .plan_selecting(
            "remove_admin_roles",
            ALEX_LOGIN,
            json!({}),
            Select::InWindow,
        )
        .await;
    let labels: Vec<&str> = planned
        .changes
        .iter()
        .map(|c| c.target.label.as_str())
        .collect();
    assert_eq!(labels, ["APP_ADMIN", "ORG_ADMIN"]);
    let by_group = planned
        .kept
        .iter()
        .find(|kept| kept.target.id == "ra1grp")
        .unwrap();
    assert!(
        by_group.suspect && by_group.why.contains("group"),
        "{by_group:?}"
    );

    let app = desk.applied(&planned.changes[0]).await;
    let org = desk.applied(&planned.changes[1]).await;
    for proof in desk.prove(&[app.clone(), org.clone()]).await {
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
    assert_eq!(
        desk.apply(&planned.changes[1]).await.kind,
        OutcomeKind::AlreadyDone
    );
    let scoped = desk.okta.system.connector.inverse(&app);
    assert!(matches!(scoped, Err(CannotUndo::Never(_))), "{scoped:?}");
    let back = desk.applied(&desk.inverse(&org)[0]).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(
        desk.proof(&org).await.state,
        ProofState::Proven,
        "the new one has a new id"
    );
    let again = desk.apply(&desk.inverse(&org)[0]).await;
    assert_eq!(again.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.others(ALEX_LOGIN), others);
}

#[tokio::test(start_paused = true)]
async fn groups_joined_within_the_window_are_left_and_joined_again_by_the_inverse() {
    let more = json!({ "quarantine_group": QUARANTINE_GROUP });
    let world = World::contoso(now_ms()).user(ALEX_LOGIN, |alex| {
        alex.groups.remove("00gAwsAdmins000005d7");
    });
    let desk = Desk::configured(world, &more);
    joins(&desk, "00gAwsAdmins000005d7");
    joins(&desk, QUARANTINE_GROUP);
    desk.org.wait(1).await;
    let with_groups = desk.org.range().okta.user_digest(ALEX);
    let planned = desk
        .plan_selecting(
            "remove_group_memberships",
            ALEX_LOGIN,
            json!({}),
            Select::InWindow,
        )
        .await;
    assert_eq!(planned.changes.len(), 1, "{planned:?}");
    assert_eq!(planned.changes[0].target.id, "00gAwsAdmins000005d7");
    assert!(
        planned
            .kept
            .iter()
            .any(|kept| kept.target.id == QUARANTINE_GROUP)
    );
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let back = desk.applied(&desk.inverse(&done)[0]).await;
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    assert_eq!(desk.org.range().okta.user_digest(ALEX), with_groups);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_puts_him_back_is_seen_and_an_unread_log_selects_nothing() {
    let desk = Desk::of(World::contoso(now_ms()).with(|okta| {
        okta.groups.get_mut("00gEngineering0005d7").unwrap().by_rule = true;
    }));
    let listed = json!({ "ids": ["00gEngineering0005d7"] });
    let planned = desk
        .plan_selecting(
            "remove_group_memberships",
            ALEX_LOGIN,
            listed,
            Select::Listed,
        )
        .await;
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);

    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    let planned = desk
        .plan_selecting(
            "remove_group_memberships",
            ALEX_LOGIN,
            json!({}),
            Select::InWindow,
        )
        .await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
}
