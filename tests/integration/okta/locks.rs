//! Who let an account in or kept it out, as the log tells it.

use oust::connector::LockAct;
use oust::model::{UserId, Utc};
use oust_mocks::okta::Okta;
use oust_mocks::world::{ALEX, CLIENT_ID, PRIYA, QUARANTINE_GROUP};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::{Org, now_ms};

async fn locks(desk: &Desk, who: &[&str], since: i64) -> Result<Vec<LockAct>, String> {
    let who: Vec<UserId> = who.iter().map(|id| UserId::new(*id)).collect();
    let since = Utc::from_millis(since);
    let directory = &desk.okta.directory;
    directory.locks_since(&desk.reader, &who, since).await
}

#[tokio::test(start_paused = true)]
async fn a_suspension_of_ours_and_who_took_it_back_are_told_in_order() {
    let key = KeyPair::es256("k");
    let jwk = key.public_jwk.clone();
    let world = World::contoso(now_ms()).client(CLIENT_ID, jwk, &World::all_scopes());
    let mut by_app = Org::new(world);
    let app = by_app.by_key(&key);
    for desk in [Desk::contoso(), Desk::with(by_app, app)] {
        let before = desk.org.at_ms();
        let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
        desk.apply(&change).await;
        desk.org.wait(5).await;
        let later = desk.org.at_ms();
        assert!(desk.org.range().okta.unsuspend_by_hand(ALEX, PRIYA, later));

        let acts = locks(&desk, &[ALEX], before).await.unwrap();
        assert_eq!(acts.len(), 2, "{acts:?}");
        assert!(acts[0].locks && acts[0].ours && !acts[0].by_job);
        assert_eq!(acts[0].what, "suspended");
        assert!(!acts[1].locks && !acts[1].ours && !acts[1].by_job);
        assert_eq!(acts[1].what, "unsuspended");
        assert_eq!(acts[1].by, "priya@contoso.example");
        assert_eq!(acts[1].by_id, PRIYA);
        assert!(acts[0].at < acts[1].at);
        assert_eq!(
            locks(&desk, &[ALEX], later).await.unwrap().len(),
            1,
            "not what was before"
        );
        assert!(
            locks(&desk, &["00u8KSGNDz7R3c9db5d7"], before)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_is_told_from_a_person() {
    let desk = Desk::contoso();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    desk.apply(&change).await;
    desk.org.wait(5).await;
    let later = desk.org.at_ms();
    let gave_back = desk
        .org
        .range()
        .okta
        .unsuspend_by_hand(ALEX, Okta::IMPORT, later);
    assert!(gave_back);
    let acts = locks(&desk, &[ALEX], later).await.unwrap();
    assert!(acts[0].by_job, "{acts:?}");
    assert_eq!(acts[0].what, "unsuspended by an import or a job");
    assert!(!acts[0].ours);
}

#[tokio::test(start_paused = true)]
async fn quarantine_counts_where_it_is_the_lock_and_other_groups_do_not() {
    let world = World::contoso(now_ms()).status(ALEX_LOGIN, "LOCKED_OUT");
    let desk = Desk::configured(world, &json!({ "quarantine_group": QUARANTINE_GROUP }));
    let before = desk.org.at_ms();
    let change = desk.change("quarantine_user", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    desk.org.wait(5).await;
    let undo = desk.inverse(&done);
    desk.apply(&undo[0]).await;
    let acts = locks(&desk, &[ALEX], before).await.unwrap();
    let words: Vec<(&str, bool)> = acts.iter().map(|a| (a.what.as_str(), a.locks)).collect();
    assert_eq!(
        words,
        [("quarantined", true), ("taken out of quarantine", false)]
    );

    let plain = Desk::of(World::contoso(now_ms()));
    plain.org.range().handle(
        "okta",
        &oust_mocks::Request::new(
            "PUT",
            &format!("/api/v1/groups/{QUARANTINE_GROUP}/users/{ALEX}"),
        )
        .with_header(
            "authorization",
            &format!("SSWS {}", oust_mocks::world::SSWS_SECRET),
        ),
        now_ms(),
    );
    let acts = locks(&plain, &[ALEX], now_ms() - 1).await.unwrap();
    assert!(acts.is_empty(), "no group is the quarantine here: {acts:?}");
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_no_act_and_what_cannot_be_read_is_said() {
    let desk = Desk::contoso();
    let at = desk.org.at_ms();
    let failed = json!({
        "uuid": "5c0b1f3e-0000-4000-8000-00000000000a",
        "published": Utc::from_millis(at).to_string(),
        "eventType": "user.lifecycle.unsuspend",
        "outcome": { "result": "FAILURE" },
        "actor": { "id": PRIYA, "type": "User", "alternateId": "priya@contoso.example" },
        "target": [{ "id": ALEX, "type": "User" }],
    });
    let nameless = json!({
        "uuid": "5c0b1f3e-0000-4000-8000-00000000000b",
        "published": Utc::from_millis(at).to_string(),
        "eventType": "user.lifecycle.unsuspend",
        "outcome": { "result": "SUCCESS" },
        "actor": { "id": "unknown", "type": "User", "alternateId": "unknown" },
        "target": [{ "id": ALEX, "type": "User" }],
    });
    {
        let mut range = desk.org.range();
        range.okta.tell(failed, 0);
        range.okta.tell(nameless.clone(), 0);
        range.okta.tell(nameless, 0);
    }
    desk.org.wait(1).await;
    let acts = locks(&desk, &[ALEX], at).await.unwrap();
    assert_eq!(acts.len(), 1, "one event, told twice: {acts:?}");
    assert_eq!(acts[0].by, "somebody whom the log does not name");
    assert_eq!(acts[0].by_id, "");

    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    let why = locks(&desk, &[ALEX], at).await.unwrap_err();
    assert!(why.contains("403"), "{why}");
}
