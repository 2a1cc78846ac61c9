//! Accounts disabled and given back; administrators and synced people.

use oust::connector::CannotUndo;
use oust::model::{ActionId, Select, Skip};
use oust_mocks::accounts::m365_id;

use super::{ALEX, contoso, desk, skipped};
use crate::okta::desk::failure;

const VERB: &str = "disable_account";

#[tokio::test(start_paused = true)]
async fn a_disabled_account_is_read_back_and_given_back() {
    let desk = desk(contoso());
    let before = desk.person(ALEX);
    let change = desk.change(VERB, ALEX).await;
    desk.conforms(std::slice::from_ref(&change), |range| {
        let user = range.m365.users.get_mut(&m365_id(ALEX)).unwrap();
        user.account_enabled = true;
    })
    .await;
    let done = desk.applied(&change).await;
    assert!(!desk.person(ALEX).account_enabled);
    let chain = desk.inverse(&done);
    assert_eq!(chain[0].action, ActionId::new("m365", "enable_account"));
    let undone = desk.applied(&chain[0]).await;
    assert!(desk.is_proven(&undone).await);
    assert!(!desk.is_proven(&done).await);
    assert_eq!(desk.person(ALEX).account_enabled, before.account_enabled);
    let twice = desk.system.connector.inverse(&undone);
    assert_eq!(twice, Err(CannotUndo::NotOurs));
}

#[tokio::test(start_paused = true)]
async fn what_was_disabled_before_is_left_so() {
    let desk = desk(contoso().m365_user(ALEX, |user| user.account_enabled = false));
    let planned = desk.plan(VERB, ALEX, Select::All).await;
    assert!(matches!(planned.skip, Some(Skip::NothingSelected { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_administrator_is_noted_before_and_told_in_words_after() {
    let plain = desk(contoso().m365_admin(ALEX));
    let planned = plain.plan(VERB, ALEX, Select::All).await;
    let note = planned.notes.join(" ");
    assert!(note.contains("Global Administrator"), "{note}");
    let (why, hint) = failure(&plain.apply(&planned.changes[0]).await);
    assert!(
        why.contains("administrator") && why.contains("is granted"),
        "{why}"
    );
    assert!(
        hint.contains("Privileged Authentication Administrator"),
        "{hint}"
    );

    let privileged = desk(contoso().m365_admin(ALEX).m365_privileged());
    let change = privileged.change(VERB, ALEX).await;
    let done = privileged.applied(&change).await;
    assert!(privileged.is_proven(&done).await);
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_enables_again_is_noted_before_and_seen_after() {
    let reverted = desk(contoso().m365_synced(ALEX));
    let planned = reverted.plan(VERB, ALEX, Select::All).await;
    assert!(
        planned.notes.join(" ").contains("Active Directory"),
        "{planned:?}"
    );
    let done = reverted.applied(&planned.changes[0]).await;
    assert!(reverted.is_proven(&done).await);
    reverted.org.wait(31 * 60).await;
    assert!(!reverted.is_proven(&done).await, "the sync had its way");

    let refused = desk(contoso().m365_synced(ALEX).m365_synced_refuses());
    let change = refused.change(VERB, ALEX).await;
    let (why, _) = failure(&refused.apply(&change).await);
    assert!(why.contains("on-premises"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_only_undoes_is_planned_by_no_playbook() {
    let desk = desk(contoso());
    for verb in ["enable_account", "enable_inbox_rule"] {
        let planned = desk.plan(verb, ALEX, Select::All).await;
        assert!(skipped(&planned).contains("oust release"), "{planned:?}");
    }
}
