//! An app is opened by a device that Okta does not know and a browser that the person was not seen
//! with.
//!
//! In code, as "not seen" needs a memory. It is that of the watch: somebody of whom nothing was
//! seen before is not told of, so the beginning of a log tells nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, texts};
use crate::evidence::detect::fields;
use crate::evidence::detect::hit::{Hit, user_acting};
use crate::evidence::detect::rule::{Origin, Rule, Severity};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let people = Windows::new(WINDOW);
        Box::new(AgentNew { rule, people })
    },
};

const WINDOW: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Browsers remembered of one person; who has more has no habit.
const AGENTS_MAX: usize = 32;

const KIND: &str = "user.authentication.sso";

fn rule() -> Rule {
    Rule {
        id: "e3a99638-f8f5-456c-98f8-6929aa6777e0".into(),
        key: "sso-unknown-device".into(),
        title: "An app was opened by an unknown device".into(),
        says:
            "An app was opened by a device that Okta does not know, and by a user agent that the \
               person was not seen with for two weeks, or since the watch began."
                .into(),
        severity: Severity::Medium,
        attack: texts(["T1539", "T1078.004"]),
        false_positives: texts(["A new browser, or one that was updated"]),
        leads_to: texts(["confirm_first", "clear_sessions", "downstream"]),
        window: Some(WINDOW),
        group: texts(["actor.id", "client.userAgent.rawUserAgent"]),
        threshold: "client.device unknown, and another user agent was seen before".into(),
        kinds: texts([KIND]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct AgentNew {
    rule: Arc<Rule>,
    people: Windows<String, HashSet<String>>,
}

impl Running for AgentNew {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let event = seen.event;
        if seen.kind != KIND || event.0["outcome"]["result"] != "SUCCESS" {
            return;
        }
        let (Some(user), Some(agent)) = (user_acting(event), event.agent()) else {
            return;
        };
        let agents = self.people.of(user, seen.now);
        if agents.contains(agent) || agents.len() >= AGENTS_MAX {
            return;
        }
        let known = !agents.is_empty();
        agents.insert(agent.to_owned());
        if known && fields::is_nothing(&event.0["client"]["device"]) {
            let group = self.rule.group.iter().cloned();
            found(Hit {
                group: group.zip([user, agent].map(str::to_owned)).collect(),
                ..Hit::of(&self.rule, event, event.published())
            });
        }
    }

    fn forget(&mut self) {
        self.people.forget();
    }

    fn held(&self) -> usize {
        self.people.held()
    }
}
