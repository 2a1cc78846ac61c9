//! Many subjects at once: everybody's eviction goes before anybody's rest, in the case's order,
//! and whoever hangs or fails, at a service or at the directory, holds up nobody but himself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oust::engine::{MassOrder, Run, Shown, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::{MemoryStore, RunState};
use oust::model::{Chosen, Fact, FactName, Finding, GuardName, Lift, SystemId, UserId, Utc};
use oust_mocks::world::ALEX;
use oust_mocks::{Fault, FaultKind, Range};
use serde_json::json;

use crate::cli::desk::ALEX_LOGIN;
use crate::lab::services::contoso;
use crate::lab::{Lab, NOON, NoTap, shipped};

/// More than are evicted at once.
const MANY: usize = 100;

/// What evicting [`MANY`] takes at the most, when nobody is in the way: no call takes longer than
/// two thirds of it.
const SOON: Duration = Duration::from_secs(6);

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_delays_nobodys_eviction() {
    let told = Told::of(MANY, "account-takeover", |_| vec![never("gtr", "")]).await;
    assert_eq!(told.evicted().count(), MANY);
    assert!(told.last_evicted().since(told.began) < SOON);
    // It was asked, for everybody, and never answered.
    let hung = told.answered("gtr", "revoke");
    assert_eq!(hung.len(), MANY);
    let first_over = hung.iter().map(|(_, at)| *at).min().unwrap();
    assert!(told.last_evicted() < first_over);
}

#[tokio::test(start_paused = true)]
async fn one_whose_eviction_hangs_holds_up_nobody_else() {
    let told = Told::of(MANY, "evict-only", |who| {
        let id = who[0].as_str();
        vec![never("okta", &format!("/users/{id}/"))]
    })
    .await;
    let others = told.evicted().filter(|(who, _)| **who != told.who[0]);
    let others: Vec<Utc> = others.map(|(_, at)| at).collect();
    assert_eq!(others.len(), MANY - 1);
    let last = others.into_iter().max().unwrap();
    assert!(last.since(told.began) < SOON);
}

#[tokio::test(start_paused = true)]
async fn evictions_begin_in_the_order_of_the_case() {
    let told = Told::of(MANY, "evict-only", |_| Vec::new()).await;
    let suspended = told.answered("okta", "suspend_user");
    assert_eq!(suspended.len(), MANY);
    let begun = told.begun("suspend_user");
    // Whoever is further back than there are places begins after the first is through.
    let through = suspended.iter().map(|(_, at)| *at).min().unwrap();
    let at_once = begun.iter().filter(|(_, at)| *at < through).count();
    assert_eq!(at_once, 64);
    for (place, (who, _)) in begun.iter().enumerate().take(at_once) {
        assert_eq!(*who, told.who[place], "at {place}");
    }
}

