//! A push that a new device at a new address asked for, and that was answered elsewhere, where it
//! is rejected more than a person rejects his own.
//!
//! In code, as it compares two events with each other and weighs how many went well.

use std::sync::Arc;
use std::time::Duration;

use super::push_bombing::is_rejection;
use super::{Native, Running, Seen, Windows, texts};
use crate::evidence::detect::fields::{self, Found};
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};
use crate::evidence::{By, Event};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let sessions = Windows::new(WINDOW);
        Box::new(PushSource { rule, sessions })
    },
};

/// A sign-in takes minutes.
const WINDOW: Duration = Duration::from_secs(60 * 60);

const SENT: &str = "system.push.send_factor_verify_push";
const DENIED: &str = "user.mfa.okta_verify.deny_push";
const ANSWERED: &str = "user.authentication.auth_via_mfa";

fn rule() -> Rule {
    Rule {
        id: "b7eeedf0-2bc2-4798-bee6-a0a4f73f55e4".into(),
        key: "push-source-mismatch".into(),
        title: "Pushes come from elsewhere than they are answered".into(),
        says:
            "In one session a device and an address that Okta has not seen of the person ask for \
               pushes, they are answered from another address, and one was rejected, or fewer than \
               half went well."
                .into(),
        severity: Severity::High,
        attack: texts(["T1621"]),
        false_positives: texts(["A new laptop on a journey, and a phone on a mobile network"]),
        leads_to: texts(["clear_sessions", "suspend_user"]),
        window: Some(WINDOW),
        group: texts(["authenticationContext.externalSessionId", "actor.id"]),
        threshold:
            "a push and its answer from different client.ipAddress; at least 1 rejected, or \
                    fewer than half that went well"
                .into(),
        kinds: texts([SENT, ANSWERED, DENIED]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct PushSource {
    rule: Arc<Rule>,
    sessions: Windows<(String, String), Pushes>,
}

#[derive(Default)]
struct Pushes {
    /// The first that a new device at a new address asked for.
    from: Option<(String, Mark)>,
    sent: usize,
    well: usize,
    rejected: usize,
    elsewhere: bool,
    told: bool,
}

impl Running for PushSource {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let Seen { event, kind, now } = seen;
        if ![SENT, DENIED, ANSWERED].contains(&kind) {
            return;
        }
        let (Some(session), Some(actor)) = (event.key(By::Session), event.actor()) else {
            return;
        };
        let key = (session, actor.to_owned());
        let pushes = self.sessions.of(&key, now);
        if kind == SENT {
            pushes.sent += 1;
            if let Some(ip) = event.ip().filter(|_| is_new(event))
                && pushes.from.is_none()
            {
                pushes.from = Some((ip.to_owned(), Mark::of(event)));
            }
            return;
        }
        let Some((from, mark)) = &pushes.from else {
            return;
        };
        pushes.elsewhere |= event.ip().is_some_and(|ip| ip != from);
        if kind == DENIED || is_rejection(event) {
            pushes.rejected += 1;
        } else if event.0["outcome"]["result"] == "SUCCESS" {
            pushes.well += 1;
        }
        let odd = pushes.rejected > 0 || pushes.well * 2 < pushes.sent;
        if pushes.told || !pushes.elsewhere || !odd {
            return;
        }
        pushes.told = true;
        let group = self.rule.group.iter().cloned();
        found(Hit {
            group: group.zip([key.0, key.1]).collect(),
            ..Hit::of(&self.rule, event, event.published()).after([mark.clone()])
        });
    }

    fn forget(&mut self) {
        self.sessions.forget();
    }

    fn held(&self) -> usize {
        self.sessions.held()
    }
}

/// Whether device and address are new.
fn is_new(event: Event<'_>) -> bool {
    let has = |text: &str| text.contains("New Device=POSITIVE") && text.contains("New IP=POSITIVE");
    match fields::find(event.0, "debugContext.debugData.behaviors") {
        Some(Found::One(value)) => value.as_str().is_some_and(has),
        Some(Found::Made(text)) => has(&text),
        _ => false,
    }
}
