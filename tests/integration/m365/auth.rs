//! Who we are: secret and certificate, every refusal in its own words, and what `check` finds.

use oust::config::{Config, DEFAULT};
use oust::connectors::REGISTER;
use oust::model::{ActionId, Identity, Severity};
use oust_mocks::m365::{READER_CLIENT_ID, READER_SECRET, SECRET};
use oust_mocks::{Certificate, FaultKind, World};
use serde_json::{Value, json};

use super::{ALEX, addresses, contoso, desk, desk_with};
use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

const DAY_MS: i64 = 86_400_000;

fn certificate(ends_ms: i64) -> Certificate {
    Certificate::self_signed("oust", now_ms() - 300 * DAY_MS, ends_ms)
}

/// By certificate; `key` may be another's.
fn by_certificate(world: World, certificate: &Certificate, key: &Certificate) -> ServiceDesk {
    ServiceDesk::of(world, "m365", |org| {
        let mut settings = addresses();
        settings["certificate"] = org.secret(&certificate.pem);
        settings["private_key"] = org.secret(&key.key.private_pem);
        settings
    })
}

async fn unread(desk: &ServiceDesk) -> String {
    match desk.who(ALEX).await {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_signs_in_and_one_token_serves_many_calls() {
    let own = certificate(now_ms() + DAY_MS);
    let desk = by_certificate(contoso().m365_certificate(&own), &own, &own);
    for login in [ALEX, "robin@contoso.example"] {
        desk.id(login).await;
    }
    let range = desk.org.range();
    let tokens = range.journal.entries().iter();
    let tokens = tokens.filter(|entry| entry.path.ends_with("/oauth2/v2.0/token"));
    assert_eq!(tokens.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_of_ours_is_corrected_by_entra_s() {
    let own = certificate(now_ms() + DAY_MS);
    for ahead_ms in [3_600_000, -3_600_000] {
        let world = contoso().m365_certificate(&own);
        let desk = ServiceDesk::of(world, "m365", |org| {
            let right = std::mem::replace(org, Org::new(World::empty(now_ms())));
            *org = right.with_our_clock_ahead(ahead_ms);
            let mut settings = addresses();
            settings["certificate"] = org.secret(&own.pem);
            settings["private_key"] = org.secret(&own.key.private_pem);
            settings
        });
        desk.id(ALEX).await;
        let change = desk.change("revoke_sessions", ALEX).await;
        let done = desk.applied(&change).await;
        desk.org.wait(5).await;
        assert!(desk.is_proven(&done).await, "by the vendor's clock alone");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_is_renewed() {
    let desk = desk(contoso());
    desk.id(ALEX).await;
    desk.org.wait(2 * 3600).await;
    desk.id(ALEX).await;
    let change = desk.change("revoke_sessions", ALEX).await;
    desk.fault("POST", "revokeSignInSessions", FaultKind::Unauthorized401);
    desk.org.wait(10).await;
    assert!(desk.apply(&change).await.kind.is_good(), "signed in anew");
}

#[tokio::test(start_paused = true)]
async fn every_refusal_of_the_credential_is_told_in_its_own_words() {
    let cases: Vec<(World, Value, &str, &str)> = vec![
        (
            contoso().m365_secret_expired(),
            json!({}),
            "the client secret has expired (AADSTS7000222)",
            "make a new one",
        ),
        (
            contoso(),
            json!({ "client_id": READER_CLIENT_ID }),
            "the client secret is not the app's (AADSTS7000215)",
            "not its id",
        ),
        (
            contoso(),
            json!({ "client_id": "9c7a3f41-9e5b-4d2a-a6c8-1b4e0f7d5a32" }),
            "knows no app 9c7a3f41",
            "`client_id`",
        ),
        (
            contoso(),
            json!({ "tenant": "fabrikam.example" }),
            "there is no tenant fabrikam.example (AADSTS90002)",
            "`cloud`",
        ),
        (
            contoso(),
            json!({ "graph_url": "{base}/m365/elsewhere" }),
            "is not known there (AADSTS70011)",
            "same cloud",
        ),
    ];
    for (world, more, what, next) in cases {
        let desk = desk_with(world, &more);
        let why = unread(&desk).await;
        assert!(why.contains(what) && why.contains(next), "{why}");
        assert!(!why.contains(SECRET), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn certificates_are_refused_in_words_too() {
    let (own, other) = (
        certificate(now_ms() + DAY_MS),
        certificate(now_ms() + DAY_MS),
    );
    let unknown = by_certificate(contoso(), &own, &own);
    let why = unread(&unknown).await;
    assert!(why.contains("does not know the certificate"), "{why}");

    let foreign = by_certificate(contoso().m365_certificate(&own), &own, &other);
    let why = unread(&foreign).await;
    assert!(why.contains("belong together"), "{why}");

    let old = certificate(now_ms() - DAY_MS);
    let expired = by_certificate(contoso().m365_certificate(&old), &old, &old);
    let why = unread(&expired).await;
    assert!(why.contains("the certificate has expired"), "{why}");
    assert!(!why.contains("PRIVATE KEY"), "{why}");
}

async fn findings(desk: &ServiceDesk, verbs: &[&str]) -> Vec<String> {
    let wanted: Vec<ActionId> = verbs
        .iter()
        .map(|verb| ActionId::new("m365", verb))
        .collect();
    let connector = &desk.system.connector;
    let found = connector.preflight(&desk.reader, &wanted).await;
    let loud = found.iter().filter(|each| each.severity > Severity::Info);
    loud.map(|each| format!("{}: {}", each.id, each.text))
        .collect()
}

const SHIPPED: [&str; 4] = [
    "revoke_sessions",
    "delete_auth_methods",
    "revoke_consents",
    "disable_inbox_rules",
];

#[tokio::test(start_paused = true)]
async fn a_check_finds_what_would_stop_us_and_writes_nothing() {
    let good = desk(contoso());
    assert_eq!(findings(&good, &SHIPPED).await, Vec::<String>::new());
    assert_eq!(good.writes(), Vec::<String>::new());

    let reader = ServiceDesk::of(contoso(), "m365", |org| {
        let mut settings = addresses();
        settings["client_id"] = READER_CLIENT_ID.into();
        settings["client_secret"] = org.secret(READER_SECRET);
        settings
    });
    let found = findings(&reader, &SHIPPED).await;
    assert_eq!(
        found,
        [
            "permission_missing: `m365.revoke_sessions` is not possible: the app lacks \
             User.RevokeSessions.All",
            "permission_missing: `m365.delete_auth_methods` is not possible: the app lacks \
             UserAuthenticationMethod.ReadWrite.All",
            "permission_missing: `m365.revoke_consents` is not possible: the app lacks \
             DelegatedPermissionGrant.ReadWrite.All",
            "permission_missing: `m365.disable_inbox_rules` is not possible: the app lacks \
             MailboxSettings.ReadWrite",
        ]
    );

    let blind = desk(
        contoso()
            .m365_without_permission("User.Read.All")
            .m365_without_permission("Directory.Read.All"),
    );
    let found = findings(&blind, &["revoke_sessions"]).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("lacks User.Read.All"), "{found:?}");
    assert!(found[1].starts_with("users_unread"), "{found:?}");

    let expired = desk(contoso().m365_secret_expired());
    let found = findings(&expired, &SHIPPED).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("credential:"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_for_another_tenant_or_app_is_noticed() {
    let desk = desk(contoso().with_m365(|m365| m365.tenant_id = "t-other".into()));
    let wanted = findings(&desk, &[]).await;
    assert!(wanted[0].contains("90002"), "{wanted:?}");

    // The tenant's alias is a domain: nothing to compare with.
    let by_domain = desk_with(contoso(), &json!({ "tenant": "contoso.example" }));
    assert_eq!(findings(&by_domain, &[]).await, Vec::<String>::new());
}

/// What stands commented in the shipped file, switched on.
#[tokio::test(start_paused = true)]
async fn the_example_in_the_shipped_file_is_taken_by_config_and_connector() {
    let (_, block) = DEFAULT.split_once("  # - vendor: m365").unwrap();
    let (block, _) = block.split_once("\n\n").unwrap();
    let switched_on = format!("  - vendor: m365{block}").replace("\n  # ", "\n  ");
    let okta = "connectors:\n  - vendor: okta\n    org_url: https://example.okta.com\n    \
                auth: { api_token: { env: OKTA } }\n";
    let config = Config::parse("oust.yaml", &format!("{okta}{switched_on}\n"), REGISTER);
    let config = config.unwrap_or_else(|wrong| panic!("{wrong}"));
    let m365 = &config.connectors[1];
    assert_eq!(m365.settings.as_object().unwrap().len(), 4, "{m365:?}");
    let system = Org::new(World::empty(now_ms())).open_service("m365", &m365.settings);
    assert_eq!(system.apps, ["office365"]);
}
