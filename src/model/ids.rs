//! Names of things, each its own type, so that no id stands where another belongs.
//!
//! Vendor ids are opaque: nothing here looks inside one (Okta's prefixes are a habit, not a
//! promise). The text is shared by all clones: plan, state and reads of a run name the same
//! thousands of things many times over.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sharing::known_text;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(deserialize_with = "super::sharing::text")] Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            #[must_use]
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The text inside.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// One run of one playbook: `r_` and a sortable hex number.
    RunId
}
text_id! {
    /// An account at the directory, by its immutable id (Okta: `00u…`).
    UserId
}
text_id! {
    /// One configured connector instance: `okta`, `github:eng`, `aws:111122223333`.
    SystemId
}
text_id! {
    /// One intended write, the same in plan, re-read, ledger and report: see `Change::id_of`.
    ChangeId
}

impl SystemId {
    /// The part before the colon: `github` of `github:eng`.
    #[must_use]
    pub fn vendor(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

/// An action's full name, `vendor.verb_object`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ActionId {
    text: Arc<str>,
    dot: usize,
}

impl ActionId {
    /// Joins the two halves.
    #[must_use]
    pub fn new(vendor: &str, verb: &str) -> Self {
        Self {
            text: known_text(&format!("{vendor}.{verb}")),
            dot: vendor.len(),
        }
    }

    /// The vendor's half: `okta`.
    #[must_use]
    pub fn vendor(&self) -> &str {
        &self.text[..self.dot]
    }

    /// The verb's half: `clear_sessions`.
    #[must_use]
    pub fn verb(&self) -> &str {
        &self.text[self.dot + 1..]
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ActionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some((vendor, verb)) if !vendor.is_empty() && !verb.is_empty() => {
                Ok(Self::new(vendor, verb))
            }
            _ => Err(format!(
                "`{text}` is not an action: write `vendor.verb_object`"
            )),
        }
    }
}

impl TryFrom<String> for ActionId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Serialize for ActionId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}
