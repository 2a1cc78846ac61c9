//! Whole incidents: Okta first, then Salesforce, from the plan to the verdict.

use std::sync::Arc;

use oust::engine::{Ended, Tools};
use oust::ledger::{MemoryStore, RunState};
use oust::model::{Identity, OutcomeKind, ProofState, Skip, Verdict};
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::{CLIENT_ID, USERNAME};
use oust_mocks::{Attacker, World};
use serde_json::json;

use super::desk::{ALEX, KIM};
use crate::google::desk::key;
use crate::lab::{Lab, NOON};

struct Incident {
    lab: Lab,
    tools: Tools,
}

impl Incident {
    fn of(world: World, username: &str, seed: u64) -> Self {
        let lab = Lab::new(world.salesforce_key(key()), seed);
        let mut tools = lab.tools(Arc::new(MemoryStore::new()));
        let base = lab.range.lock().unwrap().salesforce.base_url.clone();
        let settings = json!({
            "client_id": CLIENT_ID, "username": username, "instance_url": base,
            "private_key": { "file": lab.secret("salesforce.pem", &key().private_pem) },
        });
        tools.services = vec![lab.service("salesforce", settings)];
        Self { lab, tools }
    }

    async fn contain(&self, playbook: &str) -> (Ended, RunState) {
        self.lab.contain(&self.tools, &[ALEX], playbook).await
    }

    fn holds(&self) -> Vec<String> {
        let range = self.lab.range.lock().unwrap();
        let at = self.lab.clock.now().millis();
        range.salesforce.holds(&salesforce_id(ALEX), at)
    }
}

