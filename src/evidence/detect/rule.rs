//! What a detection says of itself, whether it is written in Sigma or in code.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A UUID that never changes, by which others refer to it.
    pub id: String,
    /// A short name: `many-sessions`.
    pub key: String,
    /// One line, for people.
    pub title: String,
    /// What it looks for, in words.
    pub says: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// Techniques and tactics of ATT&CK, as text: `T1539`. They are renamed too often to be checked.
    pub attack: Vec<String>,
    /// What else looks like this.
    pub false_positives: Vec<String>,
    /// Actions that answer it, as the directory's connector calls them, and words of the register
    /// of words in `docs/detections.md`.
    pub leads_to: Vec<String>,
    /// How far apart the events may be; `None` for a single event.
    pub window: Option<Duration>,
    /// The fields that hold the events together; empty for a single event.
    pub group: Vec<String>,
    /// How many it takes, in words; empty for a single event.
    pub threshold: String,
    /// The `eventType`s that it can be about, patterns as they are written; empty for any.
    pub kinds: Vec<String>,
    /// Whether what oust itself did is passed over.
    pub not_ours: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// How bad a detection is, if it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know beside something else.
    Low,
    /// To be looked at.
    Medium,
    /// Probably an intruder.
    High,
    /// Certainly one.
    Critical,
}

impl Severity {
    /// Its name, for people and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a detection comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A Sigma rule in `config/detections/`, compiled in.
    Shipped,
    /// Code: what Sigma cannot express.
    Native,
    /// A user's Sigma rule.
    User(PathBuf),
}
