//! Nobody said since when: the log tells, beside the plan, and what is older than the intruder
//! stays.

use std::sync::Arc;
use std::time::Duration;

use oust::engine::{PlanRequest, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{Confirmation, Plan, Severity, Utc, Verdict, WindowHow};
use oust_mocks::faults::Fault;
use oust_mocks::okta::state::Factor;
use oust_mocks::world::{ALEX, PIXEL};
use oust_mocks::{FaultKind, World};

use crate::downstream::story::Told;
use crate::lab::{Lab, NOON, shipped};

const ALEX_LOGIN: &str = "alex@contoso.example";
const DAY_MS: i64 = 86_400_000;

/// A factor of the person's own, enrolled three days ago: inside the window that is assumed when
/// nothing is known.
fn with_three_day_old_factor(world: World) -> World {
    world.user(ALEX_LOGIN, |alex| {
        let factor = Factor {
            id: "fwfThreeDaysOld0000d7".into(),
            kind: "webauthn".into(),
            provider: "FIDO".into(),
            status: "ACTIVE".into(),
            created_ms: NOON - 3 * DAY_MS,
            last_updated_ms: NOON - 3 * DAY_MS,
            name: "New key".into(),
            phone: None,
            intruder: false,
        };
        alex.factors.insert(factor.id.clone(), factor);
    })
}

async fn planned(lab: &Lab, who: &str, window: Option<(Utc, Option<Utc>)>) -> Plan {
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let request = PlanRequest {
        window,
        grace: Duration::ZERO,
        ..lab.request(&[who])
    };
    let playbook = shipped("account-takeover");
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request).await;
    prepared.unwrap().plan
}

/// Ids of the factors that the plan deletes, and of those that it keeps.
fn factors(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut rows = steps
        .filter(|step| step.action.verb() == "delete_factors")
        .flat_map(|step| &step.subjects);
    let row = rows.next().unwrap();
    let deleted = row.changes.iter().map(|change| change.target.id.clone());
    let kept = row.kept.iter().map(|kept| kept.target.id.clone());
    (deleted.collect(), kept.collect())
}

