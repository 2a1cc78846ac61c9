//! The evidence of a run, handed on: checked with the tools that everybody has, and by a second
//! hand that knows nothing of ours but the rule in the bundle's own `README.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::desk::Desk;

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

const FILES: [&str; 10] = [
    "README.txt",
    "SHA256SUMS",
    "events.jsonl",
    "ledger.jsonl",
    "manifest.json",
    "plan.json",
    "report.html",
    "report.json",
    "report.md",
    "snapshot.json",
];

/// Whether this machine has what the bundle is checked with; it says so if not.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn can(tools: &[&str]) -> bool {
    let lacking = tools.iter().find(|tool| {
        let found = run(Path::new("/"), &format!("command -v {tool}"));
        !found.status.success()
    });
    if let Some(tool) = lacking {
        eprintln!("SKIPPED in part: this machine has no {tool}, and nothing was checked with it");
    }
    lacking.is_none()
}

/// What bash makes of a script.
fn run(dir: &Path, script: &str) -> Output {
    let mut bash = Command::new("bash");
    bash.args(["-c", script]).current_dir(dir);
    bash.output().unwrap()
}

/// Unpacks a bundle as a stranger would, and answers its directory.
fn unpack(file: &Path) -> PathBuf {
    let into = file.with_extension("unpacked");
    fs::create_dir_all(&into).unwrap();
    if can(&["tar"]) {
        let done = run(&into, &format!("tar xzf '{}'", file.display()));
        assert!(done.status.success(), "{done:?}");
    } else {
        let packed = flate2::read::GzDecoder::new(fs::File::open(file).unwrap());
        tar::Archive::new(packed).unpack(&into).unwrap();
    }
    let mut dirs = fs::read_dir(&into).unwrap();
    let dir = dirs.next().expect("it holds a directory").unwrap().path();
    assert!(dirs.next().is_none(), "and nothing beside it");
    dir
}

fn json_of(dir: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(dir.join(name)).unwrap()).unwrap()
}

