//! Lists: pages, filters, what they leave out.

use oust_mocks::World;
use oust_mocks::world::{ALEX, OAUTH_CLIENTS};

use crate::{NOW, all_pages, ask, contoso, ids, open};

#[test]
fn grants_and_tokens_come_in_pages_of_twenty() {
    let mut range = contoso();
    let (grants, pages) = all_pages(&mut range, &format!("/api/v1/users/{ALEX}/grants"));
    assert_eq!((grants.len(), pages), (25, 2));
    let mut tokens = 0;
    for client in OAUTH_CLIENTS {
        tokens += all_pages(
            &mut range,
            &format!("/api/v1/users/{ALEX}/clients/{client}/tokens?limit=3"),
        )
        .0
        .len();
    }
    assert_eq!(
        tokens, 23,
        "the access token without a refresh token is in no list"
    );
}

#[test]
fn every_user_of_a_crowd_is_on_exactly_one_page() {
    let mut range = open(World::contoso(NOW).crowd(450));
    let (users, pages) = all_pages(
        &mut range,
        "/api/v1/users?search=status%20eq%20%22ACTIVE%22",
    );
    assert_eq!(pages, 3);
    let mut seen: Vec<String> = ids(&users.into());
    seen.dedup();
    assert_eq!(seen.len(), range.okta.users.len());
}

#[test]
fn deactivated_users_are_in_searches_and_filters_but_not_in_the_plain_list() {
    let mut range = open(World::contoso(NOW).status("sam@contoso.example", "DEPROVISIONED"));
    let sam = range.okta.user("sam@contoso.example").unwrap().id.clone();
    assert!(!ids(&ask(&mut range, "GET", "/api/v1/users").json()).contains(&sam));
    let filter = "/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22";
    assert_eq!(ids(&ask(&mut range, "GET", filter).json()), [sam]);
    let bad = ask(
        &mut range,
        "GET",
        "/api/v1/users?filter=profile.login%20sw%20%22a%22",
    );
    assert_eq!(
        (bad.status, bad.json()["errorCode"].as_str()),
        (400, Some("E0000031"))
    );
}

#[test]
fn the_apps_of_a_user_come_with_scope_date_and_the_id_downstream() {
    let mut range = contoso();
    let path = format!("/api/v1/apps?filter=user.id+eq+%22{ALEX}%22&expand=user/{ALEX}&limit=200");
    let apps = ask(&mut range, "GET", &path).json();
    let aws = apps
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["name"] == "amazon_aws_sso")
        .unwrap();
    let user = &aws["_embedded"]["user"];
    assert_eq!(user["scope"], "USER");
    assert_eq!(
        user["externalId"],
        oust_mocks::accounts::portal_id("alex@contoso.example")
    );
    assert_eq!(user["credentials"]["userName"], "alex@contoso.example");
    assert_eq!(user["created"], "2026-03-10T14:25:48.140Z");
    let foreign = format!("/api/v1/apps?expand=user/{ALEX}");
    assert_eq!(ask(&mut range, "GET", &foreign).status, 400);
}

#[test]
fn a_direct_assignment_can_go_and_a_group_s_comes_back() {
    let mut range = contoso();
    let app = |range: &oust_mocks::Range, scope: &str| {
        let alex = range.okta.user(ALEX).unwrap();
        alex.apps
            .iter()
            .find(|(_, a)| a.scope == scope)
            .map(|(id, _)| id.clone())
            .unwrap()
    };
    let (direct, by_group) = (app(&range, "USER"), app(&range, "GROUP"));
    for (id, left) in [(direct, 404), (by_group, 200)] {
        assert_eq!(
            ask(
                &mut range,
                "DELETE",
                &format!("/api/v1/apps/{id}/users/{ALEX}")
            )
            .status,
            204
        );
        assert_eq!(
            ask(
                &mut range,
                "GET",
                &format!("/api/v1/apps/{id}/users/{ALEX}")
            )
            .status,
            left
        );
    }
}

#[test]
fn per_client_revocation_leaves_the_access_token_that_no_list_shows() {
    let mut range = contoso();
    for client in OAUTH_CLIENTS {
        ask(
            &mut range,
            "DELETE",
            &format!("/api/v1/users/{ALEX}/clients/{client}/tokens"),
        );
    }
    let left: Vec<bool> = range
        .okta
        .user(ALEX)
        .unwrap()
        .tokens
        .values()
        .map(|t| t.refresh)
        .collect();
    assert_eq!(left, [false]);
}

#[test]
fn admins_are_listed_by_their_roles() {
    let mut range = contoso();
    let found = ask(&mut range, "GET", "/api/v1/iam/assignees/users?limit=2").json();
    assert_eq!(found["value"].as_array().unwrap().len(), 2);
    let next = crate::target(found["_links"]["next"]["href"].as_str().unwrap());
    let rest = ask(&mut range, "GET", &next).json();
    assert_eq!(rest["value"].as_array().unwrap().len(), 1);
    assert!(rest["_links"].get("next").is_none());
}
