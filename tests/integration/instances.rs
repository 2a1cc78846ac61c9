//! Several systems of one vendor: `slack:eu` and `slack:us`. Each is read, written to, proven and
//! judged for itself; one that fails shields the other no more than any two systems do; and what
//! only one of them knows of a subject is never believed at the other.

mod apps;
mod config;
mod scope;
mod screen;
mod two;

use oust::model::{ProofState, Verdict};
use oust_mocks::World;

use crate::lab::services::{Service, contoso, services};
use two::{ALEX, Two, held, second, writes};

#[tokio::test(start_paused = true)]
async fn both_systems_of_every_vendor_are_contained_each_with_its_own_secret_and_budget() {
    let two = Two::slow(contoso(), second(), 40);
    let told = two.contain(two.request(&[ALEX])).await;
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    assert_eq!(two.first().holds(ALEX), Vec::<String>::new());
    assert_eq!(held(&two.second()), Vec::<String>::new());
    let refuted = told.changes(|each| each.proof_is(ProofState::Refuted));
    assert_eq!(refuted, Vec::<String>::new());

    let rows = &told.report.systems;
    let mut ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    ids.sort_unstable();
    let mut expected: Vec<String> = services()
        .flat_map(|each| ["eu", "us"].map(|name| format!("{}:{name}", each.vendor)))
        .collect();
    expected.push("okta".into());
    expected.sort();
    assert_eq!(ids, expected);
    for row in rows {
        assert_eq!(row.vendor, row.id.vendor());
        assert_eq!(row.verdict, Verdict::Contained, "{}", row.id);
        assert!(told.screen.contains(row.id.as_str()), "{}", told.screen);
    }
    for service in services() {
        let names = ["eu", "us"].map(|name| format!("{}:{name}", service.vendor));
        let requests = names.map(|name| told.report.requests.by_system[&name]);
        assert!(requests.iter().all(|each| each.writes > 0), "{requests:?}");
        assert_eq!(requests[0].writes, requests[1].writes);
        for (range, name) in [(two.first(), "eu"), (two.second(), "us")] {
            let entries = range.journal.entries();
            let here = entries
                .iter()
                .filter(|entry| entry.system == service.vendor);
            let agent = format!("at={name}");
            let foreign = here
                .clone()
                .find(|entry| !entry.user_agent.ends_with(&agent));
            assert!(foreign.is_none(), "{foreign:?}");
            assert!(here.count() > 0);
        }
    }
}

/// The longest way there or back, milliseconds.
const SLOWEST_MS: i64 = 40;

#[tokio::test(start_paused = true)]
async fn the_two_are_worked_on_side_by_side() {
    let slowest = u64::try_from(SLOWEST_MS).unwrap();
    let two = Two::slow(contoso(), second(), slowest);
    two.contain(two.request(&[ALEX])).await;
    let mut compared = 0;
    for service in services() {
        let span = |range: &oust_mocks::Range| {
            let writes = range.journal.writes();
            let here = writes.iter().filter(|entry| entry.system == service.vendor);
            let at: Vec<i64> = here.map(|entry| entry.at_ms).collect();
            (*at.iter().min().unwrap(), *at.iter().max().unwrap())
        };
        let (first, second) = (span(&two.first()), span(&two.second()));
        // One write takes no time that another could fall into; AWS's few are sent all at once.
        // One way there and back may be as much slower than another as the network lets it.
        let apart = 2 * SLOWEST_MS;
        if first.0 < first.1 && service.vendor != "aws" {
            assert!(
                first.0 <= second.1 + apart && second.0 <= first.1 + apart,
                "{}: {first:?} then {second:?}",
                service.vendor
            );
            compared += 1;
        }
    }
    assert!(compared >= 2);
}

