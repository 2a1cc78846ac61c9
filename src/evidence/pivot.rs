//! Events counted by what holds them together: how many, whose, from when to when.
//!
//! Memory grows with the groups, which are bounded; whatever finds no place is counted.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{By, Event};
use crate::model::Utc;

/// Groups kept.
const GROUPS_MAX: usize = 100_000;

/// Names and places kept of one group; more are counted as more.
const NAMES_MAX: usize = 8;

/// Events of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub key: String,
    /// How many there are.
    pub events: usize,
    /// How many of them went wrong for whoever tried.
    pub failed: usize,
    /// The first.
    pub first: Option<Utc>,
    /// The last.
    pub last: Option<Utc>,
    /// Who acted: at most eight names.
    pub actors: BTreeSet<String>,
    /// From where: addresses, or the network's owner where they are grouped by address.
    pub places: BTreeSet<String>,
    /// How many came through a proxy.
    pub proxied: usize,
}

/// Counts events.
#[derive(Clone, Debug)]
pub struct Pivot {
    by: By,
    groups: BTreeMap<String, Group>,
    /// Events read.
    pub read: usize,
    /// Events that belong to no group.
    pub without: usize,
    /// Events whose group found no place.
    pub beyond: usize,
}

impl Pivot {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(by: By) -> Self {
        Self {
            by,
            groups: BTreeMap::new(),
            read: 0,
            without: 0,
            beyond: 0,
        }
    }

    /// What it groups by.
    #[must_use]
    pub fn by(&self) -> By {
        self.by
    }

    /// Counts one event.
    pub fn add(&mut self, event: Event<'_>) {
        self.read += 1;
        let Some(key) = event.key(self.by) else {
            self.without += 1;
            return;
        };
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let group = self.groups.entry(key).or_default();
        group.events += 1;
        group.failed += usize::from(event.failed());
        group.proxied += usize::from(event.is_proxy() == Some(true));
        if let Some(at) = event.published() {
            group.first = Some(group.first.map_or(at, |first| first.min(at)));
            group.last = group.last.max(Some(at));
        }
        let place = match self.by {
            By::Ip | By::Asn => event.network(),
            By::Session | By::Device | By::Token => event.ip(),
        };
        keep(&mut group.actors, event.actor_name());
        keep(&mut group.places, place);
    }

    /// The groups, the one that was seen first first.
    #[must_use]
    pub fn groups(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self
            .groups
            .into_iter()
            .map(|(key, group)| Group { key, ..group })
            .collect();
        groups.sort_by_key(|group| (group.first.is_none(), group.first));
        groups
    }
}

fn keep(names: &mut BTreeSet<String>, name: Option<&str>) {
    if let Some(name) = name
        && names.len() < NAMES_MAX
        && !names.contains(name)
    {
        names.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_counted_by_their_session_and_those_without_are_too() {
        let event = |session: &str, at: &str, ip: &str, proxy: bool, result: &str| {
            json!({
                "published": format!("2026-03-10T{at}Z"), "client": { "ipAddress": ip },
                "authenticationContext": { "externalSessionId": session },
                "actor": { "alternateId": "alex@contoso.example" },
                "securityContext": { "isProxy": proxy }, "outcome": { "result": result },
            })
        };
        let mut pivot = Pivot::new(By::Session);
        for each in [
            event("idx2", "14:00:00", "203.0.113.66", true, "SUCCESS"),
            event("idx1", "13:04:00", "198.51.100.20", false, "SUCCESS"),
            event("idx2", "13:41:00", "203.0.113.140", false, "FAILURE"),
            event("unknown", "13:50:00", "203.0.113.66", true, "SUCCESS"),
        ] {
            pivot.add(Event(&each));
        }
        assert_eq!((pivot.read, pivot.without, pivot.beyond), (4, 1, 0));
        let groups = pivot.groups();
        let keys: Vec<&str> = groups.iter().map(|group| group.key.as_str()).collect();
        assert_eq!(keys, ["idx1", "idx2"]);
        let second = &groups[1];
        assert_eq!((second.events, second.failed, second.proxied), (2, 1, 1));
        assert_eq!(
            second.first.unwrap().to_string(),
            "2026-03-10T13:41:00.000Z"
        );
        assert_eq!(second.last.unwrap().to_string(), "2026-03-10T14:00:00.000Z");
        assert_eq!(second.places.len(), 2);
    }
}
