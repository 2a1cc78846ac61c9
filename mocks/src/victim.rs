//! Alex, whose account was taken over: what is his, and what the intruder planted.
//!
//! Dates of planted things agree with the System Log that [`story`](crate::story) tells.

use std::collections::BTreeSet;

use crate::contoso::{APPS, factor, role};
use crate::okta::state::{Agent, ApiToken, Device, Factor, Grant, OauthToken, User};
use crate::story;
use crate::time::{DAY, MINUTE, parse};
use crate::world::{
    AD_AGENT, ALEX, CI_BACKUP, GOOGLE_TOTP, OAUTH_CLIENTS, PIXEL, PRIYA, SERVICE_USER, SSWS_SECRET,
    World, YUBIKEY,
};

impl World {
    pub(crate) fn alex(&mut self, start_ms: i64) {
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

    pub(crate) fn tokens(&mut self, start_ms: i64) {
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
