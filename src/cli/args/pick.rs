//! Accounts by what they have in common.

use clap::Args;

/// Which accounts, without naming each.
#[derive(Clone, Debug, Default, Args)]
pub struct PickArgs {
    /// All members of this Okta group, by its id; may be given more than once
    #[arg(long, value_name = "ID")]
    pub group: Vec<String>,
    /// All that Okta's `search` finds, such as 'profile.department eq "Finance"'; it may lag
    #[arg(long, value_name = "EXPR")]
    pub search: Vec<String>,
    /// Every user who did what this filter of the System Log matches since --since, or signed in
    /// from a network: ip:203.0.113.0/24
    #[arg(long, value_name = "FILTER", requires = "since")]
    pub from_log: Vec<String>,
}

impl PickArgs {
    /// Whether nothing is selected that way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.group.is_empty() && self.search.is_empty() && self.from_log.is_empty()
    }
}
