//! Stories at Microsoft 365: who is who, what is ended, purged and switched off, by what read it is
//! proven, and what each refusal says.

mod account;
mod auth;
mod batches;
mod consents;
mod identity;
mod incident;
mod methods;
mod rules;
mod sessions;

use oust::model::{Change, ProofState, Select};
use oust_mocks::World;
use oust_mocks::accounts::m365_id;
use oust_mocks::m365::{CLIENT_ID, SECRET, TENANT, state::User};
use serde_json::{Value, json};

use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

pub(crate) const ALEX: &str = "alex@contoso.example";

/// Longer than any replica at Microsoft may lag before the contrary counts.
const LAG_S: u64 = 90;

pub(crate) fn contoso() -> World {
    World::contoso(now_ms())
}

/// By client secret.
pub(crate) fn desk(world: World) -> ServiceDesk {
    desk_with(world, &json!({}))
}

/// By client secret, some settings changed.
pub(crate) fn desk_with(world: World, more: &Value) -> ServiceDesk {
    ServiceDesk::of(world, "m365", |org| {
        let mut settings = by_secret(org);
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        settings
    })
}

fn by_secret(org: &mut Org) -> Value {
    let mut settings = addresses();
    settings["client_secret"] = org.secret(SECRET);
    settings
}

fn addresses() -> Value {
    json!({
        "tenant": TENANT,
        "client_id": CLIENT_ID,
        "login_url": "{base}/m365/login",
        "graph_url": "{base}/m365/graph",
    })
}

impl ServiceDesk {
    /// Somebody as the tenant has him.
    fn person(&self, login: &str) -> User {
        self.org.range().m365.users[&m365_id(login)].clone()
    }

    /// Everybody but `login`, and what they consented to.
    fn others(&self, login: &str) -> String {
        let range = self.org.range();
        let id = m365_id(login);
        let users = range.m365.users.values().filter(|user| user.id != id);
        let grants = range.m365.grants.values();
        let grants = grants.filter(|grant| grant.principal_id.as_ref() != Some(&id));
        let users: Vec<&User> = users.collect();
        json!([users, grants.collect::<Vec<_>>()]).to_string()
    }

    /// What a step would do within the window.
    async fn in_window(&self, verb: &str) -> oust::connector::Planned {
        self.plan(verb, ALEX, Select::InWindow).await
    }

    /// What the conformance of every action asks: planning writes nothing, applying twice changes
    /// once, the proof notices what is taken back by hand, nobody else is touched.
    async fn conforms(&self, changes: &[Change], taken_back: impl FnOnce(&mut oust_mocks::Range)) {
        assert_eq!(self.writes(), Vec::<String>::new(), "planning wrote");
        let others = self.others(ALEX);
        let done = self.applied_together(changes).await;
        self.org.wait(5).await;
        for each in &done {
            assert!(each.outcome.kind.is_good(), "{:?}", each.outcome);
            let proof = self.proof(each).await;
            assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
        }
        let (digest, effects) = (self.digest(), self.effects());
        assert_eq!(effects, changes.len());
        for each in self.applied_together(changes).await {
            assert!(each.outcome.kind.is_good(), "again: {:?}", each.outcome);
        }
        assert_eq!(self.effects(), effects, "changed twice");
        assert_eq!(self.digest(), digest, "changed twice");
        assert_eq!(self.others(ALEX), others, "somebody else was touched");
        taken_back(&mut self.org.range());
        let mut early = Vec::new();
        for each in &done {
            early.push(self.proof(each).await.state);
        }
        assert!(!early.contains(&ProofState::Proven), "{early:?}");
        self.org.wait(LAG_S).await;
        for each in &done {
            let proof = self.proof(each).await;
            assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
        }
    }
}

/// Why a step had nothing to do.
fn skipped(planned: &oust::connector::Planned) -> String {
    let skip = planned.skip.as_ref();
    skip.unwrap_or_else(|| panic!("not skipped: {planned:?}"))
        .sentence()
}

/// The labels of what is kept, those that a person should look at with a `!`.
fn kept(planned: &oust::connector::Planned) -> Vec<String> {
    let kept = planned.kept.iter();
    kept.map(|each| {
        let look = if each.suspect { "!" } else { "" };
        format!("{}{look}", each.target.label)
    })
    .collect()
}
