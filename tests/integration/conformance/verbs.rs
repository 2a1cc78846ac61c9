//! Every declared action, at the connector: plan, apply twice, prove, take back by hand, undo.

use std::collections::BTreeSet;

use oust::connector::CannotUndo;
use oust::connectors::REGISTER;
use oust::model::{Applied, OutcomeKind, ProofState, Provable, Undo};
use oust_mocks::World;
use oust_mocks::world::ALEX;
use serde_json::json;

use super::okta::{Trial, settings, taken_back, trials};
use crate::okta::desk::{ALEX_LOGIN, Desk};
use crate::wire::now_ms;

/// A stand for every connector there is.
#[test]
fn every_connector_has_a_mock() {
    let range = oust_mocks::Range::new(World::contoso(now_ms()), 7);
    for row in REGISTER {
        let digest = range.digest_of(row.vendor.id);
        assert!(!digest.is_empty(), "no mock of `{}`", row.vendor.id);
    }
}

#[tokio::test(start_paused = true)]
async fn every_declared_action_does_what_is_declared() {
    let vendor = REGISTER[0].vendor;
    let mut met = BTreeSet::new();
    for trial in trials() {
        met.insert(trial.verb);
        for undoing in try_one(trial).await {
            met.insert(vendor.action(&undoing).expect("it is declared").verb);
        }
    }
    let declared: BTreeSet<&str> = vendor.actions.iter().map(|action| action.verb).collect();
    assert_eq!(met, declared, "an action that nobody tried");
}

/// Puts one action through everything; returns the verbs of its inverse.
async fn try_one(trial: Trial) -> Vec<String> {
    let verb = trial.verb;
    let declared = REGISTER[0].vendor.action(verb).unwrap();
    let desk = Desk::configured(trial.world, &settings());
    let before = desk.org.range().okta.clone();
    let others = desk.others(ALEX_LOGIN);

    let planned = desk
        .plan_selecting(verb, ALEX_LOGIN, trial.settings, trial.select)
        .await;
    assert!(
        !planned.changes.is_empty(),
        "{verb} has nothing to do: {planned:?}"
    );
    assert_eq!(
        desk.writes(),
        Vec::<String>::new(),
        "{verb} wrote while planning"
    );
    assert_eq!(desk.org.range().okta.digest(), before.digest(), "{verb}");

    let mut done = Vec::new();
    for change in &planned.changes {
        assert_eq!(change.undo, declared.undo, "{verb}");
        let applied = desk.applied(change).await;
        assert_eq!(
            applied.outcome.kind,
            OutcomeKind::Done,
            "{verb} {}",
            change.sentence
        );
        done.push(applied);
    }
    all_are(&desk, &done, ProofState::Proven).await;
    let after = desk.org.range().okta.clone();
    assert_ne!(after.digest(), before.digest(), "{verb} changed nothing");
    assert_eq!(desk.others(ALEX_LOGIN), others, "{verb} touched others");

    for change in &planned.changes {
        let again = desk.apply(change).await;
        assert!(
            again.kind.is_good(),
            "{verb} a second time: {:?}",
            again.kind
        );
    }
    assert_eq!(
        desk.org.range().okta.digest(),
        after.digest(),
        "{verb} changed twice"
    );
    all_are(&desk, &done, ProofState::Proven).await;

    if declared.proof == Provable::ByRead {
        taken_back(&mut desk.org.range().okta, &before);
        all_are(&desk, &done, ProofState::Refuted).await;
        desk.org.range().okta = after;
        all_are(&desk, &done, ProofState::Proven).await;
    }
    let undone = undo(&desk, declared.undo, &done).await;
    if declared.undo == Undo::Restores {
        let now = desk.org.range().okta.clone();
        assert!((trial.restored)(&before, &now), "{verb} was not undone");
        assert_eq!(
            desk.others(ALEX_LOGIN),
            others,
            "undoing {verb} touched others"
        );
    }
    undone
}

