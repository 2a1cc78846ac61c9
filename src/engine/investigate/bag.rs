//! The events of an investigation: each once, sorted, and bounded.
//!
//! What finds no place any more pushes the oldest out: whoever is in an account now is in its
//! latest events. How many went is told.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;

use crate::evidence::inquiry::Account;
use crate::evidence::{By, Event};
use crate::model::Utc;

/// Events kept. An account has some hundreds a week; one that a program uses, some thousands.
const EVENTS_MAX: usize = 20_000;

/// The events read so far.
#[derive(Default)]
pub(super) struct Bag {
    events: VecDeque<Value>,
    known: HashSet<String>,
    /// Copies that were left out.
    pub(super) copies: usize,
    /// Events that were pushed out.
    pub(super) pushed_out: usize,
}

impl Bag {
    /// Takes an event; `false` if it is here already.
    pub(super) fn add(&mut self, event: Value) -> bool {
        if let Some(uuid) = Event(&event).uuid()
            && !self.known.insert(uuid.to_owned())
        {
            return false;
        }
        self.events.push_back(event);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
            self.pushed_out += 1;
        }
        true
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Sorts them by publication; those without a time come last.
    pub(super) fn sort(&mut self) {
        let at = |event: &Value| Event(event).published();
        self.events
            .make_contiguous()
            .sort_by_key(|event| (at(event).is_none(), at(event)));
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Event<'_>> {
        self.events.iter().map(Event)
    }

    /// When the latest was published.
    pub(super) fn until(&self) -> Option<Utc> {
        self.all().filter_map(Event::published).max()
    }

    /// All that is known of one account: what it did, what was done to it and with the API tokens
    /// that it made, and the life of support access.
    pub(super) fn of(&self, who: &Account) -> Vec<Event<'_>> {
        let tokens: HashSet<String> = self.tokens_of(who).into_iter().collect();
        let is_his = |event: &Event<'_>| {
            is_about(*event, who)
                || is_support(*event)
                || event
                    .key(By::Token)
                    .is_some_and(|token| tokens.contains(&token))
        };
        self.all().filter(is_his).collect()
    }

    /// API tokens that the account made, the first first.
    pub(super) fn tokens_of(&self, who: &Account) -> Vec<String> {
        let made = self.all().filter(|event| {
            event.kind() == Some("system.api_token.create")
                && event.actor() == Some(who.id.as_str())
                && !event.failed()
        });
        let mut tokens: Vec<String> = made.filter_map(token_made).collect();
        tokens.dedup();
        tokens
    }
}

/// The token that was made, and not one that it was made with.
fn token_made(event: Event<'_>) -> Option<String> {
    let targets = event.0["target"].as_array()?.iter();
    let mut tokens = targets.filter(|each| each["type"] == "Token");
    tokens.find_map(|each| each["id"].as_str().map(str::to_owned))
}

/// Whether the event is about the account, by id or by login.
pub(super) fn is_about(event: Event<'_>, who: &Account) -> bool {
    event.is_about(who.id.as_str()) || event.is_about(&who.login)
}

/// Whether the event is of the life of the vendor's access to the org.
pub(super) fn is_support(event: Event<'_>) -> bool {
    event
        .kind()
        .is_some_and(|kind| kind.starts_with("user.session.impersonation."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_oldest_go_first_and_are_counted() {
        let mut bag = Bag::default();
        for n in 0..EVENTS_MAX + 3 {
            assert!(bag.add(json!({ "uuid": n.to_string() })));
        }
        assert!(!bag.add(json!({ "uuid": "5" })));
        assert_eq!((bag.len(), bag.pushed_out), (EVENTS_MAX, 3));
        assert_eq!(bag.all().next().unwrap().uuid(), Some("3"));
    }

    #[test]
    fn an_event_without_a_time_comes_last_and_is_kept() {
        let mut bag = Bag::default();
        bag.add(json!({ "uuid": "none" }));
        bag.add(json!({ "uuid": "late", "published": "2026-03-10T13:00:00Z" }));
        bag.add(json!({ "uuid": "soon", "published": "2026-03-10T12:00:00" }));
        bag.sort();
        let order: Vec<_> = bag.all().filter_map(Event::uuid).collect();
        assert_eq!(order, ["soon", "late", "none"]);
    }
}
