//! Progress while a run works: fed with its events, written where the caller says (stderr).
//!
//! On a terminal a live tree, a line per step and one block above 20 subjects; otherwise plain
//! lines, one per answer, proof, skip and note, each with the seconds since consent. Above 20
//! subjects plain lines tell what went wrong, and how far the rest is: at each twentieth, and every
//! ten seconds between.
//!
//! Knows only what the ledger knows, and what is left of the tightest quota: what is not an event
//! yet (a wait, a throttle) is not shown, and nothing moves until the next one.

mod crowd;
mod line;
mod pulse;
mod term;
mod tree;

use std::io::Write;
use std::time::Duration;

pub(super) use line::Mark;

/// Above this many subjects not every line is told, and a run that goes on says how far it is instead
/// of what is left of each.
pub const SUBJECTS_TOLD_MAX: usize = 20;

use crowd::Crowd;
use line::Line;
use tree::Tree;

use super::summary::plain;
use super::text::{Ink, Page, Style, took};
use crate::ledger::{Event, Record, RunState};
use crate::model::Utc;

/// Of many subjects: a line at least at each so many parts of a hundred.
const PERCENT_EACH: usize = 5;

/// But never as often as this: a short run needs few.
const LINE_APART: Duration = Duration::from_secs(1);

/// And at least as often as this.
const LINE_EACH: Duration = Duration::from_secs(10);

/// A terminal's block is written anew at most as often as this.
const BLOCK_EACH: Duration = Duration::from_millis(200);

/// Of many subjects: lines about what went wrong.
const LINES_MAX: usize = 50;

/// The tightest quota now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tight {
    /// Which: system and bucket.
    pub what: String,
    /// Requests left.
    pub left: u64,
    /// Of so many.
    pub of: u64,
}

/// Asked when progress of many subjects is told.
type AskQuota = Box<dyn Fn() -> Option<Tight> + Send>;

/// How far a run on many was when it was left: what stands in the place of its report when somebody
/// goes on with it.
#[must_use]
pub fn so_far_screen(state: &RunState, style: Style) -> String {
    let crowd = Crowd::of(state);
    let (answered, all) = crowd.answered();
    let mut page = Page::new(style);
    let run = state.plan.as_ref().map(|plan| plan.run.as_str());
    let word = match state.closed_at {
        Some(_) => "TRIES AGAIN",
        None => "GOES ON",
    };
    page.put(Ink::Strong, word)
        .put(Ink::Plain, "  ")
        .put(Ink::Plain, run.unwrap_or_default())
        .put(
            Ink::Plain,
            &format!(": {answered} of {all} changes answered"),
        )
        .end();
    page.wrap(2, Ink::Plain, &crowd.counts()).end();
    let fails = crowd.fails(state);
    if !fails.is_empty() {
        page.wrap(2, Ink::Bad, &format!("failing  {fails}")).end();
    }
    page.done()
}

/// Shows a run while it works.
pub struct Live {
    way: Way,
    style: Style,
    crowd: Option<Crowd>,
    quota: Option<AskQuota>,
    told_percent: usize,
    told_lines: usize,
    told_counts: String,
    told_at: Option<Utc>,
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
            crowd: None,
            quota: None,
            told_percent: 0,
            told_lines: 0,
            told_counts: String::new(),
            told_at: None,
            now: None,
        }
    }

    /// The same, which also tells what is left of the quota.
    #[must_use]
    pub fn with_quota(mut self, ask: impl Fn() -> Option<Tight> + Send + 'static) -> Self {
        self.quota = Some(Box::new(ask));
        self
    }

    /// Takes one event; `state` is the run with that event in it.
    ///
    /// A broken pipe is no reason to stop containing: what cannot be written is dropped.
    pub fn see(&mut self, state: &RunState, event: &Event) {
        self.look_at_the_clock(state, event);
        if subjects(state) > SUBJECTS_TOLD_MAX {
            return self.see_many(state, event);
        }
        let told = Line::of(state, event);
        match &mut self.way {
            Way::Tree(tree) => tree.see(state, event, told.as_ref()),
            Way::Plain(_) => {
                if let Some(line) = told {
                    self.write(state, &line);
                }
            }
        }
    }

    /// Of many: what went wrong, and how far it is.
    fn see_many(&mut self, state: &RunState, event: &Event) {
        match &mut self.crowd {
            Some(crowd) => crowd.see(state, event, self.now),
            // The event is in the state already.
            none => *none = Some(Crowd::of(state)),
        }
        if self.told_lines <= LINES_MAX && crowd::may_be_told(event) {
            let line = Line::of(state, event);
            let stays = |line: &Line| matches!(line.mark, Mark::Bad | Mark::Doubt | Mark::Say);
            if let Some(line) = line.filter(stays) {
                self.tell_line(state, line);
            }
        }
        let ends = matches!(event, Event::WritesEnded | Event::Closed { .. });
        self.tell_many(state, ends);
    }

    /// A line that stays; where a whole company fails, the first ones.
    fn tell_line(&mut self, state: &RunState, line: Line) {
        self.told_lines += 1;
        let line = match self.told_lines > LINES_MAX {
            true => Line::said(
                Mark::Say,
                format!(
                    "more than {LINES_MAX} lines like these: from now on counted, and told by the report"
                ),
            ),
            false => line,
        };
        match &self.way {
            Way::Tree(tree) => tree.say(&line),
            Way::Plain(_) => self.write(state, &line),
        }
    }

    /// Tells how far it is, if that is due.
    fn tell_many(&mut self, state: &RunState, ends: bool) {
        let Some(crowd) = &mut self.crowd else {
            return;
        };
        let passed = match (self.told_at, self.now) {
            (Some(told), Some(now)) => now.since(told),
            (None, Some(_)) => Duration::MAX,
            (_, None) => return,
        };
        let percent = crowd.percent();
        let ends = ends || (percent >= 100 && self.told_percent < 100);
        let due = match &self.way {
            Way::Tree(_) => ends || passed >= BLOCK_EACH,
            Way::Plain(_) => {
                let steps = percent >= self.told_percent + PERCENT_EACH;
                ends || (steps && passed >= LINE_APART) || passed >= LINE_EACH
            }
        };
        if !due {
            return;
        }
        self.told_at = self.now;
        self.told_percent = percent / PERCENT_EACH * PERCENT_EACH;
        let quota = self.quota.as_ref().and_then(|ask| ask());
        let quota = quota.map(|tight| format!("{} {}/{} left", tight.what, tight.left, tight.of));
        let pace: Vec<String> = [Some(crowd.pace()), quota].into_iter().flatten().collect();
        let pace: Vec<&str> = pace
            .iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        let (counts, pace) = (crowd.counts(), pace.join("; "));
        match &mut self.way {
            Way::Tree(tree) => {
                let (next, fails) = (crowd.next(state), crowd.fails(state));
                tree.show_many(crowd.answered(), &[counts, pace, next, fails]);
            }
            Way::Plain(_) => {
                let (answered, all) = crowd.answered();
                let counts = format!("{answered} of {all} changes answered: {counts}");
                // An end says nothing new where everything was told already.
                if self.told_counts == counts && ends {
                    return;
                }
                let text = match pace.is_empty() {
                    true => counts.clone(),
                    false => format!("{counts}; {pace}"),
                };
                self.told_counts = counts;
                let elapsed = self.elapsed(state).unwrap_or_default();
                let mut page = Page::new(self.style);
                page.wrap_to(2, 86, Ink::Plain, &text)
                    .to(88)
                    .put(Ink::Dim, &elapsed)
                    .end();
                self.say(&page.done());
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
