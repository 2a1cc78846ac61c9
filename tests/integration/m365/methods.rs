//! Authentication methods: those of the window go, the password and the old ones stay.

use oust::connector::CannotUndo;
use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::accounts::m365_id;
use oust_mocks::m365::KINDS;
use serde_json::json;

use super::{ALEX, contoso, desk, kept, skipped};
use crate::okta::desk::failure;

const VERB: &str = "delete_auth_methods";

#[tokio::test(start_paused = true)]
async fn methods_of_the_window_go_the_default_last_and_nothing_else_does() {
    let desk = desk(contoso());
    let before = desk.person(ALEX);
    let planned = desk.in_window(VERB).await;
    assert_eq!(kept(&planned), ["passkey \"YubiKey 5\""]);
    assert_eq!(planned.changes.len(), 2);
    let changes = planned.changes;
    assert!(
        changes[0].sentence.contains("Microsoft Authenticator"),
        "{changes:?}"
    );
    desk.conforms(&changes, |range| {
        let id = m365_id(ALEX);
        range.m365.users.get_mut(&id).unwrap().methods = before.methods.clone();
    })
    .await;
    let undo = desk.applied_together(&changes[..1]).await;
    let undo = desk.system.connector.inverse(&undo[0]);
    assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
}

#[tokio::test(start_paused = true)]
async fn a_default_that_clings_is_tried_again_after_the_others() {
    let desk = desk(contoso());
    let changes = desk.in_window(VERB).await.changes;
    let done = desk.applied_together(&changes).await;
    for each in &done {
        assert_eq!(
            each.outcome.kind,
            OutcomeKind::Done,
            "{}",
            each.change.sentence
        );
    }
    assert_eq!(
        done[0].outcome.receipts.len(),
        2,
        "the default was asked twice"
    );
    assert_eq!(desk.writes().len(), 3);
    assert_eq!(desk.person(ALEX).methods.len(), 1);

    let alone = super::desk(contoso());
    let changes = alone.in_window(VERB).await.changes;
    let (why, _) = failure(&alone.apply(&changes[0]).await);
    assert!(
        why.contains("default method"),
        "alone it has nothing to wait for: {why}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_deleted_at_its_own_address_and_the_password_never() {
    let world = contoso().m365_user(ALEX, |user| user.methods.clear());
    let desk = desk(world);
    let (id, at) = (m365_id(ALEX), desk.org.at_ms());
    for kind in KINDS {
        let mut range = desk.org.range();
        range
            .m365
            .register_method(&id, kind.segment, json!({}), true, at - 60_000);
    }
    let planned = desk.in_window(VERB).await;
    assert_eq!(planned.changes.len(), KINDS.len());
    assert!(planned.kept.is_empty(), "{:?}", planned.kept);
    for each in desk.applied_together(&planned.changes).await {
        assert_eq!(
            each.outcome.kind,
            OutcomeKind::Done,
            "{}",
            each.change.sentence
        );
        assert_eq!(desk.proof(&each).await.state, ProofState::Proven);
    }
    let all = desk.plan(VERB, ALEX, Select::All).await;
    assert!(matches!(all.skip, Some(Skip::NothingSelected { .. })));
    assert!(skipped(&all).contains("but a password"));
}

#[tokio::test(start_paused = true)]
async fn a_method_without_a_date_is_kept_for_a_person_to_look_at() {
    let undated = contoso().m365_user(ALEX, |user| {
        for method in user.methods.values_mut() {
            method.created_ms = None;
        }
    });
    let undated = desk(undated);
    let planned = undated.in_window(VERB).await;
    assert!(planned.changes.is_empty());
    assert_eq!(planned.kept.len(), 3);
    assert!(planned.kept.iter().all(|each| each.suspect));
    let all = undated.plan(VERB, ALEX, Select::All).await;
    assert_eq!(all.changes.len(), 3);

    let listed = [all.changes[0].target.id.clone()];
    let settings = json!({ "ids": listed });
    let some = undated
        .plan_with(VERB, ALEX, Select::Listed, settings)
        .await;
    assert_eq!(some.changes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn secrets_that_graph_sends_along_go_nowhere() {
    let desk = desk(contoso());
    let (id, at) = (m365_id(ALEX), desk.org.at_ms());
    let detail = json!({ "secretKey": "JBSWY3DPEHPK3PXP", "temporaryAccessPass": "TAP-hunter2" });
    desk.org
        .range()
        .m365
        .register_method(&id, "softwareOathMethods", detail, true, at - 60_000);
    let planned = desk.in_window(VERB).await;
    assert_eq!(planned.changes.len(), 3);
    let text = format!("{planned:?}");
    assert!(
        !text.contains("JBSWY") && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named_and_the_narrow_one_for_a_kind_is_enough() {
    let read_only = || contoso().m365_without_permission("UserAuthenticationMethod.ReadWrite.All");
    let without = desk(read_only());
    let changes = without.in_window(VERB).await.changes;
    let done = without.applied_together(&changes).await;
    let (why, hint) = failure(&done[0].outcome);
    assert!(
        why.contains("lacks UserAuthenticationMethod.ReadWrite.All"),
        "{why}"
    );
    assert!(hint.contains("admin consent"), "{hint}");

    let phones = desk(read_only().with_m365(|m365| {
        for app in m365.apps.values_mut() {
            let role = "UserAuthMethod-Phone.ReadWrite.All";
            app.permissions.insert(role.to_owned());
        }
    }));
    let changes = phones.in_window(VERB).await.changes;
    let done = phones.applied_together(&changes).await;
    assert_eq!(done[1].outcome.kind, OutcomeKind::Done);

    let blind = desk(read_only().m365_without_permission("UserAuthenticationMethod.Read.All"));
    let planned = blind.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
    assert!(skipped(&planned).contains("UserAuthenticationMethod.Read.All"));
}
