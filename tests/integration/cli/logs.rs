//! `oust logs`: the same events from the live directory and from a file, and none twice.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;

use oust_mocks::world::ALEX;
use serde_json::Value;

use super::desk::{ALEX_LOGIN, Desk, Said, now_ms};

const TAKEOVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/system-log/takeover.jsonl"
);

/// Alex's id in the saved attack.
const ALEX_ID: &str = "00ujkPI1q4Pa7UeFg5d7";

fn events(said: &Said) -> Vec<Value> {
    let lines = said.out.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is an event"))
        .collect()
}

/// `--since 3h`, up to now: what this program does itself afterwards stays outside.
fn until_now() -> [String; 4] {
    let now = oust::model::Utc::from_millis(now_ms());
    [
        "--since".into(),
        "3h".into(),
        "--until".into(),
        now.to_string(),
    ]
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    let ids = events.iter().map(|event| event["uuid"].to_string());
    ids.collect()
}

#[test]
fn the_live_log_is_printed_as_it_is_and_counted_by_session() {
    let desk = Desk::contoso();
    let said = desk.oust(&format!("logs {ALEX_LOGIN} --since 3h"));
    let found = events(said.exits(0));
    assert!(found.len() > 5, "{}", said.err);
    assert!(
        said.err.contains(&format!("{} events", found.len())),
        "{}",
        said.err
    );
    let is_his = |event: &Value| event.to_string().contains(ALEX_LOGIN);
    assert!(found.iter().all(is_his));
    assert_eq!(ids(&found).len(), found.len(), "none comes twice");

    // What was saved says the same as what is asked.
    let file = desk.write("alex.jsonl", &said.out);
    let again = desk.oust(&format!("logs --log {}", file.display()));
    assert_eq!(ids(&events(again.exits(0))), ids(&found));

    let sessions = desk.oust("logs --since 3h --by session --output json");
    let counted = sessions.exits(0).json();
    assert_eq!(counted["schema"], "oust.logs/v1");
    let groups = counted["groups"].as_array().unwrap();
    let intruders = groups.iter().find(|group| {
        let places = group["places"].as_array().unwrap();
        places.iter().any(|place| place == "203.0.113.66")
    });
    assert!(intruders.is_some(), "{counted:#}");
    desk.saw_no_writes();
}

#[test]
fn a_filter_is_okta_s_and_one_that_it_refuses_is_told_in_its_words() {
    let desk = Desk::contoso();
    let started = r#"eventType eq "user.session.start""#;
    let said = desk.oust_words(&["logs", "--since", "3h", "--filter", started]);
    let found = events(said.exits(0));
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|event| event["eventType"] == "user.session.start")
    );
    let his = desk.oust_words(&["logs", ALEX_LOGIN, "--since", "3h", "--filter", started]);
    let his = events(his.exits(0));
    assert!(!his.is_empty() && his.len() < found.len());

    let refused = desk.oust_words(&["logs", "--since", "3h", "--filter", "colour is red"]);
    refused.exits(1);
    assert!(refused.err.contains("E00000"), "{}", refused.err);
}

#[test]
fn what_cannot_be_read_is_told_with_the_way_on() {
    let desk = Desk::contoso();
    let unasked = desk.oust("logs");
    unasked.exits(2);
    assert!(unasked.err.contains("--since"), "{}", unasked.err);
    let both = desk.oust("logs --since 1h --follow --until 5m");
    both.exits(2);
    let stranger = desk.oust("logs nobody@contoso.example --since 1h");
    stranger.exits(1);
    assert!(stranger.err.contains("nobody@contoso.example"));
    let missing = desk.oust("logs --log nowhere.jsonl");
    missing.exits(1);
    assert!(missing.err.contains("nowhere.jsonl"), "{}", missing.err);

    desk.faults("/api/v1/logs=forbidden");
    let blind = desk.oust("logs --since 1h");
    blind.exits(1);
    assert!(blind.err.contains("okta.logs.read"), "{}", blind.err);
    let old = desk.oust("logs --since 100d");
    assert!(old.err.contains("90 days"), "{}", old.err);
}

#[test]
fn saved_events_are_counted_as_the_attack_was() {
    let desk = Desk::contoso();
    let by = |by: &str| {
        let words = format!("logs --log {TAKEOVER} {ALEX_ID} --by {by} --output json");
        desk.oust(&words).exits(0).json()
    };
    let group = |counted: &Value, key: &str| {
        let groups = counted["groups"].as_array().unwrap().clone();
        groups.into_iter().find(|group| group["key"] == key)
    };
    let sessions = by("session");
    for his in [
        "idxz0xpMH0Qn-snfAELRg_KLd",
        "idx04a0F8sd7ZpCVkc5vpcR18",
        "idxFCDW9RGHBC4irFPfXsuMhg",
        "idxJZHvNC-QHhE-Hr0iuhhUSc",
    ] {
        assert!(group(&sessions, his).is_some(), "{his}");
    }
    assert!(group(&sessions, "unknown").is_none());
    let addresses = by("ip");
    let first = group(&addresses, "203.0.113.66").unwrap();
    assert_eq!(first["proxied"], first["events"]);
    assert_eq!(first["first"], "2026-03-10T13:41:02.023Z");
    let second = group(&addresses, "203.0.113.140").unwrap();
    assert_eq!(second["proxied"], 0);
    let tokens = by("token");
    assert!(group(&tokens, "00TNupDyGtSsipBqd5d7").is_some());
    let networks = by("asn");
    assert!(group(&networks, "AS64505").is_some());
    assert!(!by("device")["groups"].as_array().unwrap().is_empty());

    let screen = desk.oust(&format!("logs --log {TAKEOVER} {ALEX_ID} --by ip"));
    let screen = &screen.exits(0).out;
    assert!(
        screen.contains("203.0.113.66") && screen.contains("(proxy)"),
        "{screen}"
    );
    desk.saw_nothing();
}

