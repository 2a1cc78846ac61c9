//! Exit codes, and errors at the border: what happened, to whom, what to do next.

use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::RunId;
use crate::report::escape::visible;

/// How a command ends. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All good.
    Good = 0,
    /// Could not start; nothing written.
    NotStarted = 1,
    /// Usage, config or playbook.
    Usage = 2,
    /// Done, and not all is good.
    NotAllGood = 3,
    /// Refused by a guard or for want of a valid consent; nothing written.
    Refused = 4,
    /// Waiting for approval; nothing written by this command.
    Waiting = 5,
    /// Stopped with writes made: resume it.
    Stopped = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that could not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// How it ends.
    pub exit: Exit,
    /// What happened, with its causes; none if the person was told already.
    pub error: Option<anyhow::Error>,
    /// What to do next; empty if the message says it.
    pub hint: String,
}

impl Failure {
    /// A failure with its next step.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self {
            exit,
            error: Some(error.into()),
            hint: hint.into(),
        }
    }

    /// A failure in one sentence, with its next step.
    pub fn say(exit: Exit, what: impl std::fmt::Display, hint: impl Into<String>) -> Self {
        Self {
            exit,
            error: Some(anyhow::anyhow!("{what}")),
            hint: hint.into(),
        }
    }

    /// A failure that a screen has told already.
    pub fn told(exit: Exit) -> Self {
        Self {
            exit,
            error: None,
            hint: String::new(),
        }
    }

    /// What happened, with its causes, for whoever has another way to tell it.
    pub fn sentence(&self) -> String {
        let error = self.error.as_ref();
        error.map_or_else(String::new, |error| format!("{error:#}"))
    }

    /// Printed once, at the border.
    pub fn report(&self) -> Exit {
        if let Some(error) = &self.error {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            let what = lines(&causes.join(": "));
            // Mistakes in a file come with their own heading.
            let heading = if what.starts_with("error: ") {
                ""
            } else {
                "error: "
            };
            super::say(&format!("{heading}{what}"));
        }
        if !self.hint.is_empty() {
            super::say(&format!(" hint: {}", lines(&self.hint)));
        }
        after_writes(self.exit)
    }
}

/// Errors quote what people typed and what vendors answered: no terminal obeys it.
pub(super) fn lines(text: &str) -> String {
    let shown: Vec<String> = text.lines().map(visible).collect();
    shown.join("\n")
}

/// Whether a write of this process may have left.
static WROTE: AtomicBool = AtomicBool::new(false);

/// From now on only 0, 3 and 6 are possible.
pub(super) fn a_write_is_leaving() {
    WROTE.store(true, Ordering::Relaxed);
}

/// The run that this process works on, and whether a ledger holds it.
static WORKS_ON: OnceLock<(RunId, bool)> = OnceLock::new();

/// From now on there is a run to go on with, whatever happens to this process.
pub(super) fn works_on(run: &RunId, recorded: bool) {
    // One process works on one run: the first stays.
    let _ = WORKS_ON.set((run.clone(), recorded));
}

/// How to go on after this process ended in the middle of whatever it did.
#[must_use]
pub(super) fn way_on() -> String {
    match WORKS_ON.get() {
        Some((run, true)) => {
            format!("oust runs resume {run} reads the truth first, then goes on")
        }
        Some((_, false)) => {
            "no ledger holds this run: oust contain the same accounts again, it reads first".into()
        }
        None => "run it again; if it stops again, -vv shows how far it comes".into(),
    }
}

/// The exit code that `exit` becomes once a write has left, panics included.
#[must_use]
pub(super) fn after_writes(exit: Exit) -> Exit {
    match exit {
        Exit::NotStarted | Exit::Usage | Exit::Refused | Exit::Waiting
            if WROTE.load(Ordering::Relaxed) =>
        {
            Exit::Stopped
        }
        other => other,
    }
}
