//! Whole incidents: Okta first, then Google, from the plan to the verdict.

use std::sync::{Arc, Mutex};

use oust::engine::{Ended, Observer, Run, Tools};
use oust::ledger::{Event, MemoryStore, RunState};
use oust::model::{Change, Identity, OutcomeKind, ProofState, Skip, SystemId, Utc, Verdict};
use oust_mocks::accounts::google_id;
use oust_mocks::google::ADMIN;
use oust_mocks::{Attacker, Range, World};
use serde_json::json;

use super::desk::{ALEX, key, key_file};
use crate::lab::{Lab, NOON};

fn lab(world: World, admin: &str) -> (Lab, Tools) {
    lab_of(world, admin, 7)
}

fn lab_of(world: World, admin: &str, seed: u64) -> (Lab, Tools) {
    let lab = Lab::new(world.google_key(key()), seed);
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    let base = lab.range.lock().unwrap().google.base_url.clone();
    let settings = json!({
        "key_file": { "file": lab.secret("google.json", &key_file(key())) }, "admin": admin,
        "api_url": format!("{base}/api"), "token_url": format!("{base}/oauth/token"),
    });
    tools.services = vec![lab.service("google", settings)];
    (lab, tools)
}

fn of_google(state: &RunState) -> Vec<(String, Option<OutcomeKind>, Option<ProofState>)> {
    let all = state.changes().iter();
    let here = all.filter(|each| each.change.system.as_str() == "google");
    here.map(|each| {
        (
            each.change.action.verb().to_owned(),
            each.outcome.as_ref().map(|outcome| outcome.kind.clone()),
            each.proof.as_ref().map(|proof| proof.state),
        )
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn a_takeover_is_contained_at_google_after_okta() {
    let (lab, tools) = lab(World::contoso(NOON), ADMIN);
    let (ended, state) = lab.contain(&tools, &[ALEX], "account-takeover").await;
    let range = lab.range.lock().unwrap();
    assert_eq!(range.google.holds(&google_id(ALEX)), Vec::<String>::new());
    assert_eq!(range.google.backup_code_reads, 0);
    let done = Some(OutcomeKind::Done);
    let (proven, unread) = (Some(ProofState::Proven), Some(ProofState::Unverifiable));
    let expected = [
        ("sign_out", unread),
        ("revoke_tokens", proven),
        ("revoke_tokens", proven),
        ("delete_app_passwords", proven),
        ("delete_app_passwords", proven),
        ("invalidate_backup_codes", unread),
        ("sign_out", unread),
    ];
    let expected: Vec<_> = expected
        .map(|(verb, proof)| (verb.to_owned(), done.clone(), proof))
        .into();
    assert_eq!(of_google(&state), expected);
    assert_eq!(ended, Ended::Closed(Verdict::Contained));

    // Nothing was written at Google before Okta had let go of him.
    let writes = range.journal.writes();
    let first = writes.iter().position(|write| write.system == "google");
    let last = writes
        .iter()
        .rposition(|write| write.path.ends_with("/sessions"));
    assert!(first > last, "{}", range.journal.lines());
}

#[tokio::test(start_paused = true)]
async fn a_stolen_session_ends_without_touching_passwords_and_codes() {
    let (lab, tools) = lab(World::contoso(NOON), ADMIN);
    let (_, state) = lab.contain(&tools, &[ALEX], "session-hijack").await;
    let verbs: Vec<String> = of_google(&state).into_iter().map(|each| each.0).collect();
    let expected = ["sign_out", "revoke_tokens", "revoke_tokens", "sign_out"];
    assert_eq!(verbs, expected);
    let range = lab.range.lock().unwrap();
    assert_eq!(range.google.user(ALEX).unwrap().asps.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_account_there_leaves_nothing_open() {
    let world = World::contoso(NOON).without_account("google", ALEX);
    let (lab, tools) = lab(world, ADMIN);
    let (ended, state) = lab.contain(&tools, &[ALEX], "account-takeover").await;
    assert_eq!(of_google(&state), []);
    let identities = &state.plan.as_ref().unwrap().systems;
    let google = identities
        .iter()
        .find(|each| each.id == SystemId::new("google"));
    assert_eq!(google.unwrap().identities[0].1, Identity::NoAccount);
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn the_administrator_whom_we_act_for_is_never_contained_there() {
    let world = World::contoso(NOON).google_super_admin(ALEX);
    let (lab, tools) = lab(world, ALEX);
    let prepared = lab.prepare(&tools, &[ALEX], "account-takeover").await;
    let here = prepared
        .plan
        .steps()
        .filter(|step| step.system.as_str() == "google");
    let why: Vec<&Option<Skip>> = here.map(|step| &step.subjects[0].skip).collect();
    assert_eq!(why.len(), 5);
    let is_refused = |skip: &&Option<Skip>| matches!(skip, Some(Skip::Guard { why, .. }) if why.contains("acts as this account"));
    assert!(why.iter().all(is_refused), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_leaves_google_open_and_okta_contained() {
    let world = World::contoso(NOON);
    let (lab, tools) = lab(world, ADMIN);
    lab.range
        .lock()
        .unwrap()
        .google
        .service_account
        .keys
        .clear();
    let (ended, state) = lab.contain(&tools, &[ALEX], "account-takeover").await;
    assert_eq!(ended, Ended::Closed(Verdict::Partial));
    let range = lab.range.lock().unwrap();
    assert!(range.okta.is_contained(oust_mocks::world::ALEX));
    let unread = state.skipped.values().filter(
        |skip| matches!(skip, Skip::Unread { why } if why.contains("Invalid JWT Signature")),
    );
    assert!(unread.count() >= 1, "{:?}", state.skipped);
}

#[tokio::test(start_paused = true)]
async fn a_live_intruder_who_digs_in_again_loses_google_too() {
    let mut dug = 0;
    for seed in 0..25 {
        let attacker = Attacker::new(oust_mocks::world::ALEX, 100).with_services();
        // Google alone is open here; elsewhere he would only lose time.
        let closed = oust_mocks::range::SYSTEMS[1..]
            .iter()
            .filter(|system| **system != "google");
        let world = closed.fold(World::contoso(NOON), |world, system| world.without(system));
        let (lab, tools) = lab_of(world.attacker(attacker), ADMIN, seed);
        let (_, state) = lab.contain(&tools, &[ALEX], "account-takeover").await;
        let range = lab.range.lock().unwrap();
        let attacker = range.attacker.as_ref().unwrap();
        let moves = [
            "google_app_password",
            "google_consent",
            "google_backup_codes",
        ];
        dug += moves.map(|what| attacker.count(what)).iter().sum::<u32>();
        let holds = range.google.holds(&google_id(ALEX));
        assert!(
            holds.is_empty(),
            "{seed}: {holds:?} {:#?}",
            of_google(&state)
        );
    }
    assert!(dug > 30, "he hardly tried: {dug}");
}

/// Lets an app in again, by the same client id, as soon as it is proven gone.
struct LetsItInAgain {
    range: Arc<Mutex<Range>>,
    left: Mutex<u32>,
}

impl Observer for LetsItInAgain {
    fn saw(&self, at: Utc, event: &Event, _state: &RunState) {
        let Event::Proved { change, proof } = event else {
            return;
        };
        let is_app = change.as_str().contains("/app:") && proof.state == ProofState::Proven;
        let mut left = self.left.lock().unwrap();
        if is_app && change.as_str().contains("notes") && *left > 0 {
            *left -= 1;
            let google = &mut self.range.lock().unwrap().google;
            google.authorize_app(&google_id(ALEX), "Notes", true, at.millis());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_let_in_again_by_the_same_id_is_seen_and_taken_again() {
    for (times, gone) in [(1, true), (9, false)] {
        let (lab, tools) = lab(World::contoso(NOON), ADMIN);
        let prepared = lab.prepare(&tools, &[ALEX], "account-takeover").await;
        let again = LetsItInAgain {
            range: Arc::clone(&lab.range),
            left: Mutex::new(times),
        };
        let start = lab.start_watched(&prepared.plan, prepared.snapshot, Arc::new(again));
        let run = Run::begin(tools, prepared.plan, start).await.unwrap();
        let ended = run.carry_out().await;
        let state = run.state();
        let is_notes =
            |change: &Change| change.system.as_str() == "google" && change.target.label == "Notes";
        let mut all = state.changes().iter();
        let app = all.find(|each| is_notes(&each.change)).unwrap();
        assert!(app.attempts > 1, "nobody saw it come back");
        assert_eq!(app.is_proven(), gone);
        let range = lab.range.lock().unwrap();
        let left = range.google.user(ALEX).unwrap().tokens.len();
        assert_eq!(left, usize::from(!gone), "{times}");
        // Whoever comes back again and again is not contained.
        assert!(
            gone || ended == Ended::Closed(Verdict::Partial),
            "{ended:?}"
        );
    }
}
