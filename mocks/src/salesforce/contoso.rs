//! Contoso's org, and the knobs that make it another.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{App, User};
use super::{Salesforce, Settings};
use crate::accounts::{salesforce_id_at, salesforce_key};
use crate::keys::KeyPair;
use crate::rng::Rng;
use crate::time::DAY;
use crate::world::{Instance, World};

/// The consumer key of our app in the org `salesforce`.
pub const CLIENT_ID: &str = "3MVG9oustContosoConsumerKey0000000000mock";
/// The integration user there.
pub const USERNAME: &str = "oust-integration@contoso.example";

/// The consumer key of our app in the org of this name; each org has its own.
#[must_use]
pub fn client_id_of(system: &str) -> String {
    match system.split_once(':') {
        Some((_, name)) => format!("{CLIENT_ID}.{name}"),
        None => CLIENT_ID.to_owned(),
    }
}

/// The integration user in the org of this name: user names are unique in all of Salesforce.
#[must_use]
pub fn username_of(system: &str) -> String {
    match system.split_once(':') {
        Some((_, name)) => format!("{USERNAME}.{name}"),
        None => USERNAME.to_owned(),
    }
}

impl Salesforce {
    /// An org with the integration user in it and nobody else. No key is registered yet.
    pub(crate) fn empty(name: &str, now_ms: i64) -> Self {
        let username = username_of(name);
        let mut salesforce = Self {
            name: name.to_owned(),
            settings: Settings {
                sandbox: false,
                newest_version: 66,
                batch_rows: 2_000,
                token_batch_rows: 500,
                token_rows_max: 2_500,
                daily_max: 100_000,
                token_life_ms: 7_200_000,
                composite_takes_sessions: true,
                locked: BTreeSet::new(),
                tokens_work_while_frozen: true,
                deactivation_blocked: false,
                latency_ms: 0,
            },
            base_url: String::new(),
            org_id: salesforce_key("00D", name, "org"),
            users: BTreeMap::new(),
            app: App {
                client_id: client_id_of(name),
                key: None,
                key_expires_ms: None,
                approved: BTreeSet::from([username.clone()]),
                blocked: false,
                scopes: vec!["api".to_owned()],
            },
            requests_used: 1_200,
            access_token_reads: 0,
            access_tokens: BTreeMap::new(),
            cursors: BTreeMap::new(),
            rng: Rng::new(0x5F0C),
        };
        let ours = salesforce.join(&username, "Oust", "Integration", now_ms - 300 * DAY);
        ours.federation_identifier = None;
        ours.username = username;
        ours.permissions = ["ApiEnabled", "ManageUsers", "CustomizeApplication"]
            .map(str::to_owned)
            .into();
        salesforce
    }

    /// Adds a person; provisioning has given him his login as federation identifier, and as user name
    /// with the suffix that makes it unique.
    pub(crate) fn join(
        &mut self,
        login: &str,
        first: &str,
        last: &str,
        created_ms: i64,
    ) -> &mut User {
        let id = salesforce_id_at(&self.name, login);
        let suffix = self.name.split_once(':').map_or("crm", |(_, name)| name);
        let user = User {
            id: id.clone(),
            username: format!("{login}.{suffix}"),
            email: login.to_owned(),
            federation_identifier: Some(login.to_owned()),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            is_active: true,
            user_type: "Standard".to_owned(),
            profile_id: salesforce_key("00e", &self.name, "Standard"),
            login_id: salesforce_key("0Yw", &self.name, login),
            created_ms,
            permissions: BTreeSet::from(["ApiEnabled".to_owned()]),
            ..User::default()
        };
        self.users.entry(id).insert_entry(user).into_mut()
    }

