//! People who look odd and in whose accounts nobody is.

use super::fixture::{of_takeover, subject};
use crate::cli::desk::Desk;

#[test]
fn nobody_is_found_in_the_accounts_of_those_who_only_look_odd() {
    let desk = Desk::contoso();
    for who in [
        "kim", "robin", "sam", "jamie", "lee", "priya", "taylor", "morgan",
    ] {
        let said = of_takeover(&desk, &format!("{who}@contoso.example --output json"));
        let found = said.exits(0).json();
        let subject = subject(&found);
        assert_eq!(
            subject["intruder"]["answer"], "not_confirmed",
            "{who}: {found:#}"
        );
        assert!(subject["window"].is_null(), "{who}");
        let rows = subject["timeline"].as_array().unwrap();
        assert!(!rows.is_empty(), "{who}");
        assert!(rows.iter().all(|row| row["whose"] != "intruder"), "{who}");
        assert!(subject["impact"].as_array().unwrap().is_empty(), "{who}");
        assert!(found["next"].as_array().unwrap().is_empty(), "{who}");
    }
    desk.saw_nothing();
}

#[test]
fn several_are_looked_into_at_once_and_one_confirmed_is_not_all_good() {
    let desk = Desk::contoso();
    let said = of_takeover(
        &desk,
        "kim@contoso.example 00ujkPI1q4Pa7UeFg5d7 --output json",
    );
    let found = said.exits(3).json();
    let subjects = found["subjects"].as_array().unwrap();
    let told: Vec<(&str, &str)> = subjects
        .iter()
        .map(|each| {
            (
                each["login"].as_str().unwrap(),
                each["intruder"]["answer"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("kim@contoso.example", "not_confirmed"),
            ("alex@contoso.example", "confirmed")
        ]
    );
}

#[test]
fn what_an_admin_did_to_somebody_is_told_as_his() {
    let desk = Desk::contoso();
    let said = of_takeover(&desk, "jamie@contoso.example");
    said.exits(0)
        .says("priya@contoso.example assigned jamie@contoso.example GitHub")
        .says("put jamie@contoso.example into group Engineering");
    assert!(!said.out.contains("support access"), "{}", said.out);
}
