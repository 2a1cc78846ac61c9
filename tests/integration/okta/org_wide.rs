//! What is changed for the whole org: once for a case, refused where it would hurt others, undone
//! to the last entry and no further.

use oust::connector::{CannotUndo, Planned};
use oust::model::{Applied, OutcomeKind, ProofState, Select, Skip};
use oust_mocks::okta::Okta;
use oust_mocks::okta::state::Zone;
use oust_mocks::world::{ALEX, PRIYA};
use oust_mocks::{FaultKind, World};
use serde_json::{Value, json};

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::wire::now_ms;

const PRIYA_LOGIN: &str = "priya@contoso.example";
const PROXY: &str = "203.0.113.66";
const SILENT: &str = "203.0.113.140";

fn recent() -> i64 {
    now_ms() - 600_000
}

fn plain(kind: &str, value: &str) -> Value {
    json!({ "type": kind, "value": value })
}

fn zone(name: &str, usage: &str, gateways: Value) -> Zone {
    Zone {
        id: format!("nzo{name}"),
        name: name.to_owned(),
        usage: usage.to_owned(),
        status: "ACTIVE".to_owned(),
        system: false,
        gateways,
        created_ms: now_ms(),
        last_updated_ms: now_ms(),
    }
}

fn ours(okta: &Okta) -> Option<Zone> {
    let mut zones = okta.zones.values();
    zones.find(|zone| zone.name == "oust-blocked").cloned()
}

async fn listed(desk: &Desk, who: &str, addresses: &[&str]) -> Planned {
    let settings = json!({ "select": "listed", "addresses": addresses });
    desk.plan_selecting("block_addresses", who, settings, Select::Listed)
        .await
}

fn why<'p>(planned: &'p Planned, address: &str) -> &'p str {
    let kept = planned.kept.iter().find(|kept| kept.target.id == address);
    &kept
        .unwrap_or_else(|| panic!("{address} is not refused: {planned:?}"))
        .why
}

fn left_to_another(planned: &Planned) -> bool {
    let Some(Skip::NothingSelected { why }) = &planned.skip else {
        return false;
    };
    planned.changes.is_empty() && why.contains("for the whole org: done once, with ")
}

async fn all_done(desk: &Desk, planned: &Planned) -> Vec<Applied> {
    let mut done = Vec::new();
    for change in &planned.changes {
        let applied = desk.applied(change).await;
        assert_eq!(applied.outcome.kind, OutcomeKind::Done, "{applied:?}");
        assert_eq!(desk.proof(&applied).await.state, ProofState::Proven);
        done.push(applied);
    }
    done
}

#[tokio::test(start_paused = true)]
async fn addresses_are_blocked_in_a_zone_of_our_own_and_nothing_else_in_it_is_lost() {
    let desk = Desk::contoso();
    let done = all_done(&desk, &listed(&desk, ALEX_LOGIN, &[PROXY, SILENT]).await).await;
    let made = ours(&desk.org.range().okta).unwrap();
    assert_eq!(made.usage, "BLOCKLIST");
    let entries = json!([
        plain("CIDR", "203.0.113.66/32"),
        plain("CIDR", "203.0.113.140/32")
    ]);
    assert_eq!(made.gateways, entries);
    let again = listed(&desk, ALEX_LOGIN, &[PROXY]).await;
    assert_eq!(why(&again, PROXY), "blocked already");
    assert!(!again.kept[0].suspect);

    // Somebody adds an entry by hand; it stays when ours go.
    let by_hand = plain("RANGE", "198.51.100.1-198.51.100.9");
    let id = made.id.clone();
    let add = |okta: &mut Okta| {
        let zone = okta.zones.get_mut(&id).unwrap();
        zone.gateways.as_array_mut().unwrap().push(by_hand.clone());
    };
    add(&mut desk.org.range().okta);
    for each in done.iter().rev() {
        let back = desk.applied(&desk.inverse(each)[0]).await;
        assert_eq!(back.outcome.kind, OutcomeKind::Done);
        assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
        assert_eq!(desk.proof(each).await.state, ProofState::Refuted);
    }
    let left = ours(&desk.org.range().okta).unwrap();
    assert_eq!(left.gateways, json!([by_hand]));
}

