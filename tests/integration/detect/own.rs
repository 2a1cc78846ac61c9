//! A user's own rules.

use std::path::Path;

use insta::assert_snapshot;
use oust::evidence::Detections;
use oust::evidence::detect::{Origin, Severity};
use serde_json::json;

use super::keys;

const GOOD: &str = "\
title: A profile was changed
id: mine-1
name: profile-changed
logsource: { product: okta }
level: critical
tags: [attack.t1098]
detection:
  selection: { eventtype: user.account.update_profile, ACTOR.ID|startswith: 00u }
  condition: selection
oust: { leads_to: [a_person] }
";

fn with(files: &[(&str, &str)]) -> (Detections, String) {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (all, problems) = Detections::with(home.path()).unwrap();
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let text = problem.to_string();
            text.replace(&format!("{}/", home.path().display()), "")
        })
        .collect();
    (all, lines.join("\n"))
}

#[test]
fn a_rule_of_ones_own_runs_beside_the_others() {
    let (all, problems) = with(&[("more/mine.yaml", GOOD), ("notes.txt", "no rule")]);
    assert_eq!(problems, "");
    let rule = all
        .rules()
        .find(|rule| rule.key == "profile-changed")
        .unwrap();
    assert_eq!(
        (rule.id.as_str(), rule.severity),
        ("mine-1", Severity::Critical)
    );
    assert!(matches!(&rule.origin, Origin::User(file) if file.ends_with("more/mine.yaml")));
    assert_eq!(rule.leads_to, ["a_person"]);
    let event = json!({ "eventType": "user.account.update_profile", "actor": { "id": "00u1" } });
    assert_eq!(keys(&all, &[event]), ["profile-changed"]);
}

#[test]
fn a_rule_that_does_not_hold_is_told_with_its_line_and_the_others_run() {
    let rule = |name: &str, rest: &str| {
        format!("title: t\nid: {name}\nlogsource: {{ product: okta }}\n{rest}\n")
    };
    let condition = "detection:\n  selection: { eventType: a }\n  condition: selection and and";
    let modifier = "detection:\n  selection:\n    eventType|odd: a\n  condition: selection";
    let missing = "detection:\n  selection: { eventType: a }\n  condition: selektion";
    let regex = "detection:\n  selection:\n    eventType|re: '('\n  condition: selection";
    let counts = "correlation:\n  type: event_count\n  rules: [nobody]\n  group-by: [actor.id]\n  \
                  timespan: 5m\n  condition: { gte: 3 }";
    let setting = "rsigma.action: reset\ndetection:\n  s: { eventType: a }\n  condition: s";
    let oust = "oust: { leadsto: [x] }\ndetection:\n  s: { eventType: a }\n  condition: s";
    let files = [
        ("a.yml", format!("{GOOD}---\n{}---\n{}", rule("m2", condition), rule("m3", modifier))),
        ("b.yml", format!("# mine\n---\n\n{}", rule("m4", missing))),
        ("c.yml", rule("m5", regex)),
        ("d.yml", rule("m6", counts)),
        ("e.yml", "title: [\n".to_owned()),
        ("f.yml", rule("m7", regex).replace("okta", "windows")),
        ("g.yml", "title: no id\nlogsource: { product: okta }\ndetection:\n  s: { eventType: a }\n  condition: s\n".to_owned()),
        ("h.yml", rule("m8", setting)),
        ("i.yml", rule("m9", oust)),
        ("j.yml", GOOD.to_owned()),
        ("k.yml", "- just a list\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let (all, problems) = with(&files);
    assert_snapshot!(problems, @r"
    a.yml:17: Condition parse error at 1:15: expected quantifier, ident, or not_op
    a.yml:24: Unknown modifier 'odd'
    b.yml:9: unknown detection identifier: selektion
    c.yml:6: invalid regex pattern: regex parse error: error: unclosed group
    d.yml:6: it counts 'nobody', and no sound rule of this name or id stands before it
    e.yml:2:1: YAML parse error: did not find expected node content at line 2 column 1, while parsing a flow node
    f.yml:3: its 'logsource:' is not `product: okta`, `service: okta`
    g.yml:1: it has no `id`: hits are told by it
    h.yml:4: 'rsigma.action' is not taken from a rule
    i.yml:4: 'leadsto:' below oust: is neither `leads_to: [WORD, …]` nor `not_ours: true`
    j.yml:2: another rule is called 'mine-1' already
    k.yml:1: Document is not a YAML mapping
    ");
    let event = json!({ "eventType": "user.account.update_profile", "actor": { "id": "00u1" } });
    assert_eq!(keys(&all, &[event]), ["profile-changed"]);
}

#[test]
fn a_correlation_of_ones_own_may_count_what_is_shipped_and_does_not_silence_it() {
    let mine = "\
title: Tokens were revoked again and again
id: mine-2
name: token-spree
correlation:
  type: event_count
  rules: [api-token-revoked]
  group-by: [actor.id]
  timespan: 5m
  condition: { gte: 2 }
";
    let (all, problems) = with(&[("mine.yml", mine)]);
    assert_eq!(problems, "");
    let event = |minute: u32| {
        json!({ "eventType": "system.api_token.revoke", "actor": { "id": "00u1" },
            "published": format!("2026-03-10T13:{minute:02}:00.000Z") })
    };
    let found = keys(&all, &[event(0), event(4)]);
    assert_eq!(
        found,
        ["api-token-revoked", "api-token-revoked", "token-spree"]
    );
    let apart = keys(&all, &[event(0), event(6)]);
    assert_eq!(apart, ["api-token-revoked", "api-token-revoked"]);
    // Who acted is not told: they have nothing in common.
    let nobody = json!({ "eventType": "system.api_token.revoke", "actor": null,
        "published": "2026-03-10T13:00:00Z" });
    let found = keys(&all, &[nobody.clone(), nobody]);
    assert_eq!(found, ["api-token-revoked", "api-token-revoked"]);
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let error = Detections::with(Path::new("/nowhere/rules")).err().unwrap();
    assert!(error.to_string().starts_with("/nowhere/rules: "), "{error}");
}
