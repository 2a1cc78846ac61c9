//! A sign-in that went well soon after an attack on the same account, or from the address that
//! Okta saw attack.
//!
//! In code, as it goes on from what other detections found.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, texts};
use crate::evidence::detect::hit::{Hit, Mark, user_acting};
use crate::evidence::detect::rule::{Origin, Rule, Severity};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let attacked = Windows::new(WINDOW);
        Box::new(Attacked { rule, attacked })
    },
};

const WINDOW: Duration = Duration::from_secs(180 * 60);

const THREAT: &str = "security.threat.detected";
const START: &str = "user.session.start";

/// Detections that are an attack on an account.
const ATTACKS: [&str; 4] = [
    "mfa-abandoned",
    "mfa-abandoned-proxy",
    "mfa-abandoned-spray",
    "mfa-failures",
];

fn rule() -> Rule {
    Rule {
        id: "f0815fc0-8eec-4e31-897e-b72d4b4ac159".into(),
        key: "login-after-attack".into(),
        title: "A sign-in went well after an attack".into(),
        says: "A session began within three hours of failed or abandoned second factors of the same \
               person that another detection told, or from an address that ThreatInsight saw attack."
            .into(),
        severity: Severity::High,
        attack: texts(["T1110", "T1078.004"]),
        false_positives: texts([
            "The person himself, who signs in while he is attacked",
            "An address that many share",
        ]),
        leads_to: texts(["clear_sessions", "suspend_user", "reset_password"]),
        window: Some(WINDOW),
        group: texts(["actor.id or client.ipAddress"]),
        threshold: "an attack, then a session".into(),
        kinds: texts([THREAT, "user.authentication.auth_via_mfa", START]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct Attacked {
    rule: Arc<Rule>,
    /// What was attacked or attacks: an account's id or an address.
    attacked: Windows<String, Option<Mark>>,
}

impl Running for Attacked {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let Seen { event, kind, now } = seen;
        if kind == THREAT {
            if let Some(ip) = event.ip() {
                *self.attacked.of(ip, now) = Some(Mark::of(event));
            }
            return;
        }
        if kind != START || event.0["outcome"]["result"] != "SUCCESS" {
            return;
        }
        let Some(user) = user_acting(event) else {
            return;
        };
        for key in std::iter::once(user).chain(event.ip()) {
            let Some(Some(mark)) = self.attacked.peek(key, now) else {
                continue;
            };
            let mark = mark.clone();
            found(Hit {
                group: vec![(self.rule.group[0].clone(), key.to_owned())],
                ..Hit::of(&self.rule, event, event.published()).after([mark])
            });
            return;
        }
    }

    fn heard(&mut self, hit: &Hit, seen: Seen<'_>, _found: &mut dyn FnMut(Hit)) {
        if !ATTACKS.contains(&hit.rule.key.as_str()) {
            return;
        }
        for user in hit.users() {
            *self.attacked.of(user, seen.now) = Some(Mark::of(seen.event));
        }
    }

    fn forget(&mut self) {
        self.attacked.forget();
    }

    fn held(&self) -> usize {
        self.attacked.held()
    }
}
