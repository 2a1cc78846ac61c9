//! Reads a past run's changes back once more: is it still so?
//!
//! Reads only; what is seen is appended to the run's records, so that report and resume know
//! it too. Does not mend what it finds (`oust runs resume` does).

use std::time::Duration;

use super::run::{RunError, Tools};
use super::step::applied_of;
use super::tenants;
use crate::given::within;
use crate::ledger::{ChangeState, Event, Happened, RunState, run_verdict};
use crate::model::{ActionId, Applied, Proof, RunId, Utc};
use crate::transport::{Rank, Reader};

/// How long one system's reads may take.
const READ_FOR: Duration = Duration::from_secs(60);

/// Reads every answered change of `run` back, records what is news, returns the run as it
/// stands.
///
/// # Errors
/// [`RunError`] if there is no such run, or it is another org's.
pub async fn prove_again(
    tools: &Tools,
    run: &RunId,
    mut state: RunState,
) -> Result<RunState, RunError> {
    let Some(plan) = &state.plan else {
        return Err(RunError::NoSuchRun(run.to_string()));
    };
    tools.store.bind_org(&plan.org_id).await?;
    let systems = tenants::unmoved(tools, plan, READ_FOR).await;
    let mut news = Vec::new();
    for system in &systems {
        let answered: Vec<Applied> = state
            .changes()
            .iter()
            .filter(|each| each.change.system == system.id && each.attempts > 0)
            .filter(|each| each.is_answered_well() || each.is_in_doubt() || each.proof.is_some())
            .map(|each| applied_of(&state, &each.change))
            .collect();
        if answered.is_empty() {
            continue;
        }
        let reader = Reader::new(system.client.clone())
            .ranked(Rank::Prove)
            .patient(READ_FOR);
        let proofs = within(
            &*tools.clock,
            READ_FOR,
            system.connector.prove(&reader, &answered),
        );
        for (applied, proof) in answered.iter().zip(proofs.await.unwrap_or_default()) {
            let known = state.change(&applied.change.id);
            if known.is_some_and(|known| is_news(known, &proof)) {
                news.push(Event::Proved {
                    change: applied.change.id.clone(),
                    proof,
                });
            }
        }
    }
    if !news.is_empty() {
        let now = tools.clock.now();
        news.extend(judged(tools, state.clone(), now, &news));
        let news = Happened::at_once(now, news);
        let head = tools.store.append(run, news.clone()).await?;
        for Happened { at, event } in &news {
            state.apply(*at, event);
        }
        state.head = Some(head);
    }
    Ok(state)
}

/// The word that a run which is over gets by these reads, if it is another one. A run under way
/// gets its own when it closes.
pub(super) fn judged(
    tools: &Tools,
    mut state: RunState,
    now: Utc,
    news: &[Event],
) -> Option<Event> {
    let before = state.verdict?;
    for event in news {
        state.apply(now, event);
    }
    let action = |id: &ActionId| {
        let mut vendors = tools.vendors.iter();
        let vendor = vendors.find(|vendor| vendor.id == id.vendor());
        let known = vendor.and_then(|vendor| vendor.action(id.verb()));
        known.or_else(|| tools.action(id))
    };
    let verdict = run_verdict(&state, &action, &tools.directory.system.id);
    (verdict != before).then_some(Event::Judged { verdict })
}

/// A failed or late read takes nothing back that was read before.
fn is_news(known: &ChangeState, proof: &Proof) -> bool {
    use crate::model::ProofState::{Pending, Proven, Refuted, Unverifiable};
    match (known.proof.as_ref().map(|proof| proof.state), proof.state) {
        (Some(_), Pending) | (Some(Proven), Unverifiable) => false,
        (Some(before), now) => before != now || matches!(now, Proven | Refuted),
        (None, _) => true,
    }
}
