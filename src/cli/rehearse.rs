//! `oust rehearse`.

use super::args::{Global, RehearseArgs};
use super::exit::{Exit, Failure};

pub(super) fn rehearse(_global: &Global, _args: &RehearseArgs) -> Result<Exit, Failure> {
    Err(Failure::say(Exit::NotStarted, "not there yet", ""))
}