fn says(plan: &Plan, id: &str) -> String {
    let said = plan.findings.iter().find(|finding| finding.id == id);
    said.map(|finding| finding.text.clone()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn the_window_begins_with_the_intruder_and_the_persons_new_key_stays() {
    let lab = Lab::new(with_three_day_old_factor(World::contoso(NOON)), 7);
    let plan = planned(&lab, ALEX_LOGIN, None).await;
    let window = plan.case.window;
    assert_eq!(window.how, WindowHow::Derived);
    let before = Utc::from_millis(NOON).since(window.start);
    assert!(before < Duration::from_secs(3 * 3600), "{window:?}");
    let (deleted, kept) = factors(&plan);
    assert_eq!(deleted, [PIXEL[0]], "{kept:?}");
    assert!(
        kept.contains(&"fwfThreeDaysOld0000d7".to_owned()),
        "{kept:?}"
    );
    let said = says(&plan, "intruder_confirmed");
    assert!(said.contains("3 sessions, 2 addresses"), "{said}");
    // Services are planned by the same window.
    let intruder = plan.case.intruder(&plan.case.subjects[0].id).unwrap();
    assert_eq!(intruder.start, Some(window.start));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_answer_holds_nothing_up_and_the_window_is_assumed() {
    let world = with_three_day_old_factor(World::contoso(NOON));
    let lab = Lab::new(world, 7);
    lab.range.lock().unwrap().faults.add(Fault {
        method: Some("GET".into()),
        path_contains: "/api/v1/logs".into(),
        nth: None,
        times: None,
        kind: FaultKind::Hang { seconds: 600 },
    });
    let plan = planned(&lab, ALEX_LOGIN, None).await;
    assert_eq!(plan.case.window.how, WindowHow::Assumed);
    assert!(
        lab.clock.elapsed() < Duration::from_secs(5),
        "{:?}",
        lab.clock.elapsed()
    );
    let (deleted, _) = factors(&plan);
    assert!(deleted.contains(&"fwfThreeDaysOld0000d7".to_owned()));
    assert!(says(&plan, "log_unasked").contains("the window is assumed"));
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_busy_is_no_victim_and_his_window_is_assumed() {
    let lab = Lab::new(World::contoso(NOON), 7);
    for who in [
        "kim@contoso.example",
        "jamie@contoso.example",
        "priya@contoso.example",
    ] {
        let plan = planned(&lab, who, None).await;
        assert_eq!(plan.case.window.how, WindowHow::Assumed, "{who}");
        assert_eq!(
            plan.case.intruders[0].answer,
            Confirmation::NotConfirmed,
            "{who}"
        );
        assert!(
            says(&plan, "intruder_not_confirmed").contains("shows nobody else"),
            "{who}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_a_person_gave_stays_and_is_doubted_aloud() {
    let lab = Lab::new(World::contoso(NOON), 7);
    let late = Utc::from_millis(NOON).minus(Duration::from_secs(30 * 60));
    let plan = planned(&lab, ALEX_LOGIN, Some((late, None))).await;
    assert_eq!(
        (plan.case.window.start, plan.case.window.how),
        (late, WindowHow::Given)
    );
    let early = Utc::from_millis(NOON).minus(Duration::from_secs(6 * 3600));
    let plan = planned(&lab, ALEX_LOGIN, Some((early, None))).await;
    assert_eq!(
        (plan.case.window.start, plan.case.window.how),
        (early, WindowHow::Given)
    );
    assert!(
        says(&plan, "intruder_confirmed").contains(ALEX_LOGIN),
        "{:?}",
        plan.findings
    );
    assert_eq!(plan.case.subjects[0].id.as_str(), ALEX);
}

/// He let Okta support in: whoever contains the account alone has not contained him.
#[tokio::test(start_paused = true)]
async fn what_the_intruder_planted_counts_until_a_read_shows_that_it_is_gone() {
    for (playbook, verdict, gone) in [
        ("account-takeover", Verdict::Contained, true),
        ("evict-only", Verdict::Partial, false),
    ] {
        let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        let (ended, state) = lab.contain(&tools, &[ALEX_LOGIN], playbook).await;
        let told = Told::of(ended, state);
        assert_eq!(told.verdict, verdict, "{playbook}: {}", told.screen);
        let subject = &told.report.subjects[0];
        assert_eq!(subject.verdict, Verdict::Contained, "{playbook}");
        let mut planted = told.report.planted.iter();
        let support = planted
            .find(|each| each.what.contains("support access"))
            .unwrap();
        assert_eq!(
            (support.severity, support.resolved),
            (Severity::High, gone),
            "{playbook}"
        );
        assert_eq!(support.remedy.as_deref(), Some("okta.end_support_access"));
        assert!(
            !support.event.is_empty() && support.by == ALEX_LOGIN,
            "{support:?}"
        );
        // What cannot be taken away again is damage: told, and not what a verdict waits for.
        let damage = told
            .report
            .planted
            .iter()
            .find(|each| each.what.contains("siem-log-export"));
        let damage = damage.unwrap();
        assert_eq!(
            (damage.severity, damage.resolved),
            (Severity::Warning, false)
        );
    }
}

/// What is chosen by its event is narrowed like what is chosen by its own date: proposed, not lost.
#[tokio::test(start_paused = true)]
async fn grants_of_the_intruder_stay_proposed_when_the_log_tells_the_window() {
    let world = World::contoso(NOON).only_okta().with(|okta| {
        okta.give_role_by_hand(ALEX, "ORG_ADMIN", ALEX, NOON - 600_000);
        okta.join_group_by_hand(ALEX, "00gEngineering0005d7", ALEX, NOON - 500_000);
    });
    let lab = Lab::new(world, 7);
    let plan = planned(&lab, ALEX_LOGIN, None).await;
    assert_eq!(plan.case.window.how, WindowHow::Derived);
    let row = |verb: &str| {
        let mut steps = plan.stages.iter().flat_map(|stage| &stage.steps);
        &steps
            .find(|step| step.action.verb() == verb)
            .unwrap()
            .subjects[0]
    };
    let roles = row("remove_admin_roles");
    assert_eq!(
        (roles.changes.len(), roles.skip.as_ref()),
        (1, None),
        "{roles:?}"
    );
    let groups = row("remove_group_memberships");
    assert_eq!(
        (groups.changes.len(), groups.skip.as_ref()),
        (1, None),
        "{groups:?}"
    );
    let dated = roles.changes.iter().chain(&groups.changes);
    let start = plan.case.window.start;
    assert!(
        dated
            .into_iter()
            .all(|change| change.made_at.is_some_and(|at| at >= start))
    );
}
