//! Network, credential and key are told apart: which file or variable, what is wrong with it, and
//! what to do next.

use oust_mocks::KeyPair;
use oust_mocks::world::CLIENT_ID;

use super::desk::{Desk, Said};

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

/// Fails unless nothing was written and it says all of this.
fn stops(desk: &Desk, what: &str, next: &str) -> Said {
    let said = desk.oust(CONTAIN);
    said.exits(1).says(what).hints(next);
    desk.saw_no_writes();
    said
}

#[test]
fn a_key_file_that_is_none_is_named_with_what_is_wrong_in_it() {
    let desk = Desk::contoso();
    let file = desk.at("key.pem");
    let file = file.to_str().unwrap();
    for (written, wrong) in [
        (
            "no key at all",
            "is no PEM private key of type RSA or P-256",
        ),
        ("", "is empty"),
        ("-----BEGIN EC PRIVATE KEY-----\n", "is in the old EC form"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "is encrypted"),
    ] {
        desk.write_private("key.pem", written);
        let said = stops(
            &desk,
            &format!("secret file {file} {wrong}"),
            "under `auth`",
        );
        assert!(!said.err.contains("network"), "{}", said.err);
    }
    std::fs::remove_file(file).unwrap();
    let what = format!("secret file {file} cannot be read");
    stops(&desk, &what, "check that the path is right");
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let desk = Desk::contoso();
    desk.configure_auth("{ api_token: { env: OUST_TEST_ABSENT } }", "");
    let what = "environment variable OUST_TEST_ABSENT is not set";
    stops(&desk, what, "set OUST_TEST_ABSENT for this command");
}

#[test]
fn a_key_that_okta_does_not_know_is_named_by_its_file() {
    let desk = Desk::contoso();
    desk.write_private("key.pem", &KeyPair::es256("K1").private_pem);
    let file = desk.at("key.pem").display().to_string();
    let said = stops(&desk, "refused our credential", &file);
    said.says(&format!("check that app {CLIENT_ID} is active"))
        .says("under key id K1");
}

#[test]
fn a_token_that_okta_does_not_know_is_no_matter_of_the_network() {
    let desk = Desk::contoso();
    let file = desk.at("token").display().to_string();
    desk.configure_auth(&format!("{{ api_token: {{ file: {file} }} }}"), "");
    desk.write_private("token", "00nobodyKnowsThisToken");
    let said = stops(&desk, "401", "credential");
    assert!(!said.err.contains("network"), "{}", said.err);
    desk.write_private("token", "two\nlines");
    stops(&desk, &format!("{file} holds no token"), "one line");
}

#[test]
fn an_address_where_nobody_answers_is_a_matter_of_the_network() {
    let desk = Desk::contoso();
    let config = std::fs::read_to_string(desk.config()).unwrap();
    desk.write_config(&config.replace(&desk.server.url(), "http://127.0.0.1:9"));
    let said = stops(&desk, "could not connect", "the network");
    assert!(!said.err.contains("credential"), "{}", said.err);
}
