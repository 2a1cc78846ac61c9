//! Who is told what, as the config says it.

use url::Url;

use crate::transport::SecretRef;

/// One that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Where it is sent.
    pub url: Where,
    /// What signs each message; for PagerDuty, the integration's routing key.
    pub secret: Option<SecretRef>,
    /// In which form.
    pub shape: Shape,
    /// What it wants to hear.
    pub tell: Vec<Tell>,
}

/// Where a receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// At an address that anybody may know.
    Plain(Url),
    /// At one that lets whoever knows it write there, such as a Slack webhook's.
    Secret(SecretRef),
    /// At PagerDuty's own.
    PagerDuty,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Ours, signed.
    Oust,
    /// An incoming webhook of Slack.
    Slack,
    /// PagerDuty's Events API v2.
    PagerDuty,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Oust, Self::Slack, Self::PagerDuty];

    /// The word in the config.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Oust => "oust",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }
}

/// What there is to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Writes are about to leave.
    Starting,
    /// A run ended.
    Ended,
    /// A plan waits for approval.
    Waiting,
    /// A guard refused, or a person has to look.
    Refused,
}

impl Tell {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Starting, Self::Ended, Self::Waiting, Self::Refused];

    /// The word in the config.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ended => "ended",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
        }
    }
}
