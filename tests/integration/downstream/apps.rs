//! An app that the subject only signed in to: the log names it, and no assignment tells what it is.

use oust::model::{SystemId, Verdict};
use oust_mocks::{World, world};

use super::story::{ALEX, Story};
use crate::lab::services::{contoso, service};

const SLACK_APP: &str = "0oaJ8ZrclgAhgf6Kg5d7";

/// Alex has no assignment of Slack any more; that he signed in to it stands in the log.
fn unassigned() -> World {
    contoso().with(|okta| {
        let alex = okta.users.get_mut(world::ALEX).unwrap();
        assert!(alex.apps.remove(SLACK_APP).is_some());
    })
}

fn asked_for(story: &Story) -> usize {
    let range = story.range();
    let path = format!("/api/v1/apps/{SLACK_APP}");
    let entries = range.journal.entries();
    entries.iter().filter(|entry| entry.path == path).count()
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_only_signed_in_to_is_told_as_the_service_that_it_is() {
    let mut story = Story::of(unassigned());
    let slack = SystemId::new("slack");
    story.tools.services.retain(|system| system.id != slack);
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(
        told.at("slack").verdict,
        Verdict::Partial,
        "{}",
        told.screen
    );
    assert!(told.identity("slack").contains("Slack (signed in to)"));
    assert_eq!(told.verdict, Verdict::Partial);
    let by_hand: Vec<&str> = told.report.manual.iter().map(|each| &*each.text).collect();
    let as_unknown = by_hand.iter().find(|text| text.contains("Slack"));
    assert_eq!(as_unknown, None);
    assert_eq!(asked_for(&story), 1, "once, and only what is not assigned");
}

#[tokio::test(start_paused = true)]
async fn where_the_service_is_configured_such_an_app_leaves_nothing() {
    let story = Story::of(unassigned());
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(told.at("slack").verdict, Verdict::Contained);
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    let residual = &told.report.subjects[0].residual;
    let apps: Vec<_> = residual
        .iter()
        .filter(|each| each.what.contains("apps that"))
        .collect();
    assert!(
        apps.iter().all(|each| !each.what.contains("Slack")),
        "{apps:?}"
    );
    assert!(!story.writes_at("slack").is_empty());
    assert!(
        told.identity("slack")
            .contains(&(service("slack").id)(ALEX))
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_name_cannot_be_read_may_be_any_service_that_is_not_configured() {
    let rule = format!("okta GET apps/{SLACK_APP}=forbidden");
    let mut story = Story::of(unassigned()).faults(&rule);
    let slack = SystemId::new("slack");
    story.tools.services.retain(|system| system.id != slack);
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(
        told.at("slack").verdict,
        Verdict::Partial,
        "{}",
        told.screen
    );
    let who = told.identity("slack");
    assert!(
        who.contains("which service Slack is could not be read"),
        "{who}"
    );
    assert_eq!(told.at("okta").verdict, Verdict::Contained);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_answer_about_an_app_costs_the_directory_nothing() {
    let well = Story::of(unassigned());
    well.contain(well.request(&[ALEX])).await;
    let rule = format!("okta GET apps/{SLACK_APP}=hang:1000000");
    let story = Story::of(unassigned()).faults(&rule);
    let told = story.contain(story.request(&[ALEX])).await;
    let late = story.evicted().1 - well.evicted().1;
    assert!(late <= 1_000, "{late} ms late");
    // What had been read is not lost for it: everybody is found by his id.
    for vendor in ["m365", "google"] {
        assert_eq!(
            told.at(vendor).verdict,
            Verdict::Contained,
            "{}",
            told.screen
        );
    }
}
