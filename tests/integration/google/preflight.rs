//! What would stop us tonight, without a write.

use oust::model::{ActionId, Severity};
use oust_mocks::World;
use serde_json::{Value, json};

use super::desk::{Desk, contoso};

/// Ids of the findings that are more than good to know, and all words.
async fn findings(world: World, patch: Value, verbs: &[&str]) -> (Vec<String>, String) {
    let desk = Desk::configured(world, &patch);
    let wanted: Vec<ActionId> = verbs
        .iter()
        .map(|verb| ActionId::new("google", verb))
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

const ALL: &[&str] = &[
    "revoke_tokens",
    "delete_app_passwords",
    "sign_out",
    "suspend_user",
];

#[tokio::test(start_paused = true)]
async fn nothing_stands_in_the_way_of_contoso_but_that_reads_could_write() {
    let (ids, words) = findings(contoso(), json!({}), ALL).await;
    assert_eq!(ids, Vec::<String>::new());
    assert!(words.contains("no read-only scope"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn each_missing_right_is_found_if_an_action_wants_it() {
    let without = |scope: &str| contoso().google_without_scope(scope);
    for (scope, id) in [
        ("admin.directory.user.security", "no_token"),
        ("admin.directory.user.readonly", "no_token"),
        ("admin.directory.user", "no_token"),
        ("admin.reports.audit.readonly", "tokens_undated"),
    ] {
        let (ids, words) = findings(without(scope), json!({}), ALL).await;
        assert_eq!(ids, [id], "{scope}");
        assert!(words.contains(&format!("auth/{scope} to the")), "{words}");
    }
    let unwanted =
        without("admin.directory.user").google_without_scope("admin.reports.audit.readonly");
    let (ids, words) = findings(unwanted, json!({}), &["sign_out"]).await;
    assert_eq!(ids, Vec::<String>::new(), "{words}");
}

#[tokio::test(start_paused = true)]
async fn an_administrator_who_cannot_do_it_is_found() {
    let (ids, words) = findings(contoso().google_admin_is_delegated(), json!({}), ALL).await;
    assert_eq!(ids, ["admin_delegated"], "{words}");
    let powerless = json!({ "admin": super::desk::KIM });
    let (ids, words) = findings(contoso(), powerless, ALL).await;
    assert_eq!(ids, ["admin_unread"], "{words}");
}
