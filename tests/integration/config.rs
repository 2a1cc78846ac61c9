//! The config file: what is taken, what is refused, and that no secret is ever repeated.

use std::ffi::OsString;
use std::path::Path;

use insta::assert_snapshot;
use oust::config::{Config, ConfigError, DEFAULT, Guards, Places};
use serde_json::json;

use crate::fake::rows;

const GOOD: &str = "\
connectors:
  - vendor: okta
    org_url: https://example.okta.com
    auth: { client_id: 0oa1, private_key: { file: /k.pem } }
  - { vendor: m365, name: eu, tenant: 0123, client_secret: { env: M365 } }
guards:
  protected: [00u1, 00u2]
  cap_hour: 100
  active_users: 4000
";

fn read(text: &str) -> Result<Config, oust::yaml::Diagnostics> {
    Config::parse("oust.yaml", text, &rows())
}

fn mistakes(text: &str) -> String {
    read(text).expect_err("has mistakes").to_string()
}

#[test]
fn a_config_names_its_systems_and_changes_only_the_guards_it_mentions() {
    let config = read(GOOD).unwrap();
    let systems: Vec<String> = config
        .connectors
        .iter()
        .map(|one| format!("{} at {}: {}", one.id, one.place, one.settings))
        .collect();
    assert_snapshot!(systems.join("\n"), @r#"
    okta at oust.yaml:2: {"org_url":"https://example.okta.com","auth":{"client_id":"0oa1","private_key":{"file":"/k.pem"}}}
    m365:eu at oust.yaml:5: {"tenant":"0123","client_secret":{"env":"M365"}}
    "#);
    assert_eq!(
        config.guards,
        Guards {
            protected: vec!["00u1".into(), "00u2".into()],
            cap_hour: 100,
            active_users: Some(4000),
            ..Guards::default()
        }
    );
}

#[test]
fn a_directory_of_detections_is_beside_the_file_and_read_when_asked_for() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("rules")).unwrap();
    std::fs::write(home.path().join("rules/odd.yml"), "title: t\n").unwrap();
    let file = home.path().join("oust.yaml").display().to_string();
    let load = |line: &str| {
        let text = format!("{GOOD}{line}\n");
        let config = Config::parse(&file, &text, &rows()).unwrap();
        config.load_detections()
    };
    let (shipped, problems) = load("").unwrap();
    assert!(problems.is_empty());
    let (all, problems) = load("detections: rules").unwrap();
    assert_eq!(all.rules().count(), shipped.rules().count());
    assert!(problems[0].file.ends_with("rules/odd.yml"), "{problems:?}");
    let missing = load("detections: nowhere").err().unwrap();
    assert!(missing.to_string().contains("nowhere"), "{missing}");
    assert!(missing.hint().contains("detections:"));
    assert!(mistakes(&format!("{GOOD}detections: [a]\n")).contains("`detections` is text"));
}

#[test]
fn the_shipped_file_can_be_read_and_says_the_defaults() {
    let config = read(DEFAULT).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(config.guards, Guards::default());
    let caps = Guards::default();
    assert_eq!((caps.cap_run, caps.cap_hour, caps.cap_percent), (25, 50, 2));
    assert_eq!(caps.active_users, None);
    let bare = &GOOD[..GOOD.find("guards:").unwrap()];
    assert_eq!(read(bare).unwrap().guards, Guards::default());
}

