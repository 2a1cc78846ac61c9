//! Every read that plan and proof need, against everything that can happen to a read.

use super::cell::{How, Place, run};
use super::faults::OF_READS;
use super::oracle::Table;
use super::writes::{clean, contoso, locked_out};

/// Alex by his id, and nothing below it.
const BY_ID: &str = "/users/00ujkPI1q4Pa7UeFg5d7";
const BELOW_IT: &str = "/users/00ujkPI1q4Pa7UeFg5d7/";

const LOG: &str = "the System Log";

const fn place(name: &'static str, path: &'static str) -> Place {
    Place {
        name,
        at: "",
        playbook: "account-takeover",
        world: contoso,
        method: "GET",
        path,
        but_not: &[],
        from: 1,
        truth: clean,
    }
}

#[rustfmt::skip]
fn places() -> Vec<Place> {
    vec![
        place("the org", "/.well-known/okta-organization"),
        place("whose token is ours", "/users/me"),
        place("the administrators", "/iam/assignees/users"),
        place("the account by login", "/users/alex@"),
        Place { but_not: &[BELOW_IT], ..place("the account's status", BY_ID) },
        place("roles", "/roles"),
        place("factors", "/factors"),
        place("enrolments", "/authenticator-enrollments"),
        Place { but_not: &["/api-tokens/"], ..place("API tokens", "/api-tokens") },
        place("one API token", "/api-tokens/"),
        Place { but_not: &["/clients/"], ..place("clients", "/clients") },
        Place { but_not: &["/clients/"], ..place("consents", "/grants") },
        place("a client's refresh tokens", "/tokens"),
        place("a client's consents", "/clients/0oaMailSyncPro00005d7/grants"),
        Place { world: locked_out, ..place("groups, for the quarantine", "/groups") },
        place(LOG, "/api/v1/logs"),
    ]
}

#[test]
fn a_read_that_meets_trouble_once() {
    all(How::Once).end(&[]);
}

#[test]
fn a_read_that_meets_trouble_for_good() {
    all(How::ForGood).end(&[]);
}

fn all(how: How) -> Table {
    let mut told = Table::new(how);
    for place in places() {
        let base = run(&place, None);
        told.baseline(&place, &base);
        for trouble in OF_READS {
            // A page of the log may be larger than what the mock makes oversized.
            if place.name == LOG && trouble.kind == "oversized_body" {
                continue;
            }
            let seen = run(&place, Some((trouble.kind, how)));
            told.judge(&place, trouble, &seen, &base);
        }
    }
    told
}
