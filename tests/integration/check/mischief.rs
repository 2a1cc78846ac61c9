//! Each mischief gives exactly its finding, names the scope or the id, and hides none of the others.

use std::time::Duration;

use oust::engine::State;
use oust::model::{Finding, Severity, SystemId};
use oust_mocks::world::{CLIENT_ID, READER_CLIENT_ID, SSWS_SECRET};
use oust_mocks::{Certificate, World, m365};
use serde_json::json;

use super::bench::{Bench, healthy, key, loud, words};
use crate::lab::services::services;
use crate::lab::{NOON, ORIGIN};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A world, what is loud in it, and words that must be said.
type Case = (
    &'static str,
    fn(World) -> World,
    &'static [&'static str],
    &'static [&'static str],
);

#[tokio::test(start_paused = true)]
async fn each_mischief_gives_its_own_finding_and_no_other() {
    let cases: &[Case] = &[
        (
            "one scope to write with",
            |world| world.ungrant_scope("okta.groups.manage"),
            &["okta high scope_missing"],
            &[
                "okta.groups.manage is not granted",
                "`okta.quarantine_user`",
                CLIENT_ID,
            ],
        ),
        (
            "two scopes, one of either kind",
            |world| {
                world
                    .ungrant_scope("okta.apiTokens.manage")
                    .ungrant_scope("okta.logs.read")
            },
            &["okta high scope_missing", "okta high scope_missing"],
            &[
                "okta.apiTokens.manage is not granted",
                "okta.logs.read is not granted",
            ],
        ),
        (
            "a scope without which nothing is read",
            |world| {
                world
                    .ungrant_scope("okta.users.read")
                    .ungrant_scope("okta.roles.manage")
            },
            &["okta high scope_missing", "okta high scope_missing"],
            &[
                "okta.users.read is not granted",
                "okta.roles.manage is not granted",
            ],
        ),
        (
            "a token with fewer scopes than were asked for",
            |world| world.withhold_scope("okta.apiTokens.manage"),
            &["okta high scope_missing"],
            &["okta.apiTokens.manage is not granted"],
        ),
        (
            "a role that reads",
            |world| world.client_role(CLIENT_ID, "READ_ONLY_ADMIN"),
            &["okta high role_lacks", "okta high api_tokens_unread"],
            &["READ_ONLY_ADMIN", "`okta.suspend_user`", "SUPER_ADMIN"],
        ),
        (
            "a custom role without a permission",
            |world| {
                world.client_custom_role(
                    CLIENT_ID,
                    &["okta.users.lifecycle.clearSessions", "okta.users.read"],
                )
            },
            &["okta high role_lacks"],
            &["okta.users.lifecycle.suspend", "a custom role"],
        ),
        (
            "a quarantine on paper",
            World::quarantine_denies_nothing,
            &["okta high quarantine_denies_nothing"],
            &["00gQuarantine00005d7", "\"Quarantine\"", "does not deny"],
        ),
        (
            "a policy before the quarantine's",
            World::policy_before_quarantine,
            &["okta warning quarantine_not_first"],
            &["\"Contractors\""],
        ),
        (
            "a permission of Microsoft's",
            |world| world.m365_without_permission("User.RevokeSessions.All"),
            &["m365 high permission_missing"],
            &["User.RevokeSessions.All"],
        ),
        (
            "a permission of the Salesforce user",
            |world| world.salesforce_without_permission("CustomizeApplication"),
            &["salesforce high permission_missing"],
            &["Customize Application"],
        ),
        (
            "a scope of Slack's",
            |world| world.slack_without_scope("admin.users:write"),
            &["slack high scope_missing"],
            &[
                "the token lacks admin.users:write",
                "`slack.reset_sessions`",
            ],
        ),
        (
            "a permission of the GitHub App",
            |world| world.github_without_permission("organization_personal_access_tokens"),
            &["github high permission_missing"],
            &["organization_personal_access_tokens:write"],
        ),
        (
            "a right of the AWS role",
            |world| world.aws_without_permission("iam:PutRolePolicy"),
            &["aws high right_missing"],
            &["iam:PutRolePolicy"],
        ),
        (
            "a right that only a release takes",
            |world| world.aws_without_permission("iam:DeleteRolePolicy"),
            &["aws warning right_missing"],
            &["to give an account back: ", "iam:DeleteRolePolicy"],
        ),
    ];
    for (name, change, expected, said) in cases {
        let checked = Bench::of(change(healthy())).check().await;
        let mut found = loud(&checked);
        let mut expected: Vec<&str> = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        let all = words(&checked);
        assert_eq!(found, expected, "{name}:\n{all}");
        for word in *said {
            assert!(all.contains(word), "{name}: no {word} in\n{all}");
        }
        let is_high = expected.iter().any(|each| each.contains(" high "));
        assert_eq!(checked.good, !is_high, "{name}");
        let ready = checked.systems.len() - usize::from(is_high);
        assert_eq!(checked.ready, ready, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_mischiefs_at_two_systems_are_both_told() {
    let world = healthy()
        .ungrant_scope("okta.groups.manage")
        .slack_without_scope("admin.users:write")
        .aws_without_permission("iam:PutRolePolicy");
    let checked = Bench::of(world).check().await;
    assert_eq!(
        loud(&checked),
        [
            "okta high scope_missing",
            "slack high scope_missing",
            "aws high right_missing"
        ]
    );
    assert_eq!(checked.ready, checked.systems.len() - 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_us_hinders_itself_alone() {
    for service in services() {
        // Its endpoint answers no question: whether it trusts us shows only at a revocation.
        if service.blind {
            continue;
        }
        let checked = Bench::of((service.refuses_us)(healthy())).check().await;
        for system in &checked.systems {
            let expected = match system.id.as_str() == service.vendor {
                true => State::Hindered,
                false => State::Ready,
            };
            let all = words(&checked);
            assert_eq!(system.state, expected, "{}: {all}", service.vendor);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_system_holds_up_none_of_the_others() {
    for (system, rule) in [
        ("m365", "m365 /=timeout_before"),
        ("okta", "okta /=timeout_before"),
    ] {
        let bench = Bench::of(healthy()).faults(rule);
        let began = bench.lab.clock.elapsed();
        let checked = bench.check().await;
        let took = bench.lab.clock.elapsed() - began;
        assert!(took <= Duration::from_secs(45), "{system}: {took:?}");
        let all = words(&checked);
        for each in &checked.systems {
            let is_dead = each.id.as_str() == system;
            assert_eq!(each.state == State::Ready, !is_dead, "{}: {all}", each.id);
            assert_eq!(
                each.answered,
                !is_dead && each.id.as_str() != "gtr",
                "{}",
                each.id
            );
            assert!(
                is_dead || each.ms < 5_000,
                "{} took {} ms",
                each.id,
                each.ms
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_cannot_be_opened_is_told_beside_the_others() {
    let mut bench = Bench::of(healthy());
    let unfit = Finding {
        severity: Severity::High,
        id: "settings_unfit".into(),
        text: "`graph_url` is plain http".into(),
        hint: String::new(),
    };
    bench.unopened = vec![(SystemId::new("m365:eu"), unfit)];
    let checked = bench.check().await;
    assert_eq!(loud(&checked), ["m365:eu high settings_unfit"]);
    assert_eq!(checked.system("m365:eu").unwrap().state, State::Silent);
    assert_eq!(checked.ready, checked.systems.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn one_clock_that_differs_is_its_own_and_all_of_them_are_ours() {
    let checked = Bench::of(healthy())
        .faults("okta /=clock_skew:240000")
        .check()
        .await;
    assert_eq!(loud(&checked), ["okta warning clock_skew"]);
    let said = words(&checked);
    assert!(
        said.contains("240 s ahead") || said.contains("239 s ahead"),
        "{said}"
    );

    let checked = Bench::of(healthy())
        .faults("/=clock_skew:-400000")
        .check()
        .await;
    let clock: Vec<String> = loud(&checked)
        .into_iter()
        .filter(|each| each.contains("clock"))
        .collect();
    assert_eq!(clock, ["- high our_clock"], "{}", words(&checked));
    assert!(words(&checked).contains("s ahead"), "{}", words(&checked));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_has_ended_or_will_is_told_by_its_day() {
    for (days, expected) in [
        (-1, &["m365 high certificate_expired"][..]),
        (10, &["m365 warning certificate_ends"]),
        (90, &[]),
    ] {
        let ends = NOON + days * DAY_MS;
        let certificate = Certificate::self_signed("oust", NOON - 400 * DAY_MS, ends);
        let world = healthy().m365_certificate(&certificate);
        let mut bench = Bench::of(world);
        let settings = json!({
            "tenant": m365::TENANT, "client_id": m365::CLIENT_ID,
            "certificate": { "file": bench.lab.secret("m365.crt", &certificate.pem) },
            "private_key": { "file": bench.lab.secret("m365.key", &certificate.key.private_pem) },
            "login_url": format!("{ORIGIN}/m365/login"),
            "graph_url": format!("{ORIGIN}/m365/graph"),
        });
        let system = bench.lab.service("m365", settings);
        bench.tools.services.retain(|each| each.id != system.id);
        bench.tools.services.push(system);
        let checked = bench.check().await;
        assert_eq!(loud(&checked), expected, "{days}: {}", words(&checked));
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_key_file_that_is_open_to_others_or_missing_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::of(healthy());
    let path = bench.lab.secret("okta.pem", &key().private_pem);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let checked = bench.check().await;
    assert_eq!(loud(&checked), ["okta high secret_exposed"]);
    assert!(words(&checked).contains("okta.pem"), "{}", words(&checked));

    let bench = Bench::of(healthy());
    std::fs::remove_file(bench.lab.secret("okta.pem", "")).unwrap();
    let checked = bench.check().await;
    let of_okta: Vec<String> = loud(&checked)
        .into_iter()
        .filter(|each| each.starts_with("okta"))
        .collect();
    assert_eq!(of_okta, ["okta high credential"], "{}", words(&checked));
    assert!(words(&checked).contains("okta.pem"), "{}", words(&checked));
    assert_eq!(checked.ready, checked.systems.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_its_own_is_checked_for_reading_and_the_second_credential_too() {
    let reads: Vec<&str> = World::all_scopes()
        .into_iter()
        .filter(|scope| scope.ends_with(".read") && *scope != "okta.logs.read")
        .collect();
    let world = healthy().client(READER_CLIENT_ID, key().public_jwk.clone(), &reads);
    let bench = Bench::of(world.clone());
    let pem = bench.lab.secret("reader.pem", &key().private_pem);
    let reader = json!({
        "client_id": READER_CLIENT_ID, "key_id": key().kid, "private_key": { "file": pem },
    });
    let checked = Bench::with(world.clone(), &json!({ "read_auth": reader }))
        .check()
        .await;
    assert_eq!(
        loud(&checked),
        ["okta high scope_missing"],
        "{}",
        words(&checked)
    );
    assert!(
        words(&checked).contains(READER_CLIENT_ID),
        "{}",
        words(&checked)
    );

    // What the second lacks is a warning: the first is enough tonight.
    let checked = Bench::with(world, &json!({ "second": reader }))
        .check()
        .await;
    let found = loud(&checked);
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|each| each == "okta warning scope_missing"),
        "{found:?}"
    );
    assert!(checked.good);
}

#[tokio::test(start_paused = true)]
async fn a_lone_api_token_is_checked_by_its_owner() {
    let bench = Bench::of(healthy());
    let token = bench.lab.secret("token", SSWS_SECRET);
    let auth = json!({ "auth": { "api_token": { "file": token } } });
    let checked = Bench::with(healthy(), &auth).check().await;
    assert_eq!(loud(&checked), Vec::<String>::new(), "{}", words(&checked));
    assert!(words(&checked).contains("an API token has no scopes"));
}
