//! A session whose address and browser both changed, where the browser did not just update.
//!
//! In code, as it compares texts by how like they are.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, texts};
use crate::evidence::By;
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let sessions = Windows::new(WINDOW);
        Box::new(Stolen { rule, sessions })
    },
};

const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// So like are a browser and its update.
const LIKE: f64 = 0.95;

/// Characters of a browser's name that are compared.
const AGENT_MAX: usize = 256;

const KINDS: [&str; 2] = ["user.authentication.sso", "user.session.start"];

fn rule() -> Rule {
    Rule {
        id: "45b114ca-5819-41cd-85f9-1d23f5d5f48e".into(),
        key: "stolen-session".into(),
        title: "A session is used from another address by another browser".into(),
        says:
            "A session with its device token is seen at an address other than the first, and the \
               user agent is less than 95 % like the first."
                .into(),
        severity: Severity::High,
        attack: texts(["T1539"]),
        false_positives: texts(["A browser that names itself anew, on a journey"]),
        leads_to: texts(["clear_sessions", "suspend_user", "downstream"]),
        window: Some(WINDOW),
        group: texts([
            "authenticationContext.externalSessionId",
            "debugContext.debugData.dtHash",
        ]),
        threshold: "another client.ipAddress, and another client.userAgent.rawUserAgent".into(),
        kinds: texts(KINDS),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct Stolen {
    rule: Arc<Rule>,
    sessions: Windows<(String, String), Known>,
}

#[derive(Default)]
struct Known {
    first: Option<First>,
    /// One that was compared and found to be like the first.
    like: Option<String>,
    told: bool,
}

struct First {
    ip: String,
    agent: String,
    mark: Mark,
}

impl Running for Stolen {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let event = seen.event;
        if !KINDS.contains(&seen.kind) {
            return;
        }
        let (Some(session), Some(device)) = (event.key(By::Session), event.key(By::Device)) else {
            return;
        };
        let (Some(ip), Some(agent)) = (event.ip(), event.agent()) else {
            return;
        };
        let key = (session, device);
        let known = self.sessions.of(&key, seen.now);
        let Some(first) = &known.first else {
            known.first = Some(First {
                ip: ip.to_owned(),
                agent: agent.to_owned(),
                mark: Mark::of(event),
            });
            return;
        };
        let same = first.ip == ip || first.agent == agent || known.like.as_deref() == Some(agent);
        if known.told || same {
            return;
        }
        if likeness(&first.agent, agent) >= LIKE {
            known.like = Some(agent.to_owned());
            return;
        }
        known.told = true;
        let group = self.rule.group.iter().cloned();
        found(Hit {
            group: group.zip([key.0, key.1]).collect(),
            ..Hit::of(&self.rule, event, event.published()).after([first.mark.clone()])
        });
    }

    fn forget(&mut self) {
        self.sessions.forget();
    }

    fn held(&self) -> usize {
        self.sessions.held()
    }
}

/// 1 for the same, 0 for nothing in common: one less the share of characters to be changed.
#[expect(clippy::cast_precision_loss, reason = "a few hundred characters")]
fn likeness(a: &str, b: &str) -> f64 {
    let a: Vec<char> = a.chars().take(AGENT_MAX).collect();
    let b: Vec<char> = b.chars().take(AGENT_MAX).collect();
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(one != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    1.0 - row[b.len()] as f64 / longer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_like_what_it_updates_and_a_script_is_not() {
        let chrome = |version: u32| {
            format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/{version}.0.0.0 Safari/537.36"
            )
        };
        assert!(likeness(&chrome(134), &chrome(135)) >= LIKE);
        assert!(likeness(&chrome(134), "python-requests/2.32.3") < 0.5);
        assert!((likeness("", "") - 1.0).abs() < f64::EPSILON);
        assert!(likeness("", "abc") < f64::EPSILON);
    }
}
