//! Which of two systems an app of the directory leads to: what `apps:` says, what the catalogue
//! name leaves open, and that an id which one system knows names nobody at the other.

use oust::model::{Identity, SystemId, Verdict};
use oust_mocks::okta::state::App;
use oust_mocks::{World, world};

use super::two::{ALEX, Two, alex_at, second, writes};
use crate::lab::services::{contoso, everybody, service};

/// The first Slack app of Contoso's Okta, as the mocks have it, and one for the second tenant.
const SECOND_APP: &str = "0oaSecondSlack00005d7";

fn slack_app(world: &World) -> String {
    let okta = &oust_mocks::Range::new(world.clone(), 1).okta;
    let mut apps = okta.apps.values();
    apps.find(|app| app.name == "slack").unwrap().id.clone()
}

/// Alex is assigned a second Slack app, which knows this id of him.
fn with_second_app(world: World, external_id: Option<&str>) -> World {
    let first = slack_app(&world);
    let external_id = external_id.map(str::to_owned);
    world.with(|okta| {
        let app = App {
            id: SECOND_APP.into(),
            label: "Slack US".into(),
            ..okta.apps[&first].clone()
        };
        okta.apps.insert(app.id.clone(), app);
        let alex = okta.users.get_mut(world::ALEX).unwrap();
        let mut assigned = alex.apps[&first].clone();
        assigned.external_id = external_id;
        alex.apps.insert(SECOND_APP.into(), assigned);
    })
}

/// In this world alex's id at Slack is morgan's, and alex has another address there.
fn alex_is_morgan(world: World) -> World {
    world.with_slack(|slack| {
        let member = slack.members.get_mut(&alex_at("slack")).unwrap();
        member.email = "m.novak@contoso.example".into();
        member.user_name = "m.novak".into();
    })
}

fn slacks(two: Two) -> Two {
    two.with_only(&["slack:eu", "slack:us"])
}

fn identity(plan: &oust::model::Plan, system: &str) -> Identity {
    let mut systems = plan.systems.iter();
    let here = systems.find(|each| each.id.as_str() == system).unwrap();
    here.identities[0].1.clone()
}

