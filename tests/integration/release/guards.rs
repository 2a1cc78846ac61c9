//! Every guard of a release: what it refuses, what it says, and that a person lifts it.

use oust::engine::is_refused;
use oust::model::{GuardName, GuardReply, Intruder, Plan, Plant, Severity, WindowHow};
use oust_mocks::world::ALEX;

use super::story::{LOOKED_AT, Story, screen};

fn refuses(plan: &Plan, name: GuardName) -> bool {
    let guard = plan.guards.iter().find(|guard| guard.name == name).unwrap();
    !matches!(guard.reply, GuardReply::Passes | GuardReply::Warns { .. })
}

#[tokio::test(start_paused = true)]
async fn what_the_intruder_left_and_what_nobody_decided_about_refuse_it() {
    let mut story = Story::contained().await;
    leave_something(&mut story);
    let before = story.writes();
    let plan = story.plan(&[]).await.unwrap();
    assert!(refuses(&plan, GuardName::PlantedOpen), "{}", screen(&plan));
    assert!(
        refuses(&plan, GuardName::AssignmentsOpen),
        "{}",
        screen(&plan)
    );
    assert!(is_refused(&plan));
    let shown = screen(&plan);
    assert!(shown.contains("changed the policy of everybody"), "{shown}");
    assert!(
        shown.contains("oust release r_lab --lift planted_open="),
        "{shown}"
    );
    assert_eq!(story.writes(), before);
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(!is_refused(&plan));
    let lifted = plan
        .guards
        .iter()
        .filter(|guard| guard.lifted.is_some())
        .count();
    assert_eq!(lifted, 2);
}

/// Something that no read of ours can tell to be gone.
fn leave_something(story: &mut Story) {
    let mut plan = (*story.contained.plan.clone().unwrap()).clone();
    plan.case.intruders.push(Intruder {
        planted: vec![Plant {
            kind: "policy.rule.update".into(),
            what: "changed the policy of everybody".into(),
            target_kind: "PolicyRule".into(),
            target: "0prNOBODYKNOWS".into(),
            name: "Catch-all".into(),
            at: story.lab.clock.now(),
            event: "e1".into(),
            by: "alex@contoso.example".into(),
            severity: Severity::High,
            remedy: None,
        }],
        ..Intruder::default()
    });
    story.contained.plan = Some(plan.into());
}

#[tokio::test(start_paused = true)]
async fn a_window_that_nobody_confirmed_refuses_it() {
    let mut story = Story::at_okta().await;
    let mut plan = (*story.contained.plan.clone().unwrap()).clone();
    plan.case.window.how = WindowHow::Assumed;
    story.contained.plan = Some(plan.into());
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(is_refused(&plan) && refuses(&plan, GuardName::WindowAssumed));
    let lifted = [LOOKED_AT, &[GuardName::WindowAssumed]].concat();
    assert!(!is_refused(&story.plan(&lifted).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_younger_lock_of_somebody_else_s_refuses_it_and_names_him() {
    let mut story = Story::at_okta().await;
    let event = serde_json::json!({
        "uuid": "younger-lock", "eventType": "user.lifecycle.suspend",
        "published": story.lab.clock.now().to_string(),
        "actor": { "id": oust_mocks::world::PRIYA, "type": "User",
                   "alternateId": "priya@contoso.example", "displayName": "Priya" },
        "target": [{ "id": ALEX, "type": "User", "alternateId": "alex@contoso.example" }],
        "outcome": { "result": "SUCCESS" },
    });
    story.range().okta.tell(event, 0);
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(is_refused(&plan), "{}", screen(&plan));
    let shown = screen(&plan);
    assert!(shown.contains("younger than this run's"), "{shown}");
    assert!(shown.contains("suspended by"), "{shown}");
    let lifted = [LOOKED_AT, &[GuardName::YoungerLock]].concat();
    assert!(!is_refused(&story.plan(&lifted).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_refuses_it() {
    let mut story = Story::at_okta().await;
    story.faults("okta GET /api/v1/logs=forbidden");
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(
        is_refused(&plan) && refuses(&plan, GuardName::YoungerLock),
        "{}",
        screen(&plan)
    );
}

#[tokio::test(start_paused = true)]
async fn a_password_that_lives_elsewhere_is_changed_there_first() {
    let world = super::world().user("alex@contoso.example", |alex| {
        alex.provider = "ACTIVE_DIRECTORY".into();
    });
    let mut story = Story::at_okta_in(world).await;
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(
        refuses(&plan, GuardName::PasswordElsewhere),
        "{}",
        screen(&plan)
    );
    let lets_in = plan
        .changes()
        .any(|change| change.action.verb() == "unsuspend_user");
    assert!(!lets_in, "{}", screen(&plan));
    assert!(
        screen(&plan).contains("ACTIVE_DIRECTORY"),
        "{}",
        screen(&plan)
    );
    let lifted = [LOOKED_AT, &[GuardName::PasswordElsewhere]].concat();
    let plan = story.plan(&lifted).await.unwrap();
    let told = story.carry_out(plan).await;
    assert_eq!(
        told.verdict,
        oust::model::Verdict::Released,
        "{}",
        told.screen
    );
    assert_eq!(story.status(), "ACTIVE");
}
