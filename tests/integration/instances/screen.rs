//! What the plan says of two systems of a vendor: each under its own name, nothing of one left out
//! because the other said it already.

use jiff::tz::TimeZone;
use oust::report::{Style, plan_screen};

use super::two::{ALEX, Two, second};
use crate::lab::services::{contoso, services};

#[tokio::test(start_paused = true)]
async fn each_system_stands_once_with_all_its_steps_and_all_that_it_keeps() {
    let two = Two::of(contoso(), second());
    let plan = two.plan(two.request(&[ALEX])).await;
    let screen = plan_screen(&plan, &TimeZone::UTC, Style::default());
    let (_, downstream) = screen.split_once("\n  downstream\n").unwrap();
    for service in services() {
        for name in ["eu", "us"] {
            let line = format!("    {}:{name} ", service.vendor);
            let named = downstream.lines().filter(|each| each.starts_with(&line));
            assert_eq!(named.count(), 1, "{line}in\n{screen}");
        }
    }
    // The mocks' ids are the same in both worlds; what is kept is not.
    let flat = downstream.split_whitespace().collect::<Vec<_>>().join(" ");
    for system in ["m365:eu", "m365:us"] {
        let kept = format!("{system}: inbox rule \"Newsletters\"");
        assert!(flat.contains(&kept), "no `{kept}` in\n{screen}");
    }
}
