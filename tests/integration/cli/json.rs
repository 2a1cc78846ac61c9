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
fn a_plan_for_many_says_what_it_will_take_and_one_for_a_few_does_not() {
    let desk = Desk::of(|world| world.crowd(26));
    let crowd = |n: usize| -> String {
        let logins = (1..=n).map(|n| format!("crowd-{n:05}@contoso.example\n"));
        logins.collect()
    };
    let few = desk.write("work/few.txt", crowd(20));
    let many = desk.write("work/many.txt", crowd(26));
    let plan = |list: &std::path::Path, more: &[&str]| {
        let list = list.to_str().unwrap();
        let lift = "--lift=cap_run=half the company was phished";
        let words = ["plan", "--subjects", list, "--since", "2h", lift];
        desk.oust_words(&[&words[..], more].concat())
    };
    let said = plan(&many, &[]);
    said.exits(0)
        .says("Predicted")
        .says("all 26 in")
        .says("proofs included")
        .says("tightest");
    let report = one_report(plan(&many, &["--output", "json"]).exits(0));
    let predicted = &report["predicted"];
    assert_eq!(predicted["subjects"], 26);
    assert_eq!(predicted["evicted"]["of"], 26);
    let ms = |what: &Value| what.as_u64().unwrap();
    let (evicted, contained) = (
        &predicted["evicted"]["all_ms"],
        &predicted["contained"]["all_ms"],
    );
    assert!(
        0 < ms(evicted) && ms(evicted) < ms(contained),
        "{predicted}"
    );
    assert!(ms(contained) < ms(&predicted["ended_ms"]), "{predicted}");
    let systems = predicted["systems"].as_array().unwrap();
    let calls: u64 = systems.iter().map(|system| ms(&system["calls"])).sum();
    assert_eq!(calls, ms(&predicted["calls"]));
    // Each is suspended, signed out and cleared, and four lists of his are read twice.
    assert!(calls > 26 * 11, "{predicted}");

    let report = one_report(plan(&few, &["--output", "json"]).exits(0));
    assert!(report["predicted"].is_null(), "{report}");
    desk.saw_no_writes();
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
