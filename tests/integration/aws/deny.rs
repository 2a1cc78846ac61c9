//! Denying, whole and in parts: what is found, what is written, what proves it, and what is spared.

use oust::model::{OutcomeKind, ProofState, Select};
use oust_mocks::FaultKind;
use oust_mocks::aws::DEVELOPMENT;
use serde_json::json;

use super::desk::{ALEX, Desk, contoso, in_role};
use crate::okta::desk::failure;

#[tokio::test(start_paused = true)]
async fn a_stolen_identity_is_denied_in_every_role_and_nobody_else_is_touched() {
    let desk = Desk::of(contoso().aws_namesake(ALEX));
    let before = desk.digest();
    let changes = desk.changes().await;
    let labels: Vec<&String> = changes.keys().collect();
    assert_eq!(
        labels,
        [
            &in_role(ALEX, "Admin"),
            &in_role(ALEX, "ReadOnly"),
            &in_role("ops-nightly", "Deploy"),
        ],
        "a machine and a partner's man bear his name in other roles"
    );
    assert_eq!(desk.digest(), before);
    assert_eq!(desk.writes(), Vec::<String>::new(), "planning wrote");

    let done = desk.contained().await;
    for each in &done {
        let (state, how) = desk.state(each).await;
        assert_eq!(state, ProofState::Proven);
        assert!(how.contains("denies no other session"), "{how}");
    }
    let alive = desk.alive();
    assert!(!alive.contains(&in_role(ALEX, "Admin")), "{alive:?}");
    assert!(
        !alive.contains(&in_role("ops-nightly", "Deploy")),
        "{alive:?}"
    );

    desk.released(&done).await;
    assert_eq!(desk.digest(), before, "not as it was");
}

/// What this account cannot end is told, each with what to do.
#[tokio::test(start_paused = true)]
async fn what_lies_beyond_is_told_and_left() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let kept: Vec<String> = planned
        .kept
        .iter()
        .map(|kept| format!("{}: {}", kept.target.label, kept.why))
        .collect();
    let told = kept.join("\n");
    assert!(planned.kept.iter().all(|kept| kept.suspect));
    assert!(told.contains("block the user at Identity Center"), "{told}");
    assert!(
        told.contains(&format!("{DEVELOPMENT} AuditReader as audit-nightly")),
        "{told}"
    );
    assert_eq!(planned.skip, None);

    let desk = desk.moved_to(DEVELOPMENT);
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    let kept: Vec<&str> = planned.kept.iter().map(|kept| kept.why.as_str()).collect();
    assert!(
        kept.iter().any(|why| why.contains("which may be his")),
        "{kept:?}"
    );
    let labels: Vec<&str> = planned
        .changes
        .iter()
        .map(|change| change.target.label.as_str())
        .collect();
    assert_eq!(labels, [in_role(ALEX, "Developer")]);
}

/// The trail is minutes late: a session that it does not show yet is met by name, and one that
/// begins with an assertion that is still good is met by the margin.
#[tokio::test(start_paused = true)]
async fn a_session_that_the_trail_does_not_show_is_denied_too() {
    let desk = Desk::of(contoso().with_aws(|aws| aws.settings.trail_lag_ms = i64::from(i32::MAX)));
    let changes = desk.changes().await;
    assert!(changes.contains_key(&in_role(ALEX, "Admin")), "{changes:?}");
    let admin = &changes[&in_role(ALEX, "Admin")];
    assert!(
        admin.sentence.contains("if there is such a session"),
        "{}",
        admin.sentence
    );
    let done = desk.applied(admin).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(!desk.alive().contains(&in_role(ALEX, "Admin")));
    let until = desk.ours("Admin").unwrap()["Statement"][0]["Condition"]["DateLessThan"]
        ["aws:TokenIssueTime"]
        .clone();
    assert_eq!(until, json!("2026-03-10T15:10:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_name_in_another_case_is_another_session_and_both_are_his() {
    let shouting = "Alex@Contoso.example";
    let desk = Desk::of(contoso().with_aws(|aws| {
        for session in aws.sessions.values_mut().filter(|one| one.name == ALEX) {
            if session.intruder && session.role == "Admin" {
                session.name = shouting.into();
            }
        }
        for account in aws.accounts.values_mut() {
            for event in &mut account.trail {
                let made = &event.record["responseElements"]["assumedRoleUser"];
                let text = event.record.to_string();
                let in_admin = made["arn"]
                    .as_str()
                    .is_some_and(|arn| arn.contains("/Admin/"));
                if in_admin && text.contains("203.0.113.66") {
                    let text = text.replace(&format!(":{ALEX}"), &format!(":{shouting}"));
                    event.record = serde_json::from_str(&text).unwrap();
                }
            }
        }
    }));
    let labels: Vec<String> = desk.changes().await.into_keys().collect();
    for (name, role) in [(ALEX, "Admin"), (shouting, "Admin"), (shouting, "ReadOnly")] {
        assert!(labels.contains(&in_role(name, role)), "{labels:?}");
    }
    desk.contained().await;
    let alive = desk.alive();
    assert!(!alive.contains(&in_role(ALEX, "Admin")), "{alive:?}");
    assert!(!alive.contains(&in_role(shouting, "Admin")), "{alive:?}");
    let his = desk.ours("Admin").unwrap();
    assert_eq!(
        his["Statement"].as_array().unwrap().len(),
        1,
        "one statement a subject"
    );
}

#[tokio::test(start_paused = true)]
async fn twice_changes_once_and_what_is_taken_back_by_hand_is_noticed() {
    let desk = Desk::of(contoso());
    let change = desk.in_admin().await;
    let done = desk.applied(&change).await;
    let after = desk.ours("Admin");
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.ours("Admin"), after);
    assert_eq!(desk.effects(), 1);
    assert!(desk.is_proven(&done).await);

    desk.put("Admin", "OustRevoke", None);
    assert_eq!(desk.state(&done).await.0, ProofState::Refuted);
    assert_eq!(desk.applied(&change).await.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&done).await);
}

