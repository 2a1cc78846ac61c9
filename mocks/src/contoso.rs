//! The contoso org, some minutes into a takeover: people, apps, groups, zones.
//!
//! The person it happened to is in [`victim`](crate::victim), the log in [`story`](crate::story).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::accounts;
use crate::aws;
use crate::okta::state::{
    App, AppUser, Enrollment, Factor, Group, Idp, OauthClient, Role, User, Zone,
};
use crate::story;
use crate::time::{DAY, MINUTE};
use crate::world::{OAUTH_CLIENTS, PRIYA, QUARANTINE_GROUP, SERVICE_USER, World};

/// How long before `now_ms` the compromise began in [`World::contoso`], minutes.
const AGE_MIN: i64 = 78;

const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("bailey", "00uLqM5MI34WfmKTT5d7", "Bailey", "Chen"),
    ("casey", "00u7nJO26klrD44Us5d7", "Casey", "Diaz"),
    ("devon", "00uKlvLAEBTKHs6j85d7", "Devon", "Evans"),
    ("ellis", "00unNUn9aTKZJshkd5d7", "Ellis", "Fischer"),
    ("frankie", "00uZNRB9qzneCUZJY5d7", "Frankie", "Garcia"),
    ("gale", "00uXHmrWIf30FADFB5d7", "Gale", "Haddad"),
    ("harper", "00ufG979tT2ydwbu95d7", "Harper", "Ito"),
    ("jamie", "00umo4znSWITaSJ105d7", "Jamie", "Torres"),
    ("kim", "00u8KSGNDz7R3c9db5d7", "Kim", "Larsen"),
    ("lee", "00uWS71VKyr8mvIKz5d7", "Lee", "Moreau"),
    ("morgan", "00uaEa6LPjoFlY5bm5d7", "Morgan", "Novak"),
    ("priya", PRIYA, "Priya", "Raman"),
    ("robin", "00uvgR2ZynBTPoVmX5d7", "Robin", "Okafor"),
    ("sam", "00uYp4U3aNb65VtAB5d7", "Sam", "Petrov"),
    ("taylor", "00u6GH2S8Wq4c3g6A5d7", "Taylor", "Quinn"),
];

/// Id, catalogue name, label, sign-on mode, Universal Logout.
pub(crate) const APPS: &[(&str, &str, &str, &str, bool)] = &[
    (
        "0oapjggka7JrtyWlO5d7",
        "office365",
        "Microsoft Office 365",
        "WS_FEDERATION",
        true,
    ),
    (
        "0oaVRaP8YzYGV2Wzc5d7",
        "google",
        "Google Workspace",
        "SAML_2_0",
        true,
    ),
    (
        "0oa2XFuEa4KdM0zIB5d7",
        "salesforce",
        "Salesforce.com",
        "SAML_2_0",
        true,
    ),
    ("0oaJ8ZrclgAhgf6Kg5d7", "slack", "Slack", "SAML_2_0", true),
    (
        "0oa1wfBlpGi7i8e3J5d7",
        "githubcloud",
        "GitHub Enterprise Cloud - Organization",
        "SAML_2_0",
        false,
    ),
    (
        "0oacExFKvnZnOvBDE5d7",
        "amazon_aws_sso",
        "AWS IAM Identity Center",
        "SAML_2_0",
        false,
    ),
    (
        "0oajVUthrN0swTtD95d7",
        "jira_onprem",
        "Atlassian Cloud",
        "SAML_2_0",
        false,
    ),
    (
        "0oaS70C7gwBKR5YbM5d7",
        "okta_enduser",
        "Okta Dashboard",
        "OPENID_CONNECT",
        false,
    ),
    (
        "0oak2LR7GoYnt39V35d7",
        "saasure",
        "Okta Admin Console",
        "OPENID_CONNECT",
        false,
    ),
    (
        crate::gtr::APP,
        "contoso_intranet_1",
        "Contoso Intranet",
        "SAML_2_0",
        false,
    ),
    (
        aws::APP,
        "amazon_aws",
        "AWS Account Federation",
        "SAML_2_0",
        false,
    ),
];

impl World {
    /// The contoso org at `now_ms`; the compromise of alex began 78 minutes before.
    #[must_use]
    pub fn contoso(now_ms: i64) -> Self {
        Self::contoso_aged(now_ms, AGE_MIN)
    }

    /// The same, the compromise being `minutes` old; from 92 alex himself has reported it.
    #[must_use]
    pub fn contoso_aged(now_ms: i64, minutes: i64) -> Self {
        let start_ms = now_ms - minutes * MINUTE;
        let mut world = Self::empty(now_ms);
        world.furnish();
        for (name, id, first, last) in PEOPLE {
            world.person(name, id, first, last);
            world.employ(&format!("{name}@contoso.example"), first, last);
        }
        world.service_account();
        world.alex(start_ms);
        world.tokens(start_ms);
        world.employ("alex@contoso.example", "Alex", "Rivera");
        world.start_ms = Some(start_ms);
        world.take_over("alex@contoso.example", start_ms);
        for service in world.services() {
            service.use_daily("kim@contoso.example", now_ms);
        }
        story::tell(&mut world.okta, start_ms, now_ms);
        world
    }

