//! Two of a vendor in the config file: names, and what `apps:` may say of them.

use oust::config::Config;

use crate::fake::rows;

const OKTA: &str = "\
connectors:
- vendor: okta
  org_url: https://example.okta.com
";

fn read(more: &str) -> Result<Config, String> {
    let text = format!("{OKTA}{more}");
    Config::parse("oust.yaml", &text, &rows()).map_err(|wrong| wrong.to_string())
}

#[track_caller]
fn refused(more: &str, says: &[&str]) {
    let wrong = read(more).expect_err(more);
    for text in says {
        assert!(wrong.contains(text), "no `{text}` in\n{wrong}");
    }
}

#[test]
fn two_of_a_vendor_are_told_apart_by_name() {
    let config = read("- { vendor: m365, name: eu, tenant: a }\n- { vendor: m365, tenant: b }\n");
    let ids: Vec<String> = config
        .unwrap()
        .connectors
        .iter()
        .map(|each| each.id.to_string())
        .collect();
    assert_eq!(ids, ["okta", "m365:eu", "m365"]);
}

#[test]
fn two_without_a_name_or_of_one_name_are_told_what_to_do() {
    refused(
        "- { vendor: m365, tenant: a }\n- { vendor: m365, tenant: b }\n",
        &["two connectors are `m365`", "`name: …`", "`m365:NAME`"],
    );
    refused(
        "- { vendor: m365, name: eu, tenant: a }\n- { vendor: m365, name: eu, tenant: b }\n",
        &["two connectors are `m365:eu`", "`name: …`"],
    );
}

#[test]
fn a_name_is_what_can_be_typed_in_an_id() {
    for name in ["EU", "a:b", "-eu", "e u", "ü", "a,b", "a=b", "\"\"", "[eu]"] {
        let more = format!("- {{ vendor: m365, name: {name}, tenant: a }}\n");
        assert!(read(&more).is_err(), "{name}");
    }
    for name in ["eu", "eu-west_1", "2nd"] {
        let more = format!("- {{ vendor: m365, name: {name}, tenant: a }}\n");
        assert!(read(&more).is_ok(), "{name}");
    }
}

#[test]
fn the_same_settings_under_two_names_are_one_account_twice() {
    refused(
        "- { vendor: m365, name: eu, tenant: a }\n- { vendor: m365, name: us, tenant: a }\n",
        &["`m365:us` is set like `m365:eu`", "take one of the two out"],
    );
}

#[test]
fn an_app_belongs_to_one_system_by_its_whole_name_and_never_to_the_directory() {
    let both = "- { vendor: m365, name: eu, tenant: a }\n- { vendor: m365, name: us, tenant: b }\n";
    let with = |apps: &str| format!("{both}apps:\n  {apps}\n");
    let config = read(&with("0oa1: m365:us")).unwrap();
    assert_eq!(config.apps[0].1.as_str(), "m365:us");
    refused(
        &with("0oa1: m365"),
        &[
            "no connector is called `m365`",
            "say which: m365:eu, m365:us",
        ],
    );
    refused(
        &with("0oa1: m365:uk"),
        &["no connector is called `m365:uk`", "did you mean"],
    );
    refused(&with("0oa1: okta"), &["`okta` is the directory"]);
}
