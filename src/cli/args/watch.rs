//! What `oust watch` is asked.

use clap::Args;

use super::{GoArgs, WhichRun};

/// How one watches.
pub(super) const EXAMPLES: &str = "\
  oust watch --last                          tells what comes back; writes nothing
  oust watch --last --for 24h --yes          contains again, at most 3 times
  oust contain alex@contoso.example --watch 30m";

/// What to watch.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// Which run.
    #[command(flatten)]
    pub which: WhichRun,
    /// For how long
    #[arg(long = "for", value_name = "DURATION", default_value = "24h")]
    pub lasts: String,
    /// Contain again at most so often, where that was agreed to
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: u32,
    /// Whether to contain again, and how that is recorded.
    #[command(flatten)]
    pub go: GoArgs,
}
