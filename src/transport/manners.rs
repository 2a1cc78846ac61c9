//! How a vendor wants to be spoken to, where HTTP leaves a choice.

use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::limit::Bucket;
use super::meaning::Answer;
use super::xml;

/// What a connector's file says of its vendor's habits.
#[derive(Clone, Copy)]
pub struct Manners {
    /// The bucket that a request counts against, by method and path.
    pub bucket: fn(&Method, &str) -> Bucket,
    /// Headers of every request; they replace the usual ones of the same name.
    pub headers: &'static [(&'static str, &'static str)],
    /// Headers of an answer that hold the vendor's id of the request; the first found counts.
    pub request_ids: &'static [&'static str],
    /// Whether an answer other than a 429 says "too fast, it had no effect".
    pub throttled: fn(&Answer) -> bool,
    /// Whether an answer other than a 401 says "I do not take this credential (any more)"; it had
    /// no effect.
    pub expired: fn(&Answer) -> bool,
    /// An answer's body as JSON.
    pub body: fn(&HeaderMap, &[u8]) -> Result<Value, String>,
    /// How much of a long quota (a day's, shared with everybody else) an answer says is used.
    /// Told to people; nothing is paced by it, because waiting does not help tonight.
    pub quota: fn(&HeaderMap) -> Option<Quota>,
}

/// A quota that lasts longer than an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests used.
    pub used: u64,
    /// Requests that there are.
    pub max: u64,
}

/// Requests left that do for an incident of a few people.
const ENOUGH: u64 = 500;

impl Quota {
    /// What is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.max.saturating_sub(self.used)
    }

    /// Whether a person should know: a twentieth is left, or too little for an incident.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.left() < (self.max / 20).max(ENOUGH.min(self.max))
    }
}

/// For vendors that throttle by 429 alone.
#[must_use]
pub fn only_429(_answer: &Answer) -> bool {
    false
}

/// For vendors that refuse a credential by 401 alone.
#[must_use]
pub fn only_401(_answer: &Answer) -> bool {
    false
}

/// For vendors that answer in JSON.
///
/// # Errors
/// A sentence, if the body is none.
pub fn only_json(_headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("not JSON ({error})"))
}

/// For vendors that answer in XML at some addresses: it becomes JSON, as `xml` says.
///
/// # Errors
/// A sentence, if the body is neither.
pub fn json_or_xml(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let starts = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if media_type.is_some_and(|media_type| media_type.contains("xml")) || starts == Some(&b'<') {
        return xml::to_json(body).map_err(|why| format!("not XML that we read ({why})"));
    }
    only_json(headers, body)
}

/// For vendors that have no quota longer than a minute, or tell none.
#[must_use]
pub fn no_quota(_headers: &HeaderMap) -> Option<Quota> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_short_when_a_twentieth_or_too_little_for_an_incident_is_left() {
        let short = |used, max| Quota { used, max }.is_short();
        assert!(!short(94_000, 100_000));
        assert!(short(95_001, 100_000));
        assert!(!short(0, 5_000));
        assert!(short(4_600, 5_000));
        assert!(short(5_200, 5_000), "more used than there is");
        assert!(
            !short(0, 100),
            "a small quota is not short before it is used"
        );
    }
}
