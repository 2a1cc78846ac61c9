//! A dry run is the program without its second half: the plan reads what the run reads, and the
//! run writes what the plan says, one to one and in its order.

use std::collections::BTreeSet;
use std::sync::Arc;

use oust::engine::Ended;
use oust::ledger::MemoryStore;
use oust::model::{Change, Plan, UserId, Verdict};
use oust_mocks::journal::Entry;
use oust_mocks::{World, world::ALEX};
use serde_json::json;

use crate::lab::{Lab, NOON, NoTap};

const WHO: [&str; 2] = ["alex@contoso.example", "bailey@contoso.example"];
const PLAYBOOKS: [&str; 7] = [
    "account-takeover",
    "api-token-compromise",
    "evict-only",
    "factor-tampering",
    "session-hijack",
    "support-impersonation",
    "undo-grants",
];

/// A write as Okta's documentation has it: method, path, query, body.
type Sent = (String, String, String, String);

fn lab() -> Lab {
    // Bailey cannot be suspended: the quarantine group stands in.
    let world = World::contoso(NOON).status(WHO[1], "PASSWORD_EXPIRED");
    Lab::tapped(world, 7, Arc::new(NoTap), 5)
}

#[test]
fn every_shipped_playbook_is_asked() {
    let shipped: Vec<&str> = oust::playbook::shipped()
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(shipped, PLAYBOOKS);
}

#[tokio::test(start_paused = true)]
async fn planning_writes_nothing_and_reads_no_more_than_the_run() {
    for playbook in PLAYBOOKS {
        let dry = lab();
        let digest = dry.range.lock().unwrap().okta.digest();
        let tools = dry.tools(Arc::new(MemoryStore::new()));
        dry.prepare(&tools, &WHO, playbook).await;
        let plan = {
            let range = dry.range.lock().unwrap();
            let journal = &range.journal;
            assert!(journal.writes().is_empty(), "{}", journal.lines());
            assert_eq!(range.okta.digest(), digest, "{playbook}");
            reads(journal.entries())
        };
        let wet = lab();
        contain(&wet, playbook).await;
        let run = reads(wet.range.lock().unwrap().journal.entries());
        let more: Vec<&String> = plan.difference(&run).collect();
        assert!(more.is_empty(), "{playbook} plans by {more:?}");
        assert!(plan.len() > 15, "{playbook}: {plan:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_sends_what_its_plan_says_and_nothing_else() {
    for playbook in PLAYBOOKS {
        let lab = lab();
        let plan = contain(&lab, playbook).await;
        let range = lab.range.lock().unwrap();
        let sent: Vec<Sent> = range.journal.writes().into_iter().map(as_sent).collect();
        for who in &plan.case.subjects {
            let planned: Vec<Sent> = plan
                .changes()
                .filter(|change| change.subject == who.id)
                .flat_map(|change| writes_of(change))
                .collect();
            let his: Vec<&Sent> = sent
                .iter()
                .filter(|each| is_about(each, &who.id, &planned))
                .collect();
            assert!(
                his.iter().copied().eq(&planned),
                "{playbook}\nplan {planned:#?}\nsent {his:#?}"
            );
            assert!(planned.len() > 1);
        }
        let total: usize = plan.changes().map(|change| writes_of(change).len()).sum();
        assert_eq!(sent.len(), total, "{playbook}: {}", range.journal.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_world_is_contained_by_the_same_writes() {
    for playbook in PLAYBOOKS {
        let mut sent = Vec::new();
        for _ in 0..2 {
            let lab = lab();
            contain(&lab, playbook).await;
            let range = lab.range.lock().unwrap();
            let writes = range.journal.writes().into_iter().map(as_sent);
            sent.push(writes.collect::<Vec<Sent>>());
        }
        assert_eq!(sent[0], sent[1], "{playbook}");
    }
}

async fn contain(lab: &Lab, playbook: &str) -> Plan {
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let (ended, state) = lab.contain(&tools, &WHO, playbook).await;
    // It purges nothing: support's access, which the intruder granted, is left.
    let verdict = match playbook {
        "evict-only" => Verdict::Partial,
        _ => Verdict::Contained,
    };
    assert_eq!(ended, Ended::Closed(verdict), "{playbook}");
    Plan::clone(&state.plan.unwrap())
}

/// The reads of a journal, without the moments in them.
fn reads(entries: &[Entry]) -> BTreeSet<String> {
    let reads = entries.iter().filter(|entry| !entry.mutating);
    reads
        .map(|entry| {
            let query: Vec<&str> = entry
                .query
                .split('&')
                .filter(|pair| !["since=", "until="].iter().any(|key| pair.starts_with(key)))
                .collect();
            format!("{} {}?{}", entry.method, entry.path, query.join("&"))
        })
        .collect()
}

fn as_sent(entry: &Entry) -> Sent {
    let Entry {
        method,
        path,
        query,
        body,
        ..
    } = entry;
    (method.clone(), path.clone(), query.clone(), body.clone())
}

fn is_about(sent: &Sent, who: &UserId, planned: &[Sent]) -> bool {
    sent.1.contains(who.as_str()) || sent.3.contains(who.as_str()) || planned.contains(sent)
}

/// What Okta's documentation has for a change; written from it, not from the connector.
fn writes_of(change: &Change) -> Vec<Sent> {
    let user = format!("/api/v1/users/{}", change.subject);
    let id = &change.target.id;
    let delete = |path: String| ("DELETE".to_owned(), path, String::new(), String::new());
    match change.action.verb() {
        "clear_sessions" => {
            let query = "oauthTokens=true&forgetDevices=true".to_owned();
            vec![(
                "DELETE".into(),
                format!("{user}/sessions"),
                query,
                String::new(),
            )]
        }
        "suspend_user" => {
            let path = format!("{user}/lifecycle/suspend");
            vec![("POST".into(), path, String::new(), String::new())]
        }
        "quarantine_user" => {
            let group = oust_mocks::world::QUARANTINE_GROUP;
            let path = format!("/api/v1/groups/{group}/users/{}", change.subject);
            vec![("PUT".into(), path, String::new(), String::new())]
        }
        "universal_logout" => {
            let body = json!({ "sub_id": { "format": "opaque", "id": change.subject } });
            let path = "/oauth2/v1/global-token-revocation".to_owned();
            vec![("POST".into(), path, String::new(), body.to_string())]
        }
        "end_support_access" => {
            let path = "/api/v1/org/privacy/oktaSupport/revoke".to_owned();
            vec![("POST".into(), path, String::new(), String::new())]
        }
        "revoke_api_tokens" => vec![delete(format!("/api/v1/api-tokens/{id}"))],
        "revoke_oauth_grants" => {
            let client = format!("{user}/clients/{id}");
            vec![
                delete(format!("{client}/tokens")),
                delete(format!("{client}/grants")),
            ]
        }
        "delete_factors" => {
            // The Okta Verify factors that go along are asked for, too: 404 says that they did.
            let along = change.before["also"].as_array();
            let along = along.into_iter().flatten().filter_map(|id| id.as_str());
            std::iter::once(id.as_str())
                .chain(along)
                .map(|id| delete(format!("{user}/factors/{id}")))
                .collect()
        }
        other => panic!("{ALEX}: no write is written down for `{other}`"),
    }
}
