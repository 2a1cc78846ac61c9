//! The object keeps to its schema, which is the one that is shipped.

use serde_json::Value;

use super::fixture::of_takeover;
use crate::cli::desk::{ALEX_LOGIN, Desk};

#[test]
fn the_shipped_schema_is_the_one_that_the_types_give() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/investigation.schema.json"
    );
    let fresh = format!("{:#}\n", oust::report::investigation_schema());
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap();
    assert_eq!(shipped, fresh, "OUST_WRITE_DOCS=1 writes it anew");
}

/// Every member of the object is in the schema: none is there that a script was not told of.
#[test]
fn what_is_found_keeps_to_the_schema_and_reads_back() {
    let mut schema = oust::report::investigation_schema();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let desk = Desk::contoso();
    let found = [
        of_takeover(&desk, &format!("{ALEX_LOGIN} --output json")),
        of_takeover(&desk, "kim@contoso.example --output json"),
        desk.oust(&format!("investigate {ALEX_LOGIN} --output json")),
    ];
    for said in found {
        let found = said.json();
        let wrong: Vec<String> = validator
            .iter_errors(&found)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let back: oust::evidence::investigation::Investigation =
            serde_json::from_value(found.clone()).unwrap();
        assert_eq!(serde_json::to_value(back).unwrap(), found);
    }
}

/// Allows no member that is not listed; what is flattened is made of two lists.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("additionalProperties".into(), Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
