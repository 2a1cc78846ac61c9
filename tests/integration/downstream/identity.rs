//! A subject who renamed himself so that his name now leads to somebody else's accounts.
//!
//! Morgan's login at Okta differs from what her accounts at the services are called, so that the
//! name is free there. Alex takes it within the window.

use std::collections::BTreeMap;

use oust::model::{Chosen, Identity, SystemId, Verdict};
use oust_mocks::world;

use super::story::{ALEX, Story};
use crate::lab::NOON;
use crate::lab::services::{contoso, everybody, service, services};

const MORGAN: &str = "morgan@contoso.example";

/// How long before the responder comes he renamed himself, milliseconds.
const AGO_MS: i64 = 10_000;

/// Alex is called morgan; `with_ids`: the apps know by which id, too.
fn renamed(with_ids: bool) -> Story {
    let world = contoso()
        .user(MORGAN, |morgan| {
            "m.novak@contoso.example".clone_into(&mut morgan.login);
        })
        .user(ALEX, |alex| {
            for app in alex.apps.values_mut().filter(|_| !with_ids) {
                app.external_id = None;
            }
        });
    let story = Story::of(world);
    let at = NOON - AGO_MS;
    story.range().okta.rename_by_hand(world::ALEX, MORGAN, at);
    story
}

/// Everybody but alex at every service.
fn others(story: &Story) -> BTreeMap<String, String> {
    let mut all = everybody(&story.range());
    for service in services() {
        let his = format!("{} {}", service.vendor, (service.id)(ALEX));
        assert!(all.remove(&his).is_some());
        let hers = format!("{} {}", service.vendor, (service.id)(MORGAN));
        assert!(all.contains_key(&hers));
    }
    all
}

/// What the intruder holds of alex's accounts at the services, whatever alex is called.
fn holds(story: &Story) -> Vec<String> {
    let range = story.range();
    let m365 = range.m365.holds(&oust_mocks::accounts::m365_id(ALEX));
    let google = range.google.holds(&oust_mocks::accounts::google_id(ALEX));
    let slack = range.slack.holds(&oust_mocks::accounts::slack_id(ALEX));
    let at = story.lab.clock.now().millis();
    let salesforce = range
        .salesforce
        .holds(&oust_mocks::accounts::salesforce_id(ALEX), at);
    let known: Vec<&str> = services().map(|each| each.vendor).collect();
    let gtr = range.gtr.holds(&oust_mocks::accounts::gtr_id(ALEX));
    let all = [
        ("m365", m365),
        ("google", google),
        ("salesforce", salesforce),
        ("slack", slack),
        ("gtr", gtr),
        ("aws", range.aws.holds(ALEX)),
    ];
    all.into_iter()
        .filter(|(vendor, _)| known.contains(vendor))
        .flat_map(|(_, held)| held)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn who_took_another_s_name_is_found_by_the_id_that_provisioning_recorded() {
    for who in [world::ALEX, MORGAN] {
        let story = renamed(true);
        let before = others(&story);
        let mut request = story.request(&[who]);
        // The intruder had himself assigned to Salesforce, and nobody is provisioned to roles at AWS:
        // what is recorded there, a person says.
        request.identities = ["salesforce", "aws"]
            .map(|vendor| Chosen {
                who: who.into(),
                system: SystemId::new(vendor),
                id: (service(vendor).id)(ALEX),
            })
            .into();
        let told = story.contain(request).await;
        assert_eq!(others(&story), before, "somebody else was touched");
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        assert_eq!(holds(&story), Vec::<String>::new());
        for service in services() {
            let id = (service.id)(ALEX);
            assert!(told.identity(service.vendor).contains(&id));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_that_id_the_name_settles_nothing_and_a_person_is_asked() {
    for who in [world::ALEX, MORGAN] {
        let story = renamed(false);
        let before = everybody(&story.range());
        let told = story.contain(story.request(&[who])).await;
        assert_eq!(everybody(&story.range()), before, "somebody was touched");
        assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
        assert_eq!(told.at("okta").verdict, Verdict::Contained);
        for service in services() {
            let identities = &told.state.plan.as_ref().unwrap().systems;
            let here = identities
                .iter()
                .find(|each| each.id == SystemId::new(service.vendor))
                .unwrap();
            assert!(matches!(here.identities[0].1, Identity::Contested { .. }));
            assert_eq!(told.at(service.vendor).verdict, Verdict::Partial);
            let mut manual = told.report.manual.iter();
            let line = manual.find(|each| each.system == SystemId::new(service.vendor));
            let text = &line.expect("a line for a person").text;
            assert!(text.contains("--identity"), "{text}");
            assert!(told.screen.contains("--identity"), "{}", told.screen);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_names_the_account_settles_it() {
    let story = renamed(false);
    let before = others(&story);
    let mut request = story.request(&[MORGAN]);
    request.identities = services()
        .map(|service| Chosen {
            who: MORGAN.into(),
            system: SystemId::new(service.vendor),
            id: (service.id)(ALEX),
        })
        .collect();
    let told = story.contain(request).await;
    assert_eq!(others(&story), before, "somebody else was touched");
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    assert_eq!(holds(&story), Vec::<String>::new());
}
