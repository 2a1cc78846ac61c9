//! API tokens, OAuth consents, Universal Logout: the intruder's go, the agents stay.

use oust::connector::CannotUndo;
use oust::evidence::investigation::Now;
use oust::model::{Applied, OutcomeKind, Plant, ProofState, Select, Severity, Skip, Utc};
use oust_mocks::world::{AD_AGENT, ALEX, CI_BACKUP, OAUTH_CLIENTS};
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::wire::{Org, now_ms};

#[tokio::test(start_paused = true)]
async fn the_intruders_api_token_is_revoked_and_the_agents_is_kept() {
    let desk = Desk::contoso();
    let others = desk.others(ALEX_LOGIN);
    let planned = desk
        .plan("revoke_api_tokens", ALEX_LOGIN, json!({ "agents": "keep" }))
        .await;
    assert_eq!(planned.changes.len(), 1);
    assert_eq!(planned.changes[0].target.id, CI_BACKUP);
    assert_eq!(planned.kept[0].target.id, AD_AGENT);
    assert!(
        planned.kept[0].why.contains("Okta AD Agent"),
        "{}",
        planned.kept[0].why
    );
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(desk.org.range().okta.agents["dc01"].running);
    assert_eq!(desk.others(ALEX_LOGIN), others);
    let undo = desk.okta.system.connector.inverse(&done);
    assert!(matches!(undo, Err(CannotUndo::Never(_))));

    // Without our 204, the log names the token; without the log, nobody knows.
    let again = desk.applied(&planned.changes[0]).await;
    assert_eq!(again.outcome.kind, OutcomeKind::AlreadyDone);
    let proof = desk.proof(&again).await;
    assert_eq!(proof.state, ProofState::Proven);
    assert!(
        proof.how.contains("system.api_token.revoke"),
        "{}",
        proof.how
    );
    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    assert_eq!(desk.proof(&again).await.state, ProofState::Unverifiable);
}

#[tokio::test(start_paused = true)]
async fn agents_go_only_when_the_playbook_says_so() {
    let desk = Desk::contoso();
    let revoke = json!({ "agents": "revoke" });
    let planned = desk.plan("revoke_api_tokens", ALEX_LOGIN, revoke).await;
    assert_eq!(planned.changes.len(), 2);
    let in_window = desk
        .plan_selecting(
            "revoke_api_tokens",
            ALEX_LOGIN,
            json!({ "agents": "revoke" }),
            Select::InWindow,
        )
        .await;
    assert_eq!(in_window.changes.len(), 1, "the agent's token is years old");
}

#[tokio::test(start_paused = true)]
async fn a_planned_token_is_revoked_by_id_though_okta_hides_it() {
    let desk = Desk::contoso();
    let token = desk
        .change("revoke_api_tokens", ALEX_LOGIN, json!({}))
        .await;
    let suspend = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    assert_eq!(desk.apply(&suspend).await.kind, OutcomeKind::Done);
    let later = desk.plan("revoke_api_tokens", ALEX_LOGIN, json!({})).await;
    assert_eq!(
        later.changes.len(),
        1,
        "hidden from the list, found in the log"
    );
    assert_eq!(later.changes[0].id, token.id, "the same change");
    assert!(later.notes[0].contains("hides"), "{:?}", later.notes);
    let done = desk.applied(&token).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(!desk.org.range().okta.api_tokens.contains_key(CI_BACKUP));
    let nothing = desk.plan("revoke_api_tokens", ALEX_LOGIN, json!({})).await;
    assert!(nothing.changes.is_empty(), "the log saw it revoked");
}

/// The list hides the tokens of suspended owners: only its own id tells that one is gone.
#[tokio::test(start_paused = true)]
async fn a_token_that_the_list_hides_is_there_until_its_id_says_otherwise() {
    let desk = Desk::contoso();
    let planted = Plant {
        kind: "system.api_token.create".into(),
        what: String::new(),
        target_kind: "Token".into(),
        target: CI_BACKUP.into(),
        name: String::new(),
        at: Utc::from_millis(0),
        event: String::new(),
        by: String::new(),
        severity: Severity::High,
        remedy: None,
    };
    let now = async || {
        let plants = std::slice::from_ref(&planted);
        let directory = &desk.okta.directory;
        directory.planted_now(&desk.reader, plants).await
    };
    assert_eq!(now().await, [Now::There]);
    let token = desk.plan("revoke_api_tokens", ALEX_LOGIN, json!({})).await;
    let suspend = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    assert_eq!(desk.apply(&suspend).await.kind, OutcomeKind::Done);
    assert_eq!(now().await, [Now::There], "hidden, and not gone");
    desk.fault("GET", CI_BACKUP, FaultKind::Forbidden403);
    assert_eq!(now().await, [Now::Unread]);
    assert_eq!(desk.apply(&token.changes[0]).await.kind, OutcomeKind::Done);
    assert_eq!(now().await, [Now::Gone]);
}

