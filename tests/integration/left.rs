//! What a run leaves, as a responder reads it out on a call: where, what, until when, whom to call.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use oust::engine::{Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{Logout, Owner, SystemId, Unreached, Verdict};
use oust::report::{Because, Call, Ending, Report, Style, html, markdown, result_screen};

use crate::downstream::story::{ALEX, Told};
use crate::lab::services::contoso;
use crate::lab::{Lab, NoTap, shipped};
use crate::samples::{PlanSample, alex, report_of};

const ATLASSIAN: &str = "Atlassian Cloud";

fn owner(app: &str) -> Owner {
    Owner {
        app: app.into(),
        owner: "Workplace IT".into(),
        contact: "it-apps@contoso.example".into(),
    }
}

fn workplace_it() -> Option<Call> {
    Some(Call {
        owner: "Workplace IT".into(),
        contact: "it-apps@contoso.example".into(),
    })
}

/// Alex contained everywhere but at a service that is left out of the config.
async fn told(owners: &[Owner], unconfigured: Option<&str>) -> Told {
    let lab = Lab::steady(contoso(), 100, Arc::new(NoTap));
    let mut tools = lab.with_services(Arc::new(MemoryStore::new()));
    tools
        .services
        .retain(|system| Some(system.id.as_str()) != unconfigured);
    let request = lab.request(&[ALEX]);
    let limits = GuardConfig::default();
    let prepared = plan(&tools, &shipped("account-takeover"), &limits, request).await;
    let mut prepared = prepared.unwrap();
    prepared.plan.call(owners);
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let ended = run.carry_out().await;
    Told::of(ended, run.state())
}

