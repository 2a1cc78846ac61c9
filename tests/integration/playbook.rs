//! Playbooks: what is taken, what is refused, and how a mistake is shown.

use std::time::Duration;

use insta::assert_snapshot;
use oust::model::{Role, Select, StageOrder};
use oust::playbook::{check, shipped};
use serde_json::json;

use crate::fake::vendors;

fn mistakes(text: &str) -> String {
    check("mine.yaml", text, &vendors())
        .unwrap_err()
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
      |                 ^^ write `500ms`, `10s` or `2m`

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
       |                  ^^^^ write `500ms`, `10s` or `2m`

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
