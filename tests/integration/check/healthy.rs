//! Where nothing is wrong nothing is said to be, and what is good to know is true.

use oust::engine::State;
use oust_mocks::World;
use oust_mocks::world::CLIENT_ID;

use super::bench::{ACTIVE, Bench, healthy, key, loud, words};

#[tokio::test(start_paused = true)]
async fn a_healthy_range_is_ready_everywhere() {
    let bench = Bench::of(healthy());
    let checked = bench.check().await;
    assert_eq!(loud(&checked), Vec::<String>::new(), "{}", words(&checked));
    assert!(checked.good);
    assert_eq!(checked.ready, checked.systems.len());
    assert_eq!(checked.systems.len(), 1 + bench.tools.services.len());
    for system in &checked.systems {
        assert_eq!(system.state, State::Ready, "{}", system.id);
        assert!(!system.wanted.is_empty(), "{}", system.id);
        // The one that answers no question is the one that is not asked any.
        assert_eq!(
            system.answered,
            system.id.as_str() != "gtr",
            "{}",
            system.id
        );
    }
    assert_eq!(checked.active_users.counted, Some(ACTIVE));
    assert!(checked.active_users.complete);
    assert_eq!(checked.org.unwrap().id, "00oContosoOrg00005d7");
}

#[tokio::test(start_paused = true)]
async fn every_shipped_playbook_is_ready_in_a_healthy_range() {
    for (name, _) in oust::playbook::shipped() {
        let checked = Bench::of(healthy()).check_for(name).await;
        assert_eq!(
            loud(&checked),
            Vec::<String>::new(),
            "{name}: {}",
            words(&checked)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_many_accounts_would_take_is_told_with_our_share() {
    let checked = Bench::of(healthy()).check().await;
    let said = words(&checked);
    assert!(said.contains("50 % of each rate limit"), "{said}");
    assert!(said.contains("1000 accounts take about"), "{said}");
    let unread = healthy().ungrant_scope("okta.principalRateLimits.read");
    let said = words(&Bench::of(unread).check().await);
    assert!(said.contains("Okta's default"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_classic_org_is_told_and_not_faulted() {
    let checked = Bench::of(healthy().without_oie()).check().await;
    assert_eq!(loud(&checked), Vec::<String>::new(), "{}", words(&checked));
    assert!(words(&checked).contains("Classic Engine"));
}

/// The rights that `--grants` lists are enough for a check without a complaint.
#[tokio::test(start_paused = true)]
async fn the_granted_scopes_of_a_playbook_are_enough() {
    let row = &oust::connectors::REGISTER[0];
    let playbook = crate::lab::shipped("account-takeover");
    let steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
    let actions: Vec<&'static oust::model::Action> = steps
        .filter(|step| step.action.vendor() == "okta")
        .filter_map(|step| row.vendor.action(step.action.verb()))
        .collect();
    let grant = |access| (row.grants)(&serde_json::json!({}), &actions, access).scopes;
    let mut scopes = grant(oust::model::Access::Read);
    scopes.extend(grant(oust::model::Access::Write));
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let world: World = healthy().client(CLIENT_ID, key().public_jwk.clone(), &scopes);
    let checked = Bench::of(world).check().await;
    assert_eq!(loud(&checked), Vec::<String>::new(), "{}", words(&checked));
    assert!(
        !words(&checked).contains("scope_missing"),
        "{}",
        words(&checked)
    );
}
