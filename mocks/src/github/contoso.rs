//! Contoso's organisation and enterprise, and the knobs that make them others.

use std::collections::BTreeMap;

use super::limits::Quotas;
use super::state::{App, Identity, Membership, OwnersToken, Person};
use super::{GitHub, Saml, Settings};
use crate::accounts::{github_login_at, github_number_at, github_scim_id_at};
use crate::instance::Instance;
use crate::keys::KeyPair;
use crate::rng::Rng;
use crate::time::DAY;
use crate::vendor::Windows;
use crate::world::World;

/// The organisation of the system `github`.
pub const ORG: &str = "contoso";
/// Its enterprise.
pub const ENTERPRISE: &str = "contoso-inc";
/// What ends the logins of managed users.
pub const SHORTCODE: &str = "contoso";
/// The number of our App.
pub const APP_ID: u64 = 421_700;
/// The number of its installation.
pub const INSTALLATION_ID: u64 = 58_000_001;
/// An owner's classic token with every scope.
pub const TOKEN: &str = "ghp_oustOwnersTokenOfContoso00000000mock";
/// What the installation may do.
pub const PERMISSIONS: [&str; 4] = [
    "members",
    "organization_administration",
    "organization_personal_access_tokens",
    "organization_personal_access_token_requests",
];

/// The owner whose token it is.
const OWNER: &str = "oust-admin@contoso.example";
const SCOPES: [&str; 4] = [
    "admin:org",
    "admin:enterprise",
    "read:enterprise",
    "scim:enterprise",
];

/// The name behind the colon, with a hyphen before it.
fn tail(system: &str) -> String {
    system
        .split_once(':')
        .map_or_else(String::new, |(_, name)| format!("-{name}"))
}

/// The organisation of a system: `contoso-eng` for `github:eng`.
#[must_use]
pub fn org_of(system: &str) -> String {
    format!("{ORG}{}", tail(system))
}

/// The enterprise of a system.
#[must_use]
pub fn enterprise_of(system: &str) -> String {
    format!("{ENTERPRISE}{}", tail(system))
}

/// The number of our App for a system; each has its own.
#[must_use]
pub fn app_id_of(system: &str) -> u64 {
    let name = tail(system);
    name.bytes().fold(APP_ID, |sum, b| sum * 3 + u64::from(b))
}

/// The owner's token of a system.
#[must_use]
pub fn token_of(system: &str) -> String {
    format!("{TOKEN}{}", tail(system))
}

impl GitHub {
    /// An organisation with the owner in it and nobody else. No key is registered yet.
    pub(crate) fn empty(name: &str, now_ms: i64) -> Self {
        let permission = |p: &&str| ((*p).to_owned(), "write".to_owned());
        let token = OwnersToken {
            secret: token_of(name),
            user_id: github_number_at(name, OWNER),
            scopes: SCOPES.map(str::to_owned).into(),
            authorized: true,
            revoked: false,
        };
        let mut github = Self {
            name: name.to_owned(),
            settings: Settings {
                saml: Saml::Org,
                managed_users: false,
                own_server: false,
                revokes_one_by_one: false,
                grants_need_approval: false,
                browser_authorises: false,
                queue_ms: 3_000,
                owners_heeded: 10,
                per_hour: 5_000,
                writes_per_minute: 80,
                invitations_max: 50,
                latency_ms: 0,
            },
            base_url: String::new(),
            org: org_of(name),
            org_id: github_number_at(name, "organisation"),
            enterprise: enterprise_of(name),
            shortcode: format!("{SHORTCODE}{}", tail(name).replace('-', "")),
            people: BTreeMap::new(),
            app: App {
                id: app_id_of(name),
                client_id: format!("Iv23liOustContoso{}", tail(name)),
                key: None,
                installation_id: INSTALLATION_ID + app_id_of(name) - APP_ID,
                permissions: PERMISSIONS.iter().map(permission).collect(),
                suspended_ms: None,
                installed: true,
            },
            owners_tokens: BTreeMap::from([("owner".to_owned(), token)]),
            installation_tokens: BTreeMap::new(),
            jobs: Vec::new(),
            quotas: Quotas::default(),
            windows: Windows::default(),
            invited: 0,
            clock_ms: now_ms,
            rng: Rng::new(0x6174),
        };
        let owner = github.join(OWNER, "Oust", "Admin", now_ms - 300 * DAY);
        if let Some(membership) = &mut owner.membership {
            "admin".clone_into(&mut membership.role);
        }
        github
    }

    /// Adds a member; he has signed in once, and his account is linked to his identity.
    pub(crate) fn join(
        &mut self,
        login: &str,
        first: &str,
        last: &str,
        created_ms: i64,
    ) -> &mut Person {
        let id = github_number_at(&self.name, login);
        let plain_login = github_login_at(&self.name, login);
        let person = Person {
            id,
            login: plain_login.clone(),
            plain_login,
            name: format!("{first} {last}"),
            email: login.to_owned(),
            created_ms,
            membership: Some(Membership {
                role: "member".to_owned(),
                pending: false,
                direct: true,
                teams: Vec::new(),
            }),
            identity: Some(Identity {
                guid: github_scim_id_at(&self.name, login),
                name_id: login.to_owned(),
                external_id: format!("okta-{login}"),
                linked: true,
            }),
            ..Person::default()
        };
        self.people.entry(id).insert_entry(person).into_mut()
    }

