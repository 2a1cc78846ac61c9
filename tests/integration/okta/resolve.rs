//! Whom a login names: exactly one account that points back, or nobody.

use oust::connector::ResolveError;
use oust::model::Tri;
use oust_mocks::World;
use oust_mocks::world::{ALEX, PRIYA, SERVICE_USER};

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

#[tokio::test(start_paused = true)]
async fn a_login_or_an_id_names_one_account_with_roles_groups_and_apps() {
    let desk = Desk::contoso();
    for who in [ALEX_LOGIN, "ALEX@contoso.example", ALEX] {
        let alex = desk.subject(who).await;
        assert_eq!(alex.id.as_str(), ALEX);
        assert_eq!(alex.login, ALEX_LOGIN);
        assert_eq!(alex.privileged, Tri::Yes);
        assert_eq!(alex.roles, ["SUPER_ADMIN"]);
        assert!(alex.apps().unwrap().contains(&"office365".to_owned()));
        assert!(
            alex.groups
                .unwrap()
                .contains(&"00gAwsAdmins000005d7".to_owned())
        );
    }
    assert!(desk.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_short_name_is_shown_but_never_taken() {
    let desk = Desk::contoso();
    let error = desk
        .okta
        .directory
        .resolve(&desk.reader, "alex")
        .await
        .unwrap_err();
    match error {
        ResolveError::Several { candidates, .. } => {
            assert_eq!(candidates, [format!("{ALEX_LOGIN} ({ALEX})")]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_cannot_stand_in_a_path_is_looked_up_by_filter() {
    let odd = r#"ops/"root"@contoso.example"#;
    let desk = Desk::of(World::contoso(now_ms()).user(odd, |_| ()));
    assert_eq!(desk.subject(odd).await.login, odd);
    let inject = r#"x/" or profile.login eq "alex@contoso.example"#;
    for stranger in ["nobody@contoso.example", inject, "me", "..", "a/b", ""] {
        let found = desk.okta.directory.resolve(&desk.reader, stranger).await;
        assert!(
            matches!(found, Err(ResolveError::Stranger { .. })),
            "{stranger}: {found:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unread_and_never_none() {
    let desk = Desk::contoso();
    desk.fault("GET", "/roles", oust_mocks::FaultKind::Forbidden403);
    desk.fault("GET", "/groups", oust_mocks::FaultKind::Forbidden403);
    desk.fault("GET", "/api/v1/apps", oust_mocks::FaultKind::Forbidden403);
    let alex = desk.subject(ALEX_LOGIN).await;
    assert_eq!(alex.privileged, Tri::Unread);
    assert_eq!(alex.groups, None);
    assert!(
        alex.apps().unwrap().contains(&"office365".to_owned()),
        "by appLinks"
    );
}

#[tokio::test(start_paused = true)]
async fn the_org_its_super_admins_our_own_account_and_agents_are_known() {
    let desk = Desk::of(World::contoso(now_ms()).status("priya@contoso.example", "SUSPENDED"));
    let directory = &desk.okta.directory;
    let org = directory.org(&desk.reader).await.unwrap();
    assert_eq!(org.id, "00oContosoOrg00005d7");
    let admins = directory.usable_super_admins(&desk.reader).await.unwrap();
    let ids: Vec<&str> = admins.iter().map(oust::model::UserId::as_str).collect();
    assert!(
        ids.contains(&ALEX) && ids.contains(&SERVICE_USER),
        "{ids:?}"
    );
    assert!(!ids.contains(&PRIYA), "suspended: {ids:?}");
    let own = directory.own_principal(&desk.reader).await.unwrap();
    assert_eq!(own.unwrap().as_str(), SERVICE_USER);
    let alex = desk.subject(ALEX_LOGIN).await;
    let agents = directory.agents_of(&desk.reader, &[alex]).await.unwrap();
    assert_eq!(agents[0].len(), 1);
    assert_eq!(agents[0][0].kind, "Okta AD Agent");
    for part in directory.snapshot_parts() {
        let value = directory
            .snapshot(&desk.reader, &oust::model::UserId::new(ALEX), part)
            .await;
        assert!(value.is_ok_and(|value| !value.is_null()), "{part}");
    }
    assert!(desk.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_id_is_nobody_and_a_name_without_end_is_cut() {
    let long = "x".repeat(5_000);
    let desk = Desk::of(World::contoso(now_ms()).user(ALEX_LOGIN, |alex| {
        for factor in alex.factors.values_mut() {
            factor.name.clone_from(&long);
        }
    }));
    let planned = desk
        .plan("delete_factors", ALEX_LOGIN, serde_json::json!({}))
        .await;
    assert!(
        planned
            .changes
            .iter()
            .all(|c| c.target.label.len() <= 100 && c.sentence.len() < 600)
    );

    let body = r#"{ "status": "ACTIVE", "profile": { "login": "alex@contoso.example" } }"#;
    let answer = oust_mocks::FaultKind::Status {
        code: 200,
        body: body.into(),
    };
    desk.fault("GET", "/api/v1/users/", answer);
    let found = desk.okta.directory.resolve(&desk.reader, ALEX_LOGIN).await;
    assert!(
        matches!(found, Err(ResolveError::Unread { .. })),
        "{found:?}"
    );
}
