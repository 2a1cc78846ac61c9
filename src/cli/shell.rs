//! Completions and the manual page, printed from the same definition as the parser.

use clap::CommandFactory;

use super::args::Cli;
use super::exit::{Exit, Failure};
use super::print;

/// Prints completions.
pub(super) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "oust", &mut text);
    print(String::from_utf8_lossy(&text).trim_end());
    Exit::Good
}

/// Prints the manual page, in roff.
///
/// # Errors
/// [`Failure`] if it cannot be rendered.
pub(super) fn man() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(Cli::command());
    page.render(&mut text)
        .map_err(|error| Failure::new(Exit::NotStarted, error, ""))?;
    print(String::from_utf8_lossy(&text).trim_end());
    Ok(Exit::Good)
}
