//! What reaches beyond the account: apps that were reached, what was planted, detections that
//! fired, what ThreatInsight let through, and what was read of all that.

use super::super::sheet::{Cell, EventRef, Row, Section, Table, left_out};
use super::super::text::{count, moment};
use super::answer::gaps;
use super::context::{Context, now};
use super::still::{few, or};
use crate::evidence::investigation::{Investigation, Now, SubjectFindings, Whose};
use crate::model::{Severity, Utc, technique_spoken};
use jiff::tz::TimeZone;

/// The apps that were reached, and who cuts each.
pub(super) fn impact(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.impact.iter().map(|one| {
        let cut = if !one.systems.is_empty() {
            Cell::lines(&one.systems)
        } else if one.own_app {
            Cell::text("the directory's own: ends with the eviction")
        } else if one.owner.is_empty() {
            Cell::word("warn", "no system of ours, and nobody is named")
        } else {
            Cell {
                text: format!("call {}", one.owner),
                ..Cell::word("warn", "no system of ours:")
            }
        };
        let when = |at: Option<Utc>| Cell::time(at.map_or_else(String::new, |at| context.at(at)));
        Row::new(
            "intruder",
            [
                Cell::text(or(&one.name, &one.app)).under(if one.name.is_empty() {
                    ""
                } else {
                    &one.app
                }),
                Cell::text(one.times.to_string()),
                when(one.first),
                when(one.last),
                Cell::lines(&one.ips),
                cut,
            ],
        )
    });
    let section = Section::new(format!("{}-impact", context.prefix), "What was reached");
    let table = Table::new(
        "Apps that the intruder opened in the window, and who cuts them",
        &["app", "times", "first", "last", "from", "who cuts it"],
        rows,
    );
    or_none(section, table)
}

/// What was made or changed outside the account.
pub(super) fn planted(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.planted.iter().map(|one| {
        let plant = &one.plant;
        let remedy = match (&plant.remedy, one.now) {
            (_, Now::Gone) => Cell::default(),
            (Some(action), _) => Cell::text(format!("`{action}`")),
            (None, _) => Cell::word("warn", "by hand"),
        };
        Row::new(
            "intruder",
            [
                Cell::time(context.at(plant.at)).under(context.by_whom(&plant.event, &plant.by)),
                severity(plant.severity),
                Cell::text(&plant.what)
                    .under(&plant.name)
                    .under([&plant.target_kind[..], &plant.target].join(" ").trim()),
                now(one.now, Whose::Intruder),
                remedy,
                Cell {
                    events: context.event(&plant.event).into_iter().collect(),
                    ..Cell::default()
                }
                .under(&plant.kind),
            ],
        )
    });
    let section = Section::new(
        format!("{}-planted", context.prefix),
        "Planted outside the account",
    );
    let table = Table::new(
        "What the intruder made or changed outside the account",
        &["when", "weight", "what", "now", "taken away by", "event"],
        rows,
    );
    or_none(section, table)
}

/// Techniques with their names; tactics, which have none here, as they are.
fn spoken(attack: &[String]) -> Vec<String> {
    attack.iter().map(|id| technique_spoken(id)).collect()
}

/// The detections that fired.
pub(super) fn detections(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.detections.iter().enumerate().map(|(place, one)| {
        let when = |at: Option<Utc>| at.map_or_else(String::new, |at| context.at(at));
        let mut row = Row::new(
            "",
            [
                Cell::text(&one.title).under(&one.id),
                Cell {
                    text: one.severity.clone(),
                    ..Cell::default()
                },
                Cell::lines(&spoken(&one.attack)),
                Cell::text(count(one.times, "time"))
                    .under(when(one.first))
                    .under(when(one.last.filter(|last| Some(*last) != one.first))),
                Cell::lines(&one.false_positives),
                Cell::lines(&one.leads_to),
                Cell {
                    events: one
                        .events
                        .iter()
                        .take(8)
                        .filter_map(|id| context.event(id))
                        .collect(),
                    ..Cell::default()
                },
            ],
        );
        row.id = Some(format!("{}-d{}", context.prefix, place + 1));
        row
    });
    let section = Section::new(
        format!("{}-detections", context.prefix),
        "Detections that fired",
    );
    let table = Table::new(
        "Detections that fired, and what else each may be",
        &[
            "detection",
            "severity",
            "ATT&CK",
            "fired",
            "it may also be",
            "leads to",
            "events",
        ],
        rows,
    );
    or_none(section, table)
}

