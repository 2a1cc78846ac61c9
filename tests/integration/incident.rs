//! Whole incidents against the mock, in process and in virtual time.

use std::sync::Arc;
use std::time::Duration;

use oust::engine::{Ended, Observer, Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::{Event, MemoryStore, RunState};
use oust::model::{Role, Skip, StepKey, Utc, Verdict};
use oust::playbook::check;
use oust_mocks::world::{ALEX, PRIYA};
use oust_mocks::{Attacker, Fault, FaultKind, Faults, World};

use crate::downstream::story::Told;
use crate::lab::{Lab, NOON, shipped};

#[tokio::test(start_paused = true)]
async fn a_live_intruder_is_thrown_out_and_it_is_proven() {
    let world = World::contoso(NOON).attacker(Attacker::new(ALEX, 300));
    let lab = Lab::new(world, 7);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let (ended, state) = lab
        .contain(&tools, &["alex@contoso.example"], "account-takeover")
        .await;
    let range = lab.range.lock().unwrap();
    assert_eq!(
        range.okta.attacker_holds(ALEX),
        Vec::<String>::new(),
        "{}",
        range.journal.lines()
    );
    assert!(range.okta.is_contained(ALEX));
    for each in state.changes() {
        println!(
            "{} {:?} {:?}",
            each.change.id,
            each.outcome.as_ref().map(|o| &o.kind),
            each.proof.as_ref().map(|p| (&p.state, &p.how))
        );
    }
    println!("{:?}", state.skipped);
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn a_window_that_began_before_the_log_does_is_no_obstacle() {
    let lab = Lab::new(World::contoso(NOON), 7);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let mut request = lab.request(&["alex@contoso.example"]);
    let long_ago = lab.clock.now().minus(Duration::from_secs(400 * 24 * 3600));
    request.window = Some((long_ago, None));
    let playbook = shipped("account-takeover");
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request).await;
    let prepared = prepared.unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));
}

/// The vendor's `Date` is ten minutes ahead of its own log. Signs of life are dated by the log,
/// and so is the clear they are compared with: he is seen all the same.
#[tokio::test(start_paused = true)]
async fn a_date_ahead_of_the_log_hides_no_sign_of_life() {
    let world = World::contoso(NOON).attacker(Attacker::new(ALEX, 20));
    let lab = Lab::new(world, 7);
    lab.range.lock().unwrap().okta.settings.date_skew_ms = 600_000;
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    // No lock: he signs in again, whatever is cleared, and faster than the log is read.
    let (ended, state) = lab
        .contain(&tools, &["alex@contoso.example"], "session-hijack")
        .await;
    assert!(
        !lab.range
            .lock()
            .unwrap()
            .okta
            .attacker_holds(ALEX)
            .is_empty()
    );
    assert_eq!(ended, Ended::Closed(Verdict::Partial));
    assert!(!state.signs.is_empty(), "nobody saw him");
}

/// A 404 that nobody's 204 explains may be closed; an answer that was refused shows nothing.
#[tokio::test(start_paused = true)]
async fn an_api_token_whose_reading_back_is_refused_stays_open() {
    let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
    let rule = "okta GET api-tokens/=forbidden";
    lab.range.lock().unwrap().faults = Faults::parse(rule).unwrap();
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let contain = lab.contain(&tools, &["alex@contoso.example"], "account-takeover");
    let (ended, state) = contain.await;
    let told = Told::of(ended, state);
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert_eq!(told.report.unproven, 0, "open is not unproven");
    let mut residual = told.report.subjects[0].residual.iter();
    let open = residual.find(|each| each.what.contains("API token") && each.why.contains("403"));
    assert!(open.is_some(), "{}", told.screen);
}

