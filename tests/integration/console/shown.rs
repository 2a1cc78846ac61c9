//! What the pages show, of whom, and how much of it.

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use oust::desk::{Desk, Power, Watch, WatchState};
use oust::given::Clock;
use oust::inbox::Inbox;
use oust::model::{Fate, RunId};
use oust::server::{Item, look_at_ledger};
use tower::ServiceExt;

use super::world::{Browser, CANARY, World, alert, hostile};
use crate::samples::{self, alex, subject, takeover};

#[tokio::test]
async fn what_needs_somebody_stands_first() {
    let world = World::new();
    let priya = world.signed_in("priya", Power::Approver).await;
    let page = priya.get("/").await.text;
    assert!(page.contains("Nothing waits, nothing runs"), "{page}");
    world.propose(&takeover(vec![alex()]).plan()).await;
    world.recorded(&running(12)).await;
    let ids = world.alerts(vec![alert("1"), alert("2")], "{}").await;
    let fate = Fate::NeedsLookup {
        why: "the alert names nobody".into(),
    };
    world
        .inbox
        .settle(&ids[0], fate, world.clock.now())
        .await
        .unwrap();
    let page = priya.get("/").await.text;
    let places = [
        "Waiting for approval",
        "Contain alex@contoso.example",
        "Read and decide",
        "Runs that are not over",
        "Alerts that need a look",
        "the alert names nobody",
        "Lately",
    ];
    let mut rest = &page[..];
    for said in places {
        rest = rest
            .split_once(said)
            .unwrap_or_else(|| panic!("{said}: {page}"))
            .1;
    }
}

/// The first records of a run that is contained in the end.
fn running(records: usize) -> Vec<oust::ledger::Record> {
    let mut records = samples::contained().records()[..records].to_vec();
    for record in &mut records {
        record.run = RunId::new("r_0193f9");
    }
    records
}

