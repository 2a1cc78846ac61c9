//! Many at once: twenty to a request, and each with an answer of his own.

use oust::model::Change;
use oust_mocks::accounts::m365_id;
use oust_mocks::{FaultKind, World};

use super::{contoso, desk};
use crate::crowd_desk::{is_done, is_in_doubt, login};
use crate::okta::desk::failure;
use crate::service::ServiceDesk;

/// So many make three batches, one of them not full.
const MANY: usize = 50;

fn crowd() -> World {
    contoso().crowd_at_services(MANY)
}

impl ServiceDesk {
    async fn changes_for_all(&self, verb: &str) -> Vec<Vec<Change>> {
        let who = self.who_of(MANY).await;
        for (place, who) in who.iter().enumerate() {
            assert_eq!(who.id, m365_id(&login(place + 1)), "in the same order");
        }
        let changes = self.changes_for(verb, &who).await;
        assert!(changes.iter().all(|own| own.len() == 1));
        changes
    }
}

#[tokio::test(start_paused = true)]
async fn many_are_looked_up_signed_out_and_proven_twenty_to_a_request() {
    let desk = desk(crowd());
    let changes = desk.changes_for_all("revoke_sessions").await;
    // The first few are asked about alone: nobody knows yet that they are many.
    let to_plan = desk.requests("/graph/");
    assert!(to_plan <= 8 + 3 + 3, "{to_plan}");
    assert_eq!(
        desk.writes(),
        Vec::<String>::new(),
        "a batch of reads writes nothing"
    );

    let done = desk.applied_side_by_side(&changes).await;
    assert!(done.iter().all(is_done));
    assert!(done.iter().all(|each| each.outcome.receipts.len() == 1));
    assert_eq!(desk.writes(), ["POST /graph/v1.0/$batch"; 3]);

    desk.org.wait(5).await;
    assert_eq!(desk.proven(&done).await, MANY);
    assert_eq!(desk.requests("/graph/") - to_plan, 3 + 3);
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_is_asked_about_and_signed_out_by_plain_requests() {
    let desk = desk(crowd());
    for n in 1..=4 {
        let change = desk.change("revoke_sessions", &login(n)).await;
        let done = desk.applied(&change).await;
        desk.org.wait(5).await;
        assert!(desk.is_proven(&done).await);
    }
    assert_eq!(desk.requests("/$batch"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_within_an_answer_is_waited_out_by_those_it_struck_and_by_nobody_else() {
    let desk = desk(crowd());
    let changes = desk.changes_for_all("revoke_sessions").await;
    desk.org.range().m365.settings.units_per_10_s = 15;
    let (asked, began) = (desk.requests("/graph/"), desk.org.at_ms());
    let done = desk.applied_side_by_side(&changes).await;
    let took_s = (desk.org.at_ms() - began) / 1000;
    assert!(done.iter().all(is_done));
    // Fifty at fifteen in ten seconds: three windows are waited for, and what is sent meanwhile is
    // little more than what has to be.
    assert!((30..=45).contains(&took_s), "{took_s} s");
    let sent = desk.requests("/graph/") - asked;
    assert!(sent <= 16, "{sent} requests");
    desk.org.range().m365.settings.units_per_10_s = 3_500;
    desk.org.wait(15).await;
    assert_eq!(desk.proven(&done).await, MANY);
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_leaves_out_is_read_alone_and_a_write_is_in_doubt() {
    let desk = desk(crowd());
    let left_out = m365_id(&login(33));
    let leave = |id: &str| {
        let id = id.to_owned();
        desk.org.range().m365.settings.batch_leaves_out.insert(id);
    };
    leave(&left_out);
    let changes = desk.changes_for_all("revoke_sessions").await;
    let single = {
        let range = desk.org.range();
        let path = format!("/graph/v1.0/users/{left_out}");
        let all = range.journal.entries().iter();
        all.filter(|each| each.path == path).count()
    };
    assert_eq!(single, 1, "he was read alone to be planned");

    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        let is_his = each.change.target.id == left_out;
        assert_eq!(is_in_doubt(each), is_his, "{:?}", each.outcome);
    }
    desk.org.wait(5).await;
    assert_eq!(
        desk.proven(&done).await,
        MANY,
        "he was signed out, as the read shows"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_took_too_long_within_a_batch_is_in_doubt_and_a_read_is_made_alone() {
    for status in [408, 500, 504] {
        let desk = desk(crowd());
        let slow = m365_id(&login(33));
        let says = |id: &str, status| {
            let mut range = desk.org.range();
            range.m365.settings.batch_says.insert(id.into(), status);
        };
        says(&slow, status);
        // Planned all the same, by a read of his own.
        let changes = desk.changes_for_all("revoke_sessions").await;
        let done = desk.applied_side_by_side(&changes).await;
        for each in &done {
            let is_his = each.change.target.id == slow;
            assert_eq!(is_in_doubt(each), is_his, "{status} {:?}", each.outcome);
            assert_eq!(is_done(each), !is_his, "{status} {:?}", each.outcome);
        }
        desk.org.wait(5).await;
        assert_eq!(desk.proven(&done).await, MANY, "{status}: it had happened");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_that_was_cut_off_or_lied_about_nobody_is_done() {
    for kind in [
        FaultKind::CutAfterEffect,
        FaultKind::LieOk,
        FaultKind::Internal500,
        FaultKind::Status {
            code: 408,
            body: String::new(),
        },
    ] {
        let desk = desk(crowd());
        let changes = desk.changes_for_all("revoke_sessions").await;
        desk.fault("POST", "$batch", kind.clone());
        let done = desk.applied_side_by_side(&changes).await;
        let in_doubt = done.iter().filter(|each| is_in_doubt(each)).count();
        let good = done
            .iter()
            .filter(|each| each.outcome.kind.is_good())
            .count();
        assert_eq!((in_doubt, good), (20, MANY - 20), "{kind}");
        assert_eq!(desk.writes().len(), 3, "{kind}: nothing is sent twice");
        desk.org.wait(5).await;
        let proven = if kind == FaultKind::CutAfterEffect {
            MANY
        } else {
            MANY - 20
        };
        assert_eq!(desk.proven(&done).await, proven, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_batches_are_refused_each_is_asked_about_and_signed_out_alone() {
    let desk = desk(crowd().with_m365(|m365| m365.settings.takes_batches = false));
    let changes = desk.changes_for_all("revoke_sessions").await;
    let done = desk.applied_side_by_side(&changes).await;
    assert!(done.iter().all(is_done));
    assert_eq!(desk.effects(), MANY);
    desk.org.wait(5).await;
    assert_eq!(desk.proven(&done).await, MANY);
}

#[tokio::test(start_paused = true)]
async fn whom_graph_refuses_keeps_nobody_else_signed_in() {
    let desk = desk(crowd().m365_restricted(&login(21)));
    let changes = desk.changes_for_all("disable_account").await;
    let done = desk.applied_side_by_side(&changes).await;
    for each in &done {
        if each.change.target.id == m365_id(&login(21)) {
            let (why, _) = failure(&each.outcome);
            assert!(why.contains("restricted management"), "{why}");
        } else {
            assert!(is_done(each), "{:?}", each.outcome);
        }
    }
    desk.org.wait(5).await;
    assert_eq!(desk.proven(&done).await, MANY - 1);
    // And back again, in the same way.
    let undo: Vec<Vec<Change>> = done
        .iter()
        .filter(|each| is_done(each))
        .map(|each| desk.inverse(each))
        .collect();
    let undone = desk.applied_side_by_side(&undo).await;
    desk.org.wait(5).await;
    assert_eq!(desk.proven(&undone).await, MANY - 1);
}
