//! What exists when a story begins: the contoso org, 78 minutes into a takeover, and its variations.
//!
//! All ids, names and addresses are invented (RFC 5737 addresses). Times hang on the `now_ms`
//! that the caller gives. Builder methods consume and return the world.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::attacker::Attacker;
use crate::aws::Aws;
use crate::github::GitHub;
use crate::google::Google;
use crate::gtr::Gtr;
use crate::instance::app_of;
use crate::m365::M365;
use crate::okta::state::{Enrollment, ServiceApp, Session, SupportCase, User};
use crate::okta::{Limits, Okta, Settings};
use crate::rng::Rng;
use crate::salesforce::Salesforce;
use crate::slack::Slack;
use crate::time::{DAY, MINUTE};
use crate::vendor::Service;

pub use crate::instance::Instance;

/// The account taken over.
pub const ALEX: &str = "00ujkPI1q4Pa7UeFg5d7";
/// Another super administrator, untouched.
pub const PRIYA: &str = "00uTbR4h7lsNlFLrf5d7";
/// A service account that owns the SSWS token [`SSWS_SECRET`].
pub const SERVICE_USER: &str = "00uServiceOust00005d7";
/// The client id of oust's own service app.
pub const CLIENT_ID: &str = "0oaOustResponder5d7";
/// The client id of a service app that may only read.
pub const READER_CLIENT_ID: &str = "0oaOustReader00005d7";
/// An API token of the service account.
pub const SSWS_SECRET: &str = "00OustServiceTokenSecret0000000000000000mock";
/// The group whose policy denies sign-in.
pub const QUARANTINE_GROUP: &str = "00gQuarantine00005d7";
/// The intruder's API token.
pub const CI_BACKUP: &str = "00TNupDyGtSsipBqd5d7";
/// The AD agent's token, owned by alex.
pub const AD_AGENT: &str = "00TadAgentDc01000005d7";
/// Factors that were alex's long before: a security key and a TOTP app.
pub const YUBIKEY: &str = "fwfYubiKey5000000005d7";
/// See [`YUBIKEY`].
pub const GOOGLE_TOTP: &str = "uftGoogle0000000005d7";
/// The intruder's Okta Verify: push, FastPass, TOTP.
pub const PIXEL: [&str; 3] = [
    "opfPixel9push000005d7",
    "pfdPixel9nonce00005d7",
    "ostPixel9totp000005d7",
];
/// Two OAuth clients alex consented to; the first is the intruder's.
pub const OAUTH_CLIENTS: [&str; 2] = ["0oaMailSyncPro00005d7", "0oaNotesApp0000005d7"];

/// An org before a [`Range`](crate::Range) opens on it.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) okta: Okta,
    pub(crate) m365: M365,
    pub(crate) google: Google,
    pub(crate) slack: Slack,
    pub(crate) salesforce: Salesforce,
    pub(crate) github: GitHub,
    pub(crate) gtr: Gtr,
    pub(crate) aws: Aws,
    pub(crate) more: BTreeMap<String, Instance>,
    pub(crate) left_out: BTreeSet<String>,
    attacker: Option<Attacker>,
    pub(crate) now_ms: i64,
    /// When the story began, if there is one.
    pub(crate) start_ms: Option<i64>,
}

/// A world taken apart, for the range that opens on it.
pub(crate) struct Parts {
    pub(crate) okta: Okta,
    pub(crate) m365: M365,
    pub(crate) google: Google,
    pub(crate) slack: Slack,
    pub(crate) salesforce: Salesforce,
    pub(crate) github: GitHub,
    pub(crate) gtr: Gtr,
    pub(crate) aws: Aws,
    pub(crate) more: BTreeMap<String, Instance>,
    pub(crate) attacker: Option<Attacker>,
    pub(crate) now_ms: i64,
}

