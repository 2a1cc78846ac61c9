//! What `oust rehearse` is asked.

use std::path::PathBuf;

use clap::Args;

use super::GoArgs;

/// How one rehearses.
pub(super) const EXAMPLES: &str = "\
Exits 0 if all went well, 3 if something would fail or is overdue.
  oust rehearse kim@contoso.example          dry run, check and owners; writes nothing
  oust rehearse kim@contoso.example --sheets owners/
  oust rehearse --live                       on the canary of the config, for real, and back
  oust rehearse --due 90d                    which rehearsals are older than that";

/// What to rehearse.
#[derive(Clone, Debug, Args)]
pub struct RehearseArgs {
    /// Whose containment: login or Okta id [default: the canary of the config]
    #[arg(value_name = "LOGIN|ID")]
    pub who: Option<String>,
    /// Which playbook: a shipped name or a file [default: account-takeover]
    #[arg(long, value_name = "NAME|FILE")]
    pub playbook: Option<String>,
    /// Only these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub only: Vec<String>,
    /// All but these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Write a sheet for each owner there, as Markdown and HTML
    #[arg(long, value_name = "DIR")]
    pub sheets: Option<PathBuf>,
    /// Contain the canary of the config for real, measure, and give it back
    #[arg(long, conflicts_with = "who")]
    pub live: bool,
    /// Only list what was not rehearsed for so long: 90d
    #[arg(long, value_name = "AGE", conflicts_with_all = ["live", "who", "sheets"])]
    pub due: Option<String>,
    /// How a live one is agreed to and recorded.
    #[command(flatten)]
    pub go: GoArgs,
}
