//! `oust playbook`: the shipped ones, and checking your own.

use super::args::{PlaybookCommand, PlaybookFormat};
use super::exit::{Exit, Failure, lines};
use super::print;
use super::setup::checked;
use crate::connectors;
use crate::model::count;
use crate::playbook::{cacao, schema, shipped, summary};
use crate::report::escape::visible;

/// Runs one of the subcommands.
///
/// # Errors
/// [`Failure`] if a playbook is not found or has mistakes.
pub(super) fn run(command: &PlaybookCommand) -> Result<Exit, Failure> {
    match command {
        PlaybookCommand::List => list(),
        PlaybookCommand::Show { name } => show(name),
        PlaybookCommand::Check { names } => Ok(check(names)),
        PlaybookCommand::Schema => {
            let vendors: Vec<_> = connectors::vendors().collect();
            print(&format!("{:#}", schema(&vendors)));
            Ok(Exit::Good)
        }
        PlaybookCommand::Export { name, format } => export(name, *format),
    }
}

fn list() -> Result<Exit, Failure> {
    for (name, _) in shipped() {
        let playbook = checked(name)?;
        let steps: usize = playbook.stages.iter().map(|stage| stage.steps.len()).sum();
        let stages: Vec<&str> = playbook
            .stages
            .iter()
            .map(|stage| stage.name.as_str())
            .collect();
        print(&format!(
            "{name:<18} {}: {}",
            count(steps, "step"),
            stages.join(" → ")
        ));
        print(&format!("{:<18} {}", "", playbook.description));
    }
    Ok(Exit::Good)
}

/// The text, to copy and edit.
fn show(name: &str) -> Result<Exit, Failure> {
    if let Some((_, text)) = shipped().iter().find(|(known, _)| *known == name) {
        print(text.trim_end());
        return Ok(Exit::Good);
    }
    checked(name)?;
    let text = std::fs::read_to_string(name);
    let text = text.map_err(|error| Failure::new(Exit::Usage, error, ""))?;
    print(&lines(&text));
    Ok(Exit::Good)
}

/// One in another format, on stdout.
fn export(name: &str, format: PlaybookFormat) -> Result<Exit, Failure> {
    let playbook = checked(name)?;
    let vendors: Vec<_> = connectors::vendors().collect();
    match format {
        PlaybookFormat::Cacao => print(&format!("{:#}", cacao(&playbook, &vendors))),
    }
    Ok(Exit::Good)
}

/// Checks all of them, whatever the first says.
fn check(names: &[String]) -> Exit {
    let mut exit = Exit::Good;
    for name in names {
        match checked(name) {
            Ok(playbook) => {
                print(&format!("{name}: good"));
                summary(&playbook)
                    .iter()
                    .for_each(|line| print(&visible(line)));
            }
            Err(failure) => exit = failure.report(),
        }
    }
    exit
}
