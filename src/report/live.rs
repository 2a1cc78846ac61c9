//! Progress while a run works: fed with its events, written where the caller says (stderr).
//!
//! On a terminal a live tree, a line per step and one bar above 20 subjects; otherwise plain
//! lines, one per answer, proof, skip and note, each with the seconds since consent. Above 20
//! subjects plain lines tell what went wrong, and how far the rest is, tenth by tenth.
//!
//! Knows only what the ledger knows: what is not an event yet (a wait, a throttle) is not shown.

mod line;
mod term;
mod tree;

use std::collections::HashSet;
use std::io::Write;

pub(super) use line::Mark;

use line::Line;
use tree::Tree;

use super::summary::plain;
use super::text::{Ink, Page, Style, took};
use crate::ledger::{Event, Record, RunState};
use crate::model::{ChangeId, Utc};

/// Above this many subjects not every line is told.
const SUBJECTS_TOLD_MAX: usize = 20;

/// Shows a run while it works.
pub struct Live {
    way: Way,
    style: Style,
    answered: HashSet<ChangeId>,
    tenths: usize,
    now: Option<Utc>,
}

enum Way {
    Plain(Box<dyn Write + Send>),
    Tree(Tree),
}

impl Live {
    /// Plain lines, for a pipe, a log or `--no-color`.
    #[must_use]
    pub fn plain(out: Box<dyn Write + Send>, style: Style) -> Self {
        Self::new(Way::Plain(out), style)
    }

    /// A live tree, for a terminal.
    #[must_use]
    pub fn tree(out: Box<dyn Write + Send>, style: Style) -> Self {
        Self::new(Way::Tree(Tree::on(out, style)), style)
    }

    fn new(way: Way, style: Style) -> Self {
        Self {
            way,
            style,
            answered: HashSet::new(),
            tenths: 0,
            now: None,
        }
    }

    /// Takes one event; `state` is the run with that event in it.
    ///
    /// A broken pipe is no reason to stop containing: what cannot be written is dropped.
    pub fn see(&mut self, state: &RunState, event: &Event) {
        self.look_at_the_clock(state, event);
        let subjects = subjects(state);
        let first_answer = match event {
            Event::Answered { change, .. } => self.answered.insert(change.clone()),
            _ => false,
        };
        let told = Line::of(state, event).filter(|line| {
            subjects <= SUBJECTS_TOLD_MAX
                || matches!(line.mark, Mark::Bad | Mark::Doubt | Mark::Say)
        });
        match &mut self.way {
            Way::Tree(tree) => tree.see(state, event, self.answered.len(), told.as_ref()),
            Way::Plain(_) => {
                if let Some(line) = told {
                    self.write(state, &line);
                } else if first_answer {
                    self.write_tenth(state);
                }
            }
        }
    }

    /// Leaves the terminal as it should be for what comes next.
    pub fn finish(&mut self) {
        match &mut self.way {
            Way::Plain(out) => drop(out.flush()),
            Way::Tree(tree) => tree.finish(),
        }
    }

    fn look_at_the_clock(&mut self, state: &RunState, event: &Event) {
        let at = match event {
            Event::Answered { .. } => state.last_answer_at,
            Event::Proved { proof, .. } => Some(proof.at),
            Event::WritesEnded => state.writes_ended_at,
            Event::Closed { .. } => state.closed_at,
            _ => None,
        };
        self.now = self.now.max(at);
    }

    fn elapsed(&self, state: &RunState) -> Option<String> {
        let consented = state.consent.as_ref().map(|(_, _, at)| *at);
        let since = consented.or(state.opened_at)?;
        let ms = self.now?.since(since).as_millis();
        Some(took(u64::try_from(ms).unwrap_or(u64::MAX)))
    }

    fn write(&mut self, state: &RunState, line: &Line) {
        let elapsed = self.elapsed(state);
        let mut page = Page::new(self.style);
        line.show(&mut page, elapsed.as_deref());
        self.say(&page.done());
    }

    /// How far many subjects are: one line per tenth of the changes.
    fn write_tenth(&mut self, state: &RunState) {
        let all = state.changes().len();
        if subjects(state) <= SUBJECTS_TOLD_MAX || all == 0 {
            return;
        }
        let tenth = self.answered.len() * 10 / all;
        if tenth > self.tenths {
            self.tenths = tenth;
            let elapsed = self.elapsed(state).unwrap_or_default();
            let mut page = Page::new(self.style);
            let text = format!("{} of {all} changes answered", self.answered.len());
            page.to(2)
                .put(Ink::Plain, &text)
                .to(88)
                .put(Ink::Dim, &elapsed)
                .end();
            self.say(&page.done());
        }
    }

    fn say(&mut self, text: &str) {
        if let Way::Plain(out) = &mut self.way {
            // Whoever reads progress may have gone; the run goes on.
            drop(out.write_all(text.as_bytes()));
        }
    }
}

/// What happened, for a page: when, and what there is to say about it.
pub(super) struct Told {
    pub(super) at: Utc,
    pub(super) mark: Mark,
    pub(super) place: String,
    pub(super) what: String,
    pub(super) word: String,
    pub(super) why: String,
}

/// Everything in a run that has a line, in order.
pub(super) fn told(records: &[Record]) -> Vec<Told> {
    let mut state = RunState::default();
    let mut all = Vec::new();
    for record in records {
        state.apply(record.at, &record.event);
        all.extend(Line::of(&state, &record.event).map(|line| Told {
            at: record.at,
            mark: line.mark,
            place: line.system,
            what: line.what,
            word: line.word,
            why: line.why.unwrap_or_default(),
        }));
        all.extend(frame_of(&record.event).map(|what| Told {
            at: record.at,
            mark: Mark::Skip,
            place: String::new(),
            what,
            word: String::new(),
            why: String::new(),
        }));
    }
    all
}

/// How a run begins and ends: on a terminal its own screens say so.
fn frame_of(event: &Event) -> Option<String> {
    match event {
        Event::Opened { requester, .. } => Some(format!("opened for {requester}")),
        Event::Consented { by, .. } => Some(format!("{by} agreed to the plan")),
        Event::LogRead { .. } | Event::Captured { .. } | Event::Identified { .. } => None,
        Event::Closed { verdict, .. } => Some(format!("closed: {}", plain(*verdict))),
        Event::Judged { verdict } => Some(format!("judged anew: {}", plain(*verdict))),
        _ => None,
    }
}

fn subjects(state: &RunState) -> usize {
    state
        .plan
        .as_ref()
        .map_or(0, |plan| plan.case.subjects.len())
}
