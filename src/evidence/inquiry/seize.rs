//! Which sessions are the intruder's: by what looks bad in them, by what an alert or the person
//! names, and by what they share with those.

use std::collections::{BTreeMap, BTreeSet};

use super::Hints;
use super::sessions::{Place, Session, tells_place, witness};
use crate::evidence::Event;
use crate::model::{Sign, Witness};

/// How often it is looked for sessions that share something with those found.
const ROUNDS_MAX: usize = 32;

/// Places of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    ips: BTreeSet<String>,
    browsers: BTreeSet<String>,
}

impl Places {
    pub(super) fn add(&mut self, place: &Place) {
        self.ips.extend(place.ip.clone());
        self.browsers.extend(place.browser.clone());
    }

    fn without(&mut self, other: &Self) {
        self.ips.retain(|ip| !other.ips.contains(ip));
        self.browsers
            .retain(|browser| !other.browsers.contains(browser));
    }

    pub(super) fn has_ip(&self, ip: &str) -> bool {
        self.ips.contains(ip)
    }

    pub(super) fn has_browser(&self, browser: &str) -> bool {
        self.browsers.contains(browser)
    }

    /// The browser decides, if there is one that either side has.
    pub(super) fn knows(&self, place: &Place) -> bool {
        let browser = place.browser.as_ref();
        let ip = place.ip.as_ref();
        browser.is_some_and(|browser| self.browsers.contains(browser))
            || ip.is_some_and(|ip| self.ips.contains(ip))
    }
}

/// What was found to be the intruder's.
#[derive(Clone, Debug, Default)]
pub(super) struct Seizure {
    /// Sessions that are his from their first event on, and why.
    pub(super) whole: BTreeMap<String, Witness>,
    /// Sessions that the person opened and he went on with: why, and from where it was opened.
    pub(super) parts: BTreeMap<String, (Witness, Place)>,
    /// Everything that looks bad in them.
    pub(super) signs: Vec<Witness>,
    /// Whether one of them was in two places in more ways than one.
    pub(super) is_sure: bool,
    /// Where he was, and the person was not.
    pub(super) his: Places,
    /// Where the person was.
    pub(super) own: Places,
}

