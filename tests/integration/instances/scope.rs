//! Where a run acts: `--only`, `--skip` and `at:` with a bare vendor and with one system of it.

use oust::engine::{PlanError, plan};
use oust::guard::GuardConfig;
use oust::model::{Chosen, Scope, SystemId, Verdict};
use oust::playbook::{CheckedPlaybook, check};

use super::two::{ALEX, Two, alex_at, second, writes};
use crate::lab::services::contoso;

fn playbook(downstream: &str) -> CheckedPlaybook {
    let text = format!(
        "playbook: oust/v1\nname: narrow\ntitle: T\ndescription: D\nstages:\n  - name: evict\n    \
         steps:\n      - okta.clear_sessions: {{}}\n      - okta.suspend_user: {{}}\n      - \
         okta.clear_sessions: {{}}\n  - name: downstream\n    order: parallel\n    \
         steps:\n{downstream}"
    );
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    check("narrow.yaml", &text, &vendors).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn written(two: &Two, vendor: &str) -> (bool, bool) {
    let first = !writes(&two.first(), vendor).is_empty();
    let second = !writes(&two.second(), vendor).is_empty();
    (first, second)
}

async fn with_scope(only: &[&str], skip: &[&str]) -> (Two, crate::downstream::story::Told) {
    let two = Two::of(contoso(), second());
    let mut request = two.request(&[ALEX]);
    let words = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    request.scope = Scope {
        only: words(only),
        skip: words(skip),
    };
    let told = two.contain(request).await;
    (two, told)
}

#[tokio::test(start_paused = true)]
async fn a_bare_vendor_means_both_and_a_whole_id_means_the_one() {
    let cases = [
        (&["okta", "slack"][..], &[][..], (true, true)),
        (&["okta", "slack:eu"], &[], (true, false)),
        (&[], &["slack"], (false, false)),
        (&[], &["slack:eu"], (false, true)),
        (&["okta", "slack"], &["slack:us"], (true, false)),
    ];
    for (only, skip, expected) in cases {
        let (two, told) = with_scope(only, skip).await;
        assert_eq!(written(&two, "slack"), expected, "{only:?} {skip:?}");
        assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
        let google = only.is_empty();
        assert_eq!(written(&two, "google"), (google, google));
        // Every system left out is named, each for itself.
        for (name, tried) in [("slack:eu", expected.0), ("slack:us", expected.1)] {
            let rows = told.report.systems.iter();
            let row: Vec<_> = rows.filter(|row| row.id.as_str() == name).collect();
            let [row] = row[..] else {
                panic!("{name} is not in the report once")
            };
            assert_eq!(row.verdict == Verdict::Contained, tried, "{name}");
            let line = told.screen.find("not attempted");
            let named = line.is_some_and(|at| told.screen[at..].contains(name));
            assert!(tried || named, "{name} in\n{}", told.screen);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_s_at_narrows_it_to_one_system_or_to_all_of_the_vendor() {
    for (at, expected) in [
        ("at: [slack]", (true, true)),
        ("at: [slack:us]", (false, true)),
        ("at: ['slack:eu', 'slack:us']", (true, true)),
    ] {
        let two = Two::of(contoso(), second());
        let step = format!("      - slack.reset_sessions: {{}}\n        {at}\n");
        let told = two.follow(&playbook(&step), two.request(&[ALEX])).await;
        assert_eq!(written(&two, "slack"), expected, "{at}");
        if expected == (false, true) {
            assert_eq!(told.at("slack:us").verdict, Verdict::Contained);
            assert_eq!(told.at("slack:eu").verdict, Verdict::NotAttempted);
            assert!(told.screen.contains("slack:eu"), "{}", told.screen);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_at_that_names_no_system_stops_the_plan_instead_of_acting_nowhere() {
    let two = Two::of(contoso(), second());
    let playbook = playbook("      - slack.reset_sessions: {}\n        at: [slack:uk]\n");
    let limits = GuardConfig::default();
    let refused = plan(&two.tools, &playbook, &limits, two.request(&[ALEX])).await;
    let error = refused.err().expect("slack:uk is nowhere");
    assert!(matches!(error, PlanError::NoSuchPlace { .. }), "{error}");
    assert!(error.to_string().contains("slack:uk"), "{error}");
    assert!(
        error.hint().contains("slack:eu, slack:us"),
        "{}",
        error.hint()
    );
}

#[tokio::test(start_paused = true)]
async fn an_identity_is_given_for_one_system_never_for_a_vendor_with_two() {
    let two = Two::of(contoso(), second());
    let mut request = two.request(&[ALEX]);
    request.identities = vec![Chosen {
        who: ALEX.into(),
        system: SystemId::new("slack"),
        id: alex_at("slack"),
    }];
    let limits = GuardConfig::default();
    let playbook = crate::lab::shipped("account-takeover");
    let refused = plan(&two.tools, &playbook, &limits, request).await;
    let error = refused.err().expect("which of the two?");
    assert!(error.hint().contains("slack:eu"), "{}", error.hint());
}

/// A step may require another at its own system: that the other system did it says nothing.
#[tokio::test(start_paused = true)]
async fn what_a_step_requires_of_its_own_vendor_is_required_of_its_own_system() {
    let steps = "      - google.suspend_user: {}\n      - google.sign_out: {}\n        \
                 requires: [google.suspend_user]\n";
    let two = Two::of(contoso(), second()).faults(
        "",
        "google PUT /users/=forbidden,google PATCH /users/=forbidden",
    );
    let told = two.follow(&playbook(steps), two.request(&[ALEX])).await;
    let signed_out = |range: &oust_mocks::Range| {
        let writes = writes(range, "google");
        writes.iter().any(|line| line.ends_with("/signOut"))
    };
    assert!(signed_out(&two.first()), "{}", told.screen);
    assert!(!signed_out(&two.second()), "{}", told.screen);
    assert_eq!(told.at("google:eu").verdict, Verdict::Contained);
    assert_eq!(told.at("google:us").verdict, Verdict::Partial);
}
