//! `rules:` of the config file.

use oust::config::AlertMode;
use oust::model::{Alert, AlertRule, Role};

use super::soc::{config, on};

fn alert(source: &str, rule: &str) -> Alert {
    Alert {
        source: source.into(),
        rule: AlertRule {
            id: rule.into(),
            name: String::new(),
        },
        ..on("00u1")
    }
}

/// Playbook, mode, and the parts of actor and target.
fn decided(rules: &str, source: &str, kind: &str, rule: &str) -> (String, AlertMode, Option<Role>) {
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    let rules = config(rules).unwrap().rules.complete(&vendors).unwrap();
    let row = rules.of(&alert(source, rule), kind).unwrap();
    (row.playbook.reference.name.clone(), row.mode, row.target)
}

#[test]
fn the_first_that_fits_decides_by_name_kind_or_any() {
    let rules = "\
rules:
  - { source: soc-eu, rule: r1, mode: contain, playbook: evict-only }
  - { source: elastic, rule: r1, mode: observe }
  - { source: '*', rule: r2, playbook: session-hijack }";
    let of = |source, kind, rule| decided(rules, source, kind, rule);
    assert_eq!(
        of("soc-eu", "elastic", "r1"),
        ("evict-only".into(), AlertMode::Contain, None)
    );
    assert_eq!(
        of("soc-us", "elastic", "r1"),
        ("account-takeover".into(), AlertMode::Observe, None)
    );
    assert_eq!(of("soc-us", "datadog", "r1").1, AlertMode::Propose);
    assert_eq!(of("soc-us", "datadog", "r2").0, "session-hijack");
}

#[test]
fn where_nothing_is_said_a_plan_is_proposed_and_support_access_has_its_own() {
    let id = "cdbebdc1-dc97-43c6-a538-f26a20c0a911";
    let support = (
        "support-impersonation".to_owned(),
        AlertMode::Propose,
        Some(Role::Impersonated),
    );
    assert_eq!(decided("", "soc", "elastic", id), support);
    assert_eq!(
        decided("", "poll", "poll", "support-impersonation"),
        support
    );
    // Another vendor's rule of that id is another rule.
    let other = ("account-takeover".to_owned(), AlertMode::Propose, None);
    assert_eq!(decided("", "soc", "splunk", id), other);
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let rules = "\
rules:
  - { source: soc }
  - { source: soc, rule: r1, mode: conatin }
  - { source: soc, rule: r1, playbook: account-takeovr }
  - { source: soc, rule: r1, playbook: ./none.yaml }
  - { source: soc, rule: r1, roles: { actor: thief } }
  - { source: soc, rule: r1, roles: {} }
  - { source: soc, rule: r1, color: red }";
    let wrong = config(rules).unwrap_err();
    for (line, says) in [
        (3, "a rule needs `rule`"),
        (4, "did you mean `contain`?"),
        (5, "did you mean `account-takeover`?"),
        (6, "cannot read the playbook"),
        (7, "`actor` is one of"),
        (8, "`roles` names nobody"),
        (9, "a rule has no key"),
    ] {
        assert!(
            wrong.contains(&format!("oust.yaml:{line}")),
            "line {line}: {wrong}"
        );
        assert!(wrong.contains(says), "{says}: {wrong}");
    }
    assert!(
        config("rules: {}")
            .unwrap_err()
            .contains("`rules` is a list")
    );
}
