//! Who somebody is at Google, and who we are.

use oust::model::{Identity, KeyKind};
use oust_mocks::accounts::google_id;
use oust_mocks::google::{ADMIN, CUSTOMER};
use serde_json::json;

use super::desk::{ALEX, Desk, KIM, contoso};

fn alex() -> Identity {
    Identity::Found {
        id: google_id(ALEX),
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_is_found_by_id_primary_address_or_alias() {
    let world = contoso().google_user(ALEX, |user| {
        user.aliases.push("a.rivera@contoso.example".into());
        user.recovery_email = Some("somebody@contoso.example".into());
    });
    let desk = Desk::of(world);
    for (kind, key) in [
        (KeyKind::Id, google_id(ALEX).as_str()),
        (KeyKind::UserName, ALEX),
        (KeyKind::Login, "Alex@Contoso.example"),
        (KeyKind::Login, "A.Rivera@contoso.example"),
    ] {
        assert_eq!(desk.who_by(&[(kind, key)]).await, alex(), "{key}");
    }
    let other = desk
        .who_by(&[(KeyKind::Login, "somebody@contoso.example")])
        .await;
    assert_eq!(
        other,
        Identity::NoAccount,
        "a recovery address is his own to edit"
    );
}

#[tokio::test(start_paused = true)]
async fn no_account_is_told_from_not_being_allowed_to_look() {
    let desk = Desk::of(contoso().without_account("google", KIM));
    assert_eq!(
        desk.who_by(&[(KeyKind::Login, KIM)]).await,
        Identity::NoAccount
    );
    match desk
        .who_by(&[(KeyKind::Login, "alex@partner.example")])
        .await
    {
        Identity::Unread { why } => {
            assert!(why.contains("another customer's"), "{why}");
            assert!(why.contains("alex@partner.example"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    desk.org.range().journal.clear();
    for (kind, key) in [(KeyKind::Login, "alex"), (KeyKind::Id, "google-alex")] {
        assert_eq!(desk.who_by(&[(kind, key)]).await, Identity::NoAccount);
    }
    assert!(desk.entries().is_empty(), "Google has no such keys");
}

#[tokio::test(start_paused = true)]
async fn another_customer_s_people_are_nobody_s() {
    let other = Desk::configured(contoso(), &json!({ "customer": "C99other" }));
    assert_eq!(other.who(ALEX).await, Identity::NoAccount);
    let own = Desk::configured(contoso(), &json!({ "customer": CUSTOMER }));
    assert_eq!(own.who(ALEX).await, alex());
}

#[tokio::test(start_paused = true)]
async fn we_are_the_administrator_whom_we_act_for_and_ask_once() {
    let desk = Desk::of(contoso());
    for _ in 0..3 {
        let own = desk.system.connector.own_ids(&desk.reader).await;
        assert_eq!(own, Ok(vec![google_id(ADMIN)]));
    }
    let entries = desk.entries();
    let looked = entries.iter().filter(|each| each.path.contains(ADMIN));
    assert_eq!(looked.count(), 1);
}
