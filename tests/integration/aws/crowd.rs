//! Many who share a role: one write for all, one read that proves each, and each in words of his own.

use std::time::Duration;

use oust::model::{Change, OutcomeKind};
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{OURS, contoso, settings};
use crate::crowd_desk::{is_done, is_in_doubt, login};
use crate::okta::desk::failure;
use crate::service::ServiceDesk;

use oust_mocks::aws::PRODUCTION;

/// As many as there is room for in a role.
const MANY: usize = 30;

/// Far more than there is room for.
const TOO_MANY: usize = 400;

/// The roles that Contoso's people sign in to at production.
const ROLES: usize = 2;

fn desk(world: World) -> ServiceDesk {
    ServiceDesk::of(world, "aws", |org| settings(org, PRODUCTION))
}

impl ServiceDesk {
    async fn denials(&self, n: usize) -> Vec<Vec<Change>> {
        let who = self.who_of(n).await;
        let changes = self.changes_for("deny_sessions", &who).await;
        assert!(changes.iter().all(|own| own.len() == ROLES));
        changes
    }
}

#[tokio::test(start_paused = true)]
async fn many_are_denied_by_one_write_a_role_and_proven_by_one_read_of_it() {
    let desk = desk(contoso().crowd_at_services(MANY));
    let before = desk.digest();
    let changes = desk.denials(MANY).await;
    assert_eq!(desk.requests("ListRoles"), 2, "to look up and to plan");
    assert_eq!(desk.digest(), before, "planning changed something");

    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        assert!(is_done(each), "{:?}", each.outcome);
        assert_eq!(each.outcome.receipts.len(), 1);
    }
    assert_eq!(desk.writes(), ["POST /iam/PutRolePolicy"; ROLES]);

    let reads = desk.requests("GetRolePolicy");
    for proof in desk.proofs(&done).await {
        assert!(proof.how.contains("denies no other session"), "{proof:?}");
    }
    assert_eq!(desk.requests("GetRolePolicy") - reads, ROLES);

    // Half of them are given back: the others stay out.
    let (half, rest) = done.split_at(MANY);
    let undo: Vec<Vec<Change>> = half.iter().map(|each| desk.inverse(each)).collect();
    let undone = desk.applied_side_by_side(&undo).await;
    assert!(undone.iter().all(is_done));
    assert_eq!(desk.writes().len(), 2 * ROLES);
    assert_eq!(desk.proven(&undone).await, MANY);
    assert_eq!(desk.proven(rest).await, MANY);
    let undo: Vec<Vec<Change>> = rest.iter().map(|each| desk.inverse(each)).collect();
    let undone = desk.applied_side_by_side(&undo).await;
    assert_eq!(desk.proven(&undone).await, MANY);
    assert_eq!(desk.digest(), before, "not as it was");
}

