//! `docs/detections.md`: every detection, printed from the register.
//!
//! The page is compared with what the register says now; `OUST_WRITE_DOCS=1` writes it anew.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use oust::evidence::Detections;
use oust::evidence::detect::{Origin, Rule};
use serde_json::json;

use super::keys;

#[test]
fn the_page_of_detections_says_what_the_register_declares() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/detections.md");
    let fresh = page();
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == fresh,
        "docs/detections.md is not what the register declares: write it anew with \
         `OUST_WRITE_DOCS=1 cargo test --test integration detect`"
    );
}

#[test]
fn the_example_of_a_rule_runs() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("mine.yml"), EXAMPLE).unwrap();
    let (all, problems) = Detections::with(home.path()).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let event = |minute: u32| {
        json!({ "eventType": "user.account.lock", "published": format!("2026-03-10T13:{minute}:00Z"),
            "client": { "ipAddress": "203.0.113.66" },
            "target": [{ "type": "User", "id": format!("00u{minute}") }],
            "actor": { "id": format!("00u{minute}"), "type": "User" } })
    };
    let events: Vec<_> = (10..15).map(event).collect();
    assert_eq!(keys(&all, &events), ["lockouts"]);
    assert!(keys(&all, &events[..4]).is_empty());
}

/// Every word that a detection leads to is an action or explained on the page.
#[test]
fn what_a_detection_leads_to_is_a_word_that_is_explained() {
    for rule in Detections::shipped().rules() {
        for word in &rule.leads_to {
            assert!(
                WORDS.iter().any(|(known, _)| known == word),
                "{}: {word}",
                rule.key
            );
        }
    }
}

const WORDS: &[(&str, &str)] = &[
    ("clear_sessions", "end the person's sessions"),
    ("suspend_user", "suspend the person"),
    ("reset_password", "make the person choose a new password"),
    (
        "delete_factors",
        "delete the factors that were enrolled in the window",
    ),
    (
        "revoke_api_tokens",
        "revoke the API tokens that were made in the window",
    ),
    ("revoke_oauth_grants", "revoke refresh tokens and consents"),
    (
        "remove_app_assignments",
        "take back the apps that were assigned in the window",
    ),
    ("remove_admin_roles", "take back administrator roles"),
    (
        "suspend_devices",
        "suspend the devices that were added in the window",
    ),
    (
        "revoke_support_access",
        "end Okta Support's access to the org; at the admin console",
    ),
    (
        "block_addresses",
        "block the addresses by a network zone; at the admin console",
    ),
    (
        "downstream",
        "contain the apps that were reached, with their own connectors",
    ),
    (
        "find_others",
        "look for other accounts that the same address tried",
    ),
    (
        "confirm_first",
        "weak alone: look for a second sign before anything is done",
    ),
    (
        "a_person",
        "somebody has to decide: no action answers it by itself",
    ),
];

fn page() -> String {
    let all = Detections::shipped();
    let mut rules: Vec<&Rule> = all.rules().collect();
    rules.sort_by(|a, b| a.key.cmp(&b.key));
    let mut text = String::from(HEAD);
    for rule in &rules {
        let _ = writeln!(
            text,
            "| [`{key}`](#{key}) | {severity} | {attack} | {window} | {in_what} |",
            key = rule.key,
            severity = rule.severity,
            attack = rule.attack.join(" "),
            window = window(rule),
            in_what = written_in(rule),
        );
    }
    text.push_str("\n## Each of them\n");
    for rule in &rules {
        section(&mut text, rule);
    }
    text.push_str("\n## What a detection leads to\n\n| word | is |\n|---|---|\n");
    for (word, is) in WORDS {
        let _ = writeln!(text, "| `{word}` | {is} |");
    }
    text.push_str(CANNOT);
    let _ = write!(text, "{OWN}```yaml\n{EXAMPLE}```\n{OWN_END}");
    text
}

fn section(text: &mut String, rule: &Rule) {
    let _ = write!(
        text,
        "\n### {key}\n\n**{title}** ({severity}, {in_what}, `{id}`)\n\n{says}\n\n",
        key = rule.key,
        title = rule.title,
        severity = rule.severity,
        in_what = written_in(rule),
        id = rule.id,
        says = rule.says,
    );
    let kinds = if rule.kinds.is_empty() {
        "any".into()
    } else {
        code(&rule.kinds)
    };
    let _ = writeln!(text, "- events: {kinds}");
    if rule.window.is_some() {
        let _ = writeln!(
            text,
            "- within {}, of the same {}: {}",
            window(rule),
            code(&rule.group),
            rule.threshold
        );
    }
    let _ = writeln!(
        text,
        "- also looks like this: {}",
        rule.false_positives.join("; ")
    );
    let _ = writeln!(text, "- leads to: {}", code(&rule.leads_to));
    if rule.not_ours {
        text.push_str("- what oust itself did is passed over\n");
    }
}

fn written_in(rule: &Rule) -> &'static str {
    match rule.origin {
        Origin::Native => "code",
        Origin::Shipped | Origin::User(_) => "Sigma",
    }
}

fn window(rule: &Rule) -> String {
    let Some(window) = rule.window else {
        return "one event".into();
    };
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let fits = units.iter().find(|(unit, _)| {
        window.as_secs().is_multiple_of(*unit) && window >= Duration::from_secs(*unit)
    });
    fits.map_or_else(
        || format!("{} s", window.as_secs()),
        |(unit, name)| format!("{} {name}", window.as_secs() / unit),
    )
}

