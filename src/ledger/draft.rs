//! Events made ready for storing: what they mean for the list of runs, and their texts.
//!
//! Both stores append drafts, so that what closes a run, claims a subject or counts as a write
//! is decided here once.

use std::sync::Arc;

use serde::Deserialize;

use super::chain::{Hash, body_hash};
use super::{Event, Happened, Mode, StoreError};
use crate::model::{Plan, RunId, UserId, Utc};

/// Events of one run, to be appended in one commit.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Whose.
    pub(super) run: RunId,
    /// The epoch in which its writer took the run; `None` if he never did.
    pub(super) epoch: Option<u64>,
    /// What happened, in order.
    pub(super) events: Vec<Happened>,
    /// What they do to the run, in order.
    pub(super) turns: Vec<Turn>,
}

/// An event's time, its JSON text and the text's hash.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// When it happened.
    pub(super) at: Utc,
    /// As it will be stored.
    pub(super) text: String,
    /// Of that text.
    pub(super) hash: Hash,
}

/// What an event does to its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Somebody agreed to its plan.
    Agreed {
        /// When.
        at: Utc,
    },
    /// A write may leave.
    Wrote,
    /// It is over; its subjects are let go.
    Closed {
        /// The verdict's word.
        verdict: &'static str,
        /// When.
        at: Utc,
    },
    /// Later reads made another word of it, if it is over.
    Judged {
        /// The verdict's word.
        verdict: &'static str,
    },
    /// It goes on; its subjects are claimed again.
    Reopened,
}

/// What the list says of a run from its first commit on.
#[derive(Clone, Debug)]
pub(super) struct Title {
    /// When it opened.
    pub(super) opened_at: Utc,
    /// Whether it throws people out: a release does not count for any cap.
    pub(super) contains: bool,
    /// The subjects' ids, without repetition.
    pub(super) subjects: Vec<UserId>,
    /// Their logins; their ids where the events name no plan.
    pub(super) logins: Vec<String>,
    /// The playbook's name; empty where the events name no plan.
    pub(super) playbook: String,
    /// The run that it gives back.
    pub(super) gives_back: Option<RunId>,
}

impl Draft {
    /// Makes `events` ready, of a writer who took the run in this `epoch` of it.
    pub(super) fn of(run: &RunId, epoch: Option<u64>, events: Vec<Happened>) -> Self {
        Self {
            run: run.clone(),
            epoch,
            turns: events
                .iter()
                .filter_map(|each| Turn::of(each.at, &each.event))
                .collect(),
            events,
        }
    }

    /// The events as they will be stored, in order. Each is made when it is asked for: the text
    /// of a plan for thousands is megabytes, and nobody holds it longer than it takes to store.
    pub(super) fn bodies(&self) -> impl Iterator<Item = Body> {
        self.events.iter().map(Body::of)
    }
}

impl Body {
    fn of(happened: &Happened) -> Self {
        let text = serde_json::to_string(&happened.event);
        let text = text.expect("an event has text keys and no NaN");
        Self {
            at: happened.at,
            hash: body_hash(&text),
            text,
        }
    }
}

impl Turn {
    /// What `event` of that time does, if anything.
    pub(super) fn of(at: Utc, event: &Event) -> Option<Self> {
        match event {
            Event::Consented { .. } => Some(Self::Agreed { at }),
            Event::Intended { .. } => Some(Self::Wrote),
            Event::Closed { verdict, .. } => Some(Self::Closed {
                verdict: verdict.word(),
                at,
            }),
            Event::Judged { verdict } => Some(Self::Judged {
                verdict: verdict.word(),
            }),
            Event::Reopened { .. } => Some(Self::Reopened),
            _ => None,
        }
    }
}

impl Title {
    /// What `events` say of a run for `subjects`.
    pub(super) fn of(subjects: &[UserId], events: &[Happened]) -> Self {
        let first = events.first().expect("a run opens with an event");
        let mut unique: Vec<UserId> = Vec::with_capacity(subjects.len());
        let mut seen = std::collections::BTreeSet::new();
        unique.extend(subjects.iter().filter(|id| seen.insert(*id)).cloned());
        let plan = events.iter().find_map(|each| match &each.event {
            Event::Opened { plan, mode, .. } => Some((plan, *mode)),
            _ => None,
        });
        let contains = plan.is_some_and(|(_, mode)| mode == Mode::Contain);
        let logins = plan.map_or_else(
            || unique.iter().map(ToString::to_string).collect(),
            |(plan, _)| {
                let who = plan.case.subjects.iter();
                who.map(|subject| subject.login.clone()).collect()
            },
        );
        let playbook = plan.map_or_else(String::new, |(plan, _)| plan.playbook.name.clone());
        Self {
            opened_at: first.at,
            contains,
            subjects: unique,
            logins,
            playbook,
            gives_back: plan.and_then(|(plan, _)| plan.gives_back.clone()),
        }
    }
}

/// The event of a stored text; `path` and `seq` say whose it is if it cannot be read.
pub(super) fn event_of(text: &str, path: &str, seq: u64) -> Result<Event, StoreError> {
    let read = match text.starts_with(OPENED) {
        true => serde_json::from_str(text).map(Opened::event),
        false => serde_json::from_str(text),
    };
    read.map_err(|error| StoreError::Corrupt {
        path: path.to_owned(),
        why: format!("record {seq} is no event: {error}"),
    })
}

/// How the text of an opening begins: the tag of an event stands first.
const OPENED: &str = "{\"event\":\"opened\",";

/// [`Event::Opened`] by itself. An event is read into a tree first, to find its tag wherever it
/// stands; of a plan for thousands that tree is ten times its text.
#[derive(Deserialize)]
struct Opened {
    tool: String,
    mode: Mode,
    requester: String,
    plan: Arc<Plan>,
}

impl Opened {
    fn event(self) -> Event {
        Event::Opened {
            tool: self.tool,
            mode: self.mode,
            requester: self.requester,
            plan: self.plan,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_read_by_itself_and_what_only_looks_like_one_is_no_event() {
        let written = serde_json::to_string(&Event::WritesEnded).unwrap();
        assert_eq!(event_of(&written, "f", 1).unwrap(), Event::WritesEnded);
        let broken = format!("{OPENED}\"tool\":\"oust/0.1.0\"}}");
        let why = event_of(&broken, "f", 7).unwrap_err().to_string();
        assert!(why.contains("record 7 is no event"), "{why}");
    }
}
