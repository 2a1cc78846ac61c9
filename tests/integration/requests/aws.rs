//! What the AWS connector can send.
//!
//! All of it is a POST to the root of a service; the mock writes the operation behind. Held against
//! the services' own descriptions [spec]: fields of a form (`Action` and `Version` aside, numbers of
//! lists and maps left out) and keys of a JSON body, each a member of the operation's input.

use std::collections::BTreeSet;

use oust::model::{ActionId, Applied, KeyKind, Select};
use oust::transport::Reader;
use oust_mocks::aws::{ACCESS_KEY, DEVELOPMENT, MANAGEMENT, RESPONDER, SECRET_KEY};
use oust_mocks::{Entry, KeyPair, World};
use serde_json::{Value, json};

use super::{Row, all_sent, sent};
use crate::aws::desk::{Desk, contoso};
use crate::aws_center;
use crate::service::ServiceDesk;
use crate::wire::Org;

const ALEX: &str = "alex@contoso.example";
const IAM: &str = "iam service-2.json, 2010-05-08 [spec]";
const STS: &str = "sts service-2.json, 2011-06-15 [spec]";
const TRAIL: &str = "cloudtrail service-2.json, 2013-11-01 [spec]";
const ORGANIZATIONS: &str = "organizations service-2.json, 2016-11-28 [spec]";
const STORE: &str = "identitystore service-2.json, 2020-06-15 [spec]";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("/sts/AssumeRole", &["Policy", "RoleArn", "RoleSessionName"], STS),
    row("/sts/AssumeRole", &["RoleArn", "RoleSessionName"], STS),
    row("/sts/AssumeRole", &["ExternalId", "Policy", "RoleArn", "RoleSessionName"], STS),
    row("/sts/AssumeRoleWithWebIdentity", &["(client assertion)"], STS), // the mock keeps none of it
    row("/sts/GetCallerIdentity", &[], STS),
    row("/iam/ListRoles", &[], IAM),
    row("/iam/ListRoles", &["Marker"], IAM),
    row("/iam/GetRole", &["RoleName"], IAM),
    row("/iam/ListRolePolicies", &["RoleName"], IAM),
    row("/iam/GetRolePolicy", &["PolicyName", "RoleName"], IAM),
    row("/iam/PutRolePolicy", &["PolicyDocument", "PolicyName", "RoleName"], IAM),
    row("/iam/DeleteRolePolicy", &["PolicyName", "RoleName"], IAM),
    row("/iam/SimulatePrincipalPolicy", &["ActionNames", "ContextEntries", "PolicySourceArn"], IAM),
    row("/iam/SimulatePrincipalPolicy", &["ActionNames", "PolicySourceArn", "ResourceArns"], IAM),
    row("/cloudtrail/LookupEvents", &["MaxResults"], TRAIL),
    row("/cloudtrail/LookupEvents", &["LookupAttributes", "MaxResults", "StartTime"], TRAIL),
    row("/sso/ListInstances", &[], "sso-admin service-2.json, 2020-07-20 [spec]"),
    row("/identitystore/GetUserId", &["AlternateIdentifier", "IdentityStoreId"], STORE),
    row("/identitystore/DescribeUser", &["IdentityStoreId", "UserId"], STORE),
    row("/organizations/DescribePolicy", &["PolicyId"], ORGANIZATIONS),
    row("/organizations/ListTargetsForPolicy", &["PolicyId"], ORGANIZATIONS),
    row("/organizations/UpdatePolicy", &["Content", "PolicyId"], ORGANIZATIONS),
];

const fn row(path: &'static str, body: &'static [&'static str], source: &'static str) -> Row {
    Row {
        method: "POST",
        path,
        query: &[],
        body,
        good: &[200],
        source,
    }
}

/// A form as the object of its fields, so that the table can tell them.
fn as_json(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if entry.body.starts_with('{') {
        return entry;
    }
    let fields = url::form_urlencoded::parse(entry.body.as_bytes());
    let fields = fields.filter(|(key, _)| key != "Action" && key != "Version");
    let fields = fields.map(|(key, value)| {
        let name = key.split('.').next().unwrap_or_default().to_owned();
        (name, Value::from(value.as_ref()))
    });
    let fields: serde_json::Map<String, Value> = fields.collect();
    entry.body = Value::Object(fields).to_string();
    entry
}

fn rows(desk: &ServiceDesk) -> BTreeSet<usize> {
    let range = desk.org.range();
    let entries = range.journal.entries().iter();
    let entries: Vec<Entry> = entries
        .filter(|entry| entry.system == "aws")
        .map(as_json)
        .collect();
    sent(TABLE, entries.iter())
}

/// Contains alex, proves it, takes it back.
async fn through(desk: &ServiceDesk, verb: &str) {
    let wanted = [ActionId::new("aws", verb)];
    let connector = &desk.system.connector;
    connector.preflight(&desk.reader, &wanted).await;
    let planned = desk.plan(verb, ALEX, Select::All).await;
    assert!(!planned.changes.is_empty(), "{planned:?}");
    let all: Vec<Applied> = desk.applied_together(&planned.changes).await;
    for done in &all {
        assert!(desk.is_proven(done).await);
        for undo in desk.inverse(done) {
            let undone = desk.applied(&undo).await;
            assert!(undone.outcome.kind.is_good(), "{undone:?}");
        }
    }
}

async fn with_settings(world: World, settings: impl FnOnce(&mut Org) -> Value) -> BTreeSet<usize> {
    let desk = ServiceDesk::of(world, "aws", settings);
    desk.who(ALEX).await;
    rows(&desk)
}

#[tokio::test(start_paused = true)]
async fn every_request_has_its_row_and_every_row_is_sent() {
    let account = Desk::of(contoso().aws_roles("111122223333", 120));
    through(&account, "deny_sessions").await;
    let mut all = rows(&account);

    let center = ServiceDesk::of(contoso(), "aws", aws_center::settings);
    through(&center, "block_identity_center_user").await;
    all.extend(rows(&center));

    let external = contoso().aws_external_id(DEVELOPMENT, "ir-2026");
    all.extend(
        with_settings(external, |org| {
            let mut settings = crate::aws::desk::settings(org, DEVELOPMENT);
            settings["accounts"][0]["external_id"] = json!("ir-2026");
            settings
        })
        .await,
    );
    let key = KeyPair::rs256("web");
    all.extend(
        with_settings(contoso().aws_web_key(&key), |org| {
            let mut settings = aws_center::settings(org);
            let role = format!("arn:aws:iam::{MANAGEMENT}:role/{RESPONDER}");
            let token = org.secret(&crate::aws_access::token(&key, i64::from(u32::MAX)));
            settings["auth"] = json!({ "web_identity": { "token": token, "role_arn": role } });
            settings["identity_center"] = json!({});
            settings
        })
        .await,
    );
    all_sent(TABLE, &all);
}

/// What only a person may know stands in no request but the one that is made of it.
#[tokio::test(start_paused = true)]
async fn no_secret_of_ours_is_sent() {
    let desk = ServiceDesk::of(contoso(), "aws", aws_center::settings);
    desk.who_by(&[(KeyKind::Login, ALEX)]).await;
    let reader = Reader::new(desk.system.client.clone());
    desk.system.connector.tenant(&reader).await.unwrap();
    let range = desk.org.range();
    for entry in range.journal.entries() {
        assert!(!entry.body.contains(SECRET_KEY), "{}", entry.path);
        assert!(!entry.body.contains(ACCESS_KEY), "{}", entry.path);
    }
}
