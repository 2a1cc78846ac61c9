//! What every section of one account needs: the zone of times, where an event stands on the page,
//! which parts nobody read.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;

use super::super::sheet::{Cell, EventRef};
use super::super::text::moment;
use crate::evidence::investigation::{Now, SubjectFindings, Told, Whose};
use crate::model::Utc;

/// One account's context.
pub(super) struct Context<'a> {
    pub(super) zone: &'a TimeZone,
    /// Begins every anchor of this account: `s1`.
    pub(super) prefix: String,
    pub(super) login: &'a str,
    /// Which row of the timeline shows an event.
    pub(super) rows: HashMap<&'a str, String>,
    /// Events of the intruder's.
    mine: HashSet<&'a str>,
    /// The sentences about what could not be read, lowercase, and only those about this account.
    unread: Vec<&'a str>,
    /// Whether the directory was asked for what is there now.
    pub(super) live: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        zone: &'a TimeZone,
        number: usize,
        subject: &'a SubjectFindings,
        unread: &'a [String],
        live: bool,
    ) -> Self {
        Self {
            zone,
            prefix: format!("s{number}"),
            login: &subject.login,
            rows: HashMap::new(),
            mine: subject
                .timeline
                .iter()
                .filter(|row| row.whose == Whose::Intruder && !row.event.is_empty())
                .map(|row| row.event.as_str())
                .collect(),
            unread: unread
                .iter()
                .map(String::as_str)
                .filter(|text| is_about(text, &subject.login))
                .collect(),
            live,
        }
    }

    pub(super) fn at(&self, at: Utc) -> String {
        moment(at, self.zone)
    }

    pub(super) fn maybe(&self, at: Option<Utc>) -> String {
        at.map_or_else(|| "at an unknown time".into(), |at| self.at(at))
    }

    /// The event by its id; a link where the timeline shows it.
    pub(super) fn event(&self, id: &str) -> Option<EventRef> {
        (!id.is_empty()).then(|| EventRef {
            id: id.into(),
            anchor: self.rows.get(id).cloned(),
        })
    }

    /// When something happened, by whom, and the event.
    pub(super) fn told(&self, told: Option<&Told>) -> Cell {
        let Some(told) = told else {
            return Cell::default();
        };
        Cell {
            text: self.maybe(told.at),
            tight: true,
            events: self.event(&told.event).into_iter().collect(),
            ..Cell::default()
        }
        .under(self.by_whom(&told.event, &told.by))
    }

    /// Who did it, and whether that was the intruder by another's name.
    pub(super) fn by_whom(&self, event: &str, name: &str) -> String {
        match (self.mine.contains(event), name) {
            (false, name) => self.by(name),
            (true, "") => "by the intruder".into(),
            (true, name) => format!("by the intruder, as {name}"),
        }
    }

    /// Who did it; empty if untold.
    pub(super) fn by(&self, by: &str) -> String {
        if by.is_empty() {
            String::new()
        } else {
            format!("by {by}")
        }
    }

    /// The sentence that says that a part was not read, if one does. `words` are those that such a
    /// sentence begins with, in lowercase: `devices of alex: okta.users.read is missing`.
    pub(super) fn unread(&self, words: &[&str]) -> Option<&'a str> {
        self.unread.iter().copied().find(|text| {
            let head = text.split(':').next().unwrap_or(text).to_lowercase();
            words.iter().any(|word| head.contains(word))
        })
    }
}

/// Whether a sentence about what is unread concerns this account: it names it, or nobody.
fn is_about(text: &str, login: &str) -> bool {
    let head = text.split(':').next().unwrap_or(text);
    let local = login.split('@').next().unwrap_or(login);
    match head.split_once(" of ") {
        Some((_, whose)) => whose == login || whose == local || whose.contains(login),
        None => true,
    }
}

/// Whose a thing is, as a word in a cell.
pub(super) fn whose(whose: Whose) -> Cell {
    Cell::word(tone_of(whose), word_of(whose))
}

/// The word for whose doing something is.
pub(super) fn word_of(whose: Whose) -> &'static str {
    match whose {
        Whose::Intruder => "intruder",
        Whose::Own => "own",
        Whose::Other => "others",
        Whose::Oust => "oust",
        Whose::Unclear => "unclear",
    }
}

/// The class of that word.
pub(super) fn tone_of(whose: Whose) -> &'static str {
    match whose {
        Whose::Intruder => "bad",
        Whose::Unclear => "warn",
        Whose::Own | Whose::Other | Whose::Oust => "idle",
    }
}

/// The class of a row that is somebody's.
pub(super) fn row_of(whose: Whose) -> &'static str {
    match whose {
        Whose::Intruder => "intruder",
        Whose::Unclear => "unclear",
        Whose::Own | Whose::Other | Whose::Oust => "",
    }
}

/// What became of something. What is there is bad only where it is the intruder's.
pub(super) fn now(now: Now, whose: Whose) -> Cell {
    match (now, whose) {
        (Now::There, Whose::Intruder) => Cell::word("bad", "still there"),
        (Now::There, _) => Cell::word("idle", "there"),
        (Now::Gone, _) => Cell::word("idle", "gone"),
        (Now::Unread, _) => Cell::word("warn", "not read"),
    }
}
