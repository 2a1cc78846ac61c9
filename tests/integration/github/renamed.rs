//! Logins change hands: whatever is called what, only the account with the number is touched.

use oust::model::{OutcomeKind, ProofState, Skip};
use serde_json::{Value, json};

use super::auth::authorised;
use super::script::{Desk, says, user};
use crate::okta::desk::failure;

const AUTHORISED: &str = "/orgs/contoso/credential-authorizations";
const GRANTS: &str = "/orgs/contoso/personal-access-tokens";

fn grant(id: u64, owner: u64) -> Value {
    json!({
        "id": id, "owner": { "id": owner, "login": "alex-c" }, "token_name": format!("ci-{id}"),
        "access_granted_at": "2026-03-10T14:00:00Z",
    })
}

#[tokio::test(start_paused = true)]
async fn the_call_goes_to_the_login_of_now_and_to_none_if_it_cannot_be_read() {
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on("GET", AUTHORISED, says(200, json!([authorised("alex-c")])))
        .on("POST", "/mallory-c/revoke", says(202, json!({})));
    let change = desk.change("revoke_credentials").await;

    let desk = desk.instead("GET", "/user/7", says(200, user(7, "mallory-c")));
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Accepted);
    assert_eq!(
        desk.writes(),
        ["POST https://api.github.com/orgs/contoso/credential-authorizations/mallory-c/revoke"]
    );

    let not_him = says(200, user(8, "alex-c"));
    let gone = says(404, json!({ "message": "Not Found" }));
    let broken = says(500, json!({}));
    let mut desk = desk;
    for answer in [not_him, gone, broken] {
        desk = desk.instead("GET", "/user/7", answer);
        let (why, _) = failure(&desk.apply(&change).await);
        assert!(why.contains("nothing was sent"), "{why}");
    }
    assert_eq!(desk.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rows_of_others_are_never_his_even_if_the_filter_was_not_heeded() {
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on(
            "GET",
            AUTHORISED,
            says(200, json!([authorised("robin-c"), authorised("alex-cc")])),
        )
        .on(
            "GET",
            GRANTS,
            says(200, json!([grant(31, 7), grant(32, 8)])),
        );
    match desk.plan("revoke_credentials").await.skip {
        Some(Skip::NothingSelected { .. }) => {}
        other => panic!("{other:?}"),
    }
    let planned = desk.plan("revoke_fine_grained_tokens").await;
    let ids: Vec<&str> = planned
        .changes
        .iter()
        .map(|each| each.target.id.as_str())
        .collect();
    assert_eq!(ids, ["31"], "by the owner's number, not by his login");
}

#[tokio::test(start_paused = true)]
async fn queued_is_pending_until_the_list_is_empty_and_what_is_new_refutes() {
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on("GET", AUTHORISED, says(200, json!([authorised("alex-c")])))
        .on("POST", "/alex-c/revoke", says(202, json!({})));
    let change = desk.change("revoke_credentials").await;
    let done = desk.applied(&change).await;
    let pending = desk.proof(&done).await;
    assert_eq!(pending.state, ProofState::Pending, "{}", pending.how);

    let desk = desk.instead("GET", AUTHORISED, says(200, json!([])));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);

    let mut again = authorised("alex-c");
    again["credential_authorized_at"] = json!("2026-03-10T15:04:00Z");
    let desk = desk.instead("GET", AUTHORISED, says(200, json!([again])));
    let refuted = desk.proof(&done).await;
    assert_eq!(refuted.state, ProofState::Refuted);
    assert!(refuted.how.contains("authorised again"), "{}", refuted.how);
}

#[tokio::test(start_paused = true)]
async fn many_tokens_go_in_one_call_and_one_by_one_if_github_takes_offence() {
    let one = says(204, Value::Null);
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on(
            "GET",
            GRANTS,
            says(200, json!([grant(31, 7), grant(32, 7)])),
        )
        .on("POST", GRANTS, says(202, json!({})))
        .on("POST", "/personal-access-tokens/31", one.clone())
        .on(
            "POST",
            "/personal-access-tokens/32",
            says(404, json!({ "message": "Not Found" })),
        );
    let planned = desk.plan("revoke_fine_grained_tokens").await;
    let batches = desk.system.connector.batch(planned.changes.clone());
    assert_eq!(batches.len(), 1);
    for outcome in desk.apply_all(&batches[0]).await {
        assert_eq!(outcome.kind, OutcomeKind::Accepted);
    }
    let bulk = desk
        .asked()
        .into_iter()
        .rfind(|each| each.line.starts_with("POST"))
        .unwrap();
    assert_eq!(
        bulk.body,
        json!({ "action": "revoke", "pat_ids": [31, 32] })
    );

    let desk = desk.instead(
        "POST",
        GRANTS,
        says(422, json!({ "message": "Validation Failed" })),
    );
    let kinds: Vec<OutcomeKind> = desk
        .apply_all(&batches[0])
        .await
        .into_iter()
        .map(|outcome| outcome.kind)
        .collect();
    assert_eq!(kinds, [OutcomeKind::Done, OutcomeKind::AlreadyDone]);
}

#[tokio::test(start_paused = true)]
async fn a_membership_by_a_team_of_the_enterprise_is_told() {
    let member = |direct: bool| {
        json!({
            "state": "active", "role": "admin", "direct_membership": direct,
            "enterprise_teams_providing_indirect_membership": ["ent:ops"],
        })
    };
    let at = "/orgs/contoso/memberships/alex-c";
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on("GET", at, says(200, member(true)))
        .on("DELETE", at, says(204, Value::Null));
    let planned = desk.plan("remove_member").await;
    assert!(
        planned.notes.iter().any(|note| note.contains("ent:ops")),
        "{planned:?}"
    );
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    let chain = desk.system.connector.inverse(&done).unwrap();
    assert_eq!(*chain[0].settings, json!({ "role": "admin" }));
    let desk = desk.instead("GET", at, says(200, member(false)));
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Refuted);
    assert!(proof.how.contains("ent:ops"), "{}", proof.how);
    match desk.plan("remove_member").await.skip {
        Some(Skip::Unsupported { why }) => assert!(why.contains("ent:ops"), "{why}"),
        other => panic!("{other:?}"),
    }
}
