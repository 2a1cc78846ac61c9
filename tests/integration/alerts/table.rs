//! Every sample body gives exactly what it says, and nothing more.

use std::fmt::Write as _;

use insta::assert_snapshot;
use oust::alerts::Reading;
use oust::model::{Alert, Weight};

use super::setup::{fixture, json, read};
use super::ssf::Transmitter;

/// Every fixture but the handshake, with the kind of its sender.
pub(super) const BODIES: &[(&str, &str)] = &[
    ("elastic", "elastic-session-impersonation.json"),
    ("elastic", "elastic-multiple-sessions-threshold.json"),
    ("elastic", "elastic-multiple-sessions-threshold-benign.json"),
    ("datadog", "datadog-session-hijacking.json"),
    ("splunk", "splunk-sigma-api-token-revoked.json"),
    ("okta-hook", "okta-event-hook-factor-changes.json"),
    ("okta-hook", "okta-event-hook-token-and-apps.json"),
    ("okta-hook", "okta-event-hook-suspicious-report.json"),
    ("generic", "generic.json"),
    ("pagerduty", "pagerduty-incident-triggered.json"),
];

#[tokio::test]
async fn every_sample_gives_its_row_and_nothing_more() {
    let mut table = String::new();
    for (kind, file) in BODIES {
        let reading = read(kind, fixture(file)).await;
        put(&mut table, file, &reading.unwrap());
    }
    for file in [
        "caep-session-revoked.json",
        "caep-session-revoked-final.json",
    ] {
        let sample = json(file);
        let issuer = sample["payload"]["iss"].as_str().unwrap();
        let transmitter = Transmitter::of(issuer).await;
        let reading = transmitter.send(&sample["payload"]).await;
        put(&mut table, file, &reading.unwrap());
    }
    assert_snapshot!(table);
}

fn put(table: &mut String, file: &str, reading: &Reading) {
    let _ = writeln!(table, "{file}");
    for note in &reading.notes {
        let _ = writeln!(table, "  note {note}");
    }
    for alert in &reading.alerts {
        line(table, alert);
    }
}

/// One alert, without what is empty.
fn line(table: &mut String, alert: &Alert) {
    let mut out = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(table, "    {name:<9}{text}");
        }
    };
    let shown = alert.rule.name.as_str();
    out("rule", &format!("[{}] {shown}", alert.rule.id));
    out("severity", &alert.severity);
    for one in &alert.subjects {
        let id = one.okta_id.as_ref().map_or("-", |id| id.as_str());
        let login = one.login.as_deref().unwrap_or("-");
        out("subject", &format!("{id} {login} {:?}", one.part));
    }
    out("lookup", alert.needs_lookup.as_deref().unwrap_or_default());
    out("session", &alert.sessions.join(" "));
    out("address", &alert.ips.join(" "));
    out("network", &alert.asns.join(" "));
    out("token", &alert.token_ids.join(" "));
    out("client", &alert.clients.join(" "));
    out("event", &alert.events.join(" "));
    let time = alert.event_time.map(|at| at.to_string());
    out("time", &time.unwrap_or_default());
    let window = alert.window.map(|(from, until)| {
        let until = until.map_or("open".to_owned(), |at| at.to_string());
        format!("{from} to {until}")
    });
    out("window", &window.unwrap_or_default());
    if alert.weight == Weight::Informational {
        out("weight", "informational");
    }
    out("key", &alert.dedupe_key);
    assert_eq!(alert.source, "soc");
    let _ = writeln!(table);
}
