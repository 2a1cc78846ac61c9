//! Each thing that undoes a containment: caught at the next look, named as far as anybody tells,
//! and contained again by the same plan.

use std::time::Duration;

use oust::engine::watch::{NewsKind, Turn};
use oust::model::{MASTERED_ELSEWHERE, Owner, ProofState, Verdict};
use oust_mocks::world::ALEX as ALEX_ID;
use oust_mocks::{Fault, FaultKind, Faults, Strike};

use super::world::{ALEX, Watched, due, quiet, told};

#[tokio::test(start_paused = true)]
async fn what_holds_is_quiet_and_leaves_no_trace_in_the_ledger() {
    let it = Watched::everywhere().await;
    let (writes, records) = (it.writes(), it.tools.store.records(&it.run).await.unwrap());
    let mut keeper = it.keeper(3);
    for _ in 0..3 {
        quiet(keeper.turn(&it.tools).await);
        it.lab.clock.sleep(keeper.pause()).await;
    }
    assert_eq!(it.writes(), writes);
    let after = it.tools.store.records(&it.run).await.unwrap();
    assert!(
        after.len() <= records.len() + 1,
        "only how far the log was read: {:?}",
        &after[records.len()..]
    );
    assert_eq!(it.state().await.verdict, Some(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn an_import_that_activates_him_is_caught_and_contained_again() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    quiet(keeper.turn(&it.tools).await);
    it.strike(Strike::Import);
    let now = it.lab.clock.now().millis();
    // He comes in while the door stands open.
    assert!(it.range().okta.can_sign_in(ALEX_ID));
    it.range()
        .okta
        .mint_api_token_by_hand(ALEX_ID, "again", now);

    let look = due(keeper.turn(&it.tools).await);
    let news = &look.news[0];
    assert_eq!(news.kind, NewsKind::LetIn);
    assert!(
        news.says
            .starts_with("unsuspended by an import or a job (system@okta.com) at "),
        "{}",
        news.says
    );
    assert!(news.next.contains("import"), "{}", news.next);
    assert_eq!(look.verdict(), Verdict::Partial, "the ledger says so, too");
    let finding = look
        .state
        .findings
        .iter()
        .find(|f| f.id == "watch")
        .unwrap();
    assert!(finding.hint.contains("oust runs resume r_lab"));

    it.contained_again(&mut keeper).await;
    assert!(it.range().okta.is_contained(ALEX_ID));
    assert_eq!(
        it.range().okta.attacker_holds(ALEX_ID),
        Vec::<String>::new()
    );
    it.lab.clock.sleep(keeper.pause()).await;
    quiet(keeper.turn(&it.tools).await);
    let consent = it.state().await.consent.unwrap();
    assert_eq!(consent.0, oust::consent::ConsentKind::Watch);
    assert_eq!(consent.1, "kim");
}

#[tokio::test(start_paused = true)]
async fn an_administrator_who_unsuspends_him_is_named_with_his_id() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    it.strike(Strike::Unsuspend);
    let look = due(keeper.turn(&it.tools).await);
    assert_eq!(look.news.len(), 1, "{:?}", told(&look));
    let news = &look.news[0];
    let by = format!(
        "unsuspended by priya@contoso.example ({})",
        oust_mocks::world::PRIYA
    );
    assert!(news.says.starts_with(&by), "{}", news.says);
    assert!(
        news.next.contains("oust contain priya@contoso.example"),
        "{}",
        news.next
    );
    it.contained_again(&mut keeper).await;
}

/// The status is read first and the log last: what happens in between counts all the same, and his
/// lock goes back on before anything else is read.
#[tokio::test(start_paused = true)]
async fn what_happens_in_the_middle_of_a_look_is_not_read_past() {
    let it = Watched::everywhere().await;
    it.range().faults.add(Fault {
        method: None,
        path_contains: "/v1.0/users".into(),
        nth: None,
        times: None,
        kind: FaultKind::Latency { ms: 5_000 },
    });
    let mut keeper = it.keeper(3);
    let strike = async {
        it.lab.clock.sleep(Duration::from_secs(2)).await;
        it.strike(Strike::Import);
    };
    let (turn, ()) = futures_util::future::join(keeper.turn(&it.tools), strike).await;
    let look = due(turn);
    assert_eq!(look.news[0].kind, NewsKind::LetIn);
    let lock = look
        .state
        .changes()
        .iter()
        .find(|each| each.change.action.verb() == "suspend_user")
        .unwrap();
    assert!(lock.proof_is(ProofState::Refuted), "{:?}", lock.proof);
    it.range().faults = Faults::default();
    it.contained_again(&mut keeper).await;
}

/// The log lags: whoever did it is named as soon as it tells, and nothing waits for that.
#[tokio::test(start_paused = true)]
async fn who_did_it_is_told_later_if_the_log_lags() {
    let it = Watched::at_okta().await;
    it.range().okta.settings.log_delay_ms = 30_000;
    let mut keeper = it.keeper(3);
    it.strike(Strike::Unsuspend);
    let look = due(keeper.turn(&it.tools).await);
    assert_eq!(look.news[0].kind, NewsKind::Undone);
    assert!(
        look.news[0].says.contains("does not name who did it yet"),
        "{}",
        look.news[0].says
    );
    it.contained_again(&mut keeper).await;
    it.lab.clock.sleep(Duration::from_secs(60)).await;
    match keeper.turn(&it.tools).await {
        Turn::Quiet(look) => {
            assert_eq!(look.news.len(), 1, "{:?}", told(&look));
            assert_eq!(look.news[0].kind, NewsKind::Named);
            assert!(look.news[0].says.contains("priya@contoso.example"));
        }
        other => panic!("{other:?}"),
    }
    it.lab.clock.sleep(Duration::from_secs(60)).await;
    quiet(keeper.turn(&it.tools).await);
}

/// Unsuspended and suspended again between two looks: the status tells nothing, the log does.
#[tokio::test(start_paused = true)]
async fn a_door_that_stood_open_for_a_moment_is_seen() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    it.strike(Strike::Unsuspend);
    {
        let mut range = it.range();
        let user = range.okta.users.get_mut(ALEX_ID).unwrap();
        user.status = "SUSPENDED".into();
    }
    let look = due(keeper.turn(&it.tools).await);
    assert_eq!(look.news[0].kind, NewsKind::LetIn);
    let writes = it.writes();
    it.contained_again(&mut keeper).await;
    let range = it.range();
    let cleared = range.journal.writes()[writes..]
        .iter()
        .any(|entry| entry.path.ends_with("/sessions"));
    assert!(cleared, "{}", range.journal.lines());
}

