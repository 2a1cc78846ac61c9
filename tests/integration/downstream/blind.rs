//! A service that answers no question: who is there is the directory's word, and what was done is
//! never read back.

use oust::model::{SystemId, Verdict};
use oust_mocks::{gtr, world};

use super::story::{ALEX, Story, Told};
use crate::lab::services::contoso;

#[tokio::test(start_paused = true)]
async fn who_is_not_there_by_the_directory_s_word_is_left_alone() {
    let story = Story::of(contoso());
    let told = story.contain(story.request(&["kim@contoso.example"])).await;
    assert!(told.identity("gtr").contains("NoAccount"));
    assert_eq!(told.at("gtr").verdict, Verdict::Contained);
    assert_eq!(story.writes_at("gtr"), Vec::<String>::new());
}

/// Whoever takes an assignment away keeps the session: the log says that he signed in.
#[tokio::test(start_paused = true)]
async fn who_signed_in_there_is_not_gone_because_the_app_is_not_assigned_any_more() {
    let unassigned = contoso().with(|okta| {
        let alex = okta.users.get_mut(world::ALEX).unwrap();
        assert!(alex.apps.remove(gtr::APP).is_some());
    });
    let story = Story::of(unassigned);
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(told.at("gtr").verdict, Verdict::Partial, "{}", told.screen);
    assert!(told.screen.contains("--identity"), "{}", told.screen);
    others_are_contained(&told);
}

/// The app knows nobody by what Okta calls him there: never "nothing to do".
#[tokio::test(start_paused = true)]
async fn an_app_that_knows_nobody_by_his_id_leaves_the_run_open() {
    let story = Story::of(contoso().without_account("gtr", ALEX));
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(told.at("gtr").verdict, Verdict::Partial, "{}", told.screen);
    assert!(told.screen.contains("knows nobody"), "{}", told.screen);
    others_are_contained(&told);
}

/// Nothing is asked there while a plan is made: an endpoint that hangs is met by the write alone.
#[tokio::test(start_paused = true)]
async fn an_app_that_is_silent_while_it_is_planned_is_not_noticed_then_and_contained() {
    let story = Story::of(contoso()).faults("gtr=hang:5");
    let told = story.contain(story.request(&[ALEX])).await;
    assert!(told.skips("gtr").is_empty());
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    assert_eq!(told.at("gtr").unproven, 1);
    assert_eq!(story.range().holds(ALEX), Vec::<String>::new());
}

fn others_are_contained(told: &Told) {
    for each in &told.report.systems {
        let here = each.id == SystemId::new("gtr");
        assert!(here || each.verdict == Verdict::Contained, "{}", each.id);
    }
}