/// Who holds nothing that an `ask:` stage would take leaves nobody anything to agree to.
#[tokio::test(start_paused = true)]
async fn a_stage_that_asks_and_selects_nothing_is_no_work_for_people() {
    let text = "playbook: oust/v1\nname: asks\ntitle: T\ndescription: D\nstages:\n  - name: evict\n    \
                steps:\n      - okta.clear_sessions: {}\n      - okta.suspend_user: {}\n      - \
                okta.clear_sessions: {}\n  - name: undo\n    ask: true\n    steps:\n      - \
                okta.remove_admin_roles: { select: in_window }\n      - okta.delete_factors: { \
                select: in_window }\n";
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    let playbook = check("asks.yaml", text, &vendors).unwrap();
    let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let request = lab.request(&["alex@contoso.example"]);
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request).await;
    let prepared = prepared.unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let ended = run.carry_out().await;
    let told = Told::of(ended, run.state());
    // What is left is what the intruder planted outside the account, and nothing of it.
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert_eq!(told.report.subjects[0].verdict, Verdict::Contained);
    assert!(
        told.screen.contains("the intruder is not: 1 planted"),
        "{}",
        told.screen
    );
    let why = |verb: &str| {
        let mut steps = told.report.subjects[0].steps.iter();
        let step = steps.find(|step| step.action.verb() == verb).unwrap();
        step.not_done.clone().expect("nothing of it was done").kind
    };
    assert_eq!(why("remove_admin_roles"), "nothing_selected");
    assert_eq!(why("delete_factors"), "unasked");
    let manual: Vec<&str> = told.report.manual.iter().map(|each| &*each.text).collect();
    let asked = manual
        .iter()
        .filter(|text| text.contains("asks for a consent"));
    assert_eq!(asked.count(), 1, "{manual:?}");
}

/// Runs a shipped playbook with parts given to its subjects.
async fn with_roles(lab: &Lab, playbook: &str, who: &[(&str, Role)]) -> Told {
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let names: Vec<&str> = who.iter().map(|(name, _)| *name).collect();
    let mut request = lab.request(&names);
    let role = |(name, role): &(&str, Role)| ((*name).to_owned(), *role);
    request.roles = who.iter().map(role).collect();
    let playbook = shipped(playbook);
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request).await;
    let prepared = prepared.unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let ended = run.carry_out().await;
    Told::of(ended, run.state())
}

