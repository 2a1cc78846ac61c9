//! What is left in words: until when, whom to call, and all of it as one table.
//!
//! A responder reads the table out on a call, so that what needs a person stands first and what ends
//! by itself follows, the soonest first. Times are clock times; the minutes count from the run's end.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::tz::TimeZone;

use super::object::{
    Because, Call, Ending, LeftAloneReport, Manual, Report, Residual, ResidualOfMany,
};
use super::summary::whose;
use super::text::{clock, count};
use crate::model::Utc;

/// One row.
pub(super) struct Row {
    /// The system, or the app.
    pub(super) place: String,
    pub(super) what: String,
    pub(super) why: String,
    pub(super) until: String,
    pub(super) call: String,
    pub(super) link: Option<String>,
    pub(super) kind: &'static str,
}

/// Everything that still works or is left to be done.
pub(super) fn rows(report: &Report, zone: &TimeZone) -> Vec<Row> {
    let residual = in_order(report);
    let told: HashSet<(&str, &str)> = residual
        .iter()
        .filter_map(|(who, one)| Some((&**who, one.app.as_deref()?)))
        .collect();
    let is_told = |one: &Manual| {
        let of = one.login.as_deref().zip(one.app.as_deref());
        of.is_some_and(|of| told.contains(&of))
    };
    let by_hand = report.manual.iter().filter(|one| !is_told(one));
    let by_hand = by_hand.map(|one| by_hand_row(report, one));
    let left = residual
        .iter()
        .map(|(who, one)| row(report, who, one, zone));
    let stays = report.left_alone.iter().map(|one| stays_row(report, one));
    by_hand.chain(left).chain(stays).collect()
}

/// What still works, whose it is, in the order of the table; of many, what is alike is one.
pub(super) fn in_order(report: &Report) -> Vec<(Cow<'_, str>, &Residual)> {
    let mut all: Vec<(Cow<'_, str>, &Residual)> = match &report.of_all {
        Some(all) => all.residual.iter().map(of_many).collect(),
        None => {
            let each = report.subjects.iter().flat_map(|subject| {
                let of = move |one| (Cow::Borrowed(&*subject.login), one);
                subject.residual.iter().map(of)
            });
            each.collect()
        }
    };
    all.sort_by_key(|(_, one)| (rank(one), one.ends_at.map_or(i64::MAX, Utc::millis)));
    all
}

fn of_many(alike: &ResidualOfMany) -> (Cow<'_, str>, &Residual) {
    let whose = match alike.subjects {
        1 => Cow::Borrowed(&*alike.login),
        many => Cow::Owned(count(many, "account")),
    };
    (whose, &alike.left)
}

/// What only a person ends comes first, and of that what is open.
fn rank(one: &Residual) -> u8 {
    match (one.because, one.ends) {
        (Because::Open, _) => 0,
        (Because::Unreached, _) => 1,
        (_, Ending::ByPerson) => 2,
        (_, Ending::ByItself) => 3,
        (_, Ending::Unknown) => 4,
    }
}

fn row(report: &Report, login: &str, one: &Residual, zone: &TimeZone) -> Row {
    Row {
        place: place(one.app.as_ref(), one.system.as_str()),
        what: format!("{}{}", whose(report, login), one.what),
        why: one.why.clone(),
        until: until(one, report.finished_at, zone),
        call: spoken(one.call.as_ref()),
        link: one.link.clone(),
        kind: match one.because {
            Because::Open => "open",
            Because::Optional => "optional step not done",
            Because::Kept => "kept",
            Because::Unproven => "cannot be read back",
            Because::Outlives => "outlives the action",
            Because::Unreached => "not reached",
        },
    }
}

fn by_hand_row(report: &Report, one: &Manual) -> Row {
    let login = one.login.as_deref().unwrap_or_default();
    Row {
        place: place(one.app.as_ref(), one.system.as_str()),
        what: format!("{}{}", whose(report, login), one.text),
        why: String::new(),
        until: "somebody does it".into(),
        call: spoken(one.call.as_ref()),
        link: one.link.clone(),
        kind: "by hand",
    }
}

fn stays_row(report: &Report, one: &LeftAloneReport) -> Row {
    Row {
        place: one.system.clone(),
        what: format!("{}{}", whose(report, &one.login), one.text),
        why: String::new(),
        until: match one.by_hand {
            true => "somebody does it".into(),
            false => String::new(),
        },
        call: String::new(),
        link: None,
        kind: match one.by_hand {
            true => "by hand",
            false => "left alone",
        },
    }
}

fn place(app: Option<&String>, system: &str) -> String {
    app.cloned().unwrap_or_else(|| system.to_owned())
}

/// Until when: a clock time with the minutes that were left when the run ended, or in words.
pub(super) fn until(one: &Residual, ended: Option<Utc>, zone: &TimeZone) -> String {
    if let Some(at) = one.ends_at {
        let minutes = ended.map(|ended| (at.millis() - ended.millis()).max(0) / 60_000);
        return match minutes {
            Some(0) => format!("{}, less than a minute after the run", clock(at, zone)),
            Some(1) => format!("{}, 1 minute after the run", clock(at, zone)),
            Some(minutes) => format!("{}, {minutes} minutes after the run", clock(at, zone)),
            None => clock(at, zone),
        };
    }
    match (&one.until, one.because) {
        (_, Because::Unreached) => "somebody ends them there, else their own end".into(),
        (Some(words), _) => words.clone(),
        (None, Because::Open | Because::Optional) => "it is done".into(),
        (None, Because::Kept) => "somebody removes it".into(),
        // Perhaps there is nothing that could end.
        (None, Because::Unproven) => String::new(),
        (None, Because::Outlives) => "somebody ends it".into(),
    }
}

/// Whom to call, at the end of a line; nothing if nobody is named.
pub(super) fn call(whom: Option<&Call>) -> String {
    whom.map_or_else(String::new, |whom| format!("; call {}", spoken(Some(whom))))
}

fn spoken(whom: Option<&Call>) -> String {
    whom.map_or_else(String::new, |whom| {
        format!("{}, {}", whom.owner, whom.contact)
    })
}
