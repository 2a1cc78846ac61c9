//! Whose each event is, once it is known which sessions are the intruder's; and what he left.

use std::collections::{BTreeMap, BTreeSet};

use super::seize::Seizure;
use super::sessions::{Place, tells_place, witness};
use super::{Account, Found, Hints, planted};
use crate::evidence::Event;
use crate::evidence::event::some;
use crate::evidence::investigation::Whose;
use crate::model::{Address, Intruder, Sign, Trace, Tri, Utc, Witness};

/// How often it is looked for tokens that were made with tokens.
const ROUNDS_MAX: usize = 8;

/// Addresses and browsers kept of one intruder; he may use as many as he likes.
const PLACES_MAX: usize = 1_000;

/// Whose each event is.
pub(super) struct Marks {
    whose: Vec<Whose>,
    seizure: Seizure,
    /// API tokens that are his, and why.
    tokens: BTreeMap<String, (String, Witness)>,
    /// Events that are his only by where they came from: attempts, perhaps before he got in.
    attempts: BTreeSet<usize>,
}

/// Whose each event is if nobody else is in the account.
pub(super) fn without(account: &str, events: &[Event<'_>], hints: &Hints) -> Vec<Whose> {
    let whose = events.iter().map(|event| match event.actor() {
        _ if is_ours(*event, hints) => Whose::Oust,
        Some(actor) if actor == account => Whose::Own,
        _ => Whose::Other,
    });
    whose.collect()
}

/// Whether an event is our own doing.
#[must_use]
pub fn is_ours(event: Event<'_>, hints: &Hints) -> bool {
    let client = some(&event.0["client"]["id"]);
    let is_client = |id: &String| client == Some(id) || event.actor() == Some(id);
    let agent = some(&event.0["client"]["userAgent"]["rawUserAgent"]);
    let is_account = hints.our_account.is_some() && event.actor() == hints.our_account.as_deref();
    hints.our_clients.iter().any(is_client)
        || (is_account && agent.is_some_and(|agent| agent.starts_with("oust/")))
}

impl Marks {
    pub(super) fn of(account: &str, events: &[Event<'_>], hints: &Hints, seizure: Seizure) -> Self {
        let mut marks = Self {
            whose: without(account, events, hints),
            seizure,
            tokens: BTreeMap::new(),
            attempts: BTreeSet::new(),
        };
        marks.name_tokens(events, hints);
        marks.by_session(account, events);
        marks.by_transaction(account, events);
        for _ in 0..ROUNDS_MAX {
            if !marks.by_token(events) {
                break;
            }
        }
        marks.by_place(account, events);
        marks.by_support_access(account, events);
        marks
    }

    fn is_his(&self, n: usize) -> bool {
        self.whose[n] == Whose::Intruder
    }

    fn take(&mut self, n: usize) {
        if self.whose[n] != Whose::Oust {
            self.whose[n] = Whose::Intruder;
        }
    }

    fn name_tokens(&mut self, events: &[Event<'_>], hints: &Hints) {
        for id in &hints.tokens {
            let used = events
                .iter()
                .find(|event| event.made_with_token() == Some(id));
            if let Some(first) = used.or(events.first()) {
                let why = witness(Sign::Alerted, format!("API token {id} was named"), *first);
                self.tokens.insert(id.clone(), (String::new(), why));
            }
        }
    }

    fn by_session(&mut self, account: &str, events: &[Event<'_>]) {
        for (n, event) in events.iter().enumerate() {
            let is_his = event.actor() == Some(account) && event.made_with_token().is_none();
            let session = event.session().filter(|_| is_his);
            if session.is_some_and(|id| self.seizure.holds(id, &Place::of(*event))) {
                self.take(n);
            }
        }
    }

    /// What came before a session was there: the same request, an evaluation or a push.
    fn by_transaction(&mut self, account: &str, events: &[Event<'_>]) {
        let his = events.iter().enumerate().filter(|(n, _)| self.is_his(*n));
        let theirs: BTreeSet<&str> = his.filter_map(|(_, event)| event.transaction()).collect();
        for (n, event) in events.iter().enumerate() {
            let shares = event.transaction().is_some_and(|id| theirs.contains(id));
            if shares && event.session().is_none() && event.actor() == Some(account) {
                self.take(n);
            }
        }
    }

    /// What was made with a token of his, and which tokens he made. Whether it found anything.
    fn by_token(&mut self, events: &[Event<'_>]) -> bool {
        let before = (self.tokens.len(), self.count());
        for (n, event) in events.iter().enumerate() {
            if event
                .made_with_token()
                .is_some_and(|id| self.tokens.contains_key(id))
            {
                self.take(n);
            }
            let made = event.kind() == Some("system.api_token.create") && event.succeeded();
            let token = event.target("Token").filter(|_| made && self.is_his(n));
            if let Some(id) = token.and_then(|token| some(&token["id"])) {
                let name = token.and_then(|token| some(&token["displayName"]));
                let why = witness(
                    Sign::Token,
                    format!("the intruder made API token {id}"),
                    *event,
                );
                let kept = (name.unwrap_or_default().to_owned(), why);
                self.tokens.entry(id.to_owned()).or_insert(kept);
            }
        }
        before != (self.tokens.len(), self.count())
    }

    fn count(&self) -> usize {
        self.whose
            .iter()
            .filter(|whose| **whose == Whose::Intruder)
            .count()
    }

    /// What belongs to no session: attempts, and what a token of the person's did from where only
    /// the intruder was.
    fn by_place(&mut self, account: &str, events: &[Event<'_>]) {
        for (n, event) in events.iter().enumerate() {
            let in_session = event.session().is_some() && event.made_with_token().is_none();
            if self.whose[n] != Whose::Own || in_session || event.actor() != Some(account) {
                continue;
            }
            let place = Place::of(*event);
            if self.seizure.is_his(&place) {
                self.take(n);
                self.attempts.insert(n);
                self.steal(*event);
            } else if !self.seizure.own.knows(&place) && event.made_with_token().is_none() {
                self.whose[n] = Whose::Unclear;
            }
        }
    }

    fn steal(&mut self, event: Event<'_>) {
        if let Some(id) = event.made_with_token() {
            let says = format!("API token {id} was used from where the intruder was");
            let kept = (String::new(), witness(Sign::Shared, says, event));
            self.tokens.entry(id.to_owned()).or_insert(kept);
        }
    }

    /// What support did in the account once the intruder had let them in: nobody else asked for it.
    fn by_support_access(&mut self, account: &str, events: &[Event<'_>]) {
        let mut granted = false;
        for (n, event) in events.iter().enumerate() {
            let Some(kind) = event.kind() else { continue };
            let step = kind.strip_prefix("user.session.impersonation.");
            let mut people = event
                .targets()
                .filter(|target| target["type"] == "User")
                .peekable();
            let others = people.peek().is_some() && people.all(|target| target["id"] != *account);
            match step {
                Some("grant" | "extend") => granted |= self.is_his(n),
                Some("initiate") if granted && !others && self.whose[n] != Whose::Oust => {
                    self.take(n);
                }
                Some("end" | "revoke") => granted = false,
                _ => {}
            }
        }
    }

    pub(super) fn found(self, account: &Account, events: &[Event<'_>]) -> Found {
        let his: Vec<(usize, Event<'_>)> = events
            .iter()
            .copied()
            .enumerate()
            .filter(|(n, _)| self.is_his(*n))
            .collect();
        let at = |(_, event): &(usize, Event<'_>)| event.published();
        let inside = his.iter().filter(|(n, _)| !self.attempts.contains(n));
        let (start, last) = (inside.filter_map(at).min(), his.iter().filter_map(at).max());
        let own_tokens: Vec<String> = self.tokens.keys().cloned().collect();
        let plants = his.iter();
        let plants =
            plants.filter_map(|(_, event)| planted::of(*event, account.id.as_str(), &own_tokens));
        let mut because = self.seizure.signs.clone();
        because.sort_by_key(|witness| (witness.at, witness.sign));
        let intruder = Intruder {
            subject: Some(account.id.clone()),
            because,
            start,
            last,
            sessions: self.sessions(&his),
            addresses: self.addresses(&his),
            tokens: self.token_traces(events),
            devices: self.browsers(&his),
            planted: plants.collect(),
            log_read_until: events.iter().filter_map(|event| event.published()).max(),
            ..Intruder::default()
        };
        Found {
            intruder,
            whose: self.whose,
        }
    }

    fn sessions(&self, his: &[(usize, Event<'_>)]) -> Vec<Trace> {
        let mut by_session: BTreeMap<&str, Vec<Event<'_>>> = BTreeMap::new();
        for (_, event) in his {
            if let Some(id) = event.session() {
                by_session.entry(id).or_default().push(*event);
            }
        }
        let parts = self.seizure.parts.iter();
        let parts = parts.map(|(id, (witness, _))| (id, witness));
        let all = self.seizure.whole.iter().chain(parts);
        let traces = all.filter_map(|(id, why)| {
            let events = by_session.get(id.as_str()).into_iter().flatten();
            trace(id, "", why, events.copied())
        });
        sorted(traces.collect())
    }

    /// A token that was never used is traced by its making.
    fn token_traces(&self, events: &[Event<'_>]) -> Vec<Trace> {
        let mut by_token: BTreeMap<&str, Vec<Event<'_>>> = BTreeMap::new();
        for event in events {
            let target = event.target("Token").and_then(|token| some(&token["id"]));
            for id in event.made_with_token().into_iter().chain(target) {
                if self.tokens.contains_key(id) {
                    by_token.entry(id).or_default().push(*event);
                }
            }
        }
        let traces = self.tokens.iter().filter_map(|(id, (name, why))| {
            let about = by_token.get(id.as_str()).into_iter().flatten();
            trace(id, name, why, about.copied())
        });
        sorted(traces.collect())
    }

    fn browsers(&self, his: &[(usize, Event<'_>)]) -> Vec<Trace> {
        let mut by_browser: BTreeMap<&str, Vec<Event<'_>>> = BTreeMap::new();
        for (_, event) in his {
            let browser = event
                .browser()
                .filter(|id| self.seizure.his.has_browser(id));
            if let Some(browser) = browser
                && (by_browser.len() < PLACES_MAX || by_browser.contains_key(browser))
            {
                by_browser.entry(browser).or_default().push(*event);
            }
        }
        let traces = by_browser.into_iter().filter_map(|(id, events)| {
            let why = witness(
                Sign::Shared,
                "in a session of the intruder's".into(),
                events[0],
            );
            trace(id, "", &why, events.into_iter())
        });
        sorted(traces.collect())
    }

    /// Where he was. The address of whoever answered a push may be the person's own.
    fn addresses(&self, his: &[(usize, Event<'_>)]) -> Vec<Address> {
        let mut by_ip: BTreeMap<&str, Vec<Event<'_>>> = BTreeMap::new();
        for (_, event) in his {
            let told = |ip: &&str| {
                let is_own = self.seizure.own.has_ip(ip);
                self.seizure.his.has_ip(ip) || (tells_place(*event) && !is_own)
            };
            let Some(ip) = event.ip().filter(told) else {
                continue;
            };
            if by_ip.len() < PLACES_MAX || by_ip.contains_key(ip) {
                by_ip.entry(ip).or_default().push(*event);
            }
        }
        let mut all: Vec<Address> = by_ip
            .into_iter()
            .filter_map(|(ip, events)| address(ip, &events))
            .collect();
        all.sort_by_key(|address| address.first);
        all
    }
}

fn trace<'e>(
    id: &str,
    name: &str,
    why: &Witness,
    events: impl Iterator<Item = Event<'e>>,
) -> Option<Trace> {
    let (first, last, events) = span(events)?;
    Some(Trace {
        id: id.to_owned(),
        name: name.to_owned(),
        first,
        last,
        events,
        witness: why.clone(),
    })
}

fn span<'e>(events: impl Iterator<Item = Event<'e>>) -> Option<(Utc, Utc, usize)> {
    let mut seen: Option<(Utc, Utc, usize)> = None;
    let mut untimed = 0;
    for event in events {
        let Some(at) = event.published() else {
            untimed += 1;
            continue;
        };
        seen = Some(seen.map_or((at, at, 1), |(first, last, n)| {
            (first.min(at), last.max(at), n + 1)
        }));
    }
    seen.map(|(first, last, n)| (first, last, n + untimed))
}

fn sorted(mut traces: Vec<Trace>) -> Vec<Trace> {
    traces.sort_by_key(|trace| trace.first);
    traces
}

fn address(ip: &str, events: &[Event<'_>]) -> Option<Address> {
    let (first, last, count) = span(events.iter().copied())?;
    let says = |what: &dyn Fn(&Event<'_>) -> Option<String>| {
        events.iter().find_map(what).unwrap_or_default()
    };
    let proxy = match events.iter().find_map(|event| event.is_proxy()) {
        Some(true) => Tri::Yes,
        Some(false) => Tri::No,
        None => Tri::Unread,
    };
    Some(Address {
        ip: ip.to_owned(),
        asn: says(&|event| event.asn()),
        network: says(&|event| event.network().map(str::to_owned)),
        proxy,
        first,
        last,
        events: count,
        witness: witness(
            Sign::Shared,
            "the intruder's session came from there".into(),
            events[0],
        ),
    })
}
