//! Our App and our token: what is asked for, what is missing, and in which words.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oust::model::{Identity, KeyKind, OutcomeKind, Skip};
use serde_json::{Value, json};

use super::script::{Desk, all_permissions, installation, says, user};
use crate::okta::desk::failure;

const AUTHORISED: &str = "/orgs/contoso/credential-authorizations";

/// One authorisation of alex-c's.
pub(super) fn authorised(login: &str) -> Value {
    json!({
        "login": login, "credential_id": 501, "credential_type": "personal access token",
        "credential_authorized_at": "2026-03-10T14:00:00Z",
    })
}

fn alex(desk: Desk) -> Desk {
    desk.on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on("GET", AUTHORISED, says(200, json!([authorised("alex-c")])))
        .on(
            "POST",
            "/alex-c/revoke",
            says(202, json!({ "message": "queued" })),
        )
}

/// Why nobody could be looked up.
async fn refusal(desk: &Desk) -> String {
    match desk.who(KeyKind::Id, "7").await {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

fn claims(authorization: &str) -> Value {
    let body = authorization.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_plan_holds_a_token_that_can_only_read_and_a_write_one_of_its_own() {
    let desk = alex(Desk::app(json!({})));
    let change = desk.change("revoke_credentials").await;
    let tokens = |desk: &Desk| -> Vec<Value> {
        let asked = desk.asked().into_iter();
        let tokens = asked.filter(|each| each.line.ends_with("/access_tokens"));
        tokens
            .map(|each| each.body["permissions"].clone())
            .collect()
    };
    let reading = json!({
        "organization_administration": "read", "members": "read",
        "organization_personal_access_tokens": "read",
    });
    assert_eq!(tokens(&desk), [reading], "issues are none of ours");
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Accepted);
    assert_eq!(tokens(&desk)[1]["organization_administration"], "write");
    let first = &desk.asked()[0];
    assert_eq!(
        first.line,
        "GET https://api.github.com/orgs/contoso/installation"
    );
    let claims = claims(&first.authorization);
    assert_eq!(claims["iss"], "Iv23liOust");
    let (issued, ends) = (
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert!(ends - issued <= 600, "ten minutes at most");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_once_and_renewed_before_its_end() {
    let later = json!({ "token": "ghs_later", "expires_at": "2026-03-10T17:00:00Z" });
    let desk = Desk::app(json!({})).on("POST", "/access_tokens", says(201, later));
    let desk = alex(desk);
    let tokens = |desk: &Desk| {
        let asked = desk.asked().into_iter();
        asked
            .filter(|each| each.line.ends_with("/access_tokens"))
            .count()
    };
    for _ in 0..3 {
        desk.change("revoke_credentials").await;
    }
    assert_eq!(tokens(&desk), 1);
    tokio::time::sleep(std::time::Duration::from_secs(3_590)).await;
    desk.change("revoke_credentials").await;
    assert_eq!(tokens(&desk), 2);
    let last = desk.asked().pop().unwrap();
    assert_eq!(last.authorization, "Bearer ghs_later");
}

#[tokio::test(start_paused = true)]
async fn every_way_of_having_no_token_has_words_of_its_own() {
    let told = |status: u16, text: &str| says(status, json!({ "message": text }));
    let mut suspended = installation(all_permissions());
    suspended["suspended_at"] = json!("2026-03-10T14:30:00Z");
    let mut elsewhere = installation(all_permissions());
    elsewhere["account"]["login"] = json!("fabrikam");
    for (answer, word, next) in [
        (says(200, suspended), "suspended", "unsuspend"),
        (
            told(401, "A JSON web token could not be decoded"),
            "decoded",
            "make a new key",
        ),
        (
            told(404, "Integration not found"),
            "not found",
            "check `app_id`",
        ),
        (
            told(404, "Not Found"),
            "Not Found",
            "not installed at contoso",
        ),
        (says(200, elsewhere), "fabrikam", "installation_id"),
    ] {
        let desk = Desk::app(json!({})).instead("GET", "/orgs/contoso/installation", answer);
        let why = refusal(&desk).await;
        assert!(why.contains(word) && why.contains(next), "{why}");
    }
    let desk = Desk::app(json!({})).instead(
        "POST",
        "/access_tokens",
        told(403, "This installation has been suspended"),
    );
    assert!(refusal(&desk).await.contains("unsuspend"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_corrected_by_github_s_own() {
    let late = json!({ "message": "'Expiration time' claim ('exp') is too far in the future" });
    let late = says(401, late).with("date", "Tue, 10 Mar 2026 14:20:00 GMT");
    let desk = Desk::app(json!({}))
        .instead("GET", "/orgs/contoso/installation", late)
        .on(
            "GET",
            "/orgs/contoso/installation",
            says(200, installation(all_permissions())),
        );
    let desk = alex(desk);
    desk.change("revoke_credentials").await;
    let asked = desk.asked();
    let issued = |at: usize| claims(&asked[at].authorization)["iat"].as_i64().unwrap();
    assert_eq!(issued(0) - issued(1), 40 * 60);
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_was_not_granted_blocks_only_what_needs_it() {
    let desk = alex(Desk::app(json!({}))).instead(
        "GET",
        "/orgs/contoso/installation",
        says(
            200,
            installation(json!({ "organization_administration": "write", "members": "read" })),
        ),
    );
    let refused = json!({ "message": "Resource not accessible by integration" });
    let desk = desk.on("GET", "/personal-access-tokens", says(403, refused));
    let change = desk.change("revoke_credentials").await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Accepted);
    match desk.plan("revoke_fine_grained_tokens").await.skip {
        Some(Skip::Unread { why }) => {
            assert!(why.contains("organization_personal_access_tokens"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let found = desk
        .preflight(&["revoke_credentials", "revoke_fine_grained_tokens"])
        .await;
    let lacks: Vec<&str> = found
        .iter()
        .filter(|each| each.id == "permission_missing")
        .map(|each| each.text.as_str())
        .collect();
    assert_eq!(lacks.len(), 1, "{found:?}");
    assert!(
        lacks[0].contains("organization_personal_access_tokens:write"),
        "{lacks:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_secondary_limit_is_waited_out_and_is_no_refusal() {
    let slow = json!({ "message": "You have exceeded a secondary rate limit." });
    let slow = says(403, slow).with("retry-after", "30");
    let desk = Desk::app(json!({}))
        .on("POST", "/alex-c/revoke", slow.clone())
        .on("GET", AUTHORISED, slow);
    let desk = alex(desk);
    let began = tokio::time::Instant::now();
    let change = desk.change("revoke_credentials").await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Accepted);
    assert!(began.elapsed().as_secs() >= 60, "both were waited out");
}

#[tokio::test(start_paused = true)]
async fn a_person_s_token_never_acts_on_its_owner() {
    let desk = alex(Desk::person(json!({}))).on("GET", "/user", says(200, user(7, "alex-c")));
    let own = desk.system.connector.own_ids(&desk.reader).await.unwrap();
    assert_eq!(own, ["7"]);
    for verb in ["revoke_credentials", "remove_member"] {
        match desk.plan(verb).await.skip {
            Some(Skip::Unsupported { why }) => assert!(why.contains("revoke itself"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let unknown = alex(Desk::person(json!({}))).on("GET", "/user", says(502, json!({})));
    match unknown.plan("revoke_credentials").await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("must not revoke itself"), "{why}"),
        other => panic!("{other:?}"),
    }
    // A plan that an App made does not make it anybody else's.
    let change = alex(Desk::app(json!({})))
        .change("revoke_credentials")
        .await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(
        why.contains("revoke itself") && hint.contains("GitHub App"),
        "{why}"
    );
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_person_s_token_says_what_it_cannot_and_a_warning_is_remembered() {
    let warned = json!({ "message": "queued", "warning": "The token used may be revoked" });
    let desk = Desk::person(json!({}))
        .on(
            "GET",
            "/user",
            says(200, user(1, "kim-c")).with("x-oauth-scopes", "read:org"),
        )
        .on("POST", "/alex-c/revoke", says(202, warned));
    let desk = alex(desk);
    match desk.plan("revoke_fine_grained_tokens").await.skip {
        Some(Skip::Unsupported { why }) => assert!(why.contains("only a GitHub App"), "{why}"),
        other => panic!("{other:?}"),
    }
    let found = desk.preflight(&["revoke_credentials"]).await;
    let ids: Vec<&str> = found.iter().map(|each| each.id.as_str()).collect();
    let wanted = ["personal_token", "scope_missing", "identities_unread"];
    assert_eq!(ids, wanted, "{found:?}");

    let change = desk.change("revoke_credentials").await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Accepted);
    let desk = desk.instead(
        "GET",
        AUTHORISED,
        says(401, json!({ "message": "Bad credentials" })),
    );
    let proof = desk.proof(&done).await;
    assert!(proof.how.contains("may be revoked"), "{}", proof.how);
    assert!(!proof.how.contains("ghp_secret"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_not_authorised_for_single_sign_on_says_so() {
    let url = "required; url=https://github.com/orgs/contoso/sso?authorization_request=hunter2";
    let refused = json!({ "message": "Resource protected by organization SAML enforcement." });
    let desk = Desk::person(json!({}))
        .on("GET", "/user", says(200, user(1, "kim-c")))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on(
            "GET",
            AUTHORISED,
            says(403, refused).with("x-github-sso", url),
        );
    match desk.plan("revoke_credentials").await.skip {
        Some(Skip::Unread { why }) => {
            assert!(why.contains("Configure SSO"), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_stands_in_what_is_said() {
    let desk = Desk::app(json!({})).instead(
        "POST",
        "/access_tokens",
        says(
            422,
            json!({ "message": "The permissions requested are not granted", "token": "ghs_x" }),
        ),
    );
    let why = refusal(&desk).await;
    assert!(
        why.contains("not granted") && !why.contains("ghs_x"),
        "{why}"
    );
}