#[tokio::test(start_paused = true)]
async fn what_ends_by_itself_has_a_clock_time_counted_from_the_call() {
    let told = told(&[], None).await;
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    let revoked = told.state.changes().iter().find(|each| {
        each.change.action.vendor() == "m365" && each.change.action.verb() == "revoke_sessions"
    });
    let answered = revoked.unwrap().answered_at.unwrap();
    let who = &told.report.subjects[0];
    let at_m365 = |what: &str| {
        let mut all = who.residual.iter();
        all.find(|one| one.system == SystemId::new("m365") && one.what.contains(what))
            .unwrap_or_else(|| panic!("{what}"))
    };
    for (what, minutes) in [
        ("evaluate access continuously", 15),
        ("tokens at other apps", 90),
    ] {
        let ends = answered.plus(Duration::from_secs(minutes * 60));
        assert_eq!(at_m365(what).ends_at, Some(ends), "{what}");
        assert_eq!(at_m365(what).ends, Ending::ByItself);
    }
    let by_person = at_m365("delegates and hidden rules");
    assert_eq!(
        (by_person.ends, by_person.ends_at),
        (Ending::ByPerson, None)
    );
    // 14:59 and a quarter of an hour, as a clock on the wall has it.
    let page = html(&told.report, &TimeZone::UTC);
    let row = page
        .lines()
        .find(|line| line.contains("continuously"))
        .unwrap();
    assert!(
        row.contains("15:15:0") && row.contains("14 minutes after the run"),
        "{row}"
    );
    assert!(
        told.screen.contains("14 minutes after the run"),
        "{}",
        told.screen
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_without_a_connector_is_told_with_its_owner() {
    let told = told(
        &[owner("ATLASSIAN cloud"), owner("m365"), owner("unused")],
        None,
    )
    .await;
    assert_eq!(told.state.plan.as_ref().unwrap().owners.len(), 2);
    let mut manual = told.report.manual.iter();
    let by_hand = manual.find(|one| one.app.as_deref() == Some(ATLASSIAN));
    let by_hand = by_hand.expect("somebody must sign him out there");
    assert_eq!(by_hand.call, workplace_it());
    assert_eq!(
        by_hand.text,
        format!("have the account signed out at {ATLASSIAN}")
    );
    let mut residual = told.report.subjects[0].residual.iter();
    let left = residual
        .find(|one| one.app.as_deref() == Some(ATLASSIAN))
        .unwrap();
    assert_eq!(
        (left.because, &left.call),
        (Because::Unreached, &workplace_it())
    );
    assert!(
        left.why.contains("Universal Logout does not reach it"),
        "{}",
        left.why
    );
    let systems = told.report.subjects[0].residual.iter();
    let mut at_m365 = systems.filter(|one| one.system == SystemId::new("m365"));
    assert!(at_m365.all(|one| one.call == workplace_it()));
    let line = "signed out at Atlassian Cloud; call Workplace IT, it-apps@contoso.example";
    assert!(told.screen.contains(line), "{}", told.screen);
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_universal_logout_is_partial_is_named_as_such() {
    let told = told(&[], Some("m365")).await;
    assert_eq!(told.at("m365").verdict, Verdict::Partial);
    let there = told.identity("m365");
    assert!(
        there.contains("Universal Logout is partial there"),
        "{there}"
    );
    assert!(
        told.screen.contains("Universal Logout is partial there"),
        "{}",
        told.screen
    );
}

/// A run that left one app, whose names somebody else chose.
fn left(label: &str, logout: Logout) -> Report {
    let mut run = PlanSample::about(vec![alex()])
        .stage("evict")
        .step("okta.suspend_user", "suspend", &[("user", "00u1", ALEX)])
        .with(|plan| {
            plan.unreached = vec![Unreached {
                subject: alex().id,
                app: label.into(),
                vendor: None,
                why: "assigned".into(),
                id: "0oa1".into(),
                name: "jira_onprem".into(),
                logout: Some(logout),
                link: Some(
                    "https://contoso-admin.okta.com/admin/app/jira_onprem/instance/0oa1/".into(),
                ),
            }];
            plan.call(&[owner("jira_onprem")]);
        })
        .run();
    run.all_goes_well_but(&[]);
    report_of(&run.state())
}

#[test]
fn one_table_says_where_what_until_when_whom_to_call_and_the_page() {
    let report = left(ATLASSIAN, Logout::Partial);
    let page = html(&report, &TimeZone::UTC);
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.contains(ATLASSIAN))
        .collect();
    let [row] = &rows[..] else {
        panic!("told once: {rows:#?}")
    };
    for part in [
        "<th scope=\"row\" class=\"name\" data-l=\"where\">Atlassian Cloud</th>",
        "it ends refresh tokens, and what is signed in goes on",
        "somebody ends them there",
        "Workplace IT, it-apps@contoso.example",
        "href=\"https://contoso-admin.okta.com/admin/app/jira_onprem/instance/0oa1/\"",
    ] {
        assert!(row.contains(part), "{part} in {row}");
    }
    let text = markdown(&report, &TimeZone::UTC);
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| Atlassian"))
        .collect();
    let [row] = &rows[..] else {
        panic!("told once: {rows:#?}")
    };
    assert_eq!(row.matches(" | ").count(), 4, "{row}");
    assert!(
        row.contains("Workplace IT, it-apps@contoso.example"),
        "{row}"
    );
    let screen = result_screen(&report, &TimeZone::UTC, None, Style::default());
    let screen = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        screen.contains("call Workplace IT, it-apps@contoso.example"),
        "{screen}"
    );
}

#[test]
fn a_label_that_an_intruder_chose_breaks_no_row() {
    let report = left("<b>Pay</b> | now\u{1b}[31m\nx", Logout::No);
    let page = html(&report, &TimeZone::UTC);
    assert!(!page.contains("<b>Pay") && !page.contains('\u{1b}'));
    let text = markdown(&report, &TimeZone::UTC);
    let row = text.lines().find(|line| line.contains("Pay")).unwrap();
    assert_eq!(row.matches(" | ").count(), 4, "{row}");
}
