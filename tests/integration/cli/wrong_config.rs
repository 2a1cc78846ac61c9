//! Config and credentials that will not do: told with the next step, exit code and nothing sent.

use super::desk::Desk;

/// An Ed25519 key, made for this test: the right form, and no algorithm that Okta takes.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
-----END PRIVATE KEY-----\n";

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

#[test]
fn no_config_says_where_it_was_looked_for() {
    let desk = Desk::contoso();
    std::fs::remove_file(desk.config()).unwrap();
    desk.oust(CONTAIN)
        .exits(2)
        .says(".config/oust/oust.yaml")
        .hints("oust sandbox");
    desk.oust(&format!("--config absent.yaml {CONTAIN}"))
        .exits(2)
        .says("absent.yaml");
    desk.saw_nothing();
}

#[test]
fn a_key_that_cannot_be_used_is_named_by_its_place() {
    let desk = Desk::contoso();
    let mut said = Vec::new();
    std::fs::remove_file(desk.at("key.pem")).unwrap();
    said.push((desk.oust(CONTAIN), "cannot be read"));
    for wrong in [
        ED25519,
        "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n",
        "not a key at all",
        "",
    ] {
        desk.write_private("key.pem", wrong);
        let told = if wrong.is_empty() {
            "key.pem is empty"
        } else {
            "private key of app 0oa"
        };
        said.push((desk.oust(CONTAIN), told));
    }
    for (said, told) in said {
        said.exits(1)
            .says(told)
            .hints("in the config file, under `auth`");
        assert!(
            !said.err.contains("MC4CAQ") && !said.err.contains("bm90IGE"),
            "{}",
            said.err
        );
    }
    desk.saw_no_writes();
    assert!(
        desk.server.range().journal.entries().is_empty(),
        "{}",
        desk.journal()
    );
}

#[test]
fn a_key_of_another_app_is_refused_by_the_vendor_and_told() {
    let desk = Desk::contoso();
    let other = oust_mocks::KeyPair::es256("K1");
    desk.write_private("key.pem", &other.private_pem);
    desk.oust(CONTAIN)
        .exits(1)
        .says("invalid_client")
        .hints("credential");
    desk.saw_no_writes();
}

#[test]
fn mistakes_in_the_config_are_shown_with_line_and_nearest_name() {
    let desk = Desk::contoso();
    let good = std::fs::read_to_string(desk.config()).unwrap();
    for (from, to, told) in [
        (
            "org_url: http://127.0.0.1",
            "org_url: http://okta.example",
            "https",
        ),
        (
            "quarantine_group:",
            "quarantine_grup:",
            "did you mean `quarantine_group`?",
        ),
        ("vendor: okta", "vendor: otka", "did you mean `okta`?"),
        ("connectors:", "conectors:", "did you mean `connectors`?"),
        ("private_key: {", "private_key: [", "oust.yaml:"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        desk.write_config(&bad);
        let said = desk.oust(CONTAIN);
        said.exits(2).says(told);
        assert!(!said.err.contains("error: error:"), "{}", said.err);
    }
    let inline = format!("{{ file: {} }}", desk.at("key.pem").display());
    desk.write_config(&good.replace(&inline, "hunter2hunter2"));
    let said = desk.oust(CONTAIN);
    said.exits(2).says("holds the secret itself");
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    desk.saw_nothing();
}

#[cfg(unix)]
#[test]
fn a_config_that_everybody_may_change_is_not_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::contoso();
    std::fs::set_permissions(desk.config(), std::fs::Permissions::from_mode(0o666)).unwrap();
    desk.oust(CONTAIN).exits(2).hints("chmod go-w");
    desk.saw_nothing();
}
