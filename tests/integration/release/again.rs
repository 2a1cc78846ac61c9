//! A release that did not come off, and is gone on with.

use oust::model::{OutcomeKind, Verdict};

use super::story::{Story, alarm, speaks_of_no_containment};

#[tokio::test(start_paused = true)]
async fn if_the_password_step_is_refused_he_is_shut_out_again_and_it_is_said() {
    let mut story = Story::at_okta().await;
    story.faults("okta POST reset_password=forbidden");
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert_eq!(story.status(), "SUSPENDED");
    assert!(
        alarm(&told.report, "shut_again"),
        "{:?}",
        told.report.findings
    );
    speaks_of_no_containment(&told);
    // Somebody grants what was missing.
    story.faults("");
    let told = story.resume().await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    assert_eq!(story.status(), "RECOVERY");
}

#[tokio::test(start_paused = true)]
async fn an_account_open_under_its_old_password_is_said_as_loud_as_can_be() {
    let mut story = Story::at_okta().await;
    story.faults("okta POST reset_password=forbidden,okta POST lifecycle/suspend=forbidden");
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert_eq!(story.status(), "ACTIVE");
    assert!(
        alarm(&told.report, "open_with_old_password"),
        "{:?}",
        told.report.findings
    );
    story.faults("");
    let told = story.resume().await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    assert_eq!(story.status(), "RECOVERY");
}

#[tokio::test(start_paused = true)]
async fn services_stay_shut_when_the_password_step_fails() {
    let mut story = Story::contained().await;
    story.faults("okta POST reset_password=forbidden");
    let before = story.writes();
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    let writes = story.writes_since(before);
    assert!(
        writes.iter().all(|line| line.starts_with("okta")),
        "{writes:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_locks_the_account_after_a_release_is_not_overruled_by_a_resume() {
    let mut story = Story::at_okta().await;
    story.release().await;
    story
        .range()
        .okta
        .users
        .get_mut(oust_mocks::world::ALEX)
        .unwrap()
        .status = "SUSPENDED".into();
    let before = story.writes();
    story.resume().await;
    let writes = story.writes_since(before);
    assert!(
        writes.iter().all(|line| !line.contains("/lifecycle/")),
        "{writes:?}"
    );
    assert_eq!(story.status(), "SUSPENDED");
}

#[tokio::test(start_paused = true)]
async fn if_he_cannot_be_let_in_the_password_step_is_not_sent() {
    let mut story = Story::at_okta().await;
    story.faults("okta POST unsuspend=forbidden");
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    let unsent = told.changes(|each| {
        matches!(
            each.outcome.as_ref().map(|outcome| &outcome.kind),
            Some(OutcomeKind::Failed { why, .. }) if why.contains("not sent")
        )
    });
    assert_eq!(unsent.len(), 1, "{unsent:?}");
    assert_eq!(story.status(), "SUSPENDED");
}
