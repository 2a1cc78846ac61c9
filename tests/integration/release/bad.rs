//! Runs that cannot be given back: each says why, and writes nothing.

use oust::engine::ReleaseError;
use oust::model::{Scope, Verdict};
use oust_mocks::world::ALEX;

use super::story::{LOOKED_AT, Story, screen};

#[tokio::test(start_paused = true)]
async fn a_run_that_is_none_to_give_back_is_refused_in_words() {
    let mut story = Story::at_okta().await;
    let whole = story.contained.clone();
    let before = story.writes();

    story.contained.first_write_at = None;
    let why = story.plan(&[]).await.unwrap_err();
    assert!(matches!(why, ReleaseError::WroteNothing { .. }), "{why}");

    story.contained = whole.clone();
    story.contained.closed_at = None;
    let why = story.plan(&[]).await.unwrap_err();
    assert!(
        why.hint().contains("oust runs resume r_lab"),
        "{}",
        why.hint()
    );

    story.contained = oust::ledger::RunState::default();
    let why = story.plan(&[]).await.unwrap_err();
    assert!(matches!(why, ReleaseError::Unrecorded { .. }), "{why}");

    story.contained = whole.clone();
    let mut plan = (*whole.plan.clone().unwrap()).clone();
    plan.org_id = "00oELSE".into();
    story.contained.plan = Some(plan.into());
    let why = story.plan(&[]).await.unwrap_err();
    assert!(matches!(why, ReleaseError::OtherOrg { .. }), "{why}");
    assert!(why.hint().contains("--state"), "{}", why.hint());

    story.contained = whole;
    let scope = Scope {
        only: vec!["jira".into()],
        skip: Vec::new(),
    };
    let why = story.plan_in(&[], scope).await.unwrap_err().to_string();
    assert_eq!(why, "no system is called `jira`");
    assert_eq!(story.writes(), before);
}

#[tokio::test(start_paused = true)]
async fn a_release_is_not_given_back_and_not_made_twice() {
    let mut story = Story::at_okta().await;
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    let why = story.plan(LOOKED_AT).await.unwrap_err();
    assert!(matches!(why, ReleaseError::Released { .. }), "{why}");
    story.contained = story.earlier.pop().unwrap();
    let why = story.plan(LOOKED_AT).await.unwrap_err();
    assert!(matches!(why, ReleaseError::IsRelease { .. }), "{why}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_gone_is_given_nothing_back() {
    let mut story = Story::at_okta().await;
    story.range().okta.users.get_mut(ALEX).unwrap().status = "DEPROVISIONED".into();
    let why = story.plan(LOOKED_AT).await.unwrap_err().to_string();
    assert!(why.contains("deactivated since"), "{why}");
    story.range().okta.users.remove(ALEX);
    let why = story.plan(LOOKED_AT).await.unwrap_err().to_string();
    assert!(why.contains("deleted since"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn an_account_with_another_name_is_the_same_account() {
    let mut story = Story::at_okta().await;
    let now = story.lab.clock.now().millis();
    story
        .range()
        .okta
        .rename_by_hand(ALEX, "lex@contoso.example", now);
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(
        screen(&plan).contains("called lex@contoso.example by now"),
        "{}",
        screen(&plan)
    );
    let told = story.carry_out(plan).await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
}
