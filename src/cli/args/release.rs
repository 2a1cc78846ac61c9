//! What `oust release` is asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::GoArgs;

/// How one gives an account back.
pub(super) const EXAMPLES: &str = "\
Shows what it would do and asks; nothing is written before the answer.
  oust release --last                                the link for a new password is printed once
  oust release r_01a2 --secrets alex.txt             it goes into a new file that only you can read
  oust release r_01a2 --only slack                   one system alone
  oust release r_01a2 --lift planted_open='token x is ours, INC-2231'";

/// What to give back.
#[derive(Clone, Debug, Args)]
pub struct ReleaseArgs {
    /// Which run: its id; may be left out where a stored plan is agreed to
    #[arg(
        value_name = "RUN", conflicts_with = "last",
        required_unless_present_any = ["last", "consent", "approval"]
    )]
    pub run: Option<String>,
    /// The newest that contains
    #[arg(long)]
    pub last: bool,
    /// Only these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub only: Vec<String>,
    /// All but these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Lift a guard, for a reason that is recorded
    #[arg(long, value_name = "GUARD=REASON")]
    pub lift: Vec<String>,
    /// How the person gets a new password: a link for you to hand over, a temporary password, or a
    /// mail from Okta
    #[arg(
        long, value_enum, default_value_t = Password::Link,
        value_name = "link|temp|mail", hide_possible_values = true
    )]
    pub password: Password,
    /// Where link or temporary password goes instead of the terminal: a file that is not there yet
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// Stop after planning
    #[arg(long, conflicts_with_all = ["yes", "consent", "approval"])]
    pub dry_run: bool,
    /// How it is agreed to and recorded.
    #[command(flatten)]
    pub go: GoArgs,
}

/// How the person gets a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Password {
    /// A link, to be handed over.
    Link,
    /// A temporary password, to be handed over and changed at once.
    Temp,
    /// A mail from the directory.
    Mail,
}