async fn all_are(desk: &Desk, done: &[Applied], state: ProofState) {
    let proofs = desk.prove(done).await;
    let as_wanted = |proof: &oust::model::Proof| proof.state == state;
    // A change that is undone by hand with its neighbours may be one of several of them.
    let verb = done[0].change.action.verb();
    assert!(
        proofs.iter().all(as_wanted),
        "{verb} is not {state:?}: {proofs:?}"
    );
}

/// Undoes in reverse order and reads it back; returns the verbs it took.
async fn undo(desk: &Desk, kind: Undo, done: &[Applied]) -> Vec<String> {
    let connector = &desk.okta.system.connector;
    let mut verbs = Vec::new();
    for each in done.iter().rev() {
        let verb = each.change.action.verb();
        match (kind, connector.inverse(each)) {
            (Undo::Restores, Ok(chain)) => {
                let declared = connector.vendor().undoing(verb);
                let declared: Vec<&str> = declared.map(|action| action.verb).collect();
                let mut links = Vec::new();
                let mut chains = connector.vendor().undone_by.iter();
                // What undoes an undoing is nobody's to grant.
                let undoes = chains.any(|(_, by)| by.contains(&verb));
                for link in &chain {
                    let by = link.action.verb();
                    assert!(
                        undoes || declared.contains(&by),
                        "{verb}: by {by}, undeclared"
                    );
                }
                for link in &chain {
                    let applied = desk.applied(link).await;
                    assert!(
                        applied.outcome.kind.is_good(),
                        "{verb}: {:?}",
                        applied.outcome
                    );
                    verbs.push(link.action.verb().to_owned());
                    links.push(applied);
                }
                all_are(desk, &links[..1], ProofState::Proven).await;
            }
            (Undo::PersonRedoes, Err(CannotUndo::PersonRedoes(how))) => assert!(!how.is_empty()),
            (Undo::Never, Err(CannotUndo::Never(what))) => assert!(!what.is_empty()),
            (kind, answer) => panic!("{verb} is declared {kind:?} and answers {answer:?}"),
        }
    }
    verbs
}

#[tokio::test(start_paused = true)]
async fn what_was_so_before_is_not_ours_to_undo() {
    for (verb, status) in [
        ("suspend_user", "SUSPENDED"),
        ("suspend_user", "DEPROVISIONED"),
    ] {
        let desk = Desk::of(World::contoso(now_ms()).status(ALEX_LOGIN, status));
        let change = desk.change(verb, ALEX_LOGIN, json!({})).await;
        let done = desk.applied(&change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::AlreadyDone, "{status}");
        let answer = desk.okta.system.connector.inverse(&done);
        assert_eq!(answer, Err(CannotUndo::NotOurs), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_does_by_hand_is_noticed() {
    let desk = Desk::contoso();
    let now = desk.org.at_ms();
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(
        desk.org
            .range()
            .okta
            .unsuspend_by_hand(ALEX, oust_mocks::world::PRIYA, now)
    );
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);

    for verb in ["delete_factors", "revoke_api_tokens"] {
        let first = desk.plan(verb, ALEX_LOGIN, json!({})).await;
        for change in &first.changes {
            assert!(desk.apply(change).await.kind.is_good(), "{verb}");
        }
        let new = match verb {
            "delete_factors" => {
                let mut range = desk.org.range();
                range
                    .okta
                    .enrol_factor_by_hand(ALEX, "webauthn", "Key", now)
            }
            _ => desk
                .org
                .range()
                .okta
                .mint_api_token_by_hand(ALEX, "again", now),
        };
        let second = desk.plan(verb, ALEX_LOGIN, json!({})).await;
        let found: Vec<&str> = second
            .changes
            .iter()
            .map(|c| c.target.id.as_str())
            .collect();
        assert_eq!(found, [new.as_str()], "{verb}");
        assert!(
            desk.apply(&second.changes[0]).await.kind.is_good(),
            "{verb}"
        );
    }
}
