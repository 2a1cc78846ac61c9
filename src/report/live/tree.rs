//! The live tree of a terminal: a line per step; above 20 subjects one block.

use std::collections::BTreeMap;
use std::io::Write;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line::{Line, Mark};
use super::term::Term;
use crate::ledger::{ChangeState, Event, RunState};
use crate::model::{OutcomeKind, ProofState, StepKey};
use crate::report::text::{Ink, Page, Style, cut};

/// Redrawn at most this often a second.
const REDRAWS_PER_SECOND: u8 = 15;

pub(super) struct Tree {
    all: MultiProgress,
    style: Style,
    steps: BTreeMap<StepKey, ProgressBar>,
    /// Of many subjects: a bar, and lines below it.
    block: Vec<ProgressBar>,
    begun: bool,
}

impl Tree {
    pub(super) fn on(out: Box<dyn Write + Send>, style: Style) -> Self {
        let term = Term::new(out, style.width);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term), REDRAWS_PER_SECOND);
        Self {
            all: MultiProgress::with_draw_target(target),
            style,
            steps: BTreeMap::new(),
            block: Vec::new(),
            begun: false,
        }
    }

    pub(super) fn see(&mut self, state: &RunState, event: &Event, told: Option<&Line>) {
        self.begin(state);
        let key = match event {
            Event::Answered { change, .. }
            | Event::Proved { change, .. }
            | Event::Intended { change, .. } => state.change(change).map(|each| each.change.step),
            Event::FoundLater { change } => Some(change.step),
            Event::Skipped { step, .. } => Some(*step),
            _ => None,
        };
        if let Some((key, bar)) = key.and_then(|key| Some((key, self.steps.get(&key)?))) {
            bar.set_message(status(state, key, self.style));
        }
        // What went wrong must not be overwritten: it scrolls above the tree.
        let stays = told.filter(|line| matches!(line.mark, Mark::Bad | Mark::Doubt | Mark::Say));
        if let Some(line) = stays {
            self.say(line);
        }
    }

    /// A line that stays, above whatever moves.
    pub(super) fn say(&self, line: &Line) {
        let mut page = Page::new(self.style);
        line.show(&mut page, None);
        drop(self.all.println(page.done().trim_end_matches('\n')));
    }

    /// The block of many subjects: a bar of changes answered, how far they are, how fast, who is
    /// next, who fails.
    pub(super) fn show_many(&mut self, (answered, all): (usize, usize), lines: &[String; 4]) {
        if self.block.is_empty() {
            let bar = ProgressBar::new(0)
                .with_style(styled("  {bar:40} {pos} of {len} changes answered"));
            self.block.push(self.all.add(bar));
            for _ in lines {
                let line = ProgressBar::new_spinner().with_style(styled("{msg}"));
                self.block.push(self.all.add(line));
            }
        }
        let heads = ["", "", "next  ", "failing  "];
        for ((bar, head), text) in self.block.iter().skip(1).zip(heads).zip(lines) {
            let shown = match text.is_empty() {
                true => String::new(),
                false => format!("  {head}{text}"),
            };
            bar.set_message(cut(&shown, self.style.width));
        }
        if let Some(bar) = self.block.first() {
            bar.set_length(all as u64);
            bar.set_position(answered as u64);
        }
    }

    pub(super) fn finish(&self) {
        for bar in self.steps.values().chain(&self.block) {
            bar.abandon();
        }
    }

    /// One line per step with something to do, in playbook order.
    fn begin(&mut self, state: &RunState) {
        let Some(plan) = state.plan.as_ref().filter(|_| !self.begun) else {
            return;
        };
        self.begun = true;
        let mut last_stage = None;
        for stage in &plan.stages {
            for step in &stage.steps {
                if step.subjects.iter().all(|each| each.skip.is_some()) {
                    continue;
                }
                let mut page = Page::new(self.style);
                let name = (last_stage != Some(&stage.name)).then_some(&stage.name);
                page.to(2).put(Ink::Strong, name.map_or("", |name| name));
                page.to(14).put(Ink::Plain, step.system.as_str());
                page.to(32)
                    .put(Ink::Plain, &step.action.verb().replace('_', " "));
                page.to(58);
                last_stage = Some(&stage.name);
                let bar = ProgressBar::new_spinner()
                    .with_style(styled("{prefix}{msg}"))
                    .with_prefix(page.done());
                let bar = self.all.add(bar);
                bar.set_message(status(state, step.key, self.style));
                self.steps.insert(step.key, bar);
            }
        }
    }
}

/// A template of our own words, which is always well formed.
fn styled(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("our own template is well formed")
}

/// How far a step is: the worst word first, else how many are proven or done.
fn status(state: &RunState, key: StepKey, style: Style) -> String {
    let here: Vec<&ChangeState> = state
        .changes()
        .iter()
        .filter(|each| each.change.step == key)
        .collect();
    let number =
        |what: &dyn Fn(&ChangeState) -> bool| here.iter().filter(|each| what(each)).count();
    let all = here.len();
    let failed = number(&|each| {
        let refused = each
            .outcome
            .as_ref()
            .is_some_and(|outcome| matches!(outcome.kind, OutcomeKind::Failed { .. }));
        (refused || each.proof_is(ProofState::Refuted)) && !each.is_proven()
    });
    let doubted = number(&|each| {
        let given_up = each
            .outcome
            .as_ref()
            .is_some_and(|outcome| matches!(outcome.kind, OutcomeKind::InDoubt { .. }));
        given_up && !each.is_proven()
    });
    let proven = number(&|each| each.is_proven());
    let sent = number(&|each| each.attempts > 0);
    let answered = number(&|each| each.is_answered_well());
    let (mark, text) = if failed > 0 {
        (Mark::Bad, format!("failed {failed} of {all}"))
    } else if doubted > 0 {
        (Mark::Doubt, format!("in doubt {doubted} of {all}"))
    } else if all > 0 && proven == all {
        (Mark::Good, "proven".into())
    } else if all > 0 && answered == all {
        (Mark::Good, format!("done, {proven} of {all} proven"))
    } else if sent > 0 {
        (Mark::Wait, format!("{answered} of {all}"))
    } else if state.skipped.keys().any(|(step, _)| *step == key) {
        (Mark::Skip, "skipped".into())
    } else {
        return String::new();
    };
    let (sign, ink) = mark.show();
    let mut page = Page::new(style);
    page.put(ink, sign).put(Ink::Plain, " ").put(ink, &text);
    page.done()
}
