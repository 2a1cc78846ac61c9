//! Who somebody is: by identity, number or SCIM's id, and never silently nobody.

use oust::model::{Identity, KeyKind};
use serde_json::{Value, json};

use super::script::{Desk, says, user};

const ALEX: &str = "alex@contoso.example";
const GUID: &str = "1b78eada-9baa-11e6-9eb6-a431576d590e";

/// An answer of GraphQL with these identities.
fn identities(nodes: Value) -> Value {
    let found = json!({ "totalCount": 1, "nodes": nodes, "pageInfo": { "hasNextPage": false } });
    json!({ "data": { "organization": { "samlIdentityProvider": {
        "issuer": "http://www.okta.com/exk1", "externalIdentities": found,
    } } } })
}

fn linked(name: &str, id: u64) -> Value {
    json!({
        "guid": GUID, "samlIdentity": { "nameId": name, "username": null },
        "scimIdentity": null, "user": { "login": "alex-c", "databaseId": id },
    })
}

async fn unread(desk: &Desk, kind: KeyKind, value: &str) -> String {
    match desk.who(kind, value).await {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_identity_s_account_is_found_and_must_point_back() {
    let desk = Desk::app(json!({})).on(
        "POST",
        "/graphql",
        says(200, identities(json!([linked(ALEX, 7)]))),
    );
    let found = Identity::Found { id: "7".into() };
    assert_eq!(desk.who(KeyKind::Login, ALEX).await, found);
    assert_eq!(
        desk.who(KeyKind::UserName, "ALEX@contoso.example").await,
        found
    );
    let asked = desk.asked();
    let asked = asked
        .iter()
        .find(|each| each.line.contains("/graphql"))
        .unwrap();
    assert_eq!(asked.body["variables"]["n"], ALEX);
    assert!(!asked.body["query"].as_str().unwrap().contains(ALEX));

    let other = Desk::app(json!({})).on(
        "POST",
        "/graphql",
        says(
            200,
            identities(json!([linked("morgan@contoso.example", 9)])),
        ),
    );
    assert_eq!(other.who(KeyKind::Login, ALEX).await, Identity::NoAccount);
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_name_are_told_and_none_is_taken() {
    let two = identities(json!([linked(ALEX, 7), linked(ALEX, 9)]));
    let desk = Desk::app(json!({})).on("POST", "/graphql", says(200, two));
    let candidates = vec!["7".into(), "9".into()];
    assert_eq!(
        desk.who(KeyKind::Login, ALEX).await,
        Identity::Ambiguous { candidates }
    );
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_identity_a_hidden_provider_and_an_error_are_never_no_account() {
    let mut unlinked = linked(ALEX, 7);
    unlinked["user"] = Value::Null;
    let no_saml = json!({ "data": { "organization": { "samlIdentityProvider": null } } });
    let denied = json!({
        "data": { "organization": null },
        "errors": [{ "type": "FORBIDDEN", "message": "Resource not accessible by integration" }],
    });
    let unknown = json!({
        "data": { "organization": null },
        "errors": [{ "type": "NOT_FOUND", "message": "Could not resolve to an Organization" }],
    });
    let mut endless = identities(json!([linked(ALEX, 7)]));
    let pages = &mut endless["data"]["organization"]["samlIdentityProvider"]["externalIdentities"];
    pages["pageInfo"]["hasNextPage"] = json!(true);
    for (body, word) in [
        (identities(json!([unlinked])), "no account was ever linked"),
        (no_saml, "no single sign-on of its own"),
        (denied, "not accessible by integration"),
        (unknown, "Could not resolve"),
        (endless, "more than 5"),
        (json!({}), "neither organisation"),
    ] {
        let desk = Desk::app(json!({})).on("POST", "/graphql", says(200, body));
        let why = unread(&desk, KeyKind::Login, ALEX).await;
        assert!(why.contains(word), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_names_a_person_and_nothing_else() {
    let desk = Desk::app(json!({}))
        .on("GET", "/user/7", says(200, user(7, "alex-c")))
        .on(
            "GET",
            "/user/8",
            says(
                200,
                json!({ "id": 8, "login": "contoso", "type": "Organization" }),
            ),
        )
        .on(
            "GET",
            "/user/9",
            says(404, json!({ "message": "Not Found" })),
        );
    assert_eq!(
        desk.who(KeyKind::Id, "7").await,
        Identity::Found { id: "7".into() }
    );
    for nobody in ["8", "9", "alex-c", "../orgs/contoso", ""] {
        assert_eq!(
            desk.who(KeyKind::Id, nobody).await,
            Identity::NoAccount,
            "{nobody}"
        );
    }
    assert!(
        desk.lines().iter().all(|line| !line.contains("alex-c")),
        "{:?}",
        desk.lines()
    );
}

#[tokio::test(start_paused = true)]
async fn scim_s_id_leads_to_the_account_that_its_name_leads_to() {
    let person = json!({ "id": GUID, "userName": ALEX, "active": true });
    let at = "/scim/v2/organizations/contoso/Users/1b78eada-9baa-11e6-9eb6-a431576d590e";
    let desk = Desk::app(json!({}))
        .on("GET", at, says(200, person.clone()))
        .on(
            "POST",
            "/graphql",
            says(200, identities(json!([linked(ALEX, 7)]))),
        );
    assert_eq!(
        desk.who(KeyKind::Id, GUID).await,
        Identity::Found { id: "7".into() }
    );

    let mut other = linked(ALEX, 7);
    other["guid"] = json!("another");
    let desk = Desk::app(json!({})).on("GET", at, says(200, person)).on(
        "POST",
        "/graphql",
        says(200, identities(json!([other]))),
    );
    assert_eq!(desk.who(KeyKind::Id, GUID).await, Identity::NoAccount);
}

#[tokio::test(start_paused = true)]
async fn a_managed_user_is_found_by_scim_under_the_login_that_the_rule_gives_him() {
    let list = json!({ "totalResults": 2, "Resources": [
        { "id": GUID, "userName": ALEX, "externalId": "00u1", "active": true },
        { "id": "other", "userName": "robin@contoso.example", "active": true },
    ] });
    let managed = |patch: Value| {
        let mut all = json!({ "enterprise": "contoso-inc" });
        all.as_object_mut()
            .unwrap()
            .extend(patch.as_object().unwrap().clone());
        let hidden = json!({ "data": { "organization": { "samlIdentityProvider": null },
            "enterprise": { "ownerInfo": null } } });
        Desk::app(all)
            .on("POST", "/graphql", says(200, hidden))
            .on(
                "GET",
                "/scim/v2/enterprises/contoso-inc/Users",
                says(200, list.clone()),
            )
            .on("GET", "/users/alex_con", says(200, user(7, "alex_con")))
    };
    let desk = managed(json!({ "shortcode": "con" }));
    assert_eq!(
        desk.who(KeyKind::Login, ALEX).await,
        Identity::Found { id: "7".into() }
    );
    assert_eq!(
        desk.who(KeyKind::Login, "nobody@contoso.example").await,
        Identity::NoAccount,
        "SCIM knows every managed user"
    );
    let blind = managed(json!({}));
    let why = unread(&blind, KeyKind::Login, ALEX).await;
    assert!(why.contains("shortcode"), "{why}");
    let wrong = managed(json!({ "shortcode": "con" })).instead(
        "GET",
        "/users/alex_con",
        says(404, json!({ "message": "Not Found" })),
    );
    let why = unread(&wrong, KeyKind::Login, ALEX).await;
    assert!(why.contains("no account alex_con"), "{why}");
    let filter = wrong
        .lines()
        .into_iter()
        .find(|line| line.contains("/scim/"))
        .unwrap();
    assert!(
        filter.contains("userName+eq+%22alex%40contoso.example%22"),
        "{filter}"
    );
}
