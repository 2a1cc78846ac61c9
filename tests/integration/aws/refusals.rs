//! What stands in the way, each with words of its own; and one account that never stops another.

use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::FaultKind;
use oust_mocks::aws::{DEVELOPMENT, PRODUCTION};
use serde_json::{Value, json};

use super::desk::{ALEX, Desk, OURS, contoso, in_role};
use crate::okta::desk::failure;

/// A policy of our name with somebody else's words in it is never written to, and said.
#[tokio::test(start_paused = true)]
async fn a_foreign_policy_of_our_name_is_left_alone() {
    let theirs = json!({ "Version": "2012-10-17", "Statement": {
        "Sid": "KeepOut", "Effect": "Deny", "Action": "iam:*", "Resource": "*",
    }});
    let ours_and_more = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Oust00u9", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {
            "StringEquals": { "aws:userid": ["${aws:userid}"] },
            "DateLessThan": { "aws:TokenIssueTime": "2026-03-10T14:00:00Z" },
        },
    }]});
    for text in [theirs.to_string(), ours_and_more.to_string()] {
        let desk = Desk::of(contoso().aws_inline(PRODUCTION, "Admin", OURS, &text));
        let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
        let notes = planned.notes.join("\n");
        assert!(
            notes.contains("Admin has a policy OustRevoke that is not ours"),
            "{notes}"
        );
        let admin = planned
            .changes
            .iter()
            .find(|change| change.target.label.ends_with("Admin"));
        let done = desk.applied(admin.unwrap()).await;
        let (why, hint) = failure(&done.outcome);
        assert!(why.contains("not ours"), "{why}");
        assert!(hint.contains("copy it to another name"), "{hint}");
        assert_eq!(desk.ours("Admin").unwrap().to_string(), text);
        assert_eq!(desk.effects(), 0);
        assert_eq!(desk.state(&done).await.0, ProofState::Refuted);
        // The other roles are denied all the same.
        let others: Vec<_> = planned
            .changes
            .iter()
            .filter(|change| !change.target.label.ends_with("Admin"))
            .cloned()
            .collect();
        for done in desk.applied_together(&others).await {
            assert_eq!(done.outcome.kind, OutcomeKind::Done);
        }
    }
}

/// A full quota is no throttling: said with the figures, not repeated.
#[tokio::test(start_paused = true)]
async fn a_full_quota_is_told_before_it_is_filled() {
    let desk = Desk::of(contoso().aws_room(PRODUCTION, "Admin", 100));
    let change = desk.in_admin().await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("10240"), "{why}");
    assert!(hint.contains("managed"), "{hint}");
    assert_eq!(
        desk.writes(),
        Vec::<String>::new(),
        "measured before it was written"
    );

    // A smaller quota than we know of: AWS's own refusal, once.
    let desk = Desk::of(contoso().with_aws(|aws| aws.settings.inline_max = 200));
    let change = desk.in_admin().await;
    let (why, _) = failure(&desk.apply(&change).await);
    assert!(why.contains("quota"), "{why}");
    assert_eq!(desk.writes().len(), 1, "{:?}", desk.writes());
}

#[tokio::test(start_paused = true)]
async fn a_role_deleted_meanwhile_is_closed_by_absence() {
    let mut desk = Desk::of(contoso());
    let change = desk.in_admin().await;
    desk.org
        .range()
        .aws
        .accounts
        .get_mut(PRODUCTION)
        .unwrap()
        .roles
        .remove("Admin");
    desk.settle();
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    let (state, how) = desk.state(&done).await;
    assert_eq!(state, ProofState::Proven);
    assert!(how.contains("not there any more"), "{how}");
    assert_eq!(desk.writes(), Vec::<String>::new());
}

/// Somebody has put another role in its place: that one's sessions are not meant.
#[tokio::test(start_paused = true)]
async fn a_new_role_of_the_same_name_is_another_role() {
    let mut desk = Desk::of(contoso());
    let change = desk.in_admin().await;
    {
        let mut range = desk.org.range();
        let account = range.aws.accounts.get_mut(PRODUCTION).unwrap();
        account.roles.get_mut("Admin").unwrap().id = "AROAANOTHERADMIN00001".into();
    }
    desk.settle();
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.ours("Admin"), None);
    assert!(desk.is_proven(&done).await);
}

/// The account of production lets us do nothing; development is contained all the same.
#[tokio::test(start_paused = true)]
async fn one_account_that_refuses_does_not_stop_the_other() {
    let desk = Desk::of(contoso().aws_account_denies(PRODUCTION));
    let planned = desk.plan("deny_sessions", ALEX, Select::All);
    // Nobody can say who he is there: his name is the directory's word.
    let planned = planned.await;
    assert_eq!(planned.changes, []);
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );

    let desk = desk.moved_to(DEVELOPMENT);
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    for change in &planned.changes {
        let done = desk.applied(change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert!(desk.is_proven(&done).await);
    }
    assert!(!desk.alive().contains(&in_role(ALEX, "Developer")));
}

