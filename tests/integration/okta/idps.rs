//! Identity providers that an account was linked to within the window are unlinked, some never.

use oust::connector::{CannotUndo, Planned};
use oust::model::{ProofState, Select, Skip};
use oust_mocks::okta::Okta;
use oust_mocks::world::ALEX;
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

const PARTNER: &str = "0oaPartnerIdp00005d7";

fn linked(minutes_ago: i64, more: impl FnOnce(&mut Okta)) -> Desk {
    Desk::of(World::contoso(now_ms()).with(|okta| {
        okta.link_idp_by_hand(ALEX, PARTNER, now_ms() - minutes_ago * 60_000);
        more(okta);
    }))
}

async fn in_window(desk: &Desk) -> Planned {
    let select = Select::InWindow;
    desk.plan_selecting("unlink_idps", ALEX_LOGIN, json!({}), select)
        .await
}

#[tokio::test(start_paused = true)]
async fn a_link_of_the_window_goes_and_an_older_one_stays() {
    let desk = linked(10, |_| {});
    let planned = in_window(&desk).await;
    let sentence = &planned.changes[0].sentence;
    assert!(sentence.contains("Partner SAML (linked 20"), "{sentence}");
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(desk.org.range().okta.user(ALEX).unwrap().idps.is_empty());
    let answer = desk.okta.system.connector.inverse(&done);
    assert!(matches!(answer, Err(CannotUndo::PersonRedoes(_))));

    let desk = linked(79, |_| {});
    let planned = in_window(&desk).await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    assert!(!planned.kept[0].suspect);
}

#[tokio::test(start_paused = true)]
async fn what_his_profile_comes_from_or_he_alone_signs_in_by_is_never_unlinked() {
    let master = linked(10, |okta| {
        okta.idps.get_mut(PARTNER).unwrap().profile_master = true;
    });
    let only = linked(10, |okta| {
        okta.users.get_mut(ALEX).unwrap().provider = "FEDERATION".to_owned();
    });
    for (desk, why) in [(master, "profiles come from it"), (only, "by nothing else")] {
        let all = desk.plan("unlink_idps", ALEX_LOGIN, json!({})).await;
        for planned in [in_window(&desk).await, all] {
            assert!(planned.changes.is_empty(), "{planned:?}");
            let kept = &planned.kept[0];
            assert!(kept.suspect && kept.why.contains(why), "{kept:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_without_a_date_is_left_and_leaves_the_step_open() {
    let desk = linked(10, |_| {});
    desk.fault("GET", "/api/v1/idps/", FaultKind::Forbidden403);
    let planned = in_window(&desk).await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    assert!(matches!(planned.skip, Some(Skip::Unread { .. })));
}
