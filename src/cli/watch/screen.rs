//! What a watch shows: a line where something is to say, and at a terminal one that waits.
//!
//! Everything goes to stderr but the last line, which is the result. What vendors and intruders
//! wrote is made visible before it is shown.

use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::super::args::{Global, Output};
use super::super::{is_lively, print, say};
use crate::engine::watch::Look;
use crate::ledger::RunState;
use crate::model::{Finding, RunId, Utc, Verdict, count};
use crate::report::escape::visible;

/// How often the waiting line is drawn anew, and how soon a Ctrl-C is noticed elsewhere.
const TICK: Duration = Duration::from_secs(1);

/// Where nothing is drawn, nobody need be woken.
const LONG: Duration = Duration::from_secs(3600);

/// The screen of one watch.
pub(super) struct Screen {
    lively: bool,
    human: bool,
    zone: TimeZone,
    who: String,
    until: Option<Utc>,
}

/// How a watch ended, for people.
pub(super) struct Ended<'e> {
    pub(super) word: &'static str,
    pub(super) held: bool,
    pub(super) is_open: bool,
    pub(super) run: &'e RunId,
    pub(super) looks: u32,
    pub(super) calls: u64,
    pub(super) contained_again: u32,
    pub(super) unread: &'e [String],
    pub(super) verdict: Verdict,
    pub(super) json: bool,
}

impl Screen {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            lively: is_lively(global),
            human: global.output == Output::Human,
            zone: TimeZone::system(),
            who: String::new(),
            until: None,
        }
    }

    /// What is watched, until when, and what happens if it comes back.
    pub(super) fn begins(&mut self, state: &RunState, until: Utc, rounds: u32) {
        let plan = state.plan.as_deref();
        let subjects = plan.map(|plan| &plan.case.subjects[..]).unwrap_or_default();
        self.who = match subjects {
            [one] => visible(&one.login),
            many => count(many.len(), "account"),
        };
        self.until = Some(until);
        let then = match rounds {
            0 => "what comes back is told, nothing is written".to_owned(),
            some => format!(
                "what comes back is contained again, at most {}",
                count(some as usize, "time")
            ),
        };
        self.line(&format!(
            "watching {} until {}; {then}",
            self.who,
            self.time(until, true)
        ));
        for finding in plan.iter().flat_map(|plan| &plan.findings) {
            if finding.id == crate::model::MASTERED_ELSEWHERE {
                self.line(&format!("! {}", visible(&finding.text)));
                self.hint(&finding.hint);
            }
        }
    }

    /// One line for each thing that is new; nothing else.
    pub(super) fn looked(&self, look: &Look, unread_before: &[String]) {
        for news in &look.news {
            self.line(&format!(
                "{}  {:<10}  {}: {}",
                self.time(look.at, false),
                visible(news.system.as_str()),
                visible(&news.login),
                visible(&news.says),
            ));
            if !news.next.is_empty() {
                self.hint(&news.next);
            }
        }
        // Said once, and again when it is something else.
        for why in look
            .unread
            .iter()
            .filter(|why| !unread_before.contains(why))
        {
            self.line(&format!(
                "{}  could not be read: {}",
                self.time(look.at, false),
                visible(why)
            ));
        }
        if look.unread.is_empty() && !unread_before.is_empty() {
            self.line(&format!(
                "{}  everything can be read again",
                self.time(look.at, false)
            ));
        }
    }

    pub(super) fn contained_again(&self, verdict: Verdict, run: &RunId) {
        match verdict {
            Verdict::Contained => self.line("contained again, and read back"),
            other => {
                self.line(&format!("contained again: {}", plain(other)));
                self.hint(&format!("oust runs show {run} says what is open"));
            }
        }
    }

    pub(super) fn gave_up(&self, finding: &Finding) {
        self.line(&format!("! GIVEN UP  {}", visible(&finding.text)));
        self.hint(&finding.hint);
    }

    pub(super) fn trouble(&self, what: &str) {
        self.line(&format!("! {}", visible(what)));
    }

    pub(super) fn say(&self, what: &str) {
        self.line(&visible(what));
    }

    pub(super) fn hint(&self, what: &str) {
        self.line(&format!("  hint: {}", visible(what)));
    }

    /// How long until the waiting line is to be drawn again.
    pub(super) fn tick(&self) -> Duration {
        if self.lively { TICK } else { LONG }
    }

    /// The waiting line.
    pub(super) fn waits(&self, left: Duration, looks: u32, news: usize) {
        let Some(until) = self.until.filter(|_| self.lively) else {
            return;
        };
        let found = match news {
            0 => "nothing came back".to_owned(),
            some => format!("came back: {some}"),
        };
        let line = format!(
            "\r\x1b[2Kwatching {} until {}: next look in {} s, {}, {found}",
            self.who,
            self.time(until, true),
            left.as_secs().max(1),
            count(looks as usize, "look"),
        );
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }

    pub(super) fn ended(&self, end: &Ended<'_>) {
        self.clear();
        for why in end.unread {
            say(&format!("! not read at the last look: {}", visible(why)));
        }
        let looked = format!(
            "{}, {}, contained again {}",
            count(end.looks as usize, "look"),
            count(usize::try_from(end.calls).unwrap_or(usize::MAX), "request"),
            count(end.contained_again as usize, "time"),
        );
        let (head, next) = match (end.word, end.held) {
            ("released", _) => ("GIVEN BACK", String::new()),
            ("gave_up", _) => ("GIVEN UP", format!("oust runs resume {}", end.run)),
            ("stopped", true) => ("HELD SO FAR", format!("oust watch {}", end.run)),
            (_, true) => ("HELD", String::new()),
            ("stopped", false) if !end.is_open => {
                ("STOPPED", format!("go on: oust watch {}", end.run))
            }
            _ if end.is_open => ("CAME BACK", format!("oust runs resume {}", end.run)),
            _ if !end.unread.is_empty() => ("NOT READ", format!("oust watch {}", end.run)),
            _ => ("NOT CONTAINED", format!("oust runs show {}", end.run)),
        };
        let line = format!("{head}  {}: {} ({looked})", self.who, plain(end.verdict));
        if end.json {
            say(&line);
        } else {
            print(&line);
        }
        if !next.is_empty() {
            say(&format!(" hint: {next}"));
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        if self.human {
            say(text);
        }
    }

    /// Takes the waiting line away.
    fn clear(&self) {
        if self.lively {
            let mut out = std::io::stderr().lock();
            let _ = out.write_all(b"\r\x1b[2K").and_then(|()| out.flush());
        }
    }

    /// In local time; with the day where that may be another.
    fn time(&self, at: Utc, day: bool) -> String {
        let local = at.timestamp().to_zoned(self.zone.clone());
        let form = if day {
            "%Y-%m-%d %H:%M %Z"
        } else {
            "%H:%M:%S %Z"
        };
        local.strftime(form).to_string()
    }
}

fn plain(verdict: Verdict) -> String {
    verdict.word().replace('_', " ")
}
