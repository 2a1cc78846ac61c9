//! Every service of the register, open behind the directory against the mocks: one row each.
//!
//! A service in the register that has no row here fails the first test that opens them all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use oust::connector::System;
use oust::connectors::{REGISTER, vendors};
use oust::engine::Tools;
use oust::ledger::Store;
use oust_mocks::range::SYSTEMS;
use oust_mocks::{Range, World, accounts, aws, github, google, gtr, m365, salesforce, slack};
use serde_json::{Value, json};

use super::{Lab, NOON};
use crate::github::script::key as app_key;
use crate::google::desk::{key, key_file};

/// What tests must know of a service beside what its connector declares.
pub(crate) struct Service {
    pub(crate) vendor: &'static str,
    /// The settings it is opened with, the mock being at this address.
    settings: fn(&Keep<'_>, &str) -> Value,
    /// The directory's apps that lead there, where no catalogue says so: `apps:` of the config.
    pub(crate) apps: &'static [&'static str],
    /// It answers no question: nothing is asked there while a plan is made, or ever read back.
    pub(crate) blind: bool,
    /// The id there of whoever has this login.
    pub(crate) id: fn(&str) -> String,
    /// All that is stored there, person by person.
    people: fn(&Range) -> BTreeMap<String, String>,
    /// A world that refuses our credential.
    pub(crate) refuses_us: fn(World) -> World,
    /// A world in which the credential lacks the right to sign anybody out.
    pub(crate) lacks_a_right: fn(World) -> World,
}

/// Keeps a secret of this name in a file; says where.
type Keep<'k> = dyn Fn(&str, &str) -> PathBuf + 'k;

