//! Two Slack organisations in one config file, and the real binary between them.

use oust_mocks::{Range, Server, World, slack};
use tokio::runtime::Runtime;

use super::desk::{ALEX_LOGIN, Desk, now_ms};

const SECOND_TOKEN: &str = "xoxp-second";

/// The usual desk with `slack:eu`, and `slack:us` at a second mock server.
struct Two {
    desk: Desk,
    second: Server,
    _runtime: Runtime,
}

fn second() -> World {
    World::contoso(now_ms()).with_slack(|slack| {
        "E0SECOND".clone_into(&mut slack.enterprise_id);
        for token in slack.admin_tokens.values_mut() {
            SECOND_TOKEN.clone_into(&mut token.secret);
        }
    })
}

impl Two {
    fn new() -> Self {
        let desk = Desk::of_all(|world| world);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let second = runtime.block_on(Server::start(Range::new(second(), 8), 0));
        let second = second.unwrap();
        desk.write_private("eu", slack::TOKEN);
        desk.write_private("us", SECOND_TOKEN);
        let two = Self {
            desk,
            second,
            _runtime: runtime,
        };
        two.configure("");
        two
    }

    fn configure(&self, more: &str) {
        let one = |name: &str, base: &str| {
            format!(
                "- {{ vendor: slack, name: {name}, token: {{ file: {} }}, api_url: \
                 {base}/slack/api, scim_url: {base}/slack/scim }}\n",
                self.desk.at(name).display()
            )
        };
        let eu = one("eu", &self.desk.server.url());
        let us = one("us", &self.second.url());
        self.desk.configure(&format!("{eu}{us}{more}"));
    }

    /// How many writes each Slack saw.
    fn writes(&self) -> (usize, usize) {
        let count = |range: &Range| {
            let writes = range.journal.writes();
            writes
                .iter()
                .filter(|entry| entry.system == "slack")
                .count()
        };
        (
            count(&self.desk.server.range()),
            count(&self.second.range()),
        )
    }
}

#[test]
fn both_are_planned_and_contained_and_one_alone_by_its_whole_name() {
    let two = Two::new();
    let plan = format!("plan {ALEX_LOGIN} --since 2h --only okta,slack");
    let said = two.desk.oust(&plan);
    said.exits(0).says("slack:eu").says("slack:us");
    assert_eq!(two.writes(), (0, 0));

    let contain = format!("contain {ALEX_LOGIN} --since 2h --yes");
    two.desk
        .oust(&format!("{contain} --only okta,slack:us"))
        .exits(0)
        .says("slack:us contained")
        .says("not attempted: slack:eu (--only okta, slack:us)");
    let (eu, us) = two.writes();
    assert!(eu == 0 && us > 0);

    let said = two
        .desk
        .oust(&format!("{contain} --only slack --output json"));
    let report = said.exits(0).json();
    let systems: Vec<(&str, &str, &str)> = report["systems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| ["id", "vendor", "verdict"].map(|key| row[key].as_str().unwrap()))
        .map(|[id, vendor, verdict]| (id, vendor, verdict))
        .collect();
    assert_eq!(
        systems,
        [
            ("slack:eu", "slack", "contained"),
            ("slack:us", "slack", "contained"),
            ("okta", "okta", "not_attempted"),
        ]
    );
    assert!(two.writes().0 > 0);

    two.desk
        .oust(&format!("{contain} --only slack:uk"))
        .exits(2)
        .says("no system is called `slack:uk`");
}

#[test]
fn a_resume_takes_up_the_one_whose_token_was_wrong() {
    let two = Two::new();
    two.desk.write_private("us", "xoxp-wrong");
    let contain = format!("contain {ALEX_LOGIN} --since 2h --yes --only okta,slack");
    let said = two.desk.oust(&contain);
    said.exits(3)
        .says("slack:eu contained")
        .says("slack:us partial");
    let (eu, us) = two.writes();
    assert!(eu > 0 && us == 0);

    two.desk.write_private("us", SECOND_TOKEN);
    let again = two.desk.oust("runs resume --last --yes");
    again.exits(0).says("slack:us contained");
    assert_eq!(two.writes().0, eu);
    assert!(two.writes().1 > 0);
    two.desk.oust("runs prove --last").exits(0);
}

#[test]
fn a_config_that_cannot_tell_them_apart_is_refused_before_anything_is_sent() {
    let two = Two::new();
    two.configure("- { vendor: slack, name: eu, token: { env: X } }\n");
    two.desk
        .oust(&format!("plan {ALEX_LOGIN}"))
        .exits(2)
        .says("two connectors are `slack:eu`")
        .says("`slack:NAME`");
    two.configure("apps:\n  0oa1: slack\n");
    two.desk
        .oust(&format!("plan {ALEX_LOGIN}"))
        .exits(2)
        .says("say which: slack:eu, slack:us");
    two.desk.saw_nothing();
}
