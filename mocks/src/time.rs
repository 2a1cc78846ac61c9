//! Milliseconds since 1970 to the texts the vendors use, and back. Never asks for the time.

use jiff::{Timestamp, tz::TimeZone};

/// One minute in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// One day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

fn stamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-03-10T13:41:02.023Z`, as Okta writes times.
pub(crate) fn iso(ms: i64) -> String {
    stamp(ms).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `2026-03-10T13:41:02Z`, as AWS writes times.
pub(crate) fn second(ms: i64) -> String {
    stamp(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `20260310T134102Z`, as signatures have it.
pub(crate) fn compact(ms: i64) -> String {
    stamp(ms).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The same as [`iso`] for a time that may be absent, which Okta writes as null.
pub(crate) fn iso_or_null(ms: Option<i64>) -> serde_json::Value {
    ms.map_or(serde_json::Value::Null, |ms| iso(ms).into())
}

/// `Tue, 10 Mar 2026 13:41:02 GMT`, as in a `Date` header.
pub(crate) fn http_date(ms: i64) -> String {
    stamp(ms)
        .to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// Milliseconds of an RFC 3339 text; `None` if it is none.
pub(crate) fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|t| t.as_millisecond())
}
