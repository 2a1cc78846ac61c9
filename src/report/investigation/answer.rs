//! The answer in words: for the page, and for each account.

use jiff::tz::TimeZone;

use super::super::text::{clock, count, moment, zone_name};
use super::still::{Still, few, or, short};
use crate::evidence::investigation::{Investigation, LogSource, SubjectFindings, Whose};
use crate::model::{Confirmation, Intruder, Utc};

/// Names in one sentence.
const NAMES_MAX: usize = 6;

/// The worst answer of all accounts; nobody asked for is undecided.
pub(super) fn worst(found: &Investigation) -> Confirmation {
    let answers = || found.subjects.iter().map(|subject| subject.intruder.answer);
    let every = |wanted| found.subjects.iter().len() > 0 && answers().all(|one| one == wanted);
    if answers().any(|answer| answer == Confirmation::Confirmed) {
        Confirmation::Confirmed
    } else if every(Confirmation::NotConfirmed) {
        Confirmation::NotConfirmed
    } else {
        Confirmation::Undecided
    }
}

/// The answer in capitals.
pub(super) fn shout(answer: Confirmation) -> &'static str {
    match answer {
        Confirmation::Confirmed => "CONFIRMED",
        Confirmation::NotConfirmed => "NOT CONFIRMED",
        Confirmation::Undecided => "UNDECIDED",
    }
}

/// A class name for the answer. "Not confirmed" is not green: nobody proved an absence.
pub(super) fn tone(answer: Confirmation) -> &'static str {
    match answer {
        Confirmation::Confirmed => "bad",
        Confirmation::NotConfirmed => "idle",
        Confirmation::Undecided => "warn",
    }
}

/// What stands under the word at the top of the page.
pub(super) fn headline(found: &Investigation, zone: &TimeZone) -> String {
    match &found.subjects[..] {
        [] => "no account was looked at".into(),
        [only] => format!("{}: {}", short(&only.login), of(&only.intruder, zone)),
        many => {
            let confirmed = many
                .iter()
                .filter(|one| one.intruder.answer == Confirmation::Confirmed);
            let first = confirmed.clone().filter_map(|one| one.intruder.start).min();
            match (confirmed.count(), first) {
                (0, _) => format!(
                    "{}: an intruder in none is confirmed",
                    count(many.len(), "account")
                ),
                (some, Some(first)) => format!(
                    "an intruder in {some} of {}, the first since {}",
                    count(many.len(), "account"),
                    moment(first, zone)
                ),
                (some, None) => {
                    format!("an intruder in {some} of {}", count(many.len(), "account"))
                }
            }
        }
    }
}

/// The answer about one account, in a sentence.
pub(super) fn of(intruder: &Intruder, zone: &TimeZone) -> String {
    match intruder.answer {
        Confirmation::Confirmed => intruder.start.map_or_else(
            || "somebody else is in this account, since when is not known".into(),
            |start| {
                format!(
                    "somebody else is in this account since {}",
                    moment(start, zone)
                )
            },
        ),
        Confirmation::NotConfirmed => {
            "nothing that was read says that somebody else is in this account".into()
        }
        Confirmation::Undecided => match &intruder.unread {
            Some(why) => format!("whether somebody else is in this account cannot be told: {why}"),
            None => "something looks bad, and nothing independent of it says the same".into(),
        },
    }
}

