//! What an intruder leaves behind item by item: tokens of apps and app passwords.

use oust::connector::{CannotUndo, Planned};
use oust::model::{Applied, OutcomeKind, ProofState, Select, Skip};
use oust_mocks::FaultKind;
use oust_mocks::accounts::google_id;
use oust_mocks::google::google_error;
use serde_json::json;

use super::desk::{ALEX, Desk, contoso};

const DAY: i64 = 24 * 3_600_000;

fn labels(planned: &Planned) -> Vec<&str> {
    let changes = planned.changes.iter();
    changes.map(|change| change.target.label.as_str()).collect()
}

/// Plan, apply twice, prove, take back by hand: the same for both kinds of items.
async fn conforms(desk: &Desk, verb: &str, select: Select, expected: &[&str]) {
    let (before, others) = (desk.google(), desk.others());
    let planned = desk.plan(verb, ALEX, select).await;
    assert_eq!(labels(&planned), expected, "{planned:?}");
    assert_eq!(
        desk.writes(),
        Vec::<String>::new(),
        "{verb} wrote while planning"
    );
    assert_eq!(desk.google().digest(), before.digest());

    let mut done: Vec<Applied> = Vec::new();
    for change in &planned.changes {
        done.push(desk.applied(change).await);
    }
    let after = desk.google();
    assert_ne!(after.digest(), before.digest());
    for each in &done {
        assert_eq!(each.outcome.kind, OutcomeKind::Done);
        let proof = desk.proof(each).await;
        assert_eq!(proof.state, ProofState::Proven, "{}", proof.how);
        let again = desk.apply(&each.change).await;
        assert_eq!(again.kind, OutcomeKind::AlreadyDone);
        let undo = desk.system.connector.inverse(each);
        assert!(matches!(undo, Err(CannotUndo::PersonRedoes(_))));
    }
    assert_eq!(
        desk.google().digest(),
        after.digest(),
        "{verb} changed twice"
    );
    assert_eq!(desk.others(), others, "{verb} touched others");

    desk.org.range().google.users = before.users;
    for each in &done {
        assert_eq!(desk.proof(each).await.state, ProofState::Refuted);
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn the_tokens_of_the_window_go_and_the_old_ones_stay() {
    let desk = Desk::of(contoso());
    conforms(&desk, "revoke_tokens", Select::InWindow, &["Mail Sync Pro"]).await;
    let planned = desk.plan("revoke_tokens", ALEX, Select::InWindow).await;
    let [kept] = &planned.kept[..] else {
        panic!("{:?}", planned.kept)
    };
    assert_eq!((kept.target.label.as_str(), kept.suspect), ("Notes", false));
    assert_eq!(kept.why, "2025-11-30");
}

#[tokio::test(start_paused = true)]
async fn all_tokens_go_and_no_date_is_asked_for() {
    let desk = Desk::of(contoso());
    conforms(
        &desk,
        "revoke_tokens",
        Select::All,
        &["Mail Sync Pro", "Notes"],
    )
    .await;
    let reports = |entry: &oust_mocks::Entry| entry.path.contains("/reports/");
    assert!(!desk.entries().iter().any(reports));
}

#[tokio::test(start_paused = true)]
async fn without_reports_nothing_is_taken_for_old_and_the_kill_goes_on() {
    let desk = Desk::of(contoso().google_without_scope("admin.reports.audit.readonly"));
    let planned = desk.plan("revoke_tokens", ALEX, Select::InWindow).await;
    assert!(planned.changes.is_empty());
    assert!(planned.kept.iter().all(|kept| kept.suspect), "{planned:?}");
    assert_eq!(planned.kept.len(), 2);
    let note = planned.notes.join("\n");
    assert!(note.contains("auth/admin.reports.audit.readonly"), "{note}");
    assert!(note.contains("select: all"), "{note}");
    conforms(
        &desk,
        "revoke_tokens",
        Select::All,
        &["Mail Sync Pro", "Notes"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_reports_do_not_show_yet_is_suspect_and_not_old() {
    let desk = Desk::of(contoso());
    let now = desk.org.at_ms();
    {
        let google = &mut desk.org.range().google;
        google.settings.report_delay_ms = 3_600_000;
        google.authorize_app(&google_id(ALEX), "Brand New", true, now);
    }
    let planned = desk.plan("revoke_tokens", ALEX, Select::InWindow).await;
    assert_eq!(labels(&planned), ["Mail Sync Pro"]);
    let suspects: Vec<&str> = planned
        .kept
        .iter()
        .filter(|kept| kept.suspect)
        .map(|kept| kept.target.label.as_str())
        .collect();
    assert_eq!(suspects, ["Brand New"]);
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_date_on_the_second_page_of_reports_is_found() {
    let desk = Desk::of(contoso());
    let now = desk.org.at_ms();
    {
        let google = &mut desk.org.range().google;
        for n in 0..1_100 {
            google.authorize_app(&google_id(ALEX), "Busy", false, now - 20 * DAY + n);
        }
    }
    let planned = desk.plan("revoke_tokens", ALEX, Select::InWindow).await;
    assert_eq!(labels(&planned), ["Mail Sync Pro"]);
    assert!(planned.kept.iter().all(|kept| !kept.suspect), "{planned:?}");
    assert_eq!(planned.kept.len(), 2);
    let second = |entry: &oust_mocks::Entry| entry.query.contains("pageToken=");
    assert_eq!(desk.entries().iter().filter(|each| second(each)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn listed_items_go_by_their_ids_alone() {
    let desk = Desk::of(contoso());
    let all = desk.plan("revoke_tokens", ALEX, Select::All).await;
    let client = &all.changes[1].target.id;
    let settings = json!({ "ids": [client] });
    let planned = desk
        .plan_with("revoke_tokens", ALEX, Select::Listed, settings)
        .await;
    assert_eq!(labels(&planned), ["Notes"]);
    let settings = json!({ "ids": ["2"] });
    let planned = desk
        .plan_with("delete_app_passwords", ALEX, Select::Listed, settings)
        .await;
    assert_eq!(labels(&planned), ["Mail"]);
}

#[tokio::test(start_paused = true)]
pub(crate) async fn app_passwords_go_whatever_unit_their_times_have() {
    for in_ms in [false, true] {
        let world = contoso().with_google(|google| google.settings.asp_times_in_ms = in_ms);
        let desk = Desk::of(world);
        conforms(&desk, "delete_app_passwords", Select::InWindow, &["Mail"]).await;
        let planned = desk
            .plan("delete_app_passwords", ALEX, Select::InWindow)
            .await;
        assert_eq!(planned.kept[0].why, "2025-08-22", "{in_ms}");
        assert!(!planned.kept[0].suspect);
        conforms(
            &desk_with_nothing_written(in_ms),
            "delete_app_passwords",
            Select::All,
            &["Thunderbird", "Mail"],
        )
        .await;
    }
}

fn desk_with_nothing_written(in_ms: bool) -> Desk {
    Desk::of(contoso().with_google(|google| google.settings.asp_times_in_ms = in_ms))
}

#[tokio::test(start_paused = true)]
async fn an_old_app_password_that_was_used_in_the_window_is_pointed_out() {
    let desk = Desk::of(contoso().google_user(ALEX, |user| {
        let used_ms = crate::wire::now_ms() - 60_000;
        user.asps.values_mut().next().unwrap().last_used_ms = Some(used_ms);
    }));
    let planned = desk
        .plan("delete_app_passwords", ALEX, Select::InWindow)
        .await;
    let [kept] = &planned.kept[..] else {
        panic!("{:?}", planned.kept)
    };
    assert!(kept.suspect && kept.why.contains("used at"), "{}", kept.why);
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_is_said_to_and_an_answer_without_a_name_is_no_empty_list() {
    let desk = Desk::of(contoso());
    for verb in ["revoke_tokens", "delete_app_passwords"] {
        let nothing = desk.plan(verb, super::desk::KIM, Select::All).await;
        assert!(matches!(nothing.skip, Some(Skip::NothingSelected { .. })));
    }
    desk.fault("GET", "/tokens", FaultKind::LieOk);
    let lied = desk.plan("revoke_tokens", ALEX, Select::All).await;
    assert!(matches!(lied.skip, Some(Skip::Unread { .. })), "{lied:?}");

    let change = desk.plan("revoke_tokens", ALEX, Select::All).await.changes;
    let done = desk.applied(&change[0]).await;
    desk.fault("GET", "/tokens", FaultKind::LieOk);
    assert_eq!(desk.proof(&done).await.state, ProofState::Pending);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_is_none_is_refuted_by_the_list() {
    let desk = Desk::of(contoso());
    let change = desk.plan("revoke_tokens", ALEX, Select::All).await.changes;
    desk.fault("DELETE", "/tokens/", FaultKind::LieOk);
    let done = desk.applied(&change[0]).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Refuted);
}

#[tokio::test(start_paused = true)]
async fn a_404_of_the_account_is_no_deletion() {
    let desk = Desk::of(contoso());
    let changes = desk.plan("revoke_tokens", ALEX, Select::All).await.changes;
    let body = google_error(404, "notFound", "Resource Not Found: userKey");
    desk.fault("DELETE", "/tokens/", FaultKind::Status { code: 404, body });
    match desk.apply(&changes[0]).await.kind {
        OutcomeKind::Failed { why, .. } => assert!(why.contains("no account"), "{why}"),
        other => panic!("{other:?}"),
    }
    // A list that is not there says nothing while the account is.
    let done = desk.applied(&changes[0]).await;
    let body = google_error(404, "notFound", "Resource Not Found: userKey");
    desk.fault("GET", "/tokens", FaultKind::Status { code: 404, body });
    assert_eq!(desk.proof(&done).await.state, ProofState::Pending);
    desk.org.range().google.users.remove(&google_id(ALEX));
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Proven);
    assert_eq!(proof.how, "the account is gone");
    let gone = desk.plan("revoke_tokens", ALEX, Select::All).await;
    assert_eq!(gone.skip, Some(Skip::NoAccount));
}
