//! Stories at Slack: who is who, sessions ended and proven by an error, members deactivated.

use oust::model::{Identity, KeyKind, OutcomeKind, ProofState, Select, Skip};
use oust_mocks::slack::TOKEN;
use oust_mocks::{FaultKind, World};
use serde_json::json;

use crate::okta::desk::failure;
use crate::samples;
use crate::service::ServiceDesk;
use crate::wire::now_ms;

const ALEX: &str = "alex@contoso.example";

pub(crate) fn desk(world: World) -> ServiceDesk {
    ServiceDesk::of(world, "slack", |org| {
        json!({
            "token": org.secret(TOKEN),
            "api_url": "{base}/slack/api",
            "scim_url": "{base}/slack/scim",
        })
    })
}

fn contoso() -> World {
    World::contoso(now_ms())
}

#[tokio::test(start_paused = true)]
async fn sessions_end_everywhere_and_the_error_that_says_so_is_the_proof() {
    let desk = desk(contoso());
    let before = desk.digest();
    let change = desk.change("reset_sessions", ALEX).await;
    assert_eq!(desk.digest(), before, "planning changed something");
    assert!(!desk.org.range().holds(ALEX).is_empty());

    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    let member = desk.org.range().slack.member(ALEX).unwrap().clone();
    assert!(member.sessions.is_empty());

    desk.apply(&change).await;
    assert_eq!(desk.effects(), 1, "the second reset changed nothing");
}

#[tokio::test(start_paused = true)]
async fn a_session_opened_after_the_reset_refutes_it() {
    let desk = desk(contoso());
    let change = desk.change("reset_sessions", ALEX).await;
    let done = desk.applied(&change).await;
    let id = desk.id(ALEX).await;
    let at = desk.org.at_ms();
    let again = desk
        .org
        .range()
        .slack
        .sign_in(&id, "T01GENERAL1", "203.0.113.66", true, at);
    assert!(again.is_some());
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
    assert!(proof.how.contains("sessions are listed"), "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn above_twenty_subjects_one_call_stands_for_all_and_each_is_proven_by_his_own_list() {
    let mut desk = desk(contoso());
    desk.case.subjects = (0..21)
        .map(|n| samples::subject(&format!("00u{n}"), "x"))
        .collect();
    let people = ["alex", "robin", "sam"].map(|name| format!("{name}@contoso.example"));
    let mut changes = Vec::new();
    for login in &people {
        changes.push(desk.change("reset_sessions", login).await);
    }
    let outcomes = futures_util::future::join_all(changes.iter().map(|c| desk.applied(c))).await;
    assert_eq!(
        desk.writes(),
        ["POST /api/admin.users.session.resetBulk"],
        "one call for all"
    );
    for done in &outcomes {
        assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    }
    let early = desk.proof(&outcomes[0]).await;
    assert_eq!(early.state, ProofState::Pending, "queued is not done");
    desk.org.wait(120).await;
    for done in &outcomes {
        assert!(desk.is_proven(done).await, "{}", done.change.target.label);
    }
}

#[tokio::test(start_paused = true)]
async fn one_whom_slack_refuses_keeps_no_other_in() {
    let mut desk = desk(contoso().slack_primary_owner("sam@contoso.example"));
    desk.case.subjects = (0..21)
        .map(|n| samples::subject(&format!("00u{n}"), "x"))
        .collect();
    let alex = desk.change("reset_sessions", ALEX).await;
    let sam = desk.change("reset_sessions", "sam@contoso.example").await;
    let (alex, sam) = futures_util::future::join(desk.applied(&alex), desk.applied(&sam)).await;
    assert_eq!(alex.outcome.kind, OutcomeKind::Done);
    let (why, hint) = failure(&sam.outcome);
    assert!(why.contains("primary owner"), "{why}");
    assert!(hint.contains("himself"), "{hint}");
    assert!(desk.is_proven(&alex).await);
}

#[tokio::test(start_paused = true)]
async fn plan_role_scope_and_token_are_each_refused_in_their_own_words() {
    for (world, what, next) in [
        (
            contoso().slack_without_enterprise(),
            "Enterprise",
            "deactivate",
        ),
        (
            contoso().slack_installer_lost_role(),
            "no owner or admin",
            "install the app again",
        ),
        (
            contoso().slack_without_scope("admin.users:write"),
            "admin.users:write",
            "add the scope",
        ),
    ] {
        let desk = desk(world);
        let change = desk.change("reset_sessions", ALEX).await;
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(why.contains(what), "{why}");
        assert!(hint.contains(next), "{hint}");
    }
    let revoked = desk(contoso().slack_token_revoked());
    let Identity::Unread { why } = revoked.who(ALEX).await else {
        panic!("a revoked token found somebody")
    };
    assert!(why.contains("token_revoked"), "{why}");
    assert!(!why.contains(TOKEN));
}

#[tokio::test(start_paused = true)]
async fn the_member_is_found_by_id_address_or_scim_and_never_by_half_a_name() {
    for world in [contoso(), contoso().slack_lookup_restricted()] {
        let desk = desk(world);
        let id = desk.id(ALEX).await;
        let by_id = desk.who_by(&[(KeyKind::Id, &id)]).await;
        assert_eq!(by_id, Identity::Found { id });
        assert_eq!(desk.who("ale").await, Identity::NoAccount);
        assert_eq!(
            desk.who("nobody@contoso.example").await,
            Identity::NoAccount
        );
    }
    let gone = desk(contoso().without_account("slack", ALEX));
    assert_eq!(gone.who(ALEX).await, Identity::NoAccount);
    let two = desk(contoso().slack_lookup_restricted().same_mail(
        "slack",
        ALEX,
        "robin@contoso.example",
    ));
    let Identity::Ambiguous { candidates } = two.who(ALEX).await else {
        panic!("one of two was taken")
    };
    assert_eq!(candidates.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn deactivation_is_read_back_undone_and_touches_nobody_else() {
    let desk = desk(contoso());
    let before = desk.digest();
    let change = desk.change("deactivate_user", ALEX).await;
    let done = desk.applied(&change).await;
    assert!(desk.is_proven(&done).await);
    let chain = desk.inverse(&done);
    let undone = desk.applied(&chain[0]).await;
    assert!(desk.is_proven(&undone).await);
    assert!(!desk.is_proven(&done).await, "taken back by hand");
    assert_ne!(desk.digest(), before, "sessions do not come back");
    let written = desk.writes();
    assert!(
        written.iter().all(|line| line.ends_with(&change.target.id)),
        "{written:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deactivated_member_has_nothing_to_reset() {
    let desk = desk(contoso().slack_member(ALEX, |member| member.active = false));
    let planned = desk.plan("reset_sessions", ALEX, Select::All).await;
    assert!(
        matches!(planned.skip, Some(Skip::NothingSelected { .. })),
        "{planned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_off_after_its_effect_is_in_doubt_and_the_list_tells() {
    let desk = desk(contoso());
    let change = desk.change("reset_sessions", ALEX).await;
    desk.fault("POST", "session.reset", FaultKind::CutAfterEffect);
    let done = desk.applied(&change).await;
    assert!(matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }));
    assert!(desk.is_proven(&done).await);
}

#[tokio::test(start_paused = true)]
async fn our_own_member_is_told_so_that_nobody_contains_it() {
    let desk = desk(contoso());
    let own = desk.system.connector.own_ids(&desk.reader).await.unwrap();
    let id = desk.id(ALEX).await;
    assert_eq!(own.len(), 1);
    assert_ne!(own[0], id);
}
