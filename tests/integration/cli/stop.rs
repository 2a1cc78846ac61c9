//! Ctrl-C: once finishes what is in flight and says how to go on, twice stops at once.

use oust_mocks::Range;

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
        .says("oust runs resume --last");
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

#[test]
fn ctrl_c_before_the_first_write_is_1() {
    let desk = Desk::contoso();
    // The write's token cannot be had yet: planned, agreed, and nothing sent.
    desk.faults("POST /api/v1=latency:60000,DELETE /api/v1=latency:60000");
    let run = desk.start("plan alex@contoso.example --since 2h");
    run.ended().exits(0);
    desk.saw_no_writes();
}
