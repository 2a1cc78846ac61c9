//! One service that hangs, throttles, refuses us or may do too little: it stays open, and says
//! so; Okta is as quick as without it, and every other service is contained.

use std::fmt::Write as _;

use oust::ledger::Event;
use oust::model::{GuardName, Identity, Skip, SystemId, Verdict};
use oust_mocks::{World, salesforce, slack};
use serde_json::json;

use super::story::{ALEX, Story, Told};
use crate::lab::services::{Service, contoso, service, services};

/// Nothing at Okta may wait longer for a service than this: the plan's grace, milliseconds.
const GRACE_MS: i64 = 1_000;

/// What can be wrong with a service as a whole.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Hangs,
    Throttles,
    RefusesUs,
    LacksARight,
}

impl Wrong {
    const ALL: [Self; 4] = [
        Self::Hangs,
        Self::Throttles,
        Self::RefusesUs,
        Self::LacksARight,
    ];

    fn story(self, service: &Service) -> Story {
        let at = service.vendor;
        match self {
            Self::Hangs => Story::of(contoso()).faults(&format!("{at}=hang:1000000")),
            Self::Throttles => Story::of(contoso()).faults(&format!("{at}=throttle_minute")),
            Self::RefusesUs => Story::of((service.refuses_us)(contoso())),
            Self::LacksARight => Story::of((service.lacks_a_right)(contoso())),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_delays_nothing_and_shields_nobody() {
    let well = Story::of(contoso());
    well.contain(well.request(&[ALEX])).await;
    let (first, last) = well.evicted();
    let mut broken = String::new();
    for wrong in Wrong::ALL {
        for failing in services() {
            let story = wrong.story(failing);
            let began = story.lab.clock.now().millis() - crate::lab::NOON;
            let told = story.contain(story.request(&[ALEX])).await;
            let (at_first, at_last) = story.evicted();
            let late = (at_first - began - first).max(at_last - began - last);
            if late > GRACE_MS {
                let _ = writeln!(broken, "{} {wrong:?}: {late} ms late", failing.vendor);
            }
            for rule in judged(failing, &story, &told) {
                let _ = writeln!(
                    broken,
                    "{} {wrong:?}: {rule}\n{}",
                    failing.vendor, told.screen
                );
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// What does not hold of an incident in which this service failed.
fn judged(failing: &Service, story: &Story, told: &Told) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            broken.push(what.to_owned());
        }
    };
    let open = [Verdict::Partial, Verdict::Unknown];
    must(open.contains(&told.verdict), "the run is not open");
    must(
        open.contains(&told.at(failing.vendor).verdict),
        "the service is not open",
    );
    let home = std::iter::once("okta");
    let others = services().map(|each| each.vendor);
    for other in home.chain(others).filter(|each| *each != failing.vendor) {
        must(
            told.at(other).verdict == Verdict::Contained,
            &format!("{other} is not contained"),
        );
    }
    let holds = story.range().holds(ALEX);
    let left = holds.iter().find(|each| !each.starts_with(failing.vendor));
    must(left.is_none(), &format!("he holds {left:?}"));
    must(
        told.screen.contains(failing.vendor),
        "the screen does not name it",
    );
    must(
        told.screen.contains("oust runs resume r_lab"),
        "the screen does not say what next",
    );
    broken
}

#[tokio::test(start_paused = true)]
async fn a_service_silent_while_it_is_planned_is_asked_again_and_contained() {
    for late in services().filter(|each| !each.blind) {
        let story = Story::of(contoso()).faults(&format!("{}=hang:5", late.vendor));
        let told = story.contain(story.request(&[ALEX])).await;
        let planned = told.skips(late.vendor);
        let is_unread = |skip: &Skip| matches!(skip, Skip::Unread { .. });
        assert!(!planned.is_empty() && planned.iter().all(is_unread));
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        assert_eq!(story.range().holds(ALEX), Vec::<String>::new());

        let run = &told.state.plan.as_ref().unwrap().run;
        let records = story.tools.store.records(run).await.unwrap();
        let identified = records.iter().position(|record| {
            matches!(&record.event, Event::Identified { system, identity: Identity::Found { id }, .. }
                if system.as_str() == late.vendor && *id == (late.id)(ALEX))
        });
        let intended = records.iter().position(|record| {
            let Event::Intended { change, .. } = &record.event else {
                return false;
            };
            let mut all = told.state.changes().iter();
            all.any(|each| each.change.id == *change && each.change.system.as_str() == late.vendor)
        });
        assert!(identified.is_some(), "{} was not identified", late.vendor);
        assert!(identified < intended, "written before it was recorded");
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_account_at_a_service_is_left_alone_there_and_contained_elsewhere() {
    for (vendor, story) in [
        ("google", acting_as_alex_at_google()),
        ("salesforce", acting_as_alex_at_salesforce()),
        ("slack", acting_as_alex_at_slack()),
    ] {
        let before = story.range().digest_of(vendor);
        let told = story.contain(story.request(&[ALEX])).await;
        let planned = told.skips(vendor);
        let is_refused = |skip: &Skip| {
            matches!(skip, Skip::Guard { guard: GuardName::OwnPrincipal, why }
                if why.contains(vendor) && why.contains("acts as this account"))
        };
        assert!(!planned.is_empty() && planned.iter().all(is_refused));
        assert_eq!(story.range().digest_of(vendor), before);
        assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
        assert!(
            told.screen.contains("acts as this account"),
            "{}",
            told.screen
        );
        for other in services().filter(|each| each.vendor != vendor) {
            assert_eq!(told.at(other.vendor).verdict, Verdict::Contained);
        }
    }
}

fn acting_as_alex_at_google() -> Story {
    let mut story = Story::of(contoso().google_super_admin(ALEX));
    let mut settings = story.lab.settings(service("google"));
    settings["admin"] = json!(ALEX);
    let opened = story.lab.service("google", settings);
    let mut places = story.tools.services.iter_mut();
    *places
        .find(|each| each.id == SystemId::new("google"))
        .unwrap() = opened;
    story
}

fn acting_as_alex_at_salesforce() -> Story {
    let world = contoso().with_salesforce(|org| {
        let ours = org.user(salesforce::USERNAME).unwrap().permissions.clone();
        let alex = org
            .users
            .get_mut(&(service("salesforce").id)(ALEX))
            .unwrap();
        alex.permissions = ours;
        org.app.approved.insert(alex.username.clone());
    });
    let mut story = Story::of(world);
    let mut settings = story.lab.settings(service("salesforce"));
    settings["username"] = json!(format!("{ALEX}.crm"));
    let opened = story.lab.service("salesforce", settings);
    let mut places = story.tools.services.iter_mut();
    *places
        .find(|each| each.id == SystemId::new("salesforce"))
        .unwrap() = opened;
    story
}

fn acting_as_alex_at_slack() -> Story {
    let installed_by_alex = |world: World| {
        world
            .slack_member(ALEX, |member| {
                member.is_owner = true;
                member.is_admin = true;
            })
            .with_slack(|slack: &mut slack::Slack| {
                for token in slack.admin_tokens.values_mut() {
                    token.user_id = (service("slack").id)(ALEX);
                }
            })
    };
    Story::of(installed_by_alex(contoso()))
}
