//! The contoso org, some minutes into the takeover of alex: people, apps, what the intruder planted.
//!
//! Dates of planted things agree with the System Log that [`story`](crate::story) tells.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::okta::state::{
    Agent, ApiToken, App, AppUser, Device, Enrollment, Factor, Grant, Group, Idp, OauthClient,
    OauthToken, Role, User, Zone,
};
use crate::story;
use crate::time::{DAY, MINUTE, parse};
use crate::world::{
    AD_AGENT, ALEX, CI_BACKUP, GOOGLE_TOTP, OAUTH_CLIENTS, PIXEL, PRIYA, QUARANTINE_GROUP,
    SERVICE_USER, SSWS_SECRET, World, YUBIKEY,
};

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
const APPS: &[(&str, &str, &str, &str, bool)] = &[
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
        }
        world.service_account();
        world.alex(start_ms);
        world.tokens(start_ms);
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

    fn password(&self, user: &mut User) {
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

    fn assign(&mut self, user: &mut User, app: &str, scope: &str, created_ms: i64) {
        let name = self.okta.apps[app].name.clone();
        let short = user.login.split('@').next().unwrap_or_default().to_owned();
        let assigned = AppUser {
            id: self.okta.rng.id("0ua"),
            scope: scope.to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms,
            user_name: user.login.clone(),
            external_id: Some(format!("{name}-{short}")),
        };
        user.apps.insert(app.to_owned(), assigned);
    }

    fn alex(&mut self, start_ms: i64) {
        let mut alex = self.plain(ALEX, "alex@contoso.example", "Alex", "Rivera");
        alex.password_stolen = true;
        alex.password_changed_ms = Some(start_ms + 1_722_892);
        alex.last_login_ms = Some(start_ms + 1_604_309);
        alex.remembered_devices = 1;
        alex.groups = BTreeSet::from([
            "00gEveryone0000005d7".to_owned(),
            "00gEngineering0005d7".to_owned(),
            "00gAwsAdmins000005d7".to_owned(),
        ]);
        let super_admin = role(
            "ra1Alex0000000000005d7",
            "SUPER_ADMIN",
            self.now_ms - 380 * DAY,
        );
        alex.roles.insert(super_admin.id.clone(), super_admin);
        self.password(&mut alex);
        for factor in alex_factors(start_ms) {
            alex.factors.insert(factor.id.clone(), factor);
        }
        for (id, ip, at_ms, intruder) in [
            (story::PHISHED, "203.0.113.66", start_ms + 16_200, true),
            (
                story::OWN_FACTOR,
                "203.0.113.66",
                start_ms + 1_604_309,
                true,
            ),
            (
                story::ALEX_HOME,
                "198.51.100.20",
                start_ms - 2_205_408,
                false,
            ),
        ] {
            alex.sessions
                .insert(id.to_owned(), self.session(id, ip, at_ms, intruder));
        }
        for (n, (app, ..)) in APPS.iter().enumerate() {
            let (scope, at_ms) = match *app {
                "0oacExFKvnZnOvBDE5d7" => ("USER", start_ms + 2_628_140),
                "0oa2XFuEa4KdM0zIB5d7" => ("USER", start_ms + 2_771_209),
                _ if n % 2 == 0 => ("GROUP", self.now_ms - 380 * DAY),
                _ => ("USER", self.now_ms - 200 * DAY),
            };
            self.assign(&mut alex, app, scope, at_ms);
        }
        consents(&mut alex, start_ms, self.now_ms);
        self.okta.users.insert(ALEX.to_owned(), alex);
        for (id, name, platform, created_ms) in [
            (
                "guoPixel90000000005d7",
                "Pixel 9",
                "ANDROID",
                start_ms + 1_023_534,
            ),
            (
                "guoAlexMac000000005d7",
                "Alex's MacBook",
                "MACOS",
                self.now_ms - 300 * DAY,
            ),
        ] {
            let device = Device {
                id: id.to_owned(),
                name: name.to_owned(),
                platform: platform.to_owned(),
                status: "ACTIVE".to_owned(),
                created_ms,
                users: BTreeSet::from([ALEX.to_owned()]),
            };
            self.okta.devices.insert(device.id.clone(), device);
        }
        self.okta.support_until_ms = Some(start_ms + 4_458_037 + DAY);
    }

    fn tokens(&mut self, start_ms: i64) {
        let years = self.now_ms - 700 * DAY;
        for (id, name, owner, client, created_ms, connection, secret) in [
            (
                CI_BACKUP,
                "ci-backup",
                ALEX,
                "Okta API",
                start_ms + 2_245_394,
                "ANYWHERE",
                "00CiBackupSecretOfTheIntruder0000000000mock",
            ),
            (
                AD_AGENT,
                "ad-agent dc01",
                ALEX,
                "Okta AD Agent",
                years,
                "ANYWHERE",
                "00AdAgentSecret000000000000000000000000mock",
            ),
            (
                "00TwDzGF5pvWeU2hD5d7",
                "terraform-prod",
                PRIYA,
                "Okta API",
                start_ms - 1_256_382,
                "ZONE",
                "00TerraformSecret0000000000000000000000mock",
            ),
            (
                "00TOustService00005d7",
                "oust",
                SERVICE_USER,
                "Okta API",
                years,
                "ZONE",
                SSWS_SECRET,
            ),
        ] {
            let token = ApiToken {
                id: id.to_owned(),
                name: name.to_owned(),
                user_id: owner.to_owned(),
                client_name: client.to_owned(),
                created_ms,
                connection: connection.to_owned(),
                agent: (id == AD_AGENT).then(|| "dc01".to_owned()),
                secret: secret.to_owned(),
                intruder: id == CI_BACKUP,
            };
            self.okta.api_tokens.insert(token.id.clone(), token);
        }
        let agent = Agent {
            token_id: AD_AGENT.to_owned(),
            running: true,
        };
        self.okta.agents.insert("dc01".to_owned(), agent);
    }
}