#[tokio::test(start_paused = true)]
async fn one_list_serves_all_subjects_and_our_own_tokens_stay() {
    let desk = Desk::contoso();
    let planned = desk
        .plan("revoke_api_tokens", "svc-oust@contoso.example", json!({}))
        .await;
    assert!(planned.changes.is_empty());
    assert!(planned.kept[0].why.contains("oust acts with"));
    let nobody = desk
        .plan("revoke_api_tokens", "kim@contoso.example", json!({}))
        .await;
    assert!(matches!(nobody.skip, Some(Skip::NothingSelected { .. })));
    desk.fault("GET", "/api-tokens", FaultKind::Forbidden403);
    match desk
        .plan("revoke_api_tokens", ALEX_LOGIN, json!({}))
        .await
        .skip
    {
        Some(Skip::Unsupported { why }) => assert!(why.contains("SUPER_ADMIN"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn consents_and_refresh_tokens_go_client_by_client() {
    let desk = Desk::contoso();
    let others = desk.others(ALEX_LOGIN);
    // Where all are taken nobody counts tokens first: it would cost a round trip.
    let uncounted = desk
        .plan("revoke_oauth_grants", ALEX_LOGIN, json!({}))
        .await;
    let sentences: Vec<&str> = uncounted
        .changes
        .iter()
        .map(|change| change.sentence.as_str())
        .collect();
    assert!(
        sentences.iter().all(|each| each.contains("refresh tokens")),
        "{sentences:?}"
    );
    let clients = uncounted.changes.iter().map(|each| each.target.id.clone());
    let ids: Vec<String> = clients.collect();
    let counted = |id: &String| {
        let path = format!("/api/v1/users/{ALEX}/clients/{id}/tokens");
        desk.reads_of(&path)
    };
    assert_eq!(ids.iter().map(counted).sum::<usize>(), 0);
    let planned = desk
        .plan_selecting(
            "revoke_oauth_grants",
            ALEX_LOGIN,
            json!({ "ids": ids }),
            Select::Listed,
        )
        .await;
    assert_eq!(planned.changes.len(), 2);
    let tokens: usize = planned
        .changes
        .iter()
        .map(|c| c.before["tokens"].as_array().unwrap().len())
        .sum();
    let grants: usize = planned
        .changes
        .iter()
        .map(|c| c.before["grants"].as_array().unwrap().len())
        .sum();
    assert_eq!(
        (tokens, grants),
        (23, 25),
        "all pages are in the before-state"
    );
    assert_eq!(ids.iter().map(counted).sum::<usize>(), 2);
    let mut all: Vec<Applied> = Vec::new();
    for change in &planned.changes {
        all.push(desk.applied(change).await);
    }
    for (done, proof) in all.iter().zip(desk.prove(&all).await) {
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
    {
        let range = desk.org.range();
        let alex = range.okta.user(ALEX).unwrap();
        assert!(alex.grants.is_empty() && alex.tokens.values().all(|token| !token.refresh));
    }
    assert_eq!(desk.others(ALEX_LOGIN), others);
    let again = desk
        .plan("revoke_oauth_grants", ALEX_LOGIN, json!({}))
        .await;
    assert!(
        matches!(again.skip, Some(Skip::NothingSelected { .. })),
        "{again:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_of_before_the_window_keeps_its_consents_and_half_a_revocation_is_no_success() {
    let desk = Desk::contoso();
    let planned = desk
        .plan_selecting(
            "revoke_oauth_grants",
            ALEX_LOGIN,
            json!({}),
            Select::InWindow,
        )
        .await;
    assert_eq!(planned.changes[0].target.id, OAUTH_CLIENTS[0]);
    desk.fault("DELETE", "/grants", FaultKind::Forbidden403);
    let half = desk.applied(&planned.changes[0]).await;
    let (why, hint) = failure(&half.outcome);
    assert!(
        why.contains(ALEX_LOGIN) && hint.contains("okta.users.manage"),
        "{why}; {hint}"
    );
    let proof = desk.proof(&half).await;
    assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
    assert!(proof.how.contains("consents"), "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn universal_logout_spares_agents_and_is_proven_by_its_events() {
    let desk = Desk::contoso();
    match desk
        .plan("universal_logout", ALEX_LOGIN, json!({ "agents": "keep" }))
        .await
        .skip
    {
        Some(Skip::AgentsKept { agents }) => assert_eq!(agents, ["ad-agent dc01"]),
        other => panic!("{other:?}"),
    }
    let change = desk
        .change("universal_logout", "kim@contoso.example", json!({}))
        .await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn universal_logout_without_the_licence_says_so_and_changes_no_credential() {
    let mut org = Org::new(World::contoso(now_ms()).no_universal_logout());
    let first = org.secret(oust_mocks::world::SSWS_SECRET);
    let okta = org.open(json!({
        "auth": { "api_token": first.clone() }, "second": { "api_token": first },
    }));
    let desk = Desk::with(org, okta);
    let change = desk
        .change("universal_logout", "kim@contoso.example", json!({}))
        .await;
    for kind in [None, Some(FaultKind::NotFound404), Some(unlicensed_401())] {
        if let Some(kind) = kind {
            desk.fault("POST", "global-token-revocation", kind);
        }
        let (why, _) = failure(&desk.apply(&change).await);
        assert!(why.contains("not licensed"), "{why}");
    }
    assert!(desk.okta.system.client.told().is_empty());
}

fn unlicensed_401() -> FaultKind {
    let body = json!({ "errorCode": "E0000015", "errorSummary": "feature not enabled" });
    FaultKind::Status {
        code: 401,
        body: body.to_string(),
    }
}
