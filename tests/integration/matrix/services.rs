//! Every write that a playbook of ours sends to the services behind Okta, against everything that
//! can happen to a write.
//!
//! What is said of each fault is told in the services' own stories; here it is asked that a next
//! step stands behind every failure, and that nobody is called contained who is not.

use std::collections::BTreeSet;

use oust_mocks::{Range, World};

use super::cell::{ALEX_LOGIN, How, Place, run};
use super::faults::{OF_WRITES, Trouble};
use super::oracle::{Exception, Table};
use super::writes;
use crate::lab::services::{furnished, service, services};

/// For the actions that no shipped playbook has.
const SHUT: &str = "playbook: oust/v1
name: ours
stages:
  - name: evict
    steps:
      - okta.clear_sessions
      - okta.suspend_user
      - okta.clear_sessions
  - name: downstream
    after: evict
    order: parallel
    steps:
      - m365.disable_account
      - google.suspend_user
      - slack.deactivate_user
      - github.remove_member
";

fn contoso() -> World {
    furnished(writes::contoso())
}

/// Out everywhere, and nothing left of the intruder's.
fn clean(range: &Range) -> Result<(), String> {
    writes::clean(range)?;
    match &range.holds(ALEX_LOGIN)[..] {
        [] => Ok(()),
        holds => Err(format!("the intruder holds {holds:?}")),
    }
}

/// The account is shut at every service.
fn shut(range: &Range) -> Result<(), String> {
    let id = |vendor: &str| (service(vendor).id)(ALEX_LOGIN);
    let open = [
        ("m365", range.m365.users[&id("m365")].account_enabled),
        ("google", !range.google.users[&id("google")].suspended),
        ("slack", range.slack.members[&id("slack")].active),
        ("github", is_member(range)),
    ];
    let open: Vec<&str> = open
        .iter()
        .filter(|(_, open)| *open)
        .map(|(vendor, _)| *vendor)
        .collect();
    if open.is_empty() {
        writes::out(range)
    } else {
        Err(format!("the account is open at {open:?}"))
    }
}

fn is_member(range: &Range) -> bool {
    let person = range.github.person(ALEX_LOGIN);
    person.is_some_and(|person| person.membership.is_some())
}

/// A verb, and the call of it that meets the fault.
struct Write {
    verb: &'static str,
    place: Place,
}

const fn write(
    at: &'static str,
    verb: &'static str,
    name: &'static str,
    method: &'static str,
    path: &'static str,
) -> Write {
    Write {
        verb,
        place: Place {
            name,
            at,
            playbook: "account-takeover",
            world: contoso,
            method,
            path,
            but_not: &[],
            from: 1,
            truth: clean,
        },
    }
}

const fn last(mut write: Write) -> Write {
    write.place.from = 2;
    write
}

const fn shutting(mut write: Write) -> Write {
    write.place.playbook = SHUT;
    write.place.truth = shut;
    write
}

#[rustfmt::skip]
const WRITES: &[Write] = &[
    write("m365", "revoke_sessions", "m365.revoke_sessions", "POST", "/revokeSignInSessions"),
    write("m365", "delete_auth_methods", "m365.delete_auth_methods", "DELETE", "/authentication/"),
    write("m365", "revoke_consents", "m365.revoke_consents", "DELETE", "/oauth2PermissionGrants/"),
    write("m365", "disable_inbox_rules", "m365.disable_inbox_rules", "PATCH", "/messageRules/"),
    shutting(write("m365", "disable_account", "m365.disable_account", "PATCH", "/users/")),
    write("google", "sign_out", "google.sign_out, first", "POST", "/signOut"),
    last(write("google", "sign_out", "google.sign_out, last", "POST", "/signOut")),
    write("google", "revoke_tokens", "google.revoke_tokens", "DELETE", "/tokens/"),
    write("google", "delete_app_passwords", "google.delete_app_passwords", "DELETE", "/asps/"),
    write("google", "invalidate_backup_codes", "google.invalidate_backup_codes", "POST", "/invalidate"),
    shutting(write("google", "suspend_user", "google.suspend_user", "PUT", "/users/")),
    write("salesforce", "freeze_user", "salesforce.freeze_user", "PATCH", "/UserLogin/"),
    write("salesforce", "revoke_oauth_tokens", "salesforce.revoke_oauth_tokens", "POST", "/oauth2/revoke"),
    write("salesforce", "delete_sessions", "salesforce.delete_sessions", "DELETE", "/AuthSession/"),
    write("slack", "reset_sessions", "slack.reset_sessions", "POST", "admin.users.session.reset"),
    shutting(write("slack", "deactivate_user", "slack.deactivate_user", "PATCH", "/Users/")),
    write("github", "revoke_credentials", "github.revoke_credentials", "POST", "/revoke"),
    write("github", "revoke_fine_grained_tokens", "github.revoke_fine_grained_tokens", "POST", "/personal-access-tokens"),
    write("gtr", "revoke", "gtr.revoke", "POST", "/global-token-revocation"),
    write("aws", "deny_sessions", "aws.deny_sessions", "POST", "/PutRolePolicy"),
    shutting(write("github", "remove_member", "github.remove_member", "DELETE", "/memberships/")),
];

