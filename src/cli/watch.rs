//! `oust watch`.

use super::args::{Global, WatchArgs};
use super::exit::{Exit, Failure};

pub(super) fn watch(_global: &Global, _args: &WatchArgs) -> Result<Exit, Failure> {
    Err(Failure::say(Exit::NotStarted, "not there yet", ""))
}
