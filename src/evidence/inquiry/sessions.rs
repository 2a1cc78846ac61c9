//! The sessions of one account, and what looks bad in each.
//!
//! A sign is told where it can be told from what a person with two devices does: a new address is
//! none, a network that changes under the same browser is none. What a push is answered with comes
//! from a phone and says nothing of whoever asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Event;
use crate::model::{Sign, Utc, Witness};

/// Events of a session that may come from elsewhere than the session itself: answers from a phone,
/// and what Okta's own rule for hijacked sessions leaves out.
const FROM_ELSEWHERE: [&str; 6] = [
    "user.session.clear",
    "user.session.end",
    "user.authentication.auth_via_mfa",
    "user.mfa.factor.activate",
    "device.user.add",
    "device.enrollment.create",
];

/// What opens a session.
const OPENINGS: [&str; 2] = ["user.session.start", "policy.evaluate_sign_on"];

/// What keeps somebody in.
const PERSISTENCE: [&str; 13] = [
    "user.mfa.factor.activate",
    "user.mfa.factor.deactivate",
    "user.mfa.factor.update",
    "user.mfa.factor.reset_all",
    "user.account.update_password",
    "user.account.privilege.grant",
    "user.session.impersonation.grant",
    "system.api_token.create",
    "application.user_membership.add",
    "group.user_membership.add",
    "device.user.add",
    "app.oauth2.as.consent.grant",
    "app.oauth2.consent.grant",
];

/// Where an event came from: the browser if it is told, else the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) ip: Option<String>,
    pub(super) browser: Option<String>,
}

impl Place {
    pub(super) fn of(event: Event<'_>) -> Self {
        Self {
            ip: event.ip().map(str::to_owned),
            browser: event.browser().map(str::to_owned),
        }
    }

    /// Whether both may be one machine: the browser decides where both tell it.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.browser, &other.browser) {
            (Some(one), Some(two)) => one == two,
            _ => self.ip.is_some() && self.ip == other.ip,
        }
    }
}

/// One session.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// Places of its events among those given.
    pub(super) events: Vec<usize>,
    /// The session it was opened from.
    pub(super) root: Option<String>,
    /// From where it was opened.
    pub(super) opening: Place,
    /// What looks bad, and from where.
    pub(super) signs: Vec<(Witness, Place)>,
    /// What was made in it that keeps somebody in.
    pub(super) persistence: Vec<(Witness, Place)>,
    /// Whether its places differ in more than one way: nobody does that by moving about.
    pub(super) is_split_for_sure: bool,
}

/// The sessions of `account`, by id. Those that only an API token made are none.
pub(super) fn of(account: &str, events: &[Event<'_>]) -> BTreeMap<String, Session> {
    let mut sessions: BTreeMap<String, Session> = BTreeMap::new();
    for (n, event) in events.iter().enumerate() {
        let is_his = event.actor() == Some(account) && event.made_with_token().is_none();
        if let Some(id) = event.session().filter(|_| is_his) {
            sessions.entry(id.to_owned()).or_default().events.push(n);
        }
    }
    let own = Own::of(account, events);
    for (id, session) in &mut sessions {
        let within: Vec<Event<'_>> = session.events.iter().map(|n| events[*n]).collect();
        let opening = within.iter().find(|event| is_opening(**event));
        let opening = opening.or(within.first());
        session.opening = opening.map(|event| Place::of(*event)).unwrap_or_default();
        session.root = within
            .iter()
            .find_map(|event| event.root_session())
            .map(str::to_owned);
        suspected(session, &within);
        new_proxy(session, &within, &own);
        split(session, id, &within);
        persistence(session, &within);
    }
    sessions
}

fn is_opening(event: Event<'_>) -> bool {
    event.kind().is_some_and(|kind| OPENINGS.contains(&kind))
}

fn is_sign_in(event: Event<'_>) -> bool {
    event
        .kind()
        .is_some_and(|kind| OPENINGS.contains(&kind) || kind.starts_with("user.authentication"))
}

/// Whether it tells from where the session itself is used.
pub(super) fn tells_place(event: Event<'_>) -> bool {
    event
        .kind()
        .is_some_and(|kind| !FROM_ELSEWHERE.contains(&kind))
}

pub(super) fn witness(sign: Sign, says: String, event: Event<'_>) -> Witness {
    Witness {
        sign,
        says,
        event: event.uuid().unwrap_or_default().to_owned(),
        at: event.published(),
    }
}

/// How the account signed in first: through a proxy, without one, with which browsers.
#[derive(Default)]
struct Own<'e> {
    proxied: Option<Utc>,
    plain: Option<Utc>,
    browsers: BTreeMap<&'e str, Utc>,
}

