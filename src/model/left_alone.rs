//! What a release leaves as it is, and why: told before anybody agrees, and in the report.

use serde::{Deserialize, Serialize};

use super::{RunId, SystemId, UserId};

/// Something that the run changed and its release does not give back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    /// Whose.
    pub subject: UserId,
    /// Where.
    pub system: SystemId,
    /// What the run did: "delete factor Okta Verify"; attacker input may be in it.
    pub what: String,
    /// Why it stays so.
    #[serde(flatten)]
    pub why: LeftWhy,
}

/// Why something is not given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum LeftWhy {
    /// Somebody has changed it since.
    Changed {
        /// What was read.
        seen: String,
    },
    /// It was made in the window: perhaps by the intruder.
    Planted,
    /// It was so before the run.
    NotOurs,
    /// Gone for good.
    Never {
        /// What that means.
        why: String,
    },
    /// The person does it again himself.
    PersonRedoes {
        /// How.
        how: String,
    },
    /// An earlier release gave it back.
    GivenBack {
        /// Which.
        by: RunId,
    },
}

impl LeftAlone {
    /// Whether somebody has to do something about it.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        matches!(
            self.why,
            LeftWhy::Planted | LeftWhy::Never { .. } | LeftWhy::PersonRedoes { .. }
        )
    }

    /// One line for people, without whose it is.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = &self.what;
        match &self.why {
            LeftWhy::Changed { seen } => format!("{what}: changed by somebody since ({seen})"),
            LeftWhy::Planted => {
                format!(
                    "{what}: made while the intruder was in; if it is his own, give it back by hand"
                )
            }
            LeftWhy::NotOurs => format!("{what}: it was so before"),
            LeftWhy::Never { why } => format!("{what}: {why}"),
            LeftWhy::PersonRedoes { how } => format!("{what}: he {how}"),
            LeftWhy::GivenBack { by } => format!("{what}: given back by {by}"),
        }
    }
}
