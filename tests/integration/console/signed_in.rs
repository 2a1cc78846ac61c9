//! Who gets in, how long he stays, and what a form must carry.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use oust::desk::{Desk, Power};
use oust::given::Clock;

use super::world::{World, form};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_form_and_back() {
    let world = World::new();
    let mut browser = world.browser();
    for path in [
        "/",
        "/runs",
        "/proposals",
        "/alerts",
        "/rehearsals",
        "/audit",
        "/freeze",
        "/tokens",
        "/events",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.location().starts_with("/sign-in?to=%2F"), "{path}");
    }
    let form = browser.get("/sign-in?to=%2Fruns%2Fr_1").await;
    assert!(
        form.text.contains("name=\"to\" value=\"/runs/r_1\""),
        "{}",
        form.text
    );
    let led = browser.get("/sign-in?to=https%3A%2F%2Fevil.example").await;
    assert!(!led.text.contains("evil"), "{}", led.text);
    let (_, text) = world.token("dana", Power::Viewer).await;
    let answer = browser.sign_in(&text).await;
    assert_eq!(answer.location(), "/runs");
    assert_eq!(browser.get("/runs").await.status, StatusCode::OK);
    assert!(
        world
            .audit()
            .await
            .contains("dana: signed in from 192.0.2.1")
    );
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_told_so_and_no_more() {
    let world = World::new();
    let (token, text) = world.token("dana", Power::Admin).await;
    let wrong = format!("oust_{}_{}", token.id, "0".repeat(64));
    let mut answers = Vec::new();
    for (from, sent) in [
        ("192.0.2.1", "dana"),
        ("192.0.2.2", &*wrong),
        ("192.0.2.3", ""),
    ] {
        let mut browser = world.browser();
        browser.from = from.parse().unwrap();
        answers.push(browser.sign_in(sent).await);
    }
    world
        .desk
        .revoke_token(&token.id, world.clock.now())
        .await
        .unwrap();
    answers.push(world.browser().sign_in(&text).await);
    let (_, late) = world.token("priya", Power::Admin).await;
    world.clock.pass(MINUTE * 60 * 24 * 31);
    answers.push(world.browser().sign_in(&late).await);
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(
            answer.text.contains("This token opens nothing."),
            "{}",
            answer.text
        );
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        for secret in [&text, &late, &wrong] {
            assert!(!answer.text.contains(secret.as_str()));
        }
    }
    let audit = world.audit().await;
    assert!(
        audit.contains(&format!(
            "somebody from 192.0.2.2: did not get in: wrong secret for {}",
            token.id
        )),
        "{audit}"
    );
    assert!(audit.contains("has expired or was taken back"), "{audit}");
    assert!(!audit.contains(&text[18..]), "{audit}");
}

