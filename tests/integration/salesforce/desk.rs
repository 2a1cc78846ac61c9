//! The desk at Salesforce: contoso's org, an app with its key, and what must hold after every
//! story: only requests of the table, nobody ever selected a refresh token, and no secret of
//! Salesforce's stands in anything that was planned, answered or proven.

use std::ops::Deref;
use std::sync::Mutex;

use oust::connector::{Identified, Planned, Step};
use oust::model::{ActionId, Applied, Change, Outcome, Proof, Select, StepKey};
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::state::User;
use oust_mocks::salesforce::{CLIENT_ID, Salesforce, USERNAME};
use oust_mocks::{Entry, World};
use serde_json::{Value, json};

use crate::google::desk::key;
use crate::requests::salesforce::check;
use crate::samples::subject;
use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX: &str = "alex@contoso.example";
/// Somebody else.
pub(crate) const KIM: &str = "kim@contoso.example";

pub(crate) struct Desk {
    desk: ServiceDesk,
    /// What was planned, answered and proven, as it would be recorded.
    told: Mutex<String>,
    /// Everything secret that Salesforce kept of anybody as the story began.
    secrets: Vec<String>,
}

impl Deref for Desk {
    type Target = ServiceDesk;

    fn deref(&self) -> &ServiceDesk {
        &self.desk
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        check(&self.entries());
        let reads = self.salesforce().access_token_reads;
        assert_eq!(reads, 0, "somebody selected refresh tokens");
        let told = self.told.lock().unwrap();
        for secret in &self.secrets {
            assert!(!told.contains(secret.as_str()), "a secret was told: {told}");
        }
    }
}

/// Contoso as the stories find it.
pub(crate) fn contoso() -> World {
    World::contoso(now_ms())
}

impl Desk {
    /// A world as it is.
    pub(crate) fn of(world: World) -> Self {
        Self::configured(world, &json!({}))
    }

    /// A world with other settings; a null takes one away.
    pub(crate) fn configured(world: World, patch: &Value) -> Self {
        Self::at(Org::new(world.salesforce_key(key())), patch)
    }

    /// An org that is there already.
    pub(crate) fn at(mut org: Org, patch: &Value) -> Self {
        let mut settings = json!({
            "client_id": CLIENT_ID, "username": USERNAME,
            "private_key": org.secret(&key().private_pem),
            "instance_url": "{base}/salesforce",
        });
        for (name, value) in patch.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let all = settings.as_object_mut().unwrap();
        all.retain(|_, value| !value.is_null());
        let secrets = secrets_of(&org.range().salesforce);
        Self {
            desk: ServiceDesk::at(org, "salesforce", &settings),
            told: Mutex::default(),
            secrets,
        }
    }

    fn note(&self, what: &impl std::fmt::Debug) {
        let mut told = self.told.lock().unwrap();
        told.push_str(&format!("{what:?}\n"));
    }

    /// What a step would do to somebody, whatever a look-up says.
    pub(crate) async fn plan(&self, verb: &str, login: &str) -> Planned {
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new("salesforce", verb),
            system: self.system.id.clone(),
            settings: json!({}).into(),
            select: Select::All,
            again: false,
        };
        let who = [Identified {
            subject: subject("00u1", login),
            id: salesforce_id(login),
        }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        self.note(&planned);
        planned.remove(0)
    }

    /// The one change of a step on alex.
    pub(crate) async fn change(&self, verb: &str) -> Change {
        let planned = self.plan(verb, ALEX).await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        planned.changes.into_iter().next().unwrap()
    }

    pub(crate) async fn apply(&self, change: &Change) -> Outcome {
        let outcome = self.desk.apply(change).await;
        self.note(&outcome);
        outcome
    }

    pub(crate) async fn applied(&self, change: &Change) -> Applied {
        Applied::alone(change.clone(), self.apply(change).await)
    }

    pub(crate) async fn applied_together(&self, changes: &[Change]) -> Vec<Applied> {
        let all = self.desk.applied_together(changes).await;
        self.note(&all);
        all
    }

    pub(crate) async fn proof(&self, done: &Applied) -> Proof {
        let proof = self.desk.proof(done).await;
        self.note(&proof);
        proof
    }

    /// The org as it is.
    pub(crate) fn salesforce(&self) -> Salesforce {
        self.org.range().salesforce.clone()
    }

    /// Alex as he is there.
    pub(crate) fn alex(&self) -> User {
        self.salesforce().users[&salesforce_id(ALEX)].clone()
    }

    /// Changes alex by hand.
    pub(crate) fn by_hand(&self, change: impl FnOnce(&mut User)) {
        let mut range = self.org.range();
        change(
            range
                .salesforce
                .users
                .get_mut(&salesforce_id(ALEX))
                .unwrap(),
        );
    }

    /// Everybody but alex, for seeing that nobody else was touched.
    pub(crate) fn others(&self) -> Value {
        let mut users = self.salesforce().users;
        users.remove(&salesforce_id(ALEX));
        serde_json::to_value(users).unwrap()
    }

    /// What Salesforce was asked.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        let here = entries.filter(|entry| entry.system == "salesforce");
        here.cloned().collect()
    }

    /// How often a request whose path or query holds these words was made.
    pub(crate) fn asked(&self, words: &str) -> usize {
        let entries = self.entries();
        let has = |entry: &&Entry| entry.path.contains(words) || entry.query.contains(words);
        entries.iter().filter(has).count()
    }
}

fn secrets_of(salesforce: &Salesforce) -> Vec<String> {
    let tokens = salesforce
        .users
        .values()
        .flat_map(|user| user.tokens.values());
    tokens
        .flat_map(|token| [token.delete_token.clone(), token.access_token.clone()])
        .collect()
}