impl Seizure {
    pub(super) fn of(
        account: &str,
        sessions: &BTreeMap<String, Session>,
        events: &[Event<'_>],
        hints: &Hints,
    ) -> Self {
        let mut found = Self::default();
        let named = named(account, sessions, events, hints, &mut found);
        found.own = own(sessions, events, &named);
        for (id, session) in sessions {
            let named = named.get(id);
            if !session.signs.is_empty() || named.is_some() {
                found.seize(id, session, named);
            }
        }
        found.spread(sessions, events);
        for session in found.whole.keys().filter_map(|id| sessions.get(id)) {
            let made = session.persistence.iter();
            found.signs.extend(made.map(|(witness, _)| witness.clone()));
        }
        for (id, (_, opening)) in &found.parts {
            let made = sessions[id].persistence.iter();
            let made = made.filter(|(_, place)| !place.is_like(opening));
            found.signs.extend(made.map(|(witness, _)| witness.clone()));
        }
        found
    }

    /// Whether an event of this session from this place is his.
    pub(super) fn holds(&self, session: &str, place: &Place) -> bool {
        let is_part = |(_, opening): &(Witness, Place)| !place.is_like(opening);
        self.whole.contains_key(session) || self.parts.get(session).is_some_and(is_part)
    }

    fn seize(&mut self, id: &str, session: &Session, named: Option<&(Witness, Place)>) {
        let split = |witness: &Witness| witness.sign == Sign::SplitSession;
        let opened_badly = session
            .signs
            .iter()
            .chain(named)
            .any(|(witness, place)| !split(witness) && place.is_like(&session.opening));
        let Some((first, _)) = named.or(session.signs.first()) else {
            return;
        };
        if !opened_badly && self.own.knows(&session.opening) {
            let part = (first.clone(), session.opening.clone());
            self.parts.insert(id.to_owned(), part);
        } else {
            self.whole.insert(id.to_owned(), first.clone());
        }
        let signs = session.signs.iter().chain(named);
        self.signs.extend(signs.map(|(witness, _)| witness.clone()));
        self.is_sure |= session.is_split_for_sure;
    }

    /// Goes on to sessions that share a root, a browser or an address with what was found.
    fn spread(&mut self, sessions: &BTreeMap<String, Session>, events: &[Event<'_>]) {
        for _ in 0..ROUNDS_MAX {
            self.learn_places(sessions, events);
            let left = sessions
                .iter()
                .filter(|(id, _)| !self.whole.contains_key(*id) && !self.parts.contains_key(*id));
            let shared: Vec<_> = left
                .filter_map(|(id, session)| self.shares(id, session, events))
                .collect();
            if shared.is_empty() {
                return;
            }
            for (id, witness, part) in shared {
                match part {
                    Some(opening) => _ = self.parts.insert(id, (witness, opening)),
                    None => _ = self.whole.insert(id, witness),
                }
            }
        }
    }

    fn learn_places(&mut self, sessions: &BTreeMap<String, Session>, events: &[Event<'_>]) {
        let mut his = Places::default();
        let seized = self.whole.keys().chain(self.parts.keys());
        for (id, session) in seized.filter_map(|id| sessions.get_key_value(id)) {
            for event in session.events.iter().map(|n| events[*n]) {
                let place = Place::of(event);
                if tells_place(event) && self.holds(id, &place) {
                    his.add(&place);
                }
            }
        }
        his.without(&self.own);
        self.his = his;
    }

    fn shares(
        &self,
        id: &str,
        session: &Session,
        events: &[Event<'_>],
    ) -> Option<(String, Witness, Option<Place>)> {
        let first = events[*session.events.first()?];
        let tell = |says: String, event| witness(Sign::Shared, says, event);
        let root = session.root.as_deref().filter(|root| *root != id);
        if let Some(root) = root.filter(|root| self.whole.contains_key(*root)) {
            let says = format!("session {id} was opened from session {root}");
            return Some((id.to_owned(), tell(says, first), None));
        }
        if self.is_his(&session.opening) {
            let says = format!("session {id} was opened from where the intruder was");
            return Some((id.to_owned(), tell(says, first), None));
        }
        let within = session.events.iter().map(|n| events[*n]);
        let mut his = within.filter(|event| tells_place(*event));
        let event = his.find(|event| self.is_his(&Place::of(*event)))?;
        let says = format!("session {id} went on from where the intruder was");
        let opening = Some(session.opening.clone());
        Some((id.to_owned(), tell(says, event), opening))
    }

    /// Whether he was there and the person never; an address that both used says nothing, and
    /// neither does one of his with a browser of the person's.
    pub(super) fn is_his(&self, place: &Place) -> bool {
        let browser = place.browser.as_deref();
        if browser.is_some_and(|browser| self.his.has_browser(browser)) {
            return true;
        }
        let is_persons = browser.is_some_and(|browser| self.own.has_browser(browser));
        !is_persons && place.ip.as_deref().is_some_and(|ip| self.his.has_ip(ip))
    }
}

/// Where the person was: in sessions in which nothing looks bad and that nobody names, but not
/// where something looks bad in others.
fn own(
    sessions: &BTreeMap<String, Session>,
    events: &[Event<'_>],
    named: &BTreeMap<String, (Witness, Place)>,
) -> Places {
    let (mut own, mut bad) = (Places::default(), Places::default());
    for (id, session) in sessions {
        for (_, place) in session.signs.iter().chain(named.get(id)) {
            bad.add(place);
        }
        if session.signs.is_empty() && !named.contains_key(id) {
            for n in &session.events {
                own.add(&Place::of(events[*n]));
            }
        }
    }
    own.without(&bad);
    own
}

/// Sessions that an alert or the person himself names, with the event and its place.
fn named(
    account: &str,
    sessions: &BTreeMap<String, Session>,
    events: &[Event<'_>],
    hints: &Hints,
    found: &mut Seizure,
) -> BTreeMap<String, (Witness, Place)> {
    let mut named = BTreeMap::new();
    for id in hints
        .sessions
        .iter()
        .filter(|id| sessions.contains_key(*id))
    {
        let first = events[sessions[id].events[0]];
        let says = format!("session {id} was named");
        let why = (witness(Sign::Alerted, says, first), Place::of(first));
        named.insert(id.clone(), why);
    }
    for event in events.iter().copied() {
        let is_named = event
            .uuid()
            .is_some_and(|id| hints.events.iter().any(|each| each == id));
        if let Some(session) = event.session().filter(|_| is_named) {
            let says = format!("the alert names {}", event.kind().unwrap_or("an event"));
            let why = (witness(Sign::Alerted, says, event), Place::of(event));
            named.entry(session.to_owned()).or_insert(why);
        }
    }
    for report in events
        .iter()
        .copied()
        .filter(|event| is_report(*event, account))
    {
        let bad_session = report.session().and_then(|id| sessions.get(id));
        if bad_session.is_some_and(|session| !session.signs.is_empty()) {
            continue; // Whoever is in there may report what the person does.
        }
        let Some(event) = reported(report, events) else {
            let says = "the person reported an event that is not in what was read".to_owned();
            found.signs.push(witness(Sign::Alerted, says, report));
            continue;
        };
        let says = format!(
            "reported by the person: {}",
            event.kind().unwrap_or("an event")
        );
        let why = (witness(Sign::Reported, says, event), Place::of(event));
        match event.session() {
            Some(session) => _ = named.insert(session.to_owned(), why),
            None => found.signs.push(why.0),
        }
    }
    named
}

fn is_report(event: Event<'_>, account: &str) -> bool {
    event.kind() == Some("user.account.report_suspicious_activity_by_enduser")
        && event.actor() == Some(account)
}

/// The event that a report is about: by its id, else by its transaction.
fn reported<'e>(report: Event<'e>, events: &[Event<'e>]) -> Option<Event<'e>> {
    let id = report.debug("suspiciousActivityEventId");
    let transaction = report.debug("suspiciousActivityEventTransactionId");
    let by_id = events
        .iter()
        .find(|event| id.is_some() && event.uuid() == id);
    let by_transaction = || {
        events
            .iter()
            .find(|event| transaction.is_some() && event.transaction() == transaction)
    };
    by_id.or_else(by_transaction).copied()
}
