//! The command line against a server: what it asks, with what, and what it believes of the answer.

use serde_json::{Value, json};

use super::desk::Desk;
use super::listener::Listener;

const TOKEN: &str = "oust_t_0123456789ab_secret";

fn at_server(server: &Listener) -> Desk {
    let desk = Desk::contoso();
    desk.write_private("token", TOKEN);
    point_to(&desk, server);
    desk
}

fn point_to(desk: &Desk, server: &Listener) {
    desk.configure(&format!(
        "client:\n  url: {}/\n  token: {{ file: {} }}\n",
        server.url,
        desk.at("token").display()
    ));
}

/// A plan as a server stores it.
fn plan() -> Value {
    let desk = Desk::contoso();
    desk.oust("plan alex@contoso.example --since 2h").exits(0);
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    let body: String = db
        .query_row("SELECT body FROM plan", [], |row| row.get(0))
        .unwrap();
    serde_json::from_str(&body).unwrap()
}

#[test]
fn an_approval_goes_to_the_server_with_the_digest_of_the_plan_that_was_shown() {
    let plan = plan();
    let run = plan["run"].as_str().unwrap().to_owned();
    let whole: oust::model::Plan = serde_json::from_value(plan.clone()).unwrap();
    let server = Listener::answering(move |sent| {
        let body = if sent.line.starts_with("GET") {
            // What it says of the digest is not believed.
            json!({ "proposal": { "digest": "0".repeat(64) }, "plan": plan, "hindrance": null })
        } else {
            json!({ "state": "approved" })
        };
        Some((200, body.to_string()))
    });
    let desk = at_server(&server);
    desk.oust_words(&["approve", &run, "--reason", "seen it"])
        .exits(0)
        .says("whose account alex@contoso.example")
        .says(&format!("approved; run {run} is approved"));
    let sent = server.sent();
    assert_eq!(sent[0].line, format!("GET /v1/proposals/{run} HTTP/1.1"));
    assert_eq!(
        sent[1].line,
        format!("POST /v1/proposals/{run}/approve HTTP/1.1")
    );
    assert_eq!(
        sent[1].json(),
        json!({ "digest": whole.digest(), "reason": "seen it" })
    );
    for each in &sent {
        assert_eq!(each.header("authorization"), format!("Bearer {TOKEN}"));
    }
    desk.oust_words(&["deny", &run]).exits(0);
    let last = server.sent().pop().unwrap();
    assert_eq!(last.line, format!("POST /v1/proposals/{run}/deny HTTP/1.1"));
    desk.saw_nothing();
}

#[test]
fn a_plan_of_another_run_is_not_approved() {
    let plan = plan();
    let server = Listener::answering(move |_| Some((200, json!({ "plan": plan }).to_string())));
    let desk = at_server(&server);
    desk.oust_words(&["approve", "r_other"])
        .exits(4)
        .says("the plan of another run");
    assert_eq!(server.sent().len(), 1);
}

#[test]
fn what_a_server_refuses_is_said_and_its_words_command_no_terminal() {
    let server = Listener::answering(|sent| {
        let status = match sent.line.split(' ').nth(1).unwrap_or_default() {
            "/v1/proposals/r_1" => 404,
            "/v1/freeze" => 403,
            _ => 500,
        };
        let body = json!({ "detail": "no \u{1b}[2J", "next": "ask an admin" });
        Some((status, body.to_string()))
    });
    let desk = at_server(&server);
    desk.oust("approve r_1")
        .exits(1)
        .says("the server answered 404: no \\x1b[2J");
    desk.oust("freeze").exits(4).hints("ask an admin");
    desk.oust("runs list").exits(1).says("answered 500");
    // A path is one segment, whatever stands in it.
    desk.oust("approve ../../v1/thaw").exits(1);
    let line = server.sent().pop().unwrap().line;
    assert_eq!(
        line,
        "GET /v1/proposals/%2E%2E%2F%2E%2E%2Fv1%2Fthaw HTTP/1.1"
    );
}

#[test]
fn a_server_that_is_down_keeps_nobody_from_containing() {
    let server = Listener::gone();
    let desk = at_server(&server);
    for words in ["runs list", "approve r_1", "freeze", "thaw"] {
        desk.oust(words)
            .exits(1)
            .hints("oust approve RUN --key FILE");
    }
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0);
    desk.is_contained();
}

#[test]
fn runs_are_read_from_the_server_or_with_state_from_here() {
    let desk = Desk::contoso();
    desk.write_private("token", TOKEN);
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0);
    let report = desk.report_file();
    let run = report["run_id"].as_str().unwrap().to_owned();
    let shown = run.clone();
    let server = Listener::answering(move |sent| {
        let row = json!({
            "run": "r_at_server", "opened_at": "2026-03-10T13:41:02.000Z", "closed_at": null,
            "verdict": null, "subjects": ["priya@contoso.example"],
            "playbook": "account-takeover", "wrote": true,
        });
        let body = if sent.line.starts_with("GET /v1/runs ") {
            json!({ "runs": [row], "next": null })
        } else {
            report.clone()
        };
        Some((200, body.to_string()))
    });
    point_to(&desk, &server);
    desk.oust("runs list")
        .exits(0)
        .says("r_at_server")
        .says("UNFINISHED, with writes made");
    desk.oust_words(&["runs", "show", &shown])
        .exits(0)
        .says("CONTAINED");
    let json = desk.oust_words(&["runs", "show", &shown, "--output", "json"]);
    assert_eq!(json.exits(0).json()["run_id"], shown);
    let state = desk.at(".local/state/oust");
    let state = state.to_str().unwrap();
    let here = desk.oust_words(&["runs", "list", "--state", state]);
    here.exits(0).says(&run);
    assert!(!here.out.contains("r_at_server"), "{}", here.out);
}
