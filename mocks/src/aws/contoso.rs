//! Contoso's accounts: who is in which role, what the intruder did there, and the knobs that make it
//! another organisation.
//!
//! Production has two roles that Okta signs people on to, one of which several share and on which
//! somebody has long put a policy; development has one. A machine in production calls its session by
//! alex's login, in a role that is none of Okta's. Everybody has a user in Identity Center.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::state::{
    AccessKey, Account, IdentityCenter, Organization, Origin, Person, PortalUser, Principal, Role,
    Scp, Session,
};
use super::{Aws, Settings, policy, trail};
use crate::accounts::{aws_key, portal_id};
use crate::keys::KeyPair;
use crate::rng::Rng;
use crate::time::{DAY, MINUTE};
use crate::vendor::Windows;
use crate::world::World;

/// The app at Okta that signs on to roles: `amazon_aws`, AWS Account Federation.
pub const APP: &str = "0oaAwsFederation05d7";
/// The app at Okta that signs on to the access portal.
pub const PORTAL_APP: &str = "0oacExFKvnZnOvBDE5d7";
/// The account of production.
pub const PRODUCTION: &str = "111122223333";
/// The account of development.
pub const DEVELOPMENT: &str = "444455556666";
/// The management account of the organisation, with Identity Center and our user.
pub const MANAGEMENT: &str = "999988887777";
/// The role of ours in every account.
pub const RESPONDER: &str = "oust-responder";
/// The access key of `user/oust` in the management account.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7OUSTKEY";
/// Its secret.
pub const SECRET_KEY: &str = "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";
/// The policy of the organisation that is there for us, attached to its root.
pub const SCP: &str = "p-oustblock01";
/// What oust calls its policy on a role.
pub const POLICY: &str = "OustRevoke";
/// Whose web identities are trusted.
pub const WEB_ISSUER: &str = "https://oidc.contoso.example";
/// Which of them.
pub const WEB_SUBJECT: &str = "system:serviceaccount:security:oust";

/// A role that lets its own account in, and one that lets the other in.
pub(super) const DEPLOY: &str = "Deploy";
pub(super) const AUDIT: &str = "AuditReader";
const RESERVED: &str = "AWSReservedSSO_AdministratorAccess_0123456789abcdef";
const MACHINES: &str = "ci-runner";

const HOME: &str = "198.51.100.20";
pub(super) const PROXY: &str = "203.0.113.66";
const OFFICE: &str = "192.0.2.10";

/// Whom Okta signs on to roles, and to which.
const PEOPLE: &[(&str, &[(&str, &str)])] = &[
    ("alex", &[(PRODUCTION, "Admin"), (DEVELOPMENT, "Developer")]),
    ("kim", &[(PRODUCTION, "Admin")]),
    (
        "priya",
        &[(PRODUCTION, "Admin"), (DEVELOPMENT, "Developer")],
    ),
    ("sam", &[(PRODUCTION, "ReadOnly")]),
    ("jamie", &[(DEVELOPMENT, "Developer")]),
];

/// What our role in an account may do.
const RIGHTS: &[&str] = &[
    "iam:GetRole",
    "iam:ListRoles",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:SimulatePrincipalPolicy",
    "cloudtrail:LookupEvents",
];

/// What is needed in the management account.
const RIGHTS_OF_MANAGEMENT: &[&str] = &[
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListTargetsForPolicy",
    "organizations:UpdatePolicy",
    "sso:ListInstances",
    "identitystore:GetUserId",
    "identitystore:DescribeUser",
    "iam:SimulatePrincipalPolicy",
];

/// The ARN of our role in an account.
#[must_use]
pub fn responder_in(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/{RESPONDER}")
}

/// Whether Okta assigns the app that signs on to roles to somebody of this login.
pub(crate) fn is_federated(login: &str) -> bool {
    let short = login.split('@').next().unwrap_or_default();
    PEOPLE.iter().any(|(name, _)| *name == short)
}

