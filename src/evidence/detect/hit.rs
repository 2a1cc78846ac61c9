//! A detection that found something.

use std::sync::Arc;

use super::rule::Rule;
use crate::evidence::Event;
use crate::model::Utc;

/// Events, actors and targets kept of one hit.
pub(super) const KEPT_MAX: usize = 20;

/// One thing that a detection found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which detection.
    pub rule: Arc<Rule>,
    /// When the event happened that completed it.
    pub at: Option<Utc>,
    /// What the events have in common: field and value.
    pub group: Vec<(String, String)>,
    /// The events, oldest first and at most twenty: their ids.
    pub events: Vec<String>,
    /// The accounts that acted in them: ids of users, at most twenty.
    pub actors: Vec<String>,
    /// The accounts that the event which completed it was done to: ids of users.
    pub targets: Vec<String>,
}

impl Hit {
    /// What one event alone says.
    pub(super) fn of(rule: &Arc<Rule>, event: Event<'_>, at: Option<Utc>) -> Self {
        Self {
            rule: Arc::clone(rule),
            at,
            group: Vec::new(),
            events: event.uuid().map(str::to_owned).into_iter().collect(),
            actors: user_acting(event).map(str::to_owned).into_iter().collect(),
            targets: users_targeted(event).map(str::to_owned).collect(),
        }
    }

    /// Puts what came before the last event in front of it.
    pub(super) fn after(mut self, before: impl IntoIterator<Item = Mark>) -> Self {
        let last = std::mem::take(&mut self.events);
        for mark in before {
            keep(&mut self.events, mark.uuid);
            keep(&mut self.actors, mark.actor);
        }
        for uuid in last {
            self.events.truncate(KEPT_MAX - 1);
            keep(&mut self.events, uuid);
        }
        self
    }

    /// Every account that it is about: who acted and who was acted on.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        let targets = self.targets.iter();
        let more = targets.filter(|id| !self.actors.contains(id));
        self.actors.iter().chain(more).map(String::as_str)
    }
}

/// What is remembered of an event until others complete a hit; empty texts for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its id.
    pub uuid: String,
    /// The account that acted.
    pub actor: String,
}

impl Mark {
    /// Of this event.
    pub(super) fn of(event: Event<'_>) -> Self {
        Self {
            uuid: event.uuid().unwrap_or_default().to_owned(),
            actor: user_acting(event).unwrap_or_default().to_owned(),
        }
    }
}

fn keep(all: &mut Vec<String>, one: String) {
    if !one.is_empty() && all.len() < KEPT_MAX && !all.contains(&one) {
        all.push(one);
    }
}

/// The account that acted, if it is a person's: neither an address, nor a client, nor the vendor.
pub(super) fn user_acting(event: Event<'_>) -> Option<&str> {
    (event.0["actor"]["type"] == "User").then(|| event.actor())?
}

/// The accounts that it was done to.
pub(super) fn users_targeted(event: Event<'_>) -> impl Iterator<Item = &str> {
    let targets = event.0["target"].as_array();
    let users = targets.into_iter().flatten();
    users
        .filter(|target| target["type"] == "User")
        .filter_map(|target| target["id"].as_str())
        .take(KEPT_MAX)
}