#[test]
fn odd_lines_copies_and_commanding_names_do_no_harm() {
    let desk = Desk::contoso();
    let event = |id: &str, name: &str| {
        format!(
            "{{\"uuid\":\"{id}\",\"published\":\"2026-03-10T14:00:00Z\",\"displayMessage\":\"{name}\"}}\n"
        )
    };
    let text = [
        event("1", "\u{202e}gnp.exe\u{9b}2J"),
        event("1", "a copy"),
        "no event\n".into(),
        event("2", "late"),
    ]
    .concat();
    let mut child = desk.command(&["logs", "--log", "-"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let said = Said::of(child.wait_with_output().unwrap(), &["logs"]);
    said.exits(3);
    assert!(said.err.contains("line 3 is no JSON"), "{}", said.err);
    assert!(!said.out.contains(['\u{202e}', '\u{9b}']), "{:?}", said.out);
    let found = events(&said);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["displayMessage"], "\u{202e}gnp.exe\u{9b}2J");

    let windowed =
        format!("logs --log {TAKEOVER} --since 2026-03-10T14:55:00Z --until 2026-03-10T14:59:00Z");
    let inside = events(desk.oust(&windowed).exits(0));
    let grant = |event: &Value| event["eventType"] == "user.session.impersonation.grant";
    assert!(
        inside.iter().any(grant) && inside.len() < 60,
        "{}",
        inside.len()
    );
}

#[test]
fn one_filter_finds_the_same_live_and_saved_and_a_mistake_is_shown_where_it_is() {
    let desk = Desk::contoso();
    let window = until_now();
    let live = |more: &[&str]| {
        let words = ["logs"]
            .into_iter()
            .chain(window.iter().map(String::as_str));
        desk.oust_words(&words.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let all = live(&[]);
    let file = desk.write("all.jsonl", &all.exits(0).out);
    let file = file.to_str().unwrap();
    for filter in [
        r#"eventType eq "user.session.start" and outcome.result eq "SUCCESS""#,
        r#"(actor.alternateId sw "alex@" or target.alternateId sw "alex@") and client.ipAddress eq "203.0.113.66""#,
        r#"target.type eq "User" and target.type eq "AuthenticatorEnrollment" or eventType co "token""#,
        r#"eventType ne "user.session.start" and actor.id pr"#,
    ] {
        let live = ids(&events(live(&["--filter", filter]).exits(0)));
        let saved = desk.oust_words(&["logs", "--log", file, "--filter", filter]);
        assert_eq!(ids(&events(saved.exits(0))), live, "{filter}");
        assert!(!live.is_empty(), "{filter}");
    }
    // What Okta refuses may be asked of a file.
    let timed =
        r#"published ge "2000-01-01T00:00:00Z" and debugContext.debugData.requestUri co "/""#;
    let timed = desk.oust_words(&["logs", "--log", file, "--filter", timed]);
    assert!(!events(timed.exits(0)).is_empty());
    let counted = desk.oust_words(&[
        "logs",
        "--log",
        TAKEOVER,
        "--by",
        "ip",
        "--filter",
        "securityContext.isProxy eq true",
    ]);
    counted.exits(0).says("(proxy)");

    let wrong = desk.oust_words(&["logs", "--log", file, "--filter", "actor.id eq 00u1"]);
    wrong.exits(2).hints("write for example");
    assert!(wrong.err.contains("at character 13"), "{}", wrong.err);
    // Live it is Okta's to judge; ours is a hint.
    live(&["--filter", "colour is red"])
        .exits(1)
        .hints("at character 8");
}

#[test]
fn a_file_is_gone_on_with_wherever_a_crash_has_torn_it() {
    let desk = Desk::contoso();
    let window = until_now().join(" ");
    let whole = desk.oust(&format!("logs {window}"));
    let all = ids(&events(whole.exits(0)));
    let file = desk.here().join("org.jsonl");
    let first = desk.oust(&format!("logs {window} --to org.jsonl"));
    first.exits(0).says("added to org.jsonl");
    assert_eq!(first.out, "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, whole.out, "the file is what the screen has");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let ends = [
        text.len() - 1,
        text.len() - 30,
        text.len() / 2,
        text.len() / 3,
        40,
    ];
    for end in ends {
        std::fs::write(&file, &text.as_bytes()[..end]).unwrap();
        let again = desk.oust(&format!("logs {window} --to org.jsonl"));
        again.exits(0);
        let torn = !text[..end].ends_with('\n') && end != text.len() - 1;
        assert_eq!(again.err.contains("torn line"), torn, "{}", again.err);
        let kept = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            kept.lines().count(),
            all.len(),
            "{end}: none is lost, none comes twice"
        );
        let kept = kept.lines().map(|line| serde_json::from_str(line).unwrap());
        assert_eq!(ids(&kept.collect::<Vec<Value>>()), all);
    }
    // Once more: there is nothing new. Without a beginning and an end: what happened since, our own.
    desk.oust(&format!("logs {window} --to org.jsonl"))
        .exits(0)
        .says("0 events")
        .says("goes on there");
    desk.oust("logs --to org.jsonl").exits(0);
    let more = std::fs::read_to_string(&file).unwrap();
    assert!(more.starts_with(&text[..40]) && more.lines().count() > all.len());
    desk.oust("logs --to org.jsonl --since 3h --until 2h")
        .exits(0)
        .says("beyond --until");

    let new = desk.oust("logs --to new.jsonl");
    new.exits(2).hints("--since");
    let foreign = desk.oust(&format!("logs {ALEX_LOGIN} --since 3h --to org.jsonl"));
    foreign
        .exits(1)
        .hints("name another file")
        .says("another question");
    desk.oust("logs --since 3h --by ip --to org.jsonl").exits(2);
}

#[test]
fn a_process_killed_while_it_writes_leaves_a_file_that_is_gone_on_with() {
    let desk = Desk::contoso();
    let hour_ago = now_ms() - 3_600_000;
    // More than a page of events.
    for n in 0..1_500 {
        let mut range = desk.server.range();
        range
            .okta
            .rename_by_hand(ALEX, ALEX_LOGIN, hour_ago + n * 1_000);
    }
    let file = desk.here().join("org.jsonl");
    let lines = || std::fs::read_to_string(&file).map_or(0, |text| text.lines().count());
    let running = desk.start("logs --since 3h --follow --to org.jsonl");
    desk.until("some lines", |_| lines() > 100);
    running.signal("KILL");
    running.ended();
    let held = lines();
    let window = until_now().join(" ");
    desk.oust("logs --to org.jsonl")
        .exits(0)
        .says("goes on there");
    let whole = events(desk.oust(&format!("logs {window}")).exits(0));
    let kept = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<Value> = kept
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (kept_ids, whole_ids) = (ids(&kept), ids(&whole));
    assert!(kept_ids == whole_ids, "it held {held} when it was killed");
    assert_eq!(kept.len(), whole.len());
}

#[test]
fn what_may_be_missing_is_said() {
    let desk = Desk::contoso();
    let now = desk.oust("logs --since 3h");
    now.exits(0).says("--settle 15m waits");
    let past = desk.oust("logs --since 3h --until 1h");
    past.exits(0);
    assert!(!past.err.contains("--settle"), "{}", past.err);
    let settled = desk.oust("logs --since 3h --until 1h --settle 15m");
    settled.exits(0).says("had settled");
    assert_eq!(ids(&events(&settled)), ids(&events(&past)));
    desk.oust("logs --since 3h --settle soon")
        .exits(2)
        .hints("15m");
    desk.oust("logs --since 3h --settle 15m --follow").exits(2);
    let gone = desk.oust("logs --since 120d --until 100d");
    gone.exits(0).says("all of this window is older");
}

#[test]
fn exports_in_other_words_and_files_that_break_off_are_read_as_far_as_they_go() {
    let desk = Desk::contoso();
    let text = std::fs::read_to_string(TAKEOVER).unwrap();
    // As a collector writes it that puts names in lower case.
    let lower = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        lower_names(&mut event);
        format!("{event}\n")
    });
    let file = desk.write("lower.jsonl", lower.rev().collect::<String>());
    let by = |file: &str, by: &str| {
        let words = format!("logs --log {file} {ALEX_ID} --by {by} --output json");
        desk.oust(&words).exits(0).json()
    };
    for each in ["session", "ip", "asn", "device", "token"] {
        let (mine, theirs) = (by(TAKEOVER, each), by(file.to_str().unwrap(), each));
        assert!(mine["groups"].as_array().unwrap().len() > 1 || each == "token");
        assert_eq!(mine, theirs, "{each}");
    }

    use flate2::{Compression, write::GzEncoder};
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    desk.write("work/cut.gz", &packed[..packed.len() / 2]);
    let cut = desk.oust("logs --log cut.gz");
    cut.exits(3).says("it breaks off in line");
    assert!(!events(&cut).is_empty());
}

fn lower_names(value: &mut Value) {
    match value {
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut value)| {
                    lower_names(&mut value);
                    (name.to_lowercase(), value)
                })
                .collect();
        }
        Value::Array(items) => items.iter_mut().for_each(lower_names),
        _ => {}
    }
}
