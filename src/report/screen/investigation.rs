//! What an investigation found, on a terminal: is somebody in there, since when, what is left of
//! it, what now.
//!
//! Renders an [`Investigation`] and decides nothing. What the person did himself is counted and
//! left to the JSON; what somebody else did in his account is told line by line.

mod rows;
mod timeline;

use jiff::tz::TimeZone;

use crate::evidence::investigation::{Investigation, SubjectFindings};
use crate::model::{Confirmation, Severity};
use crate::report::text::{Ink, Page, Style, count, moment, zone_name};

/// Where text begins in the lower half.
const COLUMN: usize = 14;

/// Lines of one kind.
const LINES_MAX: usize = 12;

/// Reasons told on a screen.
const BECAUSE_MAX: usize = 5;

/// The screen.
#[must_use]
pub fn investigation_screen(found: &Investigation, zone: &TimeZone, style: Style) -> String {
    let mut page = Page::new(style);
    for subject in &found.subjects {
        page.gap();
        headline(&mut page, subject, zone);
        because(&mut page, subject);
        timeline::show(&mut page, subject, zone);
        page.gap();
        rows::show(&mut page, subject, found.org.is_some(), zone);
    }
    page.gap();
    gaps(&mut page, found);
    read(&mut page, found, zone);
    for (place, command) in found.next.iter().enumerate() {
        // Never wrapped: it is there to be copied.
        page.to(2)
            .put(Ink::Dim, if place == 0 { "next" } else { "" });
        page.to(COLUMN).put(Ink::Strong, command).end();
    }
    page.done()
}

fn headline(page: &mut Page, subject: &SubjectFindings, zone: &TimeZone) {
    let intruder = &subject.intruder;
    let (word, ink) = match intruder.answer {
        Confirmation::Confirmed => ("CONFIRMED", Ink::Bad),
        Confirmation::Undecided => ("UNDECIDED", Ink::Warn),
        Confirmation::NotConfirmed => ("NOT CONFIRMED", Ink::Good),
    };
    page.put(ink, word).put(Ink::Plain, "  ");
    page.put(Ink::Strong, &subject.login);
    if let Some(start) = intruder
        .start
        .filter(|_| intruder.answer == Confirmation::Confirmed)
    {
        page.put(Ink::Plain, &format!("  since {}", moment(start, zone)));
        let held = [
            (intruder.sessions.len(), "attacker session"),
            (intruder.addresses.len(), "address"),
            (intruder.tokens.len(), "API token"),
        ];
        let held: Vec<String> = held
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| plural(n, what))
            .collect();
        let held = held.join(", ");
        if page.column() + 2 + Page::measure(&held) > page.width() {
            page.end();
        }
        page.to(2).put(Ink::Plain, &held);
    }
    page.end();
    let mut now = subject.okta_id.clone().unwrap_or_default();
    if let Some(status) = &subject.status {
        now.push_str(&format!("  {status}"));
    }
    match subject.roles.as_deref() {
        Some([]) | None => {}
        Some(roles) => now.push_str(&format!("  {}", roles.join(", "))),
    }
    if !now.is_empty() {
        page.wrap(2, Ink::Dim, &now).end();
    }
}

fn plural(n: usize, what: &str) -> String {
    match what {
        "address" if n != 1 => format!("{n} addresses"),
        _ => count(n, what),
    }
}

/// One line for each sentence, and not more than a screen has room for before what happened.
fn because(page: &mut Page, subject: &SubjectFindings) {
    let mut said: Vec<&str> = Vec::new();
    for witness in &subject.intruder.because {
        if !said.contains(&witness.says.as_str()) {
            said.push(&witness.says);
        }
    }
    for (place, says) in said.iter().take(BECAUSE_MAX).enumerate() {
        let head = if place == 0 { "because" } else { "" };
        line(page, head, Ink::Plain, says);
    }
    if said.len() > BECAUSE_MAX {
        let text = format!("and {} more signs: --output json", said.len() - BECAUSE_MAX);
        page.to(COLUMN).put(Ink::Dim, &text).end();
    }
}

fn gaps(page: &mut Page, found: &Investigation) {
    for (place, gap) in found.threat.gaps.iter().take(LINES_MAX).enumerate() {
        let head = if place == 0 { "policy gap" } else { "" };
        let ink = match gap.severity {
            Severity::High => Ink::Bad,
            Severity::Warning => Ink::Warn,
            Severity::Info => Ink::Plain,
        };
        let hint = match gap.hint.as_str() {
            "" => String::new(),
            hint => format!("; {hint}"),
        };
        line(page, head, ink, &format!("{}{hint}", gap.text));
    }
    more(page, found.threat.gaps.len());
}

/// What was read, and what was not.
fn read(page: &mut Page, found: &Investigation, zone: &TimeZone) {
    let read = &found.read;
    let place = match (read.file.as_deref(), &found.org) {
        (Some("-"), _) => " from stdin".to_owned(),
        (Some(file), _) => format!(" from {file}"),
        (None, Some(org)) => format!(" from {org}"),
        (None, None) => String::new(),
    };
    let only = read.only.as_ref().map(|only| format!(", only {only}"));
    let copies = match read.copies {
        0 => String::new(),
        n => format!(
            ", {} left out",
            if n == 1 {
                "1 copy".into()
            } else {
                format!("{n} copies")
            }
        ),
    };
    let text = format!(
        "{}{place}, {} → {}{}{copies}; times in {}",
        count(read.events, "event"),
        moment(read.since, zone),
        moment(read.until, zone),
        only.unwrap_or_default(),
        zone_name(read.until, zone),
    );
    line(page, "read", Ink::Plain, &text);
    let unread = read
        .missing
        .iter()
        .chain(&found.unread)
        .chain(&found.broken_rules);
    let unread: Vec<&String> = unread.collect();
    for (place, text) in unread.iter().take(LINES_MAX).enumerate() {
        let head = if place == 0 { "unread" } else { "" };
        line(page, head, Ink::Warn, text);
    }
    more(page, unread.len());
}

/// One line of the lower half: a word, and what is said under it.
fn line(page: &mut Page, head: &str, ink: Ink, text: &str) {
    page.to(2).put(Ink::Dim, head);
    page.wrap(COLUMN, ink, text).end();
}

fn more(page: &mut Page, all: usize) {
    if all > LINES_MAX {
        let text = format!("and {} more: --output json has them", all - LINES_MAX);
        page.to(COLUMN).put(Ink::Dim, &text).end();
    }
}
