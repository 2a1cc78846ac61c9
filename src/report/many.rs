//! A report of many: all its subjects go into a file as they are computed, a line each, and few of
//! them stay in the report.
//!
//! A subject takes fifty kilobytes with all its steps; of thousands there is never more than one in
//! memory beside those that stay.

use std::io::{self, Write};

use super::compute::told;
use super::object::{Report, SubjectReport};
use super::sums::AllSums;
use crate::ledger::{Actions, RunState};
use crate::model::{SystemId, Verdict};

/// Above this many subjects only those that are not contained stand in the report itself, and of
/// these no more than this.
pub(super) const INLINE_SUBJECTS_MAX: usize = 200;

/// Where the subjects of a report of many go.
pub struct Aside<'w> {
    /// How the report names the place.
    pub file: &'w str,
    /// Takes a line of JSON for each; nothing if the report holds them all.
    pub lines: &'w mut dyn Write,
}

impl Report {
    /// The report of a run, as [`Report::of`] gives it, if it is about no more than 200 subjects.
    /// Else it holds the first 200 of those that are not contained, `of_all` speaks for all, and
    /// every subject is a line at `aside`.
    ///
    /// # Errors
    /// Whatever kept a line from being written, beside the report, which then names no file.
    pub fn of_many(
        state: &RunState,
        actions: Actions<'_>,
        directory: &SystemId,
        aside: Aside<'_>,
    ) -> (Self, io::Result<()>) {
        let subjects = state.plan.as_ref().map(|plan| plan.case.subjects.len());
        if subjects.unwrap_or_default() <= INLINE_SUBJECTS_MAX {
            return (Self::of(state, actions, directory), Ok(()));
        }
        let mut sums = AllSums::new(state.closed_at);
        let mut inline: Vec<SubjectReport> = Vec::new();
        let mut written = Ok(());
        let mut report = told(state, actions, directory, &mut |who| {
            sums.add(&who);
            if written.is_ok() {
                written = line(aside.lines, &who);
            }
            if who.verdict <= Verdict::Contained {
                return;
            }
            if inline.len() < INLINE_SUBJECTS_MAX {
                inline.push(who);
            } else {
                sums.add_open_in_file();
            }
        });
        let written = written.and_then(|()| aside.lines.flush());
        report.subjects = inline;
        report.subjects_file = written.is_ok().then(|| aside.file.to_owned());
        report.of_all = Some(sums.done_with());
        (report, written)
    }
}

fn line(lines: &mut dyn Write, who: &SubjectReport) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, who)?;
    lines.write_all(b"\n")
}
