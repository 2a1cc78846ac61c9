//! Every write that a playbook of ours sends, against everything that can happen to a write.

use oust_mocks::okta::Okta;
use oust_mocks::world::{AD_AGENT, ALEX};
use oust_mocks::{Attacker, World};

use super::cell::{ALEX_LOGIN, How, Place, Seen, run};
use super::faults::OF_WRITES;
use crate::lab::NOON;

/// For the two actions that no shipped playbook has.
const DEACTIVATE: &str = "playbook: oust/v1
name: ours
stages:
  - name: evict
    steps:
      - okta.clear_sessions
      - okta.deactivate_user
      - okta.clear_sessions
";

const RESET: &str = "playbook: oust/v1
name: ours
stages:
  - name: evict
    steps:
      - okta.clear_sessions
      - okta.suspend_user
      - okta.clear_sessions
      - okta.reset_factors
      - okta.revoke_api_tokens: { select: all }
      - okta.revoke_oauth_grants: { select: all }
";

const UNLOCK: &str = "playbook: oust/v1
name: ours
stages:
  - name: evict
    steps:
      - okta.clear_sessions
      - okta.suspend_user: { if_locked_out: unlock }
      - okta.clear_sessions
";

/// Suspending ends no session here, so that a clear that does nothing shows.
pub(super) fn contoso() -> World {
    World::contoso(NOON).suspend_keeps_sessions()
}

pub(super) fn locked_out() -> World {
    contoso().status(ALEX_LOGIN, "LOCKED_OUT")
}

pub(super) fn besieged() -> World {
    contoso().attacker(Attacker::new(ALEX, 25))
}

pub(super) fn without_agents() -> World {
    contoso().with(|okta| {
        okta.api_tokens.remove(AD_AGENT);
        okta.agents.clear();
    })
}

pub(super) fn with_a_code() -> World {
    contoso().planted_tac(ALEX_LOGIN)
}

/// Out, and nothing left of the intruder's.
pub(super) fn clean(okta: &Okta) -> Result<(), String> {
    out(okta)?;
    let holds = okta.attacker_holds(ALEX);
    if holds.is_empty() {
        Ok(())
    } else {
        Err(format!("the intruder holds {holds:?}"))
    }
}

/// Out, whatever sleeps.
pub(super) fn out(okta: &Okta) -> Result<(), String> {
    if okta.is_contained(ALEX) {
        Ok(())
    } else {
        Err("the account is not contained".into())
    }
}

/// Signed out of everything; the account itself stays open.
pub(super) fn signed_out(okta: &Okta) -> Result<(), String> {
    let holds = okta.attacker_holds(ALEX);
    let live: Vec<&String> = holds.iter().filter(|each| !each.starts_with("factor")).collect();
    if live.is_empty() {
        Ok(())
    } else {
        Err(format!("the intruder holds {live:?}"))
    }
}

const fn place(name: &'static str, method: &'static str, path: &'static str) -> Place {
    Place {
        name,
        playbook: "account-takeover",
        world: contoso,
        method,
        path,
        but_not: &[],
        from: 1,
        truth: clean,
    }
}

fn places() -> Vec<Place> {
    let first = place("clear_sessions, first", "DELETE", "/sessions");
    let last = Place { name: "clear_sessions, last", from: 2, ..first };
    let suspend = place("suspend_user", "POST", "/lifecycle/suspend");
    vec![
        first,
        last,
        Place { name: "clear_sessions, first, besieged", world: besieged, ..first },
        Place { name: "clear_sessions, last, besieged", world: besieged, ..last },
        Place { name: "clear_sessions, session-hijack, first", playbook: "session-hijack", truth: signed_out, ..first },
        Place { name: "clear_sessions, session-hijack, last", playbook: "session-hijack", truth: signed_out, ..last },
        Place { name: "clear_sessions, evict-only, last", playbook: "evict-only", truth: out, ..last },
        suspend,
        Place { name: "suspend_user, besieged", world: besieged, ..suspend },
        Place { name: "suspend_user, factor-tampering", playbook: "factor-tampering", ..suspend },
        Place { name: "quarantine_user", world: locked_out, ..place("", "PUT", "/groups/") },
        Place { name: "unlock, then suspend", playbook: UNLOCK, world: locked_out, truth: out, ..place("", "POST", "/lifecycle/unlock") },
        Place { name: "universal_logout", world: without_agents, ..place("", "POST", "/oauth2/v1/global-token-revocation") },
        place("delete_factors", "DELETE", "/factors/"),
        Place { name: "delete_factors, the ones that go along", from: 2, ..place("", "DELETE", "/factors/") },
        Place { name: "delete_factors, an enrolment", world: with_a_code, ..place("", "DELETE", "/authenticator-enrollments/") },
        place("revoke_api_tokens, first", "DELETE", "/api-tokens/"),
        Place { name: "revoke_api_tokens, again", from: 2, ..place("", "DELETE", "/api-tokens/") },
        place("revoke_oauth_grants, tokens", "DELETE", "/tokens"),
        place("revoke_oauth_grants, consents", "DELETE", "/grants"),
        Place { name: "deactivate_user", playbook: DEACTIVATE, truth: out, ..place("", "POST", "/lifecycle/deactivate") },
        Place { name: "reset_factors", playbook: RESET, ..place("", "POST", "/lifecycle/reset_factors") },
    ]
}

#[test]
fn explore_writes() {
    for how in [How::Once, How::ForGood] {
        for place in places().into_iter().filter(|p| std::env::var("P").map_or(true, |only| p.name.contains(&only))) {
            let base = run(&place, None);
            println!("=== {} ({how}); baseline {} {:?} truth {:?} touched {:?}", place.name, base.word(), base.took, base.truth, base.touched);
            for trouble in OF_WRITES {
                let seen = run(&place, Some((trouble.kind, how)));
                let most = seen.writes.values().max().unwrap();
                println!("  {:22} {:14} {} shown {:3} took {:9.3} most {most} {} {}", trouble.kind, seen.word(),
                    if seen.truth.is_ok() {"true "} else {"FALSE"}, seen.shown, seen.took.as_secs_f64(),
                    if seen.verdict() == Some(oust::model::Verdict::Contained) && seen.truth.is_err() {format!("LIES {:?}", seen.truth)} else {String::new()},
                    story(&seen));
            }
        }
    }
}

fn story(seen: &Seen) -> String {
    let Some(state) = &seen.state else { return seen.no_plan.clone().unwrap_or_default() };
    let mut text = String::new();
    for each in state.in_order() {
        if each.is_proven() { continue; }
        text += &format!("[{} x{} {:?} {:?}]", each.change.action.verb(), each.attempts, each.outcome.as_ref().map(|o| &o.kind), each.proof.as_ref().map(|p| (p.state, &p.how)));
    }
    for (k, s) in &state.skipped { if !s.is_closed() { text += &format!("[skip {} {:?}]", k.0, s); } }
    text.chars().take(420).collect()
}
