//! Other hosts: a server of one's own, data residency, older ones, and links that lead away.

use oust::model::{OutcomeKind, ProofState, Skip};
use serde_json::{Value, json};

use super::auth::authorised;
use super::script::{Desk, says, user};

const AUTHORISED: &str = "/orgs/contoso/credential-authorizations";

fn alex(desk: Desk) -> Desk {
    desk.on("GET", "/user/7", says(200, user(7, "alex-c")))
}

#[tokio::test(start_paused = true)]
async fn every_request_stays_at_the_configured_host() {
    for (api, rest, graphql) in [
        (
            "https://ghes.contoso.example/api/v3",
            "https://ghes.contoso.example/api/v3/",
            "https://ghes.contoso.example/api/graphql",
        ),
        (
            "https://api.contoso.ghe.com",
            "https://api.contoso.ghe.com/",
            "https://api.contoso.ghe.com/graphql",
        ),
    ] {
        let desk = alex(Desk::app(json!({ "api_url": api })))
            .on("POST", "/graphql", says(200, json!({})))
            .on("GET", AUTHORISED, says(200, json!([authorised("alex-c")])))
            .on("POST", "/alex-c/revoke", says(202, json!({})));
        let change = desk.change("revoke_credentials").await;
        desk.apply(&change).await;
        desk.who(oust::model::KeyKind::Login, "alex@contoso.example")
            .await;
        for asked in desk.asked() {
            let url = asked.line.split(' ').nth(1).unwrap();
            assert!(url.starts_with(rest) || url == graphql, "{url}");
        }
        assert!(desk.lines().iter().any(|line| line.ends_with(graphql)));
    }
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_a_link_that_leads_away_is_not_followed() {
    let next =
        "<https://api.github.com/organizations/1/credential-authorizations?page=2>; rel=\"next\"";
    let away = "<https://evil.example/credential-authorizations?page=2>; rel=\"next\"";
    let desk = alex(Desk::app(json!({})))
        .on(
            "GET",
            AUTHORISED,
            says(200, json!([authorised("robin-c")])).with("link", next),
        )
        .on(
            "GET",
            "/organizations/1/credential-authorizations",
            says(200, json!([authorised("alex-c")])),
        );
    assert_eq!(desk.plan("revoke_credentials").await.changes.len(), 1);

    let desk = desk.instead("GET", AUTHORISED, says(200, json!([])).with("link", away));
    match desk.plan("revoke_credentials").await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("leaves the configured"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(desk.lines().iter().all(|line| !line.contains("evil")));
}

#[tokio::test(start_paused = true)]
async fn a_host_without_the_call_is_asked_credential_by_credential() {
    let gone = says(404, json!({ "message": "Not Found" }));
    let one = "/orgs/contoso/credential-authorizations/501";
    let desk = alex(Desk::app(json!({})))
        .on(
            "GET",
            AUTHORISED,
            says(200, json!([authorised("alex-c"), authorised("robin-c")])),
        )
        .on("POST", "/alex-c/revoke", gone)
        .on("DELETE", one, says(204, Value::Null));
    let change = desk.change("revoke_credentials").await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let deleted = desk
        .writes()
        .into_iter()
        .filter(|line| line.starts_with("DELETE"));
    assert_eq!(deleted.count(), 1, "robin's is not his");
    assert_eq!(
        desk.proof(&done).await.state,
        ProofState::Refuted,
        "done, and still listed"
    );
    let desk = desk.instead("GET", AUTHORISED, says(200, json!([])));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::AlreadyDone);
}

#[tokio::test(start_paused = true)]
async fn without_saml_nothing_is_called_none() {
    let desk = alex(Desk::app(json!({}))).on(
        "GET",
        AUTHORISED,
        says(404, json!({ "message": "Not Found" })),
    );
    let planned = desk.plan("revoke_credentials").await;
    match planned.skip {
        Some(Skip::Unsupported { why }) => {
            assert!(why.contains("no SAML single sign-on"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let link = "https://github.com/orgs/contoso/people/alex-c/sso";
    assert!(
        planned
            .kept
            .iter()
            .any(|kept| kept.suspect && kept.why.contains(link))
    );
}