/// What is not allowed is named, and what can be done without it is done.
#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named() {
    let without = |right: &str| Desk::of(contoso().aws_without_permission(right));
    let desk = without("iam:PutRolePolicy");
    let change = desk.in_admin().await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(
        format!("{why} {hint}").contains("iam:PutRolePolicy"),
        "{why} {hint}"
    );

    let desk = without("cloudtrail:LookupEvents");
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    assert!(!planned.changes.is_empty(), "met by name");
    let Some(Skip::Unread { why }) = &planned.skip else {
        panic!("{planned:?}")
    };
    assert!(why.contains("cloudtrail:LookupEvents"), "{why}");

    let desk = without("iam:ListRoles");
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    assert_eq!(planned.changes, []);
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
}

/// Our own role may be the one that he was in: never touched, and said.
#[tokio::test(start_paused = true)]
async fn the_role_that_we_act_by_is_never_written_to() {
    let desk = Desk::of(contoso().with_aws(|aws| {
        let account = aws.accounts.get_mut(PRODUCTION).unwrap();
        let trust = account.roles["Admin"].trust["Statement"][0].clone();
        let ours = account.roles.get_mut("oust-responder").unwrap();
        ours.trust["Statement"].as_array_mut().unwrap().push(trust);
    }));
    let changes = desk.changes().await;
    assert!(
        !changes.keys().any(|label| label.contains("oust-responder")),
        "{changes:?}"
    );
    // Nor by a plan that somebody else made.
    let mut change = changes.into_values().next().unwrap();
    change.before["role"] = "oust-responder".into();
    let (why, _) = failure(&desk.apply(&change).await);
    assert!(why.contains("never touches"), "{why}");
    assert_eq!(desk.writes(), Vec::<String>::new());
}

/// A change whose target was tampered with gets into no document.
#[tokio::test(start_paused = true)]
async fn a_target_that_is_no_session_is_refused() {
    let desk = Desk::of(contoso());
    let mut change = desk.in_admin().await;
    let role = change.target.id.split(':').next().unwrap().to_owned();
    for odd in ["*", "${aws:username}", "al?x", "a", "", "alex*"] {
        change.target.id = format!("{role}:{odd}");
        let (why, _) = failure(&desk.apply(&change).await);
        assert!(why.contains("no session"), "{odd}: {why}");
    }
    change.target.id = "*:alex@contoso.example".into();
    failure(&desk.apply(&change).await);
    assert_eq!(desk.writes(), Vec::<String>::new());
}

/// More roles than are met by name: said, and those are done.
#[tokio::test(start_paused = true)]
async fn more_roles_than_are_met_by_name_are_told() {
    let desk = Desk::of(contoso().aws_roles(PRODUCTION, 60));
    let planned = desk.plan("deny_sessions", ALEX, Select::All).await;
    assert!(planned.changes.len() >= 40, "{}", planned.changes.len());
    let Some(Skip::Unread { why }) = &planned.skip else {
        panic!("{:?}", planned.skip)
    };
    assert!(why.contains("more roles may let him in"), "{why}");
    let labels: Vec<&str> = planned
        .changes
        .iter()
        .map(|change| change.target.label.as_str())
        .collect();
    assert!(
        labels.contains(&in_role(ALEX, "Admin").as_str()),
        "what the trail shows comes first"
    );
}

/// Two subjects at once in one role, from one process: neither loses what the other wrote.
#[tokio::test(start_paused = true)]
async fn two_subjects_in_one_role_do_not_overwrite_each_other() {
    let mut desk = Desk::of(contoso());
    let alex = desk.in_admin().await;
    let planned = desk
        .plan("deny_sessions", super::desk::KIM, Select::All)
        .await;
    let kim = planned
        .changes
        .into_iter()
        .find(|change| change.target.label.ends_with("Admin"));
    let mut kim = kim.unwrap();
    kim.subject = oust::model::UserId::new("00u2");
    let (first, second) = futures_util::future::join(desk.apply(&alex), desk.apply(&kim)).await;
    assert_eq!(
        (first.kind, second.kind),
        (OutcomeKind::Done, OutcomeKind::Done)
    );
    let policy = desk.ours("Admin").unwrap();
    let sids: Vec<&Value> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| &statement["Sid"])
        .collect();
    assert_eq!(sids, [&json!("Oust00u1"), &json!("Oust00u2")]);
    desk.settle();
}

/// A page of some proxy is no answer of AWS's.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_proves_nothing() {
    let desk = Desk::of(contoso());
    let done = desk.applied(&desk.in_admin().await).await;
    for path in [
        "/iam/GetRole",
        "/iam/GetRolePolicy",
        "/iam/SimulatePrincipalPolicy",
    ] {
        let page = FaultKind::Status {
            code: 200,
            body: "<html><body>Sign in</body></html>".into(),
        };
        desk.fault("POST", path, page);
        let (state, how) = desk.state(&done).await;
        assert_eq!(state, ProofState::Pending, "{path}: {how}");
        assert!(desk.is_proven(&done).await, "and the next time it is");
    }
}