impl World {
    /// An org with nobody in it: apps, groups and policy only come with [`contoso`](Self::contoso).
    #[must_use]
    pub fn empty(now_ms: i64) -> Self {
        let okta = Okta {
            settings: Settings {
                oie: true,
                universal_logout: true,
                suspend_ends_sessions: true,
                suspend_tells_of_sessions: false,
                factors_go_while_suspended: true,
                log_delay_ms: 0,
                latency_ms: 0,
                hidden_factors: BTreeSet::new(),
                date_skew_ms: 0,
                dpop_nonce: "mockNonce0001".to_owned(),
                quarantine_denies: true,
                before_quarantine: false,
            },
            org_id: "00oContosoOrg00005d7".to_owned(),
            base_url: "https://contoso.okta.example".to_owned(),
            quarantine_group: QUARANTINE_GROUP.to_owned(),
            users: BTreeMap::new(),
            api_tokens: BTreeMap::new(),
            agents: BTreeMap::new(),
            apps: BTreeMap::new(),
            groups: BTreeMap::new(),
            oauth_clients: BTreeMap::new(),
            devices: BTreeMap::new(),
            idps: BTreeMap::new(),
            zones: BTreeMap::new(),
            event_hooks: BTreeMap::new(),
            log_streams: BTreeMap::new(),
            threat_action: "audit".to_owned(),
            threat_exclude: Vec::new(),
            support_until_ms: None,
            support_cases: BTreeMap::new(),
            service_apps: BTreeMap::new(),
            limits: Limits::default(),
            service_tokens: BTreeMap::new(),
            used_jtis: BTreeSet::new(),
            log: Vec::new(),
            rng: Rng::new(0x0571),
        };
        Self {
            okta,
            m365: M365::empty(now_ms),
            google: Google::empty(now_ms),
            slack: Slack::empty(now_ms),
            salesforce: Salesforce::empty("salesforce", now_ms),
            github: GitHub::empty("github", now_ms),
            gtr: Gtr::empty(),
            aws: Aws::empty(now_ms),
            more: BTreeMap::new(),
            left_out: BTreeSet::new(),
            attacker: None,
            now_ms,
            start_ms: None,
        }
    }

    /// Changes the user with this login, or adds him: ACTIVE, with a password and nothing else.
    #[must_use]
    pub fn user(mut self, login: &str, change: impl FnOnce(&mut User)) -> Self {
        let id = match self.okta.user(login) {
            Some(user) => user.id.clone(),
            None => {
                let id = self.okta.rng.id("00u");
                let (first, _) = login.split_once('@').unwrap_or((login, ""));
                let user = self.plain(&id, login, first, "Example");
                self.okta.users.insert(id.clone(), user);
                id
            }
        };
        change(self.okta.users.get_mut(&id).expect("it is there now"));
        self
    }

    /// An org with nothing behind it: no app that another mock stands for, assigned or known.
    #[must_use]
    pub fn only_okta(mut self) -> Self {
        let mut services = vec!["amazon_aws_sso"];
        for system in [
            "m365",
            "google",
            "slack",
            "salesforce",
            "github",
            "gtr",
            "aws",
        ] {
            services.extend(app_of(system).map(|(app, _)| app));
        }
        self.okta
            .apps
            .retain(|_, app| !services.contains(&app.name.as_str()));
        let apps = &self.okta.apps;
        for user in self.okta.users.values_mut() {
            user.apps.retain(|id, _| apps.contains_key(id));
        }
        self
    }

    /// Sets the status of a user, as Okta spells it.
    #[must_use]
    pub fn status(self, login: &str, status: &str) -> Self {
        self.user(login, |user| status.clone_into(&mut user.status))
    }

    /// Adds `n` plain active users `crowd-00001@contoso.example` and so on, each with one session of the intruder's.
    #[must_use]
    pub fn crowd(mut self, n: usize) -> Self {
        for i in 1..=n {
            let login = format!("crowd-{i:05}@contoso.example");
            let id = format!("00uCrowd{i:09}5d7");
            let mut user = self.plain(&id, &login, "Crowd", &format!("{i:05}"));
            let session = self.session(
                &format!("idxCrowd{i:016}"),
                "203.0.113.66",
                self.now_ms - MINUTE,
                true,
            );
            user.sessions.insert(session.id.clone(), session);
            user.password_stolen = true;
            self.okta.users.insert(id, user);
        }
        self
    }

