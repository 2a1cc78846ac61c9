//! The whole way with real processes and real files: what a SIEM sends, what people decide, what the
//! vendor's own journal then shows.

use std::fs;
use std::time::Duration;

use oust_mocks::world::{AD_AGENT, ALEX};
use serde_json::{Value, json};

use super::world::*;
use crate::cli::desk::{ALEX_LOGIN, Desk};

/// An org whose server has one sender, and these lines more. No agent lives by alex's tokens: he can
/// be contained without asking a person.
fn desk(rules: &str) -> Desk {
    let desk = Desk::of(|world| {
        world.with(|okta| {
            okta.api_tokens.remove(AD_AGENT);
            okta.agents.clear();
        })
    });
    desk.write_private("soc", SECRET);
    desk.configure(&format!(
        "server:\n  listen: 127.0.0.1:0\n  console: {{ listen: 127.0.0.1:0 }}\n  sources:\n  \
         - {{ name: soc, kind: generic, auth: {{ bearer: {{ file: {} }} }} }}\n{rules}",
        desk.at("soc").display()
    ));
    desk
}

fn serve(desk: &Desk, role: &str) -> Serving {
    Serving::start(desk.command(&["serve", "-v", "--role", role]))
}

/// What the API answers whoever holds this token.
fn ask(server: &Serving, token: &str, path: &str, body: Option<&Value>) -> Value {
    let authorization = format!("Bearer {token}");
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(Value::to_string).unwrap_or_default();
    let answer = server.answers(
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             authorization: {authorization}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            server.at,
            body.len()
        )
        .as_bytes(),
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Asks until it is so.
#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> Option<Value>) -> Value {
    for _ in 0..600 {
        if let Some(found) = is() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come about");
}

fn token(desk: &Desk, name: &str, role: &str) -> String {
    let said = desk.oust(&format!("token add {name} --role {role}"));
    said.exits(0);
    let words = said.out.split_whitespace();
    let mut tokens = words.filter(|word| word.starts_with("oust_t_"));
    tokens.next().expect("a token is printed").to_owned()
}

fn waiting(server: &Serving, token: &str) -> Value {
    until("a proposal", || {
        let all = ask(server, token, "/v1/proposals", None);
        let mut each = all["proposals"].as_array().unwrap().clone().into_iter();
        each.find(|one| one["state"] == "waiting")
    })
}

fn ended(server: &Serving, token: &str, run: &str) -> Value {
    until("the run's end", || {
        let all = ask(server, token, "/v1/runs", None);
        let runs = all["runs"].as_array().unwrap();
        let mut mine = runs.iter().filter(|one| one["run"] == run);
        let row = mine.next().filter(|row| row["verdict"].is_string());
        row.map(|_| ask(server, token, &format!("/v1/runs/{run}"), None))
    })
}

fn approve(server: &Serving, token: &str, proposal: &Value) {
    let run = proposal["run"].as_str().unwrap();
    let body = json!({ "digest": proposal["digest"], "reason": "seen in the log" });
    let path = format!("/v1/proposals/{run}/approve");
    ask(server, token, &path, Some(&body));
}

/// Every time counts from when the alert was durable, and what people took of it stands apart.
fn counts_from_the_alert(report: &Value, worker: &Serving) {
    let whole = &report["timings"]["whole"];
    assert_eq!(whole["from"], "alert", "{whole:#}");
    let ms = |leg: &str| {
        whole[leg]
            .as_u64()
            .unwrap_or_else(|| panic!("{leg}: {whole:#}"))
    };
    assert!(
        ms("planned_ms") + ms("waited_ms") <= ms("first_write_ms"),
        "{whole:#}"
    );
    assert!(ms("evicted_ms") <= ms("contained_ms"), "{whole:#}");
    let own = report["timings"]["contained_ms"].as_u64().unwrap();
    assert!(own < ms("contained_ms"), "the consent came after the alert");
    let metrics = worker.get("/metrics");
    for counted in [
        "oust_time_to_evict_seconds_count 1\n",
        "oust_time_to_contain_seconds_count 1\n",
        "oust_time_waited_for_people_seconds_count 1\n",
        "oust_runs_total{verdict=\"contained\"} 1\n",
    ] {
        assert!(metrics.contains(counted), "{counted}: {metrics}");
    }
}

fn suspensions(desk: &Desk) -> usize {
    let range = desk.server.range();
    let writes = range.journal.writes();
    let path = format!("/api/v1/users/{ALEX}/lifecycle/suspend");
    writes.iter().filter(|entry| entry.path == path).count()
}

#[test]
fn one_process_receives_another_works_and_somebody_agrees() {
    let desk = desk("");
    let receiver = serve(&desk, "receive");
    let worker = serve(&desk, "work");
    let ana = token(&desk, "ana", "approver");

    is(&receiver.alert("INC-1"), 200);
    let proposal = waiting(&worker, &ana);
    assert_eq!(proposal["subjects"], json!([ALEX_LOGIN]));
    desk.saw_no_writes();
    // Neither console nor API is where alerts are taken.
    is(&receiver.get("/v1/proposals"), 404);

    approve(&worker, &ana, &proposal);
    let run = proposal["run"].as_str().unwrap();
    let report = ended(&worker, &ana, run);
    assert_eq!(report["verdict"], "contained", "{report:#}");
    assert_eq!(report["consent"]["kind"], "approved");
    assert_eq!(report["consent"]["by"], "ana");
    desk.is_contained();
    assert_eq!(suspensions(&desk), 1);
    counts_from_the_alert(&report, &worker);

    // The same alert again is the same; another about him finds that it is done.
    is(&receiver.alert("INC-1"), 200);
    is(&receiver.alert("INC-2"), 200);
    let fate = until("the second alert's fate", || {
        let all = ask(&worker, &ana, "/v1/alerts", None);
        let alerts = all["alerts"].as_array().unwrap();
        assert!(alerts.len() <= 2, "{all:#}");
        let fates = alerts.iter().map(|one| one["fate"].clone());
        let mut fates = fates.filter(|fate| fate["word"] == "joined");
        fates.next()
    });
    assert_eq!(fate["run"], run);
    assert_eq!(suspensions(&desk), 1);
}

#[test]
fn a_rule_contains_by_itself_and_a_kill_in_the_middle_changes_nothing() {
    let desk = desk("rules:\n- { source: soc, rule: '*', mode: contain }\n");
    let kim = token(&desk, "kim", "viewer");
    let server = serve(&desk, "both");
    is(&server.alert("INC-1"), 200);
    until("the suspension", || {
        (suspensions(&desk) > 0).then_some(Value::Null)
    });
    server.kill();

    let server = serve(&desk, "both");
    let alert = until("the alert's fate", || {
        let all = ask(&server, &kim, "/v1/alerts", None);
        let alert = all["alerts"][0].clone();
        (alert["fate"]["word"] == "contained by itself").then_some(alert)
    });
    let run = alert["fate"]["run"].as_str().unwrap();
    let report = ended(&server, &kim, run);
    assert_eq!(report["verdict"], "contained", "{report:#}");
    assert_eq!(report["consent"]["kind"], "standing");
    desk.is_contained();
    let runs = ask(&server, &kim, "/v1/runs", None);
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs:#}");
}

#[test]
fn whom_only_the_alert_accuses_nothing_happens_to() {
    let desk = desk("rules:\n- { source: soc, rule: '*', mode: contain }\n");
    let kim = token(&desk, "kim", "viewer");
    let server = serve(&desk, "both");
    let mut forged = alert("INC-1");
    forged["subject"] = json!({ "login": "bailey@contoso.example" });
    is(
        &server.post("/v1/alerts/soc", &good(), &forged.to_string()),
        200,
    );
    let fate = until("its fate", || {
        let all = ask(&server, &kim, "/v1/alerts", None);
        let fate = all["alerts"][0]["fate"].clone();
        fate.is_object().then_some(fate)
    });
    assert_eq!(fate["word"], "not confirmed", "{fate:#}");
    desk.saw_no_writes();
}

/// A flood stands before the inbox, never before the ledger: even one that hangs altogether.
#[test]
fn an_inbox_that_hangs_holds_no_containment_up() {
    let desk = desk("");
    let server = serve(&desk, "receive");
    is(&server.alert("INC-1"), 200);
    let file = desk.at(".local/state/oust/inbox/inbox.db");
    assert!(fs::exists(&file).unwrap());
    let inbox = rusqlite::Connection::open(&file).unwrap();
    inbox.execute_batch("BEGIN IMMEDIATE").unwrap();

    let contained = desk.oust(&format!("contain {ALEX_LOGIN} --since 2h --yes"));
    contained.exits(0);
    desk.is_contained();
    // It says so to its senders, who come again.
    is(&server.alert("INC-2"), 503);
    inbox.execute_batch("ROLLBACK").unwrap();
    is(&server.alert("INC-2"), 200);
}
