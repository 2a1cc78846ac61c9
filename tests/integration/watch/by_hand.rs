//! `oust watch` and `oust contain --watch` as people run them, over sockets.

use oust_mocks::Strike;
use oust_mocks::world::ALEX;

use crate::cli::desk::{Desk, now_ms};

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

fn strike(desk: &Desk, strike: Strike) {
    let struck = desk.server.range().strike(strike, ALEX, now_ms());
    assert!(struck.is_some());
}

#[test]
fn a_watch_catches_an_import_contains_again_and_says_who() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    strike(&desk, Strike::Import);
    desk.oust("watch --last --for 1s --yes")
        .exits(0)
        .says("what comes back is contained again, at most 3 times")
        .says("unsuspended by an import or a job (system@okta.com)")
        .says("containing again, 1 of 3")
        .says("contained again, and read back")
        .says("HELD alex@contoso.example: contained (2 looks,");
    desk.is_contained();
    desk.oust("runs show --last")
        .exits(0)
        .says("CONTAINED")
        .says("watched from");
    desk.oust("runs verify").exits(0);
}

#[test]
fn without_consent_it_only_tells_and_exits_3() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let writes = desk.server.range().journal.writes().len();
    strike(&desk, Strike::Unsuspend);
    desk.oust("watch --last --for 1s")
        .exits(3)
        .says("what comes back is told, nothing is written")
        .says("unsuspended by priya@contoso.example")
        .says("oust runs resume")
        .says("CAME BACK");
    assert_eq!(writes, desk.server.range().journal.writes().len());
    let json = desk
        .oust("watch --last --for 1s --output json")
        .exits(3)
        .json();
    assert_eq!(json["schema"], "oust.watch/v1");
    assert_eq!(json["held"], false);
    assert_eq!(json["verdict"], "partial");
    assert_eq!(writes, desk.server.range().journal.writes().len());
}

#[test]
fn contain_goes_on_watching_with_the_consent_that_was_given() {
    let desk = Desk::contoso();
    let said = desk.oust(&format!("{CONTAIN} --watch 1s --output json"));
    let report = said.exits(0).json();
    assert_eq!(report["verdict"], "contained");
    let findings = report["findings"].as_array().unwrap();
    let watched = findings.iter().any(|each| each["id"] == "watched");
    assert!(watched, "one object, after the watch: {findings:?}");
    desk.is_contained();
}

#[test]
fn an_interrupted_watch_says_how_to_go_on() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let before = desk.server.range().journal.entries().len();
    let running = desk.start("watch --last --for 24h");
    desk.until("a look", |range| range.journal.entries().len() > before + 5);
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.interrupt();
    running
        .ended()
        .exits(0)
        .says("HELD SO FAR")
        .hints("oust watch r_");
}

#[test]
fn wrong_words_are_told_before_anything_is_opened() {
    let desk = Desk::contoso();
    for (words, says) in [
        ("watch --last --for soon", "is no duration"),
        ("watch --last --for 8d", "longer than a watch lasts"),
        ("watch --last --rounds 11", "more than is ever agreed to"),
        ("watch --last --no-ledger --yes", "needs the ledger"),
        (
            "contain alex@contoso.example --yes --watch soon",
            "is no duration",
        ),
    ] {
        desk.oust(words).exits(2).says(says);
    }
    desk.saw_nothing();
    desk.oust("watch --last")
        .exits(1)
        .says("there are no runs yet");
    desk.oust("watch r_nope").exits(4).hints("oust runs list");
    desk.saw_no_writes();
}
