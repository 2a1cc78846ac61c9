//! The whole path: what a takeover's playbook took is given back, and nothing else.

use oust::engine::Younger;
use oust::model::{GuardName, LeftWhy, RunId, Scope, Verdict};
use oust_mocks::world::ALEX;

use super::story::{ALEX_LOGIN, LOOKED_AT, Story, screen, speaks_of_no_containment};
use crate::lab::services::{everybody, services};

#[tokio::test(start_paused = true)]
async fn an_account_is_given_back_with_a_new_password_and_the_services_after_it() {
    let mut story = Story::contained().await;
    let before = story.writes();
    let others = bystanders(&story);
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert_eq!(story.writes(), before, "a plan writes nothing");
    let planned = plan.changes().count();
    let told = story.carry_out(plan).await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    assert_eq!(story.status(), "RECOVERY");
    let writes = story.writes_since(before);
    // All that was planned, but for shutting him out again.
    assert_eq!(writes.len(), planned - 1, "{writes:#?}");
    let ends = |end: &str| writes.iter().position(|line| line.contains(end)).unwrap();
    let (unsuspend, reset, clear) = (
        ends("/unsuspend"),
        ends("/reset_password"),
        ends("/sessions"),
    );
    assert_eq!(
        (reset, clear),
        (unsuspend + 1, unsuspend + 2),
        "{writes:#?}"
    );
    let first_service = writes.iter().position(|line| !line.starts_with("okta"));
    assert!(first_service.unwrap() > clear, "{writes:#?}");
    {
        let range = story.range();
        let id = oust_mocks::accounts::salesforce_id(ALEX_LOGIN);
        let frozen = serde_json::to_value(&range.salesforce.users[&id]).unwrap();
        assert_eq!(frozen["is_frozen"], false, "{frozen}");
        // What a clear has ended stays ended.
        let holds = range.okta.attacker_holds(ALEX);
        assert!(holds.is_empty(), "{holds:?}");
    }
    assert_eq!(bystanders(&story), others, "somebody else was touched");
    // The link was handed over once, and stands nowhere else.
    let handed = story.hands.all();
    assert_eq!(handed.len(), 1);
    use secrecy::ExposeSecret as _;
    let link = handed[0].secret.expose_secret().to_owned();
    assert!(!told.screen.contains(&link));
    assert!(!serde_json::to_string(&told.report).unwrap().contains(&link));
    speaks_of_no_containment(&told);
    assert!(told.screen.contains("RELEASED"), "{}", told.screen);
    assert!(
        told.screen.contains(&format!("oust contain {ALEX}")),
        "{}",
        told.screen
    );
}