/// What can be wrong with one system as a whole: its world, and the faults there.
fn troubles(service: &Service) -> Vec<(World, String)> {
    let at = service.vendor;
    vec![
        (second(), format!("{at}=hang:1000000")),
        (second(), format!("{at}=throttle_minute")),
        ((service.refuses_us)(second()), String::new()),
        ((service.lacks_a_right)(second()), String::new()),
    ]
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_leaves_the_other_contained_and_is_named_itself() {
    for failing in services() {
        for (world, faults) in troubles(failing) {
            let two = Two::of(contoso(), world).faults("", &faults);
            let told = two.contain(two.request(&[ALEX])).await;
            let (good, bad) = ["eu", "us"]
                .map(|name| format!("{}:{name}", failing.vendor))
                .into();
            assert!(told.verdict > Verdict::Contained, "{}", told.screen);
            let open = told.at(&bad);
            assert!(
                open.verdict > Verdict::Contained,
                "{faults}: {}",
                told.screen
            );
            assert_eq!(
                told.at(&good).verdict,
                Verdict::Contained,
                "{faults}: {}",
                told.screen
            );
            assert_eq!(two.first().holds(ALEX), Vec::<String>::new());
            let left: Vec<String> = held(&two.second());
            assert!(!left.is_empty());
            let elsewhere = left.iter().find(|each| !each.starts_with(failing.vendor));
            assert_eq!(elsewhere, None);
            let mut residual = told.report.subjects[0].residual.iter();
            assert!(residual.any(|each| each.system.as_str() == bad));
            assert!(told.screen.contains(&bad), "{}", told.screen);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resume_takes_up_the_one_that_was_left_and_writes_nothing_to_the_other() {
    for failing in services() {
        let refusing = (failing.refuses_us)(second());
        let two = Two::of(contoso(), refusing);
        let told = two.contain(two.request(&[ALEX])).await;
        let good = format!("{}:eu", failing.vendor);
        assert_eq!(told.at(&good).verdict, Verdict::Contained);
        let before = writes(&two.first(), failing.vendor);

        mend(failing, &two);
        let again = two.resume(&told).await;
        assert_eq!(again.verdict, Verdict::Contained, "{}", again.screen);
        assert_eq!(held(&two.second()), Vec::<String>::new());
        assert_eq!(writes(&two.first(), failing.vendor), before);
    }
}

/// The second world takes our credential again.
fn mend(service: &Service, two: &Two) {
    let well = oust_mocks::Range::new(second(), 8);
    let mut range = two.second();
    match service.vendor {
        "m365" => range.m365.apps = well.m365.apps,
        "google" => range.google.service_account = well.google.service_account,
        "slack" => range.slack.admin_tokens = well.slack.admin_tokens,
        "salesforce" => range.salesforce.app = well.salesforce.app,
        "github" => range.github.app = well.github.app,
        "gtr" => range.gtr.keys = well.gtr.keys,
        "aws" => {
            range.aws.keys = well.aws.keys;
        }
        other => panic!("say how {other} takes our credential again"),
    }
}

/// Between a run and its resume somebody pointed a name of the config at another tenant: the ids
/// that were agreed to are another's words there.
#[tokio::test(start_paused = true)]
async fn a_resume_writes_nothing_to_a_system_that_is_another_tenant_by_now() {
    for service in services() {
        let mut two = Two::of(contoso(), (service.lacks_a_right)(second()));
        let told = two.contain(two.request(&[ALEX])).await;
        // `us` leads to the first world now.
        let id = oust::model::SystemId::new(format!("{}:us", service.vendor));
        let mut swapped = two.open(service, "eu");
        swapped.id = id.clone();
        let mut places = two.tools.services.iter_mut();
        *places.find(|each| each.id == id).unwrap() = swapped;
        let before = writes(&two.first(), service.vendor);

        let again = two.resume(&told).await;
        assert_eq!(writes(&two.first(), service.vendor), before);
        assert!(again.at(id.as_str()).verdict > Verdict::Contained);
        assert!(
            again.screen.contains("another account at the vendor"),
            "{}",
            again.screen
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_account_configured_twice_is_told_before_anybody_agrees() {
    for service in services() {
        // AWS answers two questions a second about the trail of an account: of one that asks for two,
        // the grace of a plan would see neither.
        let hurried = contoso().with_aws(|aws| aws.settings.trail_per_second = 100);
        let mut two = Two::of(hurried, second());
        let twice = two.open(service, "ch");
        two.tools.services.push(twice);
        let plan = two.plan(two.request(&[ALEX])).await;
        let told: Vec<_> = plan
            .findings
            .iter()
            .filter(|finding| finding.id == "same_tenant")
            .map(|finding| finding.text.as_str())
            .collect();
        let pair = format!("{0}:eu and {0}:ch are one and the same", service.vendor);
        assert!(
            matches!(&told[..], [only] if only.starts_with(&pair)),
            "{told:?}"
        );
    }
    let two = Two::of(contoso(), second());
    let plan = two.plan(two.request(&[ALEX])).await;
    let same = plan.findings.iter().any(|each| each.id == "same_tenant");
    assert!(!same, "two tenants are two: {:?}", plan.findings);
}