impl<'e> Own<'e> {
    fn of(account: &str, events: &[Event<'e>]) -> Self {
        let mut own = Self::default();
        for event in events.iter().filter(|event| event.actor() == Some(account)) {
            let told = is_sign_in(*event) && tells_place(*event) && event.succeeded();
            let Some(at) = event.published().filter(|_| told) else {
                continue;
            };
            let earliest = |known: Option<Utc>| Some(known.map_or(at, |known| known.min(at)));
            match event.is_proxy() {
                Some(true) => own.proxied = earliest(own.proxied),
                Some(false) => own.plain = earliest(own.plain),
                None => {}
            }
            if let Some(browser) = event.browser() {
                let first = own.browsers.entry(browser).or_insert(at);
                *first = at.min(*first);
            }
        }
        own
    }

    /// Whether nothing before this event came through a proxy, something did without, and the
    /// browser is a new one.
    fn is_new_proxy(&self, event: Event<'_>) -> bool {
        let Some(at) = event.published() else {
            return false;
        };
        let before = |known: Option<&Utc>| known.is_some_and(|known| *known < at);
        let browser = event
            .browser()
            .and_then(|browser| self.browsers.get(browser));
        before(self.plain.as_ref()) && !before(self.proxied.as_ref()) && !before(browser)
    }
}

fn suspected(session: &mut Session, within: &[Event<'_>]) {
    let mut sign_ins = within
        .iter()
        .filter(|event| is_sign_in(**event) && tells_place(**event));
    if let Some(event) = sign_ins.find(|event| event.succeeded() && event.is_suspected()) {
        let from = event.ip().unwrap_or("an address that is not told");
        let says = format!("let in from {from}, though the directory suspected it");
        let place = Place::of(*event);
        session
            .signs
            .push((witness(Sign::Suspected, says, *event), place));
    }
}

fn new_proxy(session: &mut Session, within: &[Event<'_>], own: &Own<'_>) {
    let mut proxied = within
        .iter()
        .filter(|event| is_sign_in(**event) && tells_place(**event) && event.succeeded());
    let found = proxied.find(|event| event.is_proxy() == Some(true) && own.is_new_proxy(**event));
    if let Some(event) = found {
        let from = event.ip().unwrap_or("an address that is not told");
        let says = format!("signed in through a proxy ({from}), which the account never did");
        let place = Place::of(*event);
        session
            .signs
            .push((witness(Sign::NewProxy, says, *event), place));
    }
}

/// One session from two networks, programs or browsers. A network alone is none where the browser
/// stayed the same: phones move.
fn split(session: &mut Session, id: &str, within: &[Event<'_>]) {
    let told: Vec<&Event<'_>> = within.iter().filter(|event| tells_place(**event)).collect();
    let Some(first) = told.first() else {
        return;
    };
    for event in &told[1..] {
        let differs = |one: Option<String>, two: Option<String>| matches!((one, two), (Some(one), Some(two)) if one != two);
        let browser = |event: &Event<'_>| event.browser().map(str::to_owned);
        let ways = [
            ("browser", differs(browser(first), browser(event))),
            ("program", differs(first.program(), event.program())),
            ("network", differs(first.asn(), event.asn())),
        ];
        let found: Vec<&str> = ways
            .iter()
            .filter(|(_, is)| *is)
            .map(|(what, _)| *what)
            .collect();
        let same_browser = first.browser().is_some() && first.browser() == event.browser();
        let moved_only = found == ["network"] && same_browser;
        if found.is_empty() || moved_only {
            continue;
        }
        let places = [first, event].map(|event| {
            let (ip, asn) = (event.ip().unwrap_or("?"), event.asn().unwrap_or_default());
            format!("{ip} {asn}").trim().to_owned()
        });
        let says = format!(
            "session {id} in two places, {} and {}: another {}",
            places[0],
            places[1],
            found.join(", another ")
        );
        session.is_split_for_sure = found.len() > 1;
        let place = Place::of(**event);
        session
            .signs
            .push((witness(Sign::SplitSession, says, **event), place));
        return;
    }
}

fn persistence(session: &mut Session, within: &[Event<'_>]) {
    let mut seen = BTreeSet::new();
    for event in within {
        let Some(kind) = event.kind().filter(|kind| PERSISTENCE.contains(kind)) else {
            continue;
        };
        if event.succeeded() && seen.insert(kind) {
            let says = format!("{kind} in the same session");
            let place = Place::of(*event);
            session
                .persistence
                .push((witness(Sign::Persistence, says, *event), place));
        }
    }
}