fn role(id: &str, kind: &str, created_ms: i64) -> Role {
    Role {
        id: id.to_owned(),
        kind: kind.to_owned(),
        assignment: "USER".to_owned(),
        created_ms,
    }
}

fn factor(
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

fn alex_factors(start_ms: i64) -> [Factor; 5] {
    let on = |text: &str| parse(text).expect("a constant date");
    [
        factor(
            YUBIKEY,
            "webauthn",
            "FIDO",
            "YubiKey 5",
            on("2024-01-12T09:00:00.000Z"),
            false,
        ),
        factor(
            GOOGLE_TOTP,
            "token:software:totp",
            "GOOGLE",
            "alex@contoso.example",
            on("2023-08-02T09:00:00.000Z"),
            false,
        ),
        factor(
            PIXEL[0],
            "push",
            "OKTA",
            "Pixel 9",
            start_ms + 1_024_072,
            true,
        ),
        factor(
            PIXEL[1],
            "signed_nonce",
            "OKTA",
            "Pixel 9",
            start_ms + 1_024_072,
            true,
        ),
        factor(
            PIXEL[2],
            "token:software:totp",
            "OKTA",
            "Pixel 9",
            start_ms + 1_025_965,
            true,
        ),
    ]
}

/// 25 consents and 23 refresh tokens over the two clients; five and three of them are the intruder's.
fn consents(alex: &mut User, start_ms: i64, now_ms: i64) {
    for i in 0..25_i64 {
        let intruder = i < 5;
        let grant = Grant {
            id: format!("oagAlexGrant{i:05}5d7"),
            client_id: OAUTH_CLIENTS[usize::from(!intruder)].to_owned(),
            scope: format!("scope.{i:02}"),
            source: "END_USER".to_owned(),
            created_ms: if intruder {
                start_ms + 2_900_000 + i
            } else {
                now_ms - (60 + i) * DAY
            },
            intruder,
        };
        alex.grants.insert(grant.id.clone(), grant);
    }
    for i in 0..23_i64 {
        let intruder = i < 3;
        let token = OauthToken {
            id: format!("oarAlexToken{i:05}5d7"),
            client_id: OAUTH_CLIENTS[usize::from(!intruder && i % 12 != 0)].to_owned(),
            scopes: vec!["offline_access".to_owned(), format!("scope.{i:02}")],
            created_ms: if intruder {
                start_ms + 2_900_000 + i
            } else {
                now_ms - (30 + i) * DAY
            },
            expires_ms: now_ms + 60 * DAY,
            refresh: true,
            intruder,
        };
        alex.tokens.insert(token.id.clone(), token);
    }
    let access = OauthToken {
        id: "atAlexAccessOnly005d7".to_owned(),
        client_id: OAUTH_CLIENTS[0].to_owned(),
        scopes: vec!["openid".to_owned()],
        created_ms: start_ms + 2_950_000,
        expires_ms: now_ms + 60 * MINUTE,
        refresh: false,
        intruder: true,
    };
    alex.tokens.insert(access.id.clone(), access);
}
