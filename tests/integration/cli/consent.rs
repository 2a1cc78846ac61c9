//! Who agreed to what: a stored plan's phrase from another process, and the word at the terminal.

use std::process::Command;

use oust_mocks::world::ALEX;

use super::desk::{ALEX_LOGIN, Desk, Said};

fn carry_out(desk: &Desk, phrase: &str, more: &[&str]) -> Said {
    let mut words = vec!["contain", "--consent", phrase];
    words.extend(more);
    desk.oust_words(&words)
}

#[test]
fn a_stored_plan_is_carried_out_once_by_its_phrase() {
    let desk = Desk::contoso();
    let plan = desk.oust("plan alex@contoso.example --since 2h --case INC-7");
    plan.exits(0);
    desk.saw_no_writes();
    let phrase = plan.phrase();
    carry_out(&desk, &phrase, &[]).exits(0).says("CONTAINED");
    desk.is_contained();
    let report = desk.report_file();
    assert_eq!(report["case"], "INC-7");
    assert_eq!(report["consent"]["kind"], "phrase");

    let before = desk.server.range().journal.writes().len();
    carry_out(&desk, &phrase, &[])
        .exits(4)
        .hints("a plan is carried out once");
    assert_eq!(desk.server.range().journal.writes().len(), before);
}

#[test]
fn words_beside_a_phrase_must_agree_with_its_plan() {
    let desk = Desk::contoso();
    let phrase = desk
        .oust("plan alex@contoso.example --since 2h --case INC-7 --only okta")
        .phrase();
    for disagreeing in [
        &["priya@contoso.example"][..],
        &[ALEX_LOGIN, "priya@contoso.example"],
        &["--since", "3h"],
        &["--until", "1h", "--since", "2h"],
        &["--playbook", "evict-only"],
        &["--case", "INC-8"],
        &["--reason", "another"],
        &["--skip", "okta"],
        &["--lift", "cap_run=why not"],
    ] {
        carry_out(&desk, &phrase, disagreeing)
            .exits(4)
            .says("does not agree with the stored plan");
    }
    desk.saw_no_writes();
    let all = [
        "Alex@Contoso.example",
        "--since",
        "2h",
        "--case",
        "INC-7",
        "--only",
        "okta",
    ];
    carry_out(&desk, &phrase, &all).exits(0);
    desk.is_contained();
}

#[test]
fn a_phrase_of_no_plan_or_of_an_old_one_is_refused() {
    let desk = Desk::contoso();
    carry_out(&desk, "contain 00000000", &[])
        .exits(4)
        .says("no stored plan")
        .hints("oust plan");
    let phrase = desk.oust("plan alex@contoso.example --since 2h").phrase();
    age_the_plan(&desk, 16 * 60_000);
    carry_out(&desk, &phrase, &[])
        .exits(4)
        .says("consent holds for 15 minutes");
    desk.saw_no_writes();
}

/// As if the plan had been made so many milliseconds earlier.
fn age_the_plan(desk: &Desk, by_ms: i64) {
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    let body: String = db
        .query_row("SELECT body FROM plan", [], |row| row.get(0))
        .unwrap();
    let mut plan: serde_json::Value = serde_json::from_str(&body).unwrap();
    let made_at: jiff::Timestamp = plan["made_at"].as_str().unwrap().parse().unwrap();
    let earlier = made_at - jiff::SignedDuration::from_millis(by_ms);
    plan["made_at"] = format!("{earlier:.3}").into();
    let changed = db.execute("UPDATE plan SET body = ?1", [plan.to_string()]);
    assert_eq!(changed.unwrap(), 1);
}

#[test]
fn a_plan_that_no_longer_holds_is_refused_and_says_why() {
    let desk = Desk::contoso();
    let phrase = desk.oust("plan alex@contoso.example --since 2h").phrase();
    desk.configure(&format!("guards:\n  protected: [{ALEX}]\n"));
    carry_out(&desk, &phrase, &[])
        .exits(4)
        .says("a guard answers otherwise")
        .hints("oust plan");

    // The login moves to another account: the plan is of the first one's id.
    desk.configure("");
    let phrase = desk.oust("plan bailey@contoso.example --since 2h").phrase();
    {
        let mut range = desk.server.range();
        let bailey = range
            .okta
            .user("bailey@contoso.example")
            .unwrap()
            .id
            .clone();
        range.okta.users.remove(&bailey);
    }
    carry_out(&desk, &phrase, &[])
        .exits(4)
        .says("no longer holds");
    desk.saw_no_writes();
}

#[test]
fn a_plan_along_a_file_is_carried_out_from_that_file_alone() {
    let desk = Desk::contoso();
    let text = desk.oust("playbook show evict-only").out;
    let mine = desk.write(
        "work/mine.yaml",
        text.replace("name: evict-only", "name: mine"),
    );
    let phrase = desk
        .oust("plan alex@contoso.example --since 2h --playbook ./mine.yaml")
        .phrase();
    carry_out(&desk, &phrase, &[])
        .exits(4)
        .hints("--playbook FILE");
    desk.write("work/mine.yaml", "playbook: oust/v1\nname: other\n");
    carry_out(&desk, &phrase, &["--playbook", "./mine.yaml"]).exits(2);
    desk.saw_no_writes();
    std::fs::write(mine, text.replace("name: evict-only", "name: mine")).unwrap();
    // It purges nothing: support's access, which the intruder granted, is left, and said.
    carry_out(&desk, &phrase, &["--playbook", "./mine.yaml"])
        .exits(3)
        .says("alex@contoso.example is contained; the intruder is not: 1 planted");
}

/// The binary at a pseudo-terminal, which util-linux's `script` makes; `None` without it.
#[expect(clippy::print_stdout, reason = "a story that is not told must say so")]
fn at_a_terminal(desk: &Desk, words: &str, typed: &str) -> Option<Said> {
    let has_script = Command::new("script").arg("--version").output();
    if !has_script
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"))
    {
        println!("skipped: no `script` of util-linux here to make a terminal");
        return None;
    }
    let oust = format!("{} {words}", env!("CARGO_BIN_EXE_oust"));
    let mut script = Command::new("script");
    desk.furnish(&mut script);
    script.args(["-qec", &oust, "/dev/null"]);
    script.env("SHELL", "/bin/sh").env("TERM", "dumb");
    script.stdin(std::process::Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut keys, format!("{typed}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(keys);
    Some(Said::of(output, &[words]))
}

#[test]
fn at_a_terminal_a_person_types_what_is_at_stake() {
    let desk = Desk::contoso();
    let words = "--no-color contain alex@contoso.example --since 2h";
    let Some(refused) = at_a_terminal(&desk, words, "yes") else {
        return;
    };
    refused
        .exits(4)
        .says("Type alex to go on")
        .says("nothing was written");
    desk.saw_no_writes();
    let said = at_a_terminal(&desk, words, "alex").expect("script is there");
    said.exits(0).says("CONTAINED");
    desk.is_contained();
    assert_eq!(desk.report_file()["consent"]["kind"], "typed");
}
