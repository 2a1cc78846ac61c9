//! `oust runs stats`.

use super::args::{Global, StatsArgs};
use super::exit::{Exit, Failure};

pub(super) async fn stats(_global: &Global, _args: &StatsArgs) -> Result<Exit, Failure> {
    Err(Failure::say(Exit::NotStarted, "not there yet", ""))
}