#[tokio::test(start_paused = true)]
async fn every_other_strike_is_caught_and_contained_again() {
    for (strike, system, says) in [
        (Strike::Factor, "okta", "something new: delete push factor"),
        (Strike::M365, "m365", "something new: "),
        (Strike::Google, "google", "app password"),
        (Strike::Salesforce, "salesforce", "is undone"),
        (Strike::Slack, "slack", "is undone"),
        (Strike::GitHub, "github", "is undone: 1 authorised again"),
        (Strike::Aws, "aws", "is undone"),
    ] {
        let it = Watched::everywhere().await;
        let mut keeper = it.keeper(3);
        quiet(keeper.turn(&it.tools).await);
        it.strike(strike);
        let word = strike.word();
        let look = due(keeper.turn(&it.tools).await);
        let all = told(&look);
        assert!(
            all.iter()
                .any(|each| each.starts_with(&format!("{system}: ")) && each.contains(says)),
            "{word}: {all:?}"
        );
        assert!(look.verdict() > Verdict::Contained, "{word}");
        it.contained_again(&mut keeper).await;
        it.lab.clock.sleep(keeper.pause()).await;
        quiet(keeper.turn(&it.tools).await);
        let now = it.lab.clock.now().millis();
        let mut range = it.range();
        range.tick(now);
        let holds: Vec<String> = range
            .holds(ALEX)
            .into_iter()
            .filter(|each| each.contains("once more") || each.contains("Pixel 11"))
            .filter(|each| !each.contains("revives at release"))
            .collect();
        assert_eq!(holds, Vec::<String>::new(), "{word}");
    }
}

/// An account that a service let in again, where the playbook disables accounts.
#[tokio::test(start_paused = true)]
async fn an_account_that_a_vendor_enabled_again_is_undone() {
    let it = Watched::everywhere().await;
    it.strike(Strike::Salesforce);
    let mut keeper = it.keeper(1);
    let look = due(keeper.turn(&it.tools).await);
    let state = &look.state;
    let frozen = state
        .changes()
        .iter()
        .find(|each| each.change.action.verb() == "freeze_user")
        .unwrap();
    assert!(frozen.proof_is(ProofState::Refuted));
    it.contained_again(&mut keeper).await;
    assert!(
        it.range()
            .salesforce
            .users
            .values()
            .any(|user| user.is_frozen)
    );
}

/// Before anything is written, the plan says who has to hold still.
#[test]
fn the_owner_of_the_source_is_named_beforehand() {
    let owner = |app: &str, owner: &str| Owner {
        app: app.into(),
        owner: owner.into(),
        contact: format!("{owner}@contoso.example"),
    };
    let mut plan = crate::samples::PlanSample::about(vec![crate::samples::alex()]).plan();
    plan.case.subjects[0].mastered_by = "ACTIVE_DIRECTORY".into();
    let login = plan.case.subjects[0].login.clone();
    plan.findings = vec![oust::model::Finding {
        severity: oust::model::Severity::Warning,
        id: MASTERED_ELSEWHERE.into(),
        text: format!("{login} is mastered by ACTIVE_DIRECTORY: its next import will undo it"),
        hint: "have him suspended there".into(),
    }];
    plan.call(&[
        owner("import", "hr-it"),
        owner("Active_Directory", "ad-team"),
    ]);
    assert!(
        plan.findings[0].hint.contains("ad-team"),
        "{:?}",
        plan.findings
    );
    assert!(plan.findings[0].hint.contains("ad-team@contoso.example"));
    plan.call(&[owner("import", "hr-it")]);
    assert!(
        plan.findings[0].hint.contains("hr-it"),
        "{:?}",
        plan.findings
    );
    plan.case.subjects[0].mastered_by = "OKTA".into();
    plan.call(&[owner("import", "hr-it")]);
    assert_eq!(plan.owners, [], "his profile comes from nowhere else");
}