#[tokio::test(start_paused = true)]
async fn the_zone_goes_with_its_last_entry() {
    let desk = Desk::contoso();
    let done = all_done(&desk, &listed(&desk, ALEX_LOGIN, &[PROXY]).await).await;
    let back = desk.applied(&desk.inverse(&done[0])[0]).await;
    assert_eq!(back.outcome.kind, OutcomeKind::Done);
    assert_eq!(back.outcome.receipts.len(), 2, "stopped, then deleted");
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert!(ours(&desk.org.range().okta).is_none());
    let again = desk.apply(&back.change).await;
    assert_eq!(again.kind, OutcomeKind::AlreadyDone);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_others_may_need_is_refused_and_the_reason_named() {
    let world = World::contoso(now_ms()).with(|okta| {
        for (name, usage, gateways) in [
            ("Offices", "POLICY", plain("CIDR", "198.51.100.0/24")),
            (
                "DefaultExemptIpZone",
                "POLICY",
                plain("RANGE", "203.0.113.7-203.0.113.9"),
            ),
        ] {
            let zone = zone(name, usage, json!([gateways]));
            okta.zones.insert(zone.id.clone(), zone);
        }
    });
    let desk = Desk::of(world);
    let asked = [
        "192.0.2.10",
        "198.51.100.77",
        "203.0.113.8",
        "10.0.0.9",
        "203.0.113.0/24",
        "nonsense",
        PROXY,
    ];
    let planned = listed(&desk, ALEX_LOGIN, &asked).await;
    assert_eq!(planned.changes.len(), 1, "{planned:?}");
    assert_eq!(planned.changes[0].target.id, PROXY);
    // Kim signs in from the office.
    for (address, part) in [
        ("192.0.2.10", "shared: kim@contoso.example"),
        (
            "198.51.100.77",
            "zone Offices holds it, which policies may trust",
        ),
        ("203.0.113.8", "which Okta never blocks"),
        ("10.0.0.9", "private or reserved"),
        ("203.0.113.0/24", "more than one address"),
        ("nonsense", "no address"),
    ] {
        let why = why(&planned, address);
        assert!(why.contains(part), "{address}: {why}");
    }
    assert!(planned.kept.iter().all(|kept| kept.suspect));
}

#[tokio::test(start_paused = true)]
async fn without_a_confirmed_intruder_no_address_is_his_and_ours_is_never_blocked() {
    let mut desk = Desk::contoso();
    let mine = json!({ "select": "intruder" });
    let planned = desk.plan("block_addresses", ALEX_LOGIN, mine.clone()).await;
    assert!(
        planned.changes.is_empty() && planned.kept.is_empty(),
        "{planned:?}"
    );

    desk.confirm_intruder(ALEX_LOGIN, &[PROXY]).await;
    let planned = desk.plan("block_addresses", ALEX_LOGIN, mine.clone()).await;
    assert!(why(&planned, PROXY).contains("not known: list it by hand"));

    // An act of ours leaves an event, and with it our address.
    let suspend = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    desk.apply(&suspend).await;
    desk.org.wait(1).await;
    let planned = desk.plan("block_addresses", ALEX_LOGIN, mine).await;
    let sentence = &planned.changes[0].sentence;
    let said = "block address 203.0.113.66 (session idx1 came from two networks, event 6f1c";
    assert!(sentence.starts_with(said), "{sentence}");
    let planned = listed(&desk, ALEX_LOGIN, &["192.0.2.10"]).await;
    assert!(why(&planned, "192.0.2.10").contains("our own calls come from it"));
}

#[tokio::test(start_paused = true)]
async fn who_else_came_from_an_address_unread_leaves_the_step_open() {
    let desk = Desk::contoso();
    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    desk.fault("GET", "/logs", FaultKind::Forbidden403);
    let planned = listed(&desk, ALEX_LOGIN, &[PROXY]).await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    assert!(matches!(planned.skip, Some(Skip::Unread { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_zone_of_that_name_that_blocks_nobody_is_left_alone() {
    let desk = Desk::contoso();
    let planned = listed(&desk, ALEX_LOGIN, &[PROXY]).await;
    let theirs = zone(
        "oust-blocked",
        "POLICY",
        json!([plain("CIDR", "198.51.100.0/24")]),
    );
    let before = theirs.gateways.clone();
    let put = |okta: &mut Okta| okta.zones.insert(theirs.id.clone(), theirs.clone());
    put(&mut desk.org.range().okta);
    let (why, _) = failure(&desk.apply(&planned.changes[0]).await);
    assert!(why.contains("no active blocklist"), "{why}");
    assert_eq!(ours(&desk.org.range().okta).unwrap().gateways, before);
}

#[tokio::test(start_paused = true)]
async fn threat_insight_blocks_and_goes_back_and_says_what_it_leaves_alone() {
    let mut desk = Desk::of(World::contoso(now_ms()).with(|okta| {
        let zone = zone(
            "Partners",
            "POLICY",
            json!([plain("CIDR", "203.0.113.0/24")]),
        );
        okta.threat_exclude = vec![zone.id.clone()];
        okta.zones.insert(zone.id.clone(), zone);
    }));
    desk.confirm_intruder(ALEX_LOGIN, &[PROXY]).await;
    let planned = desk
        .plan("block_threat_sources", ALEX_LOGIN, json!({}))
        .await;
    let note = &planned.notes[0];
    assert!(
        note.contains("zone Partners") && note.contains(PROXY),
        "{note}"
    );
    let done = all_done(&desk, &planned).await;
    let excluded = desk.org.range().okta.threat_exclude.clone();
    assert_eq!(excluded, ["nzoPartners"]);
    assert_eq!(desk.org.range().okta.threat_action, "block");
    let nothing = desk
        .plan("block_threat_sources", ALEX_LOGIN, json!({}))
        .await;
    assert!(nothing.changes.is_empty(), "{nothing:?}");

    "none".clone_into(&mut desk.org.range().okta.threat_action);
    let (why, _) = failure(&desk.apply(&desk.inverse(&done[0])[0]).await);
    assert!(why.contains("somebody has set it to `none` since"), "{why}");
    "block".clone_into(&mut desk.org.range().okta.threat_action);
    let back = desk.applied(&desk.inverse(&done[0])[0]).await;
    assert_eq!(desk.proof(&back).await.state, ProofState::Proven);
    assert_eq!(desk.org.range().okta.threat_action, "audit");
}

#[tokio::test(start_paused = true)]
async fn support_access_that_a_subject_granted_ends_however_the_org_manages_it() {
    for by_case in [false, true] {
        let mut world = World::contoso(now_ms()).with(|okta| {
            okta.grant_support_by_hand(ALEX, recent());
        });
        if by_case {
            world = world.support_by_case("20000144");
        }
        let desk = Desk::of(world);
        let select = Select::InWindow;
        let planned = desk
            .plan_selecting("end_support_access", ALEX_LOGIN, json!({}), select)
            .await;
        assert_eq!(planned.changes.len(), 1, "{planned:?}");
        let sentence = &planned.changes[0].sentence;
        let by = "by alex@contoso.example, event ";
        assert!(sentence.contains(by), "{sentence}");
        assert_eq!(sentence.contains("case 20000144"), by_case, "{sentence}");
        let entered = planned
            .notes
            .iter()
            .any(|note| note.contains("as Okta support"));
        assert!(entered, "{planned:?}");
        let done = all_done(&desk, &planned).await;
        let path = &desk.writes()[0];
        assert_eq!(path.starts_with("PATCH "), by_case, "{path}");
        let answer = desk.okta.system.connector.inverse(&done[0]);
        assert!(matches!(answer, Err(CannotUndo::PersonRedoes(_))));
        let again = desk.plan("end_support_access", ALEX_LOGIN, json!({})).await;
        assert!(again.changes.is_empty(), "{again:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn support_access_that_another_granted_is_kept_and_named() {
    let desk = Desk::of(World::contoso_aged(now_ms(), 60).with(|okta| {
        okta.grant_support_by_hand(PRIYA, recent());
    }));
    let select = Select::InWindow;
    let planned = desk
        .plan_selecting("end_support_access", ALEX_LOGIN, json!({}), select)
        .await;
    assert!(planned.changes.is_empty(), "{planned:?}");
    let kept = &planned.kept[0];
    let part = "by priya@contoso.example, who is not of this case";
    assert!(kept.suspect && kept.why.contains(part), "{kept:?}");
    let all = desk.plan("end_support_access", ALEX_LOGIN, json!({})).await;
    assert_eq!(all.changes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_old_call_at_an_org_that_goes_by_cases_is_a_failure_and_no_doubt() {
    let desk = Desk::contoso();
    let change = desk
        .change("end_support_access", ALEX_LOGIN, json!({}))
        .await;
    let case = oust_mocks::okta::state::SupportCase::default();
    let by_case = |okta: &mut Okta| okta.support_cases.insert("1".to_owned(), case.clone());
    by_case(&mut desk.org.range().okta);
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("case by case"), "{why}");
    assert!(hint.contains("look at Settings"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn two_subjects_change_the_org_once() {
    let mut desk = Desk::of(World::contoso(now_ms()).with(|okta| {
        okta.grant_support_by_hand(PRIYA, recent());
    }));
    desk.open_case(&[PRIYA_LOGIN, ALEX_LOGIN]).await;
    for who in [ALEX_LOGIN, PRIYA_LOGIN] {
        desk.confirm_intruder(who, &[PROXY]).await;
    }
    let suspend = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    desk.apply(&suspend).await;
    desk.org.wait(1).await;
    for verb in [
        "end_support_access",
        "block_threat_sources",
        "block_addresses",
    ] {
        let settings = json!({ "select": "intruder" });
        let alex = desk.plan(verb, ALEX_LOGIN, settings.clone()).await;
        let priya = desk.plan(verb, PRIYA_LOGIN, settings).await;
        let changes = alex.changes.len() + priya.changes.len();
        assert_eq!(changes, 1, "{verb}: {alex:?} {priya:?}");
        if verb != "block_addresses" {
            assert!(left_to_another(&alex) != left_to_another(&priya), "{verb}");
        }
    }
    // Of the two it is who granted it.
    let in_window = |who: &'static str| {
        let select = Select::InWindow;
        desk.plan_selecting("end_support_access", who, json!({}), select)
    };
    assert_eq!(in_window(PRIYA_LOGIN).await.changes.len(), 1);
    assert_eq!(desk.status(PRIYA_LOGIN), "ACTIVE");
    assert_ne!(ALEX, PRIYA);
}
