//! `oust serve --check` and `--print-template`: what is wrong is said before it matters.

use super::world::*;

#[track_caller]
fn says(home: &Home, words: &str, code: i32, text: &str) {
    let (exit, said) = home.run(words);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(exit, code, "{said}");
    assert!(flat.contains(text), "no `{text}` in\n{said}");
    assert!(!said.contains(SECRET), "{said}");
}

const CHECK: &str = "serve --check --role receive";

#[test]
fn all_is_well_and_nothing_is_left_running() {
    let home = Home::new();
    says(&home, CHECK, 0, "it would listen on http://127.0.0.1:");
    let (_, said) = home.run("serve --check --role receive --output json");
    let first = said.lines().next().unwrap();
    let said: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(said["ok"], true);
}

#[test]
fn a_mistake_in_the_config_is_shown_with_its_line() {
    for (server, sources, text) in [
        (
            "listen: 0.0.0.0:0",
            SOURCES,
            "would speak plain http to others than this machine",
        ),
        (
            "console: { listen: \"[::]:1\" }",
            SOURCES,
            "would speak plain http to others",
        ),
        ("listen: localhost", SOURCES, "is no address to listen on"),
        ("listn: 127.0.0.1:0", SOURCES, "did you mean `listen`"),
        ("tls: { certificate: a.pem }", SOURCES, "has no `key`"),
        (
            "waiting_max: 0",
            SOURCES,
            "`waiting_max` is a whole number from 1",
        ),
        ("trusted_proxies: [proxy]", SOURCES, "`proxy` is no network"),
        (
            "public_url: http://oust.example",
            SOURCES,
            "is no address of a console",
        ),
        (
            "listen: 127.0.0.1:0\ntrusted_proxies: [192.0.2.1]",
            " [{ name: open, kind: generic, auth: none }]\n",
            "takes alerts from anybody who can reach it",
        ),
    ] {
        let home = Home::with(server, sources);
        says(&home, CHECK, 2, text);
    }
    let open = Home::with(
        "listen: 127.0.0.1:0",
        " [{ name: open, kind: generic, auth: none }]\n",
    );
    says(&open, CHECK, 0, "all is well");
}

#[test]
fn what_cannot_be_used_is_named() {
    let home = Home::new();
    let (exit, said) = {
        let mut command = home.oust(CHECK);
        let output = command.env_remove("SOC").output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(exit, Some(2), "{said}");
    assert!(
        said.contains("the source soc") && said.contains("SOC"),
        "{said}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    home.configure(&format!("listen: {at}"), SOURCES);
    says(&home, CHECK, 1, &format!("cannot listen on {at}"));

    home.configure(
        "listen: 127.0.0.1:0\ntls: { certificate: a.pem, key: b.pem }",
        SOURCES,
    );
    says(&home, CHECK, 2, "a.pem cannot be used");

    home.configure("listen: 127.0.0.1:0\ninbox: oust.yaml", SOURCES);
    says(&home, CHECK, 1, "the inbox at");

    home.configure("listen: 127.0.0.1:0", " []\n");
    says(&home, CHECK, 2, "nobody may send alerts");
}

#[test]
fn a_template_is_printed_without_a_config() {
    let home = Home::new();
    std::fs::remove_file(home.at("oust.yaml")).unwrap();
    says(
        &home,
        "serve --print-template elastic",
        0,
        "context.alerts.asJSON",
    );
    says(
        &home,
        "serve --print-template elastc",
        2,
        "did you mean `elastic`?",
    );
    says(
        &home,
        "serve --print-template okta-hook",
        2,
        "has no template",
    );
}
