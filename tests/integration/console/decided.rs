//! What people decide about a proposal, and what keeps them from it.

use std::time::Duration;

use http::{Method, StatusCode};
use oust::desk::{Decision, Desk, Power, ProposalState};
use oust::given::Clock;
use oust::ledger::Store;
use oust::model::{Plan, RunId};
use serde_json::json;

use super::world::{Browser, World};
use crate::samples::{self, alex, takeover};

const PAGE: &str = "/proposals/r_0193f2";
const APPROVE: &str = "/proposals/r_0193f2/approve";
const DENY: &str = "/proposals/r_0193f2/deny";

fn plan() -> Plan {
    takeover(vec![alex()]).plan()
}

async fn state(world: &World) -> ProposalState {
    let found = world.desk.proposal(&RunId::new("r_0193f2")).await.unwrap();
    found.unwrap().state
}

async fn approve(browser: &Browser<'_>) -> super::world::Answer {
    let words = [("typed", "alex"), ("reason", "seen the events")];
    browser.fill(PAGE, APPROVE, &words).await
}

#[tokio::test]
async fn an_approver_types_what_is_at_stake_and_it_is_handed_on() {
    let world = World::new();
    world.propose(&plan()).await;
    let priya = world.signed_in("priya", Power::Approver).await;
    let page = priya.get(PAGE).await.text;
    for said in [
        "alex@contoso.example",
        "delete factor Okta Verify on &quot;Pixel 9&quot;",
        "cannot be undone",
        "0 of 1 approval",
        "Type <strong>alex</strong>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let mistyped = priya.fill(PAGE, APPROVE, &[("typed", "maya")]).await;
    assert_eq!(mistyped.status, StatusCode::BAD_REQUEST);
    assert!(
        mistyped.text.contains("nothing was approved"),
        "{}",
        mistyped.text
    );
    assert_eq!(state(&world).await, ProposalState::Waiting);

    let mut news = world.shared.news.listen();
    let rung = world.shared.bell.clone();
    let rung = rung.notified();
    assert_eq!(
        approve(&priya).await.location(),
        "/proposals/r_0193f2?done=approved"
    );
    assert_eq!(state(&world).await, ProposalState::Approved);
    rung.await;
    news.recv().await.unwrap();
    let kept = world
        .desk
        .proposal(&RunId::new("r_0193f2"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.decisions[0].digest, plan().digest());
    assert_eq!(kept.decisions[0].how, "console");
    assert_eq!(kept.decisions[0].reason, "seen the events");
    let audit = world.audit().await;
    assert!(audit.contains("priya: approved r_0193f2"), "{audit}");
}

#[tokio::test]
async fn a_viewer_reads_why_the_button_is_missing_and_sends_the_form_for_nothing() {
    let world = World::new();
    world.propose(&plan()).await;
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let page = viewer.get(PAGE).await.text;
    assert!(
        !page.contains("<form method=\"post\" action=\"/proposals"),
        "{page}"
    );
    assert!(
        page.contains("Your token does not let you decide"),
        "{page}"
    );
    let csrf = viewer.csrf().await;
    let digest = plan().digest();
    let words = [("csrf", &*csrf), ("digest", &*digest), ("typed", "alex")];
    for path in [APPROVE, DENY] {
        assert_eq!(
            viewer.post(path, &words).await.status,
            StatusCode::FORBIDDEN
        );
    }
    let (_, token) = world.token("ralf", Power::Responder).await;
    let body = json!({ "digest": digest });
    let path = "/v1/proposals/r_0193f2/approve";
    let answer = world.call(&token, Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(state(&world).await, ProposalState::Waiting);
}

#[tokio::test]
async fn nobody_decides_about_himself_nor_approves_what_he_asked_for() {
    let world = World::new();
    let mut proposal = world.propose(&plan()).await;
    proposal.requester = "dana".into();
    world.desk.propose(&proposal).await.unwrap();
    let (_, alex_s) = world
        .token_of("a. smith", Some(alex().id.as_str()), Power::Admin)
        .await;
    let mut himself = world.browser();
    himself.sign_in(&alex_s).await;
    let by_login = world
        .signed_in("Alex@contoso.example", Power::Approver)
        .await;
    let dana = world.signed_in("dana", Power::Approver).await;
    for (who, why) in [
        (&himself, "You are one of those it is about"),
        (&by_login, "You are one of those it is about"),
        (&dana, "You asked for it"),
    ] {
        let page = who.get(PAGE).await.text;
        assert!(page.contains(why), "{why}: {page}");
        let (csrf, digest) = (who.csrf().await, proposal.digest.clone());
        let words = [("csrf", &*csrf), ("digest", &*digest), ("typed", "alex")];
        let answer = who.post(APPROVE, &words).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let csrf = himself.csrf().await;
    let words = [("csrf", &*csrf), ("digest", &*proposal.digest)];
    assert_eq!(
        himself.post(DENY, &words).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(state(&world).await, ProposalState::Waiting);
    let audit = world.audit().await;
    assert!(
        audit.contains("a. smith: was not allowed to approve r_0193f2"),
        "{audit}"
    );
    // Whoever asked may take it back.
    assert_eq!(
        dana.fill(PAGE, DENY, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(state(&world).await, ProposalState::Denied);
}

#[tokio::test]
async fn two_have_to_agree_and_each_counts_once() {
    let world = World::with(2, true);
    world.propose(&plan()).await;
    let priya = world.signed_in("priya", Power::Approver).await;
    let omar = world.signed_in("omar", Power::Approver).await;
    let csrf = priya.csrf().await;
    approve(&priya).await;
    assert_eq!(state(&world).await, ProposalState::Waiting);
    let page = priya.get(PAGE).await.text;
    assert!(page.contains("1 of 2 approvals"), "{page}");
    assert!(page.contains("You have decided already"), "{page}");
    let digest = plan().digest();
    let words = [("csrf", &*csrf), ("digest", &*digest), ("typed", "alex")];
    assert_eq!(
        priya.post(APPROVE, &words).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(state(&world).await, ProposalState::Waiting);
    approve(&omar).await;
    assert_eq!(state(&world).await, ProposalState::Approved);
}

#[tokio::test]
async fn who_saw_another_plan_approves_nothing() {
    let world = World::new();
    let old = world.propose(&plan()).await;
    let priya = world.signed_in("priya", Power::Approver).await;
    let csrf = priya.csrf().await;
    let anew = takeover(vec![alex()]).with(|plan| {
        plan.case.window.start = samples::at(0);
    });
    let anew = world.propose(&anew.plan()).await;
    assert_ne!(old.digest, anew.digest);
    let words = [
        ("csrf", &*csrf),
        ("digest", &*old.digest),
        ("typed", "alex"),
    ];
    let answer = priya.post(APPROVE, &words).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.text.contains("another than the one you saw"),
        "{}",
        answer.text
    );
    let (_, token) = world.token("omar", Power::Approver).await;
    let path = "/v1/proposals/r_0193f2/approve";
    let body = json!({ "digest": old.digest });
    let answer = world.call(&token, Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.text.contains("urn:oust:problem:stale_plan"),
        "{}",
        answer.text
    );
    assert_eq!(state(&world).await, ProposalState::Waiting);
    let body = json!({ "digest": anew.digest, "reason": "read" });
    let answer = world.call(&token, Method::POST, path, Some(body)).await;
    assert_eq!(answer.json()["state"], "approved");
}

#[tokio::test]
async fn a_plan_that_took_another_s_place_says_what_changed() {
    let world = World::new();
    let before = world.propose(&plan()).await;
    let anew = takeover(vec![alex()]).with(|plan| {
        plan.run = RunId::new("r_0193f3");
        plan.playbook.digest = "ab".repeat(32);
    });
    world.propose(&anew.plan()).await;
    let (from, to) = (ProposalState::Waiting, ProposalState::Overtaken);
    world
        .desk
        .move_proposal(&before.run, from, to)
        .await
        .unwrap();
    let priya = world.signed_in("priya", Power::Approver).await;
    let page = priya.get("/proposals/r_0193f3").await.text;
    assert!(page.contains("Changed since the last proposal"), "{page}");
    assert!(page.contains("the playbook has changed"), "{page}");
}

#[tokio::test]
async fn what_has_expired_or_lost_its_plan_is_not_approved() {
    let world = World::new();
    let proposal = world.propose(&plan()).await;
    let priya = world.signed_in("priya", Power::Approver).await;
    let other = Plan {
        org: "other.example".into(),
        ..plan()
    };
    let csrf = priya.csrf().await;
    let words = [
        ("csrf", &*csrf),
        ("digest", &*proposal.digest),
        ("typed", "alex"),
    ];
    world.clock.pass(Duration::from_secs(4 * 3600));
    assert_eq!(
        priya.get(PAGE).await.status,
        StatusCode::SEE_OTHER,
        "unused for too long"
    );
    let priya = world.signed_in("priya", Power::Approver).await;
    let page = priya.get(PAGE).await.text;
    assert!(page.contains("it has expired"), "{page}");
    let csrf = priya.csrf().await;
    let words = [("csrf", &*csrf), words[1], words[2]];
    assert_eq!(
        priya.post(APPROVE, &words).await.status,
        StatusCode::CONFLICT
    );

    let world = World::new();
    let mut proposal = world.propose(&plan()).await;
    proposal.phrase = "contain 00000000".into();
    world.desk.propose(&proposal).await.unwrap();
    world.ledger.save_plan(&other).await.unwrap();
    let priya = world.signed_in("priya", Power::Approver).await;
    let page = priya.get(PAGE).await.text;
    assert!(page.contains("nobody can see what would be done"), "{page}");
    assert!(!page.contains("Approve: it is carried out"), "{page}");
    assert_eq!(
        priya.fill(PAGE, DENY, &[("reason", "stale")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(state(&world).await, ProposalState::Denied);
}

#[tokio::test]
async fn what_is_denied_or_decided_by_a_key_is_told() {
    let world = World::new();
    let proposal = world.propose(&plan()).await;
    let by_key = Decision {
        by: "priya".into(),
        okta_id: None,
        approve: false,
        digest: proposal.digest.clone(),
        at: world.clock.now(),
        how: "key".into(),
        reason: super::world::CANARY.into(),
        signed: Some("not a signature".into()),
    };
    world.desk.decide(&proposal.run, &by_key).await.unwrap();
    let omar = world.signed_in("omar", Power::Approver).await;
    let page = omar.get(PAGE).await.text;
    assert!(page.contains("It waits no longer: denied"), "{page}");
    assert!(page.contains("&lt;canary"), "{page}");
}