/// The account he would go on to.
pub(super) fn other(account: &str) -> &'static str {
    if account == PRODUCTION {
        DEVELOPMENT
    } else {
        PRODUCTION
    }
}

impl Aws {
    /// Accounts with nobody in them, and with a user and roles of ours.
    pub(crate) fn empty(now_ms: i64) -> Self {
        let key = AccessKey {
            secret: SECRET_KEY.to_owned(),
            principal: Principal::User {
                account: MANAGEMENT.to_owned(),
                name: "oust".to_owned(),
            },
            session_token: None,
            expires_ms: None,
            issued_ms: now_ms - 300 * DAY,
            active: true,
            session_policy: None,
        };
        let accounts = [PRODUCTION, DEVELOPMENT, MANAGEMENT]
            .map(|id| (id.to_owned(), account(id, now_ms)))
            .into();
        Self {
            settings: Settings {
                trail_lag_ms: 5 * MINUTE,
                trail_per_second: 2,
                roles_page: 100,
                inline_max: 10_240,
                scp_max: 5_120,
                conflicts: 0,
                minds: None,
                latency_ms: 0,
            },
            base_url: String::new(),
            accounts,
            organization: organization(),
            center: IdentityCenter {
                instance_arn: "arn:aws:sso:::instance/ssoins-7223contoso0001".to_owned(),
                store_id: "d-9067c0a705".to_owned(),
                users: BTreeMap::new(),
                enabled: true,
            },
            people: BTreeMap::new(),
            sessions: BTreeMap::new(),
            keys: [(ACCESS_KEY.to_owned(), key)].into(),
            web_key: None,
            used_pages: BTreeSet::new(),
            windows: Windows::default(),
            now_ms,
            rng: Rng::new(0xA115),
        }
    }

    pub(super) fn join(&mut self, login: &str) {
        let short = login.split('@').next().unwrap_or_default();
        let roles = PEOPLE.iter().find(|(name, _)| *name == short);
        let roles = roles.map_or(&[(PRODUCTION, "ReadOnly")][..], |(_, roles)| *roles);
        let place = |(account, role): &(&str, &str)| ((*account).to_owned(), (*role).to_owned());
        let portal = portal_id(login);
        let person = Person {
            session_name: login.to_owned(),
            roles: roles.iter().map(place).collect(),
            portal_user: Some(portal.clone()),
            portal_roles: vec![place(&(PRODUCTION, RESERVED))],
            ..Person::default()
        };
        self.people.insert(login.to_owned(), person);
        let user = PortalUser {
            id: portal.clone(),
            user_name: login.to_owned(),
            external_id: String::new(),
            enabled: true,
        };
        self.center.users.insert(portal, user);
    }

    /// Says which id at Okta is somebody's.
    pub(crate) fn learn_external_id(&mut self, login: &str, id: &str) {
        if let Some(user) = self.center.users.get_mut(&portal_id(login)) {
            id.clone_into(&mut user.external_id);
        }
    }

    /// Everybody but alex has been at work, in every role that Okta signs him on to.
    pub(super) fn work(&mut self, login: &str, now_ms: i64) {
        let domain = login.split_once('@').map_or("", |(_, domain)| domain);
        for (name, roles) in PEOPLE.iter().filter(|(name, _)| *name != "alex") {
            let login = format!("{name}@{domain}");
            for (account, role) in *roles {
                let at_ms = now_ms - 50 * MINUTE;
                self.by_saml(&login, (account, role), OFFICE, false, at_ms);
            }
        }
    }

