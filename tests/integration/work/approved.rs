//! What people approved is carried out, once, and only while it still holds.

use oust::desk::ProposalState;
use oust::model::Fate;
use oust_mocks::world::ALEX;

use super::soc::{KIM, Soc, intrusion, on, takeover, world, world_with_an_agent};

#[tokio::test(start_paused = true)]
async fn an_approved_plan_is_carried_out_once() {
    let mut soc = Soc::working(world_with_an_agent(), "").await;
    let fate = soc.decided(on(ALEX)).await;
    let run = fate.run().unwrap().clone();
    soc.saw_no_writes();
    let proposal = soc.proposals().await.remove(0);
    soc.approve(&proposal, "dana").await;
    soc.wait(600).await;
    let proposal = soc.proposals().await.remove(0);
    assert_eq!(proposal.state, ProposalState::Begun);
    let runs = soc.runs().await;
    assert_eq!((runs.len(), &runs[0].id), (1, &run));
    assert!(runs[0].closed_at.is_some());
    assert_eq!(soc.suspended(ALEX), 1);
    assert_eq!(soc.said(), ["waiting", "starting", "ended"]);
    assert_eq!(soc.notices()[1]["by"], "dana");
    // Nor by a process after this one.
    soc.kill().await;
    soc.start().await;
    soc.wait(600).await;
    assert_eq!((soc.runs().await.len(), soc.suspended(ALEX)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_it_is_about_does_not_approve_it() {
    let soc = Soc::working(world(), "").await;
    soc.decided(on(ALEX)).await;
    let proposal = soc.proposals().await.remove(0);
    soc.approve(&proposal, "alex@contoso.example").await;
    soc.wait(600).await;
    soc.saw_no_writes();
    assert_eq!(soc.proposals().await[0].state, ProposalState::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_no_longer_holds_is_not_carried_out() {
    let mut soc = Soc::working(world(), "").await;
    soc.decided(on(ALEX)).await;
    let proposal = soc.proposals().await.remove(0);
    // The account is protected from now on: a guard answers otherwise, and would stop any other plan.
    soc.kill().await;
    soc.guards.protected = vec![oust::model::UserId::new(ALEX)];
    soc.start().await;
    soc.approve(&proposal, "dana").await;
    soc.wait(60).await;
    soc.saw_no_writes();
    let proposals = soc.proposals().await;
    assert_eq!(
        (proposals.len(), proposals[0].state),
        (1, ProposalState::Overtaken)
    );
    assert_eq!(soc.said(), ["waiting", "refused"]);
    let why = soc.notices()[1]["why"].to_string();
    assert!(why.contains("a guard answers otherwise"), "{why}");
    assert!(soc.runs().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_gone_by_then_is_not_contained() {
    let soc = Soc::working(world(), "").await;
    soc.decided(on(ALEX)).await;
    let proposal = soc.proposals().await.remove(0);
    soc.lab.range.lock().unwrap().okta.users.remove(ALEX);
    soc.approve(&proposal, "dana").await;
    soc.wait(60).await;
    soc.saw_no_writes();
    assert_eq!(soc.proposals().await[0].state, ProposalState::Overtaken);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_decides_expires() {
    let soc = Soc::working(world(), "").await;
    let fate = soc.decided(on(ALEX)).await;
    assert!(matches!(fate, Fate::Proposed { .. }));
    soc.wait(4 * 3600 + 60).await;
    assert_eq!(soc.proposals().await[0].state, ProposalState::Expired);
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn two_proposals_are_carried_out_side_by_side() {
    let mut events = takeover();
    events.extend(intrusion(KIM, "kim@contoso.example", 5));
    let soc = Soc::working(world().log(&events), "").await;
    soc.decided(on(ALEX)).await;
    soc.decided(on(KIM)).await;
    for proposal in soc.proposals().await {
        soc.approve(&proposal, "dana").await;
    }
    soc.wait(900).await;
    assert_eq!((soc.suspended(ALEX), soc.suspended(KIM)), (1, 1));
    assert_eq!(soc.unfinished().await, 0);
}
