//! Who somebody is in an account, where nobody can be looked up.

use oust::model::{Identity, Key, KeyKind, Lookup, Tri, UserId};
use serde_json::json;

use super::desk::{ALEX, Desk, contoso, found};

async fn who(desk: &Desk, has_app: Tri, keys: &[(KeyKind, &str, Option<&str>)]) -> Identity {
    let keys = keys.iter().map(|(kind, value, doubt)| Key {
        kind: *kind,
        value: (*value).to_owned(),
        doubt: doubt.map(str::to_owned),
    });
    let lookup = Lookup {
        subject: UserId::new("00u1"),
        keys: keys.collect(),
        has_app,
    };
    let connector = &desk.system.connector;
    connector.identify(&desk.reader, &[lookup]).await.remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_trail_s_spelling_wins_and_costs_one_question_for_everybody() {
    let desk = Desk::of(contoso());
    let login = [(KeyKind::Login, "ALEX@contoso.example", None)];
    assert_eq!(who(&desk, Tri::Yes, &login).await, found(ALEX));
    let kim = [(KeyKind::Login, "kim@contoso.example", None)];
    assert_eq!(
        who(&desk, Tri::No, &kim).await,
        found("kim@contoso.example")
    );
    let range = desk.org.range();
    let asked = range
        .journal
        .entries()
        .iter()
        .filter(|e| e.path.ends_with("/LookupEvents"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_app_and_session_there_is_no_account() {
    let desk = Desk::of(contoso());
    let stranger = [(KeyKind::Login, "nobody@contoso.example", None)];
    assert_eq!(who(&desk, Tri::No, &stranger).await, Identity::NoAccount);
    assert_eq!(
        who(&desk, Tri::Yes, &stranger).await,
        found("nobody@contoso.example")
    );
    let blind = Desk::of(contoso().aws_without_permission("cloudtrail:LookupEvents"));
    let is = who(&blind, Tri::No, &stranger).await;
    assert!(matches!(is, Identity::Unread { .. }), "{is:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_changed_in_the_window_is_contested() {
    let desk = Desk::of(contoso());
    let doubted = [(KeyKind::Login, ALEX, Some("his profile was changed"))];
    let is = who(&desk, Tri::Yes, &doubted).await;
    assert!(matches!(is, Identity::Contested { .. }), "{is:?}");
}

/// A partner's provider knows somebody by the very name; the directory's word is not about him.
#[tokio::test(start_paused = true)]
async fn a_partner_s_man_is_not_ours() {
    let partner = || {
        contoso()
            .aws_namesake("nobody@contoso.example")
            .with_aws(|aws| {
                for account in aws.accounts.values_mut() {
                    let mut seen = account
                        .trail
                        .iter()
                        .filter(|e| e.name == "AssumeRoleWithSAML");
                    let Some(mut event) = seen.next().cloned() else {
                        continue;
                    };
                    let text = event.record.to_string();
                    let text = text.replace(":saml-provider/Okta", ":saml-provider/Partner");
                    let text = text.replace("http://www.okta.com/", "https://partner.example/");
                    let text = text.replace(ALEX, "nobody@contoso.example");
                    event.record = serde_json::from_str(&text).unwrap();
                    account.trail.push(event);
                }
            })
    };
    let desk = Desk::of(partner());
    let his = [(KeyKind::Login, "nobody@contoso.example", None)];
    assert_eq!(who(&desk, Tri::No, &his).await, Identity::NoAccount);
    // Unless an admin says that it is.
    let desk = Desk::configured(partner(), &json!({ "saml_providers": ["Partner"] }));
    assert_eq!(
        who(&desk, Tri::No, &his).await,
        found("nobody@contoso.example")
    );
}
