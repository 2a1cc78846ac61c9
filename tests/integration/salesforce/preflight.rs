//! What would stop us tonight, without a write.

use oust::model::{ActionId, Severity};
use oust_mocks::World;
use oust_mocks::salesforce::salesforce_error;
use serde_json::{Value, json};

use super::desk::{Desk, contoso};

/// Ids of the findings that are more than good to know, and all words.
async fn found(desk: &Desk, verbs: &[&str]) -> (Vec<String>, String) {
    let wanted: Vec<ActionId> = verbs
        .iter()
        .map(|verb| ActionId::new("salesforce", verb))
        .collect();
    let connector = &desk.system.connector;
    let found = connector.preflight(&desk.reader, &wanted).await;
    assert_eq!(desk.writes(), Vec::<String>::new());
    let loud = found.iter().filter(|each| each.severity > Severity::Info);
    let ids = loud.map(|each| each.id.clone()).collect();
    let words: Vec<String> = found
        .iter()
        .map(|each| format!("{}: {}", each.text, each.hint))
        .collect();
    (ids, words.join("\n"))
}

async fn findings(world: World, patch: Value, verbs: &[&str]) -> (Vec<String>, String) {
    found(&Desk::configured(world, &patch), verbs).await
}

const ALL: &[&str] = &["freeze_user", "revoke_oauth_tokens", "delete_sessions"];

#[tokio::test(start_paused = true)]
pub(crate) async fn nothing_stands_in_the_way_of_contoso_but_that_reads_could_write() {
    let (ids, words) = findings(contoso(), json!({}), ALL).await;
    assert_eq!(ids, Vec::<String>::new(), "{words}");
    assert!(words.contains("one token reads and writes"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn without_a_credential_that_is_the_only_finding() {
    for world in [
        contoso().salesforce_not_approved(),
        contoso().salesforce_integration_frozen(),
    ] {
        let (ids, words) = findings(world, json!({}), ALL).await;
        assert_eq!(ids, ["no_token"], "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_missing_right_is_found_if_an_action_wants_it() {
    let without = |name: &str| contoso().salesforce_without_permission(name);
    let (ids, words) = findings(without("CustomizeApplication"), json!({}), ALL).await;
    assert_eq!(ids, ["permission_missing"], "{words}");
    assert!(words.contains("revoke_oauth_tokens"), "{words}");
    let sessions = &["delete_sessions"];
    let (ids, _) = findings(without("CustomizeApplication"), json!({}), sessions).await;
    assert_eq!(ids, Vec::<String>::new());
    let (ids, words) = findings(without("ManageUsers"), json!({}), ALL).await;
    // Freezing and sessions by the right; the login's object, too, is not shown.
    assert_eq!(
        ids,
        ["permission_missing", "permission_missing", "object_closed"],
        "{words}"
    );
    assert!(words.contains("\"Manage Users\""), "{words}");
    let (ids, words) = findings(without("ApiEnabled"), json!({}), ALL).await;
    assert!(ids.contains(&"permissions_unread".to_owned()), "{words}");
    assert!(words.contains("API Enabled"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_a_version_and_a_user_that_are_not_the_configured_ones_are_found() {
    let old = contoso().with_salesforce(|salesforce| salesforce.settings.newest_version = 64);
    let (ids, words) = findings(old.clone(), json!({}), ALL).await;
    assert_eq!(ids, ["api_version"], "{words}");
    assert!(words.contains("its newest is 64.0"), "{words}");
    let (ids, words) = findings(old, json!({ "api_version": "64.0" }), ALL).await;
    assert_eq!(ids, Vec::<String>::new(), "{words}");
    let desk = Desk::of(contoso());
    desk.org.range().salesforce.base_url = "https://moved.my.salesforce.com".into();
    let (ids, words) = found(&desk, ALL).await;
    assert_eq!(ids, ["other_instance"], "{words}");
    assert!(words.contains("moved.my.salesforce.com"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_nearly_used_up_and_an_org_without_single_sign_on_are_found() {
    let (ids, words) = findings(contoso().salesforce_requests_left(900), json!({}), ALL).await;
    assert_eq!(ids, ["quota_short"], "{words}");
    let nobody = contoso().with_salesforce(|salesforce| {
        for user in salesforce.users.values_mut() {
            user.federation_identifier = None;
        }
    });
    let (ids, words) = findings(nobody, json!({}), ALL).await;
    assert_eq!(ids, ["no_federation_ids"], "{words}");
    assert!(words.contains("--identity"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_closed_whatever_the_permissions_say_is_found() {
    let desk = Desk::of(contoso());
    let body = json!({ "deletable": false }).to_string();
    desk.fault(
        "GET",
        "/AuthSession/describe",
        oust_mocks::FaultKind::Status { code: 200, body },
    );
    let (ids, words) = found(&desk, ALL).await;
    assert_eq!(ids, ["object_closed"], "{words}");
    let body = salesforce_error("INVALID_TYPE", "sObject type 'UserPermissionAccess'");
    desk.fault(
        "GET",
        "/OauthToken/describe",
        oust_mocks::FaultKind::Status { code: 400, body },
    );
    let (ids, words) = found(&desk, ALL).await;
    assert_eq!(ids, ["object_closed"], "{words}");
    assert!(words.contains("OauthToken cannot be described"), "{words}");
}
