//! Consents: dated by the audit alone, and those for everybody never touched.

use oust::connector::CannotUndo;
use oust::model::{Select, Skip, Utc};
use oust_mocks::FaultKind;
use oust_mocks::accounts::m365_id;
use serde_json::json;

use super::{ALEX, contoso, desk, kept, skipped};

const VERB: &str = "revoke_consents";

#[tokio::test(start_paused = true)]
async fn the_consent_that_the_audit_dates_into_the_window_goes() {
    let desk = desk(contoso());
    let grants = desk.org.range().m365.grants.clone();
    let planned = desk.in_window(VERB).await;
    assert_eq!(kept(&planned), ["Notes"]);
    assert_eq!(planned.changes.len(), 1);
    let sentence = &planned.changes[0].sentence;
    assert_eq!(
        sentence,
        "revoke the consent to Mail Sync Pro: Mail.ReadWrite offline_access"
    );
    desk.conforms(&planned.changes, |range| range.m365.grants = grants)
        .await;
    let done = desk.applied(&planned.changes[0]).await;
    let undo = desk.system.connector.inverse(&done);
    assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
}

#[tokio::test(start_paused = true)]
async fn all_takes_every_consent_of_his_own_and_none_of_everybody_s() {
    let desk = desk(contoso());
    let planned = desk.plan(VERB, ALEX, Select::All).await;
    assert_eq!(planned.changes.len(), 2);
    for change in &planned.changes {
        desk.apply(change).await;
    }
    let range = desk.org.range();
    let left: Vec<bool> = range
        .m365
        .grants
        .values()
        .filter(|grant| {
            grant
                .principal_id
                .as_deref()
                .is_none_or(|id| id == m365_id(ALEX))
        })
        .map(|grant| grant.principal_id.is_none())
        .collect();
    assert_eq!(left, [true], "only the one for everybody is left");
}

#[tokio::test(start_paused = true)]
async fn without_the_audit_nothing_is_dated_and_nothing_is_green() {
    let without = desk(contoso().m365_without_permission("AuditLog.Read.All"));
    let planned = without.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
    let why = skipped(&planned);
    assert!(why.contains("lacks AuditLog.Read.All"), "{why}");
    assert!(planned.changes.is_empty());
    assert!(planned.kept.iter().all(|each| each.suspect), "{planned:?}");
    assert_eq!(planned.kept.len(), 2);
    let all = without.plan(VERB, ALEX, Select::All).await;
    assert_eq!(
        (all.changes.len(), all.skip),
        (2, None),
        "no date is needed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_that_began_before_the_audit_is_not_taken_for_an_empty_one() {
    let mut desk = desk(contoso().with_m365(|m365| m365.settings.audit_delay_ms = 0));
    let id = m365_id(ALEX);
    desk.org
        .range()
        .m365
        .grants
        .retain(|_, grant| grant.principal_id.as_ref() != Some(&id) || !grant.intruder);
    let start: Utc = "2025-01-01T00:00:00Z".parse().unwrap();
    desk.case.window.start = start;
    desk.fault("GET", "directoryAudits", FaultKind::LieOk);
    let planned = desk.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_consent_that_was_widened_in_the_window_goes_as_a_whole() {
    let desk = desk(contoso());
    let (id, at) = (m365_id(ALEX), desk.org.at_ms());
    let scope = "Mail.Read";
    desk.org
        .range()
        .m365
        .consent(&id, "Notes", scope, true, at - 60_000);
    let planned = desk.in_window(VERB).await;
    assert_eq!(
        planned.changes.len(),
        3,
        "both of Notes, and the intruder's"
    );
    assert!(planned.kept.is_empty());
    let ids = json!({ "ids": [planned.changes[0].target.id] });
    let listed = desk.plan_with(VERB, ALEX, Select::Listed, ids).await;
    assert_eq!(listed.changes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_name_cannot_be_read_is_called_by_its_id() {
    let desk = desk(contoso());
    desk.org.range().m365.service_principals.clear();
    let planned = desk.in_window(VERB).await;
    let label = &planned.changes[0].target.label;
    assert_eq!(label.split('-').count(), 5, "{label}");
}

#[tokio::test(start_paused = true)]
async fn pages_that_lead_elsewhere_are_no_list() {
    let desk = desk(contoso());
    desk.fault("GET", "oauth2PermissionGrants", FaultKind::ForeignNext);
    let planned = desk.in_window(VERB).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
    assert!(skipped(&planned).contains("leaves"), "{planned:?}");
}