fn lines_of(dir: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

fn sum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rule in README.txt, written a second time. Answers the records that break it.
fn broken(records: &[Value]) -> Vec<u64> {
    let mut broken = Vec::new();
    let mut before: Option<(u64, String)> = None;
    for record in records {
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        let seq = record["seq"].as_u64().unwrap();
        let at: Timestamp = text("at").parse().unwrap();
        let mut covered = b"oust.ledger/v1\n".to_vec();
        covered.extend(bytes(&text("prev")));
        covered.extend(seq.to_be_bytes());
        covered.extend((text("run").len() as u64).to_be_bytes());
        covered.extend(text("run").bytes());
        covered.extend(at.as_millisecond().to_be_bytes());
        covered.extend(bytes(&text("body_hash")));
        let body = record["body"].as_str();
        let is_whole = sum(&covered) == text("hash")
            && body.is_none_or(|body| sum(body.as_bytes()) == text("body_hash"))
            && before.is_none_or(|(last, hash)| last + 1 != seq || hash == text("prev"));
        if !is_whole {
            broken.push(seq);
        }
        before = Some((seq, text("hash")));
    }
    broken
}

/// What the commands in README.txt say of the ledger.
fn as_the_readme_says(dir: &Path) -> String {
    let readme = fs::read_to_string(dir.join("README.txt")).unwrap();
    let (_, script) = readme.split_once("and basenc:\n").unwrap();
    let (script, _) = script.split_once("What this cannot show").unwrap();
    let done = run(dir, script);
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_stranger_can_check_what_he_is_handed() {
    let desk = Desk::contoso();
    // A ledger that holds another run too.
    desk.oust("contain kim@contoso.example --since 2h --yes --only okta");
    desk.oust(CONTAIN).exits(0);
    let writes = desk.server.range().journal.writes().len();
    let said = desk.oust("runs export --last --output json");
    let told = said.exits(0).json();
    assert_eq!(desk.server.range().journal.writes().len(), writes);
    let file = desk.here().join(told["archive"]["file"].as_str().unwrap());
    let packed = fs::read(&file).unwrap();
    assert_eq!(told["archive"]["sha256"], sum(&packed).as_str());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let dir = unpack(&file);
    let names: BTreeSet<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, FILES.map(str::to_owned).into());
    if can(&["sha256sum"]) {
        let checked = run(&dir, "sha256sum -c SHA256SUMS");
        assert!(checked.status.success(), "{checked:?}");
        let checked = String::from_utf8(checked.stdout).unwrap();
        assert_eq!(checked.lines().count(), FILES.len() - 1, "{checked}");
    }
    let manifest = json_of(&dir, "manifest.json");
    assert_eq!(manifest["schema"], "oust.evidence/v1");
    assert_eq!(manifest["missing"], Value::Array(Vec::new()));
    assert_eq!(manifest["verdict"], "contained");
    assert_eq!(manifest["ledger"]["verified"], true);
    for listed in manifest["files"].as_array().unwrap() {
        let bytes = fs::read(dir.join(listed["name"].as_str().unwrap())).unwrap();
        assert_eq!(listed["sha256"], sum(&bytes).as_str(), "{listed}");
        assert_eq!(listed["bytes"], bytes.len());
    }
    let head = &manifest["ledger"]["head"];
    let head = format!("{}:{}", head["seq"], head["hash"].as_str().unwrap());
    desk.oust(&format!("runs verify --head {head}")).exits(0);
    assert!(
        fs::read_to_string(dir.join("README.txt"))
            .unwrap()
            .contains(&head)
    );

    let report = json_of(&dir, "report.json");
    let (run_id, last) = (&report["run_id"], &report["ledger_head"]);
    assert_eq!(manifest["run_id"], *run_id);
    let records = lines_of(&dir, "ledger.jsonl");
    assert!(records.iter().all(|record| record["run"] == *run_id));
    assert!(
        records[0]["seq"].as_u64().unwrap() > 1,
        "the other run's come first"
    );
    assert_eq!(records.last().unwrap()["hash"], last["hash"]);
    assert_eq!(json_of(&dir, "plan.json")["org_id"], report["org_id"]);
    let parts = &json_of(&dir, "snapshot.json")["subjects"][0];
    assert_eq!(parts["login"], "alex@contoso.example");
    assert!(!parts["parts"].as_object().unwrap().is_empty(), "{parts:#}");

    let events = lines_of(&dir, "events.jsonl");
    assert_eq!(manifest["events"]["source"], "live");
    assert_eq!(manifest["events"]["count"], events.len());
    let all_his = |event: &Value| event.to_string().contains("alex@contoso.example");
    assert!(events.iter().all(all_his));
    let has = |kind: &str| events.iter().any(|event| event["eventType"] == kind);
    assert!(has("user.session.start") && has("user.lifecycle.suspend"));
    let times: Vec<&str> = events
        .iter()
        .map(|event| event["published"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted());
}

#[test]
fn whoever_changes_a_record_is_found_out_without_oust() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let said = desk.oust("runs export --last --offline --to here.tar.gz");
    said.exits(0).says("here.tar.gz").says("--offline");
    let dir = unpack(&desk.here().join("here.tar.gz"));
    let records = lines_of(&dir, "ledger.jsonl");
    assert_eq!(broken(&records), [0; 0]);
    let by_readme = can(&["jq", "sha256sum", "basenc"]);
    if by_readme {
        let said = as_the_readme_says(&dir);
        assert!(said.starts_with("looked at up to record "), "{said}");
    }
    let path = dir.join("ledger.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut without = lines.clone();
    without.remove(2);
    let renamed = lines[0].replace("kim", "eve");
    let mut other = lines.clone();
    other[0] = &renamed;
    let late = lines[3].replacen("\"at\":\"20", "\"at\":\"21", 1);
    let mut moved = lines.clone();
    moved[3] = &late;
    for (what, changed) in [("moved", moved), ("renamed", other)] {
        assert_ne!(changed, lines, "{what}");
        fs::write(&path, changed.join("\n") + "\n").unwrap();
        let records = lines_of(&dir, "ledger.jsonl");
        let found = broken(&records);
        assert!(!found.is_empty(), "{what}");
        if by_readme && what == "moved" {
            let said = as_the_readme_says(&dir);
            let count = said
                .lines()
                .filter(|line| line.ends_with("not what was written"))
                .count();
            assert_eq!(count, found.len(), "{what}: {said}");
        }
        if can(&["sha256sum"]) {
            let checked = run(&dir, "sha256sum -c --quiet SHA256SUMS");
            assert!(!checked.status.success(), "{what}");
        }
    }
    // One that is missing leaves its number.
    let records: Vec<Value> = without
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<u64> = records
        .iter()
        .map(|record| record["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.windows(2).any(|two| two[1] != two[0] + 1));
}

#[test]
fn events_come_from_a_file_as_well_and_what_is_missing_is_said() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    desk.oust("logs --since 3h --to org.jsonl").exits(0);
    desk.faults("/api/v1/logs=forbidden");
    let blind = desk.oust("runs export --last --to blind.tar.gz");
    blind
        .exits(3)
        .says("missing: events about alex@contoso.example");
    let gaps = json_of(&unpack(&desk.here().join("blind.tar.gz")), "manifest.json");
    assert_eq!(gaps["events"]["count"], 0);
    assert_eq!(gaps["missing"].as_array().unwrap().len(), 1, "{gaps:#}");

    let asked = desk.server.range().journal.entries().len();
    let from_file = desk.oust("runs export --last --log org.jsonl --to file.tar.gz");
    from_file.exits(0);
    assert_eq!(
        desk.server.range().journal.entries().len(),
        asked,
        "nobody is asked"
    );
    let dir = unpack(&desk.here().join("file.tar.gz"));
    let manifest = json_of(&dir, "manifest.json");
    assert_eq!(manifest["events"]["source"], "file");
    assert_eq!(manifest["events"]["file"], "org.jsonl");
    let events = lines_of(&dir, "events.jsonl");
    assert!(events.len() > 5);
    let all_his = |event: &Value| event.to_string().contains("alex@contoso.example");
    assert!(events.iter().all(all_his));

    // Evidence is never written over, and half of it is not left lying about.
    let before = fs::read(desk.here().join("file.tar.gz")).unwrap();
    desk.oust("runs export --last --offline --to file.tar.gz")
        .exits(1)
        .hints("never written over");
    assert_eq!(fs::read(desk.here().join("file.tar.gz")).unwrap(), before);
    desk.oust("runs export --last --offline --to nowhere/x.tar.gz")
        .exits(1)
        .hints("--to");
    desk.oust("runs export --last --log nowhere.jsonl").exits(1);
    desk.oust("runs export --last --records --offline").exits(2);

    // Without a config, and at another org, all but the events is there.
    let config = fs::read_to_string(desk.config()).unwrap();
    fs::remove_file(desk.config()).unwrap();
    let alone = desk.oust("runs export --last --to alone.tar.gz");
    alone.exits(3).says("missing: events.jsonl");
    desk.write_config(&config);
    desk.faults("");
    desk.server.range().okta.org_id = "00oOther".into();
    let other = desk.oust("runs export --last --to other.tar.gz");
    other.exits(3).says("another org");
}

#[test]
fn a_purged_run_and_a_changed_ledger_are_handed_on_as_what_they_are() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    let changed = db.execute(
        "UPDATE record SET body = replace(body, 'kim', 'eve') WHERE seq = 1",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(db);
    let said = desk.oust("runs export --last --offline --to changed.tar.gz");
    said.exits(3).says("! the ledger:");
    let dir = unpack(&desk.here().join("changed.tar.gz"));
    assert_eq!(json_of(&dir, "manifest.json")["ledger"]["verified"], false);
    assert_eq!(broken(&lines_of(&dir, "ledger.jsonl")), [1]);

    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    desk.oust("runs purge --older-than 0s").exits(0);
    let said = desk.oust("runs export --last --to purged.tar.gz");
    said.exits(3).says("only its hashes are left");
    let dir = unpack(&desk.here().join("purged.tar.gz"));
    let records = lines_of(&dir, "ledger.jsonl");
    assert_eq!(broken(&records), [0; 0]);
    assert!(records.iter().any(|record| record["body"].is_null()));
    if can(&["jq", "sha256sum", "basenc"]) {
        assert!(as_the_readme_says(&dir).starts_with("looked at"));
    }
    assert!(!dir.join("report.json").exists());
}
