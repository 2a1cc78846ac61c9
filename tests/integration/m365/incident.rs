//! Whole incidents: an intruder who digs himself in at Microsoft 365 while he is thrown out.

use std::collections::BTreeSet;
use std::sync::Arc;

use oust::engine::Ended;
use oust::ledger::MemoryStore;
use oust::model::{ProofState, Skip, Verdict};
use oust_mocks::m365::SECRET;
use oust_mocks::{Attacker, World, world};

use super::{ALEX, addresses};
use crate::lab::{Lab, NOON};

async fn contained(world: World, playbook: &str) -> (Lab, Ended, oust::ledger::RunState) {
    let lab = Lab::new(world, 7);
    let base = lab.range.lock().unwrap().okta.base_url.clone();
    let settings = addresses().to_string().replace("{base}", &base);
    let mut settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    let secret = lab.secret("m365", SECRET);
    settings["client_secret"] = serde_json::json!({ "file": secret });
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    tools.services.push(lab.service("m365", settings));
    let (ended, state) = lab.contain(&tools, &[ALEX], playbook).await;
    (lab, ended, state)
}

#[tokio::test(start_paused = true)]
async fn a_live_intruder_is_out_of_the_mailbox_too_and_it_is_proven() {
    let intruder = Attacker::new(world::ALEX, 300).with_services();
    let world = World::contoso(NOON).attacker(intruder);
    let (lab, ended, state) = contained(world, "account-takeover").await;
    let range = lab.range.lock().unwrap();
    let held = range.holds(ALEX);
    let here: Vec<&String> = held
        .iter()
        .filter(|line| line.starts_with("m365"))
        .collect();
    assert!(here.is_empty(), "{here:?}\n{}", range.journal.lines());
    let ours = state
        .changes()
        .iter()
        .filter(|each| each.change.system.as_str() == "m365");
    let mut verbs = BTreeSet::new();
    for each in ours {
        verbs.insert(each.change.action.verb());
        assert!(
            each.proof_is(ProofState::Proven),
            "{}",
            each.change.sentence
        );
    }
    assert_eq!(
        verbs,
        BTreeSet::from([
            "revoke_sessions",
            "delete_auth_methods",
            "revoke_consents",
            "disable_inbox_rules"
        ])
    );
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    let told = format!("{state:?}{}", range.journal.lines());
    assert!(!told.contains(SECRET) && !told.contains("Bearer "));
}

#[tokio::test(start_paused = true)]
async fn a_stolen_session_ends_here_and_nothing_else_is_touched() {
    let (lab, ended, _) = contained(World::contoso(NOON), "session-hijack").await;
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    let range = lab.range.lock().unwrap();
    let writes = range.journal.writes();
    let here: Vec<String> = writes
        .iter()
        .filter(|entry| entry.system == "m365")
        .map(|entry| entry.path.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(here, ["revokeSignInSessions"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_without_an_account_is_closed_and_a_guest_is_not() {
    let (_, ended, state) = contained(
        World::contoso(NOON).without_account("m365", ALEX),
        "session-hijack",
    )
    .await;
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    assert!(format!("{:?}", state.plan).contains("NoAccount"));

    let (_, ended, state) =
        contained(World::contoso(NOON).m365_guest(ALEX), "session-hijack").await;
    assert_eq!(ended, Ended::Closed(Verdict::Partial));
    let plan = state.plan.unwrap();
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut skips = steps.filter_map(|step| step.subjects[0].skip.clone());
    assert!(skips.any(|skip| matches!(skip, Skip::Unsupported { .. })));
}
