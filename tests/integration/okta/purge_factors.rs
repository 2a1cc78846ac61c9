//! Second factors: the intruder's go, the person's stay, and what goes along is said.

use std::sync::Arc;

use oust::connector::CannotUndo;
use oust::ledger::MemoryStore;
use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust::report::Because;
use oust_mocks::okta::state::Factor;
use oust_mocks::world::{ALEX, GOOGLE_TOTP, PIXEL, YUBIKEY};
use oust_mocks::{FaultKind, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::downstream::story::Told;
use crate::lab::{Lab, NOON};
use crate::wire::now_ms;

fn factors_of_alex(desk: &Desk) -> Vec<String> {
    desk.org
        .range()
        .okta
        .user(ALEX)
        .unwrap()
        .factors
        .keys()
        .cloned()
        .collect()
}

fn with_factor(world: World, kind: &str, id: &str, created_ms: i64) -> World {
    world.user(ALEX_LOGIN, |alex| {
        let factor = Factor {
            id: id.into(),
            kind: kind.into(),
            provider: "OKTA".into(),
            status: "ACTIVE".into(),
            created_ms,
            last_updated_ms: created_ms,
            name: format!("old {kind}"),
            phone: matches!(kind, "sms" | "call").then(|| "+15550100".into()),
            intruder: false,
        };
        alex.mobile_phone = factor.phone.clone();
        alex.factors.insert(id.into(), factor);
    })
}

const YEAR_MS: i64 = 365 * 86_400_000;

#[tokio::test(start_paused = true)]
async fn okta_verify_of_the_window_goes_as_one_and_older_factors_stay() {
    let desk = Desk::contoso();
    let others = desk.others(ALEX_LOGIN);
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    assert_eq!(planned.changes.len(), 1, "{planned:?}");
    let change = &planned.changes[0];
    assert_eq!(change.target.id, PIXEL[0], "the push factor");
    assert!(
        change.sentence.contains("takes along"),
        "{}",
        change.sentence
    );
    assert!(change.sentence.contains("signed_nonce") && change.sentence.contains("totp"));
    let kept: Vec<(&str, &str)> = planned
        .kept
        .iter()
        .map(|kept| (kept.target.id.as_str(), kept.why.as_str()))
        .collect();
    assert_eq!(kept, [(YUBIKEY, "2024-01-12"), (GOOGLE_TOTP, "2023-08-02")]);
    assert!(planned.kept.iter().all(|kept| !kept.suspect));
    assert!(desk.writes().is_empty());

    let done = desk.applied(change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(factors_of_alex(&desk), [YUBIKEY, GOOGLE_TOTP]);
    let asked = desk.writes();
    assert_eq!(asked.len(), 3, "should Okta not sweep, each is asked for");
    assert!(
        PIXEL
            .iter()
            .all(|id| asked.iter().any(|line| line.ends_with(id)))
    );
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert_eq!(desk.apply(change).await.kind, OutcomeKind::AlreadyDone);
    assert_eq!(desk.effects(), 1);
    assert_eq!(desk.others(ALEX_LOGIN), others);
    let undo = desk.okta.system.connector.inverse(&done);
    assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));

    let at = desk.org.at_ms();
    let again = desk
        .org
        .range()
        .okta
        .enrol_factor_by_hand(ALEX, "push", "Pixel 10", at);
    assert_eq!(
        desk.proof(&done).await.state,
        ProofState::Proven,
        "another factor"
    );
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    assert_eq!(planned.changes[0].target.id, again, "a re-read finds it");
}