/// What `release` sends, and nothing else.
const INVERSES: &[&str] = &[
    "enable_account",
    "enable_inbox_rule",
    "unsuspend_user",
    "unfreeze_user",
    "reactivate_user",
    "invite_member",
    "unsuspend_managed_user",
    "allow_sessions",
    "unblock_identity_center_user",
];

/// What takes another credential than the one that the services are opened with: an owner's of an
/// enterprise; and an organisation's Identity Center. Their stories are GitHub's and AWS's own.
const ELSEWHERE: &[&str] = &["suspend_managed_user", "block_identity_center_user"];

/// Google lists neither sessions nor codes (in a way that we would use), and a revocation endpoint
/// lists nothing: a yes without effect is told as unproven, and may be untrue.
const fn blind(place: &'static str, kind: &'static str) -> Exception {
    let why = "told as unproven";
    Exception { place, kind, why }
}

/// Microsoft's replicas lag, so that a yes without effect stays pending for minutes and is then
/// told as open: nobody knows whether it was sent in vain.
const fn pending(kind: &'static str) -> Exception {
    let why = "told as open after five minutes";
    Exception {
        place: "m365.revoke_sessions",
        kind,
        why,
    }
}

/// GitHub queues: a yes without effect looks like one that is not carried out yet.
const fn queued(place: &'static str) -> Exception {
    let why = "told as open after ten minutes";
    Exception {
        place,
        kind: "lie_ok",
        why,
    }
}

/// Once: what ends otherwise than contained and out.
const ONCE: &[Exception] = &[
    blind("google.invalidate_backup_codes", "lie_ok"),
    blind("google.invalidate_backup_codes", "oversized_body"),
    blind("gtr.revoke", "lie_ok"),
    pending("lie_ok"),
    pending("oversized_body"),
    pending("clock_skew:600000"),
    queued("github.revoke_credentials"),
    queued("github.revoke_fine_grained_tokens"),
];

/// For good: what ends `contained` and is not so.
const FOR_GOOD: &[Exception] = &[
    blind("google.sign_out, first", "lie_ok"),
    blind("google.sign_out, first", "oversized_body"),
    blind("google.invalidate_backup_codes", "lie_ok"),
    blind("google.invalidate_backup_codes", "oversized_body"),
    blind("gtr.revoke", "lie_ok"),
];

#[test]
fn every_write_verb_of_a_service_has_its_row() {
    let vendors =
        oust::connectors::vendors().filter(|vendor| !["okta", "caep"].contains(&vendor.id));
    let declared: BTreeSet<(&str, &str)> = vendors
        .flat_map(|vendor| {
            let actions = vendor.actions.iter();
            actions.map(move |action| (vendor.id, action.verb))
        })
        .filter(|(_, verb)| !INVERSES.contains(verb) && !ELSEWHERE.contains(verb))
        .collect();
    let rows: BTreeSet<(&str, &str)> = WRITES
        .iter()
        .map(|write| (write.place.at, write.verb))
        .collect();
    assert_eq!(rows, declared);
    assert!(services().all(|each| rows.iter().any(|(at, _)| *at == each.vendor)));
}

#[test]
fn a_write_at_a_service_that_meets_trouble_once() {
    all(How::Once).end(ONCE);
}

#[test]
fn a_write_at_a_service_that_meets_trouble_for_good() {
    all(How::ForGood).end(FOR_GOOD);
}

fn all(how: How) -> Table {
    let mut told = Table::new(how);
    for Write { place, .. } in WRITES {
        let base = run(place, None);
        told.baseline(place, &base);
        for trouble in OF_WRITES {
            let trouble = Trouble {
                kind: trouble.kind,
                said: &[],
            };
            let seen = run(place, Some((trouble.kind, how)));
            told.judge(place, &trouble, &seen, &base);
        }
    }
    told
}
