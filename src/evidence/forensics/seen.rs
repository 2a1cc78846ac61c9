//! One event with whose it is, and what forensics asks of it beyond what every reader asks.
//!
//! Targets are told by their type, never by their place: the directory says that places vary.

use serde_json::Value;

use super::super::event::{By, Event, some};
use super::super::inquiry::Account;
use super::super::investigation::{Told, Whose};
use crate::model::Utc;

/// An event of the account.
#[derive(Clone, Copy)]
pub(super) struct Seen<'e> {
    pub(super) event: Event<'e>,
    pub(super) whose: Whose,
    pub(super) at: Option<Utc>,
}

/// What an event was done to.
#[derive(Clone, Copy, Default)]
pub(super) struct Thing<'e> {
    pub(super) id: &'e str,
    pub(super) name: &'e str,
}

impl<'e> Seen<'e> {
    pub(super) fn new(event: Event<'e>, whose: Whose) -> Self {
        Self {
            event,
            whose,
            at: event.published(),
        }
    }

    /// Its type; empty if it names none.
    pub(super) fn kind(self) -> &'e str {
        self.event.kind().unwrap_or_default()
    }

    /// Whether it is one of these types and did not fail.
    pub(super) fn did(self, kinds: &[&str]) -> bool {
        kinds.contains(&self.kind()) && !self.event.failed()
    }

    /// The targets of this type.
    pub(super) fn things(self, kind: &str) -> impl Iterator<Item = Thing<'e>> {
        let all = self.event.0["target"].as_array();
        let of_kind = all
            .into_iter()
            .flatten()
            .filter(move |each| each["type"] == *kind);
        of_kind.map(|each| {
            let names = [&each["displayName"], &each["alternateId"]];
            Thing {
                id: some(&each["id"]).unwrap_or_default(),
                name: names.into_iter().find_map(some).unwrap_or_default(),
            }
        })
    }

    /// The first target of this type that has an id or a name.
    pub(super) fn thing(self, kind: &str) -> Option<Thing<'e>> {
        self.things(kind)
            .find(|each| !(each.id.is_empty() && each.name.is_empty()))
    }

    /// Whether it happened to the account: he is a target, or he acted and nobody else is one.
    pub(super) fn is_to(self, who: &Account) -> bool {
        let mut people = self.things("User").filter(|each| !each.id.is_empty());
        match people.next() {
            None => self.is_by(who),
            Some(first) => {
                first.id == who.id.as_str() || people.any(|each| each.id == who.id.as_str())
            }
        }
    }

    /// Whether the account did it.
    pub(super) fn is_by(self, who: &Account) -> bool {
        self.event.actor() == Some(who.id.as_str())
    }

    /// Somebody else it happened to, by login.
    pub(super) fn other_person(self, who: &Account) -> Option<&'e str> {
        let targets = self.event.0["target"].as_array()?.iter();
        let mut people = targets.filter(|each| each["type"] == "User");
        people
            .find(|each| each["id"] != *who.id.as_str())
            .and_then(|each| some(&each["alternateId"]).or_else(|| some(&each["displayName"])))
    }

    /// A member of the debug data.
    pub(super) fn debug(self, name: &str) -> Option<&'e str> {
        some(&self.event.0["debugContext"]["debugData"][name])
    }

    /// Why it ended as it did.
    pub(super) fn reason(self) -> &'e str {
        some(&self.event.0["outcome"]["reason"]).unwrap_or_default()
    }

    /// How it ended, by the directory's word.
    pub(super) fn result(self) -> &'e str {
        some(&self.event.0["outcome"]["result"]).unwrap_or_default()
    }

    /// The session; empty if none.
    pub(super) fn session(self) -> String {
        self.event.key(By::Session).unwrap_or_default()
    }

    /// The API token it was made with, and not one that it is about.
    pub(super) fn token(self) -> &'e str {
        some(&self.event.0["transaction"]["detail"]["requestApiTokenId"]).unwrap_or_default()
    }

    /// The browser or program, as it calls itself.
    pub(super) fn agent(self) -> Option<&'e str> {
        some(&self.event.0["client"]["userAgent"]["rawUserAgent"])
    }

    /// The event as a row names it.
    pub(super) fn told(self) -> Told {
        Told {
            at: self.at,
            by: self.event.actor_name().unwrap_or_default().to_owned(),
            event: self.id().to_owned(),
        }
    }

    /// Its id; empty if it has none.
    pub(super) fn id(self) -> &'e str {
        self.event.uuid().unwrap_or_default()
    }

    /// Whether the directory suspected the address.
    pub(super) fn is_suspected(self) -> bool {
        let told = &self.event.0["debugContext"]["debugData"]["threatSuspected"];
        told.as_bool() == Some(true)
            || some(told).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether a behaviour was told as new: `New Device`. Structured where it is, else the text.
    pub(super) fn is_new(self, what: &str) -> bool {
        let listed = self.event.0["securityContext"]["userBehaviors"].as_array();
        let positive = |each: &Value| {
            some(&each["name"]).is_some_and(|name| name.eq_ignore_ascii_case(what))
                && each["result"] == "POSITIVE"
        };
        listed.into_iter().flatten().any(positive)
            || self
                .debug("behaviors")
                .is_some_and(|text| text.contains(&format!("{what}=POSITIVE")))
    }
}
