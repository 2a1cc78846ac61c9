//! An enterprise's calls: wider, refused more often, and never taken for more than they did.

use oust::model::{OutcomeKind, ProofState, Skip, Undo};
use serde_json::{Value, json};

use super::auth::authorised;
use super::script::{Desk, says, user};
use crate::okta::desk::failure;

const AUTHORISED: &str = "/orgs/contoso/credential-authorizations";
const WHOLE: &str = "/enterprises/contoso-inc/credential-authorizations/alex_con/revoke";
const HERE: &str = "/orgs/contoso/credential-authorizations/alex_con/revoke";

fn whole(patch: Value) -> Desk {
    let mut all = json!({ "enterprise": "contoso-inc" });
    all.as_object_mut()
        .unwrap()
        .extend(patch.as_object().unwrap().clone());
    Desk::app(all)
        .on("GET", "/user/7", says(200, user(7, "alex_con")))
        .on(
            "GET",
            AUTHORISED,
            says(200, json!([authorised("alex_con")])),
        )
}

fn told(status: u16, text: &str) -> super::script::Says {
    says(status, json!({ "message": text }))
}

#[tokio::test(start_paused = true)]
async fn of_a_managed_user_everything_is_destroyed_and_that_cannot_be_undone() {
    let desk = whole(json!({}))
        .on("POST", WHOLE, says(202, json!({})))
        .on(
            "GET",
            "/users/alex_con/keys",
            says(200, json!([{ "id": 1, "key": "ssh-ed25519 A" }])),
        )
        .on("GET", "/users/alex_con/keys", says(200, json!([])));
    let planned = desk.plan("revoke_credentials").await;
    let change = &planned.changes[0];
    assert_eq!(change.undo, Undo::Never);
    assert!(change.sentence.contains("destroy"), "{}", change.sentence);
    assert!(
        planned
            .kept
            .iter()
            .all(|kept| kept.target.kind != "own_keys")
    );
    let done = desk.applied(change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    let sent = desk
        .asked()
        .into_iter()
        .find(|each| each.line.ends_with(WHOLE))
        .unwrap();
    assert_eq!(sent.body, json!({ "revoke_credentials": true }));
    let desk = desk.instead("GET", AUTHORISED, says(200, json!([])));
    let first = desk.proof(&done).await;
    assert_eq!(first.state, ProofState::Pending, "{}", first.how);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(desk.system.connector.inverse(&done).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_narrower_call_is_made_after_a_refusal_and_is_no_success() {
    let not_managed = "The `revoke_credentials` option is only available for Enterprise Managed \
                       User (EMU) enterprises";
    for (refusals, sent, word, next) in [
        (
            vec![told(422, not_managed)],
            2,
            "no managed users",
            "by `org`",
        ),
        (
            vec![told(403, "Must have admin rights"); 2],
            3,
            "lack the right",
            "organization_administration",
        ),
    ] {
        let mut desk = whole(json!({})).on("POST", HERE, says(202, json!({})));
        for refusal in refusals {
            desk = desk.on("POST", WHOLE, refusal);
        }
        if sent == 2 {
            desk = desk.on("POST", WHOLE, says(202, json!({})));
        }
        let change = desk.change("revoke_credentials").await;
        let done = desk.applied(&change).await;
        let (why, hint) = failure(&done.outcome);
        assert!(why.contains("narrower") && why.contains(word), "{why}");
        assert!(hint.contains(next), "{hint}");
        assert_eq!(done.outcome.receipts.len(), sent);
        let desk = desk.instead("GET", AUTHORISED, says(200, json!([])));
        let proof = desk.proof(&done).await;
        assert_eq!(proof.state, ProofState::Unverifiable, "{}", proof.how);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_owner_of_an_enterprise_is_told_in_his_own_words() {
    let desk = Desk::person(json!({ "org": null, "enterprise": "contoso-inc" }))
        .on("GET", "/user", says(200, user(1, "kim_con")))
        .on("GET", "/user/7", says(200, user(7, "alex_con")))
        .on(
            "POST",
            WHOLE,
            told(
                422,
                "The first EMU owner cannot be targeted for credential revocation.",
            ),
        );
    let change = desk.change("revoke_credentials").await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("first owner"), "{why}");
    assert!(hint.contains("by hand"), "{hint}");
    let found = desk.preflight(&["revoke_credentials"]).await;
    assert!(
        found.iter().any(|each| each.id == "nothing_to_read_back"),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_managed_user_is_suspended_by_scim_s_id_and_given_back() {
    let at = "/scim/v2/enterprises/contoso-inc/Users/g-7";
    let identity = json!({
        "guid": "g-7", "samlIdentity": { "nameId": "alex@contoso.example" },
        "user": { "login": "alex_con", "databaseId": 7 },
    });
    let found = json!({ "nodes": [identity], "pageInfo": { "hasNextPage": false } });
    let found = json!({ "data": { "enterprise": { "ownerInfo": {
        "samlIdentityProvider": { "externalIdentities": found } } } } });
    let person =
        |active: bool| json!({ "id": "g-7", "userName": "alex@contoso.example", "active": active });
    let desk = whole(json!({}))
        .on("POST", "/graphql", says(200, found))
        .on("GET", at, says(200, person(true)))
        .on("PATCH", at, says(200, person(false)));
    let change = desk.change("suspend_managed_user").await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    // His login is disguised by now: nothing is looked up by it.
    let desk = desk
        .instead("GET", "/user/7", says(404, json!({})))
        .instead("GET", at, says(200, person(false)));
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let chain = desk.system.connector.inverse(&done).unwrap();
    let back = desk.applied(&chain[0]).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    let sent = desk
        .asked()
        .into_iter()
        .rfind(|each| each.line.starts_with("PATCH"))
        .unwrap();
    assert_eq!(sent.body["Operations"][0]["value"], true);
    assert!(
        desk.writes().iter().all(|line| line.ends_with(at)),
        "{:?}",
        desk.writes()
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_s_managed_user_is_not_suspended() {
    let hidden = json!({ "data": { "enterprise": { "ownerInfo": null } } });
    let desk = whole(json!({}))
        .on("POST", "/graphql", says(200, hidden))
        .instead("GET", "/user/7", says(200, user(7, "alex-c")));
    match desk.plan("suspend_managed_user").await.skip {
        Some(Skip::Unsupported { why }) => assert!(why.contains("owns his account"), "{why}"),
        other => panic!("{other:?}"),
    }
    let alone = Desk::app(json!({})).on("GET", "/user/7", says(200, user(7, "alex_con")));
    match alone.plan("suspend_managed_user").await.skip {
        Some(Skip::Unsupported { why }) => assert!(why.contains("`enterprise`"), "{why}"),
        other => panic!("{other:?}"),
    }
}
