//! Pushes that were rejected again and again, and then a sign-in: the person gave in.
//!
//! In code, as half of all events are such a sign-in, and a correlation would keep a window for
//! each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, texts};
use crate::evidence::Event;
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};
use crate::model::Utc;

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let actors = Windows::new(WINDOW);
        Box::new(PushBombing { rule, actors })
    },
};

const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Pushes that somebody rejects before he gives in.
const REJECTED: usize = 5;

const DENIED: &str = "user.mfa.okta_verify.deny_push";
const BY_MFA: &str = "user.authentication.auth_via_mfa";

const WELL: [&str; 4] = [
    BY_MFA,
    "user.authentication.sso",
    "user.authentication.verify",
    "user.session.start",
];

fn rule() -> Rule {
    Rule {
        id: "0358dde6-a146-4fe1-ad56-c984b8378192".into(),
        key: "push-bombing-success".into(),
        title: "A person rejected push after push, and then gave in".into(),
        says:
            "Five rejected pushes of one person within ten minutes, and then a sign-in that went \
               well."
                .into(),
        severity: Severity::High,
        attack: texts(["T1621"]),
        false_positives: texts(["A person who mistook his own pushes for somebody else's"]),
        leads_to: texts(["clear_sessions", "suspend_user", "reset_password"]),
        window: Some(WINDOW),
        group: texts(["actor.id"]),
        threshold: "at least 5 rejected pushes, then a sign-in".into(),
        kinds: texts([DENIED, WELL[0], WELL[1], WELL[2], WELL[3]]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct PushBombing {
    rule: Arc<Rule>,
    actors: Windows<String, VecDeque<(Utc, Mark)>>,
}

impl Running for PushBombing {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let Seen { event, kind, now } = seen;
        let rejected = kind == DENIED || kind == BY_MFA && is_rejection(event);
        if !rejected && (!WELL.contains(&kind) || event.0["outcome"]["result"] != "SUCCESS") {
            return;
        }
        let Some(actor) = event.actor() else {
            return;
        };
        if rejected {
            let pushes = self.actors.of(actor, now);
            pushes.push_back((now, Mark::of(event)));
            if pushes.len() > REJECTED {
                pushes.pop_front();
            }
            return;
        }
        let full = |pushes: &VecDeque<(Utc, Mark)>| {
            let first = pushes.front();
            pushes.len() == REJECTED && first.is_some_and(|(at, _)| now.since(*at) <= WINDOW)
        };
        if self.actors.peek(actor, now).is_some_and(full) {
            let pushes = std::mem::take(self.actors.of(actor, now));
            let before = pushes.into_iter().map(|(_, mark)| mark);
            found(Hit {
                group: vec![(self.rule.group[0].clone(), actor.to_owned())],
                ..Hit::of(&self.rule, event, event.published()).after(before)
            });
        }
    }

    fn forget(&mut self) {
        self.actors.forget();
    }

    fn held(&self) -> usize {
        self.actors.held()
    }
}

/// A push that was answered with no.
pub(super) fn is_rejection(event: Event<'_>) -> bool {
    let reason = event.0["outcome"]["reason"].as_str().unwrap_or_default();
    event.0["debugContext"]["debugData"]["factor"] == "OKTA_VERIFY_PUSH"
        && event.0["outcome"]["result"] == "FAILURE"
        && reason.contains("INVALID_CREDENTIALS")
}