    /// Registers a service app with a public key and granted scopes; its role is SUPER_ADMIN.
    #[must_use]
    pub fn client(mut self, client_id: &str, jwk: Value, scopes: &[&str]) -> Self {
        let app = ServiceApp {
            id: client_id.to_owned(),
            name: if client_id == CLIENT_ID {
                "oust responder".to_owned()
            } else {
                client_id.to_owned()
            },
            keys: vec![jwk],
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            role: "SUPER_ADMIN".to_owned(),
            permissions: BTreeSet::new(),
            withheld: BTreeSet::new(),
            dpop: false,
        };
        self.okta.service_apps.insert(client_id.to_owned(), app);
        self
    }

    /// Gives a registered service app another admin role; empty for none.
    #[must_use]
    pub fn client_role(mut self, client_id: &str, role: &str) -> Self {
        if let Some(app) = self.okta.service_apps.get_mut(client_id) {
            role.clone_into(&mut app.role);
        }
        self
    }

    /// Every scope that an operation of the mock needs.
    #[must_use]
    pub fn all_scopes() -> Vec<&'static str> {
        let all: BTreeSet<&str> = crate::okta::operations().iter().map(|o| o.2).collect();
        all.into_iter().filter(|scope| !scope.is_empty()).collect()
    }

    /// Those of them that only read.
    #[must_use]
    pub fn read_scopes() -> Vec<&'static str> {
        Self::all_scopes()
            .into_iter()
            .filter(|scope| scope.ends_with(".read"))
            .collect()
    }

    /// Makes every registered service app need DPoP.
    #[must_use]
    pub fn dpop_required(mut self) -> Self {
        for app in self.okta.service_apps.values_mut() {
            app.dpop = true;
        }
        self
    }

    /// Takes a scope from every registered service app.
    #[must_use]
    pub fn ungrant_scope(mut self, scope: &str) -> Self {
        for app in self.okta.service_apps.values_mut() {
            app.scopes.remove(scope);
        }
        self
    }

    /// A scope that every service app was granted, and that no token comes with.
    #[must_use]
    pub fn withhold_scope(mut self, scope: &str) -> Self {
        for app in self.okta.service_apps.values_mut() {
            app.withheld.insert(scope.to_owned());
        }
        self
    }

    /// Gives a registered service app a custom role with these permissions.
    #[must_use]
    pub fn client_custom_role(mut self, client_id: &str, permissions: &[&str]) -> Self {
        if let Some(app) = self.okta.service_apps.get_mut(client_id) {
            "CUSTOM".clone_into(&mut app.role);
            app.permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
        }
        self
    }

    /// A quarantine group on paper: its policy's rule lets people in.
    #[must_use]
    pub fn quarantine_denies_nothing(mut self) -> Self {
        self.okta.settings.quarantine_denies = false;
        self
    }

    /// Another policy stands before that of the quarantine group.
    #[must_use]
    pub fn policy_before_quarantine(mut self) -> Self {
        self.okta.settings.before_quarantine = true;
        self
    }

    /// A Classic org: no enrolments, devices, risk; `forgetDevices` defaults to false.
    #[must_use]
    pub fn without_oie(mut self) -> Self {
        self.okta.settings.oie = false;
        self
    }

    /// An org where access for Okta support is given case by case: this one holds what there is.
    #[must_use]
    pub fn support_by_case(mut self, number: &str) -> Self {
        let case = SupportCase {
            number: number.to_owned(),
            subject: "Reset admin password".to_owned(),
            until_ms: self.okta.support_until_ms,
        };
        self.okta.support_cases.insert(case.number.clone(), case);
        self
    }

    /// An org without the licence for Universal Logout.
    #[must_use]
    pub fn no_universal_logout(mut self) -> Self {
        self.okta.settings.universal_logout = false;
        self
    }

    /// How long every answer takes, at every vendor.
    #[must_use]
    pub fn latency_ms(mut self, ms: u64) -> Self {
        self.okta.settings.latency_ms = ms;
        for service in self.services() {
            service.set_latency_ms(ms);
        }
        self
    }

    /// Suspending leaves sessions alone, as the operation's own reference has it.
    #[must_use]
    pub fn suspend_keeps_sessions(mut self) -> Self {
        self.okta.settings.suspend_ends_sessions = false;
        self
    }

    /// Another System Log in place of the story's: each event can be read from when it was published.
    #[must_use]
    pub fn log(mut self, events: &[Value]) -> Self {
        self.okta.log.clear();
        for event in events {
            self.okta.tell(event.clone(), 0);
        }
        self
    }

    /// How long a new log event stays invisible.
    #[must_use]
    pub fn log_delay_ms(mut self, ms: i64) -> Self {
        self.okta.settings.log_delay_ms = ms;
        self
    }

    /// Hides a factor from `GET /factors`, as an enrolment policy does.
    #[must_use]
    pub fn hide_factor(mut self, id: &str) -> Self {
        self.okta.settings.hidden_factors.insert(id.to_owned());
        self
    }

    /// Gives a user a temporary access code that the intruder made; its enrolment id is `tac` and his.
    #[must_use]
    pub fn planted_tac(self, login: &str) -> Self {
        let created_ms = self.now_ms - 20 * MINUTE;
        self.user(login, |user| {
            let id = format!("tac{}", &user.id[3..]);
            let code = Enrollment {
                id: id.clone(),
                kind: "tac".to_owned(),
                key: "tac".to_owned(),
                name: "Temporary Access Code".to_owned(),
                created_ms,
                last_updated_ms: created_ms,
                intruder: true,
            };
            user.enrollments.insert(id, code);
        })
    }

    /// Wakes an intruder.
    #[must_use]
    pub fn attacker(mut self, attacker: Attacker) -> Self {
        self.attacker = Some(attacker);
        self
    }

    /// Scheme and authority of every vendor for in-process use; a server sets its own.
    #[must_use]
    pub fn base_url(mut self, url: &str) -> Self {
        url.trim_end_matches('/')
            .clone_into(&mut self.okta.base_url);
        self
    }

    /// Changes anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Okta)) -> Self {
        change(&mut self.okta);
        self
    }

    /// Every service behind Okta, further instances last.
    pub(crate) fn services(&mut self) -> Vec<&mut dyn Service> {
        let mut all: Vec<&mut dyn Service> = vec![
            &mut self.m365,
            &mut self.google,
            &mut self.slack,
            &mut self.salesforce,
            &mut self.github,
            &mut self.gtr,
            &mut self.aws,
        ];
        all.extend(self.more.values_mut().map(Instance::service_mut));
        all
    }

    pub(crate) fn service(&mut self, system: &str) -> Option<&mut dyn Service> {
        Some(match system {
            "m365" => &mut self.m365,
            "google" => &mut self.google,
            "slack" => &mut self.slack,
            "salesforce" => &mut self.salesforce,
            "github" => &mut self.github,
            "gtr" => &mut self.gtr,
            "aws" => &mut self.aws,
            more => self.more.get_mut(more)?.service_mut(),
        })
    }

    pub(crate) fn into_parts(mut self) -> Parts {
        for system in std::mem::take(&mut self.left_out) {
            if let Some(service) = self.service(&system) {
                service.evacuate();
            }
        }
        Parts {
            okta: self.okta,
            m365: self.m365,
            google: self.google,
            slack: self.slack,
            salesforce: self.salesforce,
            github: self.github,
            gtr: self.gtr,
            aws: self.aws,
            more: self.more,
            attacker: self.attacker,
            now_ms: self.now_ms,
        }
    }

    pub(crate) fn plain(&self, id: &str, login: &str, first: &str, last: &str) -> User {
        let created_ms = self.now_ms - 400 * DAY;
        User {
            id: id.to_owned(),
            login: login.to_owned(),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            status: "ACTIVE".to_owned(),
            provider: "OKTA".to_owned(),
            created_ms,
            status_changed_ms: created_ms,
            last_updated_ms: created_ms,
            last_login_ms: Some(self.now_ms - DAY),
            password_changed_ms: Some(created_ms),
            risk: "NONE".to_owned(),
            ..User::default()
        }
    }

    pub(crate) fn session(&self, id: &str, ip: &str, created_ms: i64, intruder: bool) -> Session {
        Session {
            id: id.to_owned(),
            created_ms,
            expires_ms: self.now_ms + DAY / 2,
            ip: ip.to_owned(),
            intruder,
        }
    }
}
