//! The same over a real socket: what only HTTP itself can get wrong.

use std::sync::Arc;

use oust::connector::DirectorySystem;
use oust::connectors::{Opened, Opening, REGISTER};
use oust::given::{SystemClock, SystemRng};
use oust::model::{OutcomeKind, ProofState, SystemId};
use oust::transport::HttpWire;
use oust_mocks::world::{ALEX, CLIENT_ID};
use oust_mocks::{KeyPair, Range, Server, World};
use serde_json::{Value, json};

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::{Org, now_ms};

fn open(server: &Server, auth: Value) -> DirectorySystem {
    let row = REGISTER.iter().find(|row| row.vendor.id == "okta").unwrap();
    let opening = Opening {
        id: SystemId::new("okta"),
        settings: json!({ "org_url": server.url(), "auth": auth }),
        wire: Arc::new(HttpWire::new().unwrap()),
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(SystemRng::default()),
        user_agent: "oust/0.1.0 run=r_http".into(),
        budgets: oust::transport::Budgets::default(),
    };
    match (row.open)(&opening) {
        Ok(Opened::Directory(directory)) => directory,
        Ok(Opened::Service(_)) => panic!("okta is the directory"),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_whole_eviction_over_a_socket_with_dpop() {
    let key = KeyPair::rs256("k");
    let jwk = key.public_jwk.clone();
    let world = World::contoso(now_ms())
        .client(CLIENT_ID, jwk, &World::all_scopes())
        .dpop_required();
    let mut files = Org::new(World::empty(now_ms()));
    let auth = files.service_app(CLIENT_ID, &key);
    let server = Server::start(Range::new(world, 7), 0).await.unwrap();
    let okta = open(&server, auth);
    let desk = Desk::with(files, okta);

    let mut done = Vec::new();
    for verb in [
        "clear_sessions",
        "suspend_user",
        "delete_factors",
        "revoke_api_tokens",
    ] {
        for change in desk.plan(verb, ALEX_LOGIN, json!({})).await.changes {
            done.push(desk.applied(&change).await);
        }
    }
    for (done, proof) in done.iter().zip(desk.prove(&done).await) {
        assert!(done.outcome.kind.is_good(), "{:?}", done.outcome);
        assert_ne!(done.outcome.kind, OutcomeKind::Accepted);
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
    let range = server.range();
    assert!(range.okta.is_contained(ALEX));
    let agents = range
        .journal
        .entries()
        .iter()
        .map(|entry| entry.user_agent.as_str());
    assert!(
        agents
            .into_iter()
            .all(|agent| agent == "oust/0.1.0 run=r_http")
    );
}
