//! Words that cannot be meant: each is told with the next step, and nothing is written.

use super::desk::{ALEX_LOGIN, Desk};

#[test]
fn somebody_who_is_not_exactly_one_account_is_named() {
    let desk = Desk::contoso();
    desk.oust("contain nobody@contoso.example --since 2h --yes")
        .exits(1)
        .says("nobody@contoso.example")
        .hints("check the login");
    // A short name is no login, however few answer to it.
    let said = desk.oust("contain alex --since 2h --yes");
    said.exits(1).hints("oust contain alex@contoso.example");
    let two = Desk::of(|world| world.user("alex@fabrikam.example", |_| {}));
    two.oust("contain alex --since 2h --yes")
        .exits(1)
        .says("`alex`")
        .hints("the whole of it");
    desk.saw_no_writes();
    two.saw_no_writes();
}

#[test]
fn times_that_are_none_are_told_before_anything_is_sent() {
    let desk = Desk::contoso();
    for (words, told) in [
        ("--since tomorrow", "`tomorrow` is not a time: write 2h"),
        ("--since 25:00", "is not a time"),
        ("--since 2026-13-01", "is not a time"),
        ("--since 99999d", "is not a time"),
        ("--since 2099-01-01", "lies in the future"),
        ("--since 2h --until 3h", "the window is reversed"),
        ("--since 2h --until 2099-01-01", "lies in the future"),
        ("--until 1h", "--until needs --since"),
        ("--since 2h --prove-for soon", "is no duration"),
        ("--since 2h --lift cap_runs=x", "did you mean `cap_run`?"),
        ("--since 2h --lift cap_run", "needs a reason"),
        ("--since 2h --only github", "no system is called `github`"),
    ] {
        desk.oust(&format!("contain {ALEX_LOGIN} --yes {words}"))
            .exits(2)
            .says(told);
    }
    desk.saw_nothing();
}

#[test]
fn nobody_named_is_never_everybody() {
    let desk = Desk::contoso();
    desk.oust("contain --since 2h --yes")
        .exits(2)
        .hints("name a login");
    let empty = desk.write("work/empty.txt", "\u{feff}\r\n# nobody\r\n");
    let empty = empty.to_str().unwrap();
    desk.oust_words(&["contain", "--subjects", empty, "--yes"])
        .exits(2)
        .says("nobody is named");
    desk.oust_words(&["contain", "", "--yes"])
        .exits(2)
        .hints("quoting");
    desk.oust("contain --subjects absent.txt --yes")
        .exits(2)
        .says("--subjects absent.txt cannot be read");
    let latin = desk.write("work/latin.txt", b"zo\xeb@contoso.example\n");
    desk.oust_words(&["contain", "--subjects", latin.to_str().unwrap(), "--yes"])
        .exits(2)
        .hints("UTF-8");
    desk.saw_nothing();
}

#[test]
fn a_list_from_windows_contains_everybody_in_it_once() {
    let desk = Desk::contoso();
    let text = "\u{feff}alex@contoso.example\r\n\r\n# again, and by id\r\nALEX@contoso.example\r\n\
                00ujkPI1q4Pa7UeFg5d7\r\nbailey@contoso.example\r\n";
    let list = desk.write("work/list.txt", text);
    let said = desk.oust_words(&[
        "--output",
        "json",
        "contain",
        "--subjects",
        list.to_str().unwrap(),
        "--since",
        "2h",
        "--yes",
    ]);
    said.exits(0);
    let report = said.json();
    let subjects = report["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), 2, "{subjects:#?}");
    desk.is_contained();
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_stops_nothing() {
    let desk = Desk::contoso();
    desk.write("work/taken", "a file, not a directory");
    desk.oust("contain alex@contoso.example --since 2h --yes --report taken")
        .exits(0)
        .says("CONTAINED")
        .says("oust runs show");
    desk.is_contained();
}
