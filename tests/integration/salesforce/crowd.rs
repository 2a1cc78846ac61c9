//! Many accounts in one query, and what is believed of its answer.

use oust::connector::Identified;
use oust::model::{Change, OutcomeKind};
use oust_mocks::accounts::salesforce_id;
use oust_mocks::salesforce::salesforce_error;
use oust_mocks::{FaultKind, World};

use super::desk::{Desk, contoso};
use crate::crowd_desk::{is_done, is_in_doubt, login};
use crate::okta::desk::failure;

const MANY: usize = 120;

/// Everybody of the crowd has two sessions and a token of an app.
fn crowd() -> World {
    contoso()
        .crowd_at_services(MANY)
        .with_salesforce(|salesforce| {
            for n in 1..=MANY {
                let at = crate::wire::now_ms() - 60_000;
                for ip in ["198.51.100.7", "203.0.113.66"] {
                    salesforce.sign_in(&salesforce_id(&login(n)), ip, false, at);
                }
            }
        })
}

impl Desk {
    async fn changes_of(&self, verb: &str, who: &[Identified]) -> Vec<Vec<Change>> {
        let changes = self.changes_for(verb, who).await;
        assert!(changes.iter().all(|own| !own.is_empty()), "{verb}");
        changes
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn many_are_looked_up_frozen_signed_out_and_proven_in_a_few_queries() {
    let desk = Desk::of(crowd());
    let who = desk.who_of(MANY).await;
    for (place, who) in who.iter().enumerate() {
        assert_eq!(
            who.id,
            salesforce_id(&login(place + 1)),
            "in the same order"
        );
    }
    // The first eight before it shows that they are many, then fifty to a query.
    assert!(
        desk.requests("/query") <= 8 + 3,
        "{}",
        desk.requests("/query")
    );

    for (verb, writes) in [("freeze_user", MANY), ("delete_sessions", 2)] {
        let asked = desk.requests("/query");
        let changes = desk.changes_of(verb, &who).await;
        assert!(desk.requests("/query") - asked <= 3, "{verb}");
        let before = desk.writes().len();
        let done = desk.applied_side_by_side(&changes).await;
        assert!(
            done.iter().all(|each| each.outcome.kind.is_good()),
            "{verb}"
        );
        assert_eq!(desk.writes().len() - before, writes, "{verb}");
        let asked = desk.requests("/query");
        assert_eq!(desk.proven(&done).await, done.len(), "{verb}");
        let count = desk.requests("/query") - asked;
        assert!(count <= 6, "{verb}: {count} queries to prove it");
    }
    // Nobody holds a token: that is believed of all, and asked once more of nobody.
    let asked = desk.requests("/query");
    let planned = desk.planned_for("revoke_oauth_tokens", &who).await;
    assert!(planned.iter().all(|each| each.changes.is_empty()));
    let count = desk.requests("/query") - asked;
    assert!(count <= 2 * 2 + 1, "{count} queries for tokens");
}

#[tokio::test(start_paused = true)]
async fn where_not_all_tokens_are_listed_each_is_asked_about_alone() {
    let world = crowd().with_salesforce(|salesforce| salesforce.settings.token_rows_max = 0);
    let world = world.with_salesforce(|salesforce| {
        for n in 1..=MANY {
            let at = crate::wire::now_ms() - 60_000;
            salesforce.authorize_app(&salesforce_id(&login(n)), "Loader", false, at);
        }
    });
    let desk = Desk::of(world);
    let who = desk.who_of(MANY).await;
    let changes = desk.changes_of("revoke_oauth_tokens", &who).await;
    // One change stands for all that he has, because they are not listed.
    assert!(changes.iter().all(|own| own[0].target.kind == "user"));
}

#[tokio::test(start_paused = true)]
async fn where_the_call_for_many_is_refused_sessions_end_one_by_one() {
    let desk = Desk::of(crowd());
    let who = desk.who_of(MANY).await;
    let changes = desk.changes_of("delete_sessions", &who).await;
    for _ in 0..2 {
        let body = salesforce_error("INVALID_TYPE", "not for this call");
        let kind = FaultKind::Status { code: 400, body };
        desk.fault("DELETE", "/composite/sobjects", kind);
    }
    let done = desk.applied_side_by_side(&changes).await;
    assert!(done.iter().all(|each| each.outcome.kind.is_good()));
    assert_eq!(desk.proven(&done).await, done.len());
}

#[tokio::test(start_paused = true)]
async fn one_bad_session_among_many_fails_alone() {
    let desk = Desk::of(crowd());
    let who = desk.who_of(MANY).await;
    let mut changes = desk.changes_of("delete_sessions", &who).await;
    // One is no id at all, one is of something else, and one ended meanwhile.
    let bad = ["not an id", "001000000000001AAA", "0Ak000000000099AAA"];
    for (own, id) in changes.iter_mut().skip(20).zip(bad) {
        own[0].target.id = id.into();
    }
    let before = desk.writes().len();
    let done = desk.applied_side_by_side(&changes).await;
    let (bad, good): (Vec<_>, Vec<_>) = done.into_iter().partition(|each| {
        let id = &each.change.target.id;
        bad.contains(&id.as_str())
    });
    for each in &good {
        assert!(is_done(each), "{:?}", each.outcome);
    }
    assert_eq!(desk.proven(&good).await, 2 * MANY - 3);
    // What is not there is not open: that is what was wanted, and is read back like all.
    assert_eq!(bad.len(), 3);
    for each in &bad {
        assert_eq!(each.outcome.kind, OutcomeKind::AlreadyDone, "{each:?}");
    }
    let writes = desk.writes().len() - before;
    assert_eq!(
        writes,
        2 + 1,
        "two calls for many, and one for what is no id"
    );

    // A row that Salesforce refuses is refused to him.
    let desk = Desk::of(crowd());
    let changes = desk
        .changes_of("delete_sessions", &desk.who_of(MANY).await)
        .await;
    let locked = changes[40][1].target.id.clone();
    let lock = |id: &str| {
        desk.org
            .range()
            .salesforce
            .settings
            .locked
            .insert(id.into())
    };
    lock(&locked);
    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        let is_it = each.change.target.id == locked;
        assert_eq!(is_done(each), !is_it, "{:?}", each.outcome);
        if is_it {
            let (why, hint) = failure(&each.outcome);
            assert!(why.contains("UNABLE_TO_LOCK_ROW"), "{why}");
            assert!(hint.contains("resume"), "{hint}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_call_for_many_that_was_cut_off_nobody_is_done_until_it_is_read() {
    let desk = Desk::of(crowd());
    let who = desk.who_of(MANY).await;
    let changes = desk.changes_of("delete_sessions", &who).await;
    desk.fault("DELETE", "/composite/sobjects", FaultKind::CutAfterEffect);
    let done = desk.applied_side_by_side(&changes).await;
    assert_eq!(done.iter().filter(|each| is_in_doubt(each)).count(), 200);
    assert!(done.iter().any(is_done));
    let failed = |kind: &OutcomeKind| matches!(kind, OutcomeKind::Failed { .. });
    assert!(!done.iter().any(|each| failed(&each.outcome.kind)));
    assert_eq!(desk.proven(&done).await, done.len());
}