#[tokio::test]
async fn a_session_ends_with_its_token_with_its_time_and_unused() {
    let world = World::new();
    let (token, text) = world.token("dana", Power::Viewer).await;
    let mut browser = world.browser();
    browser.sign_in(&text).await;
    // Used every 20 minutes it holds for 8 hours and no longer.
    for _ in 0..23 {
        world.clock.pass(MINUTE * 20);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
    }
    world.clock.pass(MINUTE * 20);
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    browser.sign_in(&text).await;
    world.clock.pass(MINUTE * 31);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "unused"
    );
    browser.sign_in(&text).await;
    // A page that looks on by itself is no use.
    world.clock.pass(MINUTE * 20);
    let live = browser.request(Method::GET, "/").header("x-oust-live", "1");
    let live = world.send(live.body(Body::empty()).unwrap()).await;
    assert_eq!(live.status, StatusCode::OK);
    world.clock.pass(MINUTE * 11);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "only a page looked on"
    );
    browser.sign_in(&text).await;
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    world
        .desk
        .revoke_token(&token.id, world.clock.now())
        .await
        .unwrap();
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "taken back"
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_and_signing_in_begins_another() {
    let world = World::new();
    let (_, text) = world.token("dana", Power::Viewer).await;
    let mut browser = world.browser();
    let answer = browser.sign_in(&text).await;
    let cookie = answer.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(cookie.starts_with("__Host-oust="), "{cookie}");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let first = browser.cookie.clone();
    browser.sign_in(&text).await;
    assert_ne!(browser.cookie, first);
    let answer = browser.fill("/", "/sign-out", &[]).await;
    assert_eq!(answer.location(), "/sign-in");
    assert!(
        answer.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    let twice = browser
        .request(Method::GET, "/")
        .header(header::COOKIE, first.unwrap());
    let twice = world.send(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(
        twice.status,
        StatusCode::SEE_OTHER,
        "two cookies of one name are none"
    );
}

#[tokio::test]
async fn on_a_loopback_address_without_https_the_cookie_has_another_name() {
    let world = World::with(1, false);
    let (_, text) = world.token("dana", Power::Viewer).await;
    let mut browser = world.browser();
    let answer = browser.sign_in(&text).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.starts_with("oust=") && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_form_without_its_session_s_key_or_from_another_page_changes_nothing() {
    let world = World::new();
    let admin = world.signed_in("dana", Power::Admin).await;
    let other = world.signed_in("priya", Power::Admin).await;
    let (own, foreign) = (admin.csrf().await, other.csrf().await);
    assert_ne!(own, foreign);
    let words = |csrf: &'static str| [("csrf", csrf), ("reason", "drill")];
    let mut answers = vec![
        admin.post("/freeze", &[("reason", "drill")]).await,
        admin.post("/freeze", &words("")).await,
        admin
            .post("/freeze", &[("csrf", &foreign), ("reason", "drill")])
            .await,
    ];
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = admin.request(Method::POST, "/freeze").header(name, value);
        let sent = form(request, &[("csrf", &own), ("reason", "drill")]);
        answers.push(world.send(sent).await);
    }
    for answer in answers {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        assert!(
            answer.text.contains("Nothing was changed."),
            "{}",
            answer.text
        );
    }
    assert_eq!(world.desk.frozen().await.unwrap(), None);
    let good = admin
        .post("/freeze", &[("csrf", &own), ("reason", "drill")])
        .await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
    assert_eq!(world.desk.frozen().await.unwrap().unwrap().reason, "drill");
    let json = admin
        .request(Method::POST, "/thaw")
        .header(header::CONTENT_TYPE, "application/json");
    let json = world.send(json.body(Body::from("{}")).unwrap()).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_page_that_was_rebound_to_our_address_gets_nothing() {
    let world = World::new();
    for path in ["/", "/sign-in", "/v1/runs", "/openapi.json", "/style.css"] {
        for host in ["evil.example", "evil.example:443", ""] {
            let request = Request::builder().uri(path).header(header::HOST, host);
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                answer.status,
                StatusCode::MISDIRECTED_REQUEST,
                "{host}{path}"
            );
        }
    }
}

#[tokio::test]
async fn who_tries_too_often_waits_and_keeps_nobody_else_out() {
    let world = World::new();
    let (token, text) = world.token("dana", Power::Viewer).await;
    let wrong = format!("oust_{}_{}", token.id, "0".repeat(64));
    let mut guesser = world.browser();
    guesser.from = "203.0.113.66".parse().unwrap();
    let mut last = StatusCode::OK;
    for _ in 0..10 {
        last = guesser.sign_in(&wrong).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let answer = guesser.sign_in(&text).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(
        world.browser().sign_in(&text).await.status,
        StatusCode::SEE_OTHER
    );
    let audit = world.audit().await;
    assert!(audit.matches("did not get in").count() <= 7, "{audit}");
}

#[tokio::test]
async fn a_cookie_opens_nothing_at_the_api_and_a_token_none_of_the_pages() {
    let world = World::new();
    let admin = world.signed_in("dana", Power::Admin).await;
    assert_eq!(admin.get("/v1/runs").await.status, StatusCode::UNAUTHORIZED);
    let (_, text) = world.token("priya", Power::Admin).await;
    let page = world.call(&text, Method::GET, "/runs", None).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let answer = world.call(&text, Method::GET, "/v1/runs", None).await;
    assert_eq!(answer.json()["runs"], serde_json::json!([]));
}

#[tokio::test]
async fn an_admin_gives_out_a_token_that_is_shown_once_and_takes_it_back() {
    let world = World::new();
    let admin = world.signed_in("dana", Power::Admin).await;
    let words = [
        ("name", "priya"),
        ("power", "approver"),
        ("days", "30"),
        ("okta_id", "00upriya"),
    ];
    let page = admin.fill("/tokens", "/tokens", &words).await;
    assert_eq!(page.status, StatusCode::OK);
    let (_, rest) = page.text.split_once("class=\"secret\">").unwrap();
    let text = rest.split('<').next().unwrap();
    let mut priya = world.browser();
    priya.from = "192.0.2.9".parse().unwrap();
    assert_eq!(priya.sign_in(text).await.status, StatusCode::SEE_OTHER);
    let again = admin.get("/tokens").await;
    assert!(!again.text.contains(text), "shown twice");
    assert_eq!(priya.get("/tokens").await.status, StatusCode::FORBIDDEN);
    let id = text.split('_').collect::<Vec<_>>()[1..3].join("_");
    let path = format!("/tokens/{id}/revoke");
    let csrf = priya.csrf().await;
    let not_his = priya.post(&path, &[("csrf", &csrf)]).await;
    assert_eq!(not_his.status, StatusCode::FORBIDDEN);
    let answer = admin.fill("/tokens", &path, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        priya.get("/").await.status,
        StatusCode::SEE_OTHER,
        "his session ended"
    );
    for bad in [
        ("name", ""),
        ("days", "0"),
        ("days", "9999"),
        ("power", "root"),
    ] {
        let mut words = words.to_vec();
        words.push(bad);
        let answer = admin.fill("/tokens", "/tokens", &words).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad:?}");
    }
}
