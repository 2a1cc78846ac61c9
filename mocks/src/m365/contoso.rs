//! Contoso's tenant, and the knobs that make it another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::inside::forwards_out;
use super::state::{App, Device, Grant, Registered, Secret, User};
use super::{M365, Settings, SyncedWrite};
use crate::accounts::{guid, m365_id};
use crate::certificate::Certificate;
use crate::rng::Rng;
use crate::time::{DAY, MINUTE};
use crate::vendor::Windows;
use crate::world::World;

/// The tenant.
pub const TENANT: &str = "7d0f6a1c-3c52-4b7e-9a41-5c0e0c0a7e11";
/// The app registration that may act.
pub const CLIENT_ID: &str = "1b6f2e30-8d4a-4c19-b5f7-0a3d9e6c4f21";
/// A secret of it.
pub const SECRET: &str = "oust8Q~mock.secret.of.the.acting.app";
/// The app registration that may only read.
pub const READER_CLIENT_ID: &str = "2c7a3f41-9e5b-4d2a-a6c8-1b4e0f7d5a32";
/// A secret of it.
pub const READER_SECRET: &str = "oust8Q~mock.secret.of.the.reading.app";
/// What the reading app was granted.
pub const READ_PERMISSIONS: [&str; 6] = [
    "AuditLog.Read.All",
    "Directory.Read.All",
    "IdentityRiskyUser.Read.All",
    "MailboxSettings.Read",
    "User.Read.All",
    "UserAuthenticationMethod.Read.All",
];
/// What the acting app was granted besides.
pub const PERMISSIONS: [&str; 7] = [
    "DelegatedPermissionGrant.ReadWrite.All",
    "Device.ReadWrite.All",
    "IdentityRiskyUser.ReadWrite.All",
    "MailboxSettings.ReadWrite",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

impl M365 {
    /// A tenant with two app registrations and nobody in it.
    pub(crate) fn empty(now_ms: i64) -> Self {
        let app = |client_id: &str, secret: &str, permissions: BTreeSet<String>| App {
            client_id: client_id.to_owned(),
            secrets: vec![Secret {
                value: secret.to_owned(),
                expires_ms: now_ms + 300 * DAY,
            }],
            certificates: Vec::new(),
            permissions,
            privileged: false,
        };
        let reads: BTreeSet<String> = READ_PERMISSIONS.iter().map(|p| (*p).to_owned()).collect();
        let mut all = reads.clone();
        all.extend(PERMISSIONS.iter().map(|p| (*p).to_owned()));
        let apps = [
            app(CLIENT_ID, SECRET, all),
            app(READER_CLIENT_ID, READER_SECRET, reads),
        ];
        Self {
            settings: Settings {
                replica_lag_ms: 2_000,
                revoke_answers_204: false,
                synced_write: SyncedWrite::Reverted,
                sync_after_ms: 30 * MINUTE,
                p2: true,
                units_per_10_s: 3_500,
                writes_per_150_s: 3_000,
                reports_per_10_s: 5,
                audit_delay_ms: 0,
                takes_batches: true,
                batch_leaves_out: BTreeSet::new(),
                batch_says: BTreeMap::new(),
                latency_ms: 0,
            },
            base_url: String::new(),
            tenant_id: TENANT.to_owned(),
            users: BTreeMap::new(),
            grants: BTreeMap::new(),
            service_principals: BTreeMap::new(),
            apps: apps.into_iter().map(|a| (a.client_id.clone(), a)).collect(),
            access_tokens: BTreeMap::new(),
            audits: Vec::new(),
            next_sync_ms: None,
            windows: Windows::default(),
            rng: Rng::new(0x0365),
        }
    }

    /// Adds a person with a mailbox and nothing but a password.
    pub(crate) fn join(&mut self, login: &str, first: &str, last: &str, created_ms: i64) {
        let id = m365_id(login);
        let user = User {
            id: id.clone(),
            upn: login.to_owned(),
            mail: login.to_owned(),
            given_name: first.to_owned(),
            family_name: last.to_owned(),
            account_enabled: true,
            enabled_on_premises: true,
            mailbox: true,
            created_ms,
            valid_from_ms: created_ms,
            risk: "none".to_owned(),
            ..User::default()
        };
        self.users.insert(id, user);
    }

    /// What was alex's long before, and what the intruder did after he signed on.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = m365_id(login);
        self.sign_in(&id, "198.51.100.20", false, start_ms - 1_521_000);
        let key = json!({ "displayName": "YubiKey 5", "aaGuid": "ee882879-721c-4913-9775-3dfcce97072a", "model": "YubiKey 5 Series", "attestationLevel": "attested", "passkeyType": "deviceBound" });
        self.register_method(&id, "fido2Methods", key, false, now_ms - 240 * DAY);
        self.consent(
            &id,
            "Notes",
            "User.Read Notes.Read",
            false,
            now_ms - 150 * DAY,
        );
        let newsletters =
            json!({ "moveToFolder": "AAMkNewsletters=", "stopProcessingRules": true });
        self.make_rule(&id, "Newsletters", newsletters, false);
        self.consent_for_all("Corporate Portal", now_ms - 200 * DAY);
        let laptop = self.device("Alex's laptop", "MacMDM", now_ms - 250 * DAY, false);
        self.add_device(&id, laptop);
        let at = |after_ms: i64| Some(start_ms + after_ms).filter(|at| *at <= now_ms);
        if let Some(at) = at(3_000_400) {
            self.sign_in(&id, "203.0.113.66", true, at);
        }
        if let Some(at) = at(3_010_000) {
            let detail = json!({ "displayName": "Pixel 9", "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.2404" });
            let app = "microsoftAuthenticatorMethods";
            let method = self.register_method(&id, app, detail, true, at);
            self.make_default(&id, method.as_deref());
        }
        if let Some(at) = at(3_100_000) {
            let detail = json!({ "phoneNumber": "+1 5555550166", "phoneType": "mobile", "smsSignInState": "notAllowedByPolicy" });
            self.register_method(&id, "phoneMethods", detail, true, at);
        }
        if let Some(at) = at(3_150_000) {
            let scope = "Mail.ReadWrite offline_access";
            self.consent(&id, "Mail Sync Pro", scope, true, at);
        }
        if at(3_180_000).is_some() {
            self.make_rule(&id, ".", forwards_out(), true);
        }
    }

    fn make_default(&mut self, user: &str, method: Option<&str>) {
        if let Some(user) = self.users.get_mut(user) {
            for (id, known) in &mut user.methods {
                known.default = method == Some(id.as_str());
            }
        }
    }

    fn consent_for_all(&mut self, app: &str, created_ms: i64) {
        let grant = Grant {
            id: self.rng.text(43),
            client_id: self.service_principal(app),
            principal_id: None,
            resource_id: self.service_principal("Microsoft Graph"),
            scope: "User.Read".to_owned(),
            created_ms,
            intruder: false,
        };
        self.grants.insert(grant.id.clone(), grant);
    }

    fn device(&self, name: &str, system: &str, created_ms: i64, intruder: bool) -> Device {
        Device {
            id: guid("device", name),
            name: name.to_owned(),
            system: system.to_owned(),
            account_enabled: true,
            created_ms,
            intruder,
        }
    }

    fn add_device(&mut self, user: &str, device: Device) {
        if let Some(user) = self.users.get_mut(user) {
            user.devices.insert(device.id.clone(), device);
        }
    }
}