#[test]
fn every_key_there_is_stands_in_the_shipped_file() {
    let mentions = |key: &str| {
        DEFAULT.lines().any(|line| {
            let line = line.trim_start_matches(['#', ' ']).trim_start_matches("- ");
            line.starts_with(&format!("{key}:"))
        })
    };
    let okta = rows()[0];
    let guards = [
        "protected",
        "cap_run",
        "cap_hour",
        "cap_percent",
        "active_users",
    ];
    for key in okta
        .settings
        .iter()
        .chain(&guards)
        .chain(&["connectors", "guards", "owners"])
    {
        assert!(mentions(key), "{key}");
    }
    for row in oust::connectors::REGISTER {
        for key in row.settings {
            assert!(mentions(key), "{key} of {}", row.vendor.id);
        }
    }
    // And with every optional line and every system switched on it is still a config.
    let mut in_system = false;
    let uncommented: String = DEFAULT
        .lines()
        .map(|line| {
            in_system = line.starts_with("  # ") && (in_system || line.starts_with("  # - vendor"));
            if in_system {
                return format!("  {}\n", &line[4..]);
            }
            let key = line.trim_start().strip_prefix("# ").filter(|rest| {
                rest.split_once(": ").is_some_and(|(key, _)| {
                    [
                        "key_id",
                        "read_auth",
                        "second",
                        "quarantine_group",
                        "active_users",
                    ]
                    .contains(&key)
                })
            });
            let indent = &line[..line.len() - line.trim_start().len()];
            key.map_or(format!("{line}\n"), |rest| format!("{indent}{rest}\n"))
        })
        .collect();
    let all = oust::connectors::REGISTER;
    let config = Config::parse("oust.yaml", &uncommented, all);
    let config = config.unwrap_or_else(|wrong| panic!("{wrong}"));
    // The entry of AWS is three systems: two accounts and the Identity Center.
    assert_eq!(config.connectors.len(), all.len() + 2, "{uncommented}");
    let aws: Vec<&str> = config
        .connectors
        .iter()
        .map(|connector| connector.id.as_str())
        .filter(|id| id.starts_with("aws"))
        .collect();
    assert_eq!(
        aws,
        [
            "aws:111122223333",
            "aws:444455556666",
            "aws:identity-center"
        ]
    );
    assert_eq!(config.guards.active_users, Some(1200));
    assert_eq!(config.connectors[0].settings["auth"]["key_id"], json!("K1"));
}

/// Its example is a comment, and every key in it holds.
#[test]
fn the_servers_keys_stand_in_the_shipped_file_and_hold() {
    const KEYS: [&str; 7] = [
        "tls",
        "inbox",
        "waiting_max",
        "connections_max",
        "trusted_proxies",
        "public_url",
        "console",
    ];
    let example = DEFAULT.lines().skip_while(|line| *line != "# server:");
    let uncommented = example
        .take_while(|line| line.starts_with('#'))
        .map(|line| {
            let line = line.strip_prefix("# ").unwrap_or(line);
            let is_key = |rest: &str| KEYS.iter().any(|key| rest.starts_with(&format!("{key}: ")));
            match line.split_once("# ") {
                Some((indent, rest)) if is_key(rest) => format!("{indent}{rest}\n"),
                _ => format!("{line}\n"),
            }
        });
    let server = uncommented.collect::<String>();
    let config = read(&format!("{GOOD}{server}")).unwrap_or_else(|wrong| panic!("{wrong}"));
    let config = config.server;
    for key in KEYS.iter().chain(&["listen", "sources", "watch"]) {
        assert!(
            server.contains(&format!("\n  {key}:")),
            "{key} in\n{server}"
        );
    }
    // What the example says is what holds without it.
    let usual = read(GOOD).unwrap().server;
    assert_eq!(config.listen, usual.listen);
    assert_eq!(config.waiting_max, usual.waiting_max);
    assert_eq!(config.connections_max, usual.connections_max);
    assert_eq!(config.console, usual.console);
    assert_eq!(config.watch, usual.watch);
    assert_eq!(config.sources[0].name, "soc-elastic");
    assert_eq!(config.tls.unwrap().certificate, Path::new("server.pem"));
}