/// Everybody but alex.
fn bystanders(story: &Story) -> std::collections::BTreeMap<String, String> {
    let range = story.range();
    let ids = range.okta.users.keys().filter(|id| *id != ALEX);
    let mut all: std::collections::BTreeMap<String, String> = ids
        .map(|id| (id.clone(), range.okta.user_digest(id)))
        .collect();
    all.extend(everybody(&range));
    for service in services() {
        all.remove(&format!("{} {}", service.vendor, (service.id)(ALEX_LOGIN)));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn what_the_intruder_made_is_named_and_not_given_back() {
    let mut story = Story::contained().await;
    let plan = story.plan(LOOKED_AT).await.unwrap();
    let planted: Vec<&str> = plan
        .left_alone
        .iter()
        .filter(|left| matches!(left.why, LeftWhy::Planted { .. }))
        .map(|left| left.what.as_str())
        .collect();
    assert!(
        planted.iter().any(|what| what.contains("inbox rule")),
        "{planted:?}"
    );
    let enables = plan
        .changes()
        .any(|change| change.action.verb() == "enable_inbox_rule");
    assert!(!enables, "{}", screen(&plan));
    let shown = screen(&plan);
    assert!(shown.contains("while the intruder was in"), "{shown}");
    assert!(
        shown.contains("enrols it again, with IT present"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_somebody_undid_since_is_left_alone_with_what_was_seen() {
    let mut story = Story::contained().await;
    let now = story.lab.clock.now().millis();
    story
        .range()
        .okta
        .unsuspend_by_hand(ALEX, oust_mocks::world::PRIYA, now);
    let plan = story.plan(LOOKED_AT).await.unwrap();
    let unsuspends = plan
        .changes()
        .any(|change| change.action.verb() == "unsuspend_user");
    assert!(!unsuspends, "{}", screen(&plan));
    let seen = plan
        .left_alone
        .iter()
        .any(|left| matches!(&left.why, LeftWhy::Changed { seen } if seen.contains("ACTIVE read")));
    assert!(seen, "{:?}", plan.left_alone);
    // He was let in under the old password: it goes before any service is given back.
    let told = story.carry_out(plan).await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    assert_eq!(story.status(), "RECOVERY");
}

#[tokio::test(start_paused = true)]
async fn one_system_is_given_back_by_itself_and_the_rest_later() {
    let mut story = Story::contained().await;
    let okta = Scope {
        only: vec!["okta".into()],
        skip: Vec::new(),
    };
    let plan = story.plan_in(LOOKED_AT, okta).await.unwrap();
    assert!(
        plan.left_out.iter().any(|id| id.as_str() == "salesforce"),
        "{:?}",
        plan.left_out
    );
    let told = story.carry_out(plan).await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    let before = story.writes();
    // The password step was proven by the first: services need no other.
    let told = story.release().await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    let writes = story.writes_since(before);
    assert!(
        !writes.is_empty() && writes.iter().all(|line| !line.starts_with("okta")),
        "{writes:?}"
    );
    let why = story.plan(LOOKED_AT).await.unwrap_err().to_string();
    assert!(
        why.contains("given back already, by r_back1, r_back2"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
async fn services_alone_wait_for_the_password() {
    let mut story = Story::contained().await;
    let scope = || Scope {
        only: vec!["salesforce".into()],
        skip: Vec::new(),
    };
    let plan = story.plan_in(LOOKED_AT, scope()).await.unwrap();
    assert!(oust::engine::is_refused(&plan), "{}", screen(&plan));
    assert!(
        screen(&plan).contains("password_first"),
        "{}",
        screen(&plan)
    );
    let lifted = [LOOKED_AT, &[GuardName::PasswordFirst]].concat();
    let plan = story.plan_in(&lifted, scope()).await.unwrap();
    let told = story.carry_out(plan).await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
    assert_eq!(story.status(), "SUSPENDED");
}

#[tokio::test(start_paused = true)]
async fn what_was_given_back_can_be_contained_again() {
    let mut story = Story::at_okta().await;
    story.release().await;
    // He has a new password.
    story.range().okta.users.get_mut(ALEX).unwrap().status = "ACTIVE".into();
    let mut request = story.lab.request(&[ALEX_LOGIN]);
    request.run = RunId::new("r_again");
    let playbook = crate::lab::shipped("account-takeover");
    let limits = oust::guard::GuardConfig::default();
    let prepared = oust::engine::plan(&story.tools, &playbook, &limits, request)
        .await
        .unwrap();
    let start = story.lab.start(&prepared.plan, prepared.snapshot);
    let run = oust::engine::Run::begin(story.tools.clone(), prepared.plan, start)
        .await
        .unwrap();
    run.carry_out().await;
    assert!(story.range().okta.is_contained(ALEX));
    // From now on the first run gives nothing back over the second one's head.
    story.earlier.clear();
    story.younger = vec![Younger {
        run: RunId::new("r_again"),
        subjects: vec![story.alex()],
    }];
    let plan = story.plan(LOOKED_AT).await.unwrap();
    assert!(oust::engine::is_refused(&plan));
    assert!(
        screen(&plan).contains("contained again by r_again"),
        "{}",
        screen(&plan)
    );
}