    /// Alex's own session from home, a machine's that bears his name, and what the intruder did.
    pub(super) fn take_over(&mut self, login: &str, start_ms: i64, now_ms: i64) {
        self.by_saml(
            login,
            (PRODUCTION, "Admin"),
            HOME,
            false,
            start_ms - 30 * MINUTE,
        );
        self.machine(login, now_ms - 40 * MINUTE);
        let at = |after_ms: i64| Some(start_ms + after_ms).filter(|at| *at <= now_ms);
        if let Some(at) = at(3_473_900) {
            if let Some(person) = self.people.get_mut(login) {
                person.portal_until_ms = Some(at + 8 * 60 * MINUTE);
            }
            self.by_portal(login, PROXY, at);
        }
        for (after_ms, place) in [
            (3_480_300, (PRODUCTION, "Admin")),
            (3_486_000, (DEVELOPMENT, "Developer")),
        ] {
            if let Some(at) = at(after_ms) {
                self.by_saml(login, place, PROXY, true, at);
            }
        }
        let admin = self.sessions.iter().find(|(_, s)| {
            s.intruder && s.owner == login && s.origin == Origin::Saml && s.account == PRODUCTION
        });
        let Some(admin) = admin.map(|(key, _)| key.clone()) else {
            return;
        };
        if let Some(at) = at(3_510_000) {
            self.chain(&admin, (PRODUCTION, DEPLOY), "ops-nightly", at);
        }
        if let Some(at) = at(3_540_000) {
            self.chain(&admin, (DEVELOPMENT, AUDIT), "audit-nightly", at);
        }
        if let Some(at) = at(3_560_000) {
            self.mint(&admin, at);
        }
    }

    /// A build calls its session by somebody's name, in a role that Okta does not sign on to.
    fn machine(&mut self, login: &str, at_ms: i64) {
        let Some(role) = self.role(PRODUCTION, MACHINES).cloned() else {
            return;
        };
        let user = Principal::User {
            account: PRODUCTION.to_owned(),
            name: "ci".to_owned(),
        };
        let key = self.key_id("ASIA");
        let what = trail::Happening {
            name: "AssumeRole",
            source: "sts.amazonaws.com",
            username: "ci".to_owned(),
            actor: self.actor(&user, "AKIACI00000000000001", at_ms),
            request: json!({ "roleArn": role.arn(PRODUCTION), "roleSessionName": login }),
            response: trail::assumed(PRODUCTION, &role, login, &key, at_ms + 12 * 60 * MINUTE),
            ip: OFFICE.to_owned(),
            at_ms,
        };
        self.happens(PRODUCTION, what);
        let session = Session {
            account: PRODUCTION.to_owned(),
            role: role.name,
            role_id: role.id,
            name: login.to_owned(),
            issued_ms: at_ms,
            expires_ms: at_ms + 12 * 60 * MINUTE,
            owner: String::new(),
            intruder: false,
            origin: Origin::Machine,
            portal_user: None,
        };
        self.sessions.insert(key, session);
    }

    /// Puts a role into an account.
    fn add_role(&mut self, account: &str, name: &str, trust: Value, created_ms: i64) {
        let role = role(account, name, "/", trust, created_ms);
        if let Some(account) = self.accounts.get_mut(account) {
            account.roles.insert(role.name.clone(), role);
        }
    }
}

