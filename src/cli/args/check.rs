//! What `oust check` is asked.

use clap::Args;

/// What is asked before the night.
pub(super) const EXAMPLES: &str = "\
Exits 0 if nothing would stop us, else 3.
  oust check                                 everything that the shipped playbooks need
  oust check --playbook account-takeover     what this one needs
  oust check --grants                        scopes, roles and policies to grant; asks nobody";

/// What to check.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Print what has to be granted instead, per system and playbook: for reading and for writing
    #[arg(long)]
    pub grants: bool,
    /// Only for these playbooks: a shipped name or a file [default: all shipped ones]
    #[arg(long, value_name = "NAME|FILE")]
    pub playbook: Vec<String>,
    /// Only these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub only: Vec<String>,
    /// All but these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub skip: Vec<String>,
}
