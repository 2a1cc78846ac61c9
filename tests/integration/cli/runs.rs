//! Looking after runs: list, show, prove, verify, export, purge, resume.

use oust_mocks::okta::Okta;
use oust_mocks::world::ALEX;

use super::desk::{Desk, now_ms};

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

#[test]
fn a_run_can_be_listed_shown_exported_and_verified() {
    let desk = Desk::contoso();
    desk.oust("runs list").exits(0).says("no runs yet");
    for words in [
        "runs show --last",
        "runs resume --last --yes",
        "runs prove --last",
        "runs export --last",
    ] {
        desk.oust(words).exits(1).says("there are no runs yet");
    }
    desk.oust(CONTAIN).exits(0);
    let report = desk.report_file();
    let id = report["run_id"].as_str().unwrap();
    desk.oust("runs list")
        .exits(0)
        .says(id)
        .says("contained")
        .says("alex@contoso.example");
    desk.oust(&format!("runs show {id}"))
        .exits(0)
        .says("CONTAINED");
    desk.oust("runs show r_nope")
        .exits(1)
        .hints("oust runs list");
    desk.oust("runs show").exits(2);

    let export = desk.oust("runs export --last --records");
    export.exits(0);
    let records: Vec<oust::ledger::Exported> = export
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(records.len() > 10);
    assert!(records.iter().all(oust::ledger::Exported::is_consistent));

    let head = format!(
        "{}:{}",
        report["ledger_head"]["seq"],
        report["ledger_head"]["hash"].as_str().unwrap()
    );
    desk.oust_words(&["runs", "verify", "--head", &head])
        .exits(0);
    desk.oust("runs verify --head 3").exits(2).hints("SEQ:HASH");
    let writes = desk.server.range().journal.writes().len();
    tamper(&desk);
    desk.oust("runs verify").exits(3);
    assert_eq!(writes, desk.server.range().journal.writes().len());
}

fn tamper(desk: &Desk) {
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    let changed = db.execute(
        "UPDATE record SET body = replace(body, 'kim', 'eve') WHERE seq = 1",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
}

#[test]
fn a_run_is_shown_without_config_or_vendor() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let shown = desk.oust("runs show --last --output json").out;
    std::fs::remove_file(desk.config()).unwrap();
    std::fs::remove_file(desk.at("key.pem")).unwrap();
    let again = desk.oust("runs show --last --output json");
    again.exits(0);
    assert_eq!(again.out, shown);
}

#[test]
fn proving_again_notices_what_was_taken_back_by_hand() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    desk.oust("runs prove --last").exits(0).says("CONTAINED");
    desk.oust("runs list").exits(0).says(" contained ");
    let writes = desk.server.range().journal.writes().len();
    desk.server
        .range()
        .okta
        .unsuspend_by_hand(ALEX, Okta::IMPORT, now_ms());
    desk.oust("runs prove --last")
        .exits(3)
        .says("oust runs resume");
    desk.oust("runs list").exits(0).says(" partial ");
    desk.oust("runs verify").exits(0);
    assert_eq!(
        writes,
        desk.server.range().journal.writes().len(),
        "it only reads"
    );
    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    desk.oust("runs list").exits(0).says(" contained ");
    desk.oust("runs verify").exits(0);
    desk.is_contained();
    // He may have come in while the door stood open: what is signed in now goes, too.
    assert_eq!(
        evicting(&desk, writes)[..3],
        ["sessions", "suspend", "sessions"]
    );
}

/// The last part of the paths of writes that evict, after the first `before` writes.
fn evicting(desk: &Desk, before: usize) -> Vec<String> {
    let range = desk.server.range();
    let writes = range.journal.writes();
    let ends = writes[before..]
        .iter()
        .filter_map(|write| write.path.rsplit('/').next());
    ends.map(|end| end.split('?').next().unwrap_or(end).to_owned())
        .filter(|end| end == "sessions" || end == "suspend")
        .collect()
}

#[test]
fn a_lock_that_only_a_resume_gets_is_cleared_after() {
    let desk = Desk::contoso();
    desk.faults("lifecycle/suspend=forbidden");
    desk.oust(CONTAIN).exits(3);
    desk.faults("");
    let writes = desk.server.range().journal.writes().len();
    desk.oust("runs resume --last --yes").exits(0);
    assert_eq!(evicting(&desk, writes), ["suspend", "sessions"]);
    desk.is_contained();
}

#[test]
fn resuming_what_is_all_done_writes_nothing() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let writes = desk.server.range().journal.writes().len();
    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    assert_eq!(
        writes,
        desk.server.range().journal.writes().len(),
        "{}",
        desk.journal()
    );
    desk.oust("runs verify").exits(0);
}

#[test]
fn resume_takes_a_phrase_and_refuses_a_foreign_one() {
    let desk = Desk::contoso();
    desk.faults("lifecycle/suspend=forbidden");
    let phrase = desk.oust("plan alex@contoso.example --since 2h").phrase();
    desk.oust_words(&["contain", "--consent", &phrase]).exits(3);
    desk.faults("");
    let writes = desk.server.range().journal.writes().len();
    desk.oust_words(&["runs", "resume", "--last", "--consent", "contain 00000000"])
        .exits(4)
        .says("does not belong to this plan");
    assert_eq!(writes, desk.server.range().journal.writes().len());
    desk.oust_words(&["runs", "resume", "--last", "--consent", &phrase])
        .exits(0)
        .says("CONTAINED");
}

#[test]
fn purging_empties_old_closed_runs_and_the_chain_still_verifies() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    desk.oust("runs purge --older-than 365d")
        .exits(0)
        .says("runs emptied: 0");
    desk.oust("runs show --last").exits(0);
    desk.oust("runs purge --older-than soon")
        .exits(2)
        .hints("365d");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    desk.oust("runs purge --older-than 1s")
        .exits(0)
        .says("runs emptied: 1");
    desk.oust("runs verify").exits(0);
    desk.oust("runs show --last").exits(1).says("purged");
    let bytes = std::fs::read(desk.ledger()).unwrap();
    let login = b"alex@contoso.example";
    assert!(
        !bytes.windows(login.len()).any(|at| at == login),
        "the login is gone"
    );
}