fn account(id: &str, now_ms: i64) -> Account {
    let created_ms = now_ms - 900 * DAY;
    let (federated, rooted) = (by_okta(id), |of: &str| by_root(of));
    let mut roles: Vec<Role> = Vec::new();
    let mut add = |name: &str, path: &str, trust: Value| {
        roles.push(role(id, name, path, trust, created_ms));
    };
    if id != MANAGEMENT {
        let service = |name: &str| {
            let service = format!("{name}.amazonaws.com");
            json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole",
            }]})
        };
        add(DEPLOY, "/", rooted(id));
        add(AUDIT, "/", rooted(other(id)));
        add(
            "AWSServiceRoleForSupport",
            "/aws-service-role/support.amazonaws.com/",
            service("support"),
        );
        add("app-server", "/service-role/", service("ec2"));
    }
    if id == PRODUCTION {
        add("Admin", "/", federated.clone());
        add("ReadOnly", "/", federated.clone());
        add(MACHINES, "/", rooted(id));
        let portal = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
            "Principal": { "Federated": format!("arn:aws:iam::{id}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE") },
            "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
        }]});
        add(RESERVED, "/aws-reserved/sso.amazonaws.com/", portal);
    }
    if id == DEVELOPMENT {
        add("Developer", "/", federated);
    }
    add(RESPONDER, "/", by_us(id));
    let rights = if id == MANAGEMENT {
        RIGHTS_OF_MANAGEMENT
    } else {
        RIGHTS
    };
    for role in &mut roles {
        role.attached = vec![match role.name.as_str() {
            RESPONDER => allowing(rights, "*"),
            _ => allowing(&["*"], "*"),
        }];
        if role.name == "Admin" {
            let theirs = json!({ "Version": "2012-10-17", "Statement": [{
                "Sid": "NoBillingExport", "Effect": "Deny", "Action": "cur:*", "Resource": "*",
            }]});
            role.inline
                .insert("finance-guardrail".to_owned(), theirs.to_string());
        }
    }
    let ours = vec![
        allowing(&["sts:AssumeRole"], "arn:aws:iam::*:role/oust-responder"),
        allowing(RIGHTS_OF_MANAGEMENT, "*"),
    ];
    let users = (id == MANAGEMENT).then(|| ("oust".to_owned(), ours));
    let host = WEB_ISSUER.trim_start_matches("https://");
    Account {
        id: id.to_owned(),
        roles: roles
            .into_iter()
            .map(|role| (role.name.clone(), role))
            .collect(),
        users: users.into_iter().collect(),
        providers: BTreeSet::from([host.to_owned()]),
        trail: Vec::new(),
    }
}

fn role(account: &str, name: &str, path: &str, trust: Value, created_ms: i64) -> Role {
    Role {
        name: name.to_owned(),
        id: aws_key("AROA", &format!("{account}/{name}")),
        path: path.to_owned(),
        created_ms,
        max_session_s: 12 * 3600,
        trust,
        inline: BTreeMap::new(),
        attached: Vec::new(),
    }
}

/// Trust in Okta's assertions.
fn by_okta(account: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithSAML",
        "Principal": { "Federated": format!("arn:aws:iam::{account}:saml-provider/Okta") },
        "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
    }]})
}

/// Trust in whatever an account lets.
fn by_root(account: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
    }]})
}

/// Trust in us: our user, our role in the management account, our web identity.
fn by_us(account: &str) -> Value {
    let host = WEB_ISSUER.trim_start_matches("https://");
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": [
            format!("arn:aws:iam::{MANAGEMENT}:user/oust"),
            format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}"),
        ]}},
        { "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
          "Principal": { "Federated": format!("arn:aws:iam::{account}:oidc-provider/{host}") },
          "Condition": { "StringEquals": {
              format!("{host}:aud"): "sts.amazonaws.com", format!("{host}:sub"): WEB_SUBJECT,
          }}},
    ]})
}

fn allowing(actions: &[&str], resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": actions, "Resource": resource },
    ]})
}

fn organization() -> Organization {
    let root = "r-c0n7".to_owned();
    let full = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ]});
    let block = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "OustBlock", "Effect": "Deny", "Action": ["*"], "Resource": "*",
        "Condition": { "StringEquals": { "identitystore:userId": ["00000000-0000-0000-0000-000000000000"] } },
    }]});
    let policies = [
        ("p-FullAWSAccess", "FullAWSAccess", full, true),
        (SCP, "oust-block", block, false),
    ]
    .map(|(id, name, content, aws_managed)| {
        let scp = Scp {
            id: id.to_owned(),
            name: name.to_owned(),
            content: content.to_string(),
            targets: BTreeSet::from([root.clone()]),
            aws_managed,
        };
        (scp.id.clone(), scp)
    });
    Organization {
        id: "o-c0n7050org".to_owned(),
        root: root.clone(),
        policies: policies.into(),
    }
}

impl World {
    /// Lets the issuer of web identities sign with this key (RS256).
    #[must_use]
    pub fn aws_web_key(self, key: &KeyPair) -> Self {
        self.with_aws(|aws| aws.web_key = Some(key.public_jwk.clone()))
    }

