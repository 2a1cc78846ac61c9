//! One session that is used from two networks, or by two browsers: its cookie was stolen.
//!
//! In code, as a correlation recounts its whole window at every event, and this one counts nearly
//! every event of a day. Remembered of a session: the first network and agent it was seen with.
//! What is left out comes from elsewhere by design: a push is answered on the person's phone.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, differs, texts};
use crate::evidence::By;
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let sessions = Windows::new(WINDOW);
        Box::new(Session { rule, sessions })
    },
};

/// Okta's sessions live no longer than this unused, in most orgs much shorter.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

const NOT: [&str; 4] = [
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
    "user.session.clear",
    "user.session.end",
];

fn rule() -> Rule {
    Rule {
        id: "f680ff25-9bf1-4108-936e-13cff2d02856".into(),
        key: "session-asn-or-ua-change".into(),
        title: "A session changed its network or its browser".into(),
        says: "Two events of one session with different AS numbers, or different user agents."
            .into(),
        severity: Severity::High,
        attack: texts(["T1528", "T1539"]),
        false_positives: texts([
            "A VPN that is switched on or off",
            "Mobile networks",
            "A browser that was updated",
        ]),
        leads_to: texts(["clear_sessions", "suspend_user", "downstream"]),
        window: Some(WINDOW),
        group: texts(["authenticationContext.externalSessionId"]),
        threshold:
            "at least 2 different securityContext.asNumber, or client.userAgent.rawUserAgent".into(),
        kinds: Vec::new(),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct Session {
    rule: Arc<Rule>,
    sessions: Windows<String, Known>,
}

#[derive(Default)]
struct Known {
    asn: Option<String>,
    agent: Option<String>,
    first: Mark,
    told: bool,
}

impl Running for Session {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let Seen { event, kind, now } = seen;
        if NOT.contains(&kind) {
            return;
        }
        let Some(session) = event.key(By::Session) else {
            return;
        };
        let known = self.sessions.of(session.as_str(), now);
        if known.told {
            return;
        }
        let asn = event.key(By::Asn);
        let agent = event.agent();
        let other_asn = differs(known.asn.as_deref(), asn.as_deref());
        let other_agent = differs(known.agent.as_deref(), agent);
        if other_asn || other_agent {
            known.told = true;
            let first = std::mem::take(&mut known.first);
            found(Hit {
                group: vec![(self.rule.group[0].clone(), session)],
                ..Hit::of(&self.rule, event, event.published()).after([first])
            });
            return;
        }
        if known.first == Mark::default() {
            known.first = Mark::of(event);
        }
        if known.asn.is_none() {
            known.asn = asn;
        }
        if known.agent.is_none() {
            known.agent = agent.map(str::to_owned);
        }
    }

    fn forget(&mut self) {
        self.sessions.forget();
    }

    fn held(&self) -> usize {
        self.sessions.held()
    }
}