#[tokio::test]
async fn a_run_that_is_not_over_tells_its_progress_and_no_verdict() {
    let world = World::new();
    world.recorded(&running(9)).await;
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let page = viewer.get("/runs/r_0193f9").await.text;
    for said in [
        "RUNNING",
        "alex@contoso.example: ",
        "of 8 changes made",
        "What happened",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(
        page.contains("on its way") && page.contains("to come"),
        "{page}"
    );
    for never in [
        "PARTIAL",
        "UNKNOWN",
        "not evicted",
        "What still works",
        "in doubt",
    ] {
        assert!(!page.contains(never), "{never}: {page}");
    }
    world.clock.pass(Duration::from_secs(600));
    let page = viewer.get("/runs/r_0193f9").await.text;
    assert!(page.contains("UNFINISHED"), "{page}");
    assert!(page.contains("<code>oust runs resume"), "{page}");
}

#[tokio::test]
async fn a_run_that_is_over_is_told_as_its_report_tells_it() {
    let world = World::new();
    world.recorded(samples::contained().records()).await;
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let page = viewer.get("/runs/r_0193f2").await.text;
    for said in [
        "CONTAINED",
        "What still works",
        "Step by step",
        "What happened",
        "Ledger: ",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let list = viewer.get("/runs").await.text;
    assert!(list.contains("href=\"/runs/r_0193f2\""), "{list}");
}

#[tokio::test]
async fn until_when_a_run_is_watched_stands_on_its_page() {
    let world = World::new();
    world.recorded(samples::contained().records()).await;
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let page = viewer.get("/runs/r_0193f2").await.text;
    assert!(!page.contains("atched until"), "nobody watches it: {page}");
    let now = world.clock.now();
    let mut watch = Watch {
        run: RunId::new("r_0193f2"),
        from: now,
        until: now.plus(Duration::from_secs(86_400)),
        next_at: now,
        looks: 12,
        quiet: 12,
        rounds: 0,
        is_open: false,
        news: 0,
        unread: String::new(),
        proposed: None,
        state: WatchState::Watching,
    };
    for (state, says) in [
        (WatchState::Watching, "Watched until "),
        (WatchState::GaveUp, "The watch was given up after 12 looks"),
        (WatchState::Released, "The watch ended: it was given back."),
    ] {
        watch.state = state;
        world.desk.keep_watch(&watch).await.unwrap();
        let page = viewer.get("/runs/r_0193f2").await.text;
        assert!(page.contains(says), "{says}: {page}");
    }
}

#[tokio::test]
async fn markup_in_anybody_s_words_stays_text_on_every_page() {
    let world = World::new();
    let who = subject(CANARY, CANARY);
    let plan = takeover(vec![who]).with(|plan| {
        plan.run = RunId::new("r_1");
        plan.org = CANARY.into();
        plan.stages[0].name = CANARY.into();
    });
    let mut proposal = world.propose(&plan.plan()).await;
    for text in [
        &mut proposal.title,
        &mut proposal.why,
        &mut proposal.requester,
    ] {
        *text = CANARY.into();
    }
    proposal.alerts = vec![CANARY.into()];
    world.desk.propose(&proposal).await.unwrap();
    world.recorded(samples::hostile().records()).await;
    let ids = world.alerts(vec![hostile("1"), hostile("2")], CANARY).await;
    let fate = Fate::Failed { why: CANARY.into() };
    world
        .inbox
        .settle(&ids[0], fate, world.clock.now())
        .await
        .unwrap();
    let admin = world.signed_in(CANARY, Power::Admin).await;
    admin
        .fill("/freeze", "/freeze", &[("reason", CANARY)])
        .await;
    let run = samples::hostile().records()[0].run.clone();
    let mut seen = 0;
    for path in [
        "/".to_owned(),
        "/proposals".into(),
        "/proposals/r_1".into(),
        "/runs".into(),
        format!("/runs/{run}"),
        "/alerts".into(),
        format!("/alerts/{}", ids[0]),
        format!("/alerts/{}", ids[1]),
        "/alerts?source=%3Ccanary%3E&fate=%22%3E%3Ccanary%3E".into(),
        "/audit".into(),
        "/tokens".into(),
        "/freeze".into(),
    ] {
        // That nothing of it is markup is asked of every answer (`Answer::of`).
        let page = admin.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        seen += page.text.matches("&lt;canary").count();
        assert!(!page.text.contains("href=\"javascript"), "{path}");
    }
    assert!(seen > 40, "{seen}: nothing was shown at all");
}

#[tokio::test]
async fn ten_thousand_alerts_are_fifty_a_page_and_a_filter_finds_the_last() {
    let world = World::new();
    let mut all: Vec<_> = (0..10_000)
        .map(|number| alert(&number.to_string()))
        .collect();
    all[3].source = "soc-splunk".into();
    for some in all.chunks(1_000) {
        world.alerts(some.to_vec(), &"x".repeat(200)).await;
    }
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let rows = |text: &str| text.matches("data-l=\"became\"").count();
    let page = viewer.get("/alerts").await.text;
    assert_eq!(rows(&page), 50);
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(viewer.get("/").await.text.len() < 60_000);
    let found = follow(&viewer, "/alerts?source=soc-splunk&fate=", 10).await;
    assert!(found.contains("soc-splunk, medium"), "{found}");
    let (_, token) = world.token("omar", Power::Viewer).await;
    let answer = world
        .call(&token, Method::GET, "/v1/alerts?limit=200", None)
        .await
        .json();
    assert_eq!(answer["alerts"].as_array().unwrap().len(), 200);
    assert!(answer["alerts"][0].get("raw").is_none());
    let next = answer["next"].as_str().unwrap();
    let path = format!("/v1/alerts?limit=1&before={next}");
    let more = world.call(&token, Method::GET, &path, None).await.json();
    assert_ne!(more["alerts"][0]["id"], answer["alerts"][199]["id"]);
}

/// Follows "older" until there is a row.
async fn follow(viewer: &Browser<'_>, path: &str, most: usize) -> String {
    let mut path = path.to_owned();
    for _ in 0..most {
        let page = viewer.get(&path).await.text;
        if page.contains("data-l=\"became\"") {
            return page;
        }
        let (before, _) = page
            .split_once("\">Older alerts")
            .expect("more to look through");
        path = before
            .rsplit_once("href=\"")
            .unwrap()
            .1
            .replace("&amp;", "&");
    }
    panic!("not found")
}

#[tokio::test]
async fn unknown_paths_other_methods_and_heads_are_answered() {
    let world = World::new();
    let viewer = world.signed_in("vera", Power::Viewer).await;
    for path in [
        "/nowhere",
        "/runs/none",
        "/proposals/none",
        "/alerts/none",
        "/runs/%ff",
    ] {
        let page = viewer.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("<h1>"), "{path}");
    }
    let (_, token) = world.token("omar", Power::Viewer).await;
    for path in [
        "/v1/nowhere",
        "/v1/runs/none",
        "/v1/alerts/a/b",
        "/v1/proposals/none",
    ] {
        let answer = world.call(&token, Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text.contains("urn:oust:problem:unknown"), "{path}");
    }
    let answer = world.call(&token, Method::DELETE, "/v1/runs", None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers.contains_key("allow"));
    let answer = world.call(&token, Method::HEAD, "/v1/runs", None).await;
    assert_eq!((answer.status, answer.text.len()), (StatusCode::OK, 0));
    for path in ["/style.css", "/live.js", "/sign-in"] {
        assert_eq!(
            world.browser().get(path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    let big = "x".repeat(100_000);
    let csrf = viewer.csrf().await;
    let answer = viewer
        .post("/sign-out", &[("csrf", &csrf), ("a", &big)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_page_that_looks_on_is_told_what_changed_and_nothing_once_the_token_is_taken_back() {
    let world = World::new();
    let (token, text) = world.token("vera", Power::Viewer).await;
    let mut viewer = world.browser();
    viewer.sign_in(&text).await;
    let request = viewer
        .request(Method::GET, "/events")
        .body(Body::empty())
        .unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut next = async || {
        let frame = body.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    };
    assert!(next().await.unwrap().starts_with(':'));
    let run = RunId::new("r_1\r\ndata: forged");
    world.shared.news.tell(Item::Run(run));
    world.shared.news.tell(Item::Alert("a_1".into()));
    let told = loop {
        let told = next().await.unwrap();
        if !told.starts_with(':') {
            break told;
        }
    };
    assert!(
        told.starts_with("data: alerts run/r_1\\x0d\\x0adata: forged"),
        "{told}"
    );
    world
        .desk
        .revoke_token(&token.id, world.clock.now())
        .await
        .unwrap();
    world.shared.news.tell(Item::Alert("a_2".into()));
    // What was under way may still come; then it ends.
    while next().await.is_some() {}
}

#[tokio::test]
async fn a_run_of_another_process_is_noticed_by_its_records() {
    let world = World::new();
    let mut news = world.shared.news.listen();
    let looking = tokio::spawn(look_at_ledger(world.shared.clone()));
    tokio::time::sleep(Duration::from_millis(30)).await;
    world.recorded(&running(6)).await;
    let told = news.recv().await.unwrap();
    assert_eq!(told, Item::Run(RunId::new("r_0193f9")));
    looking.abort();
}

#[tokio::test]
async fn no_more_than_so_many_pages_look_on() {
    let world = World::new();
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let mut open = Vec::new();
    let ask = || {
        let request = viewer.request(Method::GET, "/events");
        world
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
    };
    for _ in 0..64 {
        let response = ask().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        open.push(response);
    }
    assert_eq!(
        ask().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    open.pop();
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
}