    /// Our access key was deactivated.
    #[must_use]
    pub fn aws_key_revoked(self) -> Self {
        self.with_aws(|aws| {
            for key in aws.keys.values_mut() {
                key.active = false;
            }
        })
    }

    /// Takes a right, such as `iam:PutRolePolicy`, from our role in every account and from our user.
    #[must_use]
    pub fn aws_without_permission(self, action: &str) -> Self {
        self.with_aws(|aws| {
            let all: Vec<String> = aws.accounts.keys().cloned().collect();
            for id in all {
                forbid(aws, &id, action);
            }
        })
    }

    /// Takes a right from our role in one account.
    #[must_use]
    pub fn aws_account_without_permission(self, account: &str, action: &str) -> Self {
        self.with_aws(|aws| forbid(aws, account, action))
    }

    /// Our role in an account lets us in no more.
    #[must_use]
    pub fn aws_account_denies(self, account: &str) -> Self {
        self.with_aws(|aws| {
            if let Some(role) = role_mut(aws, account, RESPONDER) {
                role.trust = by_root(account);
            }
        })
    }

    /// Our role in an account lets nobody in who does not say this external id.
    #[must_use]
    pub fn aws_external_id(self, account: &str, id: &str) -> Self {
        self.with_aws(|aws| {
            if let Some(role) = role_mut(aws, account, RESPONDER) {
                role.trust["Statement"][0]["Condition"] =
                    json!({ "StringEquals": { "sts:ExternalId": id } });
            }
        })
    }

    /// Puts an inline policy on a role.
    #[must_use]
    pub fn aws_inline(self, account: &str, role: &str, name: &str, text: &str) -> Self {
        self.with_aws(|aws| {
            if let Some(role) = role_mut(aws, account, role) {
                role.inline.insert(name.to_owned(), text.to_owned());
            }
        })
    }

    /// Leaves a role so much room for inline policies, characters.
    #[must_use]
    pub fn aws_room(self, account: &str, role: &str, room: usize) -> Self {
        self.with_aws(|aws| {
            let max = aws.settings.inline_max;
            let Some(role) = role_mut(aws, account, role) else {
                return;
            };
            let used = super::roles::inline_size(role);
            let filler = |sid: &str| {
                json!({ "Version": "2012-10-17", "Statement": [
                    { "Sid": sid, "Effect": "Deny", "Action": "cur:*", "Resource": "*" },
                ]})
                .to_string()
            };
            let frame = policy::size(&filler(""));
            let missing = max.saturating_sub(used + frame + room);
            role.inline
                .insert("filler".to_owned(), filler(&"x".repeat(missing)));
        })
    }

    /// Adds `n` roles to an account that Okta signs on to.
    #[must_use]
    pub fn aws_roles(self, account: &str, n: usize) -> Self {
        let created_ms = self.now_ms - 100 * DAY;
        self.with_aws(|aws| {
            for i in 0..n {
                let name = format!("Team{i:04}");
                aws.add_role(account, &name, by_okta(account), created_ms);
            }
        })
    }

    /// Somebody else, whom another identity provider signs on to `PartnerAdmin` in production, has
    /// there a session of this name.
    #[must_use]
    pub fn aws_namesake(self, name: &str) -> Self {
        let now_ms = self.now_ms;
        self.with_aws(|aws| {
            let provider = format!("arn:aws:iam::{PRODUCTION}:saml-provider/Partner");
            let mut trust = by_okta(PRODUCTION);
            trust["Statement"][0]["Principal"]["Federated"] = json!(provider);
            aws.add_role(PRODUCTION, "PartnerAdmin", trust, now_ms - 100 * DAY);
            let role_id = aws_key("AROA", &format!("{PRODUCTION}/PartnerAdmin"));
            let session = Session {
                account: PRODUCTION.to_owned(),
                role: "PartnerAdmin".to_owned(),
                role_id,
                name: name.to_owned(),
                issued_ms: now_ms - 30 * MINUTE,
                expires_ms: now_ms + 8 * 60 * MINUTE,
                owner: String::new(),
                intruder: false,
                origin: Origin::Machine,
                portal_user: None,
            };
            let key = aws.key_id("ASIA");
            aws.sessions.insert(key, session);
        })
    }

