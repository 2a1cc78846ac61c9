//! Every write that a playbook of ours sends, against everything that can happen to a write.

use std::sync::OnceLock;

use oust_mocks::okta::Okta;
use oust_mocks::world::{AD_AGENT, ALEX};
use oust_mocks::{Attacker, World};

use super::cell::{ALEX_LOGIN, How, Place, run};
use super::faults::OF_WRITES;
use super::oracle::{Exception, Table};
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

/// Without the person that the shipped stage asks.
const TAKE_BACK: &str = "playbook: oust/v1
name: ours
stages:
  - name: evict
    steps:
      - okta.suspend_user
      - okta.clear_sessions
      - okta.remove_admin_roles: { select: all }
      - okta.remove_group_memberships: { select: all }
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
///
/// Of what alex holds himself only a little is kept: a thousand incidents are read through.
pub(super) fn contoso() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = || {
        let world = World::contoso(NOON).suspend_keeps_sessions();
        world.user(ALEX_LOGIN, |alex| {
            let (mut tokens, mut grants) = (0, 0);
            alex.tokens.retain(|_, token| {
                tokens += 1;
                token.intruder || tokens % 10 == 0
            });
            alex.grants.retain(|_, grant| {
                grants += 1;
                grant.intruder || grants % 10 == 0
            });
        })
    };
    WORLD.get_or_init(world).clone()
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
    let live: Vec<&String> = holds
        .iter()
        .filter(|each| !each.starts_with("factor"))
        .collect();
    if live.is_empty() {
        Ok(())
    } else {
        Err(format!("the intruder holds {live:?}"))
    }
}

/// Out, without a role, and in no group that anybody manages.
fn without_rights(okta: &Okta) -> Result<(), String> {
    out(okta)?;
    let alex = okta.user(ALEX).unwrap();
    let managed = |group: &&String| okta.groups[*group].kind == "OKTA_GROUP";
    let groups: Vec<&String> = alex.groups.iter().filter(managed).collect();
    if alex.roles.is_empty() && groups.is_empty() {
        Ok(())
    } else {
        Err(format!("{:?} and {groups:?} are left", alex.roles))
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
    let last = Place {
        name: "clear_sessions, last",
        from: 2,
        ..first
    };
    let suspend = place("suspend_user", "POST", "/lifecycle/suspend");
    vec![
        first,
        last,
        Place {
            name: "clear_sessions, first, besieged",
            world: besieged,
            ..first
        },
        Place {
            name: "clear_sessions, last, besieged",
            world: besieged,
            ..last
        },
        Place {
            name: "clear_sessions, session-hijack, first",
            playbook: "session-hijack",
            truth: signed_out,
            ..first
        },
        Place {
            name: "clear_sessions, session-hijack, last",
            playbook: "session-hijack",
            truth: signed_out,
            ..last
        },
        Place {
            name: "clear_sessions, evict-only, last",
            playbook: "evict-only",
            truth: out,
            ..last
        },
        suspend,
        Place {
            name: "suspend_user, besieged",
            world: besieged,
            ..suspend
        },
        Place {
            name: "suspend_user, factor-tampering",
            playbook: "factor-tampering",
            ..suspend
        },
        Place {
            name: "quarantine_user",
            world: locked_out,
            ..place("", "PUT", "/groups/")
        },
        Place {
            name: "unlock, then suspend",
            playbook: UNLOCK,
            world: locked_out,
            truth: out,
            ..place("", "POST", "/lifecycle/unlock")
        },
        Place {
            name: "universal_logout",
            world: without_agents,
            ..place("", "POST", "/oauth2/v1/global-token-revocation")
        },
        place("delete_factors", "DELETE", "/factors/"),
        Place {
            name: "delete_factors, the ones that go along",
            from: 2,
            ..place("", "DELETE", "/factors/")
        },
        Place {
            name: "delete_factors, an enrolment",
            world: with_a_code,
            ..place("", "DELETE", "/authenticator-enrollments/")
        },
        place("revoke_api_tokens, first", "DELETE", "/api-tokens/"),
        Place {
            name: "revoke_api_tokens, again",
            from: 2,
            ..place("", "DELETE", "/api-tokens/")
        },
        place("revoke_oauth_grants, tokens", "DELETE", "/tokens"),
        place("revoke_oauth_grants, consents", "DELETE", "/grants"),
        Place {
            name: "deactivate_user",
            playbook: DEACTIVATE,
            truth: out,
            ..place("", "POST", "/lifecycle/deactivate")
        },
        Place {
            name: "reset_factors",
            playbook: RESET,
            ..place("", "POST", "/lifecycle/reset_factors")
        },
        Place {
            name: "remove_admin_roles",
            playbook: TAKE_BACK,
            truth: without_rights,
            ..place("", "DELETE", "/roles/")
        },
        Place {
            name: "remove_group_memberships",
            playbook: TAKE_BACK,
            truth: without_rights,
            ..place("", "DELETE", "/groups/")
        },
    ]
}

/// Faults after which Okta's answer is gone although the effect is there.
const AFTER_THE_EFFECT: &[&str] = &[
    "timeout_after",
    "cut_after_effect",
    "reset_mid_body",
    "truncated_json",
];

/// Calls that prove nothing by themselves: the change has another call behind them, which a cut
/// kept from being sent, so that both are sent again.
const HALF_A_CHANGE: &[&str] = &["unlock, then suspend", "revoke_oauth_grants, tokens"];

/// For good: what ends `contained` and is not so. Okta lists no sessions, so that a 204 whose
/// event never comes cannot be told from one whose event is late; it counts as unproven.
const UNPROVEN_AND_UNTRUE: &[Exception] = &[
    Exception {
        place: "clear_sessions, first",
        kind: "lie_ok",
        why: "told as unproven",
    },
    Exception {
        place: "clear_sessions, first",
        kind: "oversized_body",
        why: "told as unproven",
    },
];

#[test]
fn a_write_that_meets_trouble_once() {
    let mut told = Table::new(How::Once);
    for place in places() {
        let base = run(&place, None);
        told.baseline(&place, &base);
        for trouble in OF_WRITES {
            let seen = run(&place, Some((trouble.kind, How::Once)));
            told.judge(&place, trouble, &seen, &base);
            let whole = !HALF_A_CHANGE.contains(&place.name);
            if whole && AFTER_THE_EFFECT.contains(&trouble.kind) {
                told.sent_no_more_often(&place, trouble, &seen, &base);
            }
        }
    }
    told.end(&[]);
}

#[test]
fn a_write_that_meets_trouble_for_good() {
    let mut told = Table::new(How::ForGood);
    for place in places() {
        let base = run(&place, None);
        for trouble in OF_WRITES {
            let seen = run(&place, Some((trouble.kind, How::ForGood)));
            told.judge(&place, trouble, &seen, &base);
        }
    }
    told.end(UNPROVEN_AND_UNTRUE);
}
