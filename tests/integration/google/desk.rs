//! The desk at Google: contoso's Workspace, a service account with its key, and what must hold
//! after every story: only requests of the table, and nobody ever listed the backup codes.

use std::ops::Deref;
use std::sync::OnceLock;

use oust::model::{Change, Select};
use oust_mocks::accounts::google_id;
use oust_mocks::google::{ADMIN, Google, SERVICE_ACCOUNT};
use oust_mocks::{KeyPair, World};
use serde_json::{Value, json};

use crate::requests::check;
use crate::requests::google::TABLE;
use crate::service::Service;
use crate::wire::{Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX: &str = "alex@contoso.example";
/// Somebody else.
pub(crate) const KIM: &str = "kim@contoso.example";

pub(crate) struct Desk(Service);

impl Deref for Desk {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        check(TABLE, &self.entries());
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
        Self::configured(world, json!({}))
    }

    /// A world with other settings; a null takes one away.
    pub(crate) fn configured(world: World, patch: Value) -> Self {
        Self::at(Org::new(world.google_key(key())), patch)
    }

    pub(crate) fn at(mut org: Org, patch: Value) -> Self {
        let file = org.secret(&key_file(key()));
        let base = org.range().google.base_url.clone();
        let mut settings = json!({
            "key_file": file, "admin": ADMIN,
            "api_url": format!("{base}/api"), "token_url": format!("{base}/oauth/token"),
        });
        for (name, value) in patch.as_object().unwrap() {
            settings[name] = value.clone();
        }
        settings
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let system = org.open_service("google", settings);
        Self(Service::new(org, system))
    }

    /// What a step would do to somebody's account.
    pub(crate) async fn plan(
        &self,
        verb: &str,
        login: &str,
        select: Select,
    ) -> oust::connector::Planned {
        let id = google_id(login);
        self.plan_for(verb, (login, &id), select, json!({})).await
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

    /// How many tokens we asked for.
    pub(crate) fn tokens_asked(&self) -> usize {
        let entries = self.entries();
        let asked = entries.iter().filter(|each| each.path == "/oauth/token");
        asked.count()
    }
}
