//! One event as one line.

use crate::ledger::{Event, RunState};
use crate::model::{
    ChangeId, Found, Outcome, OutcomeKind, Proof, ProofState, Severity, StepKey, UserId,
};
use crate::report::text::{Ink, Page, cut};

/// What a line is, in one character and one tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Mark {
    Good,
    Wait,
    Bad,
    Doubt,
    Skip,
    Say,
}

impl Mark {
    pub(super) fn show(self) -> (&'static str, Ink) {
        match self {
            Self::Good => ("✓", Ink::Good),
            Self::Wait => ("…", Ink::Plain),
            Self::Bad => ("✗", Ink::Bad),
            Self::Doubt => ("?", Ink::Bad),
            Self::Skip => ("-", Ink::Dim),
            Self::Say => ("!", Ink::Warn),
        }
    }
}

/// Where the sentence begins.
const WHAT: usize = 34;
/// Where the word for what came of it stands.
const WORD: usize = 74;

/// One line: where, what, and the word for what came of it.
pub(super) struct Line {
    pub(super) stage: String,
    pub(super) system: String,
    pub(super) mark: Mark,
    pub(super) what: String,
    pub(super) word: String,
    /// More than a word: the reason, on a line below.
    pub(super) why: Option<String>,
}

impl Line {
    /// The line of an event, if it has one.
    pub(super) fn of(state: &RunState, event: &Event) -> Option<Self> {
        match event {
            Event::Answered {
                change, outcome, ..
            } => Self::answered(state, change, outcome),
            Event::Proved { change, proof } => Self::proved(state, change, proof),
            Event::Skipped {
                step,
                subject,
                skip,
            } => Self::skipped(state, *step, subject, &skip.sentence()),
            // What the plan had not read yet surprises nobody.
            Event::FoundLater { change } if change.found == Found::FirstRead => None,
            Event::FoundLater { change } => {
                let line = Self::about(state, &change.id, Mark::Say, "found after the plan")?;
                Some(line)
            }
            Event::Noted { finding } if finding.severity == Severity::Info => {
                Some(Self::said(Mark::Skip, finding.text.clone()))
            }
            Event::Noted { finding } => Some(Self::said(Mark::Say, finding.text.clone())),
            Event::SignOfLife { subject, what, .. } => {
                let text = format!("sign of life: {}{what}", whose(state, subject));
                Some(Self::said(Mark::Say, text))
            }
            Event::WritesEnded => Some(Self::said(Mark::Wait, "all is sent; reading back".into())),
            Event::Reopened { by, .. } => Some(Self::said(
                Mark::Say,
                format!("gone on with by {by}: reads first"),
            )),
            _ => None,
        }
    }

    /// Stage, system, mark, what, word and elapsed time, in columns.
    pub(super) fn show(&self, page: &mut Page, elapsed: Option<&str>) {
        page.to(2).put(Ink::Strong, &self.stage);
        page.to(14).put(Ink::Plain, &self.system);
        let (mark, ink) = self.mark.show();
        page.to(32).put(ink, mark).put(Ink::Plain, " ");
        // A sentence that leaves room for word and time stands on one line, else it wraps
        // before them.
        let behind = Page::measure(&self.word) + Page::measure(elapsed.unwrap_or_default()) + 4;
        if WHAT + Page::measure(&self.what) + behind <= page.width() {
            page.put(Ink::Plain, &self.what);
        } else {
            page.wrap_to(WHAT, WORD - 1, Ink::Plain, &self.what);
        }
        page.to(WORD).put(ink, &self.word);
        if let Some(elapsed) = elapsed {
            page.to(88).put(Ink::Dim, elapsed);
        }
        page.end();
        if let Some(why) = &self.why {
            page.wrap(WHAT, Ink::Plain, why).end();
        }
    }

    pub(super) fn said(mark: Mark, what: String) -> Self {
        Self {
            stage: String::new(),
            system: String::new(),
            mark,
            what,
            word: String::new(),
            why: None,
        }
    }

    fn answered(state: &RunState, change: &ChangeId, outcome: &Outcome) -> Option<Self> {
        let (mark, why) = match &outcome.kind {
            OutcomeKind::Done | OutcomeKind::AlreadyDone => (Mark::Good, None),
            OutcomeKind::Accepted => (Mark::Wait, Some("queued; waiting for proof".into())),
            OutcomeKind::Failed { why, hint } if hint.is_empty() => (Mark::Bad, Some(why.clone())),
            OutcomeKind::Failed { why, hint } => (Mark::Bad, Some(format!("{why} (hint: {hint})"))),
            OutcomeKind::InDoubt { why } => (Mark::Doubt, Some(why.clone())),
        };
        let word = outcome.kind.word().replace('_', " ");
        let line = Self::about(state, change, mark, &word)?;
        Some(Self { why, ..line })
    }

    fn proved(state: &RunState, change: &ChangeId, proof: &Proof) -> Option<Self> {
        let (mark, why) = match proof.state {
            ProofState::Proven => (Mark::Good, None),
            ProofState::Pending => (Mark::Wait, None),
            ProofState::Unverifiable => (Mark::Wait, Some(proof.how.clone())),
            ProofState::Refuted => (Mark::Bad, Some(proof.how.clone())),
        };
        let line = Self::about(state, change, mark, proof.state.word())?;
        // The whole sentence stood there when it was answered.
        let what = cut(&line.what, WORD - 1 - WHAT);
        Some(Self { what, why, ..line })
    }

    fn skipped(state: &RunState, key: StepKey, subject: &UserId, why: &str) -> Option<Self> {
        let plan = state.plan.as_ref()?;
        let step = plan.step(key)?;
        Some(Self {
            stage: plan.stages.get(usize::from(key.stage))?.name.clone(),
            system: step.system.to_string(),
            mark: Mark::Skip,
            what: format!(
                "{}{}",
                whose(state, subject),
                step.action.verb().replace('_', " ")
            ),
            word: "skipped".into(),
            why: Some(why.to_owned()),
        })
    }

    fn about(state: &RunState, id: &ChangeId, mark: Mark, word: &str) -> Option<Self> {
        let change = &state.change(id)?.change;
        let plan = state.plan.as_ref()?;
        let stage = plan.stages.get(usize::from(change.step.stage))?;
        Some(Self {
            stage: stage.name.clone(),
            system: change.system.to_string(),
            mark,
            what: format!("{}{}", whose(state, &change.subject), change.sentence),
            word: word.to_owned(),
            why: None,
        })
    }
}

/// Says whose it is where there is more than one.
fn whose(state: &RunState, subject: &UserId) -> String {
    let Some(plan) = &state.plan else {
        return String::new();
    };
    match &plan.case.subjects[..] {
        [_] => String::new(),
        many => many
            .iter()
            .find(|who| who.id == *subject)
            .map_or_else(String::new, |who| format!("{}: ", who.login)),
    }
}
