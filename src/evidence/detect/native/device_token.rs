//! One device token that is shown by another client from another address: the cookies moved
//! together.
//!
//! In code, as it asks for a count and for either of two others.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, differs, texts, went_well};
use crate::evidence::By;
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let tokens = Windows::new(WINDOW);
        Box::new(DeviceToken { rule, tokens })
    },
};

const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

const KIND: &str = "policy.evaluate_sign_on";

fn rule() -> Rule {
    Rule {
        id: "5c646117-d1fa-41d3-952b-877650c27f4b".into(),
        key: "same-device-token-new-client".into(),
        title: "A device token was shown by another client".into(),
        says: "Sign-on was granted to one person with one device token from two addresses and by \
               two operating systems or browsers."
            .into(),
        severity: Severity::High,
        attack: texts(["T1539"]),
        false_positives: texts(["A browser that names itself anew, on a journey"]),
        leads_to: texts(["clear_sessions", "suspend_user", "downstream"]),
        window: Some(WINDOW),
        group: texts(["debugContext.debugData.dtHash", "actor.id"]),
        threshold: "at least 2 different client.ipAddress, and 2 client.userAgent.os or \
                    client.userAgent.browser"
            .into(),
        kinds: texts([KIND]),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct DeviceToken {
    rule: Arc<Rule>,
    tokens: Windows<(String, String), Shown>,
}

#[derive(Default)]
struct Shown {
    ip: Option<String>,
    os: Option<String>,
    browser: Option<String>,
    moved: bool,
    other: bool,
    first: Mark,
    told: bool,
}

impl Running for DeviceToken {
    fn see(&mut self, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        let event = seen.event;
        if seen.kind != KIND || !went_well(event) {
            return;
        }
        // The device is its token here; an id of it is no cookie.
        let token = event.key(By::Device);
        let token = token.filter(|token| event.0["debugContext"]["debugData"]["dtHash"] == *token);
        let (Some(token), Some(actor)) = (token, event.actor()) else {
            return;
        };
        let key = (token, actor.to_owned());
        let shown = self.tokens.of(&key, seen.now);
        if shown.told {
            return;
        }
        if shown.first == Mark::default() {
            shown.first = Mark::of(event);
        }
        let (ip, os, browser) = (event.ip(), event.os(), event.browser_name());
        shown.moved |= differs(shown.ip.as_deref(), ip);
        shown.other |=
            differs(shown.os.as_deref(), os) || differs(shown.browser.as_deref(), browser);
        shown.ip = shown.ip.take().or_else(|| ip.map(str::to_owned));
        shown.os = shown.os.take().or_else(|| os.map(str::to_owned));
        shown.browser = shown.browser.take().or_else(|| browser.map(str::to_owned));
        if !shown.moved || !shown.other {
            return;
        }
        shown.told = true;
        let first = std::mem::take(&mut shown.first);
        let group = self.rule.group.iter().cloned();
        found(Hit {
            group: group.zip([key.0, key.1]).collect(),
            ..Hit::of(&self.rule, event, event.published()).after([first])
        });
    }

    fn forget(&mut self) {
        self.tokens.forget();
    }

    fn held(&self) -> usize {
        self.tokens.held()
    }
}
