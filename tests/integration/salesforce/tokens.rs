//! Tokens of apps: by app, by their secrets, in rounds above what is listed.

use oust::connector::CannotUndo;
use oust::model::{Applied, OutcomeKind, ProofState, Skip};
use oust_mocks::FaultKind;
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::USERNAME;
use serde_json::json;

use super::desk::{ALEX, Desk, KIM, contoso};
use crate::okta::desk::failure;

fn kinds(all: &[Applied]) -> Vec<&OutcomeKind> {
    all.iter().map(|done| &done.outcome.kind).collect()
}

#[tokio::test(start_paused = true)]
pub(crate) async fn tokens_go_app_by_app_and_their_secrets_go_nowhere_else() {
    let desk = Desk::of(contoso());
    let (before, others) = (desk.digest(), desk.others());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    let mut sentences: Vec<&str> = planned
        .changes
        .iter()
        .map(|change| change.sentence.as_str())
        .collect();
    sentences.sort_unstable();
    assert_eq!(
        sentences,
        [
            "revoke 1 token of app Data Loader Pro",
            "revoke 1 token of app Salesforce for iOS",
        ]
    );
    assert_eq!(desk.digest(), before, "planning changed something");
    assert_eq!(desk.asked("DeleteToken"), 0, "a plan selected secrets");

    let done = desk.applied_together(&planned.changes).await;
    assert_eq!(kinds(&done), [&OutcomeKind::Done, &OutcomeKind::Done]);
    assert_eq!(desk.asked("DeleteToken"), 1, "one list for all apps");
    assert_eq!(desk.asked("AccessToken"), 0);
    assert!(desk.alex().tokens.is_empty());
    for each in &done {
        let proof = desk.proof(each).await;
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
        assert_eq!(
            desk.apply(&each.change).await.kind,
            OutcomeKind::AlreadyDone
        );
        let undo = desk.system.connector.inverse(each);
        assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
    }
    assert_eq!(desk.effects(), 2);
    assert_eq!(desk.others(), others);
    // What revokes a token needs, and gets, nothing of ours beside it.
    let entries = desk.entries();
    let revoked = entries.iter().filter(|each| each.path.ends_with("/revoke"));
    for entry in revoked {
        assert_eq!((entry.method.as_str(), entry.query.as_str()), ("POST", ""));
        assert_eq!(entry.principal, "");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_let_in_again_refutes_it_and_another_does_not() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    let done = desk.applied_together(&planned.changes).await;
    let let_in = |app: &str| {
        let at = desk.org.at_ms();
        let mut range = desk.org.range();
        let id = salesforce_id(ALEX);
        assert!(
            range
                .salesforce
                .authorize_app(&id, app, false, at)
                .is_some()
        );
    };
    let_in("Something else");
    let loader = done
        .iter()
        .find(|each| each.change.target.label.starts_with("Data Loader"))
        .unwrap();
    let proof = desk.proof(loader).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    let_in("Data Loader Pro");
    let proof = desk.proof(loader).await;
    assert_eq!(proof.state, ProofState::Refuted);
    assert_eq!(proof.how, "1 token still listed");
    let again = desk.plan("revoke_oauth_tokens", ALEX).await;
    assert_eq!(again.changes.len(), 2, "found by a re-read");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn more_tokens_than_are_listed_go_in_rounds_and_the_count_tells() {
    // 2,500 rows are listed at most, 500 a page; 2,498 + 2 are all listed, one more is not.
    for (more, changes) in [(2_498, 2_500), (2_499, 1)] {
        let desk = Desk::of(contoso().salesforce_tokens(ALEX, more));
        let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
        assert_eq!(planned.changes.len(), changes);
        if changes > 1 {
            continue;
        }
        let change = &planned.changes[0];
        assert!(change.sentence.contains("all 2501"), "{}", change.sentence);
        let done = desk.applied(change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert!(desk.alex().tokens.is_empty());
        assert!(done.outcome.receipts.len() <= 10);
        assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
        let at = desk.org.at_ms();
        let id = salesforce_id(ALEX);
        desk.org
            .range()
            .salesforce
            .authorize_app(&id, "One", true, at);
        assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_gone_meanwhile_is_revoked_already() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    desk.fault("POST", "/revoke", FaultKind::AlreadyDone400);
    let done = desk.applied_together(&planned.changes).await;
    let told = done
        .iter()
        .find(|each| each.outcome.kind == OutcomeKind::AlreadyDone);
    assert_eq!(kinds(&done).len(), 2);
    // The answer was a lie, and only the list tells.
    let proof = desk.proof(told.unwrap()).await;
    assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn one_revocation_in_doubt_is_read_back_and_keeps_no_other() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    desk.fault("POST", "/revoke", FaultKind::CutAfterEffect);
    let done = desk.applied_together(&planned.changes).await;
    let in_doubt = |done: &&Applied| matches!(done.outcome.kind, OutcomeKind::InDoubt { .. });
    assert_eq!(done.iter().filter(in_doubt).count(), 1);
    assert!(desk.alex().tokens.is_empty());
    for each in &done {
        assert_eq!(desk.proof(each).await.state, ProofState::Proven);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_kind_and_an_unread_list_fail_with_a_next_step() {
    let desk = Desk::of(contoso());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    let refused = FaultKind::Status {
        code: 400,
        body: json!({ "error": "unsupported_token_type" }).to_string(),
    };
    desk.fault("POST", "/revoke", refused);
    let (why, _) = failure(&desk.apply(&planned.changes[0]).await);
    assert!(why.contains("unsupported_token_type"), "{why}");
    for _ in 0..4 {
        desk.fault("GET", "/query", FaultKind::Internal500);
    }
    let (why, hint) = failure(&desk.apply(&planned.changes[0]).await);
    assert!(why.contains("could not be read"), "{why}");
    assert!(hint.contains("oust runs resume"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_no_token_is_shown_and_that_is_not_none() {
    let desk = Desk::of(contoso().salesforce_without_permission("CustomizeApplication"));
    match desk.plan("revoke_oauth_tokens", ALEX).await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("Customize Application"), "{why}"),
        other => panic!("{other:?}"),
    }
    // Taken away between the plan and the proof.
    let desk = Desk::of(contoso());
    let planned = desk.plan("revoke_oauth_tokens", ALEX).await;
    let done = desk.applied(&planned.changes[0]).await;
    desk.org
        .range()
        .salesforce
        .users
        .get_mut(&salesforce_id(USERNAME))
        .unwrap()
        .permissions
        .remove("CustomizeApplication");
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Pending, "{}", proof.how);
    assert!(proof.how.contains("Customize Application"), "{}", proof.how);
    // Nobody's tokens are none either, where we may look.
    let desk = Desk::of(contoso().salesforce_user(KIM, |kim| kim.tokens.clear()));
    match desk.plan("revoke_oauth_tokens", KIM).await.skip {
        Some(Skip::NothingSelected { why }) => assert_eq!(why, "no app holds a token"),
        other => panic!("{other:?}"),
    }
}
