//! One session, one API token, one life of support access: which events are part of it.

use std::collections::BTreeSet;

use super::bag::is_support;
use crate::evidence::{By, Event};

/// What is looked into, instead of all that an account did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// A session, and all that share its root.
    Session(String),
    /// What was made with an API token, and done to it.
    Token(String),
    /// What was done by the vendor's support access that this event began.
    Impersonation(String),
}

/// What ends a support access.
const ENDS: [&str; 2] = [
    "user.session.impersonation.end",
    "user.session.impersonation.revoke",
];

impl Only {
    /// For people.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Session(id) => format!("session {id}"),
            Self::Token(id) => format!("API token {id}"),
            Self::Impersonation(id) => format!("support access of event {id}"),
        }
    }

    /// The condition that finds its first events in the live log.
    pub(super) fn filter(&self) -> String {
        let quoted = |id: &str| id.replace(['"', '\\'], "");
        match self {
            Self::Session(id) => {
                format!(
                    "authenticationContext.externalSessionId eq \"{}\"",
                    quoted(id)
                )
            }
            Self::Token(id) => {
                let id = quoted(id);
                format!("transaction.detail.requestApiTokenId eq \"{id}\" or target.id eq \"{id}\"")
            }
            Self::Impersonation(id) => format!("uuid eq \"{}\"", quoted(id)),
        }
    }

    /// Whether the event is one by which the rest is found, without knowing the others.
    pub(super) fn begins(&self, event: Event<'_>) -> bool {
        match self {
            Self::Session(id) => {
                event.key(By::Session).as_ref() == Some(id) || root(event) == Some(id)
            }
            Self::Token(id) => event.key(By::Token).as_ref() == Some(id),
            Self::Impersonation(id) => event.uuid() == Some(id) && is_support(event),
        }
    }

    /// Which of these events, sorted, are part of it.
    pub(super) fn part(&self, events: &[Event<'_>]) -> Vec<bool> {
        match self {
            Self::Session(id) => of_session(id, events),
            Self::Token(_) => events.iter().map(|event| self.begins(*event)).collect(),
            Self::Impersonation(_) => of_support(self, events),
        }
    }

    /// Whose accounts it is about: ids, the first first.
    pub(super) fn people(&self, events: &[Event<'_>]) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for event in events.iter().filter(|event| self.begins(**event)) {
            let id = match self {
                Self::Impersonation(_) => person_among_targets(*event),
                Self::Session(_) | Self::Token(_) => {
                    let is_person = event.0["actor"]["type"] == "User";
                    event.actor().filter(|_| is_person)
                }
            };
            if let Some(id) = id
                && !people.iter().any(|each| each == id)
            {
                people.push(id.to_owned());
            }
        }
        people
    }
}

fn person_among_targets(event: Event<'_>) -> Option<&str> {
    let mut targets = event.0["target"].as_array()?.iter();
    targets.find(|each| each["type"] == "User")?["id"].as_str()
}

fn root(event: Event<'_>) -> Option<&str> {
    event.0["authenticationContext"]["rootSessionId"].as_str()
}

fn of_session(id: &str, events: &[Event<'_>]) -> Vec<bool> {
    let is_it = |event: &&Event<'_>| event.key(By::Session).as_deref() == Some(id);
    let mut roots: BTreeSet<&str> = events
        .iter()
        .filter(is_it)
        .filter_map(|e| root(*e))
        .collect();
    roots.retain(|root| !["", "null", "unknown"].contains(root));
    roots.insert(id);
    let part = |event: &Event<'_>| {
        let session = event.key(By::Session);
        session
            .as_deref()
            .is_some_and(|session| roots.contains(session))
            || root(*event).is_some_and(|root| roots.contains(root))
    };
    events.iter().map(part).collect()
}

/// From the event on to the end of the access: its own life, what its session did, and what
/// whoever used it did.
fn of_support(only: &Only, events: &[Event<'_>]) -> Vec<bool> {
    let Some(begin) = events.iter().position(|event| only.begins(*event)) else {
        return vec![false; events.len()];
    };
    let ends = |event: &Event<'_>| event.kind().is_some_and(|kind| ENDS.contains(&kind));
    let end = events[begin + 1..].iter().position(ends);
    let end = end.map_or(events.len() - 1, |after| begin + 1 + after);
    let during = &events[begin..=end];
    let uses = during
        .iter()
        .filter(|event| event.kind() == Some("user.session.impersonation.initiate"));
    let (mut who, mut sessions) = (BTreeSet::new(), BTreeSet::new());
    for event in uses {
        who.extend(event.actor());
        sessions.extend(event.key(By::Session));
    }
    let part = |(place, event): (usize, &Event<'_>)| {
        (begin..=end).contains(&place)
            && (is_support(*event)
                || event.actor().is_some_and(|id| who.contains(id))
                || event
                    .key(By::Session)
                    .is_some_and(|id| sessions.contains(&id)))
    };
    events.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(uuid: &str, kind: &str, actor: &str, session: &str) -> Value {
        json!({ "uuid": uuid, "eventType": kind, "actor": { "id": actor, "type": "User" },
            "authenticationContext": { "externalSessionId": session, "rootSessionId": "r1" } })
    }

    fn part(only: &Only, events: &[Value]) -> Vec<String> {
        let events: Vec<Event<'_>> = events.iter().map(Event).collect();
        let part = only.part(&events);
        let kept = events.iter().zip(part).filter(|(_, is)| *is);
        kept.filter_map(|(event, _)| event.uuid().map(str::to_owned))
            .collect()
    }

    #[test]
    fn sessions_of_one_root_are_one_and_no_root_is_no_bond() {
        let mut events = vec![
            event("1", "x", "00u1", "s1"),
            event("2", "x", "00u1", "s2"),
            event("3", "x", "00u2", "s3"),
        ];
        events[2]["authenticationContext"]["rootSessionId"] = "unknown".into();
        assert_eq!(part(&Only::Session("s1".into()), &events), ["1", "2"]);
        assert_eq!(part(&Only::Session("s3".into()), &events), ["3"]);
        assert!(part(&Only::Session("nope".into()), &events).is_empty());
    }

    #[test]
    fn a_support_access_ends_where_it_ends() {
        let life = |what: &str| format!("user.session.impersonation.{what}");
        let events = [
            event("before", "x", "00uS", "s9"),
            event("in", &life("initiate"), "00uS", "s9"),
            event("did", "user.mfa.factor.reset_all", "00uS", "s8"),
            event("other", "x", "00u1", "s1"),
            event("out", &life("end"), "00uS", "s9"),
            event("after", "x", "00uS", "s9"),
        ];
        let only = Only::Impersonation("in".into());
        assert_eq!(part(&only, &events), ["in", "did", "out"]);
        assert!(part(&Only::Impersonation("other".into()), &events).is_empty());
    }
}