#[tokio::test(start_paused = true)]
async fn above_twenty_services_follow_the_eviction_at_once_and_up_to_twenty_they_grant_the_purge_time()
 {
    for (n, waits) in [(20, true), (21, false)] {
        // The purge reads factors again, and is not answered.
        let told = Told::of(n, "account-takeover", |_| vec![never("okta", "/factors")]).await;
        let first = told.answered("gtr", "revoke");
        let first = first.iter().map(|(_, at)| *at).min().unwrap();
        let evicted = told.evicted().map(|(_, at)| at).min().unwrap();
        let wait = first.since(evicted);
        assert_eq!(wait >= Duration::from_secs(10), waits, "{n}: {wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_canary_showed_that_suspensions_end_sessions_everybody_is_suspended_first() {
    let shown = Told::in_order(MassOrder::SuspendsFirst(Arc::new(Canary(Some(true))))).await;
    let in_turn = Told::in_order(MassOrder::InTurn).await;
    let said = shown.said("mass_order").unwrap();
    assert!(said.contains("before anybody's sessions"), "{said}");
    assert!(in_turn.said("mass_order").is_none());
    // The quota lets half of it through each minute: suspensions of all, or all of the first half.
    let (early, late) = (
        shown.cleared_before_all_suspended(),
        in_turn.cleared_before_all_suspended(),
    );
    assert!(early < MANY / 4, "{early} of {MANY} were cleared first");
    assert!(late > MANY / 2, "{late} of {MANY}");
    // It costs the eviction as a whole nothing.
    let (one, other) = (shown.took(), in_turn.took());
    assert!(
        one <= other + Duration::from_secs(5),
        "{one:?} for {other:?}"
    );
    assert_eq!(shown.evicted().count(), MANY);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_read_long_after_his_eviction_is_not_looked_at_once_more() {
    let slow = Told::slowly(MassOrder::InTurn, "account-takeover").await;
    let quick = Told::of(MANY, "account-takeover", |_| Vec::new()).await;
    // Where everything is over in seconds, all are.
    let reads = |told: &Told| {
        told.asked
            .iter()
            .filter(|path| path.ends_with("/factors"))
            .count()
    };
    let (looked, not) = (reads(&quick), reads(&slow));
    println!("{looked} reads of factors, {not} where they were made late");
    assert!(looked - not >= MANY * 3 / 4, "{looked} and {not}");
    assert_eq!(
        slow.answered("okta", "delete_factors").len(),
        quick.answered("okta", "delete_factors").len()
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_shows_life_after_he_was_read_late_is_looked_at_once_more_all_the_same() {
    let lab = Lab::tapped(contoso().crowd(MANY), 7, Arc::new(NoTap), 40);
    // It takes until then to plan on such a quota, and to evict everybody.
    let late = Duration::from_secs(24 * 60);
    let range = Arc::clone(&lab.range);
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        let at = Utc::from_millis(NOON).plus(late);
        let who = "crowd-00001@contoso.example";
        range.lock().unwrap().okta.tell(
            json!({
                "uuid": "e0000001-0000-4000-8000-000000000000", "published": at.to_string(),
                "eventType": "user.authentication.sso", "version": "0", "severity": "INFO",
                "actor": { "id": id(1), "type": "User", "alternateId": who, "displayName": who },
                "client": { "ipAddress": "203.0.113.66" }, "outcome": { "result": "SUCCESS" },
                "target": null,
            }),
            0,
        );
    });
    let told = Told::scarcely(lab, MassOrder::InTurn, "account-takeover").await;
    let reads = |n: usize| {
        let path = format!("/users/{}/factors", id(n));
        told.asked
            .iter()
            .filter(|asked| asked.ends_with(&path))
            .count()
    };
    let swept: Vec<&UserId> = told.state.signs.iter().map(|(who, ..)| who).collect();
    assert_eq!(swept, [&UserId::new(id(1))]);
    // Each is read again when a service is tried once more; only he in the look after that.
    let (his, others) = (reads(1), (2..=MANY).map(reads).max().unwrap());
    assert_eq!(his, others + 1, "{others} of the others'");
}

fn id(n: usize) -> String {
    format!("00uCrowd{n:09}5d7")
}

#[tokio::test(start_paused = true)]
async fn where_no_canary_showed_it_each_is_evicted_in_his_turn_and_the_plan_says_why() {
    let seen = [
        (Some(false), "ends none"),
        (None, "no live rehearsal showed"),
    ];
    for (shown, says) in seen {
        let told = Told::in_order(MassOrder::SuspendsFirst(Arc::new(Canary(shown)))).await;
        let said = told.said("mass_order").unwrap();
        assert!(said.contains(says), "{said}");
        let cleared = told.cleared_before_all_suspended();
        assert!(cleared > MANY / 2, "{cleared} of {MANY}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_only_whoever_uses_a_service_that_is_not_configured_is_told_of_it() {
    let lab = Lab::tapped(contoso().crowd(30), 7, Arc::new(NoTap), 40);
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    tools.vendors = oust::connectors::vendors().collect();
    let logins: Vec<String> = (1..=30)
        .map(|n| format!("crowd-{n:05}@contoso.example"))
        .collect();
    let logins = logins.iter().map(String::as_str).chain([ALEX_LOGIN]);
    let mut request = lab.request(&logins.collect::<Vec<_>>());
    request.lifts = lifted();
    let guards = GuardConfig::default();
    let prepared = plan(&tools, &shipped("evict-only"), &guards, request).await;
    let told = prepared.unwrap().plan.unreached;
    assert!(
        told.iter().all(|each| each.subject.as_str() == ALEX),
        "{told:?}"
    );
    let vendors = told.iter().filter_map(|each| each.vendor.as_ref());
    let vendors: Vec<&str> = vendors.map(SystemId::as_str).collect();
    assert!(
        vendors.contains(&"slack") && vendors.contains(&"m365"),
        "{vendors:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn where_the_apps_of_services_cannot_be_read_it_is_said_once_and_the_log_still_counts() {
    let lab = Lab::tapped(contoso().crowd(30), 7, Arc::new(NoTap), 40);
    let fault = Fault {
        method: None,
        path_contains: "/api/v1/apps/".to_owned(),
        nth: None,
        times: None,
        kind: FaultKind::Internal500,
    };
    let at = lab.clock.now().minus(Duration::from_secs(3600));
    {
        let mut range = lab.range.lock().unwrap();
        range.faults.add_at("okta", fault);
        // One of them signed in to an app that is not assigned to him.
        let who = "crowd-00007@contoso.example";
        range.okta.tell(
            json!({
                "uuid": "e0000007-0000-4000-8000-000000000000", "published": at.to_string(),
                "eventType": "user.authentication.sso", "version": "0", "severity": "INFO",
                "actor": { "id": id(7), "type": "User", "alternateId": who, "displayName": who },
                "client": { "ipAddress": "203.0.113.66" }, "outcome": { "result": "SUCCESS" },
                "target": [{ "id": "0oaSlackOfOthers0005d7", "type": "AppInstance",
                    "alternateId": "Slack", "displayName": "Slack of others" }],
            }),
            0,
        );
    }
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    tools.vendors = oust::connectors::vendors().collect();
    let logins: Vec<String> = (1..=30)
        .map(|n| format!("crowd-{n:05}@contoso.example"))
        .collect();
    let mut request = lab.request(&logins.iter().map(String::as_str).collect::<Vec<_>>());
    request.lifts = lifted();
    let guards = GuardConfig::default();
    let prepared = plan(&tools, &shipped("evict-only"), &guards, request).await;
    let plan = prepared.unwrap().plan;
    let mut said = plan
        .findings
        .iter()
        .filter(|each| each.id == "apps_by_service");
    let finding = said.next().expect("it is said");
    assert!(said.next().is_none(), "once");
    assert!(
        finding
            .text
            .contains("who of 30 accounts uses which service"),
        "{finding:?}"
    );
    // Each counts as using what is not configured, and he as what the log shows.
    for n in 1..=30 {
        let mut his = plan
            .unreached
            .iter()
            .filter(|each| each.subject.as_str() == id(n));
        assert!(
            his.any(|each| each.vendor == Some(SystemId::new("slack"))),
            "{n}"
        );
    }
    let mut seen = plan
        .unreached
        .iter()
        .filter(|each| each.app == "Slack of others");
    let seen = seen.next().expect("the log tells of it");
    assert_eq!(
        (seen.subject.as_str(), &*seen.why),
        (&*id(7), "signed in to")
    );
}

/// What a canary showed of suspensions.
pub(crate) struct Canary(pub(crate) Option<bool>);

#[async_trait]
impl Shown for Canary {
    async fn newest(&self, _org_id: &str, name: FactName) -> Result<Option<Fact>, String> {
        Ok(self.0.map(|holds| Fact {
            name,
            holds,
            at: Utc::from_millis(1_750_000_000_000),
            how: "event 5d1c".into(),
        }))
    }
}

fn lifted() -> Vec<Lift> {
    vec![Lift {
        guard: GuardName::CapRun,
        reason: "half the company was phished".into(),
        by: "kim".into(),
    }]
}

/// Requests at a system whose path has this in it get no answer, ever.
fn never(system: &str, path: &str) -> (String, Fault) {
    let fault = Fault {
        method: None,
        path_contains: path.to_owned(),
        nth: None,
        times: None,
        kind: FaultKind::TimeoutBefore,
    };
    (system.to_owned(), fault)
}

/// What became of a crowd.
struct Told {
    state: RunState,
    /// In the order of the case.
    who: Vec<UserId>,
    /// What the plan said.
    findings: Vec<Finding>,
    /// The path of every request.
    asked: Vec<String>,
    began: Utc,
}

impl Told {
    /// Contains so many; what goes wrong goes wrong once they are planned for.
    async fn of(
        n: usize,
        playbook: &str,
        faults: impl FnOnce(&[UserId]) -> Vec<(String, Fault)>,
    ) -> Self {
        let lab = Lab::tapped(contoso().crowd(n), 7, Arc::new(NoTap), 40);
        let tools = lab.with_services(Arc::new(MemoryStore::new()));
        Self::at(lab, tools, n, playbook, faults).await
    }

    /// Evicts [`MANY`] on a quota for a quarter of their writes a minute.
    async fn in_order(order: MassOrder) -> Self {
        Self::slowly(order, "evict-only").await
    }

    async fn slowly(order: MassOrder, playbook: &str) -> Self {
        let lab = Lab::tapped(contoso().crowd(MANY), 7, Arc::new(NoTap), 40);
        Self::scarcely(lab, order, playbook).await
    }

    /// [`MANY`] on such a quota.
    async fn scarcely(lab: Lab, order: MassOrder, playbook: &str) -> Self {
        let mut tools = lab.with_services(Arc::new(MemoryStore::new()));
        tools.mass_order = order;
        let a_minute = u32::try_from(MANY).unwrap();
        let set_limit = |range: &mut Range| {
            let limits = &mut range.okta.limits.overrides;
            limits.insert("api".to_owned(), a_minute);
        };
        set_limit(&mut lab.range.lock().unwrap());
        Self::at(lab, tools, MANY, playbook, |_| Vec::new()).await
    }

    async fn at(
        lab: Lab,
        mut tools: Tools,
        n: usize,
        playbook: &str,
        faults: impl FnOnce(&[UserId]) -> Vec<(String, Fault)>,
    ) -> Self {
        tools.services.retain(|system| system.id.vendor() == "gtr");
        let logins: Vec<String> = (1..=n)
            .map(|n| format!("crowd-{n:05}@contoso.example"))
            .collect();
        let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
        let mut request = lab.request(&logins);
        request.lifts = lifted();
        // Nothing leads there from the directory: a person says who they are.
        let chosen = logins.iter().map(|login| Chosen {
            who: (*login).to_owned(),
            system: SystemId::new("gtr"),
            id: (*login).to_owned(),
        });
        request.identities = chosen.collect();
        let playbook = shipped(playbook);
        let guards = GuardConfig::default();
        let prepared = plan(&tools, &playbook, &guards, request).await.unwrap();
        let subjects = prepared.plan.case.subjects.iter();
        let who: Vec<UserId> = subjects.map(|who| who.id.clone()).collect();
        let findings = prepared.plan.findings.clone();
        for (system, fault) in faults(&who) {
            lab.range.lock().unwrap().faults.add_at(&system, fault);
        }
        let began = lab.clock.now();
        let mut start = lab.start(&prepared.plan, prepared.snapshot);
        start.prove_for = Some(Duration::from_secs(5));
        let run = Run::begin(tools, prepared.plan, start).await.unwrap();
        run.carry_out().await;
        let state = run.state();
        let range = lab.range.lock().unwrap();
        let asked = range.journal.entries().iter().map(|each| each.path.clone());
        let asked = asked.collect();
        Self {
            state,
            who,
            findings,
            asked,
            began,
        }
    }

    /// Each subject's first clear after his suspension, and when it was answered.
    fn evicted(&self) -> impl Iterator<Item = (&UserId, Utc)> {
        self.who.iter().filter_map(|who| {
            let his = self.state.changes().iter();
            let his = his.filter(|each| each.change.subject == *who && each.is_answered_well());
            let at = his
                .filter(|each| each.change.action.verb() == "clear_sessions")
                .filter_map(|each| each.answered_at);
            Some((who, at.max()?))
        })
    }

    /// How many were cleared before the last was suspended.
    fn cleared_before_all_suspended(&self) -> usize {
        let suspended = self.answered("okta", "suspend_user");
        assert_eq!(suspended.len(), self.who.len());
        let last = suspended.iter().map(|(_, at)| *at).max().unwrap();
        self.evicted().filter(|(_, at)| *at < last).count()
    }

    /// Until the last was evicted.
    fn took(&self) -> Duration {
        self.last_evicted().since(self.began)
    }

    /// The finding of this id.
    fn said(&self, id: &str) -> Option<&str> {
        let mut findings = self.findings.iter();
        findings
            .find(|each| each.id == id)
            .map(|each| each.text.as_str())
    }

    fn last_evicted(&self) -> Utc {
        self.evicted().map(|(_, at)| at).max().unwrap()
    }

    /// Whose change of this action was answered for, or given up, and when.
    fn answered(&self, system: &str, verb: &str) -> Vec<(UserId, Utc)> {
        let all = self.state.changes().iter();
        all.filter(|each| {
            each.change.system.as_str() == system && each.change.action.verb() == verb
        })
        .filter_map(|each| Some((each.change.subject.clone(), each.answered_at?)))
        .collect()
    }

    /// Who began with this action, in that order, and when.
    fn begun(&self, verb: &str) -> Vec<(UserId, Utc)> {
        let all = self.state.changes().iter();
        let mut begun: Vec<_> = all
            .filter(|each| each.change.action.verb() == verb && each.attempts > 0)
            .filter_map(|each| {
                let took = Duration::from_millis(each.ms?);
                let at = each.answered_at?.minus(took);
                Some((each.order, each.change.subject.clone(), at))
            })
            .collect();
        begun.sort_by_key(|(order, ..)| *order);
        begun.into_iter().map(|(_, who, at)| (who, at)).collect()
    }
}
