//! Tokens of many owners in one list: each is told his own, and nobody another's.

use oust_mocks::accounts::github_id;

use super::desk::{Desk, contoso};
use crate::crowd_desk::{is_done, login};

const MANY: usize = 45;

#[tokio::test(start_paused = true)]
pub(crate) async fn tokens_of_many_are_listed_ten_owners_at_a_time_and_each_gets_his_own() {
    let world = contoso().crowd_at_services(MANY);
    let world = world.with_github(|github| {
        for n in [3, 20, 33] {
            let id = github_id(&login(n)).parse().unwrap();
            let at = crate::wire::now_ms() - 60_000;
            github
                .grant(id, &format!("token of {n}"), true, at)
                .unwrap();
        }
    });
    let desk = Desk::of(world);
    let who = desk.who_of(MANY).await;
    let lists = || desk.requests("/personal-access-tokens");
    let before = lists();
    let changes = desk.changes_for("revoke_fine_grained_tokens", &who).await;
    let has: Vec<usize> = (1..=MANY).filter(|n| !changes[n - 1].is_empty()).collect();
    assert_eq!(has, [3, 20, 33]);
    for n in has {
        assert_eq!(changes[n - 1].len(), 1);
        assert_eq!(changes[n - 1][0].target.label, format!("token of {n}"));
    }
    // The first eight alone, before it shows that they are many.
    assert!(lists() - before <= 8 + 5, "{} lists", lists() - before);

    let done = desk.applied_side_by_side(&changes).await;
    assert!(done.iter().all(is_done));
    desk.org.wait(120).await;
    assert_eq!(desk.proven(&done).await, 3);
}