/// All that the mocks have; those of them that the register has, too, are in [`services`].
const ROWS: &[Service] = &[
    Service {
        vendor: "m365",
        settings: |keep, base| {
            json!({
                "tenant": m365::TENANT, "client_id": m365::CLIENT_ID,
                "client_secret": { "file": keep("m365", m365::SECRET) },
                "login_url": format!("{base}/m365/login"),
                "graph_url": format!("{base}/m365/graph"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::m365_id,
        people: |range| told(&range.m365.users),
        refuses_us: World::m365_secret_expired,
        lacks_a_right: |world| world.m365_without_permission("User.RevokeSessions.All"),
    },
    Service {
        vendor: "google",
        settings: |keep, base| {
            json!({
                "key_file": { "file": keep("google.json", &key_file(key())) },
                "admin": google::ADMIN,
                "api_url": format!("{base}/google/api"),
                "token_url": format!("{base}/google/oauth/token"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::google_id,
        people: |range| told(&range.google.users),
        refuses_us: World::google_key_revoked,
        lacks_a_right: |world| world.google_without_scope("admin.directory.user.security"),
    },
    Service {
        vendor: "salesforce",
        settings: |keep, base| {
            json!({
                "client_id": salesforce::CLIENT_ID, "username": salesforce::USERNAME,
                "private_key": { "file": keep("salesforce.pem", &key().private_pem) },
                "instance_url": format!("{base}/salesforce"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::salesforce_id,
        people: |range| told(&range.salesforce.users),
        refuses_us: World::salesforce_not_approved,
        lacks_a_right: |world| world.salesforce_without_permission("ManageUsers"),
    },
    Service {
        vendor: "slack",
        settings: |keep, base| {
            json!({
                "token": { "file": keep("slack", slack::TOKEN) },
                "api_url": format!("{base}/slack/api"),
                "scim_url": format!("{base}/slack/scim"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::slack_id,
        people: |range| told(&range.slack.members),
        refuses_us: World::slack_token_revoked,
        lacks_a_right: |world| world.slack_without_scope("admin.users:write"),
    },
    Service {
        vendor: "github",
        settings: |keep, base| {
            json!({
                "org": github::ORG, "app_id": github::APP_ID,
                "private_key": { "file": keep("github.pem", &app_key().private_pem) },
                "api_url": format!("{base}/github"),
                "graphql_url": format!("{base}/github/graphql"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::github_id,
        people: |range| {
            let people = range.github.people.iter();
            let people = people.map(|(id, who)| (id.to_string(), who.clone()));
            told(&people.collect())
        },
        refuses_us: World::github_key_revoked,
        lacks_a_right: |world| world.github_without_permission("organization_administration"),
    },
    Service {
        vendor: "gtr",
        settings: |keep, base| {
            json!({
                "url": format!("{base}/gtr{}", gtr::PATH),
                "format": "opaque",
                "auth": {
                    "issuer": gtr::ISSUER, "key_id": app_key().kid,
                    "private_key": { "file": keep("gtr.pem", &app_key().private_pem) },
                },
            })
        },
        apps: &[gtr::APP],
        blind: true,
        id: accounts::gtr_id,
        people: |range| told(&range.gtr.people),
        refuses_us: World::gtr_trust_lost,
        lacks_a_right: World::gtr_without_right,
    },
    // One account; the others of an organisation and its Identity Center have stories of their own.
    Service {
        vendor: "aws",
        settings: |keep, base| {
            let url = |service: &str| format!("{base}/aws/{service}");
            json!({
                "auth": {
                    "access_key_id": { "file": keep("aws-key", aws::ACCESS_KEY) },
                    "secret_access_key": { "file": keep("aws-secret", aws::SECRET_KEY) },
                },
                "accounts": [
                    { "id": aws::PRODUCTION, "role_arn": aws::responder_in(aws::PRODUCTION) },
                ],
                "iam_url": url("iam"), "sts_url": url("sts"), "cloudtrail_url": url("cloudtrail"),
            })
        },
        apps: &[],
        blind: false,
        id: accounts::aws_id,
        people: |range| told(&range.aws.everybody(aws::POLICY)),
        refuses_us: World::aws_key_revoked,
        lacks_a_right: |world| world.aws_without_permission("iam:PutRolePolicy"),
    },
];

fn told<T: serde::Serialize>(people: &BTreeMap<String, T>) -> BTreeMap<String, String> {
    let each = people.iter();
    each.map(|(id, who)| (id.clone(), serde_json::to_string(who).unwrap()))
        .collect()
}

/// The services of the register, in its order. A receiver of signals is none: nobody signs in there, no
/// shipped playbook acts there, and it has stories of its own.
pub(crate) fn services() -> impl Iterator<Item = &'static Service> {
    let behind = REGISTER
        .iter()
        .filter(|row| !["okta", "caep"].contains(&row.vendor.id));
    behind.map(|row| service(row.vendor.id))
}

/// One of them.
pub(crate) fn service(vendor: &str) -> &'static Service {
    let mut rows = ROWS.iter();
    rows.find(|row| row.vendor == vendor)
        .unwrap_or_else(|| panic!("give {vendor} a row in lab/services.rs"))
}

/// Contoso with everything that our credentials at the services need.
pub(crate) fn contoso() -> World {
    furnished(World::contoso(NOON))
}

/// A world in which our credentials are known to the services. What the mocks have and the register
/// does not is left out: nobody could throw him out there.
pub(crate) fn furnished(world: World) -> World {
    let no_connector = SYSTEMS[1..]
        .iter()
        .filter(|system| !REGISTER.iter().any(|row| row.vendor.id == **system));
    let known = world
        .google_key(key())
        .salesforce_key(key())
        .github_key(app_key())
        .gtr_key(app_key())
        .aws_only(aws::PRODUCTION);
    no_connector.fold(known, |world, system| world.without(system))
}

/// Everybody at every service, as stored there: `vendor id` and all that is his.
pub(crate) fn everybody(range: &Range) -> BTreeMap<String, String> {
    let all = services().flat_map(|each| {
        let people = (each.people)(range).into_iter();
        people.map(|(id, who)| (format!("{} {id}", each.vendor), who))
    });
    all.collect()
}

impl Lab {
    /// What an engine is given here, with every service of the register open. The world must be
    /// [`furnished`].
    pub(crate) fn with_services(&self, store: Arc<dyn Store>) -> Tools {
        let mut tools = self.tools(store);
        tools.services = services()
            .map(|each| each.with_apps(self.service(each.vendor, self.settings(each))))
            .collect();
        tools.vendors = vendors().collect();
        tools
    }

    /// What a service is opened with.
    pub(crate) fn settings(&self, service: &Service) -> Value {
        service.settings(&|name, text| self.secret(name, text), super::ORIGIN)
    }
}

impl Service {
    /// What it is opened with, the mocks being at `base`.
    pub(crate) fn settings(&self, keep: &Keep<'_>, base: &str) -> Value {
        (self.settings)(keep, base)
    }

    /// The opened service with the apps that `apps:` says lead there.
    pub(crate) fn with_apps(&self, mut system: System) -> System {
        let apps = self.apps.iter().map(|app| (*app).to_owned());
        system.apps.extend(apps);
        system
    }
}