#[tokio::test(start_paused = true)]
async fn an_old_okta_verify_that_goes_along_is_said() {
    let world = with_factor(
        World::contoso(now_ms()),
        "token:software:totp",
        "ostOld",
        now_ms() - YEAR_MS,
    );
    let desk = Desk::of(world);
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    assert_eq!(planned.changes.len(), 1);
    assert!(
        planned.changes[0]
            .sentence
            .contains("old token:software:totp")
    );
    let notes = planned.notes.join("\n");
    assert!(notes.contains("takes it along"), "{notes}");
    assert!(
        planned.kept.iter().all(|kept| kept.target.id != "ostOld"),
        "not called kept"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hidden_factor_and_a_temporary_code_are_found_by_their_enrolments() {
    let world = World::contoso(now_ms()).planted_tac(ALEX_LOGIN);
    let world = PIXEL.iter().fold(world, |world, id| world.hide_factor(id));
    let desk = Desk::of(world);
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    let kinds: Vec<&str> = planned
        .changes
        .iter()
        .map(|c| c.target.kind.as_str())
        .collect();
    assert_eq!(
        kinds, ["enrollment"; 4],
        "three faces and the code: {planned:?}"
    );
    let mut all = Vec::new();
    for change in &planned.changes {
        all.push(desk.applied(change).await);
    }
    assert!(
        all.iter().all(|done| done.outcome.kind.is_good()),
        "{all:?}"
    );
    for proof in desk.prove(&all).await {
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
    }
    let range = desk.org.range();
    let alex = range.okta.user(ALEX).unwrap();
    assert!(
        alex.enrollments.values().all(|e| e.kind == "password"),
        "and the password stays"
    );
    assert!(alex.factors.values().all(|factor| !factor.intruder));
}

#[tokio::test(start_paused = true)]
async fn a_factor_only_changed_in_the_window_is_kept_as_suspect() {
    let desk = Desk::of(World::contoso(now_ms()).user(ALEX_LOGIN, |alex| {
        alex.factors.get_mut(GOOGLE_TOTP).unwrap().last_updated_ms = now_ms() - 60_000;
        alex.factors.get_mut(PIXEL[0]).unwrap().status = "PENDING_ACTIVATION".into();
    }));
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    let kept = planned
        .kept
        .iter()
        .find(|kept| kept.target.id == GOOGLE_TOTP)
        .unwrap();
    assert!(
        kept.suspect && kept.why.contains("changed on 2026-03-10"),
        "{}",
        kept.why
    );
    assert_eq!(planned.changes[0].target.id, PIXEL[0], "pending counts");
}

#[tokio::test(start_paused = true)]
async fn a_phone_is_dropped_for_recovery_too() {
    let world = with_factor(
        World::contoso(now_ms()),
        "sms",
        "smsOld",
        now_ms() - YEAR_MS,
    );
    let desk = Desk::of(world);
    let listed = json!({ "ids": ["smsOld"] });
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, listed, Select::Listed)
        .await;
    assert_eq!(planned.changes.len(), 1);
    assert!(planned.kept.iter().all(|kept| kept.why == "not listed"));
    desk.apply(&planned.changes[0]).await;
    assert!(desk.writes()[0].ends_with("removeRecoveryEnrollment=true"));
    assert_eq!(desk.org.range().okta.user(ALEX).unwrap().mobile_phone, None);
}

#[tokio::test(start_paused = true)]
async fn classic_has_no_enrolments_and_the_gap_is_said() {
    let desk = Desk::of(World::contoso(now_ms()).without_oie());
    let planned = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await;
    assert!(planned.notes[0].contains("not seen"), "{:?}", planned.notes);
    let done = desk.applied(&planned.changes[0]).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn factors_that_cannot_be_read_are_unread_and_a_lie_is_refuted() {
    let desk = Desk::contoso();
    let change = desk
        .plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await
        .changes
        .remove(0);
    desk.fault("GET", "/factors", FaultKind::Forbidden403);
    let planned = desk.plan("delete_factors", ALEX_LOGIN, json!({})).await;
    assert!(
        matches!(planned.skip, Some(Skip::Unread { .. })),
        "{planned:?}"
    );
    desk.fault("DELETE", "/factors", FaultKind::Forbidden403);
    let (_, hint) = failure(&desk.apply(&change).await);
    assert!(hint.contains("resetFactors"), "{hint}");
    for _ in 0..3 {
        desk.fault("DELETE", "/factors", FaultKind::LieOk);
    }
    let lied = desk.applied(&change).await;
    assert_eq!(lied.outcome.kind, OutcomeKind::Done);
    let proof = desk.proof(&lied).await;
    assert_eq!(proof.state, ProofState::Refuted, "{}", proof.how);
    assert!(proof.how.contains("still a factor"), "{}", proof.how);
}

#[tokio::test(start_paused = true)]
async fn resetting_all_factors_is_read_back() {
    let desk = Desk::contoso();
    let change = desk.change("reset_factors", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert!(factors_of_alex(&desk).is_empty());
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

/// Of long ago, and changed within the window: by the person himself, as far as anybody can tell,
/// unless the log names what the account did to it.
fn changed_long_after(desk: &Desk, kind: &str, name: &str) -> String {
    let at = desk.org.at_ms();
    let mut range = desk.org.range();
    let id = range.okta.enrol_factor_by_hand(ALEX, kind, name, at);
    let alex = range.okta.users.get_mut(ALEX).unwrap();
    alex.factors.get_mut(&id).unwrap().created_ms = at - YEAR_MS;
    id
}

async fn selected(desk: &Desk) -> oust::connector::Planned {
    desk.plan_selecting("delete_factors", ALEX_LOGIN, json!({}), Select::InWindow)
        .await
}

#[tokio::test(start_paused = true)]
async fn a_factor_that_the_account_itself_set_up_anew_in_the_window_goes() {
    let desk = Desk::contoso();
    let id = changed_long_after(&desk, "webauthn", "Key of old");
    let planned = selected(&desk).await;
    let change = planned.changes.iter().find(|each| each.target.id == id);
    let change = change.unwrap_or_else(|| panic!("{planned:?}"));
    assert!(planned.kept.iter().all(|each| each.target.id != id));
    assert!(
        planned
            .notes
            .iter()
            .any(|note| note.contains("Key of old") && note.contains("event")),
        "{:?}",
        planned.notes
    );
    let done = desk.applied(change).await;
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    assert!(desk.writes().iter().all(|line| !line.contains(YUBIKEY)));
}

#[tokio::test(start_paused = true)]
async fn where_the_log_cannot_be_read_such_a_factor_stays_suspect_and_that_is_said() {
    let desk = Desk::contoso();
    let id = changed_long_after(&desk, "webauthn", "Key of old");
    desk.fault("GET", "/api/v1/logs", FaultKind::Forbidden403);
    let planned = selected(&desk).await;
    assert!(planned.changes.iter().all(|each| each.target.id != id));
    assert!(
        planned
            .kept
            .iter()
            .any(|each| each.target.id == id && each.suspect)
    );
    assert!(
        planned.notes.iter().any(|note| note.contains("System Log")),
        "{:?}",
        planned.notes
    );
}

/// A help desk did it: that is for a person to ask there.
#[tokio::test(start_paused = true)]
async fn what_somebody_else_did_to_a_factor_names_no_intruder() {
    let desk = Desk::contoso();
    let id = {
        let at = desk.org.at_ms();
        let mut range = desk.org.range();
        let morgan = range
            .okta
            .user("morgan@contoso.example")
            .unwrap()
            .id
            .clone();
        let id = range
            .okta
            .enrol_factor_by_hand(&morgan, "webauthn", "Hers", at);
        let mut factor = range
            .okta
            .users
            .get_mut(&morgan)
            .unwrap()
            .factors
            .remove(&id)
            .unwrap();
        factor.created_ms = at - YEAR_MS;
        range
            .okta
            .users
            .get_mut(ALEX)
            .unwrap()
            .factors
            .insert(id.clone(), factor);
        id
    };
    let planned = selected(&desk).await;
    assert!(planned.changes.iter().all(|each| each.target.id != id));
    assert!(
        planned
            .kept
            .iter()
            .any(|each| each.target.id == id && each.suspect)
    );
}

#[tokio::test(start_paused = true)]
async fn a_suspect_factor_that_was_kept_is_among_what_still_works_in_the_report() {
    let world = World::contoso(NOON).only_okta().user(ALEX_LOGIN, |alex| {
        alex.factors.get_mut(YUBIKEY).unwrap().last_updated_ms = NOON - 60_000;
    });
    let lab = Lab::new(world, 3);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let (ended, state) = lab.contain(&tools, &[ALEX_LOGIN], "account-takeover").await;
    let told = Told::of(ended, state);
    let mut residual = told.report.subjects[0].residual.iter();
    let kept =
        residual.find(|each| each.because == Because::Kept && each.what.starts_with("factor "));
    let kept = kept.expect("a row for the suspect factor");
    assert!(kept.why.contains("but changed on"), "{}", kept.why);
    assert!(told.screen.contains("but changed on"), "{}", told.screen);
    let range = lab.range.lock().unwrap();
    let alex = range.okta.user(ALEX).unwrap();
    assert!(alex.factors.contains_key(YUBIKEY));
}
