//! The rights that the actions declare are the rights they need: with these and no others every
//! shipped playbook works, and without any one of them it says which.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use oust::connectors::{Opened, Opening, REGISTER};
use oust::engine::{PlanError, Run, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{OutcomeKind, SystemId, Verdict};
use oust_mocks::world::{AD_AGENT, ALEX, CLIENT_ID, QUARANTINE_GROUP};
use oust_mocks::{KeyPair, World};
use serde_json::json;

use crate::lab::{Lab, NOON, NoTap, shipped};

const ALEX_LOGIN: &str = "alex@contoso.example";

/// A playbook, and a world in which each of its steps has something to do.
struct Round {
    playbook: &'static str,
    status: &'static str,
}

const ROUNDS: [Round; 8] = [
    Round {
        playbook: "account-takeover",
        status: "ACTIVE",
    },
    Round {
        playbook: "account-takeover",
        status: "LOCKED_OUT",
    },
    Round {
        playbook: "api-token-compromise",
        status: "ACTIVE",
    },
    Round {
        playbook: "support-impersonation",
        status: "ACTIVE",
    },
    Round {
        playbook: "evict-only",
        status: "ACTIVE",
    },
    Round {
        playbook: "factor-tampering",
        status: "ACTIVE",
    },
    Round {
        playbook: "session-hijack",
        status: "ACTIVE",
    },
    Round {
        playbook: "undo-grants",
        status: "ACTIVE",
    },
];

/// How one run ended, and all that was said in it.
struct Ended {
    verdict: Option<Verdict>,
    contained: bool,
    words: String,
}

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::es256("ec-1"))
}

/// The scopes that the steps of a playbook declare, those of a stage that asks left out.
fn declared(playbook: &str) -> BTreeSet<&'static str> {
    let known = World::all_scopes();
    let vendor = REGISTER[0].vendor;
    let playbook = shipped(playbook);
    let steps = playbook
        .stages
        .iter()
        .filter(|stage| !stage.ask)
        .flat_map(|stage| &stage.steps);
    steps
        .filter_map(|step| vendor.action(step.action.verb()))
        .flat_map(|action| action.needs.iter().chain(action.reads))
        .copied()
        .filter(|scope| known.contains(scope))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn with_the_declared_scopes_and_no_others_every_playbook_works() {
    for round in &ROUNDS {
        let scopes = declared(round.playbook);
        let ended = run(round, &scopes).await;
        let what = format!(
            "{} {} with {scopes:?}: {}",
            round.playbook, round.status, ended.words
        );
        // It purges nothing: support's access, which the intruder granted, is left.
        let verdict = match round.playbook {
            "evict-only" => Verdict::Partial,
            _ => Verdict::Contained,
        };
        assert_eq!(ended.verdict, Some(verdict), "{what}");
        assert!(
            ended.contained || round.playbook == "session-hijack",
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_one_of_them_the_words_name_it() {
    let mut tried = 0;
    for round in &ROUNDS {
        let all = declared(round.playbook);
        for missing in &all {
            let mut scopes = all.clone();
            scopes.remove(missing);
            let ended = run(round, &scopes).await;
            let what = format!(
                "{} {} without {missing}: {:?} {}",
                round.playbook, round.status, ended.verdict, ended.words
            );
            assert!(ended.words.contains(missing), "{what}");
            if ended.verdict == Some(Verdict::Contained) {
                assert!(
                    ended.contained || round.playbook == "session-hijack",
                    "{what}"
                );
            }
            tried += 1;
        }
    }
    println!("{tried} missing scopes");
    assert!(tried >= 25);
}

async fn run(round: &Round, scopes: &BTreeSet<&'static str>) -> Ended {
    let scopes: Vec<&str> = scopes.iter().copied().collect();
    let world = World::contoso(NOON)
        .with(|okta| {
            okta.api_tokens.remove(AD_AGENT);
            okta.agents.clear();
        })
        .status(ALEX_LOGIN, round.status)
        .client(CLIENT_ID, key().public_jwk.clone(), &scopes);
    let lab = Lab::tapped(world, 7, Arc::new(NoTap), 5);
    let home = tempfile::tempdir().unwrap();
    let tools = tools(&lab, home.path());
    let playbook = shipped(round.playbook);
    let request = lab.request(&[ALEX_LOGIN]);
    let prepared = match plan(&tools, &playbook, &GuardConfig::default(), request).await {
        Ok(prepared) => prepared,
        Err(error) => return no_plan(&lab, &error),
    };
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    run.carry_out().await;
    let state = run.state();
    let mut words: Vec<String> = Vec::new();
    for each in state.changes() {
        if let Some(OutcomeKind::Failed { why, hint }) = each.outcome.as_ref().map(|o| &o.kind) {
            words.push(format!("{why}: {hint}"));
        }
        words.extend(each.proof.as_ref().map(|proof| proof.how.clone()));
    }
    words.extend(state.skipped.values().map(oust::model::Skip::sentence));
    words.extend(
        state
            .findings
            .iter()
            .map(|each| format!("{}: {}", each.text, each.hint)),
    );
    let range = lab.range.lock().unwrap();
    Ended {
        verdict: state.verdict,
        contained: range.okta.is_contained(ALEX),
        words: words.join("\n"),
    }
}

fn no_plan(lab: &Lab, error: &PlanError) -> Ended {
    let range = lab.range.lock().unwrap();
    assert!(range.journal.writes().is_empty());
    Ended {
        verdict: None,
        contained: range.okta.is_contained(ALEX),
        words: format!("{error}: {}", error.hint()),
    }
}

/// The engine over a service app with its own key.
fn tools(lab: &Lab, home: &std::path::Path) -> Tools {
    let pem = home.join("key.pem");
    std::fs::write(&pem, &key().private_pem).unwrap();
    let opening = Opening {
        id: SystemId::new("okta"),
        settings: json!({
            "org_url": "https://contoso.okta.example",
            "auth": { "client_id": CLIENT_ID, "private_key": { "file": pem }, "key_id": key().kid },
            "quarantine_group": QUARANTINE_GROUP,
        }),
        wire: lab.wire.clone(),
        clock: lab.clock.clone(),
        rng: lab.rng.clone(),
        user_agent: "oust/test run=r_lab".into(),
        budgets: oust::transport::Budgets::default(),
    };
    let Ok(Opened::Directory(directory)) = (REGISTER[0].open)(&opening) else {
        panic!("the directory opens");
    };
    Tools {
        directory,
        ..lab.tools(Arc::new(MemoryStore::new()))
    }
}
