//! Ctrl-C: once finishes what is in flight and says how to go on, twice stops at once.

use oust_mocks::Range;
use oust_mocks::world::ALEX;

use super::desk::Desk;

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

fn writes(range: &Range) -> usize {
    range.journal.writes().len()
}

#[test]
fn ctrl_c_finishes_the_change_in_flight_and_resume_ends_contained() {
    let desk = Desk::of(|world| world.latency_ms(150));
    let run = desk.start(CONTAIN);
    desk.until("the second write", |range| writes(range) >= 2);
    run.interrupt();
    let said = run.ended();
    said.exits(6)
        .says("finishing the change in flight")
        .says("STOPPED with")
        .says("Go on with: oust runs resume r_");
    let sent = writes(&desk.server.range());
    let list = desk.oust("runs list");
    list.exits(0).says("UNFINISHED, with writes made");
    // Everything that was sent is answered in the ledger.
    let report = desk.oust("runs show --last --output json");
    report.exits(3);
    assert!(!report.out.contains("in_doubt"), "{}", report.out);
    assert_eq!(writes(&desk.server.range()), sent, "nothing more was sent");
    desk.oust("runs verify").exits(0);

    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    desk.is_contained();
    let range = desk.server.range();
    let suspends = range
        .journal
        .writes()
        .iter()
        .filter(|write| write.path.ends_with("/lifecycle/suspend"))
        .count();
    assert_eq!(
        suspends,
        1,
        "what was done is not done again:\n{}",
        range.journal.lines()
    );
}

#[test]
fn ctrl_c_twice_stops_at_once_and_what_is_in_doubt_is_read_back() {
    let desk = Desk::contoso();
    desk.faults("lifecycle/suspend#1=timeout_after");
    let run = desk.start(CONTAIN);
    desk.until("suspend was sent", |range| {
        range
            .journal
            .writes()
            .iter()
            .any(|write| write.path.ends_with("/lifecycle/suspend"))
    });
    run.interrupt();
    std::thread::sleep(std::time::Duration::from_millis(300));
    run.interrupt();
    run.ended()
        .exits(6)
        .says("stopped at once")
        .says("oust runs resume r_");
    let before = desk.server.range().journal.entries().len();
    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    desk.is_contained();
    let range = desk.server.range();
    let after: Vec<_> = range.journal.entries()[before..].iter().collect();
    assert!(
        !after
            .iter()
            .any(|entry| entry.path.ends_with("/lifecycle/suspend")),
        "it had happened, and was read before it was repeated:\n{}",
        range.journal.lines()
    );
}

/// Its first step finds nothing and looks once more, so that there is time between agreeing and
/// writing.
const SLOW_TO_WRITE: &str = "\
playbook: oust/v1
name: slow
title: Slow to write
description: For a story about stopping early.
stages:
  - name: evict
    steps:
      - okta.remove_admin_roles: { select: in_window }
      - okta.suspend_user: {}
      - okta.clear_sessions: {}
";

#[test]
fn ctrl_c_before_the_first_write_is_1_and_nothing_is_written() {
    let desk = Desk::of(|world| world.latency_ms(500));
    desk.write("work/slow.yaml", SLOW_TO_WRITE);
    let run = desk.start(&format!("{CONTAIN} --playbook slow.yaml"));
    while !desk.oust("runs list").out.contains("UNFINISHED") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    run.interrupt();
    run.ended()
        .exits(1)
        .says("STOPPED with 0 of")
        .says("oust runs resume");
    desk.saw_no_writes();
    // What the intruder planted outside the account is not for this playbook.
    desk.oust("runs resume --last --yes")
        .exits(3)
        .says("1 planted");
    assert!(desk.server.range().okta.is_contained(ALEX));
}

#[cfg(unix)]
#[test]
fn a_dropped_connection_does_not_save_the_intruder() {
    let desk = Desk::of(|world| world.latency_ms(60));
    let run = desk.start(CONTAIN);
    desk.until("a write", |range| writes(range) >= 1);
    run.signal("HUP");
    run.ended().exits(0).says("CONTAINED");
    desk.is_contained();
}
