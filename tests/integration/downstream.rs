//! Whole incidents with every service behind Okta open: the intruder loses all of them, one that
//! fails shields none of the others, and nobody but the subject is ever touched.
//!
//! What is true is read from the mocks. What one service can do is told in that service's own
//! stories; here stands what must hold of all of them, for each row of the register.

mod alone;
mod identity;
mod story;

use std::collections::BTreeSet;

use oust::model::{ProofState, Verdict};
use oust_mocks::{Attacker, world};

use crate::lab::services::{contoso, services};
use story::{ALEX, Story};

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

/// The last clear lies and suspending ends no session: he stays in until the sweep, and signs on
/// to services that were signed out before.
#[tokio::test(start_paused = true)]
async fn who_signed_on_to_a_service_before_the_sweep_is_signed_out_there_again() {
    let mut came_back = 0;
    for seed in 0..12 {
        let intruder = Attacker::new(world::ALEX, 30 + seed * 10).with_services();
        let world = contoso().suspend_keeps_sessions().attacker(intruder);
        let story = Story::slow(world, seed, 40).faults("okta DELETE sessions#2=lie_ok");
        let told = story.contain(story.request(&[ALEX])).await;
        let holds = story.range().holds(ALEX);
        if told.verdict == Verdict::Contained {
            assert!(holds.is_empty(), "{seed}: {holds:?}\n{}", story.journal());
        }
        let range = story.range();
        let writes = range.journal.writes();
        let resets = writes
            .iter()
            .filter(|entry| entry.path.ends_with("admin.users.session.reset") && entry.effective);
        came_back += usize::from(resets.count() > 1);
    }
    assert!(
        came_back >= 1,
        "he never came back: the story tells nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn who_has_no_account_at_one_service_is_contained_at_all_others() {
    for gone in services() {
        let story = Story::of(contoso().without_account(gone.vendor, ALEX));
        let told = story.contain(story.request(&[ALEX])).await;
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        assert_eq!(story.writes_at(gone.vendor), Vec::<String>::new());
        assert!(
            told.identity(gone.vendor).contains("NoAccount"),
            "{}",
            told.identity(gone.vendor)
        );
        assert_eq!(story.range().holds(ALEX), Vec::<String>::new());
    }
}