#[tokio::test(start_paused = true)]
async fn who_let_support_in_is_contained_and_whom_it_acted_as_is_signed_out() {
    let world = World::contoso(NOON).attacker(Attacker::new(ALEX, 300).with_grants());
    let lab = Lab::new(world, 7);
    let (alex, kim) = ("alex@contoso.example", "kim@contoso.example");
    let parts = [(kim, Role::Impersonated), (alex, Role::Granter)];
    let told = with_roles(&lab, "support-impersonation", &parts).await;
    let range = lab.range.lock().unwrap();
    let okta = &range.okta;
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    assert_eq!(okta.support_until_ms, None, "{}", told.screen);
    assert!(okta.is_contained(ALEX));
    assert_eq!(okta.attacker_holds(ALEX), Vec::<String>::new());
    let kim = okta.user(kim).unwrap();
    assert_eq!(kim.status, "ACTIVE", "she may be a victim");
    assert!(kim.sessions.is_empty());
    assert!(!kim.factors.is_empty());
    let revoked = okta.events_of("user.session.impersonation.revoke");
    assert_eq!(revoked.len(), 1, "the org is changed once");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_api_token_goes_first_and_what_it_made_goes_with_it() {
    let world = World::contoso(NOON).attacker(Attacker::new(ALEX, 300).with_grants());
    let lab = Lab::new(world, 7);
    let alex = [("alex@contoso.example", Role::Compromised)];
    let told = with_roles(&lab, "api-token-compromise", &alex).await;
    let range = lab.range.lock().unwrap();
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    // His factors are another playbook's; the account is suspended.
    let mut holds = range.okta.attacker_holds(ALEX);
    holds.retain(|each| !each.starts_with("factor"));
    assert_eq!(holds, Vec::<String>::new(), "{}", range.journal.lines());
    assert!(range.okta.is_contained(ALEX));
    let writes = range.journal.writes();
    assert!(writes[0].path.starts_with("/api/v1/api-tokens/"));
}

/// An owner without admin rights is signed out and works on.
#[tokio::test(start_paused = true)]
async fn the_owner_of_a_stolen_token_who_is_no_administrator_stays_open() {
    let bailey = "bailey@contoso.example";
    let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
    let told = with_roles(&lab, "api-token-compromise", &[(bailey, Role::Compromised)]).await;
    let range = lab.range.lock().unwrap();
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    let user = range.okta.user(bailey).unwrap();
    assert_eq!(user.status, "ACTIVE");
    assert!(user.sessions.is_empty());
}

/// What the intruder gave the account is proposed to be taken back, and nothing of it is touched.
#[tokio::test(start_paused = true)]
async fn grants_of_the_window_are_proposed_each_with_its_event() {
    let at = NOON - 600_000;
    let world = World::contoso(NOON).only_okta().with(|okta| {
        okta.give_role_by_hand(ALEX, "ORG_ADMIN", ALEX, at);
        okta.join_group_by_hand(ALEX, "00gEngineering0005d7", PRIYA, at);
    });
    let lab = Lab::new(world, 7);
    let alex = [("alex@contoso.example", Role::Compromised)];
    let told = with_roles(&lab, "account-takeover", &alex).await;
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    let steps = told.report.subjects[0].steps.iter();
    let of = |verb: &str| {
        let mut steps = steps.clone();
        steps.find(|step| step.action.verb() == verb).unwrap()
    };
    let roles = of("remove_admin_roles");
    let why = roles.not_done.as_ref().map(|why| why.kind.clone());
    assert_eq!(why.as_deref(), Some("unasked"));
    let groups = of("remove_group_memberships");
    let kept: Vec<String> = groups.kept.iter().map(|kept| kept.why.clone()).collect();
    let by_priya = "by priya@contoso.example, who is not of this case";
    assert!(kept.iter().any(|why| why.contains(by_priya)), "{kept:?}");
    let holds = |kind: &str| {
        let range = lab.range.lock().unwrap();
        let held = range.okta.user(ALEX).unwrap().roles.values();
        held.into_iter().any(|role| role.kind == kind)
    };
    assert!(holds("ORG_ADMIN"));
    let how = "oust contain alex@contoso.example --playbook undo-grants";
    assert!(told.screen.contains(how), "{}", told.screen);

    // A person has looked at it and agrees: a run of its own, on the account as it is by now.
    let told = with_roles(&lab, "undo-grants", &alex).await;
    assert_eq!(told.verdict, Verdict::Contained, "{}", told.screen);
    assert!(
        !holds("ORG_ADMIN") && holds("SUPER_ADMIN"),
        "{}",
        told.screen
    );
    let range = lab.range.lock().unwrap();
    let groups = &range.okta.user(ALEX).unwrap().groups;
    assert!(
        groups.contains("00gEngineering0005d7"),
        "it was priya who put him there"
    );
}

/// Steps that were left unread, as they are recorded.
#[derive(Default)]
struct Unread(std::sync::Mutex<Vec<StepKey>>);

impl Observer for Unread {
    fn saw(&self, _at: Utc, event: &Event, _state: &RunState) {
        if let Event::Skipped { step, skip, .. } = event
            && matches!(skip, Skip::Unread { .. })
        {
            self.0.lock().unwrap().push(*step);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_when_it_was_due_is_done_after_all_and_nobody_is_swept_for_it() {
    let lab = Lab::new(World::contoso(NOON), 7);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let request = lab.request(&["alex@contoso.example"]);
    let playbook = shipped("account-takeover");
    let prepared = plan(&tools, &playbook, &GuardConfig::default(), request).await;
    let prepared = prepared.unwrap();
    // For longer than the step takes, and not for long.
    lab.range.lock().unwrap().faults.add(Fault {
        method: Some("GET".into()),
        path_contains: "/clients".into(),
        nth: None,
        times: None,
        kind: FaultKind::Internal500,
    });
    let range = Arc::clone(&lab.range);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(100)).await;
        range.lock().unwrap().faults = Faults::default();
    });
    let unread = Arc::new(Unread::default());
    let start = lab.start_watched(&prepared.plan, prepared.snapshot, unread.clone());
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));
    let state = run.state();
    assert!(!unread.0.lock().unwrap().is_empty(), "one was not read");
    assert!(
        !state
            .skipped
            .values()
            .any(|skip| matches!(skip, Skip::Unread { .. }))
    );
    // Nobody was let in meanwhile, and nothing says that he did anything.
    let cleared = state.changes().iter();
    let cleared = cleared.filter(|each| each.change.action.verb() == "clear_sessions");
    let attempts: Vec<u32> = cleared.map(|each| each.attempts).collect();
    assert!(
        attempts.iter().all(|attempts| *attempts == 1),
        "{attempts:?}"
    );
}
