//! `oust release`.

use super::args::{Global, ReleaseArgs};
use super::exit::{Exit, Failure};

pub(super) fn release(_global: &Global, _args: &ReleaseArgs) -> Result<Exit, Failure> {
    Err(Failure::say(Exit::NotStarted, "not there yet", ""))
}