#[tokio::test(start_paused = true)]
async fn those_for_whom_there_is_no_room_are_told_so_and_keep_nobody_else_in() {
    let desk = desk(contoso().crowd_at_services(TOO_MANY));
    let changes = desk.denials(TOO_MANY).await;
    let done = desk.applied_side_by_side(&changes).await;
    let (denied, left): (Vec<_>, Vec<_>) = done.into_iter().partition(is_done);
    assert!(denied.len() >= ROLES * 150, "{}", denied.len());
    assert!(!left.is_empty());
    for each in &left {
        let (why, hint) = failure(&each.outcome);
        assert!(why.contains("has room for"), "{why}");
        assert!(hint.contains("Revoke sessions"), "{hint}");
    }
    assert_eq!(desk.proven(&denied).await, denied.len());
    assert_eq!(desk.proven(&left).await, 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_write_for_many_that_was_cut_off_nobody_is_done_until_it_is_read() {
    let desk = desk(contoso().crowd_at_services(MANY));
    let changes = desk.denials(MANY).await;
    desk.fault("POST", "PutRolePolicy", FaultKind::CutAfterEffect);
    let done = desk.applied_side_by_side(&changes).await;
    let in_doubt = done.iter().filter(|each| is_in_doubt(each)).count();
    assert_eq!(in_doubt, MANY, "all of the one role");
    assert_eq!(done.iter().filter(|each| is_done(each)).count(), MANY);
    assert_eq!(desk.writes().len(), ROLES, "nothing is sent twice");
    assert_eq!(desk.proven(&done).await, ROLES * MANY);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_one_write_is_told_to_each_and_it_is_not_sent_for_each() {
    let world = contoso().crowd_at_services(MANY);
    let desk = desk(world.aws_without_permission("iam:PutRolePolicy"));
    let changes = desk.denials(MANY).await;
    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        let (why, hint) = failure(&each.outcome);
        assert!(why.contains("iam:PutRolePolicy"), "{why}");
        assert!(hint.contains("resume"), "{hint}");
    }
    assert_eq!(desk.writes().len(), ROLES);
}

/// AWS does not say whom of them it minds.
#[tokio::test(start_paused = true)]
async fn one_whom_aws_does_not_take_keeps_nobody_else_from_being_denied() {
    let bad = login(7);
    let world = contoso().crowd_at_services(MANY);
    let desk = desk(world.with_aws(|aws| aws.settings.minds = Some(bad.clone())));
    let changes = desk.denials(MANY).await;
    let done = desk.applied_side_by_side(&changes).await;
    let (denied, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(is_done);
    assert_eq!(refused.len(), ROLES);
    for each in &refused {
        assert!(each.change.target.id.ends_with(&bad), "{each:?}");
        let (why, _) = failure(&each.outcome);
        assert!(why.contains("does not take the policy"), "{why}");
    }
    assert_eq!(desk.proven(&denied).await, ROLES * (MANY - 1));
    assert_eq!(desk.proven(&refused).await, 0);
    let writes = desk.writes().len();
    assert!(writes <= ROLES * 12, "{writes}: by halves, not each alone");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_smaller_than_we_know_of_is_filled_as_far_as_it_goes() {
    let world = contoso().crowd_at_services(MANY);
    let desk = desk(world.with_aws(|aws| aws.settings.inline_max = 1_200));
    let changes = desk.denials(MANY).await;
    let done = desk.applied_side_by_side(&changes).await;
    let (denied, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(is_done);
    assert!(denied.len() >= ROLES * 10, "{}", denied.len());
    assert_eq!(desk.proven(&denied).await, denied.len());
    assert!(!refused.is_empty());
    for each in &refused {
        assert!(failure(&each.outcome).0.contains("quota"), "{each:?}");
    }
}

/// The first write is refused for somebody else's sake, who takes all the room meanwhile.
#[tokio::test(start_paused = true)]
async fn of_a_write_that_was_refused_nobody_is_done_when_there_is_no_room_for_another() {
    let world = contoso().crowd_at_services(MANY);
    let desk = desk(world.with_aws(|aws| aws.settings.conflicts = 2 * 4));
    let changes = desk.denials(MANY).await;
    let others = async {
        while desk.writes().len() < ROLES {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut range = desk.org.range();
        let account = range.aws.accounts.get_mut(PRODUCTION).unwrap();
        for role in account.roles.values_mut() {
            let filler = format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(10_200));
            role.inline.insert("filler".into(), filler);
        }
    };
    let (done, ()) = tokio::join!(desk.applied_side_by_side(&changes), others);
    for each in &done {
        assert!(
            failure(&each.outcome).0.contains("has room for"),
            "{each:?}"
        );
    }
    assert_eq!(desk.effects(), 0);
}

/// His own statement is too old to do, and the one about many lists him as well.
#[tokio::test(start_paused = true)]
async fn a_session_that_two_statements_list_is_given_back_once() {
    let desk = desk(contoso().crowd_at_services(MANY));
    let before = desk.digest();
    let first = desk.denials(1).await;
    assert!(desk.applied_together(&first[0]).await.iter().all(is_done));
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    let changes = desk.denials(MANY).await;
    let done = desk.applied_side_by_side(&changes).await;
    assert!(done.iter().all(is_done));

    let who = desk.who_of(MANY).await;
    let undo = desk.changes_for("allow_sessions", &who).await;
    assert!(undo.iter().all(|own| own.len() == ROLES), "{undo:#?}");
    desk.applied_side_by_side(&undo).await;
    assert_eq!(desk.digest(), before, "not as it was");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_not_ours_is_left_whoever_asks() {
    let desk = desk(contoso().crowd_at_services(MANY));
    let changes = desk.denials(MANY).await;
    let foreign = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Theirs" }] });
    {
        let mut range = desk.org.range();
        let account = range.aws.accounts.get_mut(PRODUCTION).unwrap();
        let admin = account.roles.get_mut("Admin").unwrap();
        admin.inline.insert(OURS.into(), foreign.to_string());
    }
    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        match each.change.target.label.ends_with("Admin") {
            true => assert!(failure(&each.outcome).0.contains("not ours")),
            false => assert_eq!(each.outcome.kind, OutcomeKind::Done),
        }
    }
    assert_eq!(desk.writes().len(), 1);
}
