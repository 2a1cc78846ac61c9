//! Whole incidents with every service behind Okta open: the intruder loses all of them, one that
//! fails shields none of the others, and nobody but the subject is ever touched.
//!
//! What is true is read from the mocks. What one service can do is told in that service's own
//! stories; here stands what must hold of all of them, for each row of the register.

mod ahead;
mod alone;
mod apps;
mod blind;
mod identity;
pub(crate) mod story;

use std::collections::BTreeSet;

use oust::model::{ProofState, Verdict};
use oust_mocks::{Attacker, world};

use crate::lab::services::{Service, contoso, services};
use story::{ALEX, Story};

const KIM: &str = "kim@contoso.example";

#[tokio::test(start_paused = true)]
async fn a_live_intruder_loses_every_service_and_the_report_counts_what_cannot_be_read_back() {
    let mut dug_in = BTreeSet::new();
    for seed in 0..12 {
        let intruder = Attacker::new(world::ALEX, 100 + seed * 40).with_services();
        let story = Story::slow(contoso().attacker(intruder), seed, 40);
        let told = story.contain(story.request(&[ALEX])).await;
        let holds = story.range().holds(ALEX);
        assert!(holds.is_empty(), "{seed}: {holds:?}\n{}", story.journal());
        assert_eq!(told.verdict, Verdict::Contained, "{seed}\n{}", told.screen);
        for service in services() {
            assert_eq!(told.at(service.vendor).verdict, Verdict::Contained);
            let expected = match service.vendor {
                "google" => 2, // the sign-out, however often, and the backup codes
                "gtr" => 1,    // the revocation
                _ => 0,
            };
            assert_eq!(told.at(service.vendor).unproven, expected, "{seed}");
        }
        let lied = told.changes(|each| each.proof_is(ProofState::Refuted));
        assert_eq!(lied, Vec::<String>::new(), "{seed}");
        let range = story.range();
        dug_in.extend(range.attacker.as_ref().unwrap().moves.keys().copied());
    }
    for service in services() {
        let here = format!("{}_", service.vendor);
        let came_back = dug_in.iter().any(|what| what.starts_with(&here));
        assert!(came_back, "he never came to {}: {dug_in:?}", service.vendor);
    }
}

/// The last clear lies and suspending ends no session: he stays in until the sweep, and may have
/// signed on to services that were signed out before it.
#[tokio::test(start_paused = true)]
async fn a_sweep_signs_out_of_every_service_after_the_clear_that_counts() {
    let mut swept = 0;
    for seed in 0..60 {
        if swept == 4 {
            return;
        }
        let intruder = Attacker::new(world::ALEX, 30).with_services();
        let world = contoso().suspend_keeps_sessions().attacker(intruder);
        let story = Story::slow(world, seed, 40).faults("okta DELETE sessions#2=lie_ok");
        let told = story.contain(story.request(&[ALEX])).await;
        let range = story.range();
        if told.verdict == Verdict::Contained {
            let holds = range.holds(ALEX);
            assert!(
                holds.is_empty(),
                "{seed}: {holds:?}\n{}",
                range.journal.lines()
            );
        }
        let writes = range.journal.writes();
        let clears = writes
            .iter()
            .filter(|entry| entry.method == "DELETE" && entry.path.ends_with("/sessions"));
        if clears.clone().count() <= 2 {
            continue; // he had not come in between the two
        }
        swept += 1;
        let cleared = clears.map(|entry| entry.n).max();
        for service in services() {
            // A frozen account opens no session, and what is denied for minutes to come is denied:
            // at Salesforce and AWS it is looked, and found so.
            let by_looking = |entry: &&oust_mocks::Entry| match service.vendor {
                "salesforce" => entry.query.contains("AuthSession"),
                "aws" => entry.path.ends_with("/GetRolePolicy"),
                _ => false,
            };
            let looked = range.journal.entries().iter().filter(by_looking);
            let here = writes.iter().copied().chain(looked);
            let here = here.filter(|entry| entry.system == service.vendor);
            let last = here.map(|entry| entry.n).max();
            assert!(
                last > cleared,
                "{seed}: not signed out of {} again\n{}",
                service.vendor,
                range.journal.lines()
            );
        }
    }
    panic!("he came in before the last clear {swept} times only");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_account_at_one_service_is_contained_at_all_others() {
    // AWS knows no accounts of people: whom Okta signs on can have a session, seen or not.
    let asked = |each: &&Service| !each.blind && each.vendor != "aws";
    for gone in services().filter(asked) {
        // The intruder had alex assigned to Salesforce: who has no account by a name that was
        // changed is for a person to say.
        let who = if gone.vendor == "salesforce" {
            KIM
        } else {
            ALEX
        };
        let story = Story::of(contoso().without_account(gone.vendor, who));
        let told = story.contain(story.request(&[who])).await;
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        assert_eq!(story.writes_at(gone.vendor), Vec::<String>::new());
        assert!(
            told.identity(gone.vendor).contains("NoAccount"),
            "{}",
            told.identity(gone.vendor)
        );
        assert_eq!(story.range().holds(who), Vec::<String>::new());
    }
}

/// Microsoft says yes and does nothing: what is waited for never comes. A resume asks again.
#[tokio::test(start_paused = true)]
async fn a_yes_that_never_came_to_be_seen_is_sent_again_by_a_resume() {
    let story = Story::of(contoso()).faults("m365 POST revokeSignInSessions*1=lie_ok");
    let told = story.contain(story.request(&[ALEX])).await;
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert!(!story.range().holds(ALEX).is_empty());

    let again = story.resume(&told).await;
    assert_eq!(again.verdict, Verdict::Contained, "{}", again.screen);
    assert_eq!(story.range().holds(ALEX), Vec::<String>::new());
}
