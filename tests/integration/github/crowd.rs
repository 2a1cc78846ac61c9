//! Tokens of many owners in one list: each is told his own, and nobody another's.

use oust_mocks::World;
use oust_mocks::accounts::github_id;

use super::desk::{Desk, contoso};
use crate::crowd_desk::{is_done, login};

const MANY: usize = 45;

/// Whose tokens there are, by number.
const HOLDERS: [usize; 3] = [3, 20, 33];

/// Each holder has one. Somebody who is not asked about has so many that all do not go on a page.
fn long_list() -> World {
    let world = contoso().crowd_at_services(MANY + 1);
    world.with_github(|github| {
        let at = crate::wire::now_ms() - 60_000;
        let id = |n: usize| github_id(&login(n)).parse().unwrap();
        for n in HOLDERS {
            github.grant(id(n), &format!("token of {n}"), true, at);
        }
        for n in 0..101 {
            github.grant(id(MANY + 1), &format!("script {n}"), true, at);
        }
    })
}

impl Desk {
    /// Who has what to be revoked, and how many lists it took to know.
    async fn holders(&self) -> (Vec<usize>, usize) {
        let who = self.who_of(MANY).await;
        let before = self.requests("/personal-access-tokens");
        let changes = self.changes_for("revoke_fine_grained_tokens", &who).await;
        let has = (1..=MANY).filter(|n| !changes[n - 1].is_empty());
        let lists = self.requests("/personal-access-tokens") - before;
        (has.collect(), lists)
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_tokens_do_not_go_on_a_page_ten_owners_are_listed_at_a_time() {
    let desk = Desk::of(long_list());
    let (has, lists) = desk.holders().await;
    assert_eq!(has, HOLDERS);
    // Who is not in a list is asked about alone until it shows that all ten are heeded.
    assert!(lists <= 8 + 4 + 5 + 40, "{lists}");
    let (has, lists) = desk.holders().await;
    assert_eq!(has, HOLDERS);
    assert!(lists <= 5, "{lists} lists");
}

#[tokio::test(start_paused = true)]
async fn nobody_goes_without_because_github_did_not_heed_all_owners_of_a_list() {
    let world = long_list().with_github(|github| github.settings.owners_heeded = 1);
    let desk = Desk::of(world);
    for _ in 0..2 {
        assert_eq!(desk.holders().await.0, HOLDERS);
    }
}

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
