//! Where events go: to whoever reads them, to a file that is gone on with, or into a count.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use serde_json::Value;

use super::super::args::{By, Global, Output};
use super::super::print;
use super::table;
use crate::evidence::{self, Event, Kept, Pivot};
use crate::report::escape::harmless_json;

/// Bytes written at once to whatever is no terminal.
const PIECE: usize = 64 << 10;

/// Takes events.
pub(super) enum Sink {
    /// One a line, to stdout.
    Lines(BufWriter<io::Stdout>),
    /// One a line, to a file; and what went wrong with it.
    File(Box<Kept>, Option<io::Error>),
    /// Counted.
    Counted(Pivot),
}

impl Sink {
    /// To stdout, or counted.
    pub(super) fn of(by: Option<By>) -> Self {
        let by = by.map(|by| match by {
            By::Session => evidence::By::Session,
            By::Ip => evidence::By::Ip,
            By::Asn => evidence::By::Asn,
            By::Device => evidence::By::Device,
            By::Token => evidence::By::Token,
        });
        match by {
            Some(by) => Self::Counted(Pivot::new(by)),
            None => Self::Lines(BufWriter::with_capacity(PIECE, io::stdout())),
        }
    }

    /// Takes one event; `false` once no more can be taken.
    pub(super) fn take(&mut self, event: &Value) -> bool {
        match self {
            Self::Lines(out) => {
                let line = harmless_json(&event.to_string());
                let written = writeln!(out, "{line}");
                // Whoever watches sees each at once; a file is written in larger pieces.
                let flushed = !io::stdout().is_terminal() || out.flush().is_ok();
                written.is_ok() && flushed
            }
            Self::File(kept, trouble) => {
                let line = harmless_json(&event.to_string());
                hold(kept.append(&line), trouble)
            }
            Self::Counted(pivot) => {
                pivot.add(Event(event));
                true
            }
        }
    }

    /// Hands on what waits.
    pub(super) fn flush(&mut self) -> bool {
        match self {
            Self::Lines(out) => out.flush().is_ok(),
            Self::File(kept, trouble) => hold(kept.flush(), trouble),
            Self::Counted(_) => true,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// If what was read could not be kept. A closed pipe is the reader's choice, not our failure.
    pub(super) fn end(mut self, global: &Global) -> io::Result<()> {
        match &mut self {
            Self::Lines(out) => {
                let _ = out.flush();
            }
            Self::File(kept, trouble) => {
                hold(kept.end(), trouble);
            }
            Self::Counted(_) => {}
        }
        match self {
            Self::Lines(_) | Self::File(_, None) => Ok(()),
            Self::File(_, Some(error)) => Err(error),
            Self::Counted(pivot) => {
                match global.output {
                    Output::Human => print(table::table(pivot).trim_end()),
                    Output::Json => print(&format!("{:#}", table::counted(pivot))),
                }
                Ok(())
            }
        }
    }
}

/// Keeps the first thing that went wrong.
fn hold(done: io::Result<()>, trouble: &mut Option<io::Error>) -> bool {
    match done {
        Ok(()) => true,
        Err(error) => {
            trouble.get_or_insert(error);
            false
        }
    }
}