#[tokio::test(start_paused = true)]
async fn an_id_that_an_app_of_one_system_knows_names_nobody_at_the_other() {
    let two = slacks(Two::of(contoso(), alex_is_morgan(second())));
    let before = everybody(&two.second());
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(everybody(&two.second()), before, "somebody was touched");
    assert_eq!(told.at("slack:eu").verdict, Verdict::Contained);
    // One app, and it was found where it leads: nobody is missing at the other.
    assert_eq!(told.at("slack:us").verdict, Verdict::Contained);
    assert!(told.identity("slack:us").contains("NoAccount"));
    assert!(!told.identity("slack:eu").contains("NoAccount"));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_found_nowhere_is_open_and_a_person_is_told_whom_it_may_mean() {
    let two = slacks(Two::of(
        alex_is_morgan(contoso()),
        second().without_account("slack", ALEX),
    ));
    let before = everybody(&two.first());
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(everybody(&two.first()), before, "somebody was touched");
    assert_ne!(told.verdict, Verdict::Contained);
    for system in ["slack:eu", "slack:us"] {
        assert_eq!(told.at(system).verdict, Verdict::Partial, "{}", told.screen);
        assert!(
            told.identity(system)
                .contains("may lead to slack:eu or slack:us")
        );
    }
    assert!(told.identity("slack:eu").contains(&alex_at("slack")));
    assert!(!told.identity("slack:us").contains(&alex_at("slack")));
    assert!(told.screen.contains("say under `apps:` which"));
}

#[tokio::test(start_paused = true)]
async fn what_apps_says_is_believed_and_the_id_settles_him_there() {
    let app = slack_app(&contoso());
    let two = slacks(Two::of(alex_is_morgan(contoso()), second())).apps(&[(&app, "slack:eu")]);
    let plan = two.plan(two.request(&[ALEX])).await;
    let id = alex_at("slack");
    assert_eq!(identity(&plan, "slack:eu"), Identity::Found { id });
    // At the other he is looked up by his login, and nothing the app knows.
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(told.at("slack:us").verdict, Verdict::Contained);
    assert!(!writes(&two.second(), "slack").is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_apps_and_one_account_leave_the_other_open() {
    let world = || with_second_app(contoso(), Some("W0ELSEWHERE"));
    let two = slacks(Two::of(world(), second().without_account("slack", ALEX)));
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(told.at("slack:eu").verdict, Verdict::Contained);
    assert_eq!(
        told.at("slack:us").verdict,
        Verdict::Partial,
        "{}",
        told.screen
    );

    let two = slacks(Two::of(world(), second()));
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(
        told.at("slack:us").verdict,
        Verdict::Contained,
        "{}",
        told.screen
    );
    assert_eq!(told.at("slack:eu").verdict, Verdict::Contained);
}

/// Both systems have their app, and there is a third one of the same kind.
#[tokio::test(start_paused = true)]
async fn an_app_beyond_those_that_apps_names_is_not_passed_over() {
    let first = slack_app(&contoso());
    let third = |okta: &mut oust_mocks::okta::Okta| {
        let app = App {
            id: "0oaThirdSlack000005d7".into(),
            label: "Slack Labs".into(),
            ..okta.apps[SECOND_APP].clone()
        };
        let alex = okta.users.get_mut(world::ALEX).unwrap();
        let mut assigned = alex.apps[SECOND_APP].clone();
        assigned.external_id = Some("W0THIRD".into());
        alex.apps.insert(app.id.clone(), assigned);
        okta.apps.insert(app.id.clone(), app);
    };
    let world = with_second_app(contoso(), Some(&alex_at("slack"))).with(third);
    let two =
        slacks(Two::of(world, second())).apps(&[(&first, "slack:eu"), (SECOND_APP, "slack:us")]);
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(told.at("slack:eu").verdict, Verdict::Contained);
    assert_eq!(told.at("slack:us").verdict, Verdict::Contained);
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert_eq!(told.at("slack:?").verdict, Verdict::Partial);
    assert!(told.screen.contains("Slack Labs"), "{}", told.screen);
}

/// One system, and two apps of its kind that know different ids of him: one of them may be
/// another tenant's word for somebody else.
#[tokio::test(start_paused = true)]
async fn two_ids_of_one_kind_are_not_tried_one_after_the_other_at_one_system() {
    let morgan = (service("slack").id)("morgan@contoso.example");
    // The app of our tenant knows no living id; the other's id is morgan's here.
    let first = slack_app(&contoso());
    let world = with_second_app(contoso(), Some(&morgan)).with(|okta| {
        let alex = okta.users.get_mut(world::ALEX).unwrap();
        alex.apps.get_mut(&first).unwrap().external_id = Some("W0GONE".into());
    });
    let mut two = Two::of(world, second()).with_only(&[]);
    let only = two.open(service("slack"), "");
    two.tools.services.push(only);
    let plan = two.plan(two.request(&[ALEX])).await;
    let id = alex_at("slack");
    assert_eq!(identity(&plan, "slack"), Identity::Found { id });
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(
        told.verdict,
        Verdict::Partial,
        "one app is not accounted for"
    );
    // What is known of is contained; what nobody knows of stands beside it.
    assert_eq!(told.at("slack").verdict, Verdict::Contained);
    assert_eq!(told.at("slack:?").verdict, Verdict::Partial);
    assert!(told.screen.contains("Slack US"), "{}", told.screen);
}

#[tokio::test(start_paused = true)]
async fn a_person_names_the_account_at_the_one_system_and_not_at_the_other() {
    let two = slacks(Two::of(
        alex_is_morgan(contoso()),
        second().without_account("slack", ALEX),
    ));
    let mut request = two.request(&[ALEX]);
    request.identities = vec![oust::model::Chosen {
        who: ALEX.into(),
        system: SystemId::new("slack:eu"),
        id: alex_at("slack"),
    }];
    let told = two.contain(request).await;
    assert!(told.identity("slack:eu").contains("Found"));
    assert!(told.identity("slack:us").contains("NoAccount"));
    assert_eq!(told.at("slack:us").verdict, Verdict::Contained);
}