/// A line under the answer: what it is about, and what is to be said.
pub(super) type Point = (&'static str, String);

/// What the answer rests on, or what was looked at; the most urgent first.
pub(super) fn points(subject: &SubjectFindings, read: &LogSource, zone: &TimeZone) -> Vec<Point> {
    let intruder = &subject.intruder;
    let mut points = Vec::new();
    if intruder.answer == Confirmation::Confirmed {
        let last = intruder.last.map(|last| {
            let day = |at: Utc| moment(at, zone).chars().take(10).collect::<String>();
            let same_day = intruder.start.is_some_and(|start| day(start) == day(last));
            let last = if same_day {
                clock(last, zone)
            } else {
                moment(last, zone)
            };
            format!("; last seen {last}")
        });
        points.push((
            "the intruder's",
            format!(
                "{}, {}, {}{}",
                count(intruder.sessions.len(), "session"),
                addresses(intruder.addresses.len()),
                count(intruder.tokens.len(), "API token"),
                last.unwrap_or_default()
            ),
        ));
        points.extend(left_behind(subject));
    } else {
        points.push(("looked at", looked_at(subject, read, zone)));
    }
    points.extend(reached(subject));
    points
}

fn addresses(number: usize) -> String {
    if number == 1 {
        "1 address".into()
    } else {
        format!("{number} addresses")
    }
}

/// What of his is still there, and what nobody read.
fn left_behind(subject: &SubjectFindings) -> Vec<Point> {
    let still = Still::of(subject);
    [
        ("still there", still.there),
        ("still there or not, unread", still.unread),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(lead, names)| (lead, few(&names, NAMES_MAX)))
    .collect()
}

/// "Not confirmed" is worth what was looked at.
fn looked_at(subject: &SubjectFindings, read: &LogSource, zone: &TimeZone) -> String {
    let rows: usize = subject.timeline.iter().map(|row| row.events.max(1)).sum();
    let bad = subject.intruder.because.len();
    let bad = match (subject.intruder.answer, bad) {
        (_, 0) => "none looked bad".into(),
        (Confirmation::NotConfirmed, some) => format!("{some} looked bad and can be explained"),
        (_, some) => format!("{some} looked bad"),
    };
    format!(
        "{} of this account among {}, {} → {}; {} fired; {bad}",
        count(rows, "event"),
        count(read.events, "event"),
        moment(read.since, zone),
        moment(read.until, zone),
        count(subject.detections.len(), "detection"),
    )
}

/// Which apps, and which of them nothing of ours can cut.
fn reached(subject: &SubjectFindings) -> Vec<Point> {
    let named = |loose_only: bool| -> Vec<String> {
        let apps = subject.impact.iter().filter(|app| !app.own_app);
        apps.filter(|app| !loose_only || app.systems.is_empty())
            .map(|app| or(&app.name, &app.app).to_owned())
            .collect()
    };
    [
        ("reached", named(false)),
        ("no system of ours cuts", named(true)),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(lead, names)| (lead, few(&names, NAMES_MAX)))
    .collect()
}

/// Where from, which stretch of the log, and the zone of all times.
pub(super) fn about(found: &Investigation, zone: &TimeZone) -> String {
    let read = &found.read;
    let mut parts = Vec::new();
    parts.extend(found.org.as_ref().map(|org| format!("org {}", short(org))));
    let whence = read.file.as_ref().map_or_else(
        || "the live log".into(),
        |file| match &file[..] {
            "-" => "saved events from standard input".into(),
            name => format!("saved events from {}", short(name)),
        },
    );
    parts.push(format!(
        "{whence}, {} → {}",
        moment(read.since, zone),
        moment(read.until, zone)
    ));
    parts.extend(
        read.only
            .as_ref()
            .map(|only| format!("only {} of it is told", short(only))),
    );
    parts.push(format!("times in {}", zones(found, zone)));
    parts.join("; ")
}

/// The zone's name, or both where it changes within what was read.
pub(super) fn zones(found: &Investigation, zone: &TimeZone) -> String {
    let (first, last) = (
        zone_name(found.read.since, zone),
        zone_name(found.made_at, zone),
    );
    if first == last {
        first
    } else {
        format!("{first}, later {last}")
    }
}

/// Everything that was not read or not asked, a sentence each.
pub(super) fn gaps(found: &Investigation) -> Vec<String> {
    let mut gaps: Vec<String> = Vec::new();
    gaps.extend(found.read.missing.iter().cloned());
    if found.read.odd_lines > 0 {
        gaps.push(format!(
            "{} in the file that are no events",
            count(found.read.odd_lines, "line")
        ));
    }
    for subject in &found.subjects {
        let told = subject.intruder.unread.as_ref();
        gaps.extend(told.map(|why| format!("log of {}: {why}", short(&subject.login))));
    }
    gaps.extend(found.unread.iter().cloned());
    gaps.extend(
        found
            .broken_rules
            .iter()
            .map(|rule| format!("detection not asked: {rule}")),
    );
    let mut seen = std::collections::BTreeSet::new();
    gaps.retain(|gap| seen.insert(gap.clone()));
    gaps
}

/// Whether a row is the intruder's or sets something off: what no cap may hide first.
pub(super) fn matters(whose: Whose, detections: &[String]) -> bool {
    whose == Whose::Intruder || !detections.is_empty()
}