    fn furnish(&mut self) {
        let created_ms = self.now_ms - 900 * DAY;
        for (id, name, label, sign_on, universal_logout) in APPS {
            let app = App {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                label: (*label).to_owned(),
                sign_on: (*sign_on).to_owned(),
                created_ms,
                universal_logout: *universal_logout,
            };
            self.okta.apps.insert(app.id.clone(), app);
        }
        for (id, name, kind, denies) in [
            ("00gEveryone0000005d7", "Everyone", "BUILT_IN", false),
            ("00gEngineering0005d7", "Engineering", "OKTA_GROUP", false),
            ("00gAwsAdmins000005d7", "AWS Admins", "OKTA_GROUP", false),
            (QUARANTINE_GROUP, "Quarantine", "OKTA_GROUP", true),
        ] {
            let group = Group {
                id: id.to_owned(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                created_ms,
                denies,
                by_rule: false,
            };
            self.okta.groups.insert(group.id.clone(), group);
        }
        for (id, name) in [
            (OAUTH_CLIENTS[0], "Mail Sync Pro"),
            (OAUTH_CLIENTS[1], "Notes"),
        ] {
            self.okta.oauth_clients.insert(
                id.to_owned(),
                OauthClient {
                    id: id.to_owned(),
                    name: name.to_owned(),
                },
            );
        }
        for (id, name, usage) in [
            ("nzoLegacyIpZone0005d7", "LegacyIpZone", "POLICY"),
            ("nzoBlockedIpZone005d7", "BlockedIpZone", "BLOCKLIST"),
        ] {
            let zone = Zone {
                id: id.to_owned(),
                name: name.to_owned(),
                usage: usage.to_owned(),
                status: "ACTIVE".to_owned(),
                system: true,
                gateways: Value::Null,
                created_ms,
                last_updated_ms: created_ms,
            };
            self.okta.zones.insert(zone.id.clone(), zone);
        }
        let idp = Idp {
            id: "0oaPartnerIdp00005d7".to_owned(),
            name: "Partner SAML".to_owned(),
            kind: "SAML2".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms,
            profile_master: false,
        };
        self.okta.idps.insert(idp.id.clone(), idp);
    }

    fn person(&mut self, name: &str, id: &str, first: &str, last: &str) {
        let login = format!("{name}@contoso.example");
        let mut user = self.plain(id, &login, first, last);
        user.groups = BTreeSet::from([
            "00gEveryone0000005d7".to_owned(),
            "00gEngineering0005d7".to_owned(),
        ]);
        let created_ms = self.now_ms - 300 * DAY;
        let push = factor(
            &format!("opf{}", &id[3..]),
            "push",
            "OKTA",
            "iPhone",
            created_ms,
            false,
        );
        user.factors.insert(push.id.clone(), push);
        self.password(&mut user);
        for (app, ..) in &APPS[..4] {
            self.assign(&mut user, app, "GROUP", created_ms);
        }
        if aws::is_federated(&login) {
            self.assign(&mut user, aws::APP, "GROUP", created_ms);
        }
        let live = self.session(
            &format!("idx{}", &id[3..]),
            "192.0.2.10",
            self.now_ms - 40 * MINUTE,
            false,
        );
        user.sessions.insert(live.id.clone(), live);
        if id == PRIYA {
            let role = role("ra1Priya000000000005d7", "SUPER_ADMIN", created_ms);
            user.roles.insert(role.id.clone(), role);
        }
        if name == "jamie" {
            self.assign(
                &mut user,
                "0oa1wfBlpGi7i8e3J5d7",
                "USER",
                self.now_ms - 90 * MINUTE,
            );
        }
        self.okta.users.insert(id.to_owned(), user);
    }

    fn service_account(&mut self) {
        let mut user = self.plain(SERVICE_USER, "svc-oust@contoso.example", "Service", "Oust");
        let role = role("ra1Service0000000005d7", "SUPER_ADMIN", user.created_ms);
        user.roles.insert(role.id.clone(), role);
        self.okta.users.insert(user.id.clone(), user);
    }

    pub(crate) fn password(&self, user: &mut User) {
        let id = format!("lae{}", &user.id[3..]);
        let password = Enrollment {
            id: id.clone(),
            kind: "password".to_owned(),
            key: "okta_password".to_owned(),
            name: "Password".to_owned(),
            created_ms: user.created_ms,
            last_updated_ms: user.created_ms,
            intruder: false,
        };
        user.enrollments.insert(id, password);
    }

    pub(crate) fn assign(&mut self, user: &mut User, app: &str, scope: &str, created_ms: i64) {
        let name = self.okta.apps[app].name.clone();
        let short = user.login.split('@').next().unwrap_or_default().to_owned();
        let assigned = AppUser {
            id: self.okta.rng.id("0ua"),
            scope: scope.to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms,
            user_name: user.login.clone(),
            last_updated_ms: created_ms,
            external_id: self
                .further_at(app)
                .map(|service| service.external_id_of(&user.login))
                .or_else(|| accounts::external_id(&name, &user.login))
                // Nobody is provisioned to roles, so that Okta knows no id there.
                .or_else(|| (name != "amazon_aws").then(|| format!("{name}-{short}"))),
        };
        user.apps.insert(app.to_owned(), assigned);
    }
}

pub(crate) fn role(id: &str, kind: &str, created_ms: i64) -> Role {
    Role {
        id: id.to_owned(),
        kind: kind.to_owned(),
        assignment: "USER".to_owned(),
        created_ms,
    }
}

pub(crate) fn factor(
    id: &str,
    kind: &str,
    provider: &str,
    name: &str,
    created_ms: i64,
    intruder: bool,
) -> Factor {
    Factor {
        id: id.to_owned(),
        kind: kind.to_owned(),
        provider: provider.to_owned(),
        status: "ACTIVE".to_owned(),
        created_ms,
        last_updated_ms: created_ms,
        name: name.to_owned(),
        phone: None,
        intruder,
    }
}
