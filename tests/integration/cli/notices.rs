//! The SOC hears of it from us: before the first write, and how it ended. A receiver that hangs, or is
//! not there, changes nothing.

use oust::notify::signature;

use super::desk::Desk;
use super::listener::Listener;

const SECRET: &str = "whispered to the SOC";

fn told(listener: &Listener) -> Desk {
    let desk = Desk::contoso();
    desk.write_private("soc.secret", SECRET);
    desk.configure(&format!(
        "notify:\n- url: {}/hook\n  secret: {{ file: {} }}\n",
        listener.url,
        desk.at("soc.secret").display()
    ));
    desk
}

#[test]
fn a_run_is_told_before_its_first_write_and_when_it_ended() {
    let soc = Listener::answering(|_| Some((204, String::new())));
    let desk = told(&soc);
    desk.oust("plan alex@contoso.example --since 2h").exits(0);
    assert!(soc.sent().is_empty(), "a plan is nothing to tell");
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0);
    desk.is_contained();

    let sent = soc.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    for each in &sent {
        assert_eq!(each.line, "POST /hook HTTP/1.1");
        let header = each.header("x-oust-signature");
        let time = header
            .strip_prefix("t=")
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        let secret = SECRET.to_owned().into();
        let own = signature(&secret, time.parse().unwrap(), each.body.as_bytes());
        assert_eq!(own, header);
        assert!(!each.body.contains(SECRET));
    }
    let (starting, ended) = (sent[0].json(), sent[1].json());
    assert_eq!(starting["notice"], "starting");
    assert_eq!(starting["subjects"][0], "alex@contoso.example");
    assert_eq!(starting["by"], "kim");
    assert_eq!(ended["notice"], "ended");
    assert_eq!(ended["verdict"], "contained");

    // Handed over before the first intent was even written down.
    let records = desk.oust("runs export --last --records");
    let lines = records.out.lines();
    let records: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let text = |value: &serde_json::Value| value.to_string();
    let first = records
        .iter()
        .find(|record| text(record).contains("intended"))
        .expect("something was written");
    let at = |value: &serde_json::Value| value["at"].as_str().unwrap_or_default().to_owned();
    assert!(!at(first).is_empty(), "{first}");
    assert!(at(&starting) <= at(first), "{starting} {first}");
    // Our user agent is the one that the vendor saw.
    let agent = starting["user_agent"].as_str().unwrap();
    assert!(
        agent.ends_with(starting["run"].as_str().unwrap()),
        "{agent}"
    );
    // And where the ledger stands is what it stands at.
    let head = format!("{}:{}", ended["ledger_head"][0], ended["ledger_head"][1]);
    let head = head.replace('"', "");
    desk.oust_words(&["runs", "verify", "--head", &head])
        .exits(0);
}

#[test]
fn a_receiver_that_hangs_or_is_gone_changes_nothing() {
    let soc = Listener::answering(|_| None);
    let desk = told(&soc);
    let said = desk.oust("contain alex@contoso.example --since 2h --yes");
    said.exits(0).says("CONTAINED");
    desk.is_contained();
    assert_eq!(soc.sent().len(), 1, "the first is never answered");

    let desk = told(&Listener::gone());
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0);
    desk.is_contained();
}
