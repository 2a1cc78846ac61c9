//! `oust playbook`: the shipped ones, and checking your own.

use super::args::PlaybookCommand;
use super::exit::{Exit, Failure};
use super::setup::checked;
use super::{print, say};
use crate::connectors;
use crate::playbook::{schema, shipped, text_of};

/// Runs one of the subcommands.
///
/// # Errors
/// [`Failure`] if a playbook is not found or has mistakes.
pub fn run(command: &PlaybookCommand) -> Result<Exit, Failure> {
    match command {
        PlaybookCommand::List => list(),
        PlaybookCommand::Show { name } => show(name),
        PlaybookCommand::Check { names } => Ok(check(names)),
        PlaybookCommand::Schema => {
            let vendors: Vec<_> = connectors::vendors().collect();
            print(&format!("{:#}", schema(&vendors)));
            Ok(Exit::Good)
        }
    }
}

fn list() -> Result<Exit, Failure> {
    for (name, _) in shipped() {
        let playbook = checked(name)?;
        let steps: usize = playbook.stages.iter().map(|stage| stage.steps.len()).sum();
        let stages: Vec<&str> = playbook.stages.iter().map(|stage| stage.name.as_str()).collect();
        print(&format!("{name:<18} {} steps: {}", steps, stages.join(" → ")));
        print(&format!("{:<18} {}", "", playbook.description));
    }
    Ok(Exit::Good)
}

fn show(name: &str) -> Result<Exit, Failure> {
    let text = text_of(name).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, error, hint)
    })?;
    print(text.trim_end());
    Ok(Exit::Good)
}

/// Checks all of them, whatever the first says.
fn check(names: &[String]) -> Exit {
    let mut exit = Exit::Good;
    for name in names {
        match checked(name) {
            Ok(playbook) => say(&format!("{name}: good ({})", playbook.reference.title)),
            Err(failure) => exit = failure.report(),
        }
    }
    exit
}