impl World {
    /// Registers a certificate with every app registration of ours, until it expires.
    #[must_use]
    pub fn m365_certificate(self, certificate: &Certificate) -> Self {
        let registered = Registered {
            thumbprint: certificate.thumbprint.clone(),
            jwk: certificate.key.public_jwk.clone(),
            expires_ms: certificate.not_after_ms,
        };
        self.with_m365(|m365| {
            for app in m365.apps.values_mut() {
                app.certificates.push(registered.clone());
            }
        })
    }

    /// Every secret has expired.
    #[must_use]
    pub fn m365_secret_expired(self) -> Self {
        let now_ms = self.now_ms;
        self.with_m365(|m365| {
            for secret in m365.apps.values_mut().flat_map(|a| &mut a.secrets) {
                secret.expires_ms = now_ms - DAY;
            }
        })
    }

    /// Takes an application permission from every app registration of ours.
    #[must_use]
    pub fn m365_without_permission(self, name: &str) -> Self {
        self.with_m365(|m365| {
            for app in m365.apps.values_mut() {
                app.permissions.remove(name);
            }
        })
    }

    /// Gives our acting app a directory role that may disable administrators.
    #[must_use]
    pub fn m365_privileged(self) -> Self {
        self.with_m365(|m365| {
            if let Some(app) = m365.apps.get_mut(CLIENT_ID) {
                app.privileged = true;
            }
        })
    }

    /// Makes someone a guest, whose sessions revoking does not end.
    #[must_use]
    pub fn m365_guest(self, login: &str) -> Self {
        self.m365_user(login, |u| {
            u.guest = true;
            u.upn = format!("{}#EXT#@contoso.example", u.mail.replace('@', "_"));
        })
    }

    /// Has an on-premises directory manage someone.
    #[must_use]
    pub fn m365_synced(self, login: &str) -> Self {
        self.m365_user(login, |u| u.synced = true)
    }

    /// Changes to synced accounts are refused, not reverted later.
    #[must_use]
    pub fn m365_synced_refuses(self) -> Self {
        self.with_m365(|m365| m365.settings.synced_write = SyncedWrite::Refused)
    }

    /// Gives someone a directory role: disabling him is a 403.
    #[must_use]
    pub fn m365_admin(self, login: &str) -> Self {
        self.m365_user(login, |u| {
            u.roles.insert("Global Administrator".to_owned());
        })
    }

    /// Puts someone into a restricted-management unit: every write to him is a 403.
    #[must_use]
    pub fn m365_restricted(self, login: &str) -> Self {
        self.m365_user(login, |u| u.restricted = true)
    }

    /// How long a replica shows the old `signInSessionsValidFromDateTime`.
    #[must_use]
    pub fn m365_replica_lag_ms(self, ms: i64) -> Self {
        self.with_m365(|m365| m365.settings.replica_lag_ms = ms)
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn m365_user(self, login: &str, change: impl FnOnce(&mut User)) -> Self {
        self.with_m365(|m365| {
            if let Some(user) = m365.users.get_mut(&m365_id(login)) {
                change(user);
            }
        })
    }

    /// Changes anything else at Microsoft 365.
    #[must_use]
    pub fn with_m365(mut self, change: impl FnOnce(&mut M365)) -> Self {
        change(&mut self.m365);
        self
    }
}