fn or_none(section: Section, table: Table) -> Section {
    if table.rows.is_empty() {
        section.say("soft", "none in what was read")
    } else {
        section.table(table)
    }
}

fn severity(severity: Severity) -> Cell {
    match severity {
        Severity::Info => Cell::word("idle", "info"),
        Severity::Warning => Cell::word("warn", "warning"),
        Severity::High => Cell::word("bad", "high"),
    }
}

/// What the directory's list of bad addresses let through, and what to close.
pub(super) fn threat(found: &Investigation, zone: &TimeZone, rows: &[&Context<'_>]) -> Section {
    let threat = &found.threat;
    let mut section = Section::new("threat".into(), "ThreatInsight and the policy gap");
    section = match threat.action.as_deref() {
        Some("block") => section.say("", "action is `block`"),
        Some(other) => section.say("alarm", format!("action is `{other}`: it blocks nothing")),
        None if found.read.file.is_some() => {
            section.say("", "saved events do not tell how ThreatInsight is set")
        }
        None => section.say("alarm", "not read: how ThreatInsight is set"),
    };
    if !threat.excluded_zones.is_empty() {
        section = section.say(
            "",
            format!("it does not look at: {}", few(&threat.excluded_zones, 12)),
        );
    }
    let gaps = threat.gaps.iter().map(|one| {
        Row::new(
            "",
            [
                severity(one.severity),
                Cell::text(&one.text),
                Cell::text(&one.hint),
            ],
        )
    });
    let gaps = Table::new(
        "What is open, and how to close it",
        &["weight", "what", "next"],
        gaps,
    );
    if gaps.rows.is_empty() {
        section = section.say("soft", "no gap in what was read");
    } else {
        section = section.table(gaps);
    }
    let allowed = threat.allowed.iter().map(|one| {
        let anchor = rows
            .iter()
            .find_map(|context| context.rows.get(one.event.as_str()));
        let event = EventRef {
            id: one.event.clone(),
            anchor: anchor.cloned(),
        };
        Row::new(
            "",
            [
                Cell::time(one.at.map_or_else(String::new, |at| moment(at, zone))),
                Cell::text(&one.login),
                Cell::text(&one.ip),
                Cell::text(&one.rule),
                Cell::text(&one.result),
                Cell {
                    events: Some(event)
                        .filter(|event| !event.id.is_empty())
                        .into_iter()
                        .collect(),
                    ..Cell::default()
                },
            ],
        )
    });
    let allowed = Table::new(
        "Sign-on decisions about a suspected address",
        &["when", "whose sign-on", "from", "rule", "result", "event"],
        allowed,
    );
    if !allowed.rows.is_empty() {
        section = section.table(allowed);
    }
    section
}

/// What was read and what was not: loud where something is missing.
pub(super) fn read(found: &Investigation, zone: &TimeZone) -> Section {
    let read = &found.read;
    let mut section = Section::new("read".into(), "What was read, and what was not");
    let source = match read.file.as_deref() {
        None => "the live log".into(),
        Some("-") => "saved events from standard input".into(),
        Some(file) => format!("saved events from {file}"),
    };
    let until = read.read_until.map_or_else(
        || "no event".into(),
        |at| format!("the latest of {}", moment(at, zone)),
    );
    let copies = match read.copies {
        0 => String::new(),
        some => format!(
            "; {} left out",
            if some == 1 {
                "1 copy".into()
            } else {
                format!("{some} copies")
            }
        ),
    };
    section = section.say(
        "",
        format!(
            "{source}, {} → {}: {}, {until}{copies}",
            moment(read.since, zone),
            moment(read.until, zone),
            count(read.events, "event"),
        ),
    );
    if let Some(only) = &read.only {
        section = section.say(
            "alarm",
            format!("only this part of it is told here: {only}"),
        );
    }
    if read.file.is_some() {
        section = section.say(
            "",
            "saved events show what happened, not what is there now: nothing was asked of the directory",
        );
    }
    let gaps = gaps(found);
    if gaps.is_empty() {
        return section.say("", "nothing that was asked for is missing");
    }
    let most = 200;
    let beyond = gaps.len().saturating_sub(most);
    let rows = gaps
        .iter()
        .take(most)
        .map(|gap| Row::new("unclear", [Cell::text(gap)]));
    let mut table = Table::new("Not read, or not all of it", &["what is missing"], rows);
    table.more = (beyond > 0).then(|| left_out(beyond));
    section.table(table)
}
