//! What belongs to no one system: protected ids, the number of accounts, approvers, owners.

use oust::approval::{Approver, SigningKey};
use oust::model::{Owner, Scope, UserId};
use oust_mocks::world::{ALEX, PRIYA};

use super::bench::{ACTIVE, Bench, healthy, loud, words};

#[tokio::test(start_paused = true)]
async fn a_protected_id_that_is_gone_is_named() {
    let mut bench = Bench::of(healthy());
    bench.guards.protected = vec![UserId::new(PRIYA), UserId::new("00uBreakGlass00005d7")];
    let checked = bench.check().await;
    assert_eq!(loud(&checked), ["- high protected_gone"]);
    assert!(words(&checked).contains("00uBreakGlass00005d7"));
    assert!(!checked.good);
    assert_eq!(checked.ready, checked.systems.len());
}

#[tokio::test(start_paused = true)]
async fn a_protected_account_that_cannot_sign_in_breaks_no_glass() {
    let mut bench = Bench::of(healthy().status("alex@contoso.example", "SUSPENDED"));
    bench.guards.active_users = Some(ACTIVE - 1);
    bench.guards.protected = vec![UserId::new(ALEX)];
    let checked = bench.check().await;
    assert!(
        loud(&checked).contains(&"- warning protected_inactive".to_owned()),
        "{}",
        words(&checked)
    );
    assert!(checked.good);
}

#[tokio::test(start_paused = true)]
async fn the_number_that_a_guard_counts_by_is_measured() {
    for (configured, expected, side) in [
        (None, &["- warning active_users_unset"][..], "asks nothing"),
        (Some(17), &[], ""),
        (Some(20), &[], ""),
        (
            Some(5_000),
            &["- warning active_users_differ"],
            "too many accounts at once",
        ),
        (
            Some(3),
            &["- warning active_users_differ"],
            "sooner than it should",
        ),
    ] {
        let mut bench = Bench::of(healthy());
        bench.guards.active_users = configured;
        let checked = bench.check().await;
        assert_eq!(loud(&checked), expected, "{configured:?}");
        assert!(words(&checked).contains(side), "{}", words(&checked));
        assert_eq!(checked.active_users.counted, Some(ACTIVE));
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_org_is_counted_page_by_page() {
    let mut bench = Bench::of(healthy().crowd(700));
    bench.guards.active_users = Some(ACTIVE + 700);
    let checked = bench.check().await;
    assert_eq!(checked.active_users.counted, Some(ACTIVE + 700));
    assert!(checked.active_users.complete);
    assert_eq!(loud(&checked), Vec::<String>::new(), "{}", words(&checked));
}

#[tokio::test(start_paused = true)]
async fn two_must_agree_and_only_two_are_there() {
    let person = |name: &str, id: Option<&str>| Approver {
        name: name.into(),
        key: SigningKey::generate().unwrap().0.public(),
        okta_id: id.map(UserId::new),
        login: None,
    };
    let mut bench = Bench::of(healthy());
    bench.approvers.needed = 2;
    bench.approvers.people = vec![person("priya", Some(PRIYA)), person("sam", None)];
    let checked = bench.check().await;
    assert_eq!(
        loud(&checked),
        [
            "- warning few_approvers",
            "- warning approver_without_account"
        ]
    );
    assert!(words(&checked).contains("sam"));
}

#[tokio::test(start_paused = true)]
async fn who_is_not_named_to_be_called_is_good_to_know() {
    let mut bench = Bench::of(healthy());
    bench.owners = vec![Owner {
        app: "salesforce".into(),
        owner: "CRM".into(),
        contact: "crm@contoso.example".into(),
    }];
    let said = words(&bench.check().await);
    let line = said.lines().find(|line| line.contains("no_owner")).unwrap();
    assert!(
        line.contains("m365") && !line.contains("salesforce"),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_is_neither_asked_nor_counted() {
    let mut bench = Bench::of(healthy().slack_without_scope("admin.users:write"));
    bench.scope = Scope {
        only: vec!["okta".into(), "m365".into()],
        skip: Vec::new(),
    };
    let checked = bench.check().await;
    assert_eq!(loud(&checked), Vec::<String>::new());
    assert_eq!(checked.systems.len(), 2);
    assert_eq!(checked.left_out.len(), bench.tools.services.len() - 1);
    let range = bench.lab.range.lock().unwrap();
    let asked = range.journal.entries().iter();
    assert!(
        asked
            .clone()
            .all(|entry| entry.system == "okta" || entry.system == "m365")
    );
}
