//! `oust runs pause`: somebody at another terminal pauses a run, and it goes on later.

use super::desk::Desk;

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

#[test]
fn a_run_is_paused_from_elsewhere_and_resume_ends_contained() {
    let desk = Desk::of(|world| world.latency_ms(400));
    let run = desk.start(CONTAIN);
    desk.until("the first write", |range| {
        !range.journal.writes().is_empty()
    });
    let mut pause = desk.command(&["runs", "pause", "--last"]);
    pause.env("USER", "ana");
    let paused = super::desk::Said::of(pause.output().unwrap(), &["runs pause"]);
    paused
        .exits(0)
        .says("is paused; go on with: oust runs resume r_");
    let said = run.ended();
    said.exits(6)
        .says("paused by ana at 2")
        .says("STOPPED with")
        .says("Go on with: oust runs resume r_");
    let sent = desk.server.range().journal.writes().len();
    let report = desk.oust("runs show --last --output json");
    assert!(!report.exits(3).out.contains("in_doubt"), "{}", report.out);
    desk.oust("runs verify").exits(0);

    // Nobody works on it any more.
    desk.oust("runs pause --last")
        .exits(1)
        .says("it has stopped already")
        .hints("oust runs resume r_");
    assert_eq!(desk.server.range().journal.writes().len(), sent);
    // What was asked of the process before does not pause this one.
    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    desk.is_contained();
    desk.oust("runs pause --last")
        .exits(1)
        .says("there is nothing to pause");
    desk.oust("runs pause r_none")
        .exits(1)
        .says("there is no run r_none");
}

#[test]
fn a_ledger_of_an_older_oust_takes_the_ask_and_still_verifies() {
    let desk = Desk::of(|world| world.latency_ms(400));
    desk.oust("runs list").exits(0);
    let tables = || -> Vec<String> {
        let db = rusqlite::Connection::open(desk.ledger()).unwrap();
        let mut rows = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap();
        let names = rows.query_map([], |row| row.get(0)).unwrap();
        names.collect::<Result<_, _>>().unwrap()
    };
    assert!(!tables().contains(&"ask".to_owned()), "as it was before");
    let run = desk.start(CONTAIN);
    desk.until("the first write", |range| {
        !range.journal.writes().is_empty()
    });
    desk.oust("runs pause --last").exits(0);
    run.ended().exits(6);
    assert!(tables().contains(&"ask".to_owned()));
    desk.oust("runs verify").exits(0);
}
