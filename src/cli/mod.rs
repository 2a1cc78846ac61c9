//! The way in for people: one file per command, and the border where errors become text.
//!
//! Progress and errors go to stderr, the result to stdout. `anyhow` is used only here.

mod agree;
mod approvals;
mod approve;
pub mod args;
mod carry;
mod check;
mod contain;
mod desk;
mod exit;
mod export;
#[cfg(debug_assertions)]
mod fault;
mod files;
mod investigate;
mod log;
mod logs;
mod notices;
mod pause;
mod pick;
mod playbook;
mod rehearse;
mod release;
mod remote;
mod request;
mod runs;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "sandbox")]
mod sandbox_alert;
#[cfg(feature = "sandbox")]
mod sandbox_home;
mod secrets;
#[cfg(feature = "sandbox")]
mod sandbox_strike;
mod serve;
mod setup;
mod show;
mod shown;
mod shell;
mod stop;
mod subjects;
mod stats;
mod told;
mod watch;
mod when;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Global, Output};
use exit::{Exit, Failure, after_writes, way_on};

/// Parses, runs, reports; the whole program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Good.into()
            };
        }
    };
    // The server writes a log of its own.
    if !matches!(cli.command, Command::Serve(_)) {
        tracing_to_stderr(cli.global.verbose);
    }
    let ended = catch_unwind(AssertUnwindSafe(|| run(&cli)));
    let exit = match ended {
        Ok(Ok(exit)) => after_writes(exit),
        Ok(Err(failure)) => failure.report(),
        Err(_) => {
            let exit = after_writes(Exit::NotStarted);
            let what = match exit {
                Exit::Stopped => "what it wrote is in the ledger, or read back from the vendors",
                _ => "nothing was written",
            };
            say(&format!(
                "error: oust stopped by a fault of its own; {what}"
            ));
            say(&format!(" hint: {}", way_on()));
            exit
        }
    };
    exit.into()
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Contain(args) => contain::contain(&cli.global, args),
        Command::Plan(args) => contain::plan(&cli.global, &args.case, args.request.as_deref()),
        Command::Approve(args) => approve::approve(&cli.global, args),
        Command::Deny(args) => approve::deny(&cli.global, args),
        Command::Freeze { reason } => desk::freeze(&cli.global, reason),
        Command::Thaw => desk::thaw(&cli.global),
        Command::Token(command) => desk::token(&cli.global, command),
        Command::Logs(args) => logs::logs(&cli.global, args),
        Command::Investigate(args) => investigate::investigate(&cli.global, args),
        Command::Check(args) => check::check(&cli.global, args),
        Command::Rehearse(args) => rehearse::rehearse(&cli.global, args),
        Command::Watch(args) => watch::watch(&cli.global, args),
        Command::Release(args) => release::release(&cli.global, args),
        Command::Serve(args) => serve::serve(&cli.global, args),
        Command::Runs(command) => runs::run(&cli.global, command),
        Command::Playbook(command) => playbook::run(command),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(&cli.global, args),
        Command::Completions { shell } => Ok(shell::completions(*shell)),
        Command::Man => shell::man(),
    }
}

/// A runtime for one command; `busy` ones get worker threads.
fn runtime(busy: bool) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = if busy {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let built = builder.enable_all().build();
    built.map_err(|error| Failure::say(Exit::NotStarted, format!("no runtime: {error}"), ""))
}

/// One line of progress or error, for people.
fn say(line: &str) {
    // Nobody reads it any more: that must not stop a containment, as a panic would.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The question; the answer is typed on its line.
fn prompt(question: &str) {
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "{question}").and_then(|()| out.flush());
}

/// The result.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice, not our failure.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn tracing_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "oust=info",
        _ => "oust=debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(false)
        .with_target(false)
        // It would say so on stderr, and panic if that is what fails.
        .log_internal_errors(false)
        .try_init();
}

/// Whether stderr is a terminal that wants colour and movement.
fn is_lively(global: &Global) -> bool {
    use std::io::IsTerminal;
    let plain = global.no_color
        || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !plain && global.output == Output::Human
}
