//! Asks the directory's log whether somebody else is in the subjects' accounts, and since when.
//!
//! Beside the directory's own plan, and for no longer than services may take: containment does not
//! wait to be told why. What was read in part, or not at all, is undecided, and says so. Follow-up
//! questions (what a token of his did, who used support access) are for an investigation, which has
//! the time.

use std::time::Duration;

use serde_json::Value;

use super::log::stream_log;
use crate::connector::{DirectorySystem, LogAsk};
use crate::evidence::Event;
use crate::evidence::inquiry::{Account, Hints, inquire};
use crate::model::{
    Case, Confirmation, Finding, Intruder, Severity, Subject, Window, WindowHow, count,
};
use crate::transport::Reader;

/// Above this many subjects the log is not asked: the quota belongs to containment then. It is
/// also how many one request may name.
const SUBJECTS_MAX: usize = 20;

/// Events that are looked into, of all subjects.
const EVENTS_MAX: usize = 20_000;

/// Beyond this lies the future; a clock that is slow must not hide what has just been done.
const AHEAD: Duration = Duration::from_secs(10 * 60);

/// What the log shows of each subject since the window's start: one read for all of them, none if
/// that is known already, and nothing if there are too many.
pub(super) async fn ask_log(home: &DirectorySystem, case: &Case) -> Vec<Intruder> {
    if !case.intruders.is_empty() {
        return case.intruders.clone();
    }
    if case.subjects.len() > SUBJECTS_MAX {
        return Vec::new();
    }
    let reader = Reader::new(home.system.client.clone());
    let ask = LogAsk {
        since: case.window.start,
        until: Some(reader.vendor_now().plus(AHEAD)),
        about: case.subjects.iter().map(|who| who.id.clone()).collect(),
        filter: None,
    };
    let mut events: Vec<Value> = Vec::new();
    let (_, ended) = stream_log(home, &ask, |event| {
        events.push(event.clone());
        events.len() < EVENTS_MAX
    })
    .await;
    let unread = match ended {
        Err(why) => Some(why.to_string()),
        Ok(()) if events.len() >= EVENTS_MAX => {
            Some(format!("more than {}", count(EVENTS_MAX, "event")))
        }
        Ok(()) => None,
    };
    events.sort_by_key(|event| Event(event).published());
    let events: Vec<Event<'_>> = events.iter().map(Event).collect();
    let hints = Hints {
        our_clients: home.directory.own_clients(),
        ..Hints::default()
    };
    let each = case.subjects.iter();
    each.map(|who| about(who, &events, &hints, unread.as_ref()))
        .collect()
}

fn about(who: &Subject, events: &[Event<'_>], hints: &Hints, unread: Option<&String>) -> Intruder {
    let account = Account {
        id: who.id.clone(),
        login: who.login.clone(),
    };
    let his = events
        .iter()
        .copied()
        .filter(|event| event.is_about(who.id.as_str()));
    let his: Vec<Event<'_>> = his.collect();
    let mut intruder = inquire(&account, &his, hints).intruder;
    if unread.is_some() && intruder.answer == Confirmation::NotConfirmed {
        intruder.answer = Confirmation::Undecided;
    }
    intruder.unread = unread.cloned();
    intruder
}

/// The case with what was found. A window that nobody gave begins with the first intruder.
pub(super) fn with_intruders(case: &mut Case, found: Vec<Intruder>) {
    let derived = found.iter().filter_map(Intruder::window);
    let derived = derived.min_by_key(|window| window.start);
    if let (Some(window), WindowHow::Assumed) = (derived, case.window.how) {
        case.window = window;
    }
    case.intruders = found;
}

/// What people should know of it before they agree.
pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut said: Vec<Finding> = Vec::new();
    for who in &case.subjects {
        let Some(intruder) = case.intruder(&who.id) else {
            continue;
        };
        said.extend(said_of(who, intruder, &case.window));
    }
    if case.window.how == WindowHow::Assumed && case.intruders.len() < case.subjects.len() {
        said.push(Finding {
            severity: Severity::Warning,
            id: "log_unasked".into(),
            text: "whether somebody else is in the account, and since when, had not been read \
                   from the log yet: the window is assumed"
                .into(),
            hint: "oust investigate reads it; give the window with --since".into(),
        });
    }
    said
}

fn said_of(who: &Subject, intruder: &Intruder, window: &Window) -> Option<Finding> {
    let login = &who.login;
    let partly = intruder.unread.as_ref();
    let partly = partly.map_or_else(String::new, |why| {
        format!(" (the log was read in part: {why})")
    });
    let since = intruder
        .start
        .filter(|_| intruder.answer == Confirmation::Confirmed);
    match (since, window.how) {
        (Some(start), WindowHow::Given) if start < window.start => Some(Finding {
            severity: Severity::Warning,
            id: "window_too_late".into(),
            text: format!(
                "the log shows somebody else in {login}'s account from {start}, before the window \
                 given{partly}"
            ),
            hint: format!("give --since {start}"),
        }),
        (Some(start), _) => Some(Finding {
            severity: Severity::Info,
            id: "intruder_confirmed".into(),
            text: format!(
                "the log shows somebody else in {login}'s account from {start}: {}{partly}",
                traces(intruder)
            ),
            hint: String::new(),
        }),
        (None, WindowHow::Given) => None,
        (None, _) => Some(Finding {
            severity: Severity::Warning,
            id: "intruder_not_confirmed".into(),
            text: format!(
                "the log {} in {login}'s account since {}: the window is assumed{partly}",
                match intruder.answer {
                    Confirmation::Undecided => "does not settle whether somebody else is",
                    _ => "shows nobody else",
                },
                window.start
            ),
            hint: "oust investigate shows what it shows; give the window with --since".into(),
        }),
    }
}

/// `3 sessions, 2 addresses, 1 API token`
fn traces(intruder: &Intruder) -> String {
    let parts = [
        (intruder.sessions.len(), "session"),
        (intruder.addresses.len(), "address"),
        (intruder.tokens.len(), "API token"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let told = parts.map(|(number, what)| match (*number, *what) {
        (number, "address") if number > 1 => format!("{number} addresses"),
        (number, what) => count(number, what),
    });
    told.collect::<Vec<_>>().join(", ")
}