    /// There is no Identity Center, no app at Okta that leads there, and nobody was ever in its portal.
    #[must_use]
    pub fn aws_without_identity_center(self) -> Self {
        let gone = self.with(|okta| {
            okta.apps.remove(PORTAL_APP);
            for user in okta.users.values_mut() {
                user.apps.remove(PORTAL_APP);
            }
            let leads_there = |row: &Value| row["target"].to_string().contains(PORTAL_APP);
            okta.log.retain(|row| !leads_there(&row.event));
        });
        gone.with_aws(|aws| {
            aws.center.enabled = false;
            aws.center.users.clear();
            aws.sessions.retain(|_, s| s.origin != Origin::Portal);
            for person in aws.people.values_mut() {
                person.portal_user = None;
                person.portal_until_ms = None;
                person.portal_roles.clear();
            }
            for account in aws.accounts.values_mut() {
                account.roles.remove(RESERVED);
                account.trail.retain(|event| {
                    !event.record["requestParameters"]["roleArn"]
                        .to_string()
                        .contains(RESERVED)
                });
            }
        })
    }

    /// Nobody has anything but in one account, and there is no Identity Center.
    #[must_use]
    pub fn aws_only(self, account: &str) -> Self {
        self.aws_without_identity_center().with_aws(|aws| {
            aws.sessions.retain(|_, session| session.account == account);
            for person in aws.people.values_mut() {
                person.roles.retain(|(of, _)| of == account);
            }
        })
    }

    /// An account is of another number, as in another organisation.
    #[must_use]
    pub fn aws_renumbered(self, from: &str, to: &str) -> Self {
        let renumber = |value: &mut Value| {
            let text = value.to_string().replace(from, to);
            *value = serde_json::from_str(&text).unwrap_or_default();
        };
        self.with_aws(|aws| {
            let Some(mut account) = aws.accounts.remove(from) else {
                return;
            };
            to.clone_into(&mut account.id);
            account
                .roles
                .values_mut()
                .for_each(|role| renumber(&mut role.trust));
            account
                .trail
                .iter_mut()
                .for_each(|event| renumber(&mut event.record));
            aws.accounts.insert(to.to_owned(), account);
            let sessions = aws.sessions.values_mut().map(|s| &mut s.account);
            let roles = aws.people.values_mut().flat_map(|who| &mut who.roles);
            for account in sessions.chain(roles.map(|(account, _)| account)) {
                if account == from {
                    to.clone_into(account);
                }
            }
        })
    }

    /// Changes a person; nothing if he has no account.
    #[must_use]
    pub fn aws_person(self, login: &str, change: impl FnOnce(&mut Person)) -> Self {
        self.with_aws(|aws| {
            if let Some(person) = aws.people.get_mut(login) {
                change(person);
            }
        })
    }

    /// Changes anything else there.
    #[must_use]
    pub fn with_aws(mut self, change: impl FnOnce(&mut Aws)) -> Self {
        change(&mut self.aws);
        self
    }
}

fn role_mut<'a>(aws: &'a mut Aws, account: &str, role: &str) -> Option<&'a mut Role> {
    aws.accounts.get_mut(account)?.roles.get_mut(role)
}

fn forbid(aws: &mut Aws, account: &str, action: &str) {
    let Some(account) = aws.accounts.get_mut(account) else {
        return;
    };
    let ours = account.roles.get_mut(RESPONDER);
    let ours = ours.map(|role| &mut role.attached).into_iter();
    for documents in ours.chain(account.users.get_mut("oust")) {
        for document in documents {
            if let Some(actions) = document["Statement"][0]["Action"].as_array_mut() {
                actions.retain(|one| one != action);
            }
        }
    }
}
