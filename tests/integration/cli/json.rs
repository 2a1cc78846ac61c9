//! What scripts get: exactly one object on stdout, as the shipped schema says; stderr is for people.

use oust_mocks::world::ALEX;
use serde_json::Value;

use super::desk::{Desk, Said, now_ms};

/// The schema as it is shipped, not as the code would print it now.
fn validator() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn one_report(said: &Said) -> Value {
    assert_eq!(said.out.matches('\n').count(), 1, "one line: {}", said.out);
    let report = said.json();
    let errors: Vec<String> = validator()
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!said.err.contains("\"schema\""), "{}", said.err);
    report
}

#[test]
fn plan_contain_and_show_each_print_one_report() {
    let desk = Desk::contoso();
    let since = jiff::Timestamp::from_millisecond(now_ms() - 2 * 3_600_000).unwrap();
    let case = format!("alex@contoso.example --since {since}");
    let planned = one_report(desk.oust(&format!("--output json plan {case}")).exits(0));
    assert_eq!(planned["verdict"], "not_attempted");
    assert_eq!(planned["systems"][0]["verdict"], "not_attempted");
    desk.saw_no_writes();

    let said = desk.oust(&format!("contain {case} --yes --output json"));
    let done = one_report(said.exits(0));
    assert_eq!(done["verdict"], "contained");
    assert_eq!(
        done["plan_digest"], planned["plan_digest"],
        "it was the same plan"
    );
    assert_eq!(done, desk.report_file(), "the file says the same");

    let shown = one_report(desk.oust("runs show --last --output json").exits(0));
    assert_eq!(shown, done, "the ledger says the same");
    let proven = one_report(desk.oust("runs prove --last --output json").exits(0));
    assert_eq!(proven["verdict"], "contained");
}

#[test]
fn what_failed_is_one_report_too() {
    let desk = Desk::contoso();
    desk.faults("lifecycle/suspend=forbidden");
    let said = desk.oust("contain alex@contoso.example --since 2h --yes --output json");
    let report = one_report(said.exits(3));
    assert_eq!(report["verdict"], "partial");
}

#[test]
fn a_refusal_is_one_report_that_names_the_guard() {
    let desk = Desk::contoso();
    desk.configure(&format!("guards:\n  protected: [{ALEX}]\n"));
    for words in [
        "contain alex@contoso.example --since 2h --yes",
        "plan alex@contoso.example --since 2h",
    ] {
        let said = desk.oust(&format!("--output json {words}"));
        let report = one_report(said.exits(4));
        assert_eq!(report["verdict"], "not_attempted");
        assert!(report["guards"].to_string().contains("protected"));
    }
    desk.saw_no_writes();
}

#[test]
fn an_error_leaves_stdout_empty() {
    let desk = Desk::contoso();
    let said = desk.oust("--output json plan nobody@contoso.example");
    said.exits(1);
    assert_eq!(said.out, "");
}
