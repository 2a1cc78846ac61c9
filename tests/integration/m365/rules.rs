//! Inbox rules: what leaks or hides mail is switched off, kept as evidence, and given back.

use oust::model::{ActionId, OutcomeKind, Select, Skip};
use oust_mocks::accounts::m365_id;
use serde_json::json;

use super::{ALEX, contoso, desk, kept, skipped};

const VERB: &str = "disable_inbox_rules";

#[tokio::test(start_paused = true)]
async fn the_rule_that_forwards_is_switched_off_and_given_back() {
    let desk = desk(contoso());
    let before = desk.person(ALEX).rules;
    let planned = desk.in_window(VERB).await;
    assert_eq!(
        kept(&planned),
        ["\"Newsletters\"!"],
        "no date: a person looks"
    );
    assert_eq!(planned.changes.len(), 1);
    let change = &planned.changes[0];
    assert_eq!(
        change.sentence,
        "switch off inbox rule \".\": forwards to billing@fasthost.example, marks as read"
    );
    desk.conforms(&planned.changes, |range| {
        let id = m365_id(ALEX);
        range.m365.users.get_mut(&id).unwrap().rules = before.clone();
    })
    .await;
    let done = desk.applied(change).await;
    assert_eq!(desk.person(ALEX).rules.len(), 2, "a rule is evidence");
    let chain = desk.inverse(&done);
    assert_eq!(chain[0].action, ActionId::new("m365", "enable_inbox_rule"));
    let undone = desk.applied(&chain[0]).await;
    assert!(desk.is_proven(&undone).await);
    assert!(!desk.is_proven(&done).await);
    assert_eq!(
        serde_json::to_value(desk.person(ALEX).rules).unwrap(),
        serde_json::to_value(&before).unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn all_takes_every_rule_that_is_on_and_a_rule_that_is_gone_is_no_failure() {
    let desk = desk(contoso());
    let planned = desk.plan(VERB, ALEX, Select::All).await;
    assert_eq!(planned.changes.len(), 2);
    let id = m365_id(ALEX);
    desk.org
        .range()
        .m365
        .users
        .get_mut(&id)
        .unwrap()
        .rules
        .clear();
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone);
    assert!(desk.is_proven(&done).await);
    assert!(desk.system.connector.inverse(&done).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_off_already_stays_off_and_is_told() {
    let world = contoso().m365_user(ALEX, |user| {
        for rule in user.rules.values_mut() {
            rule.enabled = false;
        }
    });
    let planned = desk(world).in_window(VERB).await;
    assert!(planned.changes.is_empty());
    let mut told = kept(&planned);
    told.sort();
    assert_eq!(told, ["\".\"!", "\"Newsletters\""]);
}

#[tokio::test(start_paused = true)]
async fn rules_that_delete_redirect_or_attach_are_harm_too() {
    let desk = desk(contoso());
    let id = m365_id(ALEX);
    let to = json!([{ "emailAddress": { "address": "x@evil.example" } }]);
    for actions in [
        json!({ "redirectTo": to }),
        json!({ "forwardAsAttachmentTo": to }),
        json!({ "delete": true }),
        json!({ "permanentDelete": true }),
    ] {
        desk.org.range().m365.make_rule(&id, "r", actions, true);
    }
    let planned = desk.in_window(VERB).await;
    assert_eq!(planned.changes.len(), 5);
    for done in desk.applied_together(&planned.changes).await {
        assert!(desk.is_proven(&done).await, "{}", done.change.sentence);
    }
}

#[tokio::test(start_paused = true)]
async fn no_mailbox_here_is_closed_only_for_people_without_an_address() {
    let elsewhere = desk(contoso().m365_user(ALEX, |user| user.mailbox = false));
    let planned = elsewhere.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
    assert!(skipped(&planned).contains("on-premises"), "{planned:?}");

    let none = desk(contoso().m365_user(ALEX, |user| {
        user.mailbox = false;
        user.mail.clear();
    }));
    let planned = none.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::NothingSelected { .. })),
        "{planned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_leaves_the_step_unread_and_is_named() {
    let world = contoso()
        .m365_without_permission("MailboxSettings.Read")
        .m365_without_permission("MailboxSettings.ReadWrite");
    let planned = desk(world).in_window(VERB).await;
    assert!(
        skipped(&planned).contains("lacks MailboxSettings.Read"),
        "{planned:?}"
    );
}
