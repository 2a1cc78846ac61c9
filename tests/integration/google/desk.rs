//! The desk at Google: contoso's Workspace, a service account with its key, and what must hold
//! after every story: only requests of the table, and nobody ever listed the backup codes.

use std::ops::Deref;
use std::sync::OnceLock;

use oust::connector::{Identified, Planned, Step};
use oust::model::{ActionId, Change, Select, StepKey};
use oust_mocks::accounts::google_id;
use oust_mocks::google::{ADMIN, Google, SERVICE_ACCOUNT};
use oust_mocks::{Entry, KeyPair, World};
use serde_json::{Value, json};

use crate::requests::google::check;
use crate::samples::subject;
use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX: &str = "alex@contoso.example";
/// Somebody else.
pub(crate) const KIM: &str = "kim@contoso.example";

pub(crate) struct Desk(ServiceDesk);

impl Deref for Desk {
    type Target = ServiceDesk;

    fn deref(&self) -> &ServiceDesk {
        &self.0
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        check(&self.entries());
        let reads = self.org.range().google.backup_code_reads;
        assert_eq!(reads, 0, "somebody listed live backup codes");
    }
}

/// The service account's key; made once, for making one is slow.
pub(crate) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("google-1"))
}

/// Contoso as the stories find it.
pub(crate) fn contoso() -> World {
    World::contoso(now_ms())
}

/// The JSON key as Google gives it out.
pub(crate) fn key_file(key: &KeyPair) -> String {
    json!({
        "type": "service_account", "project_id": "contoso-oust",
        "private_key_id": key.kid, "private_key": key.private_pem,
        "client_email": SERVICE_ACCOUNT, "client_id": "112233445566778899000",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
}

impl Desk {
    /// A world, by the JSON key.
    pub(crate) fn of(world: World) -> Self {
        Self::configured(world, &json!({}))
    }

    /// A world with other settings; a null takes one away.
    pub(crate) fn configured(world: World, patch: &Value) -> Self {
        Self::at(Org::new(world.google_key(key())), patch)
    }

    /// An org that is there already.
    pub(crate) fn at(mut org: Org, patch: &Value) -> Self {
        let mut settings = json!({
            "key_file": org.secret(&key_file(key())), "admin": ADMIN,
            "api_url": "{base}/google/api", "token_url": "{base}/google/oauth/token",
        });
        for (name, value) in patch.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let all = settings.as_object_mut().unwrap();
        all.retain(|_, value| !value.is_null());
        Self(ServiceDesk::at(org, "google", &settings))
    }

    /// What a step would do to somebody, whatever a look-up says.
    pub(crate) async fn plan(&self, verb: &str, login: &str, select: Select) -> Planned {
        self.plan_with(verb, login, select, json!({})).await
    }

    pub(crate) async fn plan_with(
        &self,
        verb: &str,
        login: &str,
        select: Select,
        settings: Value,
    ) -> Planned {
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new("google", verb),
            system: self.system.id.clone(),
            settings: settings.into(),
            select,
            again: false,
        };
        let who = [Identified {
            subject: subject("00u1", login),
            id: google_id(login),
        }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    /// The one change of a step on alex.
    pub(crate) async fn change(&self, verb: &str) -> Change {
        let planned = self.plan(verb, ALEX, Select::All).await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        planned.changes.into_iter().next().unwrap()
    }

    /// The Workspace as it is.
    pub(crate) fn google(&self) -> Google {
        self.org.range().google.clone()
    }

    /// Everybody but alex, for seeing that nobody else was touched.
    pub(crate) fn others(&self) -> Value {
        let mut users = self.google().users;
        users.remove(&google_id(ALEX));
        serde_json::to_value(users).unwrap()
    }

    /// What Google was asked.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        let here = entries.filter(|entry| entry.system == "google");
        here.cloned().collect()
    }

    /// How many tokens we asked for.
    pub(crate) fn tokens_asked(&self) -> usize {
        let entries = self.entries();
        let asked = entries.iter().filter(|each| each.path == "/oauth/token");
        asked.count()
    }
}
