//! `runs stats`: what a lead reads before a quarter's review.

use serde_json::Value;

use super::desk::Desk;

fn numbers(desk: &Desk, words: &str) -> Value {
    let told = desk.oust(&format!("runs stats {words} --output json"));
    told.exits(0);
    serde_json::from_str(&told.out).expect("one JSON object")
}

#[test]
fn a_ledger_without_runs_says_so_and_is_no_error() {
    let desk = Desk::contoso();
    desk.oust("runs stats")
        .exits(0)
        .says("no run that contained anybody has ended yet");
    let told = numbers(&desk, "");
    assert_eq!(told["schema"], "oust.stats/v1");
    assert_eq!(told["all"]["runs"], 0);
    assert_eq!(told["all"]["legs"]["contained_since_command"], Value::Null);
}

#[test]
fn a_run_counts_from_its_command_and_a_purged_one_is_said() {
    let desk = Desk::contoso();
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0)
        .says("after the command");
    let told = numbers(&desk, "");
    assert_eq!(
        (&told["all"]["runs"], &told["all"]["contained"]),
        (&1.into(), &1.into())
    );
    let legs = &told["all"]["legs"];
    let ms = |leg: &str| {
        legs[leg]["max_ms"]
            .as_u64()
            .unwrap_or_else(|| panic!("{leg}: {legs:#}"))
    };
    // In the order in which they happened, each at least as late as the one before.
    assert!(ms("planned") <= ms("evicted_since_command"));
    assert!(ms("evicted") <= ms("evicted_since_command"));
    assert!(ms("evicted_since_command") <= ms("contained_since_command"));
    // Nobody was asked, and no alert began it.
    assert_eq!(legs["people"], Value::Null);
    assert_eq!(legs["evicted_since_alert"], Value::Null);
    assert_eq!(told["by_playbook"][0]["name"], "account-takeover");
    assert_eq!(told["by_verdict"][0]["name"], "contained");

    desk.oust("runs stats --playbook evict-only --since 1h")
        .exits(0)
        .says("no run of evict-only that contained anybody has ended since");
    desk.oust("runs stats --since yesterday-ish")
        .exits(2)
        .hints("90d");

    // Looking at numbers needs neither config nor key.
    std::fs::remove_file(desk.config()).unwrap();
    desk.oust("runs stats")
        .exits(0)
        .says("1 run: 1 contained (100 %)");

    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    db.execute("UPDATE run SET closed_at = 1, opened_at = 1", [])
        .unwrap();
    drop(db);
    desk.oust("runs purge --older-than 365d").exits(0);
    desk.oust("runs stats").exits(0).says("1 purged");
}
