//! An account is given back from the command line: what is shown, asked, kept and never printed.

use std::os::unix::fs::PermissionsExt as _;

use super::desk::Desk;

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes --only okta";

/// What a person lifts who has looked at everything that the intruder left.
const LOOKED_AT: &str = "--lift planted_open=seen --lift assignments_open=decided";

fn status(desk: &Desk) -> String {
    let range = desk.server.range();
    range
        .okta
        .user("alex@contoso.example")
        .unwrap()
        .status
        .clone()
}

#[test]
fn an_account_is_contained_given_back_and_contained_again() {
    let desk = Desk::contoso();
    desk.oust(CONTAIN).exits(0);
    let writes = desk.server.range().journal.writes().len();

    let plan = desk.oust(&format!("release --last --dry-run {LOOKED_AT}"));
    let plan = plan.exits(0).says("unsuspend the account").says("by hand");
    assert_eq!(desk.server.range().journal.writes().len(), writes);
    let phrase = plan.phrase();
    assert!(phrase.starts_with("release "), "{phrase}");
    let kept = desk.at("alex.txt");
    let words = [
        "release",
        "--consent",
        &phrase,
        "--secrets",
        kept.to_str().unwrap(),
    ];
    let said = desk.oust_words(&words);
    let said = said.exits(0).says("RELEASED");
    assert_eq!(status(&desk), "RECOVERY");

    let text = std::fs::read_to_string(&kept).unwrap();
    let link = text.split_whitespace().last().unwrap().to_owned();
    assert!(link.contains("/reset_password/"), "{text}");
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!said.out.contains(&link) && !said.err.contains(&link));
    for file in super::desk::files_in(&desk.here()) {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&link), "{} has the link", file.display());
    }
    let ledger = std::fs::read(desk.ledger()).unwrap();
    assert!(!String::from_utf8_lossy(&ledger).contains(&link));

    desk.oust("release --last --yes --password mail")
        .exits(1)
        .says("was given back already");
    desk.oust(CONTAIN).exits(0);
    desk.is_contained();
}

#[test]
fn a_guard_refuses_a_release_and_says_how_to_go_on() {
    let desk = Desk::contoso();
    desk.oust("contain bailey@contoso.example --yes --only okta")
        .exits(0);
    let writes = desk.server.range().journal.writes().len();
    desk.oust("release --last --yes --password mail")
        .exits(4)
        .says("window_assumed")
        .says("next best:");
    assert_eq!(desk.server.range().journal.writes().len(), writes);
    let words = [
        "release",
        "--last",
        "--yes",
        "--password",
        "mail",
        "--lift",
        "window_assumed=false alarm",
    ];
    desk.oust_words(&words).exits(0).says("RELEASED");
}

#[test]
fn what_cannot_be_given_back_is_said_before_anything_is_read() {
    let desk = Desk::contoso();
    desk.oust("release --last --yes")
        .exits(1)
        .says("no runs to give back");
    desk.oust("release r_none --yes")
        .exits(1)
        .says("there is no run r_none");
    desk.oust("release r_none --yes --no-ledger")
        .exits(2)
        .says("reads in the ledger");
    desk.oust("release r_none").exits(2).says("no terminal");
    desk.oust(CONTAIN).exits(0);
    let writes = desk.server.range().journal.writes().len();
    desk.oust(&format!("release --last --yes {LOOKED_AT}"))
        .exits(2)
        .says("nowhere to go")
        .hints("--secrets");
    desk.oust("contain --consent release.00000000").exits(4);
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    db.execute(
        "UPDATE record SET body = replace(body, 'alex', 'ale') WHERE seq = 3",
        [],
    )
    .unwrap();
    drop(db);
    desk.oust(&format!("release --last --yes --password mail {LOOKED_AT}"))
        .exits(3)
        .says("does not verify");
    assert_eq!(desk.server.range().journal.writes().len(), writes);
}
