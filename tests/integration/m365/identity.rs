//! Who somebody is: exactly one account that points back, or nobody.

use oust::model::{Identity, KeyKind};
use oust_mocks::accounts::m365_id;
use oust_mocks::{FaultKind, m365};

use super::{ALEX, contoso, desk, desk_with};
use base64::Engine as _;

fn found(login: &str) -> Identity {
    Identity::Found { id: m365_id(login) }
}

#[tokio::test(start_paused = true)]
async fn by_object_id_immutable_id_user_name_and_address() {
    let desk = desk(contoso().m365_user(ALEX, |user| user.upn = "a.smith@contoso.example".into()));
    let id = m365_id(ALEX);
    let immutable = base64::engine::general_purpose::STANDARD.encode(&id[..16]);
    for (kind, key) in [
        (KeyKind::Id, id.as_str()),
        (KeyKind::Id, immutable.as_str()),
        (KeyKind::UserName, "A.Smith@contoso.example"),
        (KeyKind::Login, ALEX),
    ] {
        assert_eq!(desk.who_by(&[(kind, key)]).await, found(ALEX), "{key}");
    }
    let own = desk.system.connector.own_ids(&desk.reader).await;
    assert_eq!(own, Ok(Vec::new()), "an app is no user");
}

#[tokio::test(start_paused = true)]
async fn half_a_name_a_stranger_and_an_absent_account_are_nobody() {
    let plain = desk(contoso());
    for (kind, key) in [
        (KeyKind::Login, "alex"),
        (KeyKind::Login, "ale"),
        (KeyKind::Login, "nobody@contoso.example"),
        (KeyKind::Login, "o'hara' or mail ne '@contoso.example"),
        (KeyKind::UserName, "$x@contoso.example"),
        (KeyKind::UserName, &m365_id(ALEX)),
        (KeyKind::Id, ALEX),
        (KeyKind::Id, &m365_id("nobody@contoso.example")),
    ] {
        let who = plain.who_by(&[(kind, key)]).await;
        assert_eq!(who, Identity::NoAccount, "{key}");
    }
    let gone = desk(contoso().without_account("m365", ALEX));
    assert_eq!(gone.who(ALEX).await, Identity::NoAccount);
    let id = m365_id(ALEX);
    assert_eq!(
        gone.who_by(&[(KeyKind::Id, &id)]).await,
        Identity::NoAccount
    );
}

#[tokio::test(start_paused = true)]
async fn two_with_one_address_are_told_and_the_user_name_comes_before_it() {
    let two = contoso().same_mail("m365", ALEX, "robin@contoso.example");
    let by_name = desk(two);
    assert_eq!(by_name.who(ALEX).await, found(ALEX));

    let two = contoso()
        .same_mail("m365", ALEX, "robin@contoso.example")
        .m365_user(ALEX, |user| user.upn = "a.smith@contoso.example".into());
    let Identity::Ambiguous { candidates } = desk(two).who(ALEX).await else {
        panic!("one of two was taken")
    };
    assert_eq!(candidates.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_found_by_the_name_with_a_hash_in_it() {
    let desk = desk(contoso().m365_guest(ALEX));
    let upn = desk.person(ALEX).upn;
    assert!(upn.contains("#EXT#"));
    assert_eq!(desk.who_by(&[(KeyKind::UserName, &upn)]).await, found(ALEX));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_no_absence() {
    let without = desk(
        contoso()
            .m365_without_permission("User.Read.All")
            .m365_without_permission("Directory.Read.All"),
    );
    let Identity::Unread { why } = without.who(ALEX).await else {
        panic!("a refusal was taken for an answer")
    };
    assert!(why.contains("lacks User.Read.All"), "{why}");

    let empty = desk(contoso());
    empty.fault("GET", "/users", FaultKind::TruncatedJson);
    assert_eq!(empty.who(ALEX).await, found(ALEX), "asked again");
}

#[tokio::test(start_paused = true)]
async fn a_second_tenant_has_its_own_credential() {
    let reader = desk_with(
        contoso(),
        &serde_json::json!({ "client_id": m365::READER_CLIENT_ID }),
    );
    let Identity::Unread { why } = reader.who(ALEX).await else {
        panic!("another app's secret was taken")
    };
    assert!(why.contains("7000215"), "{why}");
}