fn code(words: &[String]) -> String {
    let all: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    all.join(", ")
}

const HEAD: &str = "\
# Detections

What `oust` looks for in Okta's System Log. A detection is a reason to look: it acts on nobody.
This page is printed from the rules, and a test compares the two: change a rule in
`config/detections/` or `src/evidence/detect/native/`, not this page.

How to read it:

- Events are Okta's own (`eventType`, `client.ipAddress`), as the System Log API gives them. Null,
  and the texts `null` and `unknown`, are as if the field were not there: what has no session shares
  none.
- A window is measured in the log's own time. An event may be ten minutes late: it then counts as if
  it happened with the newest one. What is later than that, or has no time, is seen by detections of
  one event only, and is counted. A hundred late events in a row mean that the log starts over:
  windows are forgotten, and time goes on from there. So sort what you saved, the oldest first.
- A group is told once in its window.
- Of what is seen nothing is kept but what an open window needs: ids, counts, first sightings. At most
  100,000 groups for all Sigma correlations together and 50,000 for each detection in code; beyond
  that those go that were not seen for longest.
- What was seen twice counts twice; `oust logs` leaves copies out.
- ATT&CK's ids are text: they are renamed too often to be checked.

| detection | severity | ATT&CK | window | written in |
|---|---|---|---|---|
";

const CANNOT: &str = "
## What cannot be expressed, and why

- **\"First seen in N days.\"** Okta keeps 90 days of log, and a watch sees what it is shown: an hour,
  a file, what happens from now on. `proxy-then-alert` and `sso-unknown-device` therefore mean \"first
  since the watch began\". The first takes an old habit for new once; the second tells nothing of a
  person before he was seen with another browser.
- **\"Nothing followed within N hours.\"** `factor-removed` would be worth more if no new factor was
  enrolled in the next twelve hours. That is known only twelve hours later; it is told at once, and
  whoever looks sees whether one was.
- **Where a person usually is.** Okta's behaviours say what is new about a sign-in (`new-behaviour`,
  `new-device-and-proxy`, `admin-console-new`); there is no profile of our own beside them. Two
  countries within half an hour (`geolocations`) are two names that Okta's database gave to two
  addresses, not a speed.
- **Who a user agent is.** `aitm-replay` knows eight programs by name. Whoever lies in his user agent
  is not seen by it, but by `session-asn-or-ua-change` and `stolen-session`.
- **The factor that was enrolled.** The event names a kind and no id: which factor it is has to be
  found by its date (`delete_factors`).
- **What a policy asks for.** `policy-weaker` looks for \"2FA\" that became \"1FA\" in the details of a
  change. That is how published rules read them; a policy that is weakened otherwise is only
  `policy-changed`.
- **Another company's identity provider that is meant to be there.** `third-party-idp-login` does not
  know yours: where one signs people in every day, it tells every day.
- **Risk that is raised outside Okta**, such as by the EDR or the mail gateway: it is not in this log,
  but where Identity Threat Protection passes it on (`itp-risk-high`).
- **Support access.** Nobody has seen a real `user.session.impersonation.initiate` here; who is its
  actor is assumed. `support-reset` is what published rules take for a reset by Okta Support.
";

const OWN: &str = "
## Write your own

A detection of your own is a [Sigma](https://sigmahq.io) rule, in a file `*.yml` below the directory
that `detections:` names in the config. A rule that does not hold is told with file, line and reason,
and the others run.

";

const EXAMPLE: &str = "\
title: An account was locked
id: 1f6f8a1e-3d0b-4a56-9a35-8a3f6f0e7d10
name: lockout
logsource: { product: okta, service: okta }
detection:
  selection:
    eventType: user.account.lock
    client.ipAddress|exists: true
  ours:
    client.ipAddress|cidr: 192.0.2.0/24
  condition: selection and not ours
---
title: One address locked several accounts
id: 7b0a4b35-0f63-4a3c-8c4f-2f0d1f6c9e21
name: lockouts
level: high
tags: [attack.t1110.003]
falsepositives: [An office whose clock is wrong]
correlation:
  type: value_count
  rules: [lockout]
  group-by: [client.ipAddress]
  timespan: 30m
  condition:
    field: target.User.id
    gte: 5
oust:
  leads_to: [find_others, a_person]
";

const OWN_END: &str = "
- `id` is needed, and `name` is what a hit is called by. Both are yours alone: no two rules share one.
- `logsource` is `product: okta`.
- Fields are Okta's, in any case. A path through a list (`target.type`) asks any member; `target.User.id`
  is the id of those targets whose type is User. Of several values any may match, and none is counted
  or grouped by. An object is its JSON as a text.
- `debugContext.debugData.behaviors` and `….risk` are the text that Okta has always written
  (`{New IP=POSITIVE, …}`), made from their new structure where there is one.
- A rule that a correlation of the same file counts is silent, unless the correlation says
  `generate: true`. A correlation may count a shipped detection by its name, which is not silenced.
- Correlations are `event_count`, `value_count`, `temporal`, `temporal_ordered` and the sums; what they
  count stands before them. An event that lacks a field of `group-by` belongs to no group.
- `oust:` takes `leads_to: [WORD, …]` and `not_ours: true`, which passes over what oust itself did.
- Filters, `action:` documents, `|expand` and settings of the library (`rsigma.…`, but for `window` and
  `gap`) are not supported.
";
