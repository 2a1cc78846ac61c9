//! Playbooks: what is taken, what is refused, and how a mistake is shown.

use std::time::Duration;

use insta::assert_snapshot;
use oust::model::{Role, Select, StageOrder, Vendor};
use oust::playbook::{FindError, check, find, schema, shipped, summary};
use serde_json::json;

use crate::fake::vendors;

fn mistakes(text: &str) -> String {
    check("mine.yaml", text, &vendors())
        .expect_err("has mistakes")
        .to_string()
}

/// One stage `evict` with these steps.
fn steps(steps: &str) -> String {
    format!("playbook: oust/v1\nname: mine\nstages:\n  - name: evict\n    steps:\n{steps}")
}

#[test]
fn every_shipped_playbook_can_run() {
    for (name, text) in shipped() {
        let playbook = check(name, text, &vendors()).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(playbook.reference.name, *name);
    }
}

#[test]
fn a_slip_is_shown_where_it_stands_with_the_name_that_was_meant() {
    assert_snapshot!(mistakes(&steps("      - okta.clear_session: {}\n")), @"
    error: okta has no action `clear_session`
     --> mine.yaml:6:9
      |
    6 |       - okta.clear_session: {}
      |         ^^^^^^^^^^^^^^^^^^ did you mean `okta.clear_sessions`?

    mine.yaml: 1 mistake
    ");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "\
playbook: oust/v2
name: Mine!
titel: x
stages:
  - name: evict
    after: evcit
    stage_wait: 10
    order: both
    ask: yes
    steps:
      - okta.clear_sessions: { oauth_tokens: maybe, forget: true }
      - okta.suspend_user: { if_locked_out: reprt }
        fro: [compromised]
        for: [compromized]
      - okta.quarantine_user: { select: all }
        at: [m365]
      - oktaa.suspend_user
      - okta.revoke_api_tokens: { select: listed }
      - okta.delete_factors: { ids: [a, a] }
        requires: [okta.suspend_usr, okta.universal_logout]
        when: subject.login == 'alex'
        timeout: soon
        on_failure: stop
      - okta.universal_logout: {}
        m365.revoke_sessions: {}
      - when: run.subjects <= 20
      - 7
  - name: purge
    after: tidy
    steps: []
  - name: tidy
    after: purge
    stepps: []
";
    assert_snapshot!(mistakes(text), @"
    error: `oust/v2` is no version of the format
     --> mine.yaml:1:11
      |
    1 | playbook: oust/v2
      |           ^^^^^^^ this program reads `oust/v1`

    error: `Mine!` cannot be the name of a playbook
     --> mine.yaml:2:7
      |
    2 | name: Mine!
      |       ^^^^^ lower-case letters, digits, `-` and `_`, at most 64, a letter first

    error: a playbook has no key `titel`
     --> mine.yaml:3:1
      |
    3 | titel: x
      | ^^^^^ did you mean `title`?

    error: there is no stage `evcit`
     --> mine.yaml:6:12
      |
    6 |     after: evcit
      |            ^^^^^ nothing stands above it: leave `after` out

    error: `10` is no duration
     --> mine.yaml:7:17
      |
    7 |     stage_wait: 10
      |                 ^^ write `500ms`, `10s`, `2m` or `24h`

    error: `order` is one of `sequential`, `parallel`
     --> mine.yaml:8:12
      |
    8 |     order: both
      |            ^^^^

    error: `ask` is `true` or `false`
     --> mine.yaml:9:10
      |
    9 |     ask: yes
      |          ^^^ this is text

    error: `oauth_tokens` is `true` or `false`
      --> mine.yaml:11:46
       |
    11 |       - okta.clear_sessions: { oauth_tokens: maybe, forget: true }
       |                                              ^^^^^ this is text

    error: `okta.clear_sessions` has no key `forget`
      --> mine.yaml:11:53
       |
    11 |       - okta.clear_sessions: { oauth_tokens: maybe, forget: true }
       |                                                     ^^^^^^
       |
       = help: known here: oauth_tokens, forget_devices

    error: `if_locked_out` is one of `report`, `unlock`
      --> mine.yaml:12:45
       |
    12 |       - okta.suspend_user: { if_locked_out: reprt }
       |                                             ^^^^^ did you mean `report`?

    error: a step has no key `fro`
      --> mine.yaml:13:9
       |
    13 |         fro: [compromised]
       |         ^^^ did you mean `for`?

    error: there is no role `compromized`
      --> mine.yaml:14:15
       |
    14 |         for: [compromized]
       |               ^^^^^^^^^^^ did you mean `compromised`?

    error: `okta.quarantine_user` takes no `select`
      --> mine.yaml:15:33
       |
    15 |       - okta.quarantine_user: { select: all }
       |                                 ^^^^^^ it has nothing to choose from

    error: `m365` is no system of okta
      --> mine.yaml:16:14
       |
    16 |         at: [m365]
       |              ^^^^ write `okta` or `okta:NAME`

    error: there is no vendor `oktaa`
      --> mine.yaml:17:9
       |
    17 |       - oktaa.suspend_user
       |         ^^^^^^^^^^^^^^^^^^ did you mean `okta.suspend_user`?

    error: `select: listed` without a list
      --> mine.yaml:18:35
       |
    18 |       - okta.revoke_api_tokens: { select: listed }
       |                                   ^^^^^^ add `ids: [ID, …]`

    error: `ids` without `select: listed`
      --> mine.yaml:19:38
       |
    19 |       - okta.delete_factors: { ids: [a, a] }
       |                                      ^ the list would not be looked at

    error: `a` stands in `ids` twice
      --> mine.yaml:19:41
       |
    19 |       - okta.delete_factors: { ids: [a, a] }
       |                                         ^

    error: okta has no action `suspend_usr`
      --> mine.yaml:20:20
       |
    20 |         requires: [okta.suspend_usr, okta.universal_logout]
       |                    ^^^^^^^^^^^^^^^^ did you mean `okta.suspend_user`?

    error: no step above does `okta.universal_logout`
      --> mine.yaml:20:38
       |
    20 |         requires: [okta.suspend_usr, okta.universal_logout]
       |                                      ^^^^^^^^^^^^^^^^^^^^^ so it can never be proven before this one

    error: a condition cannot speak of `subject.login`
      --> mine.yaml:21:15
       |
    21 |         when: subject.login == 'alex'
       |               ^^^^^^^^^^^^^
       |
       = help: it may speak of run.subjects, subject.id, subject.status, subject.privileged, subject.roles, subject.groups, subject.apps

    error: `soon` is no duration
      --> mine.yaml:22:18
       |
    22 |         timeout: soon
       |                  ^^^^ write `500ms`, `10s`, `2m` or `24h`

    error: `on_failure` is one of `continue`, `halt`
      --> mine.yaml:23:21
       |
    23 |         on_failure: stop
       |                     ^^^^

    error: a step names one action, and `m365.revoke_sessions` is a second
      --> mine.yaml:25:9
       |
    25 |         m365.revoke_sessions: {}
       |         ^^^^^^^^^^^^^^^^^^^^ begin a new step with `- `

    error: a step names no action
      --> mine.yaml:26:9
       |
    26 |       - when: run.subjects <= 20
       |         ^^^^ one key is `vendor.verb_object`, such as `okta.suspend_user`

    error: a step is a map of keys
      --> mine.yaml:27:9
       |
    27 |       - 7
       |         ^ this is a number

    error: stage `tidy` stands below the one that waits for it
      --> mine.yaml:29:12
       |
    29 |     after: tidy
       |            ^^^^ a stage waits for one above it; move it up

    error: a stage needs at least one of `steps`
      --> mine.yaml:30:12
       |
    30 |     steps: []
       |            ^

    error: a stage has no `steps`
      --> mine.yaml:31:5
       |
    31 |   - name: tidy
       |     ^^^^

    error: a stage has no key `stepps`
      --> mine.yaml:33:5
       |
    33 |     stepps: []
       |     ^^^^^^ did you mean `steps`?

    mine.yaml: 30 mistakes
    ");
}

#[test]
fn a_step_that_says_little_means_the_documented_defaults() {
    let text = steps(
        "      - okta.revoke_api_tokens\n      - okta.clear_sessions:\n        for: impersonated\n        timeout: 2m\n",
    );
    let playbook = check("mine.yaml", &text, &vendors()).unwrap();
    let [tokens, clear] = &playbook.stages[0].steps[..] else {
        panic!("two steps");
    };
    let everything_declared = json!({ "select": "in_window", "ids": [], "agents": "keep" });
    assert_eq!(*tokens.settings, everything_declared);
    assert_eq!(tokens.select, Select::InWindow);
    assert_eq!(tokens.timeout, Duration::from_secs(60));
    assert_eq!(tokens.roles, [Role::Compromised]);
    assert_eq!(
        *clear.settings,
        json!({ "oauth_tokens": true, "forget_devices": true })
    );
    assert_eq!(clear.select, Select::All);
    assert_eq!(clear.roles, [Role::Impersonated]);
    assert_eq!(clear.timeout, Duration::from_secs(120));
    assert_eq!(playbook.stages[0].order, StageOrder::Sequential);
    assert_eq!(playbook.reference.title, "mine");
}

#[test]
fn an_edit_on_windows_changes_no_digest_and_an_edit_of_a_word_does() {
    let digest = |text: &str| {
        check("mine.yaml", text, &vendors())
            .unwrap()
            .reference
            .digest
    };
    let text = steps("      - okta.suspend_user\n");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(digest(&text), digest(&windows));
    assert_eq!(digest(&text).len(), 64);
    assert_ne!(digest(&text), digest(&format!("{text}# a remark\n")));
    // And a mistake is shown in the same place.
    let wrong = text.replace("suspend_user", "suspend_usr");
    let windows = format!("\u{feff}{}", wrong.replace('\n', "\r\n"));
    assert_eq!(mistakes(&wrong), mistakes(&windows));
}

#[test]
fn what_is_no_playbook_at_all_is_refused_at_the_spot() {
    let shown: Vec<String> = [
        "",
        "just words",
        "playbook: oust/v1\nname: [unclosed\n",
        "playbook: oust/v1\nname: mine\nname: yours\nstages: 3\n",
        "playbook: oust/v1\nname: mine\nstages: []\n",
        "a: &x [1]\nb: *x\n",
        "a: 1\n---\nb: 2\n",
        "playbook: !!python/object x\n",
        "name: \"\\e[31mred\"\nplaybook: 1\nstages:\n",
    ]
    .iter()
    .map(|text| mistakes(text))
    .collect();
    assert_snapshot!(shown.join("\n\n"), @r#"
    error: a playbook is a map of keys
    --> mine.yaml:1:1
     = note: this is nothing

    mine.yaml: 1 mistake

    error: a playbook is a map of keys
     --> mine.yaml:1:1
      |
    1 | just words
      | ^^^^^^^^^^ this is text

    mine.yaml: 1 mistake

    error: unclosed bracket '['
     --> mine.yaml:2:7
      |
    2 | name: [unclosed
      |       ^

    mine.yaml: 1 mistake

    error: the key `name` stands here twice
     --> mine.yaml:3:1
      |
    3 | name: yours
      | ^^^^

    error: `stages` is a list, and this is a number
     --> mine.yaml:4:9
      |
    4 | stages: 3
      |         ^

    mine.yaml: 2 mistakes

    error: a playbook needs at least one of `stages`
     --> mine.yaml:3:9
      |
    3 | stages: []
      |         ^

    mine.yaml: 1 mistake

    error: anchors and aliases (`&`, `*`) are not taken: write it out
     --> mine.yaml:1:7
      |
    1 | a: &x [1]
      |       ^

    mine.yaml: 1 mistake

    error: a second document (`---`) in one file
     --> mine.yaml:2:1
      |
    2 | ---
      | ^

    mine.yaml: 1 mistake

    error: unsupported tag `!!python/object`
     --> mine.yaml:1:27
      |
    1 | playbook: !!python/object x
      |                           ^

    mine.yaml: 1 mistake

    error: `name` has control characters in it
     --> mine.yaml:1:7
      |
    1 | name: "\e[31mred"
      |       ^^^^^^^^^^^

    error: `playbook` is text
     --> mine.yaml:2:11
      |
    2 | playbook: 1
      |           ^ read as a number: put it in quotes

    error: `stages` has no value
     --> mine.yaml:3:1
      |
    3 | stages:
      | ^^^^^^ give it one, or leave it out

    mine.yaml: 3 mistakes
    "#);
}

#[test]
fn no_text_however_large_deep_or_folded_costs_more_than_a_refusal() {
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n";
    assert!(mistakes(laughs).contains("anchors and aliases"));
    assert!(mistakes(&"[".repeat(10_000)).contains("mistake"));
    assert!(mistakes(&"- ".repeat(10_000)).contains("mistake"));
    let big = format!(
        "# {}\n{}",
        "x".repeat(256 * 1024),
        steps("      - okta.suspend_user\n")
    );
    assert!(mistakes(&big).contains("more than 256 KiB"));
    let many = steps(&"      - okta.suspend_usr\n".repeat(100));
    let shown = mistakes(&many);
    assert!(
        shown.ends_with("and 50 more\n\nmine.yaml: 100 mistakes"),
        "{shown}"
    );
    assert!(mistakes(&steps(&"      - okta.suspend_user\n".repeat(101))).contains("at most 100"));
}

#[test]
fn a_condition_that_speaks_of_what_a_person_may_write_himself_is_refused() {
    for fact in [
        "subject.login",
        "subject.email",
        "subject",
        "subject['login']",
        "run.id",
    ] {
        let text = steps(&format!(
            "      - okta.suspend_user:\n        when: {fact} == 'x'\n"
        ));
        assert!(
            mistakes(&text).contains("a condition cannot speak of"),
            "{fact}"
        );
    }
    let text = steps("      - okta.suspend_user:\n        when: subject.statu in ['ACTIVE'\n");
    assert!(mistakes(&text).contains("`when` cannot be understood"));
}

#[test]
fn a_playbook_is_found_by_its_shipped_name_or_its_file() {
    assert_eq!(
        find("evict-only", &vendors()).unwrap().reference.name,
        "evict-only"
    );

    let unknown = find("acount-takeover", &vendors()).unwrap_err();
    assert_snapshot!(format!("{unknown}\nhint: {}", unknown.hint()), @"
    there is no playbook `acount-takeover`
    hint: did you mean `account-takeover`? shipped are account-takeover, api-token-compromise, evict-only, factor-tampering, session-hijack, support-impersonation, undo-grants; a file is named by its path, such as ./mine.yaml
    ");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.yaml");
    let name = file.to_str().unwrap();
    let missing = find(name, &vendors()).unwrap_err();
    assert!(matches!(missing, FindError::Unreadable { .. }), "{missing}");
    std::fs::write(&file, steps("      - okta.suspend_user\n")).unwrap();
    assert_eq!(find(name, &vendors()).unwrap().reference.name, "mine");
    std::fs::write(&file, "x".repeat(300 * 1024)).unwrap();
    assert!(
        find(name, &vendors())
            .unwrap_err()
            .to_string()
            .contains("more than 256 KiB")
    );
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    assert!(
        find(name, &vendors())
            .unwrap_err()
            .to_string()
            .contains("not UTF-8")
    );
}

#[test]
fn a_playbook_can_be_read_in_plain_lines() {
    let playbook = find("factor-tampering", &vendors()).unwrap();
    let lines = summary(&playbook).join("\n");
    let lines = lines.replace(&playbook.reference.digest, "[digest]");
    assert_snapshot!(lines, @"
    factor-tampering: Factor tampering
    Evict, delete the factors enrolled in the window, revoke tokens, sign out downstream.
    digest [digest]

    evict
      okta.clear_sessions  oauth_tokens=true  forget_devices=true
          when run.subjects <= 20
      okta.suspend_user  if_locked_out=report
      okta.quarantine_user
          when subject.status not in ['ACTIVE', 'SUSPENDED', 'DEPROVISIONED']
      okta.revoke_api_tokens  select=all  agents=keep
          when subject.privileged
      okta.clear_sessions  oauth_tokens=true  forget_devices=true

    factors, after evict
      okta.delete_factors  select=in_window
          only once okta.suspend_user or okta.quarantine_user is proven

    tokens, after factors
      okta.revoke_api_tokens  select=all  agents=keep
      okta.revoke_oauth_grants  select=all
      okta.end_support_access  select=in_window
          optional: without it a residual, no failure

    downstream, after tokens or 10 s past eviction, systems side by side
      m365.revoke_sessions
      m365.delete_auth_methods  select=in_window
      m365.revoke_consents  select=in_window
      m365.disable_inbox_rules  select=in_window
      google.sign_out
      google.revoke_tokens  select=all
      google.delete_app_passwords  select=all
      google.invalidate_backup_codes
      google.sign_out
      salesforce.freeze_user
      salesforce.revoke_oauth_tokens
      salesforce.delete_sessions
      slack.reset_sessions
      github.revoke_credentials
      github.revoke_fine_grained_tokens  select=all
      gtr.revoke
      aws.deny_sessions
      aws.block_identity_center_user
    ");
}

/// Whether the published schema accepts the text.
fn fits(schema: &jsonschema::Validator, text: &str) -> bool {
    let tree = oust::yaml::parse(text, 1 << 20).expect("it is YAML");
    schema.is_valid(&tree.value.to_json())
}

#[test]
fn the_published_schema_and_the_parser_agree() {
    let schema = jsonschema::draft202012::new(&schema(&vendors())).unwrap();
    for (name, text) in shipped() {
        assert!(fits(&schema, text), "{name}");
    }
    for good in [
        "okta.suspend_user",
        "okta.quarantine_user:",
        "{ okta.clear_sessions: { oauth_tokens: false } }",
        "{ okta.delete_factors: { select: listed, ids: [a, b] }, optional: true }",
        "{ okta.delete_factors: { select: listed, ids: a }, for: [granter], at: okta, timeout: 500ms }",
        "{ okta.revoke_api_tokens: { select: all }, on_failure: halt, when: subject.privileged }",
    ] {
        let text = steps(&format!("      - {good}\n"));
        assert!(check("mine.yaml", &text, &vendors()).is_ok(), "{good}");
        assert!(fits(&schema, &text), "{good}");
    }
    for bad in [
        "okta.suspend_usr",
        "7",
        "{}",
        "{ optional: true }",
        "{ okta.suspend_user: {}, m365.revoke_sessions: {} }",
        "{ okta.suspend_user: {}, optinal: true }",
        "{ okta.suspend_user: {}, optional: yes }",
        "{ okta.suspend_user: {}, for: [boss] }",
        "{ okta.suspend_user: {}, for: [] }",
        "{ okta.suspend_user: {}, when: }",
        "{ okta.suspend_user: {}, when: 7 }",
        "{ okta.suspend_user: {}, timeout: 10 }",
        "{ okta.suspend_user: {}, timeout: 0s }",
        "{ okta.suspend_user: {}, timeout: 1.5s }",
        "{ okta.suspend_user: {}, on_failure: stop }",
        "{ okta.suspend_user: {}, requires: [okta.x] }",
        "{ okta.suspend_user: [] }",
        "{ okta.suspend_user: { if_locked_out: maybe } }",
        "{ okta.clear_sessions: { oauth_tokens: 'true' } }",
        "{ okta.clear_sessions: { oauth_tokens: } }",
        "{ okta.quarantine_user: { select: all } }",
        "{ okta.delete_factors: { select: listed } }",
        "{ okta.delete_factors: { select: listed, ids: [] } }",
        "{ okta.delete_factors: { select: all, ids: [a] } }",
        "{ okta.delete_factors: { ids: [a] } }",
        "{ okta.delete_factors: { select: listed, ids: [a, a] } }",
    ] {
        let text = steps(&format!("      - {bad}\n"));
        assert!(check("mine.yaml", &text, &vendors()).is_err(), "{bad}");
        assert!(!fits(&schema, &text), "{bad}");
    }
    let good = steps("      - okta.suspend_user\n");
    for (from, to) in [
        ("oust/v1", "oust/v2"),
        ("name: mine", "name: My Own"),
        ("name: mine", "nam: mine"),
        ("name: evict", "name: evict\n    order: both"),
        ("name: evict", "name: evict\n    ask: 'true'"),
        ("name: evict", "name: evict\n    stage_wait: soon"),
        ("- okta.suspend_user", "[]"),
        ("stages:", "title:\nstages:"),
    ] {
        let text = good.replace(from, to);
        assert!(check("mine.yaml", &text, &vendors()).is_err(), "{to}");
        assert!(!fits(&schema, &text), "{to}");
    }
}

#[test]
fn the_shipped_playbooks_fit_the_vendors_that_are_built_in() {
    let built_in: Vec<&'static Vendor> = oust::connectors::vendors().collect();
    if built_in.is_empty() {
        return; // the register has no vendor yet
    }
    for (name, text) in shipped() {
        check(name, text, &built_in).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}