    /// What was alex's long before, and what the intruder did after he signed on.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = github_number_at(&self.name, login);
        self.authorize(id, "SSH key", "Alex's MacBook", false, now_ms - 200 * DAY);
        self.authorize(
            id,
            "OAuth app token",
            "Visual Studio Code",
            false,
            now_ms - 60 * DAY,
        );
        self.grant(id, "notes backup", false, now_ms - 20 * DAY);
        let at = |after_ms: i64| Some(start_ms + after_ms).filter(|at| *at <= now_ms);
        if let Some(at) = at(3_308_600) {
            self.sign_on(id, "203.0.113.66", true, at);
        }
        if let Some(at) = at(3_340_000) {
            self.authorize(id, "personal access token", "ci-sync", true, at);
        }
        if let Some(at) = at(3_355_000) {
            self.authorize(id, "SSH key", "pixel", true, at);
        }
        if let Some(at) = at(3_370_000) {
            self.grant(id, "repo mirror", true, at);
        }
    }

    /// Makes the enterprise one of managed users: other logins, single sign-on at the enterprise.
    pub(crate) fn manage_users(&mut self) {
        self.settings.managed_users = true;
        self.settings.saml = Saml::Enterprise;
        for person in self.people.values_mut() {
            person.managed = true;
            let local = person.email.split('@').next().unwrap_or_default();
            let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let local: String = local.chars().map(sign).collect();
            person.plain_login = format!("{local}_{}", self.shortcode);
            person.login.clone_from(&person.plain_login);
        }
    }
}

impl World {
    /// Registers a key of our App at every GitHub; it must sign with RS256.
    #[must_use]
    pub fn github_key(mut self, key: &KeyPair) -> Self {
        self.github.app.key = Some(key.public_jwk.clone());
        for more in self.more.values_mut() {
            if let Instance::GitHub(github) = more {
                github.app.key = Some(key.public_jwk.clone());
            }
        }
        self
    }

    /// Our App's keys were deleted.
    #[must_use]
    pub fn github_key_revoked(self) -> Self {
        self.with_github(|github| github.app.key = None)
    }

    /// An owner suspended the installation a minute ago.
    #[must_use]
    pub fn github_installation_suspended(self) -> Self {
        let at_ms = self.now_ms - 60_000;
        self.with_github(|github| github.app.suspended_ms = Some(at_ms))
    }

    /// Takes a permission from the installation.
    #[must_use]
    pub fn github_without_permission(self, name: &str) -> Self {
        self.with_github(|github| {
            github.app.permissions.remove(name);
        })
    }

    /// Takes a scope from the owner's token.
    #[must_use]
    pub fn github_without_scope(self, scope: &str) -> Self {
        self.with_github(|github| {
            for token in github.owners_tokens.values_mut() {
                token.scopes.remove(scope);
            }
        })
    }

    /// The owner's token is not authorised for single sign-on.
    #[must_use]
    pub fn github_token_unauthorized(self) -> Self {
        self.with_github(|github| {
            for token in github.owners_tokens.values_mut() {
                token.authorized = false;
            }
        })
    }

    /// An organisation without single sign-on: credentials work as they are.
    #[must_use]
    pub fn github_without_saml(self) -> Self {
        self.with_github(|github| {
            github.settings.saml = Saml::None;
            for person in github.people.values_mut() {
                person.identity = None;
                let all = person.credentials.values_mut();
                all.for_each(|c| c.authorization = None);
            }
        })
    }

    /// Single sign-on is configured at the enterprise, not at the organisation.
    #[must_use]
    pub fn github_enterprise_saml(self) -> Self {
        self.with_github(|github| github.settings.saml = Saml::Enterprise)
    }

    /// An enterprise with managed users.
    #[must_use]
    pub fn github_managed_users(self) -> Self {
        self.with_github(GitHub::manage_users)
    }

    /// Nobody has ever signed in with a person's identity: it has no account.
    #[must_use]
    pub fn github_unlinked(self, login: &str) -> Self {
        self.github_person(login, |person| {
            if let Some(identity) = &mut person.identity {
                identity.linked = false;
            }
        })
    }

    /// A host that knows no call which revokes all at once.
    #[must_use]
    pub fn github_one_by_one(self) -> Self {
        self.with_github(|github| github.settings.revokes_one_by_one = true)
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn github_person(self, login: &str, change: impl FnOnce(&mut Person)) -> Self {
        self.with_github(|github| {
            let id = github_number_at(&github.name, login);
            if let Some(person) = github.people.get_mut(&id) {
                change(person);
            }
        })
    }

    /// Changes anything else at GitHub.
    #[must_use]
    pub fn with_github(mut self, change: impl FnOnce(&mut GitHub)) -> Self {
        change(&mut self.github);
        self
    }
}
