//! The report: one object, computed from the ledger's fold, and what its renderings say.

use jiff::tz::TimeZone;
use oust::model::Verdict;
use oust::report::{Report, Style, result_screen};

use crate::samples::{self, report_of};

fn screen(report: &Report) -> String {
    result_screen(report, &TimeZone::UTC, None, Style::default())
}

#[test]
fn a_contained_run_says_by_what_and_what_cannot_be_read_back() {
    let report = report_of(&samples::contained().state());
    assert_eq!((report.verdict, report.unproven), (Verdict::Contained, 1));
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_forbidden_step_makes_its_system_partial_and_says_what_to_grant() {
    let report = report_of(&samples::forbidden().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_run_stopped_in_flight_is_unknown() {
    let report = report_of(&samples::in_doubt().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn a_guard_that_refuses_to_suspend_leaves_the_run_partial() {
    let report = report_of(&samples::guard_refused().state());
    insta::assert_snapshot!(screen(&report));
}

#[test]
fn many_subjects_are_counted_and_the_open_ones_told() {
    let report = report_of(&samples::many(250).state());
    let split = report.split("subjects.jsonl");
    insta::assert_snapshot!(screen(&split.report));
}

#[test]
fn the_shipped_schema_is_the_one_that_the_types_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
    let fresh = format!("{:#}\n", oust::report::schema());
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap();
    assert!(
        shipped == fresh,
        "run with OUST_WRITE_DOCS=1 to write it anew"
    );
}

#[test]
fn every_sample_report_keeps_to_the_shipped_schema_and_reads_back() {
    let validator = jsonschema::validator_for(&oust::report::schema()).unwrap();
    for run in [
        samples::contained(),
        samples::forbidden(),
        samples::in_doubt(),
        samples::guard_refused(),
        samples::many(250),
        samples::hostile(),
    ] {
        let report = report_of(&run.state());
        let value = serde_json::to_value(&report).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(serde_json::from_value::<Report>(value).unwrap(), report);
    }
}