    /// What was alex's long before, and what the intruder did after he signed on.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = salesforce_id_at(&self.name, login);
        self.authorize_app(&id, "Salesforce for iOS", false, now_ms - 90 * DAY);
        // A row that lingers: nobody has used the session for a day.
        self.sign_in(&id, "198.51.100.20", false, now_ms - DAY);
        if let Some(own) = self.sign_in(&id, "198.51.100.20", false, now_ms - 1_800_000) {
            self.open_within(&id, &own, "Content", now_ms - 1_790_000);
        }
        let at = |after_ms: i64| Some(start_ms + after_ms).filter(|at| *at <= now_ms);
        let session = at(3_123_900).and_then(|at| self.sign_in(&id, "203.0.113.66", true, at));
        if let (Some(session), Some(at)) = (session, at(3_131_000)) {
            self.open_within(&id, &session, "Visualforce", at);
        }
        if let Some(at) = at(3_160_000) {
            self.authorize_app(&id, "Data Loader Pro", true, at);
        }
        if let Some(at) = at(3_170_000) {
            self.use_token(&id, at);
        }
    }
}

impl World {
    /// Registers the key of our app in every Salesforce org; it must sign with RS256.
    #[must_use]
    pub fn salesforce_key(self, key: &KeyPair) -> Self {
        let jwk = key.public_jwk.clone();
        self.every_salesforce(|salesforce| salesforce.app.key = Some(jwk.clone()))
    }

    /// The certificate of our app expired a minute ago.
    #[must_use]
    pub fn salesforce_certificate_expired(self) -> Self {
        let end_ms = self.now_ms - 60_000;
        self.every_salesforce(|salesforce| salesforce.app.key_expires_ms = Some(end_ms))
    }

    /// Nobody has pre-authorised the integration user for our app.
    #[must_use]
    pub fn salesforce_not_approved(self) -> Self {
        self.every_salesforce(|salesforce| salesforce.app.approved.clear())
    }

    /// Takes a permission (`ManageUsers`, `CustomizeApplication`, `ApiEnabled`) from the integration user.
    #[must_use]
    pub fn salesforce_without_permission(self, name: &str) -> Self {
        self.every_salesforce(|salesforce| {
            let ours = salesforce_id_at(&salesforce.name, &username_of(&salesforce.name));
            if let Some(user) = salesforce.users.get_mut(&ours) {
                user.permissions.remove(name);
            }
        })
    }

    /// The integration user is frozen.
    #[must_use]
    pub fn salesforce_integration_frozen(self) -> Self {
        self.salesforce_user(USERNAME, |user| user.is_frozen = true)
    }

    /// The integration user is deactivated.
    #[must_use]
    pub fn salesforce_integration_inactive(self) -> Self {
        self.salesforce_user(USERNAME, |user| user.is_active = false)
    }

    /// Only so many requests of the day are left.
    #[must_use]
    pub fn salesforce_requests_left(self, left: u32) -> Self {
        self.with_salesforce(|salesforce| {
            salesforce.requests_used = salesforce.settings.daily_max.saturating_sub(left);
        })
    }

    /// Gives a person `n` more tokens of apps.
    #[must_use]
    pub fn salesforce_tokens(self, login: &str, n: usize) -> Self {
        let at_ms = self.now_ms - 30 * DAY;
        self.with_salesforce(|salesforce| {
            let id = salesforce_id_at(&salesforce.name, login);
            for i in 0..n {
                salesforce.authorize_app(&id, &format!("App {i:05}"), false, at_ms);
            }
        })
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn salesforce_user(self, login: &str, change: impl FnOnce(&mut User)) -> Self {
        self.with_salesforce(|salesforce| {
            let id = salesforce_id_at(&salesforce.name, login);
            if let Some(user) = salesforce.users.get_mut(&id) {
                change(user);
            }
        })
    }

    /// Changes anything else at Salesforce.
    #[must_use]
    pub fn with_salesforce(mut self, change: impl FnOnce(&mut Salesforce)) -> Self {
        change(&mut self.salesforce);
        self
    }

    fn every_salesforce(mut self, mut change: impl FnMut(&mut Salesforce)) -> Self {
        change(&mut self.salesforce);
        for more in self.more.values_mut() {
            if let Instance::Salesforce(salesforce) = more {
                change(salesforce);
            }
        }
        self
    }
}
