//! Contoso's Slack: two workspaces under one enterprise, and the knobs that make it another.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{AdminToken, Member, Workspace};
use super::{Settings, Slack};
use crate::accounts::slack_id;
use crate::rng::Rng;
use crate::time::DAY;
use crate::vendor::Windows;
use crate::world::World;

/// The enterprise.
pub const ENTERPRISE: &str = "E011CONTOSO";
/// Its workspaces: everybody is in the first, alex also in the second.
pub const WORKSPACES: [&str; 2] = ["T01GENERAL1", "T02ENGINEER"];
/// The organisation's token, with [`SCOPES`].
pub const TOKEN: &str = "xoxp-1011-oust-org-token-mock";
/// A token that may only read.
pub const READ_TOKEN: &str = "xoxp-1011-oust-reader-token-mock";
/// What [`TOKEN`] was granted.
pub const SCOPES: [&str; 6] = [
    "admin",
    "admin.teams:read",
    "admin.users:read",
    "admin.users:write",
    "users:read",
    "users:read.email",
];

/// The member who installed the app.
const INSTALLER: &str = "oust-admin@contoso.example";

impl Slack {
    /// An organisation with its installer in it and nobody else.
    pub(crate) fn empty(now_ms: i64) -> Self {
        let token = |id: &str, secret: &str, scopes: BTreeSet<String>| AdminToken {
            id: id.to_owned(),
            secret: secret.to_owned(),
            user_id: slack_id(INSTALLER),
            scopes,
            revoked: false,
        };
        let all: BTreeSet<String> = SCOPES.iter().map(|s| (*s).to_owned()).collect();
        let mut reads = all.clone();
        reads.remove("admin");
        reads.remove("admin.users:write");
        let tokens = [
            token("oust", TOKEN, all),
            token("oust-reader", READ_TOKEN, reads),
        ];
        let mut slack = Self {
            settings: Settings {
                enterprise: true,
                lookup_restricted: false,
                bulk_delay_ms: 5_000,
                limits: BTreeMap::new(),
                latency_ms: 0,
            },
            base_url: String::new(),
            enterprise_id: ENTERPRISE.to_owned(),
            workspaces: WORKSPACES
                .iter()
                .zip(["General", "Engineering"])
                .map(|(id, name)| {
                    let workspace = Workspace {
                        id: (*id).to_owned(),
                        name: name.to_owned(),
                    };
                    ((*id).to_owned(), workspace)
                })
                .collect(),
            members: BTreeMap::new(),
            admin_tokens: tokens.into_iter().map(|t| (t.id.clone(), t)).collect(),
            jobs: Vec::new(),
            windows: Windows::default(),
            rng: Rng::new(0x51AC),
        };
        let installer = slack.join(INSTALLER, "Oust", "Admin", now_ms - 300 * DAY);
        installer.is_owner = true;
        installer.is_admin = true;
        slack
    }

    /// Adds a member; provisioning has given him his login as name and mail.
    pub(crate) fn join(
        &mut self,
        login: &str,
        first: &str,
        last: &str,
        created_ms: i64,
    ) -> &mut Member {
        let id = slack_id(login);
        let member = Member {
            id: id.clone(),
            user_name: login.split('@').next().unwrap_or_default().to_owned(),
            email: login.to_owned(),
            given_name: first.to_owned(),
            family_name: last.to_owned(),
            active: true,
            workspaces: BTreeSet::from([WORKSPACES[0].to_owned()]),
            created_ms,
            ..Member::default()
        };
        self.members.entry(id).insert_entry(member).into_mut()
    }

    /// Alex's own session from home, and those the intruder opened by single sign-on.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        let id = slack_id(login);
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.workspaces.insert(WORKSPACES[1].to_owned());
        let home = "198.51.100.20";
        self.sign_in(&id, WORKSPACES[0], home, false, start_ms - 2_089_000);
        for (team, after_ms) in [
            (ENTERPRISE, 3_226_700),
            (WORKSPACES[0], 3_228_100),
            (WORKSPACES[1], 3_240_500),
        ] {
            if start_ms + after_ms <= now_ms {
                self.sign_in(&id, team, "203.0.113.66", true, start_ms + after_ms);
            }
        }
    }
}

impl World {
    /// Makes someone Slack's primary owner, whose sessions only he can reset.
    #[must_use]
    pub fn slack_primary_owner(self, login: &str) -> Self {
        self.slack_member(login, |m| {
            m.is_primary_owner = true;
            m.is_owner = true;
        })
    }

    /// Slack without the Enterprise plan: `admin.*` answers `feature_not_enabled`, SCIM works.
    #[must_use]
    pub fn slack_without_enterprise(self) -> Self {
        self.with_slack(|slack| slack.settings.enterprise = false)
    }

    /// Whoever installed the app is no administrator any more: `not_an_admin`.
    #[must_use]
    pub fn slack_installer_lost_role(self) -> Self {
        self.slack_member(INSTALLER, |m| {
            m.is_owner = false;
            m.is_admin = false;
        })
    }

    /// Takes a scope from every token of ours.
    #[must_use]
    pub fn slack_without_scope(self, scope: &str) -> Self {
        self.with_slack(|slack| {
            for token in slack.admin_tokens.values_mut() {
                token.scopes.remove(scope);
            }
        })
    }

    /// Our tokens were revoked.
    #[must_use]
    pub fn slack_token_revoked(self) -> Self {
        self.with_slack(|slack| {
            for token in slack.admin_tokens.values_mut() {
                token.revoked = true;
            }
        })
    }

    /// `users.lookupByEmail` answers `enterprise_is_restricted`.
    #[must_use]
    pub fn slack_lookup_restricted(self) -> Self {
        self.with_slack(|slack| slack.settings.lookup_restricted = true)
    }

    /// Changes a member; nothing if he has no account.
    #[must_use]
    pub fn slack_member(self, login: &str, change: impl FnOnce(&mut Member)) -> Self {
        self.with_slack(|slack| {
            if let Some(member) = slack.members.get_mut(&slack_id(login)) {
                change(member);
            }
        })
    }

    /// Changes anything else at Slack.
    #[must_use]
    pub fn with_slack(mut self, change: impl FnOnce(&mut Slack)) -> Self {
        change(&mut self.slack);
        self
    }
}
