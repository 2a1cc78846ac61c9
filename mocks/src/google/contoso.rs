//! Contoso's Workspace, and the knobs that make it another.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{ServiceAccount, User};
use super::{Google, PER_MINUTE, Settings, scope};
use crate::accounts::google_id;
use crate::instance::Instance;
use crate::keys::KeyPair;
use crate::rng::Rng;
use crate::time::DAY;
use crate::vendor::Windows;
use crate::world::World;

/// The one domain.
pub const DOMAIN: &str = "contoso.example";
/// The customer id.
pub const CUSTOMER: &str = "C03contoso";
/// The service account of ours.
pub const SERVICE_ACCOUNT: &str = "oust@contoso-oust.iam.gserviceaccount.com";
/// The super administrator it acts for.
pub const ADMIN: &str = "oust-admin@contoso.example";
/// What the delegation holds, without the common prefix.
pub const SCOPES: [&str; 5] = [
    "admin.directory.user",
    "admin.directory.user.readonly",
    "admin.directory.user.security",
    "admin.directory.rolemanagement.readonly",
    "admin.reports.audit.readonly",
];

impl Google {
    /// A Workspace with the administrator in it and nobody else. No key is registered yet.
    pub(crate) fn empty(now_ms: i64) -> Self {
        let mut google = Self {
            settings: Settings {
                asp_times_in_ms: false,
                repeat_is_412: false,
                report_delay_ms: 0,
                per_minute: PER_MINUTE,
                latency_ms: 0,
            },
            base_url: String::new(),
            users: BTreeMap::new(),
            service_account: ServiceAccount {
                email: SERVICE_ACCOUNT.to_owned(),
                keys: BTreeMap::new(),
                delegated: SCOPES.iter().map(|s| scope(s)).collect::<BTreeSet<_>>(),
                disabled: false,
            },
            backup_code_reads: 0,
            access_tokens: BTreeMap::new(),
            activities: Vec::new(),
            windows: Windows::default(),
            rng: Rng::new(0x6006),
        };
        google
            .join(ADMIN, "Oust", "Admin", now_ms - 300 * DAY)
            .is_admin = true;
        google
    }

    /// Adds a person.
    pub(crate) fn join(
        &mut self,
        login: &str,
        first: &str,
        last: &str,
        created_ms: i64,
    ) -> &mut User {
        let id = google_id(login);
        let user = User {
            id: id.clone(),
            primary_email: login.to_owned(),
            given_name: first.to_owned(),
            family_name: last.to_owned(),
            created_ms,
            ..User::default()
        };
        self.users.entry(id).insert_entry(user).into_mut()
    }

    /// What was alex's long before, and what the intruder did after he signed on.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = google_id(login);
        self.sign_in(&id, "198.51.100.20", false, start_ms - 2_000_000);
        self.authorize_app(&id, "Notes", false, now_ms - 100 * DAY);
        self.make_app_password(&id, "Thunderbird", false, now_ms - 200 * DAY);
        let at = |after_ms: i64| Some(start_ms + after_ms).filter(|at| *at <= now_ms);
        if let Some(at) = at(3_038_500) {
            self.sign_in(&id, "203.0.113.66", true, at);
        }
        if let Some(at) = at(3_062_000) {
            self.authorize_app(&id, "Mail Sync Pro", true, at);
        }
        if let Some(at) = at(3_121_000) {
            self.make_app_password(&id, "Mail", true, at);
        }
        if at(3_150_000).is_some() {
            self.steal_backup_codes(&id);
        }
    }
}

impl World {
    /// Registers a key of the service account at every Google; it must sign with RS256.
    #[must_use]
    pub fn google_key(mut self, key: &KeyPair) -> Self {
        let further = self.more.values_mut().filter_map(|more| match more {
            Instance::Google(google) => Some(google.as_mut()),
            _ => None,
        });
        for google in std::iter::once(&mut self.google).chain(further) {
            let keys = &mut google.service_account.keys;
            keys.insert(key.kid.clone(), key.public_jwk.clone());
        }
        self
    }

    /// Makes someone a super administrator.
    #[must_use]
    pub fn google_super_admin(self, login: &str) -> Self {
        self.google_user(login, |u| u.is_admin = true)
    }

    /// The administrator acted for is a delegated one, who cannot act on super administrators.
    #[must_use]
    pub fn google_admin_is_delegated(self) -> Self {
        self.google_user(ADMIN, |u| {
            u.is_admin = false;
            u.is_delegated_admin = true;
        })
    }

    /// Takes a scope (without the common prefix) out of the delegation.
    #[must_use]
    pub fn google_without_scope(self, name: &str) -> Self {
        self.with_google(|google| {
            google.service_account.delegated.remove(&scope(name));
        })
    }

    /// Every key of the service account was deleted.
    #[must_use]
    pub fn google_key_revoked(self) -> Self {
        self.with_google(|google| google.service_account.keys.clear())
    }

    /// The service account is disabled.
    #[must_use]
    pub fn google_account_disabled(self) -> Self {
        self.with_google(|google| google.service_account.disabled = true)
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn google_user(self, login: &str, change: impl FnOnce(&mut User)) -> Self {
        self.with_google(|google| {
            if let Some(user) = google.users.get_mut(&google_id(login)) {
                change(user);
            }
        })
    }

    /// Changes anything else at Google.
    #[must_use]
    pub fn with_google(mut self, change: impl FnOnce(&mut Google)) -> Self {
        change(&mut self.google);
        self
    }
}
