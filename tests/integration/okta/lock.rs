//! Quarantine for what cannot be suspended, deactivation, and what would stop us tonight.

use oust::connector::CannotUndo;
use oust::model::{ActionId, OutcomeKind, ProofState, Skip};
use oust_mocks::world::{ALEX, CLIENT_ID, QUARANTINE_GROUP};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::{Org, now_ms};

fn with_group(world: World) -> Desk {
    Desk::configured(world, &json!({ "quarantine_group": QUARANTINE_GROUP }))
}

#[tokio::test(start_paused = true)]
async fn a_locked_out_account_is_quarantined_proven_and_given_back() {
    let desk = with_group(World::contoso(now_ms()).status(ALEX_LOGIN, "LOCKED_OUT"));
    let before = desk.org.range().okta.user_digest(ALEX);
    let others = desk.others(ALEX_LOGIN);
    let change = desk.change("quarantine_user", ALEX_LOGIN, json!({})).await;
    assert_eq!(change.before["member"], false);
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(
        desk.writes(),
        [format!(
            "PUT /api/v1/groups/{QUARANTINE_GROUP}/users/{ALEX}"
        )]
    );
    assert!(desk.org.range().okta.is_quarantined(ALEX));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert_eq!(desk.others(ALEX_LOGIN), others);

    let again = desk.change("quarantine_user", ALEX_LOGIN, json!({})).await;
    let again = desk.applied(&again).await;
    assert_eq!(
        desk.okta.system.connector.inverse(&again),
        Err(CannotUndo::NotOurs),
        "he was a member before"
    );
    assert_eq!(desk.effects(), 1);

    let chain = desk.inverse(&done);
    assert_eq!(chain[0].action, ActionId::new("okta", "unquarantine_user"));
    let undone = desk.applied(&chain[0]).await;
    assert_eq!(desk.proof(&undone).await.state, ProofState::Proven);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    assert_eq!(desk.org.range().okta.user_digest(ALEX), before);
}

#[tokio::test(start_paused = true)]
async fn without_a_group_quarantine_says_what_to_set_up() {
    let desk = Desk::contoso();
    match desk
        .plan("quarantine_user", ALEX_LOGIN, json!({}))
        .await
        .skip
    {
        Some(Skip::Unsupported { why }) => assert!(why.contains("quarantine_group"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn deactivating_is_read_back_and_has_no_way_back() {
    let desk = Desk::contoso();
    let change = desk
        .change("deactivate_user", "kim@contoso.example", json!({}))
        .await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 1);
    let undo = desk.okta.system.connector.inverse(&done);
    assert!(matches!(undo, Err(CannotUndo::Never(_))));
}

async fn findings(desk: &Desk, verbs: &[&str]) -> Vec<String> {
    let wanted: Vec<ActionId> = verbs
        .iter()
        .map(|verb| ActionId::new("okta", verb))
        .collect();
    let found = desk
        .okta
        .system
        .connector
        .preflight(&desk.reader, &wanted)
        .await;
    found.into_iter().map(|finding| finding.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_check_finds_what_would_stop_us_and_writes_nothing() {
    let key = KeyPair::es256("k");
    let all = ["revoke_api_tokens", "quarantine_user"];
    let world =
        World::contoso(now_ms()).client(CLIENT_ID, key.public_jwk.clone(), &World::all_scopes());
    let mut org = Org::new(world.clone());
    let okta = org.by_key(&key);
    let desk = Desk::with(org, okta);
    let always = ["rate_limit_share"];
    let loud = findings(&desk, &all).await;
    assert_eq!(loud, ["no_quarantine_group", always[0]]);

    let world = world
        .ungrant_scope("okta.users.manage")
        .ungrant_scope("okta.logs.read")
        .ungrant_scope("okta.apiTokens.read");
    let mut org = Org::new(world);
    let okta = org.by_key(&key);
    let desk = Desk::with(org, okta);
    assert_eq!(
        findings(&desk, &["revoke_api_tokens"]).await,
        ["scope_missing", "scope_missing", "rate_limit_share"]
    );
    assert!(desk.writes().is_empty());

    let desk = with_group(World::contoso(now_ms()));
    assert_eq!(
        findings(&desk, &all).await,
        ["reads_could_write", always[0]]
    );
    desk.fault("GET", "/groups/", FaultKind::NotFound404);
    assert_eq!(
        findings(&desk, &all).await,
        ["reads_could_write", "quarantine_group_unread", always[0]]
    );
}
