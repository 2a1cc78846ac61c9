//! A session that began in a browser and was gone on with by a script from elsewhere: what the
//! kits do that stand between a person and the sign-in page.
//!
//! In code, as it asks for two counts of which either will do, and for their order.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, differs, texts};
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};
use crate::model::Utc;

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let roots = Windows::new(WINDOW);
        Box::new(Replay { rule, roots })
    },
};

const WINDOW: Duration = Duration::from_secs(30 * 60);

/// What programs call themselves that no person browses with.
const SCRIPTS: [&str; 8] = [
    "python-requests",
    "curl",
    "httpx",
    "aiohttp",
    "go-http-client",
    "headless",
    "java",
    "okhttp",
];

fn rule() -> Rule {
    Rule {
        id: "9c6cf786-d3aa-4e05-a032-e6bb1367ca38".into(),
        key: "aitm-replay".into(),
        title: "A session was gone on with by a script".into(),
        says: "A session began, and within half an hour events of the same root session came from \
               another address or browser, one of them from a program that is none."
            .into(),
        severity: Severity::High,
        attack: texts(["T1539", "T1550.004"]),
        false_positives: texts(["A program that a person lets use his session"]),
        leads_to: texts(["clear_sessions", "suspend_user", "downstream"]),
        window: Some(WINDOW),
        group: texts(["authenticationContext.rootSessionId", "actor.id"]),
        threshold:
            "a start, then a sign-on evaluation or SSO; at least 2 different client.ipAddress \
                    or client.userAgent.rawUserAgent; at least 1 script"
                .into(),
        kinds: texts([
            "policy.evaluate_sign_on",
            "user.authentication.sso",
            "user.session.start",
        ]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct Replay {
    rule: Arc<Rule>,
    roots: Windows<(String, String), Root>,
}

#[derive(Default)]
struct Root {
    started: Option<(Utc, Mark)>,
    ip: Option<String>,
    agent: Option<String>,
    moved: bool,
    script: bool,
    told: bool,
}

impl Running for Replay {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let Seen { event, kind, now } = seen;
        let is_start = kind == "user.session.start";
        if !is_start && !["policy.evaluate_sign_on", "user.authentication.sso"].contains(&kind) {
            return;
        }
        let (Some(session), Some(actor)) = (event.root_session(), event.actor()) else {
            return;
        };
        let key = (session.to_owned(), actor.to_owned());
        let root = self.roots.of(&key, now);
        if is_start && root.started.is_none() {
            root.started = Some((now, Mark::of(event)));
        }
        let (ip, agent) = (event.ip(), event.agent());
        root.moved |= differs(root.ip.as_deref(), ip) || differs(root.agent.as_deref(), agent);
        root.ip = root.ip.take().or_else(|| ip.map(str::to_owned));
        root.agent = root.agent.take().or_else(|| agent.map(str::to_owned));
        root.script |= agent.is_some_and(is_script);
        let Some((start, mark)) = &root.started else {
            return;
        };
        if is_start || root.told || !root.moved || !root.script || now.since(*start) > WINDOW {
            return;
        }
        root.told = true;
        let group = self.rule.group.iter().cloned();
        found(Hit {
            group: group.zip([key.0, key.1]).collect(),
            ..Hit::of(&self.rule, event, event.published()).after([mark.clone()])
        });
    }

    fn forget(&mut self) {
        self.roots.forget();
    }

    fn held(&self) -> usize {
        self.roots.held()
    }
}

fn is_script(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    SCRIPTS.iter().any(|script| agent.contains(script))
}
