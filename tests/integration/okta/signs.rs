//! Signs of life: what the log shows of an account after it was closed.

use oust::model::{UserId, Utc};
use oust_mocks::world::{ALEX, CLIENT_ID, PRIYA};
use oust_mocks::{FaultKind, KeyPair, Request, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::{Org, now_ms};

async fn seen(desk: &Desk, since: i64) -> Vec<String> {
    let since = [(UserId::new(ALEX), Utc::from_millis(since))];
    let signs = desk
        .okta
        .directory
        .signs_of_life(&desk.reader, &since)
        .await;
    assert_eq!(signs.unread, None);
    assert!(signs.read_until.is_some());
    signs.seen.into_iter().map(|sign| sign.what).collect()
}

#[tokio::test(start_paused = true)]
async fn our_own_acts_and_what_was_before_are_no_signs_of_life() {
    let desk = Desk::contoso();
    let at = desk.org.at_ms();
    for verb in ["clear_sessions", "suspend_user"] {
        let change = desk.change(verb, ALEX_LOGIN, json!({})).await;
        desk.apply(&change).await;
    }
    desk.org.wait(5).await;
    // A failed sign-in is a knock on the door, not a way in.
    let later = desk.org.at_ms();
    assert_eq!(desk.org.range().okta.sign_in_as_attacker(ALEX, later), None);
    assert_eq!(seen(&desk, at).await, Vec::<String>::new());
    assert_eq!(desk.reads_of("/api/v1/logs"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_intruder_who_comes_back_is_seen_whatever_he_calls_himself() {
    let desk = Desk::contoso();
    let at = desk.org.at_ms();
    desk.org.wait(5).await;
    let later = desk.org.at_ms();
    {
        let mut range = desk.org.range();
        assert!(range.okta.sign_in_as_attacker(ALEX, later).is_some());
        range.okta.mint_api_token_by_hand(ALEX, "again", later);
    }
    let what = seen(&desk, at).await.join("\n");
    for kind in [
        "user.session.start",
        "auth_via_mfa",
        "system.api_token.create",
    ] {
        assert!(what.contains(kind), "{what}");
    }
    assert!(
        seen(&desk, later).await.is_empty(),
        "strictly after the moment"
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_who_gives_the_account_back_is_seen() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    desk.apply(&change).await;
    let at = desk.org.at_ms();
    desk.org.wait(5).await;
    let later = desk.org.at_ms();
    assert!(desk.org.range().okta.unsuspend_by_hand(ALEX, PRIYA, later));
    let what = seen(&desk, at).await;
    assert_eq!(what.len(), 1);
    assert!(what[0].starts_with("user.lifecycle.unsuspend"), "{what:?}");
}

#[tokio::test(start_paused = true)]
async fn giving_the_account_back_ourselves_is_no_sign_of_life() {
    let key = KeyPair::es256("k");
    let jwk = key.public_jwk.clone();
    let world = World::contoso(now_ms()).client(CLIENT_ID, jwk, &World::all_scopes());
    let mut by_app = Org::new(world);
    let app = by_app.by_key(&key);
    for desk in [Desk::contoso(), Desk::with(by_app, app)] {
        let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
        let done = desk.applied(&change).await;
        let at = desk.org.at_ms();
        desk.org.wait(5).await;
        assert!(desk.apply(&desk.inverse(&done)[0]).await.kind.is_good());
        assert_eq!(seen(&desk, at).await, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_token_of_his_that_still_works_is_a_sign_of_life() {
    let desk = Desk::contoso();
    let at = desk.org.at_ms();
    desk.org.wait(5).await;
    let later = desk.org.at_ms();
    let kim = "/api/v1/users/00u8KSGNDz7R3c9db5d7/sessions";
    let by_intruder = Request::new("DELETE", kim)
        .with_header(
            "authorization",
            "SSWS 00CiBackupSecretOfTheIntruder0000000000mock",
        )
        .with_header("user-agent", "oust/0.1.0 run=r_test");
    desk.org.range().handle("okta", &by_intruder, later);
    let what = seen(&desk, at).await;
    assert_eq!(what.len(), 1, "{what:?}");
    assert!(
        what[0].starts_with("user.session.clear"),
        "our user agent hides nobody"
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_said_and_many_subjects_take_one_read() {
    let desk = Desk::of(World::contoso(now_ms()).crowd(50));
    let at = Utc::from_millis(desk.org.at_ms());
    let crowd: Vec<(UserId, Utc)> = (1..=50)
        .map(|n| (UserId::new(format!("00uCrowd{n:09}5d7")), at))
        .collect();
    desk.org.wait(5).await;
    let later = desk.org.at_ms();
    assert!(
        desk.org
            .range()
            .okta
            .sign_in_as_attacker("00uCrowd0000000075d7", later)
            .is_some()
    );
    let signs = desk
        .okta
        .directory
        .signs_of_life(&desk.reader, &crowd)
        .await;
    assert!(
        signs
            .seen
            .iter()
            .all(|sign| sign.subject.as_str() == "00uCrowd0000000075d7")
    );
    assert!(!signs.seen.is_empty());
    assert_eq!(desk.reads_of("/api/v1/logs"), 1);

    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    let signs = desk
        .okta
        .directory
        .signs_of_life(&desk.reader, &crowd)
        .await;
    assert!(signs.unread.unwrap().contains("403"));
}