#[test]
fn how_long_runs_are_watched_is_a_duration_or_off() {
    let watch = |text: &str| read(&format!("{GOOD}server: {{ watch: {text} }}\n"));
    let hours = |hours: u64| Some(std::time::Duration::from_secs(hours * 3600));
    assert_eq!(read(GOOD).unwrap().server.watch, hours(24));
    assert_eq!(watch("36h").unwrap().server.watch, hours(36));
    for off in ["off", "OFF", "false"] {
        assert_eq!(watch(off).unwrap().server.watch, None, "{off}");
    }
    for wrong in ["soon", "0h", "169h", "true", "[]"] {
        let said = watch(wrong).unwrap_err().to_string();
        assert!(
            said.contains("watch") || said.contains("duration"),
            "{said}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "\
connectors:
  - vendor: okta
    org_ulr: https://example.okta.com
    name: EU West
  - vendor: m356
  - vendor: m365
    graph_url:
    tenant: a
    tenant: b
  - vendor: m365
  - org_url: x
  - okta
gaurds: {}
guards:
  protected: [alex@example.com, 00u1, 00u1]
  cap_run: 0
  cap_percent: 200
  cap_hour: fifty
  cap_day: 7
";
    assert_snapshot!(mistakes(text), @"
    error: a connector has no key `org_ulr`
     --> oust.yaml:3:5
      |
    3 |     org_ulr: ************************
      |     ^^^^^^^ did you mean `org_url`?

    error: `EU West` cannot be the name of a connector
     --> oust.yaml:4:11
      |
    4 |     name: EU West
      |           ^^^^^^^ lower-case letters, digits, `-` and `_`, a letter or digit first

    error: there is no vendor `m356`
     --> oust.yaml:5:13
      |
    5 |   - vendor: m356
      |             ^^^^ did you mean `m365`?

    error: `graph_url` has no value
     --> oust.yaml:7:5
      |
    7 |     graph_url:
      |     ^^^^^^^^^ give it one, or leave it out

    error: the key `tenant` stands here twice
     --> oust.yaml:9:5
      |
    9 |     tenant: *
      |     ^^^^^^

    error: two connectors are `m365`
      --> oust.yaml:10:5
       |
    10 |   - vendor: m365
       |     ^^^^^^ give this one a `name: …` of its own: it is `m365:NAME` then

    error: a connector has no `vendor`
      --> oust.yaml:11:5
       |
    11 |   - org_url: *
       |     ^^^^^^^

    error: a connector is a map of keys
      --> oust.yaml:12:5
       |
    12 |   - ****
       |     ^^^^ this is text

    error: the config has no key `gaurds`
      --> oust.yaml:13:1
       |
    13 | gaurds: {}
       | ^^^^^^ did you mean `guards`?

    error: `alex@example.com` is no id
      --> oust.yaml:15:15
       |
    15 |   protected: [alex@example.com, 00u1, 00u1]
       |               ^^^^^^^^^^^^^^^^ write the account's immutable id: a login can be renamed

    error: `00u1` stands in `protected` twice
      --> oust.yaml:15:39
       |
    15 |   protected: [alex@example.com, 00u1, 00u1]
       |                                       ^^^^

    error: `cap_run` is a whole number from 1 to 4294967295
      --> oust.yaml:16:12
       |
    16 |   cap_run: 0
       |            ^

    error: `cap_percent` is a whole number from 1 to 100
      --> oust.yaml:17:16
       |
    17 |   cap_percent: 200
       |                ^^^

    error: `cap_hour` is a whole number from 1 to 4294967295
      --> oust.yaml:18:13
       |
    18 |   cap_hour: fifty
       |             ^^^^^

    error: `guards` has no key `cap_day`
      --> oust.yaml:19:3
       |
    19 |   cap_day: 7
       |   ^^^^^^^
       |
       = help: known here: protected, cap_run, cap_hour, cap_source, cap_percent, active_users

    oust.yaml: 15 mistakes
    ");
}

#[test]
fn one_config_has_one_directory() {
    let okta = "  - { vendor: okta, org_url: x }\n";
    let none = mistakes("connectors:\n  - vendor: m365\n");
    let two = mistakes(&format!(
        "connectors:\n{okta}{}",
        okta.replace("okta,", "okta, name: b,")
    ));
    let same = mistakes(&format!("connectors:\n{okta}{okta}"));
    let empty = mistakes("connectors: []\n");
    assert_snapshot!([none, two, same, empty, mistakes("{}")].join("\n\n"), @"
    error: no connector is the directory
     --> oust.yaml:2:5
      |
    2 |   - vendor: m365
      |     ^^^^^^ add one: `- vendor: okta`

    oust.yaml: 1 mistake

    error: `okta:b` is a second directory
     --> oust.yaml:3:7
      |
    3 |   - { vendor: okta, name: b, org_url: * }
      |       ^^^^^^ one config is for one org: keep another file for this one

    oust.yaml: 1 mistake

    error: `okta` is a second directory
     --> oust.yaml:3:7
      |
    3 |   - { vendor: okta, org_url: * }
      |       ^^^^^^ one config is for one org: keep another file for this one

    oust.yaml: 1 mistake

    error: no connector is the directory
     --> oust.yaml:1:13
      |
    1 | connectors: []
      |             ^ add one: `- vendor: okta`

    oust.yaml: 1 mistake

    error: the config has no `connectors`
     --> oust.yaml:1:1
      |
    1 | {}
      | ^

    oust.yaml: 1 mistake
    ");
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    let text = "\
connectors:
  - vendor: okta
    org_url: https://user:hunter2@example.okta.com
    auth: { api_token: hunter2, client_id: 0oa1, bogus: hunter2 }
    second: { api_token: { evn: hunter2 } }
    read_auth: { api_token: { command: hunter2 } }
    tokn: hunter2 # was: hunter2
  - { vendor: m365, client_secret: 1234567, tenant: hunter2, typo: hunter2 }
  - vendor: okta
    name: pem
    auth:
      private_key: |
        -----BEGIN PRIVATE KEY-----
        hunter2
        -----END PRIVATE KEY-----
  - { vendor: m365, name: two, client_secret: { env: A, file: B } }
extra: { deep: [hunter2] }
";
    let told = mistakes(text);
    assert!(
        !told.contains("hunter2") && !told.contains("1234567"),
        "{told}"
    );
    assert_snapshot!(told, @"
    error: `api_token` holds the secret itself
     --> oust.yaml:4:24
      |
    4 |     auth: { api_token: *******, client_id: ****, bogus: ******* }
      |                        ^^^^^^^ write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`
      |
      = help: whoever saw this file has the secret: replace it at the vendor too

    error: `evn` is no place for a secret
     --> oust.yaml:5:28
      |
    5 |     second: { api_token: { evn: ******* } }
      |                            ^^^ did you mean `env`?

    error: `command` of `api_token` is not what it should be
     --> oust.yaml:6:40
      |
    6 |     read_auth: { api_token: { command: ******* } }
      |                                        ^^^^^^^ write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`

    error: a connector has no key `tokn`
     --> oust.yaml:7:5
      |
    7 |     tokn: ******* #*************
      |     ^^^^
      |
      = help: known here: vendor, name, org_url, auth, read_auth, second, quarantine_group

    error: `client_secret` holds the secret itself
     --> oust.yaml:8:36
      |
    8 |   - { vendor: m365, client_secret: *******, tenant: *******, typo: ******* }
      |                                    ^^^^^^^ write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`
      |
      = help: whoever saw this file has the secret: replace it at the vendor too

    error: a connector has no key `typo`
     --> oust.yaml:8:62
      |
    8 |   - { vendor: m365, client_secret: *******, tenant: *******, typo: ******* }
      |                                                              ^^^^
      |
      = help: known here: vendor, name, graph_url, tenant, client_secret

    error: `okta:pem` is a second directory
     --> oust.yaml:9:5
      |
    9 |   - vendor: okta
      |     ^^^^^^ one config is for one org: keep another file for this one

    error: `private_key` holds the secret itself
      --> oust.yaml:13:9
       |
    13 | /         ***************************
    14 | | ***************
    15 | | *********************************
       | |_________________________________^ write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`
       |
       = help: whoever saw this file has the secret: replace it at the vendor too

    error: `client_secret` is one reference
      --> oust.yaml:16:49
       |
    16 |   - { vendor: m365, name: two, client_secret: { env: *, file: * } }
       |                                                 ^^^ write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`

    error: the config has no key `extra`
      --> oust.yaml:17:1
       |
    17 | extra: { deep: [*******] }
       | ^^^^^
       |
       = help: known here: connectors, apps, owners, canary, mass_order, detections, rules, server, approvers, notify, client, guards

    oust.yaml: 10 mistakes
    ");

    let debug = format!("{:?}", read(text).unwrap_err());
    assert!(!debug.contains("hunter2"), "{debug}");
    for broken in [
        "connectors:\n  - { api_token: hunter2\n",
        "connectors:\n  - api_token: hunter2: x\n",
        "api_token: &a hunter2\n",
        "api_token: 'hunter2\n",
        "hunter2",
        "api_token: !hunter2 x",
        "- hunter2\n",
        "api_token: !!int hunter2\n",
        "api_token: !!bool hunter2\n",
        "api_token: !!float hunter2\n",
        "api_token: !!binary hunter2\n",
        "api_token: !!null hunter2\n",
        "api_token: !<hunter2> x\n",
        "api_token: *hunter2\n",
        "api_token: &hunter2 x\n",
        "%hunter2\n---\na: b\n",
        "%TAG !hunter2! tag:hunter2,2000:\n---\na: !hunter2!x b\n",
        "a: b\n---\nhunter2: x\n",
        "? [hunter2]\n: x\n",
        "<<: hunter2\n",
        "a: |9\n hunter2\n",
        "a: \"\\q hunter2\"\n",
    ] {
        let told = read(broken).unwrap_err();
        let all = format!("{told}{told:?}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn the_file_is_the_one_that_was_named_else_the_usual_one() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_path_buf();
    let usual = home.join(".config/oust/oust.yaml");
    let vars = |set: &[(&str, &Path)], name: &str| {
        let found = set.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let find = |flag: Option<&str>, set: &[(&str, &Path)]| {
        Places::new(flag.map(Path::new), |name| vars(set, name)).find()
    };

    let nowhere = find(None, &[("HOME", &home), ("OUST_CONFIG", Path::new(""))]).unwrap_err();
    let told = format!("{nowhere}\nhint: {}", nowhere.hint());
    assert_snapshot!(told.replace(home.to_str().unwrap(), "[home]"), @"
    there is no config file; looked at --config (not given), $OUST_CONFIG (not set), [home]/.config/oust/oust.yaml
    hint: try `oust sandbox` on nothing real, or copy config/oust.yaml to [home]/.config/oust/oust.yaml
    ");

    std::fs::create_dir_all(usual.parent().unwrap()).unwrap();
    std::fs::write(&usual, GOOD).unwrap();
    assert_eq!(find(None, &[("HOME", &home)]).unwrap(), usual);
    let xdg = home.join(".config");
    assert_eq!(find(None, &[("XDG_CONFIG_HOME", &xdg)]).unwrap(), usual);
    let relative = [("XDG_CONFIG_HOME", Path::new("x")), ("HOME", &*home)];
    assert_eq!(find(None, &relative).unwrap(), usual);
    let named = [("OUST_CONFIG", Path::new("/a.yaml")), ("HOME", &*home)];
    assert_eq!(find(None, &named).unwrap(), Path::new("/a.yaml"));
    assert_eq!(find(Some("b.yaml"), &named).unwrap(), Path::new("b.yaml"));
}

#[test]
fn a_file_that_cannot_be_trusted_or_read_is_no_config() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("oust.yaml");
    assert!(matches!(
        Config::load(&file),
        Err(ConfigError::Unreadable { .. })
    ));
    std::fs::write(&file, "#".repeat((1 << 20) + 1)).unwrap();
    let error = Config::load(&file).unwrap_err().to_string();
    assert!(error.contains("more than 1024 KiB"), "{error}");
    std::fs::write(&file, "connectors: []\n").unwrap();
    assert!(matches!(Config::load(&file), Err(ConfigError::Wrong(_))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        let error = Config::load(&file).unwrap_err();
        assert!(matches!(error, ConfigError::OpenToAll { .. }), "{error}");
    }
}

#[test]
fn an_owner_says_app_name_and_contact_and_nothing_else() {
    let okta = "connectors: [{ vendor: okta, org_url: https://x.okta.com }]\n";
    let text = format!(
        "{okta}owners:\n- {{ app: Atlassian Cloud, owner: Workplace IT, contact: \"+49 30 5550123\" }}\n"
    );
    let config = Config::parse("oust.yaml", &text, &rows()).unwrap();
    let [owner] = &config.owners[..] else {
        panic!("{:?}", config.owners)
    };
    assert_eq!(owner.app, "Atlassian Cloud");
    assert_eq!(
        (&*owner.owner, &*owner.contact),
        ("Workplace IT", "+49 30 5550123")
    );
    assert!(owner.owns(["x", "ATLASSIAN cloud"].into_iter()));
    assert!(!owner.owns(["", "Atlassian"].into_iter()));
    for (entry, wrong) in [
        ("{ app: A, owner: B }", "an owner needs `contact`"),
        ("{ app: A, owner: B, contact: C, phone: D }", "phone"),
        ("{ app: \"\", owner: B, contact: C }", "`app` is empty"),
        ("A", "an owner"),
    ] {
        let told = mistakes(&format!("{okta}owners:\n- {entry}\n"));
        assert!(told.contains(wrong), "{entry}: {told}");
    }
    assert!(mistakes(&format!("{okta}owners: A\n")).contains("`owners` is a list"));
}

/// The lines below a commented key of the shipped file, as they are once switched on.
fn switched_on(key: &str) -> String {
    let lines = DEFAULT
        .lines()
        .skip_while(|line| *line != format!("# {key}:"));
    let block = lines.take_while(|line| line.starts_with("# "));
    let bare = block.map(|line| format!("{}\n", &line[2..]));
    bare.collect()
}

#[test]
fn who_approves_who_is_told_and_which_server_is_asked_stand_in_the_shipped_file() {
    let whole: String = ["approvers", "notify", "client"].map(switched_on).concat();
    let config = read(&format!("{GOOD}{whole}")).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(config.approvers.needed, 2);
    let names: Vec<&str> = config
        .approvers
        .people
        .iter()
        .map(|one| &*one.name)
        .collect();
    assert_eq!(names, ["Ana Duarte", "Ben Okoro"]);
    let shapes: Vec<&str> = config.notify.iter().map(|one| one.shape.word()).collect();
    assert_eq!(shapes, ["oust", "slack", "pagerduty"]);
    let told: Vec<usize> = config.notify.iter().map(|one| one.tell.len()).collect();
    assert_eq!(told, [4, 3, 2]);
    let client = config.client.unwrap();
    assert_eq!(client.url.as_str(), "https://oust.example.com/");
    // Without them one person's agreement is enough, nobody can sign, nobody is told.
    let bare = read(GOOD).unwrap();
    assert_eq!((bare.approvers.needed, bare.approvers.people.len()), (1, 0));
    assert!(bare.notify.is_empty() && bare.client.is_none());
}

#[test]
fn an_approver_counts_once_and_has_a_key() {
    let key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    let other = "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
    let people = |needed: u32, people: &str| {
        mistakes(&format!(
            "{GOOD}approvers:\n  needed: {needed}\n  people:\n{people}"
        ))
    };
    for (needed, entries, told) in [
        (
            1,
            format!(
                "  - {{ name: A, public_key: {key} }}\n  - {{ name: a, public_key: {other} }}\n"
            ),
            "`a` has the name of somebody above",
        ),
        (
            1,
            format!("  - {{ name: A, public_key: {key} }}\n  - {{ name: B, public_key: {key} }}\n"),
            "`B` has the key of somebody above",
        ),
        (
            1,
            format!(
                "  - {{ name: A, public_key: {key}, okta_id: 00u1 }}\n  \
                 - {{ name: B, public_key: {other}, okta_id: 00u1 }}\n"
            ),
            "`B` has the okta_id of somebody above",
        ),
        (
            2,
            format!("  - {{ name: A, public_key: {key} }}\n"),
            "`needed` is 2, and there are fewer people",
        ),
        (
            1,
            "  - { name: A, public_key: MCow }\n".into(),
            "no Ed25519 public key",
        ),
        (
            1,
            "  - { name: A }\n".into(),
            "an approver needs `public_key`",
        ),
    ] {
        let found = people(needed, &entries);
        assert!(found.contains(told), "{told}:\n{found}");
    }
}

#[test]
fn a_receiver_s_secrets_are_never_in_the_file_nor_in_the_clear() {
    for (entry, told) in [
        (
            "{ url: https://soc.example/h, secret: hunter2 }",
            "holds the secret itself",
        ),
        (
            "{ shape: slack, url: https://hooks.slack.com/services/hunter2 }",
            "holds the secret itself",
        ),
        (
            "{ url: http://soc.example/h, secret: { env: S } }",
            "plain http",
        ),
        ("{ url: https://soc.example/h }", "needs `secret`"),
        ("{ shape: pagerduty }", "needs `secret`"),
        (
            "{ shape: teams, url: https://x.example }",
            "`shape` is one of",
        ),
        (
            "{ url: https://x.example, secret: { env: S }, tell: [begins] }",
            "an item of `tell` is one of",
        ),
    ] {
        let found = mistakes(&format!("{GOOD}notify:\n- {entry}\n"));
        assert!(found.contains(told), "{told}:\n{found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    let client = "client: { url: https://oust.example.com, token: hunter2 }\n";
    let found = mistakes(&format!("{GOOD}{client}"));
    assert!(found.contains("holds the secret itself"), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
}
