//! A person's first sign-in through a proxy, and soon after another detection about him.
//!
//! In code, as it goes on from what other detections found, these included, and as "first" needs a
//! memory. First is first since the watch began: there is no older log to ask, so what is an old
//! habit looks new once.

use std::sync::Arc;
use std::time::Duration;

use super::{Native, Running, Seen, Windows, texts, went_well};
use crate::evidence::detect::hit::{Hit, Mark};
use crate::evidence::detect::rule::{Origin, Rule, Severity};
use crate::model::Utc;

pub(super) const NATIVE: Native = Native {
    rule,
    start: |rule| {
        let people = Windows::new(MEMORY);
        Box::new(ProxyThen { rule, people })
    },
};

const WINDOW: Duration = Duration::from_secs(30 * 60);

/// For so long a proxy is known.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Detections that say no more than that there is a proxy.
const SAME: [&str; 2] = ["proxy-success", "proxy-then-alert"];

fn rule() -> Rule {
    Rule {
        id: "33f69e55-842b-4fab-9706-9745d52189ce".into(),
        key: "proxy-then-alert".into(),
        title: "A first sign-in through a proxy, and then something else".into(),
        says:
            "A person signs in through a proxy for the first time since the watch began, or in a \
               week, and within half an hour another detection of at least medium severity is \
               about him."
                .into(),
        severity: Severity::High,
        attack: texts(["T1133", "T1078.004"]),
        false_positives: texts(["A new VPN, and something else that is harmless"]),
        leads_to: texts(["clear_sessions", "suspend_user"]),
        window: Some(WINDOW),
        group: texts(["actor.id"]),
        threshold: "a first proxy, then another detection".into(),
        kinds: Vec::new(),
        not_ours: false,
        origin: Origin::Native,
    }
}

struct ProxyThen {
    rule: Arc<Rule>,
    people: Windows<String, Proxied>,
}

#[derive(Default)]
struct Proxied {
    first: Option<(Utc, Mark)>,
    told: bool,
}

impl Running for ProxyThen {
    fn see(&mut self, seen: Seen<'_>, _found: &mut dyn FnMut(Hit)) {
        let event = seen.event;
        let signs_in =
            seen.kind == "user.session.start" || seen.kind.starts_with("user.authentication");
        if !signs_in || event.is_proxy() != Some(true) || !went_well(event) {
            return;
        }
        if let Some(actor) = super::super::hit::user_acting(event) {
            let person = self.people.of(actor, seen.now);
            person
                .first
                .get_or_insert_with(|| (seen.now, Mark::of(event)));
        }
    }

    fn heard(&mut self, hit: &Hit, seen: Seen<'_>, found: &mut dyn FnMut(Hit)) {
        if hit.rule.severity < Severity::Medium || SAME.contains(&hit.rule.key.as_str()) {
            return;
        }
        let here = seen.event.uuid().unwrap_or_default();
        for user in hit.users() {
            let soon =
                |(at, mark): &(Utc, Mark)| seen.now.since(*at) <= WINDOW && mark.uuid != here;
            let open = self.people.peek(user, seen.now);
            if !open.is_some_and(|person| !person.told && person.first.as_ref().is_some_and(soon)) {
                continue;
            }
            let person = self.people.of(user, seen.now);
            person.told = true;
            let first = person.first.as_ref().map(|(_, mark)| mark.clone());
            found(Hit {
                group: vec![(self.rule.group[0].clone(), user.to_owned())],
                actors: vec![user.to_owned()],
                ..Hit::of(&self.rule, seen.event, hit.at).after(first)
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