fn here(state: &RunState) -> Vec<(String, bool, Option<ProofState>)> {
    let all = state.changes().iter();
    let here = all.filter(|each| each.change.system.as_str() == "salesforce");
    here.map(|each| {
        (
            each.change.action.verb().to_owned(),
            each.outcome
                .as_ref()
                .is_some_and(|outcome| outcome.kind.is_good()),
            each.proof.as_ref().map(|proof| proof.state),
        )
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn a_takeover_is_contained_at_salesforce_after_okta_and_no_secret_is_recorded() {
    let incident = Incident::of(World::contoso(NOON), USERNAME, 7);
    let (secrets, before): (Vec<String>, usize) = {
        let range = incident.lab.range.lock().unwrap();
        let alex = range.salesforce.user(&salesforce_id(ALEX)).unwrap();
        let tokens = alex.tokens.values();
        let all = tokens.flat_map(|each| [each.delete_token.clone(), each.access_token.clone()]);
        (all.collect(), alex.tokens.len())
    };
    assert!(before > 1);
    let (ended, state) = incident.contain("account-takeover").await;
    assert_eq!(
        ended,
        Ended::Closed(Verdict::Contained),
        "{:#?}",
        here(&state)
    );
    assert_eq!(incident.holds(), Vec::<String>::new());
    let verbs: Vec<String> = here(&state).into_iter().map(|each| each.0).collect();
    assert_eq!(
        verbs[..3],
        ["freeze_user", "revoke_oauth_tokens", "revoke_oauth_tokens"]
    );
    assert!(
        verbs[3..].iter().all(|verb| verb == "delete_sessions"),
        "{verbs:?}"
    );
    assert!(
        here(&state)
            .iter()
            .all(|(_, good, proof)| *good && *proof == Some(ProofState::Proven))
    );

    let run = &state.plan.as_ref().unwrap().run;
    let records = incident.tools.store.records(run).await.unwrap();
    let told = format!("{records:?} {state:?}");
    assert!(secrets.iter().all(|secret| !told.contains(secret.as_str())));
    // Nothing was written at Salesforce before Okta had let go of him.
    let range = incident.lab.range.lock().unwrap();
    let writes = range.journal.writes();
    let first = writes.iter().position(|write| write.system == "salesforce");
    let last = writes
        .iter()
        .rposition(|write| write.path.ends_with("/sessions"));
    assert!(first > last, "{}", range.journal.lines());
    assert_eq!(range.salesforce.access_token_reads, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stolen_session_ends_without_freezing_anybody() {
    let incident = Incident::of(World::contoso(NOON), USERNAME, 7);
    let (ended, state) = incident.contain("session-hijack").await;
    assert_eq!(
        ended,
        Ended::Closed(Verdict::Contained),
        "{:#?}",
        here(&state)
    );
    assert!(here(&state).iter().all(|(verb, ..)| verb != "freeze_user"));
    assert_eq!(incident.holds(), Vec::<String>::new());
    let range = incident.lab.range.lock().unwrap();
    assert!(
        !range
            .salesforce
            .user(&salesforce_id(ALEX))
            .unwrap()
            .is_frozen
    );
}

#[tokio::test(start_paused = true)]
async fn who_has_no_account_there_leaves_nothing_open() {
    let world = World::contoso(NOON).without_account("salesforce", KIM);
    let Incident { lab, tools } = Incident::of(world, USERNAME, 7);
    let (ended, state) = lab.contain(&tools, &[KIM], "account-takeover").await;
    assert_eq!(here(&state), []);
    let systems = &state.plan.as_ref().unwrap().systems;
    let there = systems.iter().find(|each| each.id.as_str() == "salesforce");
    assert_eq!(there.unwrap().identities[0].1, Identity::NoAccount);
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn the_integration_user_is_never_contained_there() {
    let world = World::contoso(NOON).with_salesforce(|salesforce| {
        let ours = salesforce.user(USERNAME).unwrap().permissions.clone();
        let alex = salesforce.users.get_mut(&salesforce_id(ALEX)).unwrap();
        alex.permissions = ours;
        let name = alex.username.clone();
        salesforce.app.approved.insert(name);
    });
    let incident = Incident::of(world, "alex@contoso.example.crm", 7);
    let before = incident.lab.range.lock().unwrap().salesforce.digest();
    let prepared = incident
        .lab
        .prepare(&incident.tools, &[ALEX], "account-takeover")
        .await;
    let steps = prepared.plan.steps();
    let steps = steps.filter(|step| step.system.as_str() == "salesforce");
    let why: Vec<&Option<Skip>> = steps.map(|step| &step.subjects[0].skip).collect();
    assert_eq!(why.len(), 3);
    let is_refused = |skip: &&Option<Skip>| matches!(skip, Some(Skip::Guard { why, .. }) if why.contains("acts as this account"));
    assert!(why.iter().all(is_refused), "{why:?}");
    assert_eq!(
        incident.lab.range.lock().unwrap().salesforce.digest(),
        before
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_that_nobody_approved_leaves_salesforce_open_and_okta_contained() {
    let world = World::contoso(NOON).salesforce_not_approved();
    let incident = Incident::of(world, USERNAME, 7);
    let (ended, state) = incident.contain("account-takeover").await;
    assert_eq!(ended, Ended::Closed(Verdict::Partial));
    let range = incident.lab.range.lock().unwrap();
    assert!(range.okta.is_contained(oust_mocks::world::ALEX));
    let told =
        |skip: &&Skip| matches!(skip, Skip::Unread { why } if why.contains("pre-authorized"));
    assert!(
        state.skipped.values().any(|skip| told(&skip)),
        "{:?}",
        state.skipped
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_nearly_used_up_is_a_finding_of_the_run() {
    let world = World::contoso(NOON).salesforce_requests_left(300);
    let incident = Incident::of(world, USERNAME, 7);
    let (ended, state) = incident.contain("account-takeover").await;
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    let finding = state.findings.iter().find(|each| each.id == "quota");
    let text = &finding.expect("a finding").text;
    assert!(
        text.starts_with("salesforce has ") && text.contains("of 100000"),
        "{text}"
    );
    let incident = Incident::of(World::contoso(NOON), USERNAME, 7);
    let (_, state) = incident.contain("account-takeover").await;
    assert!(state.findings.iter().all(|each| each.id != "quota"));
}

#[tokio::test(start_paused = true)]
async fn a_live_intruder_who_digs_in_again_loses_salesforce_too() {
    let mut dug = 0;
    for seed in 0..25 {
        let attacker = Attacker::new(oust_mocks::world::ALEX, 100).with_services();
        let world = World::contoso(NOON).attacker(attacker);
        let incident = Incident::of(world, USERNAME, seed);
        let (_, state) = incident.contain("account-takeover").await;
        let holds = incident.holds();
        assert!(holds.is_empty(), "{seed}: {holds:?} {:#?}", here(&state));
        let range = incident.lab.range.lock().unwrap();
        let attacker = range.attacker.as_ref().unwrap();
        let moves = [
            "salesforce_token",
            "salesforce_session",
            "salesforce_refresh",
        ];
        dug += moves.map(|what| attacker.count(what)).iter().sum::<u32>();
    }
    assert!(dug > 20, "he hardly tried: {dug}");
}

#[tokio::test(start_paused = true)]
async fn a_freeze_in_doubt_is_read_back_and_stays_ours() {
    let incident = Incident::of(World::contoso(NOON), USERNAME, 7);
    incident.lab.range.lock().unwrap().faults =
        oust_mocks::Faults::parse("salesforce PATCH UserLogin#1=cut_after_effect").unwrap();
    let (ended, state) = incident.contain("account-takeover").await;
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    let freeze = state
        .changes()
        .iter()
        .find(|each| each.change.action.verb() == "freeze_user")
        .unwrap();
    let kind = freeze.outcome.as_ref().map(|outcome| &outcome.kind);
    assert!(
        matches!(kind, Some(OutcomeKind::InDoubt { .. })),
        "{kind:?}"
    );
    assert_eq!(freeze.attempts, 1, "read back, not repeated");
}
