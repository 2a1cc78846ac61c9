//! A ledger that cannot be used: nothing is written without one, unless a person says so.

use std::path::{Path, PathBuf};

use super::desk::{Desk, files_in};

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

fn break_ledger(desk: &Desk) -> PathBuf {
    desk.write(
        ".local/state/oust/oust.db",
        "this was a database once".repeat(400),
    )
}

/// All ledgers below the home directory but the usual one.
fn other_ledgers(desk: &Desk) -> Vec<PathBuf> {
    let usual = desk.ledger();
    let mut found = files_in(&desk.at(""));
    found.retain(|path| path.file_name().is_some_and(|name| name == "oust.db") && *path != usual);
    found
}

#[test]
fn a_corrupt_ledger_is_told_and_an_emergency_one_goes_on() {
    let desk = Desk::contoso();
    let ledger = break_ledger(&desk);
    for words in [
        CONTAIN,
        "runs list",
        "runs verify",
        "plan alex@contoso.example",
    ] {
        desk.oust(words).exits(1).says("cannot be read").hints("");
    }
    desk.oust(CONTAIN)
        .hints("--emergency-ledger")
        .hints("--no-ledger");
    desk.saw_nothing();

    desk.oust(&format!("{CONTAIN} --emergency-ledger"))
        .exits(0)
        .says("CONTAINED")
        .says("the damaged ledger was moved to");
    desk.is_contained();
    let aside = files_in(ledger.parent().unwrap());
    let damaged = aside
        .iter()
        .find(|path| path.to_string_lossy().contains(".damaged-r_"))
        .expect("it is kept");
    assert!(
        std::fs::read(damaged)
            .unwrap()
            .starts_with(b"this was a database once")
    );
    desk.oust("runs verify").exits(0);
    desk.oust("runs show --last").exits(0).says("CONTAINED");
}

#[test]
fn state_that_is_no_directory_is_told_and_an_emergency_one_goes_on_elsewhere() {
    let desk = Desk::contoso();
    // A file where the directory should be: even root cannot write below it.
    desk.write(".local/state/oust", "");
    desk.oust(CONTAIN)
        .exits(1)
        .says("cannot be written")
        .hints("--emergency-ledger");
    desk.saw_nothing();
    let said = desk.oust(&format!("{CONTAIN} --emergency-ledger"));
    said.exits(0).says("CONTAINED").says("go on with `--state ");
    desk.is_contained();
    let ledgers = other_ledgers(&desk);
    let [ledger]: &[PathBuf] = &ledgers else {
        panic!("one emergency ledger, not {ledgers:?}");
    };
    let state = ledger.parent().unwrap().to_str().unwrap();
    desk.oust_words(&["--state", state, "runs show", "--last"])
        .exits(2);
    desk.oust_words(&["--state", state, "runs", "show", "--last"])
        .exits(0)
        .says("CONTAINED");
}

#[test]
fn without_a_ledger_the_lines_go_to_stderr_and_the_report_says_so() {
    let desk = Desk::contoso();
    break_ledger(&desk);
    let said = desk.oust(&format!("{CONTAIN} --no-ledger --output json"));
    said.exits(0);
    desk.is_contained();
    assert_eq!(said.json()["recorded"], false);
    let lines: Vec<serde_json::Value> = said
        .err
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(lines.len() > 10, "{}", said.err);
    assert!(lines.iter().all(|line| line["hash"].is_string()));
    assert_eq!(std::fs::read(desk.ledger()).unwrap()[..4], *b"this");
}

#[test]
fn a_ledger_of_a_newer_version_or_another_org_is_left_alone() {
    let desk = Desk::contoso();
    desk.oust("plan alex@contoso.example --since 2h").exits(0);
    sql(&desk.ledger(), "UPDATE meta SET version = 99");
    for words in [CONTAIN, "runs list"] {
        desk.oust(words)
            .exits(1)
            .says("version 99")
            .hints("--state");
    }
    sql(
        &desk.ledger(),
        "UPDATE meta SET version = 1, org = '00oFabrikam'",
    );
    desk.oust(CONTAIN)
        .exits(1)
        .says("belongs to org 00oFabrikam")
        .hints("--state");
    desk.saw_no_writes();
    // Whoever is in a hurry is not stopped by it.
    desk.oust(&format!("{CONTAIN} --no-ledger")).exits(0);
    desk.is_contained();
}

fn sql(path: &Path, statement: &str) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(statement).unwrap();
}

/// A file system so small that the ledger opens and then nothing more fits.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_in_mid_run_stops_no_containment() {
    let desk = Desk::contoso();
    let state = desk.at("small");
    std::fs::create_dir(&state).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=200k", "tmpfs"])
        .arg(&state)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: a small file system cannot be mounted here");
        return;
    }
    let words = ["--state", state.to_str().unwrap()];
    let words: Vec<&str> = words.into_iter().chain(CONTAIN.split(' ')).collect();
    let said = desk.oust_words(&words);
    let unmounted = std::process::Command::new("umount").arg(&state).status();
    assert!(unmounted.unwrap().success());
    said.says("the run goes on").says("CONTAINED");
    said.exits(0);
    desk.is_contained();
}
