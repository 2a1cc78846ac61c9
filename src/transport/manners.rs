//! How a vendor wants to be spoken to, where HTTP leaves a choice.

use http::Method;

use super::limit::Bucket;
use super::meaning::Answer;

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
}

/// For vendors that throttle by 429 alone.
#[must_use]
pub fn only_429(_answer: &Answer) -> bool {
    false
}
