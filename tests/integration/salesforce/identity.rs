//! Who somebody is at Salesforce, and who we are.

use oust::model::{Identity, KeyKind};
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::USERNAME;

use super::desk::{ALEX, Desk, KIM, contoso};

fn alex() -> Identity {
    Identity::Found {
        id: salesforce_id(ALEX),
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_is_found_by_id_federation_id_or_user_name_and_never_by_mail() {
    let desk = Desk::of(contoso());
    let id = salesforce_id(ALEX);
    for (kind, key) in [
        (KeyKind::Id, id.as_str()),
        (KeyKind::Id, &id[..15]),
        (KeyKind::Id, ALEX),
        (KeyKind::UserName, "alex@contoso.example.crm"),
        (KeyKind::Login, "Alex@Contoso.example"),
    ] {
        assert_eq!(desk.who_by(&[(kind, key)]).await, alex(), "{key}");
    }
    let by_mail = contoso().salesforce_user(ALEX, |alex| {
        alex.federation_identifier = None;
        alex.email = "alex.new@contoso.example".into();
    });
    let desk = Desk::of(by_mail);
    for mail in [ALEX, "alex.new@contoso.example"] {
        let who = desk.who_by(&[(KeyKind::Login, mail)]).await;
        assert_eq!(who, Identity::NoAccount, "{mail}");
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn two_people_by_one_name_are_told_and_none_is_chosen() {
    let world = contoso().salesforce_user(KIM, |kim| kim.username = ALEX.into());
    let desk = Desk::of(world);
    let Identity::Ambiguous { candidates } = desk.who_by(&[(KeyKind::Login, ALEX)]).await else {
        panic!("one of two was taken")
    };
    assert_eq!(candidates.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_name_cannot_become_a_query() {
    let desk = Desk::of(contoso());
    for name in [
        "' OR Username != '",
        "x\\' OR Id != '",
        "x' OR FederationIdentifier LIKE '%",
        "alex@contoso.example' --",
        "%",
        "a\u{0}b",
        "\n",
    ] {
        for kind in [KeyKind::Login, KeyKind::UserName, KeyKind::Id] {
            let who = desk.who_by(&[(kind, name)]).await;
            assert_eq!(who, Identity::NoAccount, "{name}");
        }
    }
    let quoted = "o'neil\\@contoso.example";
    let world = contoso().salesforce_user(ALEX, |alex| {
        alex.federation_identifier = Some(quoted.into());
    });
    let who = Desk::of(world).who_by(&[(KeyKind::Login, quoted)]).await;
    assert_eq!(who, alex(), "an honest name with a quote is found");
}

#[tokio::test(start_paused = true)]
async fn no_account_is_told_from_not_being_shown_any() {
    let desk = Desk::of(contoso().without_account("salesforce", KIM));
    assert_eq!(
        desk.who_by(&[(KeyKind::Login, KIM)]).await,
        Identity::NoAccount
    );
    let blind = contoso()
        .without_account("salesforce", KIM)
        .salesforce_without_permission("ManageUsers");
    match Desk::of(blind).who_by(&[(KeyKind::Login, KIM)]).await {
        Identity::Unread { why } => assert!(why.contains("Manage Users"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn we_are_the_integration_user_and_ask_once() {
    let desk = Desk::of(contoso());
    for _ in 0..3 {
        let own = desk.system.connector.own_ids(&desk.reader).await;
        assert_eq!(own, Ok(vec![salesforce_id(USERNAME)]));
    }
    assert_eq!(desk.asked("oust-integration"), 1);
}