/// Another incident hours later: the cut-off moves forward, and the older one moves nothing back.
#[tokio::test(start_paused = true)]
async fn a_cut_off_moves_forward_and_never_back() {
    let desk = Desk::of(contoso());
    let first = desk.in_admin().await;
    assert_eq!(desk.apply(&first).await.kind, OutcomeKind::Done);
    let until = |desk: &Desk| {
        desk.ours("Admin").unwrap()["Statement"][0]["Condition"]["DateLessThan"].to_string()
    };
    let early = until(&desk);
    desk.org.wait(3_600).await;
    let later = desk.in_admin().await;
    let done = desk.applied(&later).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done, "it had run out");
    assert!(until(&desk) > early, "{early}");
    // What was denied before this run stays denied after it.
    let answer = desk.system.connector.inverse(&done);
    assert_eq!(answer, Err(oust::connector::CannotUndo::NotOurs));
}

/// Whoever may not ask the simulator is told what the proof rests on.
#[tokio::test(start_paused = true)]
async fn without_the_simulator_the_statement_alone_proves_and_says_so() {
    let desk = Desk::of(contoso().aws_without_permission("iam:SimulatePrincipalPolicy"));
    let done = desk.applied(&desk.in_admin().await).await;
    let (state, how) = desk.state(&done).await;
    assert_eq!(state, ProofState::Proven);
    assert!(how.contains("by the statement alone"), "{how}");
    assert!(how.contains("iam:SimulatePrincipalPolicy"), "{how}");
}

/// After every answer that may be lost: read, write, read back.
#[tokio::test(start_paused = true)]
async fn a_crash_after_any_call_is_found_out_by_reading() {
    for kind in [FaultKind::CutAfterEffect, FaultKind::TimeoutAfter] {
        let desk = Desk::of(contoso());
        let change = desk.in_admin().await;
        desk.fault("POST", "/iam/PutRolePolicy", kind.clone());
        let done = desk.applied(&change).await;
        assert!(
            matches!(done.outcome.kind, OutcomeKind::InDoubt { .. }),
            "{done:?}"
        );
        assert!(desk.is_proven(&done).await, "{kind:?}");
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
        assert_eq!(desk.effects(), 1, "{kind:?}");
        // It is this run's, although nobody was told that it was done.
        assert_eq!(desk.inverse(&done).len(), 1);
    }
    for path in [
        "/iam/GetRolePolicy",
        "/iam/GetRole",
        "/iam/ListRolePolicies",
    ] {
        let desk = Desk::of(contoso());
        let change = desk.in_admin().await;
        desk.fault("POST", path, FaultKind::Forbidden403);
        let (why, _) = failure(&desk.apply(&change).await);
        assert!(why.contains("nothing was written"), "{why}");
        assert_eq!(desk.effects(), 0);
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "resumed");
    }
}

/// AWS says yes and shows the old policy: somebody wrote in between. Whoever asked reads it back and
/// asks again.
#[tokio::test(start_paused = true)]
async fn a_lost_update_is_noticed_and_no_yes_is_believed() {
    let desk = Desk::of(contoso());
    let change = desk.in_admin().await;
    desk.fault("POST", "/iam/PutRolePolicy", FaultKind::LieOk);
    let lost = desk.applied(&change).await;
    let kind = &lost.outcome.kind;
    assert!(matches!(kind, OutcomeKind::InDoubt { .. }), "{kind:?}");
    assert_eq!(lost.outcome.receipts.len(), 1, "it was sent once");
    assert_eq!(desk.effects(), 0);
    assert!(!desk.is_proven(&lost).await);

    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(desk.is_proven(&done).await);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_going_on_is_waited_for() {
    let desk = Desk::of(contoso().with_aws(|aws| aws.settings.conflicts = 2));
    let done = desk.applied(&desk.in_admin().await).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let desk = Desk::of(contoso().with_aws(|aws| aws.settings.conflicts = 9));
    let (why, _) = failure(&desk.apply(&desk.in_admin().await).await);
    assert!(why.contains("ConcurrentModification"), "{why}");
    assert_eq!(desk.effects(), 0);
}
