//! Devices of the window are suspended where nobody else uses them, and come back.

use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::world::{ALEX, PRIYA};
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

const PIXEL: &str = "guoPixel90000000005d7";
const MACBOOK: &str = "guoAlexMac000000005d7";

async fn in_window(desk: &Desk) -> oust::connector::Planned {
    let select = Select::InWindow;
    desk.plan_selecting("suspend_devices", ALEX_LOGIN, json!({}), select)
        .await
}

fn status(desk: &Desk, id: &str) -> String {
    desk.org.range().okta.devices[id].status.clone()
}

#[tokio::test(start_paused = true)]
async fn the_intruders_phone_is_suspended_and_the_laptop_stays() {
    let desk = Desk::contoso();
    let planned = in_window(&desk).await;
    assert_eq!(planned.changes.len(), 1, "{planned:?}");
    let change = &planned.changes[0];
    assert_eq!(change.target.id, PIXEL);
    let said = "by alex@contoso.example, event ";
    assert!(change.sentence.contains(said), "{}", change.sentence);
    assert_eq!(planned.kept[0].target.id, MACBOOK);
    assert!(!planned.kept[0].suspect);

    let done = desk.applied(change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(status(&desk, PIXEL), "SUSPENDED");
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let again = in_window(&desk).await;
    assert!(again.changes.is_empty(), "{again:?}");
    let back = desk.applied(&desk.inverse(&done)[0]).await;
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
    assert_eq!(status(&desk, PIXEL), "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_others_use_or_that_is_not_active_is_kept_and_named() {
    let desk = Desk::of(World::contoso(now_ms()).with(|okta| {
        let pixel = okta.devices.get_mut(PIXEL).unwrap();
        pixel.users.insert(PRIYA.to_owned());
        okta.devices.get_mut(MACBOOK).unwrap().status = "DEACTIVATED".to_owned();
    }));
    let planned = desk.plan("suspend_devices", ALEX_LOGIN, json!({})).await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    let why = |id: &str| {
        let kept = planned.kept.iter().find(|kept| kept.target.id == id);
        kept.map(|kept| (kept.why.as_str(), kept.suspect)).unwrap()
    };
    let shared = "priya@contoso.example would lose it, too";
    assert_eq!(why(PIXEL), (shared, true));
    assert_eq!(why(MACBOOK), ("it is DEACTIVATED", false));
    assert!(planned.skip.is_some_and(|skip| skip.is_closed()));
}

#[tokio::test(start_paused = true)]
async fn who_else_uses_a_device_unread_leaves_it_and_the_step_open() {
    let desk = Desk::contoso();
    desk.fault("GET", "/devices/guo", FaultKind::Forbidden403);
    let planned = in_window(&desk).await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn classic_engine_has_no_devices_to_suspend() {
    let desk = Desk::of(World::contoso(now_ms()).without_oie());
    let planned = in_window(&desk).await;
    let Some(Skip::Unsupported { why }) = &planned.skip else {
        panic!("{planned:?}");
    };
    assert!(why.contains("Classic Engine"), "{why}");
    assert!(desk.org.range().okta.user(ALEX).is_some());
}
