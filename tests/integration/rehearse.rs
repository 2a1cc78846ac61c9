//! Rehearsals, over sockets: what a dry one says is what a live run does; what has rotted since is
//! told; a canary is contained, measured and as it was afterwards.

mod console;
mod dry;
mod live;
mod sheets;

use serde_json::Value;

use crate::cli::desk::Desk;

/// The account that the canary stories use: no admin, no agents, the usual apps.
const CANARY: &str = "kim@contoso.example";

/// A desk with every service, and these lines at the end of its config.
fn desk_with(more: &str) -> Desk {
    let desk = Desk::with_services();
    let text = std::fs::read_to_string(desk.config()).unwrap();
    desk.write_config(&format!("{text}{more}"));
    desk
}

/// What a rehearsal says it would write, and would not ask for first: system and change.
fn predicted(rehearsal: &Value) -> Vec<(String, String)> {
    let writes = rehearsal["writes"].as_array().unwrap().iter();
    writes
        .filter(|write| write["asks"] != true)
        .map(|write| {
            let text = |key: &str| write[key].as_str().unwrap().to_owned();
            (text("system"), text("change"))
        })
        .collect()
}

/// Those at one system, in order.
fn at<'a>(system: &'a str, all: &'a [(String, String)]) -> Vec<&'a str> {
    let here = all.iter().filter(|(where_, _)| where_ == system);
    here.map(|(_, change)| change.as_str()).collect()
}

/// What a run intended, in the order of its ledger: system and change.
fn intended(desk: &Desk, run: &str) -> Vec<(String, String)> {
    let said = desk.oust_words(&["runs", "export", run, "--records"]);
    said.exits(0);
    let records: Vec<Value> = said
        .out
        .lines()
        .map(|line| {
            let kept: Value = serde_json::from_str(line).unwrap();
            serde_json::from_str(kept["body"].as_str().unwrap()).unwrap()
        })
        .collect();
    let mut system_of = std::collections::BTreeMap::new();
    collect(&records, &mut system_of);
    let mut all = Vec::new();
    for record in &records {
        if record["event"] == "intended" {
            let change = record["change"].as_str().unwrap().to_owned();
            let system: String = system_of.get(&change).cloned().unwrap_or_default();
            all.push((system, change));
        }
    }
    all
}

/// Every change that stands anywhere in the records, with its system.
fn collect(records: &[Value], to: &mut std::collections::BTreeMap<String, String>) {
    let mut open: Vec<&Value> = records.iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(all) => open.extend(all),
            Value::Object(fields) => {
                if let (Some(id), Some(system), Some(_)) = (
                    fields.get("id").and_then(Value::as_str),
                    fields.get("system").and_then(Value::as_str),
                    fields.get("sentence"),
                ) {
                    to.insert(id.to_owned(), system.to_owned());
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
}
