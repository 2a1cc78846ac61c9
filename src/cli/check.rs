//! `oust check`.

use super::args::{CheckArgs, Global};
use super::exit::{Exit, Failure};

pub(super) fn check(_global: &Global, _args: &CheckArgs) -> Result<Exit, Failure> {
    Err(Failure::say(Exit::NotStarted, "not there yet", ""))
}
