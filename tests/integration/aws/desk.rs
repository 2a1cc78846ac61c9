//! The desk at one of Contoso's accounts, and what must hold after every story: nobody but the
//! subject is touched, no policy but ours is written, and no secret stands in what was told.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use oust::model::{Applied, Change, Identity, OutcomeKind, ProofState, Select};
use oust::transport::Reader;
use oust_mocks::World;
use oust_mocks::aws::{ACCESS_KEY, PRODUCTION, RESPONDER, SECRET_KEY};
use serde_json::{Value, json};

use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX: &str = "alex@contoso.example";
/// Somebody else, in the same role.
pub(crate) const KIM: &str = "kim@contoso.example";
/// Our policy's name.
pub(crate) const OURS: &str = "OustRevoke";

pub(crate) struct Desk {
    desk: ServiceDesk,
    /// What was anybody's but alex's as the story began.
    others: BTreeMap<String, Value>,
}

impl Deref for Desk {
    type Target = ServiceDesk;

    fn deref(&self) -> &ServiceDesk {
        &self.desk
    }
}

impl DerefMut for Desk {
    fn deref_mut(&mut self) -> &mut ServiceDesk {
        &mut self.desk
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.others_now(), self.others, "somebody else was touched");
        let range = self.org.range();
        for account in range.aws.accounts.values() {
            let ours = account.roles[RESPONDER].inline.get(OURS);
            assert_eq!(ours, None, "the role that we act by");
        }
    }
}

/// Contoso as the stories find it.
pub(crate) fn contoso() -> World {
    World::contoso(now_ms())
}

/// Settings for one account.
pub(crate) fn settings(org: &mut Org, account: &str) -> Value {
    json!({
        "auth": {
            "access_key_id": org.secret(ACCESS_KEY),
            "secret_access_key": org.secret(SECRET_KEY),
        },
        "accounts": [{
            "id": account, "role_arn": format!("arn:aws:iam::{account}:role/{RESPONDER}"),
        }],
        "iam_url": "{base}/aws/iam", "sts_url": "{base}/aws/sts",
        "cloudtrail_url": "{base}/aws/cloudtrail",
    })
}

impl Desk {
    /// A world as it is, at production.
    pub(crate) fn of(world: World) -> Self {
        Self::configured(world, &json!({}))
    }

    /// A world with other settings.
    pub(crate) fn configured(world: World, patch: &Value) -> Self {
        let desk = ServiceDesk::of(world, "aws", |org| {
            let mut settings = settings(org, PRODUCTION);
            for (name, value) in patch.as_object().unwrap() {
                settings[name] = value.clone();
            }
            settings
        });
        let others = others_of(&desk);
        Self { desk, others }
    }

    /// The same desk, moved to another account.
    pub(crate) fn moved_to(mut self, account: &str) -> Self {
        let settings = settings(&mut self.desk.org, account);
        self.reopen(&settings);
        self
    }

    /// As another process would find it: nothing remembered.
    pub(crate) fn reopen(&mut self, settings: &Value) {
        let system = self.desk.org.open_service("aws", settings);
        self.desk.reader = Reader::new(system.client.clone());
        self.desk.system = system;
    }

    /// The story itself has changed something of others: from now on that is how it was.
    pub(crate) fn settle(&mut self) {
        self.others = others_of(&self.desk);
    }

    fn others_now(&self) -> BTreeMap<String, Value> {
        others_of(&self.desk)
    }

    /// What denies alex's sessions, by label.
    pub(crate) async fn changes(&self) -> BTreeMap<String, Change> {
        let planned = self.plan("deny_sessions", ALEX, Select::All).await;
        let each = planned.changes.into_iter();
        each.map(|change| (change.target.label.clone(), change))
            .collect()
    }

    /// The change that denies his own session in Admin.
    pub(crate) async fn in_admin(&self) -> Change {
        self.changes()
            .await
            .remove(&in_role(ALEX, "Admin"))
            .unwrap()
    }

    /// All of it, applied and proven.
    pub(crate) async fn contained(&self) -> Vec<Applied> {
        let changes: Vec<Change> = self.changes().await.into_values().collect();
        let all = self.applied_together(&changes).await;
        for done in &all {
            assert_eq!(done.outcome.kind, OutcomeKind::Done, "{done:?}");
            assert!(self.is_proven(done).await, "{:?}", self.proof(done).await);
        }
        all
    }

    /// Takes all of it back, and proves it.
    pub(crate) async fn released(&self, all: &[Applied]) {
        for done in all.iter().rev() {
            for change in self.inverse(done) {
                let undone = self.applied(&change).await;
                assert!(undone.outcome.kind.is_good(), "{undone:?}");
                assert!(self.is_proven(&undone).await);
            }
        }
    }

    pub(crate) async fn state(&self, done: &Applied) -> (ProofState, String) {
        let proof = self.proof(done).await;
        (proof.state, proof.how)
    }

    /// Our policy in a role of production, as it stands.
    pub(crate) fn ours(&self, role: &str) -> Option<Value> {
        let range = self.org.range();
        let text = range.aws.role(PRODUCTION, role)?.inline.get(OURS)?;
        Some(serde_json::from_str(text).unwrap())
    }

    /// Puts a policy into a role of production by hand, or takes it out.
    pub(crate) fn put(&self, role: &str, name: &str, text: Option<&str>) {
        let mut range = self.org.range();
        let account = range.aws.accounts.get_mut(PRODUCTION).unwrap();
        let role = account.roles.get_mut(role).unwrap();
        match text {
            Some(text) => role.inline.insert(name.into(), text.into()),
            None => role.inline.remove(name),
        };
    }

    /// Sessions of alex's that can still do something, the intruder's and his own.
    pub(crate) fn alive(&self) -> Vec<String> {
        let range = self.org.range();
        let all = range.aws.sessions_of(ALEX);
        let alive = all.into_iter().filter(|(_, denied)| !denied);
        let mut alive: Vec<String> = alive
            .map(|(session, _)| format!("{} in {}", session.name, session.role))
            .collect();
        alive.sort();
        alive.dedup();
        alive
    }
}

fn others_of(desk: &ServiceDesk) -> BTreeMap<String, Value> {
    let mut all = desk.org.range().aws.everybody(OURS);
    all.remove(ALEX);
    all
}

/// What a session is called for people.
pub(crate) fn in_role(name: &str, role: &str) -> String {
    format!("{name} in {role}")
}

pub(crate) fn found(id: &str) -> Identity {
    Identity::Found { id: id.into() }
}
